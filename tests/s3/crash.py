"""kill -9 under load, again and again: what was acknowledged is whole, nothing else is seen.

    crash.py DOORSTEP ROUNDS
"""

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time

import boto3
from botocore.client import Config

BINARY, ROUNDS = sys.argv[1], int(sys.argv[2])
SIZES = [0, 1, 4096, 100_000, 131_073, 1_500_000, 6_000_000]


def start(data, log):
    ready = os.path.join(data, "ready.json")
    if os.path.exists(ready):
        os.remove(ready)
    command = [BINARY, "up", "--ephemeral", "--data", data, "--roles", "objects", "--ready-file", ready, "--log", "warn"]
    process = subprocess.Popen(command, stderr=log)
    for _ in range(600):
        if os.path.exists(ready):
            with open(ready) as file:
                told = json.load(file)
            config = Config(retries={"max_attempts": 1}, s3={"addressing_style": "path"}, max_pool_connections=16)
            make = lambda: boto3.client(
                "s3",
                endpoint_url="http://" + told["objects"],
                region_name="us-east-1",
                aws_access_key_id=told["admin_key"]["access"],
                aws_secret_access_key=told["admin_key"]["secret"],
                config=config,
            )
            return process, make
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit("it did not start: see " + log.name)


def load(make, acknowledged, sent, stop, lock, number, name):
    """Writes until the server is gone; remembers what was answered and what was only sent."""
    s3, chance = make(), random.Random(number)
    count = 0
    while not stop.is_set():
        count += 1
        key = "%s/%d/%d" % (name, number, count % 40)
        body = os.urandom(chance.choice(SIZES))
        digest = hashlib.sha256(body).hexdigest()
        with lock:
            sent.setdefault(key, set()).add(digest)
        try:
            if chance.random() < 0.15:
                s3.delete_object(Bucket="crash", Key=key)
                with lock:
                    acknowledged[key] = None
            elif len(body) > 5 << 20 and chance.random() < 0.5:
                upload = s3.create_multipart_upload(Bucket="crash", Key=key)["UploadId"]
                cut = 5 << 20
                parts = []
                for part, piece in enumerate([body[:cut], body[cut:]], 1):
                    done = s3.upload_part(Bucket="crash", Key=key, UploadId=upload, PartNumber=part, Body=piece)
                    parts.append({"PartNumber": part, "ETag": done["ETag"]})
                s3.complete_multipart_upload(Bucket="crash", Key=key, UploadId=upload, MultipartUpload={"Parts": parts})
                with lock:
                    acknowledged[key] = digest
            else:
                s3.put_object(Bucket="crash", Key=key, Body=body)
                with lock:
                    acknowledged[key] = digest
        except Exception:  # the server is gone: whether this write counts is open
            with lock:
                acknowledged.setdefault(key, None)
                sent[key].add("open")
            return


def main():
    with tempfile.TemporaryDirectory() as data, open(os.path.join(data, "log"), "w") as log:
        process, make = start(data, log)
        make().create_bucket(Bucket="crash")
        checked = 0
        for turn in range(ROUNDS):
            acknowledged, sent, stop, lock = {}, {}, threading.Event(), threading.Lock()
            workers = [
                threading.Thread(target=load, args=(make, acknowledged, sent, stop, lock, n, "r%d" % turn)) for n in range(6)
            ]
            [w.start() for w in workers]
            time.sleep(random.uniform(0.5, 2.5))
            process.send_signal(signal.SIGKILL)
            process.wait()
            stop.set()
            [w.join() for w in workers]
            process, make = start(data, log)
            s3 = make()
            listed = {}
            for page in s3.get_paginator("list_objects_v2").paginate(Bucket="crash", Prefix="r%d/" % turn):
                for found in page.get("Contents", []):
                    listed[found["Key"]] = found["Size"]
            for key in set(acknowledged) | set(listed):
                open_end = "open" in sent.get(key, set())
                digest = None
                if key in listed:
                    digest = hashlib.sha256(s3.get_object(Bucket="crash", Key=key)["Body"].read()).hexdigest()
                    assert digest in sent[key], "%s holds bytes that nobody sent" % key
                if not open_end:
                    assert digest == acknowledged[key], "%s is not what was acknowledged" % key
                checked += 1
        process.terminate()
        process.wait()
        assert checked > ROUNDS * 5, "too little was written to judge: %d" % checked
        print("crashes: %d, objects judged: %d" % (ROUNDS, checked))


main()
