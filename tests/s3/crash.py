"""kill -9 under load, again and again: what was acknowledged is whole, nothing else is seen, and what the kills left
behind is collected.

    crash.py DOORSTEP ROUNDS [POSTGRES_URL]

The metadata is in SQLite, or in the empty schema that the URL names; then PSQL is the client that asks there. The bytes
are on disk, or in HDFS where DOORSTEP_OBJECTS_BYTES names a folder there.
"""

import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

import boto3
from botocore.client import Config

BINARY, ROUNDS = sys.argv[1], int(sys.argv[2])
STORE = sys.argv[3] if len(sys.argv) > 3 else None
HDFS = os.environ.get("DOORSTEP_OBJECTS_BYTES")
SIZES = [0, 1, 4096, 100_000, 131_073, 1_500_000, 6_000_000]


def start(data, log, **settings):
    ready = os.path.join(data, "ready.json")
    if os.path.exists(ready):
        os.remove(ready)
    command = [BINARY, "up", "--ephemeral", "--data", data, "--roles", "objects", "--ready-file", ready, "--log", "warn"]
    command += ["--store", STORE] if STORE else []
    process = subprocess.Popen(command, stderr=log, env={**os.environ, **settings})
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


def rows(data, sql):
    """Rows of the metadata."""
    if not STORE:
        with sqlite3.connect("file:%s?mode=ro" % os.path.join(data, "doorstep.db"), uri=True) as db:
            return db.execute(sql).fetchall()
    told = subprocess.run([os.environ["PSQL"], STORE, "-XAtF", "\x1f", "-c", sql], check=True, capture_output=True, text=True)
    cell = lambda text: None if text == "" else int(text) if text.isdigit() else text
    return [tuple(cell(text) for text in line.split("\x1f")) for line in told.stdout.splitlines()]


def names(data):
    """Files of finished blobs. Those that HDFS's writer has not moved to their place yet (.ID.tmp.1) go after a week."""
    if HDFS:
        import hdfs_native

        at = urllib.parse.urlsplit(HDFS)
        client = hdfs_native.Client("hdfs://" + at.netloc)
        listed = client.list_status(at.path, recursive=True)
        all_of_them = {os.path.basename(found.path) for found in listed if not found.isdir}
        return {name for name in all_of_them if name != "owner" and not name.startswith(".")}
    files = os.path.join(data, "blobs", "files")
    return {name for part in os.listdir(files) for name in os.listdir(os.path.join(files, part))}


def leftovers(data):
    """What nobody owns: rows, files, segments. Empty once the sweeps have done their work."""
    blobs = rows(data, "SELECT id, place, refs, segment, size FROM blobs")
    owned = dict(
        rows(
            data,
            """SELECT blob, COUNT(*) FROM (SELECT blob FROM objects UNION ALL SELECT blob FROM object_versions
               UNION ALL SELECT blob FROM object_pieces UNION ALL SELECT blob FROM object_parts) AS owners
               WHERE blob IS NOT NULL GROUP BY blob""",
        )
    )
    found = []
    for blob, _, refs, _, _ in blobs:
        assert refs == owned.get(blob, 0), "blob %s counts %d owners of %d" % (blob, refs, owned.get(blob, 0))
        if refs == 0:
            found.append("row %s" % blob)
    assert not set(owned) - {row[0] for row in blobs}, "an object's bytes are in no table"
    there = names(data)
    kind = "r:" if HDFS else "f:"
    wanted = {place[2:] for _, place, _, _, _ in blobs if place.startswith(kind)}
    held = {place[2:] for _, place, refs, _, _ in blobs if place.startswith(kind) and refs > 0}
    assert not held - there, "files are gone: %s" % (held - there)
    found += ["file " + name for name in there - wanted]
    if HDFS:
        return found
    packs = os.path.join(data, "blobs", "packs")
    segments = sorted(os.listdir(packs))
    for name in segments[:-1]:  # the last one may be open
        number = int(name.split(".")[0], 16)
        alive = [size for _, _, _, segment, size in blobs if segment == number]
        if not alive or sum(alive) * 2 < os.path.getsize(os.path.join(packs, name)):
            found.append("segment " + name)
    return found


def main():
    with tempfile.TemporaryDirectory() as data, open(os.path.join(data, "log"), "w") as log:
        process, make = start(data, log)
        make().create_bucket(Bucket="crash")
        checked, known = 0, {}
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
                if digest:
                    known[key] = digest
        process.terminate()
        process.wait()
        left = leftovers(data)
        process, make = start(data, log, DOORSTEP_OBJECTS_GRACE_S="1", DOORSTEP_OBJECTS_SWEEP_S="1")
        for _ in range(180):
            time.sleep(0.5)
            still = leftovers(data)
            if not still:
                break
        assert not still, "never collected: %s" % still[:10]
        s3 = make()
        for key in random.sample(sorted(known), min(len(known), 300)):
            body = s3.get_object(Bucket="crash", Key=key)["Body"].read()
            assert hashlib.sha256(body).hexdigest() == known[key], "%s was swept or changed" % key
        process.terminate()
        process.wait()
        kinds = {kind: sum(1 for one in left if one.startswith(kind)) for kind in ("row", "file", "segment")}
        print("left by the kills and collected: %(row)d rows, %(file)d files, %(segment)d segments" % kinds)
        assert checked > ROUNDS * 5, "too little was written to judge: %d" % checked
        print("crashes: %d, objects judged: %d" % (ROUNDS, checked))


main()
