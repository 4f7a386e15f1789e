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
s3 s3 ls s3://from-the-cli/ | grep 'PRE tree/' >/dev/null   # not -q, which would close the pipe on the client
[ "$(s3 s3 ls s3://from-the-cli/tree/ --recursive | wc -l)" = 3 ]
s3 s3 mv s3://from-the-cli/tree/a/b/1.txt s3://from-the-cli/moved.txt >/dev/null
[ "$(s3 s3 cp s3://from-the-cli/moved.txt -)" = "file 1" ]
curl -sf "$(s3 s3 presign s3://from-the-cli/moved.txt)" | grep 'file 1' >/dev/null
s3 s3api get-object-attributes --bucket from-the-cli --key large --object-attributes ETag ObjectSize ObjectParts | grep '"ObjectSize": 20000000' >/dev/null

# Encrypted: under the node's key by the bucket's default, and under a key that only the caller has.
s3 s3api put-bucket-encryption --bucket from-the-cli --server-side-encryption-configuration \
  '{"Rules":[{"ApplyServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]}'
s3 s3 cp "$scratch/large" s3://from-the-cli/sealed --no-progress >/dev/null
s3 s3api head-object --bucket from-the-cli --key sealed | grep '"ServerSideEncryption": "AES256"' >/dev/null
s3 s3 cp s3://from-the-cli/sealed "$scratch/back" --no-progress >/dev/null
cmp "$scratch/large" "$scratch/back"
head -c 32 /dev/urandom >"$scratch/own.key"
s3 s3 cp "$scratch/large" s3://from-the-cli/own --sse-c AES256 --sse-c-key "fileb://$scratch/own.key" --no-progress >/dev/null
s3 s3 cp s3://from-the-cli/own "$scratch/back" --sse-c AES256 --sse-c-key "fileb://$scratch/own.key" --no-progress >/dev/null
cmp "$scratch/large" "$scratch/back"
if s3 s3 cp s3://from-the-cli/own "$scratch/back" --no-progress >/dev/null 2>&1; then echo "it came without its key" >&2; exit 1; fi

# A website, its lists, an event, and something out of the archive.
echo "<h1>home</h1>" >"$scratch/index.html"
s3 s3 website s3://from-the-cli --index-document index.html --error-document lost.html
s3 s3 cp "$scratch/index.html" s3://from-the-cli/index.html --acl public-read --no-progress >/dev/null
curl -sf -H 'Host: from-the-cli.website.localhost' "http://$(word "['objects']")/" | grep home >/dev/null
s3 s3api get-object-acl --bucket from-the-cli --key index.html | grep AllUsers >/dev/null
s3 s3api put-bucket-notification-configuration --bucket from-the-cli --notification-configuration \
  '{"QueueConfigurations":[{"Id":"all","QueueArn":"arn:doorstep:journal:::objects","Events":["s3:ObjectCreated:*"]}]}'
s3 s3api get-bucket-notification-configuration --bucket from-the-cli | grep 'arn:doorstep:journal' >/dev/null
s3 s3 cp "$scratch/index.html" s3://from-the-cli/cold --storage-class GLACIER --no-progress >/dev/null
s3 s3api restore-object --bucket from-the-cli --key cold --restore-request Days=1
[ "$(s3 s3 cp s3://from-the-cli/cold - --force-glacier-transfer)" = "<h1>home</h1>" ]
s3 s3 rb s3://from-the-cli --force >/dev/null
echo "aws cli: ok"
