"""UCloud's own SDK for Python against a running Doorstep, beside boto3 on the same buckets.

    ufile_clients.py READY_FILE CALLBACK_ADDRESS
"""

import hashlib
import http.server
import json
import os
import socket
import struct
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid
import warnings
import zlib

import boto3
import requests
from botocore.client import Config
from ufile import config, filemanager, multipartuploadufile
from ufile.auth import Auth
from ufile.httprequest import _uploadhit_file
from ufile.logger import logger
from ufile.util import file_etag, ufile_uploadhit_url, urlsafe_b64encode

from drawn import png, size

READY = json.load(open(sys.argv.pop(1)))
CALLBACKS = int(sys.argv.pop(1).rsplit(":", 1)[1])
PORT = READY["objects"].rsplit(":", 1)[1]
PUBLIC, PRIVATE = READY["admin_key"]["access"], READY["admin_key"]["secret"]
SUFFIX = ".localhost:" + PORT

# *.localhost resolves to the loopback address (RFC 6761), but not with every resolver.
_getaddrinfo = socket.getaddrinfo
socket.getaddrinfo = lambda host, *a, **k: _getaddrinfo(
    "127.0.0.1" if str(host).endswith(".localhost") else host, *a, **k
)
config.set_default(uploadsuffix=SUFFIX, downloadsuffix=SUFFIX, connection_timeout=60)
logger.setLevel("ERROR")
warnings.simplefilter("ignore")

S3 = boto3.client(
    "s3",
    endpoint_url="http://" + READY["objects"],
    region_name="us-east-1",
    aws_access_key_id=PUBLIC,
    aws_secret_access_key=PRIVATE,
    config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
)
FILES = filemanager.FileManager(PUBLIC, PRIVATE)


class Bucket(unittest.TestCase):
    def setUp(self):
        self.b = "u-" + uuid.uuid4().hex[:16]
        S3.create_bucket(Bucket=self.b)
        self.dir = tempfile.TemporaryDirectory()
        self.addCleanup(self.dir.cleanup)

    def local(self, data, name="local.txt"):
        path = os.path.join(self.dir.name, name)
        with open(path, "wb") as file:
            file.write(data)
        return path

    def ok(self, answer, status=200):
        ret, resp = answer
        self.assertEqual(resp.status_code, status, resp)
        return ret, resp

    def put(self, key, data=b"x", **more):
        return self.ok(FILES.putfile(self.b, key, self.local(data), **more))

    def read(self, key, **more):
        path = os.path.join(self.dir.name, "back")
        _, resp = FILES.download_file(self.b, key, path, **more)
        self.assertIn(resp.status_code, (200, 206), resp)
        with open(path, "rb") as file:
            return file.read()


