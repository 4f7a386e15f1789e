"""boto3, with its default checksums, against a running Doorstep.

    clients.py READY_FILE
"""

import base64
import hashlib
import io
import json
import os
import socket
import sys
import threading
import time
import unittest
import urllib.error
import urllib.request
import uuid

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.client import Config
from botocore.exceptions import ClientError

READY = json.load(open(sys.argv.pop(1)))
ENDPOINT = "http://" + READY["objects"]
PORT = READY["objects"].rsplit(":", 1)[1]
KEY = READY["admin_key"]

# *.localhost resolves to the loopback address (RFC 6761), but not with every resolver.
_getaddrinfo = socket.getaddrinfo
socket.getaddrinfo = lambda host, *a, **k: _getaddrinfo(
    "127.0.0.1" if str(host).endswith(".localhost") else host, *a, **k
)


def client(style="path", endpoint=ENDPOINT, key=KEY, **more):
    config = Config(s3={"addressing_style": style}, retries={"max_attempts": 1}, signature_version="s3v4", **more)
    return boto3.client(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key["access"],
        aws_secret_access_key=key["secret"],
        config=config,
    )


S3 = client()


def code(call, *args, **kwargs):
    """The error code and status of a call that must fail."""
    try:
        call(*args, **kwargs)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]
    raise AssertionError("it should have been refused")


class Bucket(unittest.TestCase):
    def setUp(self):
        self.b = "b-" + uuid.uuid4().hex[:16]
        S3.create_bucket(Bucket=self.b)

    def put(self, key, body=b"x", **more):
        return S3.put_object(Bucket=self.b, Key=key, Body=body, **more)

    def get(self, key, **more):
        return S3.get_object(Bucket=self.b, Key=key, **more)["Body"].read()


