#!/usr/bin/env bash
# Real SQL clients against the real binary: HTTP, ADBC's Flight SQL driver, the terminal, and DuckDB on the same files.
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
# The API wants a city: two corners and a street.
printf 'node,lon,lat\n1,-74.00,40.70\n2,-74.01,40.70\n' > "$scratch/nodes.csv"
printf 'from,to,length,speed\n1,2,0.85,30\n2,1,0.85,30\n' > "$scratch/edges.csv"
"$binary" city import --nodes "$scratch/nodes.csv" --edges "$scratch/edges.csv" --out "$scratch/city" >/dev/null
serve --city "$scratch/city" --roles city,api,lake,objects
$venv/bin/python tests/lake/clients.py "$scratch/ready.json" "$scratch/data" "$binary" "$server"
