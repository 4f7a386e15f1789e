#!/usr/bin/env bash
# All benches, each beside its peers in one run. Supply and e2e write their sections of bench/RESULTS.md;
# replay and routing print their tables, which stand there and in their READMEs.
# Results of a busy machine mean little: stop everything else first.
set -euo pipefail
cd "$(dirname "$0")"
for bench in replay routing supply e2e; do
  printf '\n== %s\n' "$bench"
  "$bench/run.sh"
done
