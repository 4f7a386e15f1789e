#!/usr/bin/env bash
# Real clients of objects against the real binary: boto3, the AWS CLI, s3cmd, rclone, UCloud's SDK, pictures by signed
# addresses, and a crash under load. Where DOORSTEP_TEST_POSTGRES names a server, the SDKs, the pictures and the crashes
# come once more with the metadata there; where DOORSTEP_TEST_HDFS names an HDFS, with the bytes there.
#   tests/s3/run.sh [DOORSTEP]      DOORSTEP_CRASHES=50 for the long crash test
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=${1:-target/debug/doorstep}
[ -x "$binary" ] || { echo "There is no $binary: build it with cargo build -p doorstep." >&2; exit 1; }
venv=tests/s3/.venv
if ! cmp -s tests/s3/requirements.txt $venv/requirements.txt; then
  python3 -m venv $venv
  $venv/bin/pip install --quiet --disable-pip-version-check -r tests/s3/requirements.txt
  cp tests/s3/requirements.txt $venv/requirements.txt
fi
. tests/serve.sh
# The callbacks of uploads and the events that the tests ask for come to these ports.
port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
callbacks=127.0.0.1:$(port)
hooks=127.0.0.1:$(port)
export DOORSTEP_OBJECTS_ENCRYPTION_KEYS=photos DOORSTEP_OBJECTS_CALLBACK_HOSTS=$callbacks,$hooks
sdks() {
  $venv/bin/python tests/s3/clients.py "$scratch/ready.json"
  $venv/bin/python tests/s3/ufile_clients.py "$scratch/ready.json" "$callbacks"
  $venv/bin/python tests/s3/pictures.py "$scratch/ready.json"
}
serve --roles city,api,objects
sdks
"$binary" tenant create alt --data "$scratch/data" --json >"$scratch/alt.json"
"$binary" key create limited --scopes rider --data "$scratch/data" --json >"$scratch/limited.json"
$venv/bin/python tests/s3/features.py "$scratch/ready.json" "$scratch/data" "$scratch/alt.json" "$scratch/limited.json" "$hooks"
PATH="$PWD/$venv/bin:$PATH" tests/s3/aws.sh "$scratch/ready.json" "$scratch"
PATH="$PWD/$venv/bin:$PATH" tests/s3/others.sh "$scratch/ready.json" "$scratch"
$venv/bin/python tests/s3/rules_crash.py "$binary" "${DOORSTEP_CRASHES:-2}"
$venv/bin/python tests/s3/crash.py "$binary" "${DOORSTEP_CRASHES:-4}"

if [ -n "${DOORSTEP_TEST_POSTGRES:-}" ]; then
  echo "the same with the metadata in PostgreSQL"
  PSQL=$(ls /usr/lib/postgresql/*/bin/psql | sort -V | tail -n 1); export PSQL
  schemas=()
  # An empty schema of this run; its address is in $store.
  empty_store() {
    schemas+=("doorstep_s3_$$_${#schemas[@]}")
    "$PSQL" -Xq "$DOORSTEP_TEST_POSTGRES" -c "CREATE SCHEMA ${schemas[-1]}"
    store="$DOORSTEP_TEST_POSTGRES?options=-csearch_path%3D${schemas[-1]}"
  }
  leave
  empty_store; serve --store "$store" --roles city,api,objects
  sdks
  empty_store; $venv/bin/python tests/s3/rules_crash.py "$binary" 1 "$store"
  empty_store; $venv/bin/python tests/s3/crash.py "$binary" "${DOORSTEP_CRASHES:-2}" "$store"
  leave
  for schema in "${schemas[@]}"; do
    PGOPTIONS=--client-min-messages=warning "$PSQL" -Xq "$DOORSTEP_TEST_POSTGRES" -c "DROP SCHEMA $schema CASCADE"
  done
fi

if [ -n "${DOORSTEP_TEST_HDFS:-}" ]; then
  echo "the same with the bytes in HDFS"
  leave
  export DOORSTEP_OBJECTS_BYTES=$DOORSTEP_TEST_HDFS/s3/$$/sdks
  serve --roles city,api,objects
  sdks
  export DOORSTEP_OBJECTS_BYTES=$DOORSTEP_TEST_HDFS/s3/$$/crash
  $venv/bin/python tests/s3/crash.py "$binary" "${DOORSTEP_CRASHES:-2}"
fi
