#!/usr/bin/env bash
# s3cmd and rclone as their users type them.
#   tests/s3/others.sh READY_FILE SCRATCH_DIR
set -euo pipefail
ready=$1 scratch=$2
word() { python3 -c 'import json,sys; d=json.load(open(sys.argv[1])); print(eval("d"+sys.argv[2]))' "$ready" "$1"; }
access=$(word "['admin_key']['access']") secret=$(word "['admin_key']['secret']") at=$(word "['objects']")
head -c 20000000 /dev/urandom >"$scratch/large"
mkdir -p "$scratch/own tree/a"
for n in 1 2 3; do echo "file $n" >"$scratch/own tree/a/ä $n.txt"; done

s3cmd() {
  command s3cmd --config=/dev/null --access_key="$access" --secret_key="$secret" --host="$at" --host-bucket="$at" \
    --no-ssl --no-progress "$@"
}
s3cmd mb s3://from-s3cmd >/dev/null
s3cmd put "$scratch/large" s3://from-s3cmd/large --multipart-chunk-size-mb=8 >/dev/null
s3cmd get s3://from-s3cmd/large "$scratch/back" --force >/dev/null
cmp "$scratch/large" "$scratch/back"
s3cmd sync "$scratch/own tree/" s3://from-s3cmd/tree/ >/dev/null
[ "$(s3cmd ls --recursive s3://from-s3cmd/tree/ | wc -l)" = 3 ]
s3cmd setacl --acl-public s3://from-s3cmd/large >/dev/null
curl -sf "http://$at/from-s3cmd/large" -o "$scratch/back"
cmp "$scratch/large" "$scratch/back"
s3cmd mv "s3://from-s3cmd/tree/a/ä 1.txt" s3://from-s3cmd/moved.txt >/dev/null
[ "$(s3cmd get s3://from-s3cmd/moved.txt -)" = "file 1" ]
s3cmd del --recursive --force s3://from-s3cmd >/dev/null
s3cmd rb s3://from-s3cmd >/dev/null
echo "s3cmd: ok"

if ! command -v rclone >/dev/null; then
  echo "skipped: rclone is not installed"
  exit
fi
unset AWS_CA_BUNDLE # rclone 1.60 cannot load one, and nothing is encrypted here
export RCLONE_CONFIG=/dev/null RCLONE_CONFIG_D_TYPE=s3 RCLONE_CONFIG_D_PROVIDER=Other RCLONE_CONFIG_D_ENDPOINT="http://$at"
export RCLONE_CONFIG_D_ACCESS_KEY_ID=$access RCLONE_CONFIG_D_SECRET_ACCESS_KEY=$secret
rclone mkdir d:from-rclone
rclone copyto "$scratch/large" d:from-rclone/large --s3-upload-cutoff 5M --s3-chunk-size 5M
rclone sync "$scratch/own tree" d:from-rclone/tree
rclone check "$scratch/own tree" d:from-rclone/tree 2>/dev/null
[ "$(rclone lsf -R --files-only d:from-rclone | wc -l)" = 4 ]
rclone copyto d:from-rclone/large "$scratch/back"
cmp "$scratch/large" "$scratch/back"
rm "$scratch/own tree/a/ä 2.txt"
rclone sync "$scratch/own tree" d:from-rclone/tree
[ "$(rclone lsf -R --files-only d:from-rclone/tree | wc -l)" = 2 ]
[ "$(rclone cat "d:from-rclone/tree/a/ä 3.txt")" = "file 3" ]
rclone purge d:from-rclone
echo "rclone: ok"
