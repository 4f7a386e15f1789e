#!/usr/bin/env bash
# Objects over S3 by many clients at once, beside s3s-fs and Garage, each alone on the machine: throughput.sh [SECONDS]
# SIZES is what is put and got: bytes x clients. With LIST=KEYS it fills a bucket with so many keys instead and reads all pages of its listing.
# The peers are built from the crate registry into target/bench/tools by `throughput.sh peers` (about half an hour on two
# cores; Garage is AGPL: it runs as a process and is linked to nothing). What is not there is left out.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=${CARGO_TARGET_DIR:-$PWD/target}/bench/tools
if [ "${1:-}" = peers ]; then
  cargo install --quiet --root "$tools" s3s-fs --version 0.14.1 --features binary --locked
  cargo install --quiet --root "$tools" garage --version 2.5.0 --locked
  exit
fi
seconds=${1:-10}
binary=${BINARY:-target/release/doorstep}
[ -x "$binary" ] || { echo "There is no $binary: build it with cargo build --release." >&2; exit 1; }
cargo build --quiet --profile profiling --workspace --bin s3_load
load=${CARGO_TARGET_DIR:-target}/profiling/s3_load
out=$(mktemp -d -p "${SCRATCH:-target}")
server=
stop() { if [ -n "$server" ]; then kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; server=; fi; }
trap 'stop; rm -rf "$out"' EXIT
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
answers() { for _ in $(seq 150); do curl -s -o /dev/null "$1" && return 0; sleep 0.1; done; echo "$1 does not answer" >&2; exit 1; }
measure() { # NAME ENDPOINT REGION
  if [ -n "${LIST:-}" ]; then
    "$load" "$1" "$2" bench --access "$access" --secret="$secret" --region "$3" --pid "$server" --list "$LIST"
    return
  fi
  local size bytes clients
  for size in ${SIZES:-4096x64 1048576x64 134217728x64 1073741824x4}; do
    bytes=${size%x*} clients=${size#*x}
    "$load" "$1" "$2" bench --access "$access" --secret="$secret" --region "$3" --pid "$server" --bytes "$bytes" \
      --clients "$clients" --seconds "$seconds"
    sync
  done
}
if [ -n "${LIST:-}" ]; then
  echo "| server | keys | keys put a second | page of 1,000: median ms | p99 ms | worst ms | CPU ms of the server |"
  echo "|---|---:|---:|---:|---:|---:|---:|"
else
  echo "| server | object | request | a second | MiB/s | a CPU second of the server | median ms | p99 ms |"
  echo "|---|---|---|---:|---:|---:|---:|---:|"
fi

"$binary" up --ephemeral --data "$out/doorstep" --ready-file "$out/ready.json" --log warn --roles objects 2>"$out/log" &
server=$!
for _ in $(seq 150); do [ -s "$out/ready.json" ] && break; sleep 0.1; done
field() { python3 -c 'import json, sys; value = json.load(open(sys.argv[1])); [value := value[k] for k in sys.argv[2:]]; print(value)' "$out/ready.json" "$@"; }
access=$(field admin_key access); secret=$(field admin_key secret); at=$(field objects)
curl -sf -X PUT -H "x-amz-content-sha256: UNSIGNED-PAYLOAD" --aws-sigv4 aws:amz:us-east-1:s3 --user "$access:$secret" "http://$at/bench" >/dev/null
measure doorstep "http://$at" us-east-1
stop; rm -rf "$out/doorstep"

access=benchbenchbench secret=benchbenchbenchbench
if [ -x "$tools/bin/s3s-fs" ]; then
  port=$(free_port)
  mkdir -p "$out/s3s/bench"
  "$tools/bin/s3s-fs" --access-key $access --secret-key $secret --host 127.0.0.1 --port "$port" "$out/s3s" >"$out/s3s.log" 2>&1 &
  server=$!
  answers "http://127.0.0.1:$port/"
  measure "s3s-fs 0.14.1 (no fsync)" "http://127.0.0.1:$port" us-east-1
  stop; rm -rf "$out/s3s"
fi

if [ -x "$tools/bin/garage" ]; then
  port=$(free_port) rpc=$(free_port) secret_rpc=$(head -c 32 /dev/zero | tr '\0' a | od -v -An -tx1 | tr -d ' \n')
  cat >"$out/garage.toml" <<CONF
metadata_dir = "$out/garage/meta"
data_dir = "$out/garage/data"
db_engine = "lmdb"
replication_factor = 1
metadata_fsync = true
data_fsync = true
rpc_bind_addr = "127.0.0.1:$rpc"
rpc_secret = "$secret_rpc"
[s3_api]
s3_region = "garage"
api_bind_addr = "127.0.0.1:$port"
CONF
  garage() { "$tools/bin/garage" -c "$out/garage.toml" "$@" 2>>"$out/garage.log"; }
  "$tools/bin/garage" -c "$out/garage.toml" server >"$out/garage.log" 2>&1 &
  server=$!
  answers "http://127.0.0.1:$port/"
  node=$(garage node id -q | cut -d@ -f1)
  garage layout assign -z here -c 50G "$node" >/dev/null
  garage layout apply --version 1 >/dev/null
  garage bucket create bench >/dev/null
  garage key create bench >"$out/key"
  access=$(sed -n 's/^Key ID: *//p' "$out/key"); secret=$(sed -n 's/^Secret key: *//p' "$out/key")
  garage bucket allow --read --write --owner bench --key "$access" >/dev/null
  measure "Garage 2.5 (fsync)" "http://127.0.0.1:$port" garage
  stop; rm -rf "$out/garage"
fi
