#!/bin/sh
# Measures moving supply beside Redis GEO and PostGIS and writes its section of bench/RESULTS.md.
# Starts both itself, on 127.0.0.1 and in a temporary directory, and stops them. About two minutes.
set -eu
cd "$(dirname "$0")/../.."
exec cargo run --quiet --profile profiling -p doorstep-bench --bin supply -- --write "$@"
