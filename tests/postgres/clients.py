"""PostgreSQL clients against a running Doorstep.

    clients.py READY_FILE BINARY DATA_DIR PSQL
"""

import datetime
import decimal
import json
import os
import subprocess
import sys
import threading
import time
import unittest
import urllib.request

import psycopg
import psycopg2
import sqlalchemy

READY = json.load(open(sys.argv[1]))
BINARY, DATA, PSQL = sys.argv[2:5]
HOST, PORT = READY["postgres"].rsplit(":", 1)
KEY = READY["admin_key"]
API = "http://" + READY["api"]
RUNAWAY = "SELECT sum(a.value * b.value % 7) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b"


def connect(key=KEY, **more):
    more = {"dbname": "default", "autocommit": True, **more}
    return psycopg.connect(host=HOST, port=PORT, user=key["access"], password=key["secret"], **more)


def psql(*words, key=KEY):
    env = {**os.environ, "PGPASSWORD": key["secret"], "LC_ALL": "C.UTF-8", "PSQLRC": "/dev/null"}
    command = [PSQL, "-X", "-A", "-t", "-h", HOST, "-p", PORT, "-U", key["access"], "-d", "default", *words]
    return subprocess.run(command, env=env, text=True, capture_output=True, timeout=120)


def sql(statement):
    """Rows over HTTP."""
    headers = {"authorization": f"Bearer {KEY['access']}:{KEY['secret']}", "content-type": "application/json"}
    request = urllib.request.Request(API + "/v1/sql", json.dumps({"statement": statement}).encode(), headers)
    return json.load(urllib.request.urlopen(request))["rows"]


