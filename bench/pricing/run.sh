#!/bin/sh
# Measures surge and price on one core, judges the forecast on hidden days, and plays the four experiments.
#   run.sh [SEED]      writes tables to standard output
# FIT and TEST name two trip tables; without them every third of the recorded days is hidden in turn.
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
shared=${DOORSTEP_SHARED:-$root/../shared}
green=$shared/data/nyc_green_2013/trips.csv.gz
hour=$shared/data/nyc_hour_2013_11_18
seed=${1:-1}
cd "$root"
doorstep=${DOORSTEP:-}
if [ -z "$doorstep" ]; then
    cargo build --quiet --release -p doorstep
    doorstep=$root/target/release/doorstep
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

echo "## Speed"
cargo run --quiet --release -p doorstep-pricing --example pricing_bench

echo
echo "## Forecast"
forecast() {
    for resolution in 6 7 8 9; do
        echo "$1, resolution $resolution"
        "$doorstep" city forecast --fit "$2" --test "$3" --resolution "$resolution"
    done
}
if [ -n "${FIT:-}" ]; then
    forecast "given days" "$FIT" "$TEST"
elif [ -f "$green" ]; then
    for hidden in 1 2; do
        gzip -dc "$green" | awk -F, -v h=$hidden 'NR == 1 || substr($1, 9, 2) % 3 != h' >"$work/fit.csv"
        gzip -dc "$green" | awk -F, -v h=$hidden 'NR == 1 || substr($1, 9, 2) % 3 == h' >"$work/test.csv"
        forecast "days of the month that leave $hidden when divided by 3" "$work/fit.csv" "$work/test.csv"
    done
else
    echo "no trips here ($green): not judged" >&2
fi

echo
echo "## Experiments"
if [ ! -d "$hour" ]; then
    hour=$root/demo/manhattan
fi
"$doorstep" city import --nodes "$hour/road_nodes.csv.gz" --edges "$hour/road_edges.csv.gz" --out "$work/city" --json >&2
for scenario in wgc outage step welfare; do
    echo
    echo "### $scenario"
    "$doorstep" city simulate --scenario "$scenario" --city "$work/city" --requests "$hour/requests.csv.gz" \
        --taxis "$hour/taxis.csv.gz" --seed "$seed"
done

echo
echo "## Backtests: the flat fare against surge"
if [ ! -f "$hour/requests.csv.gz" ]; then
    echo "no recorded requests here: not tried" >&2
    exit 0
fi
policy() { # file name kind surge
    printf 'name = "%s"\nbatch_s = 10\n[dispatch]\nkind = "%s"\n[surge]\non = %s\n' "$2" "$3" "$4" >"$work/$1.toml"
}
policy flat "flat" solo false
policy surge "surge" solo true
policy short "surge, 120 s ahead" solo true
echo "horizon_s = 120.0" >>"$work/short.toml"
backtest() { # a b cars
    echo
    echo "### $1 against $2, $3 cars"
    "$doorstep" city backtest --city "$work/city" --requests "$hour/requests.csv.gz" --taxis "$hour/taxis.csv.gz" \
        --a "$work/$1.toml" --b "$work/$2.toml" --fleet "$3" --seeds "${SEEDS:-3}" --seed "$seed" --threads 1
}
for cars in 1000 2000 3000; do backtest flat surge "$cars"; done
SEEDS=${SEEDS:-2} backtest surge short 1000
