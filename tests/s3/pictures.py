"""Pictures out of buckets, asked for by addresses that boto3 signs.

    pictures.py READY_FILE
"""

import base64
import hashlib
import hmac
import json
import sys
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

import boto3
from botocore.client import Config
from drawn import png, size

READY = json.load(open(sys.argv.pop(1)))
ENDPOINT = "http://" + READY["objects"]
KEY = READY["admin_key"]
S3 = boto3.client(
    "s3",
    endpoint_url=ENDPOINT,
    region_name="us-east-1",
    aws_access_key_id=KEY["access"],
    aws_secret_access_key=KEY["secret"],
    config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, signature_version="s3v4"),
)


def fetch(url, headers=None, method="GET"):
    request = urllib.request.Request(url, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()


def api(method, path, body=None):
    request = urllib.request.Request(
        "http://" + READY["api"] + path,
        data=None if body is None else json.dumps(body).encode(),
        method=method,
        headers={"Authorization": "Bearer %s:%s" % (KEY["access"], KEY["secret"]), "Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


class Pictures(unittest.TestCase):
    def setUp(self):
        self.b = "p-" + uuid.uuid4().hex[:16]
        S3.create_bucket(Bucket=self.b)
        S3.put_object(Bucket=self.b, Key="shop 1/photo.png", Body=png(120, 90), ContentType="image/png")

    def presigned(self):
        return S3.generate_presigned_url("get_object", {"Bucket": self.b, "Key": "shop 1/photo.png"}, ExpiresIn=60)

    def test_added_to_a_signed_address(self):
        for ask in ["iopcmd=thumbnail&type=4&width=60|iopcmd=rotate&degree=90", "x-oss-process=image/resize,w_60/rotate,90"]:
            status, headers, body = fetch(self.presigned() + "&" + ask.replace("|", "%7C"))
            self.assertEqual((status, size(body), headers["Content-Type"]), (200, (45, 60), "image/png"), body[:300])
            self.assertEqual(headers["Cache-Control"], "private, max-age=300")
        api("PUT", "/v1/buckets/%s/pictures" % self.b, {"sealed": True})
        time.sleep(1.1)  # another process may know the bucket as it was for a second
        status, _, body = fetch(self.presigned() + "&iopcmd=thumbnail&type=4&width=60")
        self.assertEqual(status, 403)
        self.assertIn(b"<Code>AccessDenied</Code>", body)
        self.assertEqual(fetch(self.presigned())[2], png(120, 90))

    def test_signed_with_the_address(self):
        def add(request, **_):
            request.url += ("&" if "?" in request.url else "?") + "x-oss-process=style%2Fcard"  # as it is signed

        api("PUT", "/v1/buckets/%s/styles/card" % self.b, {"process": "iopcmd=thumbnail&type=8&width=32&height=32"})
        api("PUT", "/v1/buckets/%s/pictures" % self.b, {"sealed": True, "protect": ["png"]})
        S3.meta.events.register("before-sign.s3.GetObject", add)
        try:
            url = self.presigned()
            answer = S3.get_object(Bucket=self.b, Key="shop 1/photo.png")
        finally:
            S3.meta.events.unregister("before-sign.s3.GetObject", add)
        self.assertEqual(size(answer["Body"].read()), (32, 32))
        self.assertEqual(answer["ContentType"], "image/png")
        status, headers, body = fetch(url)
        self.assertEqual((status, size(body)), (200, (32, 32)))
        self.assertEqual(fetch(url, {"If-None-Match": headers["ETag"]})[0], 304)
        self.assertEqual(fetch(url.replace("card", "other"))[0], 403)

    def test_signed_as_ucloud_does(self):
        """UFile's signature does not cover the query: what is asked of the picture is simply added."""
        port = READY["objects"].rsplit(":", 1)[1]

        def url(key, more=""):
            expires = str(int(time.time()) + 60)
            text = "GET\n\n\n%s\n/%s/%s" % (expires, self.b, key)
            signature = base64.b64encode(hmac.new(KEY["secret"].encode(), text.encode(), hashlib.sha1).digest()).decode()
            query = urllib.parse.urlencode({"UCloudPublicKey": KEY["access"], "Expires": expires, "Signature": signature})
            return "%s/%s?%s%s" % (ENDPOINT, urllib.parse.quote(key), query, more)

        host = {"Host": "%s.localhost:%s" % (self.b, port)}
        ask = "&iopcmd=thumbnail&type=4&width=60|iopcmd=rotate&degree=90".replace("|", "%7C")
        status, headers, body = fetch(url("shop 1/photo.png", ask), host)
        self.assertEqual((status, size(body), headers["Content-Type"]), (200, (45, 60), "image/png"), body[:300])
        self.assertEqual(fetch(url("shop 1/photo.png"), host)[2], png(120, 90))
        self.assertEqual(fetch(url("shop 1/photo.png", ask).replace("Signature=", "Signature=x"), host)[0], 403)
        self.assertEqual(fetch("%s/shop%%201/photo.png?%s" % (ENDPOINT, ask[1:]), host)[0], 403)
        api("PUT", "/v1/buckets/%s/pictures" % self.b, {"sealed": True})
        time.sleep(1.1)
        self.assertEqual(fetch(url("shop 1/photo.png", ask), host)[0], 403)

    def test_strangers(self):
        S3.put_object_acl(Bucket=self.b, Key="shop 1/photo.png", ACL="public-read")
        plain = "%s/%s/shop%%201/photo.png" % (ENDPOINT, self.b)
        self.assertEqual(size(fetch(plain + "?iopcmd=thumbnail&type=4&width=30")[2])[0], 30)
        status, headers, _ = fetch(plain + "?iopcmd=thumbnail&type=4&width=30", method="HEAD")
        self.assertEqual((status, headers["X-Cache"]), (200, "HIT"))
        self.assertEqual(size(fetch("%s/insecure/w:40/plain/s3://%s/shop%%201/photo.png" % (ENDPOINT, self.b))[2])[0], 40)
        api("PUT", "/v1/buckets/%s/pictures" % self.b, {"protect": ["png"]})
        time.sleep(1.1)
        for rest in ["", "?iopcmd=thumbnail&type=4&width=30"]:
            self.assertEqual(fetch(plain + rest)[0], 403, rest)
        self.assertEqual(fetch(self.presigned())[0], 200)

    def test_paths_signed_as_imgproxys_own_example_does(self):
        made = api("POST", "/v1/buckets/%s/picture-keys" % self.b, {})
        path = "/rs:fill:40:40/plain/s3://%s/shop%%201%%2Fphoto.png@png" % self.b
        digest = hmac.new(bytes.fromhex(made["key"]), bytes.fromhex(made["salt"]) + path.encode(), hashlib.sha256).digest()
        signature = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        time.sleep(1.1)
        self.assertEqual(size(fetch("%s/%s%s" % (ENDPOINT, signature, path))[2]), (40, 40))
        self.assertEqual(fetch("%s/%s%s" % (ENDPOINT, signature, path.replace("40:40", "41:40")))[0], 403)

    def test_upload_rules(self):
        rule = {"name": "sizes", "prefix": "up/", "results": [{"process": "image/resize,w_24", "key": "{dir}24/{stem}.{ext}"}]}
        api("PUT", "/v1/buckets/%s/pictures" % self.b, {"rules": [rule]})
        S3.put_bucket_versioning(Bucket=self.b, VersioningConfiguration={"Status": "Enabled"})
        for _ in range(3):
            S3.put_object(Bucket=self.b, Key="up/a.png", Body=png(48, 48), ContentType="image/png")
        until = time.time() + 30
        while True:
            versions = S3.list_object_versions(Bucket=self.b, Prefix="up/24/").get("Versions", [])
            jobs_done = versions and time.time() > until - 27
            if jobs_done or time.time() > until:
                break
            time.sleep(0.2)
        self.assertTrue(1 <= len(versions) <= 3, versions)
        body = S3.get_object(Bucket=self.b, Key="up/24/a.png")["Body"].read()
        self.assertEqual(size(body), (24, 24))


if __name__ == "__main__":
    unittest.main()
