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
scratch=$(mktemp -d)
server=
stop() { if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; fi; rm -rf "$scratch"; }
trap stop EXIT
"$binary" up --ephemeral --data "$scratch/data" --roles api,lake,objects --ready-file "$scratch/ready.json" --log warn 2>"$scratch/log" &
server=$!
for _ in $(seq 300); do
  [ -s "$scratch/ready.json" ] && break
  kill -0 $server 2>/dev/null || { cat "$scratch/log" >&2; exit 1; }
  sleep 0.1
done
[ -s "$scratch/ready.json" ] || { echo "It did not become ready within 30 s:" >&2; cat "$scratch/log" >&2; exit 1; }
$venv/bin/python tests/lake/clients.py "$scratch/ready.json" "$scratch/data" "$binary" "$server"