class Clients(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with connect() as db:
            db.execute("CREATE TABLE kinds AS SELECT * FROM (VALUES "
                       "(1, 'ü', 1.25::DECIMAL(10,2), DATE '2026-01-31', TIMESTAMP '2026-01-31 23:59:59.5', true, 0.5::DOUBLE), "
                       "(2, NULL, NULL, NULL, NULL, NULL, NULL)) AS t (id, name, price, day, at, yes, part)")
            db.execute("CREATE TABLE many AS SELECT value AS n, value % 97 AS g FROM generate_series(1, 200000)")
            db.execute("CREATE VIEW few AS SELECT n FROM many WHERE n < 10")

    def test_psycopg_gives_the_rows_of_http_in_both_formats(self):
        at = datetime.datetime(2026, 1, 31, 23, 59, 59, 500000)
        first = (1, "ü", decimal.Decimal("1.25"), datetime.date(2026, 1, 31), at, True, 0.5)
        for binary in (False, True):
            with connect() as db, db.cursor(binary=binary) as cursor:
                rows = cursor.execute("SELECT * FROM kinds ORDER BY id").fetchall()
                self.assertEqual(rows, [first, (2, None, None, None, None, None, None)], f"binary: {binary}")
                tz = cursor.execute("SELECT TIMESTAMP '2026-01-31 12:00:00' AT TIME ZONE 'UTC' AS at").fetchone()[0]
                self.assertEqual(tz, datetime.datetime(2026, 1, 31, 12, tzinfo=datetime.timezone.utc))
                row = cursor.execute("SELECT [1, 2, NULL] AS a, ['x y', 'z'] AS b, X'00ff' AS c, {'k': 1} AS d").fetchone()
                self.assertEqual(row, ([1, 2, None], ["x y", "z"], b"\x00\xff", {"k": 1}))
        over_http = sql("SELECT id, name, day FROM kinds ORDER BY id")
        self.assertEqual([(r["id"], r["name"], r["day"]) for r in over_http], [(1, "ü", "2026-01-31"), (2, None, None)])

    def test_psycopg_binds_values(self):
        with connect() as db:
            db.execute("CREATE TABLE written (id BIGINT, name VARCHAR, price DECIMAL(20, 5), at TIMESTAMP, day DATE)")
            at, day = datetime.datetime(2026, 5, 4, 3, 2, 1, 500), datetime.date(1969, 7, 20)
            with db.cursor() as cursor:
                rows = [(n, f"it's {n}; --", decimal.Decimal("-1234.50001"), at, day) for n in range(5)]
                cursor.executemany("INSERT INTO written VALUES (%s, %s, %s, %s, %s)", rows)
                self.assertEqual(cursor.execute("SELECT * FROM written ORDER BY id").fetchall(), rows)
                found = cursor.execute("SELECT id FROM written WHERE name = %s AND day < %s AND price < %b",
                                       ("it's 3; --", datetime.date(2000, 1, 1), decimal.Decimal("0.5"))).fetchall()
                self.assertEqual(found, [(3,)])
                # Prepared on the server after a few runs.
                for n in range(12):
                    count = cursor.execute("SELECT count(*) FROM many WHERE g = %s", (n,)).fetchone()[0]
                    self.assertIn(count, (2061, 2062))

    def test_a_temporary_table_is_its_connections_alone(self):
        with connect() as one, connect() as other:
            one.execute("CREATE TEMP TABLE many AS SELECT 7 AS n")
            one.execute("CREATE TEMPORARY TABLE picked (n BIGINT, name VARCHAR)")
            with one.cursor() as cursor:
                cursor.executemany("INSERT INTO picked VALUES (%s, %s)", [(n, f"row {n}") for n in range(3)])
            joined = one.execute("SELECT p.name FROM picked p JOIN few f ON f.n = p.n ORDER BY 1").fetchall()
            self.assertEqual(joined, [("row 1",), ("row 2",)])
            self.assertEqual(one.execute("SELECT n FROM many").fetchall(), [(7,)])
            self.assertEqual(other.execute("SELECT count(*) FROM many").fetchone(), (200_000,))
            with self.assertRaises(psycopg.errors.UndefinedTable):
                other.execute("SELECT * FROM picked")
            one.execute("DISCARD ALL")
            self.assertEqual(one.execute("SELECT count(*) FROM many").fetchone(), (200_000,))
        left = sql("SELECT table_name FROM information_schema.tables WHERE table_name LIKE '%temporary%'")
        self.assertEqual(left, [])

    def test_a_big_answer_comes_in_pieces(self):
        with connect(autocommit=False) as db, db.cursor("rows") as cursor:
            cursor.itersize = 10_000
            cursor.execute("SELECT n FROM many")
            self.assertEqual(sum(n for (n,) in cursor), 20_000_100_000)
        old = psycopg2.connect(host=HOST, port=PORT, user=KEY["access"], password=KEY["secret"], dbname="default")
        with old, old.cursor("rows") as cursor:
            cursor.itersize = 30_000
            cursor.execute("SELECT n, g FROM many WHERE n > %s", (100_000,))
            self.assertEqual(sum(1 for _ in cursor), 100_000)
        old.close()
        with connect() as db, db.cursor() as cursor:
            self.assertEqual(sum(1 for _ in cursor.stream("SELECT n FROM many")), 200_000)

    def test_a_query_is_cancelled_and_the_session_goes_on(self):
        with connect() as db:
            timer = threading.Timer(1, db.cancel)
            timer.start()
            began = time.monotonic()
            with self.assertRaises(psycopg.errors.QueryCanceled):
                db.execute(RUNAWAY)
            self.assertLess(time.monotonic() - began, 30)
            self.assertEqual(db.execute("SELECT 1").fetchone(), (1,))
            db.execute("SET statement_timeout = '200ms'")
            with self.assertRaises(psycopg.errors.QueryCanceled):
                db.execute(RUNAWAY)

    def test_errors_have_their_classes(self):
        with self.assertRaisesRegex(psycopg.OperationalError, "secret is not good"):
            connect({"access": KEY["access"], "secret": "wrong"})
        with self.assertRaisesRegex(psycopg.OperationalError, "there is no database"):
            connect(dbname="nowhere")
        with connect() as db:
            for statement, error in [
                ("SELEC 1", psycopg.errors.SyntaxError),
                ("SELECT * FROM mny", psycopg.errors.UndefinedTable),
                ("SELECT m FROM many", psycopg.errors.UndefinedColumn),
                ("CREATE TABLE many (n INT)", psycopg.errors.DuplicateTable),
                ("SELECT 1 / (n - n) FROM many", psycopg.errors.DivisionByZero),
                ("LISTEN x", psycopg.errors.FeatureNotSupported),
            ]:
                with self.assertRaises(error, msg=statement):
                    db.execute(statement)
            with self.assertRaises(psycopg.errors.UndefinedTable) as caught:
                db.execute("SELECT * FROM mny")
            self.assertEqual(caught.exception.diag.message_hint, "did you mean many?")

    def test_two_tenants_see_nothing_of_each_other(self):
        made = subprocess.run([BINARY, "tenant", "create", "other", "--data", DATA, "--json"], text=True,
                              capture_output=True)
        self.assertEqual(made.returncode, 0, made.stderr)
        key = json.loads(made.stdout)
        with connect(key) as db:
            with self.assertRaises(psycopg.errors.UndefinedTable):
                db.execute("SELECT * FROM many")
            names = db.execute("SELECT table_name FROM information_schema.tables").fetchall()
            self.assertNotIn(("many",), names)
            self.assertIn(("queries",), names)
            self.assertEqual(db.execute("SELECT relname FROM pg_class WHERE relname = 'many'").fetchall(), [])

    def test_psql_asks_and_describes(self):
        done = psql("-c", "SELECT g, count(*) FROM many GROUP BY g ORDER BY g LIMIT 2")
        self.assertEqual(done.stdout.splitlines(), ["0|2061", "1|2062"], done.stderr)
        tables = psql("-c", "\\dt")
        self.assertIn("default|many|table", tables.stdout, tables.stderr)
        views = psql("-c", "\\dv")
        self.assertIn("default|few|view", views.stdout, views.stderr)
        described = psql("-c", "\\d many")
        self.assertEqual((described.returncode, described.stderr), (0, ""))
        self.assertIn("n|bigint|", described.stdout)
        listed = psql("-c", "\\l")
        self.assertIn("doorstep|", listed.stdout, listed.stderr)
        self.assertIn("doorstep|", psql("-c", "\\dn").stdout)
        wrong = psql("-c", "SELECT 1,\n  m\nFROM many")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("LINE 2:   m", wrong.stderr)
        refused = psql("-c", "SELECT 1", key={"access": KEY["access"], "secret": "no"})
        self.assertIn("secret is not good", refused.stderr)

    def test_sqlalchemy_finds_its_way(self):
        url = sqlalchemy.URL.create("postgresql+psycopg", KEY["access"], KEY["secret"], HOST, int(PORT), "default")
        engine = sqlalchemy.create_engine(url)
        with engine.connect() as db:
            count = db.execute(sqlalchemy.text("SELECT count(*) FROM many WHERE g = :g"), {"g": 5}).scalar()
            self.assertEqual(count, 2062)
        engine.dispose()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