class Objects(Bucket):
    def test_what_was_put_comes_back(self):
        for key, size in [("empty", 0), ("small", 10), ("a/b c+ü?#%.txt", 70_000), ("large", 6_000_000)]:
            body = os.urandom(size)
            done = self.put(key, body, ContentType="text/x", Metadata={"name": "value"})
            self.assertEqual(done["ETag"], '"%s"' % hashlib.md5(body).hexdigest())
            got = S3.get_object(Bucket=self.b, Key=key)
            self.assertEqual(got["Body"].read(), body)
            self.assertEqual((got["ContentType"], got["Metadata"]), ("text/x", {"name": "value"}))
            self.assertEqual(S3.head_object(Bucket=self.b, Key=key)["ContentLength"], size)

    def test_ranges(self):
        body = os.urandom(300_000)
        self.put("k", body)
        self.assertEqual(self.get("k", Range="bytes=65530-140000"), body[65530:140001])
        self.assertEqual(self.get("k", Range="bytes=-5"), body[-5:])
        answer = S3.get_object(Bucket=self.b, Key="k", Range="bytes=10-19")
        self.assertEqual((answer["ResponseMetadata"]["HTTPStatusCode"], answer["ContentRange"]), (206, "bytes 10-19/300000"))
        self.assertEqual(code(self.get, "k", Range="bytes=300000-"), ("InvalidRange", 416))

    def test_conditions(self):
        etag = self.put("k", b"one")["ETag"]
        self.assertEqual(self.get("k", IfMatch=etag), b"one")
        self.assertEqual(code(self.get, "k", IfMatch='"x"'), ("PreconditionFailed", 412))
        self.assertEqual(code(self.get, "k", IfNoneMatch=etag), ("304", 304))
        self.assertEqual(code(self.put, "k", IfNoneMatch="*"), ("PreconditionFailed", 412))
        self.put("k", b"two", IfMatch=etag)
        self.assertEqual(code(self.put, "k", b"three", IfMatch=etag), ("PreconditionFailed", 412))
        self.assertEqual(code(self.put, "new", IfMatch=etag)[1], 404)

    def test_checksums(self):
        for name in ["CRC32", "SHA1", "SHA256"]:
            self.put(name, b"hello", ChecksumAlgorithm=name)
            head = S3.head_object(Bucket=self.b, Key=name, ChecksumMode="ENABLED")
            self.assertTrue(head["Checksum" + name])
        wrong = base64.b64encode(b"1234").decode()
        self.assertEqual(code(self.put, "k", b"hello", ChecksumCRC32=wrong), ("BadDigest", 400))
        md5 = base64.b64encode(hashlib.md5(b"other").digest()).decode()
        self.assertEqual(code(self.put, "k", b"hello", ContentMD5=md5), ("BadDigest", 400))
        self.assertEqual(code(self.get, "k"), ("NoSuchKey", 404))

    def test_copy_delete_and_tags(self):
        self.put("a", b"bytes", ContentType="text/x", Tagging="k=v")
        S3.copy_object(Bucket=self.b, Key="b", CopySource={"Bucket": self.b, "Key": "a"})
        self.assertEqual(S3.head_object(Bucket=self.b, Key="b")["ContentType"], "text/x")
        self.assertEqual(S3.get_object_tagging(Bucket=self.b, Key="b")["TagSet"], [{"Key": "k", "Value": "v"}])
        S3.put_object_tagging(Bucket=self.b, Key="b", Tagging={"TagSet": [{"Key": "x", "Value": "y"}]})
        S3.delete_object_tagging(Bucket=self.b, Key="a")
        self.assertEqual(S3.get_object_tagging(Bucket=self.b, Key="a")["TagSet"], [])
        done = S3.delete_objects(Bucket=self.b, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}, {"Key": "none"}]})
        self.assertEqual(len(done["Deleted"]), 3)
        self.assertEqual(code(self.get, "a"), ("NoSuchKey", 404))
        self.assertEqual(code(S3.get_object, Bucket="not-" + self.b, Key="a"), ("NoSuchBucket", 404))

    def test_parts(self):
        body = os.urandom(23_000_000)
        config = TransferConfig(multipart_threshold=5 << 20, multipart_chunksize=6 << 20, max_concurrency=3)
        S3.upload_fileobj(io.BytesIO(body), self.b, "k", Config=config)
        head = S3.head_object(Bucket=self.b, Key="k")
        self.assertTrue(head["ETag"].endswith('-4"'))
        back = io.BytesIO()
        S3.download_fileobj(self.b, "k", back, Config=config)
        self.assertEqual(back.getvalue(), body)
        self.assertEqual(self.get("k", PartNumber=2), body[6 << 20 : 12 << 20])
        upload = S3.create_multipart_upload(Bucket=self.b, Key="c")["UploadId"]
        source = {"Bucket": self.b, "Key": "k"}
        part = S3.upload_part_copy(
            Bucket=self.b, Key="c", UploadId=upload, PartNumber=1, CopySource=source, CopySourceRange="bytes=5-6000004"
        )
        self.assertEqual(len(S3.list_parts(Bucket=self.b, Key="c", UploadId=upload)["Parts"]), 1)
        self.assertEqual(len(S3.list_multipart_uploads(Bucket=self.b)["Uploads"]), 1)
        parts = [{"PartNumber": 1, "ETag": part["CopyPartResult"]["ETag"]}]
        S3.complete_multipart_upload(Bucket=self.b, Key="c", UploadId=upload, MultipartUpload={"Parts": parts})
        self.assertEqual(self.get("c"), body[5:6000005])
        self.assertEqual(code(S3.abort_multipart_upload, Bucket=self.b, Key="c", UploadId=upload)[0], "NoSuchUpload")

    def test_lists(self):
        keys = sorted(["a", "a/1", "a/2", "b/x/y", "ü key", "z"], key=lambda k: k.encode())
        for key in keys:
            self.put(key)
        pages = S3.get_paginator("list_objects_v2").paginate(Bucket=self.b, PaginationConfig={"PageSize": 2})
        self.assertEqual([o["Key"] for page in pages for o in page.get("Contents", [])], keys)
        one = S3.list_objects(Bucket=self.b, Delimiter="/")
        self.assertEqual([p["Prefix"] for p in one["CommonPrefixes"]], ["a/", "b/"])
        self.assertEqual([o["Key"] for o in one["Contents"]], ["a", "z", "ü key"])
        self.assertEqual(S3.list_objects_v2(Bucket=self.b, Prefix="a/", StartAfter="a/1")["KeyCount"], 1)
        self.assertIn(self.b, [b["Name"] for b in S3.list_buckets()["Buckets"]])

    def test_virtual_hosts(self):
        there = client("virtual", "http://localhost:" + PORT)
        there.put_object(Bucket=self.b, Key="k", Body=b"by host")
        self.assertEqual(self.get("k"), b"by host")


