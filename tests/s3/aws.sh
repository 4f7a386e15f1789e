#!/usr/bin/env bash
# The AWS CLI as a user types it, with its own defaults.
#   tests/s3/aws.sh READY_FILE SCRATCH_DIR
set -euo pipefail
ready=$1 scratch=$2
word() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print(eval("d"+sys.argv[2]))' "$ready" "$1"; }
AWS_ACCESS_KEY_ID=$(word "['admin_key']['access']"); AWS_SECRET_ACCESS_KEY=$(word "['admin_key']['secret']")
export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_DEFAULT_REGION=us-east-1 AWS_EC2_METADATA_DISABLED=true
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null
s3() { aws --endpoint-url "http://$(word "['objects']")" "$@"; }

s3 s3 mb s3://from-the-cli
head -c 20000000 /dev/urandom >"$scratch/large"
mkdir -p "$scratch/tree/a/b"
for n in 1 2 3; do echo "file $n" >"$scratch/tree/a/b/$n.txt"; done
s3 s3 cp "$scratch/large" s3://from-the-cli/large --no-progress >/dev/null   # in parts
s3 s3 cp s3://from-the-cli/large "$scratch/back" --no-progress >/dev/null
cmp "$scratch/large" "$scratch/back"
s3 s3 sync "$scratch/tree" s3://from-the-cli/tree --no-progress >/dev/null
[ "$(s3 s3 sync "$scratch/tree" s3://from-the-cli/tree --no-progress)" = "" ]   # nothing is left to do
s3 s3 ls s3://from-the-cli/ | grep -q 'PRE tree/'
[ "$(s3 s3 ls s3://from-the-cli/tree/ --recursive | wc -l)" = 3 ]
s3 s3 mv s3://from-the-cli/tree/a/b/1.txt s3://from-the-cli/moved.txt >/dev/null
[ "$(s3 s3 cp s3://from-the-cli/moved.txt -)" = "file 1" ]
curl -sf "$(s3 s3 presign s3://from-the-cli/moved.txt)" | grep -q 'file 1'
s3 s3api get-object-attributes --bucket from-the-cli --key large --object-attributes ETag ObjectSize ObjectParts | grep -q '"ObjectSize": 20000000'
s3 s3 rb s3://from-the-cli --force >/dev/null
echo "aws cli: ok"
