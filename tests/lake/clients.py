"""SQL clients against a running Doorstep.

    clients.py READY_FILE DATA_DIR BINARY PROCESS_ID
"""

import datetime
import decimal
import glob
import json
import os
import subprocess
import sys
import time
import unittest
import urllib.error
import urllib.request

import adbc_driver_flightsql.dbapi as flight
import boto3
import duckdb
import pyarrow as pa
from botocore.client import Config

READY = json.load(open(sys.argv[1]))
DATA, BINARY, PROCESS = sys.argv[2], sys.argv[3], int(sys.argv[4])
API = "http://" + READY["api"]
FLIGHT = "grpc://" + READY["flight"]
KEY = READY["admin_key"]
PAIR = f"{KEY['access']}:{KEY['secret']}"
RUNAWAY = "SELECT sum(a.value * b.value % 7) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b"


def call(method, path, body=None, pair=PAIR, accept="application/json"):
    """Status and decoded answer of a call of the API."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"authorization": f"Bearer {pair}", "content-type": "application/json", "accept": accept}
    request = urllib.request.Request(API + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            raw, status = answer.read(), answer.status
    except urllib.error.HTTPError as error:
        raw, status = error.read(), error.code
    if accept != "application/json" and status == 200:
        return status, raw
    return status, json.loads(raw) if raw else None


def sql(statement, pair=PAIR, **more):
    status, answer = call("POST", "/v1/sql", {"statement": statement, **more}, pair)
    if status != 200:
        raise AssertionError(f"{statement}: {status} {answer}")
    return answer["rows"]


def rows_in_time(statement, wanted, seconds=20):
    """The rows of a statement, once there are so many: what happens is a row seconds later."""
    deadline = time.monotonic() + seconds
    while len(rows := sql(statement)) < wanted and time.monotonic() < deadline:
        time.sleep(0.3)
    return rows


def connect(access=KEY["access"], secret=KEY["secret"]):
    return flight.connect(FLIGHT, db_kwargs={"username": access, "password": secret}, autocommit=True)


def stranger():
    """A key that was granted nothing."""
    _, key = call("POST", "/v1/keys", {"name": "partner", "scopes": ["partner"]})
    return key


def cpu_seconds():
    with open(f"/proc/{PROCESS}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        sql("CREATE TABLE kinds AS SELECT * FROM (VALUES "
            "(1, 'ü', 1.25::DECIMAL(10,2), DATE '2026-01-31', TIMESTAMP '2026-01-31 23:59:59.5', true, 0.5::DOUBLE), "
            "(2, NULL, NULL, NULL, NULL, NULL, NULL)) AS t (id, name, price, day, at, yes, part)")
        sql("CREATE TABLE many AS SELECT value AS n, value % 97 AS g, md5(CAST(value AS VARCHAR)) AS h "
            "FROM generate_series(1, 200000)")

    def test_flight_sql_gives_the_rows_and_types_of_http(self):
        with connect() as db, db.cursor() as cursor:
            cursor.execute("SELECT * FROM kinds ORDER BY id")
            table = cursor.fetch_arrow_table()
        at = datetime.datetime(2026, 1, 31, 23, 59, 59, 500000)
        first = {"id": 1, "name": "ü", "price": decimal.Decimal("1.25"), "day": datetime.date(2026, 1, 31), "at": at,
                 "yes": True, "part": 0.5}
        self.assertEqual(table.to_pylist(), [first, {name: 2 if name == "id" else None for name in first}])
        status, raw = call("POST", "/v1/sql", {"statement": "SELECT * FROM kinds ORDER BY id"},
                           accept="application/vnd.apache.arrow.stream")
        self.assertEqual(status, 200)
        self.assertEqual(pa.ipc.open_stream(raw).read_all(), table.cast(pa.ipc.open_stream(raw).schema))
        rows = sql("SELECT id, name, price, day FROM kinds ORDER BY id")
        self.assertEqual((rows[0]["name"], rows[0]["day"], rows[1]["price"]), ("ü", "2026-01-31", None))

    def test_flight_sql_streams_changes_prepares_and_lists(self):
        with connect() as db:
            with db.cursor() as cursor:
                cursor.execute("SELECT n, h FROM many")
                self.assertEqual(sum(batch.num_rows for batch in cursor.fetch_record_batch()), 200_000)
            with db.cursor() as cursor:
                cursor.execute("CREATE TABLE made_here AS SELECT 1 AS x")
                cursor.executescript("INSERT INTO made_here SELECT n FROM many WHERE n <= 10")
                cursor.execute("SELECT count(*), sum(x) FROM made_here")
                self.assertEqual(cursor.fetchone(), (11, 56))
            found = db.adbc_get_objects(depth="tables").read_all().to_pylist()
            tables = {(schema["db_schema_name"], table["table_name"]) for catalog in found
                      for schema in catalog["catalog_db_schemas"] for table in schema["db_schema_tables"]}
            self.assertLessEqual({("default", "many"), ("doorstep", "queries")}, tables)
            with db.cursor() as cursor, self.assertRaisesRegex(Exception, "did you mean many"):
                cursor.execute("SELECT * FROM mny")

    def test_flight_sql_wants_a_key_and_shows_no_more_than_it_may(self):
        with self.assertRaisesRegex(Exception, "(?i)unauthenticated"):
            with connect(secret="wrong") as db, db.cursor() as cursor:
                cursor.execute("SELECT 1")
        key = stranger()
        with connect(key["access"], key["secret"]) as db, db.cursor() as cursor:
            with self.assertRaisesRegex(Exception, "may not read"):
                cursor.execute("SELECT * FROM many")
        grant = {"key": key["id"], "table": "many", "columns": ["n", "g"], "rows": "g = 5"}
        self.assertEqual(call("POST", "/v1/sql/grants", grant)[0], 204)
        with connect(key["access"], key["secret"]) as db, db.cursor() as cursor:
            cursor.execute("SELECT count(*), min(g), max(g) FROM many WHERE g = 6 OR true")
            self.assertEqual(cursor.fetchone(), (2062, 5, 5))
            with self.assertRaises(Exception):
                cursor.execute("SELECT h FROM many")

    def test_duckdb_reads_the_same_files(self):
        folders = glob.glob(os.path.join(DATA, "lake", "tables", "main", "*"))
        ours = sql("SELECT count(*) AS n, sum(n) AS total, max(h) AS h FROM many")[0]
        theirs = set()
        for folder in folders:
            files = os.path.join(folder, "**", "*.parquet")
            names = [row[0] for row in duckdb.execute(f"DESCRIBE SELECT * FROM read_parquet('{files}')").fetchall()]
            if names == ["n", "g", "h"]:
                theirs.add(duckdb.execute(f"SELECT count(*), sum(n), max(h) FROM read_parquet('{files}')").fetchone())
        self.assertEqual(theirs, {(ours["n"], ours["total"], ours["h"])})

    def test_a_cancelled_query_uses_no_cpu_a_second_later(self):
        idle = cpu_seconds()
        time.sleep(1.5)
        idle = cpu_seconds() - idle
        status, job = call("POST", "/v1/sql", {"statement": RUNAWAY, "async": True})
        self.assertEqual(status, 202)
        began = cpu_seconds()
        deadline = time.monotonic() + 30
        while cpu_seconds() - began < 0.5 and time.monotonic() < deadline:
            time.sleep(0.05)
        self.assertGreaterEqual(cpu_seconds() - began, 0.5, "it works")
        self.assertEqual(call("DELETE", f"/v1/sql/queries/{job['id']}")[0], 204)
        time.sleep(1)
        after = cpu_seconds()
        time.sleep(1.5)
        self.assertLess(cpu_seconds() - after, 2 * idle + 0.5, "its threads are still at it")

    def test_objects_are_a_table(self):
        s3 = boto3.client("s3", endpoint_url="http://" + READY["objects"], region_name="us-east-1",
                          aws_access_key_id=KEY["access"], aws_secret_access_key=KEY["secret"],
                          config=Config(s3={"addressing_style": "path"}))
        for bucket, keys in [("first-bucket", ["a/1", "a/2", "b"]), ("second-bucket", ["c"])]:
            s3.create_bucket(Bucket=bucket)
            for key in keys:
                s3.put_object(Bucket=bucket, Key=key, Body=b"x" * len(key), ContentType="text/plain")
        s3.delete_object(Bucket="first-bucket", Key="b")
        rows = sql("SELECT bucket, key, size, content_type FROM object_inventory ORDER BY bucket, key")
        self.assertEqual([(r["bucket"], r["key"], r["size"]) for r in rows],
                         [("first-bucket", "a/1", 3), ("first-bucket", "a/2", 3), ("second-bucket", "c", 1)])
        self.assertEqual(rows[0]["content_type"], "text/plain")
        s3.get_object(Bucket="first-bucket", Key="a/1")["Body"].read()
        with self.assertRaises(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://{READY['objects']}/second-bucket/c")
        told = "SELECT operation, key, status, let_in, bytes_sent, by_key, remote_ip FROM object_requests WHERE "
        rows = rows_in_time(told + "key = 'a/1' AND operation = 'GetObject'", 1)
        self.assertEqual([(r["status"], r["let_in"], r["bytes_sent"], r["by_key"], r["remote_ip"]) for r in rows],
                         [(200, True, 3, PAIR.split(":")[0], "127.0.0.1")])
        puts = rows_in_time(told + "operation = 'PutObject' AND status = 200", 4)
        self.assertEqual({"a/1", "a/2", "b", "c"}, {r["key"] for r in puts})
        refused = rows_in_time(told + "NOT let_in", 1)
        self.assertEqual([(r["key"], r["status"], r["by_key"]) for r in refused], [("c", 403, None)])
        egress = sum(r["quantity"] for r in rows_in_time("SELECT quantity FROM usage WHERE resource = 'egress' "
                                                         "AND source = 'first-bucket'", 1))
        self.assertGreaterEqual(egress, 3)

    def test_the_terminal_prints_rows_and_what_they_took(self):
        run = lambda *args: subprocess.run([BINARY, "sql", "--server", API, "--key", PAIR, *args], text=True,
                                           capture_output=True)
        done = run("--json", "--stats", "SELECT g, count(*) AS n FROM many GROUP BY g ORDER BY g LIMIT 2")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(lines[:2], [{"g": 0, "n": 2061}, {"g": 1, "n": 2062}], done.stderr)
        self.assertGreater(lines[2]["bytes_scanned"], 0)
        self.assertEqual(lines[2]["rows"], 2)
        wrong = run("SELECT nothing FROM many")
        self.assertEqual((wrong.returncode, "nothing FROM many" in wrong.stderr, "^" in wrong.stderr), (1, True, True))

    def test_rows_are_changed_over_flight_sql(self):
        sql("CREATE TABLE stock AS SELECT * FROM (VALUES ('tea', 5), ('ink', 1)) AS t (item, n)")
        with connect() as db, db.cursor() as cursor:
            cursor.executescript("UPDATE stock SET n = n + 1 WHERE item = 'tea'")
            cursor.executescript("MERGE INTO stock USING (SELECT 'cap' AS item, 4 AS n) AS s ON stock.item = s.item "
                                 "WHEN NOT MATCHED THEN INSERT VALUES (s.item, s.n)")
            cursor.executescript("DELETE FROM stock WHERE item = 'ink'")
            cursor.execute("CREATE FUNCTION double_of(x BIGINT) RETURNS BIGINT RETURN x * 2")
            cursor.execute("SELECT item, double_of(n) FROM stock ORDER BY item")
            self.assertEqual(cursor.fetchall(), [("cap", 8), ("tea", 12)])
            cursor.execute("GRANT SELECT ON stock TO USER somebody")
            cursor.execute("SHOW GRANT USER somebody")
            self.assertEqual(cursor.fetchall(), [("default", "stock", "somebody", "SELECT", None, None)])

    def test_own_buckets_are_tables(self):
        s3 = boto3.client("s3", endpoint_url="http://" + READY["objects"], region_name="us-east-1",
                          aws_access_key_id=KEY["access"], aws_secret_access_key=KEY["secret"],
                          config=Config(s3={"addressing_style": "path"}))
        s3.create_bucket(Bucket="own-files")
        file = os.path.join(DATA, "own.parquet")
        duckdb.execute(f"COPY (SELECT range AS n, range % 10 AS g FROM range(1000)) TO '{file}' (FORMAT parquet)")
        s3.upload_file(file, "own-files", "in/own.parquet")
        sql("CREATE EXTERNAL TABLE own STORED AS PARQUET LOCATION 's3://own-files/in/'")
        self.assertEqual(sql("SELECT count(*) AS n, sum(n) AS total FROM own WHERE g = 3"), [{"n": 100, "total": 49_800}])
        with connect() as db, db.cursor() as cursor:
            cursor.execute("SELECT max(n) FROM own")
            self.assertEqual(cursor.fetchone(), (999,))
        sql("CREATE EXTERNAL TABLE made (n BIGINT, g BIGINT) STORED AS PARQUET LOCATION 's3://own-files/out/'")
        sql("INSERT INTO made SELECT n, g FROM own WHERE n < 5")
        [made] = s3.list_objects_v2(Bucket="own-files", Prefix="out/")["Contents"]
        back = os.path.join(DATA, "back.parquet")
        s3.download_file("own-files", made["Key"], back)
        self.assertEqual(duckdb.execute(f"SELECT count(*), sum(n) FROM read_parquet('{back}')").fetchone(), (5, 10))

    def test_what_others_ask_is_not_seen(self):
        secret = "SELECT 'a secret word' AS said"
        sql(secret)
        for _ in range(200):
            if sql("SELECT count(*) AS n FROM queries WHERE statement LIKE 'SELECT ''a secret%'")[0]["n"]:
                break
            time.sleep(0.05)
        else:
            self.fail("the query is no row of queries")
        key = stranger()
        pair = f"{key['access']}:{key['secret']}"
        self.assertEqual(call("POST", "/v1/sql", {"statement": "SELECT * FROM queries"}, pair)[0], 403)
        self.assertEqual(call("GET", "/v1/sql/queries", None, pair), (200, []))
        self.assertEqual(call("GET", "/v1/sql/tables", None, pair), (200, []))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