class Versions(Bucket):
    def test_versions_and_markers(self):
        S3.put_bucket_versioning(Bucket=self.b, VersioningConfiguration={"Status": "Enabled"})
        one, two = self.put("k", b"one")["VersionId"], self.put("k", b"two")["VersionId"]
        self.assertEqual(self.get("k", VersionId=one), b"one")
        marker = S3.delete_object(Bucket=self.b, Key="k")
        self.assertTrue(marker["DeleteMarker"])
        self.assertEqual(code(self.get, "k"), ("NoSuchKey", 404))
        self.assertEqual(code(self.get, "k", VersionId=marker["VersionId"]), ("MethodNotAllowed", 405))
        listed = S3.list_object_versions(Bucket=self.b)
        self.assertEqual([v["VersionId"] for v in listed["Versions"]], [two, one])
        self.assertEqual([m["IsLatest"] for m in listed["DeleteMarkers"]], [True])
        S3.delete_object(Bucket=self.b, Key="k", VersionId=marker["VersionId"])
        self.assertEqual(self.get("k"), b"two")
        self.assertEqual(code(S3.delete_bucket, Bucket=self.b), ("BucketNotEmpty", 409))

    def test_locks(self):
        bucket = "lock-" + self.b
        S3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
        version = S3.put_object(Bucket=bucket, Key="k", Body=b"kept")["VersionId"]
        S3.put_object_legal_hold(Bucket=bucket, Key="k", LegalHold={"Status": "ON"})
        self.assertEqual(code(S3.delete_object, Bucket=bucket, Key="k", VersionId=version), ("AccessDenied", 403))
        S3.put_object_legal_hold(Bucket=bucket, Key="k", LegalHold={"Status": "OFF"})
        S3.delete_object(Bucket=bucket, Key="k", VersionId=version)
        S3.delete_bucket(Bucket=bucket)