class Files(Bucket):
    def test_put_head_download_delete(self):
        for key, size in [("empty", 0), ("small.txt", 10), ("a/b/文件 1.bin", 70_000), ("large", 9_000_000)]:
            data = os.urandom(size)
            _, resp = self.put(key, data, header={"X-Ufile-Meta-Color": "red", "X-Ufile-Storage-Class": "IA"})
            local = self.local(data)
            self.assertEqual(resp.etag.strip('"'), file_etag(local))
            _, resp = self.ok(FILES.head_file(self.b, key))
            self.assertEqual(int(resp.content_length), size)
            self.assertTrue(FILES.compare_file_etag(self.b, key, local))
            self.assertEqual(self.read(key), data)
            head = S3.head_object(Bucket=self.b, Key=key)
            self.assertEqual((head["Metadata"], head["ContentType"]), ({"color": "red"}, "text/plain"))
            self.ok(FILES.deletefile(self.b, key), 204)
            _, resp = FILES.head_file(self.b, key)
            self.assertEqual(resp.status_code, 404)
            _, resp = FILES.deletefile(self.b, key)
            self.assertEqual((resp.status_code, resp.ret_code, resp.error), (404, -148654, "file not exist"))

    def test_streams_and_digests(self):
        import io

        config.set_default(md5=True)
        try:
            self.ok(FILES.putstream(self.b, "k", io.BytesIO(b"stream"), mime_type="text/x"))
            self.put("file", b"with md5")
        finally:
            config.set_default(md5=False)
        self.assertEqual(self.read("k"), b"stream")
        _, resp = FILES.putfile(self.b, "no", self.local(b"x"), header={"Content-MD5": "0" * 32})
        self.assertEqual(resp.status_code, 400)

    def test_ranges(self):
        data = os.urandom(300_000)
        self.put("k", data)
        self.assertEqual(self.read("k", content_range=(65_530, 140_000)), data[65_530:140_001])
        path = os.path.join(self.dir.name, "part")
        _, resp = FILES.download_file(self.b, "k", path, content_range=(10, 19))
        self.assertEqual((resp.status_code, resp.content_range), (206, (10, 19)))

    def test_form(self):
        data = os.urandom(100_000) + b"\r\n--"
        self.ok(FILES.postfile(self.b, "form/表.bin", self.local(data, "f.bin")))
        self.assertEqual(self.read("form/表.bin"), data)
        head = S3.head_object(Bucket=self.b, Key="form/表.bin")
        self.assertEqual(head["ContentType"], "application/octet-stream")

    def test_signed_and_public_addresses(self):
        self.put("a b.txt", b"signed")
        url = FILES.private_download_url(self.b, "a b.txt", expires=60)
        self.assertEqual(requests.get(url).content, b"signed")
        self.assertEqual(requests.get(url.replace("a b", "other")).status_code, 403)
        head = requests.head(FILES.private_head_url(self.b, "a b.txt", expires=60))
        self.assertEqual((head.status_code, head.headers["Content-Length"]), (200, "6"))
        short = FILES.private_download_url(self.b, "a b.txt", expires=1)
        time.sleep(2.5)
        self.assertEqual(requests.get(short).status_code, 403)
        path = os.path.join(self.dir.name, "public")
        _, resp = FILES.download_file(self.b, "a b.txt", path, isprivate=False)
        self.assertEqual(resp.status_code, 403)
        S3.put_object_acl(Bucket=self.b, Key="a b.txt", ACL="public-read")
        self.assertEqual(self.read("a b.txt", isprivate=False), b"signed")

    def test_lists(self):
        keys = ["a", "d/1", "d/2", "d/e/3", "z"]
        for key in keys:
            self.put(key)
        seen, marker = [], ""
        while True:
            ret, _ = self.ok(FILES.getfilelist(self.b, marker=marker, limit=2))
            seen += [entry["FileName"] for entry in ret["DataSet"]]
            marker = ret["NextMarker"]
            if not marker:
                break
        self.assertEqual(seen, keys)
        ret, _ = self.ok(FILES.getfilelist(self.b, prefix="d/"))
        self.assertEqual([entry["Size"] for entry in ret["DataSet"]], [1, 1, 1])
        ret, _ = self.ok(FILES.listobjects(self.b, prefix="", marker="", maxkeys=10, delimiter="/"))
        self.assertEqual([entry["Key"] for entry in ret["Contents"]], ["a", "z"])
        self.assertEqual([entry["Prefix"] for entry in ret["CommonPrefixes"]], ["d/"])
        seen, marker = [], ""
        while True:
            ret, _ = self.ok(FILES.listobjects(self.b, prefix="d/", marker=marker, maxkeys=1, delimiter=""))
            seen += [entry["Key"] for entry in ret["Contents"]]
            if not ret["IsTruncated"]:
                break
            marker = ret["NextMarker"]
        self.assertEqual(seen, ["d/1", "d/2", "d/e/3"])

    def test_copy_meta_and_classes(self):
        self.put("from/文", b"bytes", header={"X-Ufile-Meta-A": "b"})
        self.ok(FILES.copy(self.b, "to", self.b, "from/文"))
        self.assertEqual(self.read("to"), b"bytes")
        self.assertEqual(S3.head_object(Bucket=self.b, Key="to")["Metadata"], {"a": "b"})
        self.ok(FILES.opMeta(self.b, "to", "mimetype", "image/webp"))
        _, resp = self.ok(FILES.head_file(self.b, "to"))
        self.assertEqual(resp.content_type, "image/webp")
        self.ok(FILES.class_switch_file(self.b, "to", "IA"))
        self.ok(FILES.class_switch_file(self.b, "to", "ARCHIVE"))
        _, resp = FILES.class_switch_file(self.b, "to", "STANDARD")
        self.assertEqual((resp.status_code, resp.ret_code, resp.error), (403, -148660, "switch class not allowed"))
        _, resp = FILES.download_file(self.b, "to", os.path.join(self.dir.name, "no"))
        self.assertEqual((resp.status_code, resp.ret_code), (403, -148671))
        self.ok(FILES.restore_file(self.b, "to"))
        _, resp = self.ok(FILES.head_file(self.b, "to"))
        self.assertIn("expiry-date", resp.x_ufile_restore)
        self.assertEqual(self.read("to"), b"bytes")

    def test_uploads_that_need_no_bytes(self):
        data = os.urandom(5_000_000)
        self.put("src", data)
        local = self.local(data)
        params = {"Hash": file_etag(local), "FileName": "hit", "FileSize": str(len(data))}
        header = {"Authorization": FILES.authorization("post", self.b, "hit")}
        url = ufile_uploadhit_url(self.b)
        self.ok(_uploadhit_file(url, header, params))
        self.assertEqual(self.read("hit"), data)
        _, resp = _uploadhit_file(url, header, dict(params, FileSize="1"))
        self.assertEqual(resp.status_code, 404)
        # JuiceFS's copy: HEAD, the ETag without its quotes, and a query that is not encoded.
        _, resp = FILES.head_file(self.b, "src")
        uri = "%s?Hash=%s&FileName=%s&FileSize=%s" % (url, resp.etag[1:-1], "dst/1", resp.content_length)
        date = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime())
        header = {"Date": date}
        header["Authorization"] = FILES.authorization("post", self.b, "dst/1", header)
        self.assertEqual(requests.post(uri, headers=header).status_code, 200)
        self.assertEqual(self.read("dst/1"), data)

    def test_liars(self):
        wrong = filemanager.FileManager(PUBLIC, "wrong")
        _, resp = wrong.putfile(self.b, "k", self.local(b"x"))
        self.assertEqual((resp.status_code, resp.ret_code, resp.error), (403, -148658, "invalid signature"))
        self.assertTrue(resp.x_session_id)
        nobody = filemanager.FileManager("TOKEN_0", PRIVATE)
        self.assertEqual(nobody.getfilelist(self.b)[1].status_code, 403)
        _, resp = FILES.putfile("not-" + self.b, "k", self.local(b"x"))
        self.assertEqual((resp.status_code, resp.ret_code, resp.error), (404, -30010, "bucket not exist"))


