#!/bin/sh
# Runs a fuzz target for some seconds without cargo-fuzz: run.sh TARGET [SECONDS]
# The flags are cargo-fuzz's own, without the address sanitizer: see README.md for what that leaves unseen.
set -eu
cd "$(dirname "$0")"
target=$1
seconds=${2:-20}
host=$(rustc -vV | sed -n 's/^host: //p')
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks"
# Only the targets of the lake's faces ask for its feature: the SQL engine takes long to build with coverage.
case "$target" in hive_thrift|hiveql|postgres_messages) features=lake ;; *) features= ;; esac
cargo build --release --target "$host" --features "$features" --bin "$target"
mkdir -p "corpus/$target" "seeds/$target" "artifacts/$target"
# Seeds are kept beside the targets; what the fuzzer finds goes into corpus/, which is not in Git.
exec "${CARGO_TARGET_DIR:-target}/$host/release/$target" "corpus/$target" "seeds/$target" \
    -artifact_prefix="artifacts/$target/" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -print_final_stats=1