class Rules(Bucket):
    def test_lifecycle_and_cors_come_back(self):
        self.assertEqual(code(S3.get_bucket_lifecycle_configuration, Bucket=self.b)[0], "NoSuchLifecycleConfiguration")
        rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "log/"}, "Expiration": {"Days": 3}}
        S3.put_bucket_lifecycle_configuration(Bucket=self.b, LifecycleConfiguration={"Rules": [rule]})
        self.assertEqual(S3.get_bucket_lifecycle_configuration(Bucket=self.b)["Rules"], [rule])
        S3.delete_bucket_lifecycle(Bucket=self.b)
        rules = [{"AllowedMethods": ["GET"], "AllowedOrigins": ["https://*.example"], "MaxAgeSeconds": 5}]
        S3.put_bucket_cors(Bucket=self.b, CORSConfiguration={"CORSRules": rules})
        self.assertEqual(S3.get_bucket_cors(Bucket=self.b)["CORSRules"], rules)
        S3.put_bucket_tagging(Bucket=self.b, Tagging={"TagSet": [{"Key": "k", "Value": "v"}]})
        self.assertEqual(S3.get_bucket_tagging(Bucket=self.b)["TagSet"], [{"Key": "k", "Value": "v"}])

    def test_a_policy_opens_and_closes(self):
        self.put("open/k", b"x")
        self.put("k", b"x")
        statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::%s/open/*" % self.b}
        S3.put_bucket_policy(Bucket=self.b, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
        with urllib.request.urlopen("%s/%s/open/k" % (ENDPOINT, self.b)) as answer:
            self.assertEqual(answer.read(), b"x")
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen("%s/%s/k" % (ENDPOINT, self.b))
        bad = dict(statement, Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
        refused = code(S3.put_bucket_policy, Bucket=self.b, Policy=json.dumps({"Statement": [bad]}))
        self.assertEqual(refused, ("MalformedPolicy", 400))


class Doors(Bucket):
    """Who is let in."""

    def fetch(self, url, data=None, method=None, headers={}):
        request = urllib.request.Request(url, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def test_presigned(self):
        self.put("k", b"signed")
        url = S3.generate_presigned_url("get_object", {"Bucket": self.b, "Key": "k"}, ExpiresIn=60)
        self.assertEqual(self.fetch(url), (200, b"signed"))
        self.assertEqual(self.fetch(url.replace("/k?", "/other?"))[0], 403)
        short = S3.generate_presigned_url("get_object", {"Bucket": self.b, "Key": "k"}, ExpiresIn=1)
        time.sleep(2.5)
        self.assertEqual(self.fetch(short)[0], 403)
        put = S3.generate_presigned_url("put_object", {"Bucket": self.b, "Key": "up"}, ExpiresIn=60)
        self.assertEqual(self.fetch(put, b"sent", "PUT")[0], 200)
        self.assertEqual(self.get("up"), b"sent")

    def test_form(self):
        form = S3.generate_presigned_post(
            self.b, "form/f.txt", Conditions=[["starts-with", "$key", "form/"], ["content-length-range", 1, 100]]
        )
        def send(body):
            lines = []
            for name, value in form["fields"].items():
                lines.append('--x\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % (name, value))
            lines.append('--x\r\nContent-Disposition: form-data; name="file"; filename="f.txt"\r\nContent-Type: text/plain\r\n\r\n')
            data = "".join(lines).encode() + body + b"\r\n--x--\r\n"
            return self.fetch(form["url"], data, "POST", {"Content-Type": "multipart/form-data; boundary=x"})[0]
        self.assertIn(send(b"from a form"), (200, 204))
        self.assertEqual(self.get("form/f.txt"), b"from a form")
        self.assertEqual(send(b"y" * 101), 400)

    def test_strangers(self):
        self.put("k", b"private")
        self.put("open", b"public", ACL="public-read")
        url = "%s/%s/" % (ENDPOINT, self.b)
        self.assertEqual(self.fetch(url + "k")[0], 403)
        self.assertEqual(self.fetch(url + "none")[0], 403)
        self.assertEqual(self.fetch(url + "open"), (200, b"public"))
        self.assertEqual(self.fetch(url + "open", b"mine now", "PUT")[0], 403)
        nobody = client(key={"access": "key_0", "secret": "x"})
        self.assertEqual(code(nobody.list_buckets), ("InvalidAccessKeyId", 403))
        wrong = client(key={"access": KEY["access"], "secret": "x"})
        self.assertEqual(code(wrong.list_buckets), ("SignatureDoesNotMatch", 403))

    def test_tricks_in_keys(self):
        for key in ["../../etc/passwd", "a/../b", "..", ".", "a//b", "/", "%2e%2e/x", "nul\x01"]:
            self.put(key, key.encode())
            self.assertEqual(self.get(key), key.encode(), key)
        self.assertEqual(code(self.put, "k" * 1025), ("KeyTooLongError", 400))

    def test_many_at_once(self):
        failures = []
        def work(n):
            body = os.urandom(4096)
            there = client()
            for i in range(10):
                there.put_object(Bucket=self.b, Key="t/%d" % i, Body=body)
                if len(there.get_object(Bucket=self.b, Key="t/%d" % i)["Body"].read()) != 4096:
                    failures.append(n)
        threads = [threading.Thread(target=work, args=(n,)) for n in range(8)]
        [t.start() for t in threads]
        [t.join() for t in threads]
        self.assertEqual(failures, [])
        self.assertEqual(S3.list_objects_v2(Bucket=self.b, Prefix="t/")["KeyCount"], 10)


if __name__ == "__main__":
    unittest.main()