class Parts(Bucket):
    def test_upload_in_parts(self):
        data = os.urandom(23_000_000)
        parts = multipartuploadufile.MultipartUploadUFile(PUBLIC, PRIVATE)
        ret, resp = self.ok(parts.uploadfile(self.b, "视频.mp4", self.local(data, "v.mp4"), maxthread=3))
        self.assertEqual((ret["FileSize"], ret["Key"]), (len(data), "视频.mp4"))
        self.assertEqual(resp.etag.strip('"'), file_etag(self.local(data, "v.mp4")))
        self.assertEqual(self.read("视频.mp4"), data)
        head = S3.head_object(Bucket=self.b, Key="视频.mp4")
        self.assertEqual((head["ContentType"], head["ETag"][-3:]), ("video/mp4", '-6"'))
        self.assertTrue(FILES.compare_file_etag(self.b, "视频.mp4", self.local(data, "v.mp4")))

    def test_a_stream_and_resuming(self):
        import io

        data = os.urandom(9_000_000)
        parts = multipartuploadufile.MultipartUploadUFile(PUBLIC, PRIVATE)
        self.ok(parts.uploadstream(self.b, "stream", io.BytesIO(data)))
        self.assertEqual(self.read("stream"), data)
        again = multipartuploadufile.MultipartUploadUFile(PUBLIC, PRIVATE)
        ret, _ = self.ok(again.init_multipart_upload(self.b, "resumed"))
        self.assertEqual(ret["BlkSize"], 4 << 20)
        self.ok(again.resumeuploadstream(bucket=self.b, key="resumed", stream=io.BytesIO(data), mime_type="text/x"))
        self.assertEqual(self.read("resumed"), data)

    def test_parts_are_copied_and_listed(self):
        data = os.urandom(6_000_000)
        self.put("src", data)
        parts = multipartuploadufile.MultipartUploadUFile(PUBLIC, PRIVATE, upload_suffix=SUFFIX)
        self.ok(parts.init_multipart_upload(self.b, "copied", upload_suffix=SUFFIX))
        block = parts.blocksize
        for n, offset in enumerate(range(0, len(data), block)):
            end = min(offset + block, len(data))
            self.ok(parts.upload_part_copy(self.b, "src", "video/mp4", offset, end, n, upload_suffix=SUFFIX))
        lister = multipartuploadufile.MultipartUploadUFile(PUBLIC, PRIVATE, upload_suffix=SUFFIX)
        ret, _ = self.ok(lister.get_multi_upload_part(self.b, parts.uploadid))
        self.assertEqual([part["PartNum"] for part in ret["Parts"]], [0, 1])
        self.assertEqual([part["Size"] for part in ret["Parts"]], [block, len(data) - block])
        self.ok(parts.finish_upload())
        self.assertEqual(self.read("copied"), data)


