#!/usr/bin/env bash
# A log of ROWS requests over DAYS days in the lake, and the top URLs of one of those days over HTTP: weblog.sh [ROWS] [DAYS]
# A thousand million rows take some twelve minutes and 13 GB below SCRATCH (target/). Prints a line for each step, with
# what the lake says that each statement took, and DuckDB's time for the same day of the same files, if it is there.
set -euo pipefail
cd "$(dirname "$0")/../.."
rows=${1:-1000000000} days=${2:-90}
binary=${BINARY:-target/release/doorstep}
[ -x "$binary" ] || { echo "There is no $binary: build it with cargo build --release." >&2; exit 1; }
out=$(mktemp -d -p "${SCRATCH:-target}"); server=
trap '[ -z "$server" ] || { kill "$server"; wait "$server" || true; } 2>/dev/null; rm -rf "$out"' EXIT
"$binary" up --data "$out/data" --ready-file "$out/ready.json" --ephemeral --log warn 2>"$out/log" & server=$!
for _ in $(seq 150); do [ -s "$out/ready.json" ] && break; sleep 0.1; done
field() { python3 -c 'import json, sys; value = json.load(open(sys.argv[1])); [value := value[k] for k in sys.argv[2:]]; print(value)' "$out/ready.json" "$@"; }
DOORSTEP_KEY=$(field admin_key access):$(field admin_key secret); export DOORSTEP_KEY
ask() { "$binary" sql --server "http://$(field api)" --json "$@"; }
ask 'CREATE TABLE log (at TIMESTAMP, url VARCHAR, status INT, bytes BIGINT, ms DOUBLE, day DATE) PARTITIONED BY (day)' >/dev/null
a_day=$((rows / days))
began=$(date +%s)
for ((day = 0; day < days; day++)); do
  # A multiplicative hash of the row's number is its chance; a few URLs have most of the requests.
  ask "INSERT INTO log
    SELECT to_timestamp_millis(1767225600000 + $day * 86400000 + CAST(CAST(i AS DOUBLE) / $a_day * 86399999 AS BIGINT)),
           concat('/shops/', rank % 997, '/offers/', rank), CASE WHEN hash % 50 = 0 THEN 404 ELSE 200 END,
           500 + hash % 30000, 1 + rank % 90, CAST(DATE '2026-01-01' + INTERVAL '$day days' AS DATE)
    FROM (SELECT i, hash, CAST(power(50000, hash / 4294967296.0) AS BIGINT) AS rank
          FROM (SELECT value AS i, ((value + $day) * 2654435761) % 4294967296 AS hash FROM generate_series(1, $a_day)))" >/dev/null
  [ -z "${PROGRESS:-}" ] || echo "day $day after $(($(date +%s) - began)) s" >&2
done
echo "$((a_day * days)) rows in $days days: taken in within $(($(date +%s) - began)) s, $(du -sm "$out/data" | cut -f1) MB"
top="SELECT url, count(*) AS requests FROM log WHERE day = DATE '2026-02-01' GROUP BY url ORDER BY requests DESC, url LIMIT 10"
span="SELECT url, count(*) AS requests FROM log WHERE at >= TIMESTAMP '2026-02-01 12:00:00' AND at < TIMESTAMP '2026-02-01 13:00:00' GROUP BY url ORDER BY requests DESC, url LIMIT 10"
for round in 1 2 3 4 5; do
  echo "top URLs of a day, round $round: $(ask --stats "$top" | tail -1)"
done
ask "$top" > "$out/top.jsonl"
echo "top URLs of an hour, not named by its day: $(ask --stats "$span" | tail -1)"
echo "how many rows: $(ask --stats 'SELECT count(*) FROM log' | tail -1)"
if .venv/bin/python -c 'import duckdb' 2>/dev/null; then
  .venv/bin/python - "$out" <<'P'
import glob, json, sys, time
import duckdb
files = [f for f in glob.glob(sys.argv[1] + "/data/**/*.parquet", recursive=True) if "2026-02-01" in f]
db = duckdb.connect(config={"threads": 2})
sql = f"SELECT url, count(*) AS requests FROM read_parquet({files}) GROUP BY url ORDER BY requests DESC, url LIMIT 10"
for _ in range(3):
    began = time.perf_counter()
    rows = db.execute(sql).fetchall()
    took = (time.perf_counter() - began) * 1e3
ours = [json.loads(line) for line in open(sys.argv[1] + "/top.jsonl")]
assert [(o["url"], o["requests"]) for o in ours] == rows, (ours, rows)
print(f"DuckDB {duckdb.__version__} on the files of that day alone: {took:.0f} ms, the same rows")
P
fi
