#!/usr/bin/env bash
# Real PostgreSQL clients against the real binary: psql, psycopg 3 and 2, SQLAlchemy's inspection.
#   tests/postgres/run.sh [DOORSTEP]
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=${1:-target/debug/doorstep}
[ -x "$binary" ] || { echo "There is no $binary: build it with cargo build -p doorstep." >&2; exit 1; }
venv=tests/postgres/.venv
if [ ! -x $venv/bin/python ]; then
  python3 -m venv $venv
  $venv/bin/pip install --quiet --disable-pip-version-check -r tests/postgres/requirements.txt
fi
psql=$(ls /usr/lib/postgresql/*/bin/psql | sort -V | tail -n 1)
. tests/serve.sh
small_city
serve --city "$scratch/city" --roles city,api,lake,postgres
$venv/bin/python tests/postgres/clients.py "$scratch/ready.json" "$binary" "$scratch/data" "$psql"
