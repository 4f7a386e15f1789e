"""PyHive, impyla, beeline and `doorstep sql` against a running Doorstep: the same rows everywhere.

    clients.py READY_FILE DOORSTEP DATA [JARS_OF_BEELINE]
"""

import csv
import io
import json
import os
import subprocess
import sys
import threading
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request

from impala.dbapi import connect as impyla
from pyhive import hive as pyhive
from TCLIService.ttypes import TOperationState

READY = json.load(open(sys.argv.pop(1)))
BINARY, DATA = sys.argv.pop(1), sys.argv.pop(1)
JARS = sys.argv.pop(1) if len(sys.argv) > 1 else ""
HOST, PORT = READY["hive"].rsplit(":", 1)
ADMIN = (READY["admin_key"]["access"], READY["admin_key"]["secret"])
API = "http://" + READY["api"]


def by_pyhive(key=ADMIN, **more):
    return pyhive.connect(HOST, int(PORT), username=key[0], password=key[1], auth="CUSTOM", **more)


def by_impyla(key=ADMIN, **more):
    return impyla(HOST, int(PORT), user=key[0], password=key[1], auth_mechanism="PLAIN", **more)


PYTHONS = {"pyhive": by_pyhive, "impyla": by_impyla}


def call(method, path, body=None, key=ADMIN):
    request = urllib.request.Request(API + path, method=method, data=None if body is None else json.dumps(body).encode())
    request.add_header("Authorization", "Bearer %s:%s" % key)
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        text = answer.read()
    return json.loads(text) if text else None


def new_key(scope):
    made = call("POST", "/v1/keys", {"name": scope, "scopes": [scope]})
    return made["id"], (made["access"], made["secret"])


