#!/usr/bin/env bash
# Builds the console into web/dist, from where it is embedded into the binary. Does nothing when it is up to date.
set -euo pipefail
cd "$(dirname "$0")/../web"
if [ ! -d node_modules ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "Fetching what the console is built from (npm ci)"
  npm ci --no-audit --no-fund --loglevel=error
fi
if [ ! -f dist/index.html ] || [ -n "$(find src public index.html vite.config.ts svelte.config.js package.json -newer dist/index.html -print -quit)" ]; then
  echo "Building the console"
  npm run build --silent
  touch dist/index.html
fi
