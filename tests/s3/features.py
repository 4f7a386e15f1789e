"""boto3 on what a bucket's owner sets: encryption, access lists, events, websites, restores.

    features.py READY_FILE DATA_DIR OTHER_TENANT_KEY LIMITED_KEY     the keys are JSON files
"""

import base64
import hashlib
import http.client
import http.server
import json
import os
import pathlib
import sys
import threading
import time
import unittest
import uuid

import boto3
from botocore import UNSIGNED
from botocore.client import Config
from botocore.exceptions import ClientError

READY, DATA, OTHER, LIMITED, HOOKS = sys.argv[1:6]
del sys.argv[1:6]
ready = json.load(open(READY))
HOST = ready["objects"]


def client(key=None):
    more = dict(aws_access_key_id=key["access"], aws_secret_access_key=key["secret"]) if key else {}
    signed = {} if key else {"signature_version": UNSIGNED}
    config = Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, **signed)
    return boto3.client("s3", endpoint_url="http://" + HOST, region_name="us-east-1", config=config, **more)


S3 = client(ready["admin_key"])
ALT = client(json.load(open(OTHER)))
LESS = client(json.load(open(LIMITED)))
NOBODY = client()
LESS_ID = json.load(open(LIMITED))["access"]


def code(call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except ClientError as error:
        return error.response["Error"]["Code"]
    raise AssertionError("it should have been refused")


class Bucket(unittest.TestCase):
    def setUp(self):
        self.b = "f-" + uuid.uuid4().hex[:16]
        S3.create_bucket(Bucket=self.b)

    def get(self, key, there=S3, **more):
        return there.get_object(Bucket=self.b, Key=key, **more)["Body"].read()


def on_disk(words):
    """Whether these bytes stand anywhere in the data directory."""
    return any(words in path.read_bytes() for path in pathlib.Path(DATA).rglob("*") if path.is_file())


class Encryption(Bucket):
    def test_nothing_of_the_bytes_lies_on_disk(self):
        words = os.urandom(24).hex().encode()
        S3.put_object(Bucket=self.b, Key="plain", Body=words * 3)
        self.assertTrue(on_disk(words * 3), "the search finds what is not encrypted")
        words = os.urandom(24).hex().encode()
        body = os.urandom(70_000) + words + os.urandom(70_000)
        own = os.urandom(32)
        md5 = base64.b64encode(hashlib.md5(own).digest()).decode()
        customer = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": own}
        ways = [{"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "photos"}, customer]
        for n, way in enumerate(ways):
            done = S3.put_object(Bucket=self.b, Key=str(n), Body=body, **way)
            self.assertEqual(done.get("ServerSideEncryption"), way.get("ServerSideEncryption"))
            needs = way if way is customer else {}
            self.assertEqual(self.get(str(n), **needs), body)
            self.assertEqual(self.get(str(n), Range="bytes=65000-140010", **needs), body[65000:140011])
        self.assertEqual(S3.head_object(Bucket=self.b, Key="1")["SSEKMSKeyId"], "photos")
        self.assertEqual(S3.head_object(Bucket=self.b, Key="2", **customer)["SSECustomerKeyMD5"], md5)
        self.assertFalse(on_disk(words))
        self.assertFalse(on_disk(own))
        self.assertEqual(code(S3.get_object, Bucket=self.b, Key="2"), "InvalidRequest")
        wrong = dict(customer, SSECustomerKey=os.urandom(32))
        self.assertEqual(code(S3.get_object, Bucket=self.b, Key="2", **wrong), "InvalidRequest")
        unknown = code(S3.put_object, Bucket=self.b, Key="k", ServerSideEncryption="aws:kms", SSEKMSKeyId="none")
        self.assertEqual(unknown, "KMS.NotFoundException")

    def test_a_bucket_s_default_parts_and_copies(self):
        self.assertEqual(code(S3.get_bucket_encryption, Bucket=self.b), "ServerSideEncryptionConfigurationNotFoundError")
        rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        S3.put_bucket_encryption(Bucket=self.b, ServerSideEncryptionConfiguration={"Rules": [rule]})
        words = os.urandom(24).hex().encode()
        body = os.urandom(5 << 20) + words + os.urandom(1000)
        upload = S3.create_multipart_upload(Bucket=self.b, Key="p")["UploadId"]
        parts = []
        for n, piece in [(1, body[: 5 << 20]), (2, body[5 << 20 :])]:
            done = S3.upload_part(Bucket=self.b, Key="p", UploadId=upload, PartNumber=n, Body=piece)
            self.assertEqual(done["ServerSideEncryption"], "AES256")
            parts.append({"PartNumber": n, "ETag": done["ETag"]})
        S3.complete_multipart_upload(Bucket=self.b, Key="p", UploadId=upload, MultipartUpload={"Parts": parts})
        self.assertEqual(self.get("p"), body)
        own = {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": os.urandom(32)}
        S3.copy_object(Bucket=self.b, Key="own", CopySource={"Bucket": self.b, "Key": "p"}, **own)
        self.assertEqual(self.get("own", **own), body)
        source = {"CopySource" + name: value for name, value in own.items()}
        S3.copy_object(Bucket=self.b, Key="back", CopySource={"Bucket": self.b, "Key": "own"}, **source)
        self.assertEqual(self.get("back"), body)
        self.assertFalse(on_disk(words))
        S3.delete_bucket_encryption(Bucket=self.b)


class Lists(Bucket):
    def test_grants_to_tenants_and_keys(self):
        S3.put_object(Bucket=self.b, Key="k", Body=b"mine")
        for there in (ALT, LESS, NOBODY):
            self.assertEqual(code(there.get_object, Bucket=self.b, Key="k"), "AccessDenied")
        S3.put_object_acl(Bucket=self.b, Key="k", GrantRead="id=" + LESS_ID)
        self.assertEqual(self.get("k", LESS), b"mine")
        self.assertEqual(code(ALT.get_object, Bucket=self.b, Key="k"), "AccessDenied")
        S3.put_object_acl(Bucket=self.b, Key="k", ACL="authenticated-read")
        self.assertEqual(self.get("k", ALT), b"mine")
        self.assertEqual(code(NOBODY.get_object, Bucket=self.b, Key="k"), "AccessDenied")
        S3.put_bucket_acl(Bucket=self.b, GrantFullControl="id=main", GrantWrite="id=alt")
        ALT.put_object(Bucket=self.b, Key="theirs", Body=b"theirs")
        self.assertEqual(code(ALT.list_objects_v2, Bucket=self.b), "AccessDenied")
        self.assertEqual(code(S3.get_object, Bucket=self.b, Key="theirs"), "AccessDenied")
        ALT.put_object(Bucket=self.b, Key="shared", Body=b"shared", ACL="bucket-owner-full-control")
        self.assertEqual(self.get("shared"), b"shared")
        self.assertEqual(ALT.get_object_acl(Bucket=self.b, Key="shared")["Owner"]["ID"], "alt")
        self.assertEqual(code(S3.put_bucket_acl, Bucket=self.b, GrantRead="id=nobody-knows"), "InvalidArgument")

    def test_ownership_and_the_public_block(self):
        enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
        S3.put_bucket_ownership_controls(Bucket=self.b, OwnershipControls=enforced)
        refused = code(S3.put_object, Bucket=self.b, Key="k", Body=b"", ACL="public-read")
        self.assertEqual(refused, "AccessControlListNotSupported")
        S3.delete_bucket_ownership_controls(Bucket=self.b)
        S3.put_object(Bucket=self.b, Key="k", Body=b"open", ACL="public-read")
        self.assertEqual(self.get("k", NOBODY), b"open")
        block = dict.fromkeys(["BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"], True)
        S3.put_public_access_block(Bucket=self.b, PublicAccessBlockConfiguration=block)
        self.assertEqual(code(NOBODY.get_object, Bucket=self.b, Key="k"), "AccessDenied")
        self.assertEqual(code(S3.put_object_acl, Bucket=self.b, Key="k", ACL="public-read"), "AccessDenied")
        statement = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::%s/*" % self.b}
        policy = json.dumps({"Statement": [statement]})
        self.assertEqual(code(S3.put_bucket_policy, Bucket=self.b, Policy=policy), "AccessDenied")
        S3.delete_public_access_block(Bucket=self.b)
        self.assertEqual(self.get("k", NOBODY), b"open")


class Hook(http.server.BaseHTTPRequestHandler):
    """Takes events, but refuses the first of each."""

    seen, heard = {}, []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        again = Hook.seen.setdefault(body, 0)
        Hook.seen[body] += 1
        self.send_response(200 if again else 500)
        self.end_headers()
        if again:
            Hook.heard.append(json.loads(body))

    def log_message(self, *args):
        pass


class Events(Bucket):
    def test_a_webhook_hears_of_changes(self):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(HOOKS.rsplit(":", 1)[1])), Hook)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        arn = "arn:doorstep:webhook:::http://127.0.0.1:%d/events" % server.server_port
        rule = {"Id": "new", "TopicArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"]}
        rule["Filter"] = {"Key": {"FilterRules": [{"Name": "suffix", "Value": ".jpg"}]}}
        queue = {"Id": "log", "QueueArn": "arn:doorstep:journal:::objects", "Events": ["s3:ObjectCreated:Put"]}
        wanted = {"TopicConfigurations": [rule], "QueueConfigurations": [queue]}
        S3.put_bucket_notification_configuration(Bucket=self.b, NotificationConfiguration=wanted)
        got = S3.get_bucket_notification_configuration(Bucket=self.b)
        self.assertEqual((got["TopicConfigurations"][0]["TopicArn"], got["QueueConfigurations"][0]["Id"]), (arn, "log"))
        S3.put_object(Bucket=self.b, Key="a b.jpg", Body=b"x")
        S3.put_object(Bucket=self.b, Key="a.png", Body=b"x")
        S3.delete_object(Bucket=self.b, Key="a b.jpg")
        end = time.time() + 30
        while len(Hook.heard) < 3 and time.time() < end:
            time.sleep(0.1)
        told = [m for m in Hook.heard if "Records" in m]
        names = sorted(m["Records"][0]["eventName"] for m in told)
        self.assertEqual(names, ["ObjectCreated:Put", "ObjectRemoved:Delete"])
        self.assertEqual({m["Records"][0]["s3"]["object"]["key"] for m in told}, {"a+b.jpg"})
        self.assertEqual([m["Event"] for m in Hook.heard if "Event" in m], ["s3:TestEvent"])
        inside = dict(rule, TopicArn="arn:doorstep:webhook:::http://169.254.169.254/latest/meta-data")
        refused = code(S3.put_bucket_notification_configuration, Bucket=self.b, NotificationConfiguration={"TopicConfigurations": [inside]})
        self.assertEqual(refused, "InvalidArgument")
        streams = list(pathlib.Path(DATA, "journal").rglob("*objects.main*"))
        self.assertTrue(streams, "the journal has a stream of the tenant's objects")


class Websites(Bucket):
    def visit(self, path, method="GET"):
        there = http.client.HTTPConnection(HOST)
        there.request(method, path, headers={"Host": self.b + ".website.localhost"})
        answer = there.getresponse()
        seen = answer.status, answer.read(), dict(answer.getheaders())
        there.close()
        return seen

    def test_pages_errors_and_redirects(self):
        self.assertEqual(self.visit("/")[0], 404)
        rule = {"Condition": {"KeyPrefixEquals": "old/"}, "Redirect": {"ReplaceKeyPrefixWith": "new/", "HttpRedirectCode": "302"}}
        site = {"IndexDocument": {"Suffix": "index.html"}, "ErrorDocument": {"Key": "lost.html"}, "RoutingRules": [rule]}
        S3.put_bucket_website(Bucket=self.b, WebsiteConfiguration=site)
        self.assertEqual(S3.get_bucket_website(Bucket=self.b)["RoutingRules"], [rule])
        S3.put_object(Bucket=self.b, Key="index.html", Body=b"home", ContentType="text/html", ACL="public-read")
        self.assertEqual(self.visit("/")[:2], (200, b"home"))
        self.assertEqual(self.visit("/")[2]["content-type"], "text/html")
        self.assertEqual(self.visit("/", "HEAD")[:2], (200, b""))
        self.assertEqual(self.visit("/", "PUT")[0], 405)
        S3.put_object(Bucket=self.b, Key="secret.html", Body=b"secret")
        self.assertEqual(self.visit("/secret.html")[0], 403)
        S3.put_bucket_acl(Bucket=self.b, ACL="public-read")
        self.assertEqual(self.visit("/none")[0], 404)
        S3.put_object(Bucket=self.b, Key="lost.html", Body=b"lost", ACL="public-read")
        self.assertEqual(self.visit("/none")[:2], (404, b"lost"))
        status, _, headers = self.visit("/old/a%20b")
        self.assertEqual((status, headers["location"]), (302, "/new/a%20b"))
        S3.put_object(Bucket=self.b, Key="d/index.html", Body=b"inside", ACL="public-read")
        status, _, headers = self.visit("/d")
        self.assertEqual((status, headers["location"]), (302, "/d/"))
        self.assertEqual(self.visit("/d/")[:2], (200, b"inside"))
        S3.put_object(Bucket=self.b, Key="moved", Body=b"", ACL="public-read", WebsiteRedirectLocation="https://example.com/x")
        status, _, headers = self.visit("/moved")
        self.assertEqual((status, headers["location"]), (301, "https://example.com/x"))
        everything = {"RedirectAllRequestsTo": {"HostName": "shop.example", "Protocol": "https"}}
        S3.put_bucket_website(Bucket=self.b, WebsiteConfiguration=everything)
        status, _, headers = self.visit("/a")
        self.assertEqual((status, headers["location"]), (301, "https://shop.example/a"))
        S3.delete_bucket_website(Bucket=self.b)
        self.assertEqual(code(S3.get_bucket_website, Bucket=self.b), "NoSuchWebsiteConfiguration")


class Archives(Bucket):
    def test_what_is_archived_is_restored_first(self):
        S3.put_object(Bucket=self.b, Key="k", Body=b"cold", StorageClass="GLACIER")
        self.assertEqual(code(self.get, "k"), "InvalidObjectState")
        done = S3.restore_object(Bucket=self.b, Key="k", RestoreRequest={"Days": 2})
        self.assertEqual(done["ResponseMetadata"]["HTTPStatusCode"], 202)
        self.assertIn('ongoing-request="false"', S3.head_object(Bucket=self.b, Key="k")["Restore"])
        self.assertEqual(self.get("k"), b"cold")
        again = S3.restore_object(Bucket=self.b, Key="k", RestoreRequest={"Days": 3})
        self.assertEqual(again["ResponseMetadata"]["HTTPStatusCode"], 200)
        S3.put_object(Bucket=self.b, Key="warm", Body=b"x")
        self.assertEqual(code(S3.restore_object, Bucket=self.b, Key="warm", RestoreRequest={"Days": 1}), "InvalidObjectState")

    def test_old_versions_change_their_class_too(self):
        rule = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": ""}}
        rule["NoncurrentVersionTransitions"] = [{"NoncurrentDays": 30, "StorageClass": "GLACIER"}]
        S3.put_bucket_lifecycle_configuration(Bucket=self.b, LifecycleConfiguration={"Rules": [rule]})
        self.assertEqual(S3.get_bucket_lifecycle_configuration(Bucket=self.b)["Rules"], [rule])


if __name__ == "__main__":
    unittest.main()
