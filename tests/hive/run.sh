#!/usr/bin/env bash
# Real Hive clients against the real binary: PyHive, impyla, and beeline (Hive JDBC) where Java is there.
#   tests/hive/run.sh [DOORSTEP]      DOORSTEP_TEST_BEELINE_JARS names a folder with beeline's jars if you have one
set -euo pipefail
cd "$(dirname "$0")/../.."
binary=${1:-target/debug/doorstep}
[ -x "$binary" ] || { echo "There is no $binary: build it with cargo build -p doorstep." >&2; exit 1; }
venv=tests/hive/.venv
if [ ! -x $venv/bin/python ]; then
  python3 -m venv $venv
  $venv/bin/pip install --quiet --disable-pip-version-check -r tests/hive/requirements.txt
fi
jars=${DOORSTEP_TEST_BEELINE_JARS:-$PWD/$venv/jars}
if ! command -v java >/dev/null; then
  jars=
elif [ ! -d "$jars" ]; then
  # Beeline and Hive's JDBC driver come inside of the Python package of Spark (214 MB); its jars are all that is kept.
  fetched=$(mktemp -d)
  $venv/bin/pip download --quiet --disable-pip-version-check --no-deps --no-cache-dir --dest "$fetched" pyspark==3.1.3
  mkdir -p "$jars.part"
  tar -xzf "$fetched"/pyspark-*.tar.gz -C "$jars.part" --strip-components=3 --wildcards \
    '*/jars/hive-*' '*/jars/libthrift*' '*/jars/commons-*' '*/jars/http*' '*/jars/hadoop-common*' '*/jars/hadoop-auth*' \
    '*/jars/guava*' '*/jars/spark-hive-thriftserver*' '*/jars/jline*' '*/jars/super-csv*' '*/jars/slf4j-api*' '*/jars/woodstox*' '*/jars/stax2*' '*/jars/re2j*'
  rm -rf "$fetched"
  mv "$jars.part" "$jars"
fi
. tests/serve.sh
serve --roles lake,hive,api,objects,metrics
$venv/bin/python tests/hive/clients.py "$scratch/ready.json" "$binary" "$scratch/data" "$jars"
