"""What each protocol adds to a query; for faces.sh.

    faces.py load|first READY_FILE DOORSTEP
    faces.py ask READY_FILE DOORSTEP QUERIES ROUNDS
"""

import json
import os
import re
import statistics
import subprocess
import sys
import time
import urllib.request

WHAT, READY, BINARY = sys.argv[1], json.load(open(sys.argv[2])), sys.argv[3]
API, KEY = "http://" + READY["api"], READY["admin_key"]
PAIR = f"{KEY['access']}:{KEY['secret']}"
SORTED = {
    "region": "r_regionkey",
    "nation": "n_nationkey",
    "supplier": "s_suppkey",
    "customer": "c_custkey",
    "part": "p_partkey",
    "partsupp": "ps_partkey",
    "orders": "o_orderdate",
    "lineitem": "l_shipdate",
}


def over_http(statement):
    body = json.dumps({"statement": statement, "max_rows": 100_000}).encode()
    head = {"authorization": f"Bearer {PAIR}", "content-type": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(API + "/v1/sql", body, head)) as answer:
        return json.load(answer)


def timed(call, *args):
    began = time.perf_counter()
    answer = call(*args)
    return (time.perf_counter() - began) * 1e3, answer


def load():
    for table, by in SORTED.items():
        over_http(f"CREATE EXTERNAL TABLE {table}_files STORED AS PARQUET LOCATION '{table}'")
        over_http(f"CREATE TABLE {table} WITH (sort_by = '{by}') AS SELECT * FROM {table}_files ORDER BY {by}")


def first():
    took, answer = timed(over_http, "SELECT count(*) AS n FROM lineitem WHERE l_shipdate >= DATE '1998-01-01'")
    again, _ = timed(over_http, "SELECT count(*) AS n FROM lineitem WHERE l_shipdate >= DATE '1998-01-01'")
    print(f"first query after the start: {took:.0f} ms over HTTP; the same again: {again:.1f} ms; {answer['rows'][0]}")


def clients():
    """Calls that fetch all rows of a statement, by the name of the protocol."""
    import adbc_driver_flightsql.dbapi as flight
    import psycopg
    from pyhive import hive

    def of(cursor, fetch="fetchall"):
        def call(statement):
            cursor.execute(statement)
            return getattr(cursor, fetch)()

        return call

    key = {"username": KEY["access"], "password": KEY["secret"]}
    host, port = READY["hive"].rsplit(":", 1)
    by_hive = hive.connect(host, int(port), username=KEY["access"], password=KEY["secret"], auth="CUSTOM")
    host, port = READY["postgres"].rsplit(":", 1)
    by_postgres = psycopg.connect(
        host=host, port=port, user=KEY["access"], password=KEY["secret"], dbname="default", autocommit=True
    )
    return {
        "HTTP": over_http,
        # As Arrow, for which people take this protocol: rows of Python's would cost the client more than the query.
        "Flight SQL": of(
            flight.connect("grpc://" + READY["flight"], db_kwargs=key, autocommit=True).cursor(), "fetch_arrow_table"
        ),
        "HiveServer2": of(by_hive.cursor()),
        "PostgreSQL": of(by_postgres.cursor()),
    }


def ask(queries, rounds):
    text = re.sub(r"--.*", "", open(queries).read())
    statements = [s.strip() for s in text.split(";") if s.strip()]
    faces = clients()
    times = {name: [[] for _ in statements] for name in faces}
    engine = [[] for _ in statements]
    names = list(faces)
    for turn in range(rounds):
        for n, statement in enumerate(statements):
            rows = {}
            # Each is the first once: what the query before left in the caches counts against the first.
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                took, answer = timed(faces[name], statement)
                times[name][n].append(took)
                if name == "HTTP":
                    # What the engine itself took, by its own word.
                    engine[n].append(answer["statistics"]["wall_ms"])
                    answer = answer["rows"]
                rows[name] = len(answer)
            assert len(set(rows.values())) == 1, (n + 1, rows)
    total = {name: sum(map(statistics.median, per)) for name, per in times.items()}
    inside = sum(map(statistics.median, engine))
    print(f"{len(statements)} queries, sum of the medians of {rounds}: the engine's own {inside:.0f} ms")
    for name, ms in total.items():
        print(f"{name:<12} {ms:8.0f} ms   {ms / inside:.3f} of it   {(ms - inside) / len(statements):+.1f} ms a query")
    if "EACH" in os.environ:
        for n in range(len(statements)):
            each = "  ".join(f"{name} {statistics.median(per[n]):.0f}" for name, per in times.items())
            print(f"q{n + 1}: engine {statistics.median(engine[n]):.0f}  {each}")
    spent = []
    env = {**os.environ, "DOORSTEP_KEY": PAIR}
    for _ in range(21):
        command = [BINARY, "sql", "--server", API, "select 1"]
        spent.append(timed(lambda: subprocess.run(command, env=env, check=True, capture_output=True))[0])
    print(f"doorstep sql 'select 1': median {statistics.median(spent):.0f} ms, worst {max(spent):.0f} ms")


if WHAT == "load":
    load()
elif WHAT == "first":
    first()
else:
    ask(sys.argv[4], int(sys.argv[5]))
