#!/usr/bin/env bash
# Real SQL clients against the real binary: HTTP, ADBC's Flight SQL driver, the terminal (by lines and by hand), and DuckDB on the same files.
#   tests/lake/run.sh [DOORSTEP]
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=$(realpath "${1:-target/debug/doorstep}")
[ -x "$binary" ] || { echo "There is no $binary: build it with cargo build -p doorstep." >&2; exit 1; }
venv=tests/lake/.venv
if [ ! -x $venv/bin/python ]; then
  python3 -m venv $venv
  $venv/bin/pip install --quiet --disable-pip-version-check -r tests/lake/requirements.txt
fi
. tests/serve.sh
small_city
serve --city "$scratch/city" --roles city,api,lake,objects
$venv/bin/python tests/lake/clients.py "$scratch/ready.json" "$scratch/data" "$binary" "$server"
$venv/bin/python tests/lake/terminal.py "$scratch/ready.json" "$binary"
