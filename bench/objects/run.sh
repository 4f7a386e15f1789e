#!/bin/sh
# How long a page of a listing takes, in a bucket of a million keys and of ten times as many. About three minutes.
set -eu
cd "$(dirname "$0")/../.."
for rows in 1000000 10000000; do
  cargo run --quiet --profile profiling --workspace --example list_rate -- "$rows"
done
