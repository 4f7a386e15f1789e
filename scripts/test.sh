#!/usr/bin/env bash
# Everything that judges Doorstep, with all of its own set-up: packages, a private PostgreSQL and HDFS, a browser,
# free ports.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=${CARGO_TERM_COLOR:-never}
step() { printf '\n== %s (%ds)\n' "$1" "$SECONDS"; }

step "set-up"
scripts/setup.sh test
scratch=$(mktemp -d); chmod 755 "$scratch"
trap 'scripts/postgres.sh stop "$scratch/pg" || true; scripts/hdfs.sh stop "$scratch/hdfs" || true; rm -rf "$scratch"' EXIT
DOORSTEP_TEST_POSTGRES=$(scripts/postgres.sh start "$scratch/pg"); export DOORSTEP_TEST_POSTGRES
DOORSTEP_TEST_HDFS=$(scripts/hdfs.sh start "$scratch/hdfs"); export DOORSTEP_TEST_HDFS

step "console: types, unit tests, build"
scripts/console.sh
(cd web && npm run check --silent && npm test --silent)

step "formatting and the house's rules"
cargo fmt --all --check
cargo run --quiet --locked -p doorstep-tidy
demo/manhattan/draw_shops.py --check

step "lints"
cargo clippy --quiet --locked --workspace --all-targets -- -D warnings

if [ -d ../shared/data ]; then
  if [ ! -x .venv/bin/python ]; then python3 -m venv .venv; .venv/bin/pip install --quiet numpy scipy; fi
else
  echo "skipped: the wide checks on recorded data (there is no ../shared/data beside the project)"
fi

step "unit, property, crash and end-to-end tests"
# The binary that the end-to-end tests start is among these. `cargo build -p doorstep` would build DataFusion once more,
# with the features that one package alone asks for.
cargo test --quiet --locked --workspace --no-run
cargo test --locked --workspace

step "real clients of objects: boto3, the AWS CLI, s3cmd, rclone, UCloud's SDK, kill -9 under load"
tests/s3/run.sh

step "real Hive clients: PyHive, impyla, beeline"
tests/hive/run.sh

step "real SQL clients: ADBC Flight SQL, DuckDB on the same files, the terminal"
tests/lake/run.sh

step "real PostgreSQL clients: psql, psycopg, SQLAlchemy"
tests/postgres/run.sh

step "browser"
tests/browser/run.sh

step "done"
