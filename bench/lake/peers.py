"""TPC-H on the peers, beside what `tpch` printed: peers.py DATA QUERIES ROUNDS LAKE.jsonl

DuckDB reads the same Parquet files that the lake was filled from, and, in a second column, tables of its own kept in a
file. With SPARK=1 PySpark reads those files too, the second of two rounds counts. Every answer is compared with DuckDB's
row by row; numbers to one part in a million.
"""

import csv
import io
import json
import math
import os
import statistics
import sys
import time

import duckdb

TABLES = ["region", "nation", "supplier", "customer", "part", "partsupp", "orders", "lineitem"]


def statements(text):
    bare = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("--"))
    return [part.strip() for part in bare.split(";") if part.strip()]


def same(a, b):
    if a == b:
        return True
    try:
        return math.isclose(float(a), float(b), rel_tol=1e-6, abs_tol=1e-2)
    except ValueError:
        return False


def plain(value):
    return "" if value is None else str(value)


def equal(ours, theirs):
    ours = sorted([list(row) for row in ours])
    theirs = sorted([[plain(value) for value in row] for row in theirs])
    if len(ours) != len(theirs):
        return False
    return all(len(a) == len(b) and all(same(x, y) for x, y in zip(a, b)) for a, b in zip(ours, theirs))


def timed(db, sql):
    began = time.perf_counter()
    rows = db.execute(sql).fetchall()
    return (time.perf_counter() - began) * 1e3, rows


def spark_times(data, queries, cores):
    """Milliseconds of each query on PySpark, the second time that it is asked; none without SPARK=1."""
    if not os.environ.get("SPARK"):
        return None
    from pyspark.sql import SparkSession

    spark = (SparkSession.builder.master(f"local[{cores}]").config("spark.driver.memory", "6g")
             .config("spark.sql.shuffle.partitions", str(2 * cores)).config("spark.ui.enabled", "false")
             .config("spark.log.level", "ERROR").getOrCreate())
    for table in TABLES:
        spark.read.parquet(os.path.join(data, table)).createOrReplaceTempView(table)
    times = []
    for sql in queries:
        for _ in range(2):
            began = time.perf_counter()
            spark.sql(sql).collect()
            took = (time.perf_counter() - began) * 1e3
        times.append(took)
    spark.stop()
    return times


def main():
    data, queries, rounds, lake = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
    queries = statements(open(queries).read())
    cores = int(os.environ.get("CORES", "2"))
    found = [json.loads(line) for line in open(lake)]
    load = [line["load_s"] for line in found if "load_s" in line]
    ours = {line["query"]: line for line in found if "query" in line}

    config = {"threads": cores, "temp_directory": os.path.join(data, "duck.tmp")}
    memory = os.environ.get("MEMORY_MIB")
    if memory:
        config["memory_limit"] = f"{memory}MiB"
    parquet = duckdb.connect(config=config)
    own = duckdb.connect(os.path.join(data, "duck.db"), config=config)
    for table in TABLES:
        files = os.path.join(data, table, "*.parquet")
        parquet.execute(f"CREATE VIEW {table} AS SELECT * FROM read_parquet('{files}')")
        own.execute(f"CREATE TABLE IF NOT EXISTS {table} AS SELECT * FROM read_parquet('{files}')")

    spark = spark_times(data, queries, cores)
    more = ("| PySpark ms ", "|---:") if spark else ("", "")
    print(f"| query | lake ms | DataFusion ms | its rules on the lake's files ms | DuckDB on Parquet ms | DuckDB's own file ms {more[0]}| lake / DuckDB on Parquet |")
    print(f"|---|---:|---:|---:|---:|---:{more[1]}|---:|")
    sums, wrong = [0.0] * (6 if spark else 5), []
    for number, sql in enumerate(queries, 1):
        times, answer = [[], []], None
        for _ in range(rounds):
            for ix, db in enumerate([parquet, own]):
                took, rows = timed(db, sql)
                times[ix].append(took)
                answer = answer or rows
        rows = list(csv.reader(io.StringIO(ours[number]["rows"])))[1:]
        if not equal(rows, answer):
            wrong.append(number)
        row = [statistics.median(ours[number][k]) for k in ("lake_ms", "datafusion_ms", "bare_ms")]
        row += [statistics.median(t) for t in times]
        row += [spark[number - 1]] if spark else []
        sums = [a + b for a, b in zip(sums, row)]
        print(f"| {number} | " + " | ".join(f"{x:.0f}" for x in row) + f" | {row[0] / row[3]:.2f} |")
    print("| **sum** | " + " | ".join(f"**{x:.0f}**" for x in sums) + f" | **{sums[0] / sums[3]:.2f}** |")
    print()
    print(f"Answers that differ from DuckDB's: {wrong or 'none'} of {len(queries)}.", end=" ")
    if load:
        print(f"Taking the tables in, sorted: {load[0]:.1f} s.", end=" ")
    if memory:
        print(f"A query of the lake and DuckDB have {memory} MiB of memory, DataFusion has no bound.", end=" ")
    print(f"DuckDB {duckdb.__version__}, {cores} threads each, median of {rounds}, data in the page cache.")
    sys.exit(1 if wrong else 0)


main()