class BothFaces(Bucket):
    def test_what_one_writes_the_other_reads(self):
        data = os.urandom(100_000)
        S3.put_object(Bucket=self.b, Key="s3", Body=data, ContentType="text/x", Metadata={"m": "n"})
        self.assertEqual(self.read("s3"), data)
        self.assertTrue(FILES.compare_file_etag(self.b, "s3", self.local(data)))
        self.put("ufile", data)
        self.assertEqual(S3.get_object(Bucket=self.b, Key="ufile")["Body"].read(), data)
        self.assertEqual(S3.head_object(Bucket=self.b, Key="ufile")["ETag"], '"%s"' % hashlib.md5(data).hexdigest())
        self.assertEqual(S3.list_objects_v2(Bucket=self.b)["KeyCount"], 2)

    def test_parts_of_both(self):
        upload = S3.create_multipart_upload(Bucket=self.b, Key="k")["UploadId"]
        data = os.urandom(11_000_000)
        parts = []
        for n, offset in enumerate(range(0, len(data), 5 << 20), 1):
            body = data[offset : offset + (5 << 20)]
            etag = S3.upload_part(Bucket=self.b, Key="k", UploadId=upload, PartNumber=n, Body=body)["ETag"]
            parts.append({"PartNumber": n, "ETag": etag})
        S3.complete_multipart_upload(Bucket=self.b, Key="k", UploadId=upload, MultipartUpload={"Parts": parts})
        self.assertEqual(self.read("k"), data)
        # Parts of 5 MiB: the hash over blocks of 4 MiB is computed when it is asked for.
        self.assertTrue(FILES.compare_file_etag(self.b, "k", self.local(data)))