def shown(value):
    """A cell in one form, whichever client it came from."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    text = str(value)
    if len(text) > 19 and text[10] in " T" and text[4] == "-":
        text = text.replace("T", " ").rstrip("0").rstrip(".")
    return text.replace("T", " ") if len(text) == 19 and text[10] == "T" else text


def rows_of(connection, statement):
    cursor = connection.cursor()
    cursor.execute(statement)
    rows = [tuple(shown(v) for v in row) for row in cursor.fetchall()] if cursor.description else None
    cursor.close()
    return rows


def beeline(*statements, key=ADMIN, silent=True, check=True):
    command = ["java", "-XX:TieredStopAtLevel=1", "-Ddisable.quoting.for.sv=false", "-cp", JARS + "/*", "org.apache.hive.beeline.BeeLine"]
    command += ["--silent=%s" % str(silent).lower(), "--outputformat=csv2", "--nullemptystring=false"]
    command += ["-u", "jdbc:hive2://%s:%s/default" % (HOST, PORT), "-n", key[0], "-p", key[1]]
    for statement in statements:
        command += ["-e", statement]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, stdin=subprocess.DEVNULL)
    if check and done.returncode != 0:
        raise AssertionError("beeline ended with %d:\n%s\n%s" % (done.returncode, done.stdout, done.stderr))
    return done


def beeline_rows(statement):
    out = beeline(statement + ";").stdout
    lines = [line for line in out.splitlines() if line.strip()]
    rows = list(csv.reader(io.StringIO("\n".join(lines))))
    return [tuple(None if cell == "NULL" else cell for cell in row) for row in rows[1:]]


def doorstep_rows(statement):
    command = [BINARY, "sql", "--server", API, "--key", "%s:%s" % ADMIN, "--json", statement]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise AssertionError(done.stderr)
    # A decimal keeps its digits; a double is told as Python tells it.
    digits = lambda text: repr(float(text)) if "e" in text.lower() else text
    lines = [json.loads(line, parse_float=digits) for line in done.stdout.splitlines()]
    return [tuple(shown(v) for v in line.values()) for line in lines]


ENDLESS = "select sum(a.n * b.n % 7) from (select explode(sequence(1, 100000)) as n) a cross join (select explode(sequence(1, 100000)) as n) b"
WITHOUT_JAVA = "skipped: beeline and Hive JDBC (there is no java on the PATH)"


class Clients(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        with by_pyhive() as connection:
            for statement in [
                "create database if not exists shop comment 'for tests'",
                "drop table if exists shop.visits",
                """create table shop.visits (id bigint comment 'its number', who string, paid decimal(10,2), score double,
                   kept boolean, day date, at timestamp) partitioned by (city string) stored as parquet""",
                """insert into shop.visits partition (city) values
                   (1, 'Ada', 12.50, 0.1, true, date '2024-02-29', timestamp '2024-02-29 10:11:12.5', 'porto'),
                   (5000000000, 'séance, "quoted"', -0.05, 1e100, false, date '1969-12-31', timestamp '1969-12-31 23:59:59', 'porto'),
                   (3, null, null, null, null, null, null, 'lyon'), (4, '', 0, -2.5, true, null, null, 'lyon')""",
            ]:
                rows_of(connection, statement)

    def test_the_same_rows_everywhere(self):
        columns = "id, who, paid, score, kept, day, at, city"
        statement = "select %s from shop.visits order by id" % columns
        wanted = [
            ("1", "Ada", "12.50", "0.1", "true", "2024-02-29", "2024-02-29 10:11:12.5", "porto"),
            ("3", None, None, None, None, None, None, "lyon"),
            ("4", "", "0.00", "-2.5", "true", None, None, "lyon"),
            ("5000000000", 'séance, "quoted"', "-0.05", "1e+100", "false", "1969-12-31", "1969-12-31 23:59:59", "porto"),
        ]
        for name, connect in PYTHONS.items():
            with connect() as connection:
                self.assertEqual(rows_of(connection, statement), wanted, name)
        self.assertEqual(doorstep_rows(statement), wanted, "doorstep sql")
        if JARS:
            java = {"1e+100": "1.0E100", "1969-12-31 23:59:59": "1969-12-31 23:59:59.0"}
            as_java = [tuple(java.get(cell, cell) for cell in row) for row in wanted]
            self.assertEqual(beeline_rows(statement), as_java, "beeline")

    def test_what_hive_means_is_the_same_everywhere(self):
        for statement, wanted in [
            ("select 7 / 2 as a, 7 div 2 as b, 1 / 0 as c, cast('x' as int) as d", [("3.5", "3", None, None)]),
            ("select id, tag from shop.visits lateral view explode(split('a b', ' ')) t as tag where id = 1 order by tag",
             [("1", "a"), ("1", "b")]),
            ("select city, count(*) as n, grouping__id as g from shop.visits group by city with rollup order by g, city",
             [("lyon", "2", "0"), ("porto", "2", "0"), (None, "4", "1")]),
            ("select who from shop.visits v left semi join (select 'Ada' as name) n on v.who = n.name", [("Ada",)]),
            ("show partitions shop.visits", [("city=lyon",), ("city=porto",)]),
        ]:
            for name, connect in PYTHONS.items():
                with connect() as connection:
                    self.assertEqual(rows_of(connection, statement), wanted, (name, statement))
            if JARS:
                self.assertEqual(beeline_rows(statement), wanted, ("beeline", statement))

    def test_columns_know_their_types(self):
        wanted = ["BIGINT", "STRING", "DECIMAL", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP", "STRING"]
        for name, connect in PYTHONS.items():
            with connect() as connection:
                cursor = connection.cursor()
                cursor.execute("select * from shop.visits")
                kinds = [str(column[1]).replace("_TYPE", "") for column in cursor.description]
                self.assertEqual(kinds, wanted, name)

    def test_many_rows(self):
        for name, connect in PYTHONS.items():
            with connect() as connection:
                cursor = connection.cursor()
                cursor.execute("select n, concat('row ', n) as t, if(n % 3 = 0, null, n) as s from (select explode(sequence(1, 60000)) as n) x")
                rows = cursor.fetchall()
                self.assertEqual(len(rows), 60000, name)
                self.assertEqual(sum(row[0] for row in rows), 60000 * 60001 // 2, name)
                self.assertTrue(all(t == "row %d" % n and s == (None if n % 3 == 0 else n) for n, t, s in rows), name)

    def test_metadata(self):
        with by_impyla() as connection:
            cursor = connection.cursor()
            cursor.get_databases()
            self.assertLessEqual({"shop", "default", "doorstep"}, {row[0] for row in cursor.fetchall()})
            cursor.get_tables(database_name="shop")
            self.assertIn("visits", [row[2] for row in cursor.fetchall()])
            cursor.get_table_schema("visits", database_name="shop")
            cursor.get_functions(database_name="")
        with by_pyhive(database="shop") as connection:
            self.assertEqual(rows_of(connection, "show tables"), [("visits",)])
            described = rows_of(connection, "describe visits")
            self.assertEqual(described[0], ("id", "bigint", "its number"))

    def test_mistakes_are_told(self):
        for name, connect in PYTHONS.items():
            with connect() as connection:
                for statement, words in [
                    ("selec 1", ["selec", "line 1", "column 1"]),
                    ("select whoo from shop.visits", ["whoo", "who"]),
                    ("select * from shop.visit", ["visit", "visits"]),
                    ("select regexp_extrakt('a', 'b')", ["regexp_extrakt", "regexp_extract"]),
                    ("select transform(id) using 'cat' as x from shop.visits", ["TRANSFORM"]),
                    ("create temporary function f as 'x.Y'", ["CREATE FUNCTION"]),
                ]:
                    with self.assertRaises(Exception) as told:
                        rows_of(connection, statement)
                    for word in words:
                        self.assertIn(word, str(told.exception), (name, statement))
                self.assertEqual(rows_of(connection, "select 1"), [("1",)], "the session goes on")

    def test_strangers(self):
        for name, connect in PYTHONS.items():
            for key in [(ADMIN[0], "wrong"), ("key_0", "x")]:
                with self.assertRaises(Exception, msg=name):
                    rows_of(connect(key), "select 1")

    def test_other_tenants_see_nothing(self):
        made = subprocess.run(
            [BINARY, "tenant", "create", "rivals", "--data", DATA, "--json"], capture_output=True, text=True, check=True
        )
        made = json.loads(made.stdout)
        for name, connect in PYTHONS.items():
            with connect((made["access"], made["secret"])) as connection:
                self.assertNotIn(("shop",), rows_of(connection, "show databases"), name)
                with self.assertRaises(Exception):
                    rows_of(connection, "select * from shop.visits")
                statements = [row[0] for row in rows_of(connection, "select statement from doorstep.queries")]
                self.assertFalse([text for text in statements if "visits" in (text or "") and "doorstep" not in text], name)

    def test_grants_open_columns_and_rows(self):
        key_id, reader = new_key("partner")
        with by_pyhive(reader) as connection:
            with self.assertRaises(Exception):
                rows_of(connection, "select * from shop.visits")
            with self.assertRaises(Exception):
                rows_of(connection, "create table shop.mine (a int)")
        call("POST", "/v1/sql/grants", {"key": key_id, "database": "shop", "table": "visits",
                                        "columns": ["id", "city"], "rows": "city = 'porto'"})
        for name, connect in PYTHONS.items():
            with connect(reader) as connection:
                self.assertEqual(rows_of(connection, "select * from shop.visits order by id"),
                                 [("1", "porto"), ("5000000000", "porto")], name)
                with self.assertRaises(Exception):
                    rows_of(connection, "select who from shop.visits")
                with self.assertRaises(Exception):
                    rows_of(connection, "insert into shop.visits partition (city = 'x') select * from shop.visits")

    def test_rights_are_granted_in_hive_s_words(self):
        key_id, reader = new_key("partner")
        for name, connect in PYTHONS.items():
            with connect() as boss, connect(reader) as connection:
                rows_of(boss, "grant select (id, city) on table shop.visits to user %s where city = \"lyon\"" % key_id)
                self.assertEqual(rows_of(connection, "select * from shop.visits order by id"), [("3", "lyon"), ("4", "lyon")], name)
                shown = rows_of(boss, "show grant user %s on table shop.visits" % key_id)
                self.assertEqual(shown, [("shop", "visits", key_id, "SELECT", "id, city", "city = 'lyon'")], name)
                self.assertEqual(rows_of(connection, "show grant"), shown, name)
                with self.assertRaises(Exception):
                    rows_of(connection, "grant all on table shop.visits to user %s" % key_id)
                rows_of(boss, "revoke all on table shop.visits from user %s" % key_id)
                with self.assertRaises(Exception):
                    rows_of(connection, "select * from shop.visits")

    def test_rows_are_changed_and_merged(self):
        for name, connect in PYTHONS.items():
            with connect() as connection:
                rows_of(connection, "drop table if exists shop.stock")
                rows_of(connection, "create table shop.stock (item string, n int) partitioned by (shelf string) stored as orc")
                rows_of(connection, "insert into shop.stock values ('tea', 5, 'a'), ('ink', 1, 'a'), ('pen', 7, 'b')")
                rows_of(connection, "update shop.stock set n = n div 2, shelf = concat(shelf, \"x\") where item rlike '^[tp]'")
                rows_of(connection, "delete from shop.stock where item in (select 'ink')")
                rows_of(connection, """merge into shop.stock as t
                    using (select 'tea' as item, 9 as n union all select 'cap', 4) as s on t.item = s.item
                    when matched and s.n > 100 then delete
                    when matched then update set n = s.n
                    when not matched then insert values (s.item, s.n, 'new')""")
                wanted = [("cap", "4", "new"), ("pen", "3", "bx"), ("tea", "9", "ax")]
                self.assertEqual(rows_of(connection, "select * from shop.stock order by item"), wanted, name)
                with self.assertRaises(Exception) as told:
                    rows_of(connection, "update shop.stock set nn = 1")
                self.assertIn("did you mean n?", str(told.exception))
        self.assertEqual(doorstep_rows("select item, n, shelf from shop.stock order by item"), wanted)

    def test_functions_and_macros(self):
        for name, connect in PYTHONS.items():
            with connect() as connection, connect() as other:
                rows_of(connection, "create or replace function shop.half(x int) returns double return x / 2")
                self.assertEqual(rows_of(other, "select shop.half(5)"), [("2.5",)], name)
                self.assertIn(("shop.half",), rows_of(connection, "show functions like 'half'"))
                told = "\n".join(row[0] for row in rows_of(connection, "describe function shop.half"))
                self.assertIn("half(x int) returns double", told)
        self.assertEqual(doorstep_rows("select shop.half(9) as h"), [("4.5",)])
        # PyHive has one session a connection, impyla one a cursor.
        with by_pyhive() as connection, by_pyhive() as other:
            rows_of(connection, "use shop")
            rows_of(connection, "create temporary macro shout(s string) concat(upper(s), \"!\")")
            self.assertEqual(rows_of(connection, "select half(7), shout('hm')"), [("3.5", "HM!")])
            with self.assertRaises(Exception):
                rows_of(other, "select shop.shout('hm')")
            rows_of(connection, "drop temporary macro shout")
            with self.assertRaises(Exception):
                rows_of(connection, "select shout('hm')")
            rows_of(connection, "drop function shop.half")

    def test_own_buckets_are_tables(self):
        call("PUT", "/v1/buckets/hive-files", {})
        for key, text in [("log/day=2026-01-01/a", "1\tpen\n2\t\\N\n"), ("log/day=2026-01-02/b c", "3\tink\nx\tcap\n")]:
            path = "/v1/buckets/hive-files/objects/" + urllib.parse.quote(key, safe="")
            request = urllib.request.Request(API + path, method="PUT", data=text.encode())
            request.add_header("Authorization", "Bearer %s:%s" % ADMIN)
            urllib.request.urlopen(request, timeout=60).close()
        for name, connect in PYTHONS.items():
            with connect() as connection:
                rows_of(connection, "drop table if exists shop.log")
                rows_of(connection, """create external table shop.log (id int, item string) partitioned by (day string)
                    row format delimited fields terminated by '\\t' stored as textfile location 's3a://hive-files/log'""")
                rows_of(connection, "msck repair table shop.log")
                self.assertEqual(rows_of(connection, "show partitions shop.log"), [("day=2026-01-01",), ("day=2026-01-02",)], name)
                self.assertEqual(rows_of(connection, "select item, day from shop.log where id = 3"), [("ink", "2026-01-02")], name)
                self.assertEqual(rows_of(connection, "select count(*), count(id), count(item) from shop.log"), [("4", "3", "3")], name)
                with self.assertRaises(Exception) as told:
                    rows_of(connection, "create external table shop.x (a int) stored as parquet location 's3://hive-filez/x'")
                self.assertIn("did you mean hive-files?", str(told.exception))
                rows_of(connection, "create table if not exists shop.loaded (id int, item string) stored as textfile "
                        "tblproperties ('field.delim' = '\\t')")
                rows_of(connection, "load data inpath 's3://hive-files/log/day=2026-01-01/' overwrite into table shop.loaded")
                self.assertEqual(rows_of(connection, "select id, item from shop.loaded order by id"), [("1", "pen"), ("2", None)], name)

    def gone_within(self, seconds):
        until = time.time() + seconds
        while time.time() < until:
            if not self.queries_metric():
                return True
            time.sleep(0.05)
        return False

    def queries_metric(self):
        with urllib.request.urlopen("http://%s/metrics" % READY["metrics"], timeout=10) as page:
            for line in page.read().decode().splitlines():
                if line.startswith("doorstep_lake_queries_running "):
                    return float(line.split()[1]) > 0
        return False

    def test_cancel(self):
        with by_pyhive() as connection:
            cursor = connection.cursor()
            cursor.execute(ENDLESS, async_=True)
            self.assertEqual(cursor.poll().operationState, TOperationState.RUNNING_STATE)
            cursor.cancel()
            self.assertEqual(cursor.poll().operationState, TOperationState.CANCELED_STATE)
            self.assertTrue(self.gone_within(5), "the query goes on")
            self.assertEqual(rows_of(connection, "select 2"), [("2",)])
        with by_impyla() as connection:
            cursor = connection.cursor()
            cursor.execute_async(ENDLESS)
            self.assertTrue(cursor.is_executing())
            cursor.cancel_operation()
            self.assertTrue(self.gone_within(5), "the query goes on")

    def test_who_goes_away_leaves_nothing_running(self):
        program = (
            "import sys\nfrom pyhive import hive\n"
            "c = hive.connect(sys.argv[1], int(sys.argv[2]), username=sys.argv[3], password=sys.argv[4], auth='CUSTOM').cursor()\n"
            "print('in', flush=True)\nc.execute(sys.argv[5])"
        )
        child = subprocess.Popen([sys.executable, "-c", program, HOST, PORT, *ADMIN, ENDLESS], stdout=subprocess.PIPE)
        child.stdout.readline()
        until = time.time() + 20
        while not self.queries_metric() and time.time() < until:
            time.sleep(0.05)
        self.assertTrue(self.queries_metric(), "it did not begin")
        child.kill()
        child.communicate()
        self.assertTrue(self.gone_within(5), "the query of a killed client goes on")

    def test_many_at_once(self):
        wrong = []

        def work(number):
            connect = PYTHONS["pyhive" if number % 2 else "impyla"]
            with connect() as connection:
                for n in range(5):
                    rows = rows_of(connection, "select %d + %d as x from shop.visits where id = 1" % (number, n))
                    if rows != [(str(number + n),)]:
                        wrong.append(rows)

        threads = [threading.Thread(target=work, args=(n,)) for n in range(6)]
        [thread.start() for thread in threads]
        [thread.join() for thread in threads]
        self.assertEqual(wrong, [])

    def test_beeline_has_its_commands(self):
        if not JARS:
            self.skipTest(WITHOUT_JAVA)
        out = beeline("use shop;", "!tables", "!columns visits", "describe formatted visits;").stdout
        for word in ["visits", "its number", "MANAGED_TABLE"]:
            self.assertIn(word, out)
        told = beeline("select nope from shop.visits;", check=False)
        self.assertIn("nope", told.stdout + told.stderr)
        self.assertNotEqual(told.returncode, 0)
        wrong = beeline("select 1;", key=(ADMIN[0], "wrong"), check=False)
        self.assertNotEqual(wrong.returncode, 0)
        self.assertIn("access key", wrong.stdout + wrong.stderr)

    def test_the_numbers_are_told(self):
        with by_pyhive() as connection:
            rows_of(connection, "select 1")
            with urllib.request.urlopen("http://%s/metrics" % READY["metrics"], timeout=10) as page:
                text = page.read().decode()
        for name in ["doorstep_hive_connections", "doorstep_hive_sessions", "doorstep_hive_statements_total"]:
            self.assertIn(name, text)


if __name__ == "__main__":
    if not JARS:
        print(WITHOUT_JAVA)
    unittest.main()
