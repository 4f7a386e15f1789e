#!/bin/sh
# Static shared rides beside VROOM and OR-Tools in one run: run.sh [li-lim|darp|sartori|hga|peers|all]
# Needs the optional data folder; the peers' Python packages are installed into .venv at the root.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
data=${DOORSTEP_SHARED:-$root/../shared}/data
what=${1:-all}
seed=${SEED:-1}
threads=${THREADS:-2}
if [ ! -d "$data/pdptw_li_lim" ]; then
    echo "bench/pooling: $data has no benchmark files, nothing to measure" >&2
    exit 0
fi
cd "$root"
cargo build --quiet --profile profiling -p doorstep-pooling --example sweep
sweep=${CARGO_TARGET_DIR:-$root/target}/profiling/examples/sweep
cp "$sweep" "${TMPDIR:-/tmp}/pooling-sweep" && sweep=${TMPDIR:-/tmp}/pooling-sweep
export SEED="$seed" THREADS="$threads"

li_lim() { # size seconds
    echo "## Li and Lim, $1 tasks, $2 s"
    "$sweep" li-lim "$2" "$data/pdptw_li_lim/bks.csv" $(every "$data"/pdptw_li_lim/pdp_"$1"/*.txt)
}
# EVERY=4 takes each fourth instance.
every() { printf '%s\n' "$@" | awk -v n="${EVERY:-1}" 'NR % n == 1 || n == 1'; }

if [ "$what" = li-lim ] || [ "$what" = all ]; then
    li_lim 100 5; li_lim 200 10; li_lim 400 30
    for size in 600 800 1000; do li_lim $size 60; done
fi
if [ "$what" = darp ] || [ "$what" = all ]; then
    echo "## Dial-a-ride, 10 s"
    "$sweep" darp 10 "$data/darp_cordeau/bks.csv" $(every "$data"/darp_cordeau/*.txt)
fi
if [ "$what" = sartori ] || [ "$what" = all ]; then
    for size in n100 n200; do
        echo "## Sartori and Buriol, $size, 10 s"
        "$sweep" sartori 10 "$data/pdptw_sartori_buriol/bks.csv" $(every "$data"/pdptw_sartori_buriol/$size/*.gz)
    done
fi
if [ "$what" = hga ] || [ "$what" = all ]; then
    echo "## Manhattan, 10,000 requests, 200 drivers: 5 s and 36 s"
    for seconds in 5 36; do "$sweep" hga "$seconds" none "$data/manhattan_hga/Manhattan.1a.reqs.gz"; done
fi
if [ "$what" = peers ] || [ "$what" = all ]; then
    if [ ! -x .venv/bin/python ]; then python3 -m venv .venv; fi
    .venv/bin/python -c 'import vroom, ortools' 2>/dev/null \
        || .venv/bin/pip install --quiet pyvroom==1.15.2 ortools==9.15.6755
    .venv/bin/python bench/pooling/peers.py "$sweep" "$data/pdptw_li_lim" "${SAMPLE:-sample}"
fi