class Pictures(Bucket):
    def test_pictures_come_out_of_files(self):
        self.put("shop/门.png", png(90, 60))
        smaller = "iopcmd=thumbnail&type=4&width=30"
        signed = FILES.private_download_url(self.b, "shop/门.png", expires=60)
        answer = requests.get(signed + "&" + smaller)
        self.assertEqual((answer.status_code, size(answer.content)), (200, (30, 20)))
        plain = FILES.public_download_url(self.b, "shop/门.png") + "?" + smaller
        header = {"Authorization": FILES.authorization("get", self.b, "shop/门.png")}
        self.assertEqual(size(requests.get(plain, headers=header).content), (30, 20))
        self.assertEqual(requests.get(plain).status_code, 403)
        self.assertEqual(requests.get(signed.replace("Signature=", "Signature=x") + "&" + smaller).status_code, 403)
        answer = requests.get(signed + "&iopcmd=thumbnail&type=4&width=none")
        self.assertEqual((answer.status_code, answer.json()["RetCode"]), (400, -149400))
        self.assertIn("width", answer.json()["ErrMsg"])
        self.put("text.jpg", b"no picture")
        answer = requests.get(FILES.private_download_url(self.b, "text.jpg", expires=60) + "&" + smaller)
        self.assertEqual((answer.status_code, answer.json()["RetCode"]), (400, -149400))
        answer = requests.get(signed + "&iopcmd=imageinfo")
        self.assertEqual((answer.json()["width"], answer.json()["height"]), (90, 60))


    def test_pictures_are_made_of_uploads(self):
        def put(key, ask, data, **more):
            header = {"Content-Type": "image/png", **more}
            header["Authorization"] = FILES.authorization("put", self.b, key, header)
            return requests.put(FILES.public_download_url(self.b, key) + "?" + ask, data=data, headers=header)

        # As PutFileWithIopString of UCloud's SDK for Go and withIopCmd of the one for Java send it.
        sent = png(90, 60)
        md5 = hashlib.md5(sent).hexdigest()
        ask = "iopcmd=thumbnail&type=4&width=30|iopcmd=rotate&degree=90|iopcmd=convert&dst=webp"
        answer = put("shop/门.webp", ask, sent, **{"Content-MD5": md5, "X-Ufile-Meta-Color": "red"})
        self.assertEqual(answer.status_code, 200, answer.text)
        stored = self.read("shop/门.webp")
        self.assertEqual((stored[8:12], answer.headers["ETag"].strip('"')), (b"WEBP", file_etag(self.local(stored))))
        head = S3.head_object(Bucket=self.b, Key="shop/门.webp")
        self.assertEqual((head["ContentType"], head["Metadata"]), ("image/webp", {"color": "red"}))
        signed = FILES.private_download_url(self.b, "shop/门.webp", expires=60)
        info = requests.get(signed + "&iopcmd=imageinfo").json()
        self.assertEqual((info["width"], info["height"]), (20, 30))
        head = b"IHDR" + struct.pack(">II", 65_536, 65_536) + sent[24:29]
        huge = sent[:12] + head + struct.pack(">I", zlib.crc32(head)) + sent[33:]
        for ask, data in [
            ("iopcmd=thumbnail&type=4&width=none", sent),
            ("iopcmd=nothing", sent),
            ("iopcmd", sent),
            ("iopcmd=saveAs&key=k", sent),
            ("iopcmd=rotate&degree=90", b"no picture"),
            ("iopcmd=rotate&degree=90", sent[: len(sent) // 2]),
            ("iopcmd=thumbnail&type=4&width=30", huge),
        ]:
            answer = put("bad", ask, data)
            self.assertEqual((answer.status_code, answer.json()["RetCode"]), (400, -149400), (ask, answer.text))
        self.assertEqual(FILES.head_file(self.b, "bad")[1].status_code, 404)
        self.assertEqual(put("bad", "iopcmd=rotate&degree=90", bytes(41_000_000)).status_code, 413)


class Callbacks(Bucket):
    def setUp(self):
        super().setUp()
        heard = self.heard = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                heard.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(b'{"task": 7}')

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", CALLBACKS), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)

    def put(self, url):
        policy = json.dumps({"callbackUrl": url, "callbackBody": "key=flower.jpg&policy=mypolicy"}, separators=(",", ":"))
        policy = urlsafe_b64encode(policy)
        text = "PUT\n\nimage/jpeg\n\n/%s/flower.jpg%s" % (self.b, policy)
        headers = {
            "Content-Type": "image/jpeg",
            "Authorization": "UCloud %s:%s:%s" % (PUBLIC, Auth(PUBLIC, PRIVATE).ufile_signature(text), policy),
        }
        return requests.put("http://%s%s/flower.jpg" % (self.b, SUFFIX), data=b"jpeg", headers=headers)

    def test_an_upload_calls_back(self):
        done = self.put("http://127.0.0.1:%d/CreateUmediaTask" % self.server.server_port)
        self.assertEqual((done.status_code, done.json()), (200, {"task": 7}))
        self.assertEqual(self.heard, ["key=flower.jpg&policy=mypolicy"])
        self.assertEqual(self.read("flower.jpg"), b"jpeg")

    def test_nobody_is_called_inside(self):
        for url in ["http://10.0.0.1/", "http://169.254.169.254/latest/", "http://[::1]:%s/" % PORT, "http://127.0.0.1:%s/" % PORT]:
            self.assertEqual(self.put(url).status_code, 400, url)
        self.assertEqual(FILES.head_file(self.b, "flower.jpg")[1].status_code, 404)


if __name__ == "__main__":
    unittest.main()
