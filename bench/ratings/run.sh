#!/bin/sh
# Ranks seeded marketplaces with 0, 10, 20 and 30 % colluding raters, beside the plain mean, the Bayesian mean
# and Wilson's bound, and times ten million reviews from scratch and one more.
#   run.sh [SEEDS]      writes a table to standard output (5 seeds without it)
set -eu
root=$(cd "$(dirname "$0")/../.." && pwd)
cd "$root"
cargo build --quiet --profile profiling -p doorstep-ratings --example ratings_bench
bench=${CARGO_TARGET_DIR:-target}/profiling/examples/ratings_bench
"$bench" --seeds "${1:-5}"
"$bench" --speed 10000000
