#!/usr/bin/env bash
# What each protocol adds to the 22 queries of TPC-H, and how soon a started Doorstep answers: faces.sh [SCALE]
# Asked over HTTP (JSON), Arrow Flight SQL, HiveServer2 and PostgreSQL's protocol with the clients of each, in turns.
# ROUNDS (5) is how often; the data are those of run.sh, which makes them.
set -euo pipefail
cd "$(dirname "$0")/../.."
scale=${1:-1}
binary=${BINARY:-target/release/doorstep}
[ -x "$binary" ] || { echo "There is no $binary: build it with cargo build --release." >&2; exit 1; }
files=${CARGO_TARGET_DIR:-target}/bench/lake/sf$scale
[ -d "$files/lineitem" ] || { echo "There is no $files: run bench/lake/run.sh $scale first." >&2; exit 1; }
venv=.venv
[ -x $venv/bin/python ] || python3 -m venv $venv
$venv/bin/pip install --quiet --disable-pip-version-check -r tests/hive/requirements.txt -r tests/postgres/requirements.txt \
  -r tests/lake/requirements.txt
out=$(mktemp -d -p "${SCRATCH:-${CARGO_TARGET_DIR:-target}}"); server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; } 2>/dev/null; rm -rf "$out"' EXIT
serve() {
  rm -f "$out/ready.json"
  "$binary" up --data "$out/data" --ready-file "$out/ready.json" --ephemeral --log warn 2>"$out/log" & server=$!
  for _ in $(seq 600); do [ -s "$out/ready.json" ] && return; sleep 0.02; done
  cat "$out/log" >&2; exit 1
}
for table in region nation supplier customer part partsupp orders lineitem; do
  mkdir -p "$out/data/lake/files/main/$table"
  ln "$files/$table"/*.parquet "$out/data/lake/files/main/$table/" 2>/dev/null ||
    cp "$files/$table"/*.parquet "$out/data/lake/files/main/$table/"
done
serve
$venv/bin/python bench/lake/faces.py load "$out/ready.json" "$binary"
# The first query of a process that has just come up.
for _ in 1 2 3 4 5; do
  kill "$server"; wait "$server" 2>/dev/null || true
  serve
  $venv/bin/python bench/lake/faces.py first "$out/ready.json" "$binary"
done
$venv/bin/python bench/lake/faces.py ask "$out/ready.json" "$binary" bench/lake/queries.sql "${ROUNDS:-5}"
