#!/usr/bin/env python3
"""Fills the golden answers of HiveQL statements from a HiveServer2, usually Spark's thrift server.

Once, to make or renew the answers (pyspark brings the server, PyHive the client):

    pip install pyspark pyhive thrift thrift_sasl pure-sasl
    spark-submit --class org.apache.spark.sql.hive.thriftserver.HiveThriftServer2 \\
        --conf spark.sql.ansi.enabled=false --conf spark.sql.storeAssignmentPolicy=LEGACY \\
        --conf spark.sql.legacy.createHiveTableByDefault=true --conf spark.sql.catalogImplementation=hive \\
        --conf spark.hadoop.hive.exec.dynamic.partition.mode=nonstrict --conf spark.sql.session.timeZone=UTC \\
        spark-internal --hiveconf hive.server2.thrift.port=10050
    python crates/data/hive/tests/oracle.py --port 10050 crates/data/hive/tests/golden/*.hql

With --check nothing is written; what differs is printed, so that any server can be compared, ours too.
Statements under a line `-- by hand: why` are passed over; those under `-- error: word` must fail.
"""
import argparse
import re
import sys

from pyhive import hive

hive.TYPES_CONVERTER = {}  # dates, times and decimals stay as the server wrote them


def blocks(text):
    """Yields (head lines, statement, answer lines or None)."""
    lines, at = text.split("\n"), 0
    while at < len(lines):
        head = []
        while at < len(lines) and (not lines[at].strip() or lines[at].startswith("-- ")):
            head.append(lines[at])
            at += 1
        if at >= len(lines):
            yield head, None, None
            return
        statement = []
        while True:
            statement.append(lines[at])
            at += 1
            if statement[-1].rstrip().endswith(";") or at >= len(lines):
                break
        answer = None
        if at < len(lines) and lines[at] == "----":
            at += 1
            answer = []
            while at < len(lines) and lines[at] != "":
                answer.append(lines[at])
                at += 1
        yield head, "\n".join(statement), answer


def cell(value):
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    text = repr(value) if isinstance(value, float) else str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n") if text else "(empty)"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--user", default="oracle")
    parser.add_argument("--password", default="x")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("files", nargs="+")
    wanted = parser.parse_args()
    differ = 0
    for path in wanted.files:
        connection = hive.connect(
            wanted.host, wanted.port, username=wanted.user, password=wanted.password, auth="CUSTOM"
        )
        out = []
        for head, statement, answer in blocks(open(path, encoding="utf-8").read()):
            out += [line for line in head if line.startswith("-- ")]
            if statement is None:
                continue
            out.append(statement)
            by_hand = any(line.startswith("-- by hand") for line in head)
            error = next((line[10:] for line in head if line.startswith("-- error: ")), None)
            rows = answer
            if not by_hand:
                cursor = connection.cursor()
                try:
                    cursor.execute(statement.rstrip().rstrip(";"))
                    rows = None
                    if cursor.description:
                        rows = ["\t".join(cell(v) for v in row) for row in cursor.fetchall()]
                    if error is not None:
                        print(f"{path}: `{statement}` should have failed", file=sys.stderr)
                except Exception as failure:  # the server's word is what matters, whatever its class
                    message = str(getattr(failure, "args", [failure])[0])
                    found = re.search(r'errorMessage="?\'?(.{0,300})', message)
                    if error is None:
                        print(f"{path}: `{statement}` fails: {found.group(1) if found else message[:300]}", file=sys.stderr)
                        out.insert(len(out) - 1, "-- oracle failed")
                    rows = None
                cursor.close()
                if wanted.check and error is None and (rows or None) != (answer or None):
                    differ += 1
                    print(f"{path}: {statement}\n  here:  {answer}\n  there: {rows}")
            if rows is not None:
                out += ["----", *rows, ""]
        if not wanted.check:
            text = "\n".join(out)
            open(path, "w", encoding="utf-8").write(re.sub(r"\n+$", "", text) + "\n")
    sys.exit(1 if differ else 0)


if __name__ == "__main__":
    main()
