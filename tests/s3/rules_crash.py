"""kill -9 while upload rules are followed: every acknowledged upload gets its results, each of them once.

    rules_crash.py DOORSTEP ROUNDS [POSTGRES_URL]

The metadata is in SQLite, or in the empty schema that the URL names.
"""

import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import zlib

import boto3
from botocore.client import Config

BINARY, ROUNDS = sys.argv[1], int(sys.argv[2])
STORE = ["--store", sys.argv[3]] if len(sys.argv) > 3 else []
WIDTHS = [8, 12, 16]


def png(seed):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + bytes((x * 7 + seed * 13) % 256 for x in range(48 * 3))
    head = struct.pack(">IIBBBBB", 48, 48, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(row * 48)) + chunk(b"IEND", b"")


class Server:
    def __init__(self, data, log):
        ready = os.path.join(data, "ready.json")
        if os.path.exists(ready):
            os.remove(ready)
        command = [BINARY, "up", "--ephemeral", "--data", data, "--roles", "city,api,objects", "--ready-file", ready, "--log", "warn"]
        command += STORE
        # A job is held for twice this time and five seconds by a process that died.
        environment = dict(os.environ, DOORSTEP_PICTURES_TIME_S="2")
        self.process = subprocess.Popen(command, stderr=log, env=environment)
        for _ in range(600):
            if os.path.exists(ready):
                break
            assert self.process.poll() is None, "it did not start: see " + log.name
            time.sleep(0.1)
        self.told = json.load(open(ready))

    def s3(self):
        return boto3.client(
            "s3",
            endpoint_url="http://" + self.told["objects"],
            region_name="us-east-1",
            aws_access_key_id=self.told["admin_key"]["access"],
            aws_secret_access_key=self.told["admin_key"]["secret"],
            config=Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}),
        )

    def put(self, path, body):
        key = self.told["admin_key"]
        request = urllib.request.Request(
            "http://" + self.told["api"] + path,
            data=json.dumps(body).encode(),
            method="PUT",
            headers={"Authorization": "Bearer %s:%s" % (key["access"], key["secret"]), "Content-Type": "application/json"},
        )
        urllib.request.urlopen(request).read()

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


def upload(server, round, number, acknowledged, lock):
    s3 = server.s3()
    for count in range(100):
        key = "up/%d-%d-%d.png" % (round, number, count)
        try:
            s3.put_object(Bucket="rules", Key=key, Body=png(round * 1000 + number * 100 + count), ContentType="image/png")
        except Exception:  # the server is gone
            return
        with lock:
            acknowledged.append(key)


def main():
    with tempfile.TemporaryDirectory() as data, open(os.path.join(data, "log"), "w") as log:
        server = Server(data, log)
        server.s3().create_bucket(Bucket="rules")
        server.s3().put_bucket_versioning(Bucket="rules", VersioningConfiguration={"Status": "Enabled"})
        results = [{"process": "image/resize,w_%d" % w, "key": "made/%d/{stem}.{ext}" % w} for w in WIDTHS]
        server.put("/v1/buckets/rules/pictures", {"rules": [{"name": "sizes", "prefix": "up/", "results": results}]})
        acknowledged, lock = [], threading.Lock()
        for round in range(ROUNDS):
            threads = [threading.Thread(target=upload, args=(server, round, n, acknowledged, lock)) for n in range(3)]
            [t.start() for t in threads]
            time.sleep(0.7 + 0.4 * round)
            server.kill()
            [t.join() for t in threads]
            server = Server(data, log)
        wanted = {"made/%d/%s" % (w, key[3:]) for key in acknowledged for w in WIDTHS}
        until = time.time() + 120
        while True:
            versions = {}
            for page in server.s3().get_paginator("list_object_versions").paginate(Bucket="rules", Prefix="made/"):
                for version in page.get("Versions", []):
                    versions[version["Key"]] = versions.get(version["Key"], 0) + 1
            missing = wanted - set(versions)
            if not missing or time.time() > until:
                break
            time.sleep(0.5)
        assert not missing, "never made: %s" % sorted(missing)[:10]
        twice = {key: count for key, count in versions.items() if count > 1}
        assert not twice, "made more than once: %s" % twice
        server.kill()
        print("rules: %d uploads, %d results, %d crashes, none lost and none twice" % (len(acknowledged), len(wanted), ROUNDS))


if __name__ == "__main__":
    main()
