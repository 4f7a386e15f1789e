#!/usr/bin/env bash
# The browser test of the console. Without DOORSTEP_URL and DOORSTEP_KEY it starts the demo city by itself.
set -euo pipefail
cd "$(dirname "$0")"
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  npm ci --no-audit --no-fund --loglevel=error
fi
if [ -z "${DOORSTEP_URL:-}" ]; then
  binary=${DOORSTEP_BIN:-../../target/debug/doorstep}
  scratch=$(mktemp -d)
  "$binary" up --demo --ephemeral --demo-taxis 1500 --demo-share 0.3 --ready-file "$scratch/ready.json" >"$scratch/log" 2>&1 &
  server=$!
  trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -rf "$scratch"' EXIT
  for _ in $(seq 600); do
    [ ! -s "$scratch/ready.json" ] || break
    kill -0 "$server" 2>/dev/null || { echo "doorstep ended before it was ready:" >&2; cat "$scratch/log" >&2; exit 1; }
    sleep 0.2
  done
  [ -s "$scratch/ready.json" ] || { echo "doorstep was not ready within two minutes:" >&2; cat "$scratch/log" >&2; exit 1; }
  field() { node -e 'const r = JSON.parse(require("fs").readFileSync(process.argv[1])); console.log(eval("r." + process.argv[2]))' "$scratch/ready.json" "$1"; }
  DOORSTEP_URL="http://$(field api)" DOORSTEP_KEY="$(field admin_key.access):$(field admin_key.secret)"
  export DOORSTEP_URL DOORSTEP_KEY
fi
node run.mjs
