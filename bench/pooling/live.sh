#!/bin/sh
# Shared rides on the recorded Manhattan afternoon, every trace judged from the outside:
#   live.sh [SEED…]    writes lines with figures and verdicts
# Needs the optional data folder, and python3 with numpy and scipy for the judge (PYTHON names another).
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${DOORSTEP_SHARED:-$root/../shared}
data=$shared/data/nyc_hour_2013_11_18
python=${PYTHON:-python3}
if [ ! -d "$data" ]; then
    echo "bench/pooling: $data has no recorded hour, nothing to measure" >&2
    exit 0
fi
cd "$root"
cargo build --quiet --profile profiling -p doorstep-city --example pooling_lab
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "${CARGO_TARGET_DIR:-$root/target}/profiling/examples/pooling_lab" "$work/lab"

row() { # cars seats knobs…
    cars=$1 seats=$2
    shift 2
    echo "$cars x $seats: $("$work/lab" "$data" "$data/requests.csv.gz" "$data/taxis.csv.gz" "$cars" "$seats" \
        trace="$work/trace.ndjson.gz" "$@" | tail -1)"
}
judged() {
    seats=$2
    row "$@"
    "$python" "$shared/checks/replay_check.py" --nodes "$data/road_nodes.csv.gz" --edges "$data/road_edges.csv.gz" \
        --requests "$data/requests.csv.gz" --start 2013-11-18T16:00:00 --trace "$work/trace.ndjson.gz" \
        --seats "$seats" --max-wait 300 --max-delay 600 --fleet "$1" || true
}
for seed in "${@:-1}"; do
    for row in "1000 4" "2000 2" "2000 4" "3000 4" "1000 4 fair=0.8"; do
        judged $row seed="$seed" plan.seed="$seed"
    done
done
# Rough roads: the judge knows only the planned ones, so the replay itself counts the promises that break.
for reserve in 0 0.1 0.2; do row 2000 4 noise=0.2 boarding=30 plan.reserve=$reserve; done
for reserve in 0 0.2; do row 1000 4 noise=0.2 boarding=30 plan.reserve=$reserve; done
