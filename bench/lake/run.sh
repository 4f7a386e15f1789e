#!/bin/sh
# TPC-H on the lake, on plain DataFusion and on DuckDB, in one run on this machine: run.sh [SCALE]
# SCALE is the scale factor, 1 without it. Data and peers go into .venv and target/bench/lake. SPARK=1 measures PySpark
# too (Java must be there). Prints a table.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
scale=${1:-1}
rounds=${ROUNDS:-5}
export CORES="${CORES:-2}"
data=${CARGO_TARGET_DIR:-$root/target}/bench/lake/sf$scale
cd "$root"
cargo build --quiet --profile profiling --workspace --example tpch
tpch=${CARGO_TARGET_DIR:-$root/target}/profiling/examples/tpch
if [ ! -x .venv/bin/python ]; then python3 -m venv .venv; fi
.venv/bin/python -c 'import duckdb' 2>/dev/null || .venv/bin/pip install --quiet duckdb==2.0.0
[ -z "${SPARK:-}" ] || .venv/bin/python -c 'import pyspark' 2>/dev/null || .venv/bin/pip install --quiet pyspark==3.5.9
if [ ! -d "$data/lineitem" ]; then
    [ -x .venv/bin/tpchgen-cli ] || .venv/bin/pip install --quiet tpchgen-cli==4.0.0
    mkdir -p "$data/flat"
    .venv/bin/tpchgen-cli parquet -s "$scale" -o "$data/flat" >&2
    for file in "$data"/flat/*.parquet; do
        table=$(basename "$file" .parquet)
        mkdir -p "$data/$table" && mv "$file" "$data/$table/"
    done
fi
"$tpch" "$data" bench/lake/queries.sql "$rounds" > "$data/lake.jsonl"
.venv/bin/python bench/lake/peers.py "$data" bench/lake/queries.sql "$rounds" "$data/lake.jsonl"
