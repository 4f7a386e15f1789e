#!/bin/sh
# Replays the recorded Manhattan afternoon with several fleets and policies, and has every trace judged from
# the outside where the judge is there (../shared/checks, python3 with numpy and scipy; PYTHON names another).
#   run.sh [SEED]      writes a table to standard output
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${DOORSTEP_SHARED:-$root/../shared}
data=$shared/data/nyc_hour_2013_11_18
judge=$shared/checks/replay_check.py
python=${PYTHON:-python3}
seed=${1:-1}
if [ ! -d "$data" ]; then
    data=$root/demo/manhattan
fi
cd "$root"
doorstep=${DOORSTEP:-}
if [ -z "$doorstep" ]; then
    cargo build --quiet --release -p doorstep
    doorstep=$root/target/release/doorstep
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$doorstep" city import --nodes "$data/road_nodes.csv.gz" --edges "$data/road_edges.csv.gz" --out "$work/city" --json >&2
judged="not judged"
if [ -f "$judge" ] && "$python" -c 'import numpy, scipy' 2>/dev/null; then
    judged=yes
else
    echo "no outside judge here ($judge, $python with numpy and scipy): figures are our own" >&2
fi
echo "| policy | cars | served | mean wait s | p95 s | longest s | drive / solo | last leg s | lost / served trip | wall s | batch p50 / p99 ms | judge |"
echo "|---|---|---|---|---|---|---|---|---|---|---|---|"
for policy in greedy plain solo; do
    for cars in 2000 3000 4000 5000; do
        "$doorstep" city replay --city "$work/city" --requests "$data/requests.csv.gz" --taxis "$data/taxis.csv.gz" \
            --fleet "$cars" --seats 1 --policy "$policy" --batch 30s --max-wait 300s --seed "$seed" \
            --json >"$work/out.json"
        verdict=$judged
        if [ "$judged" = yes ]; then
            # A second run writes the trace, so that gzip is not in the wall time above.
            "$doorstep" city replay --city "$work/city" --requests "$data/requests.csv.gz" \
                --taxis "$data/taxis.csv.gz" --fleet "$cars" --policy "$policy" --seed "$seed" \
                --trace "$work/trace.ndjson.gz" --json >/dev/null
            verdict=$("$python" "$judge" --nodes "$data/road_nodes.csv.gz" --edges "$data/road_edges.csv.gz" \
                --requests "$data/requests.csv.gz" --start 2013-11-18T16:00:00 --trace "$work/trace.ndjson.gz" \
                --seats 1 --max-wait 300 --fleet "$cars" >"$work/verdict.json" && echo ok || echo "NOT OK")
        fi
        "$python" - "$work/out.json" "$policy" "$verdict" <<'PY'
import json, sys
s, policy, verdict = json.load(open(sys.argv[1])), sys.argv[2], sys.argv[3]
print(f"| {policy} | {s['fleet']} | {100 * s['served_share']:.2f}% | {s['mean_wait_s']:.1f} | {s['p95_wait_s']:.0f} | "
      f"{s['max_wait_s']:.0f} | {s['drive_over_solo']:.3f} | {s['pickup_drive_s']:.1f} | "
      f"{s['direct_lost_over_served']:.2f} | {s['wall_s']:.2f} | {s['batch_ms_p50']:.1f} / {s['batch_ms_p99']:.1f} | {verdict} |")
PY
    done
done
