#!/bin/sh
# Puts the release binary under the load of a large city and writes its section of bench/RESULTS.md.
# Starts the server, PostgreSQL and Redis itself, on 127.0.0.1 and in a temporary directory. About three minutes.
set -eu
cd "$(dirname "$0")/../.."
cargo build --quiet --release --bin doorstep
exec cargo run --quiet --profile profiling -p doorstep-bench --bin api_load -- --write "$@"
