#!/usr/bin/env bash
# ceph's s3-tests against the real binary; writes docs/conformance/s3.md.
#   tests/s3/conformance.sh CHECKOUT [BINARY] [PYTEST ARGUMENTS]
# CHECKOUT is a clone of https://github.com/ceph/s3-tests. With pytest arguments (-k acl) only those run and no
# report is written.
set -euo pipefail
cd "$(dirname "$0")/../.."
checkout=$(cd "${1:?the folder of a clone of ceph/s3-tests}" && pwd)
binary=${2:-target/debug/doorstep}
shift $(( $# > 1 ? 2 : 1 ))
[ -x "$binary" ] || { echo "There is no $binary: build it with cargo build -p doorstep." >&2; exit 1; }
venv=tests/s3/.venv-conformance
if [ ! -x $venv/bin/pytest ]; then
  python3 -m venv $venv
  $venv/bin/pip install --quiet --disable-pip-version-check -r tests/s3/conformance-requirements.txt
fi
. tests/serve.sh
# A "day" of the lifecycle is ten seconds, as the tests expect of a server that is set up for them.
export DOORSTEP_OBJECTS_LIFECYCLE_DAY_S=10 DOORSTEP_OBJECTS_ENCRYPTION_KEYS=testkey-1,testkey-2
export DOORSTEP_OBJECTS_REGION=eu-central-1
serve --roles objects
for tenant in alt testx iam root2; do
  "$binary" tenant create $tenant --data "$scratch/data" --json >"$scratch/$tenant.json"
done
python3 tests/s3/conformance.py configure "$scratch"
export S3TEST_CONF=$scratch/s3tests.conf PYTHONDONTWRITEBYTECODE=1
started=$(date +%s)
run() { (cd "$checkout" && "$OLDPWD/$venv/bin/pytest" -p no:cacheprovider -q -n "${WORKERS:-3}" --timeout 240 "$@" s3tests/functional/test_s3.py) || true; }
run --junitxml "$scratch/results.xml" "$@" >"$scratch/pytest.log" 2>&1
tail -1 "$scratch/pytest.log"
# Most tests are written for one storage class; these are skipped without two or three.
found=("$scratch/results.xml")
if [ $# = 0 ]; then
  export S3TEST_CONF=$scratch/classes.conf
  run --junitxml "$scratch/classes.xml" -k "(lifecycle and transition) and not (cloud or encrypted)" >>"$scratch/pytest.log" 2>&1
  tail -1 "$scratch/pytest.log"
  found+=("$scratch/classes.xml")
fi
[ -z "${KEEP:-}" ] || cp "${found[@]}" "$scratch/pytest.log" "$scratch/log" "$KEEP/"
if [ $# = 0 ]; then
  revision=$(git -C "$checkout" rev-parse --short HEAD 2>/dev/null || echo unknown)
  python3 tests/s3/conformance.py report "$revision" $(( $(date +%s) - started )) "${found[@]}"
else
  python3 tests/s3/conformance.py show "${found[@]}"
fi
