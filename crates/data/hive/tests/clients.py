"""Speaks to the Hive face with a real client: clients.py pyhive|impyla PORT USER PASSWORD."""
import datetime
import decimal
import sys

name, port, user, password = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]


def connect(password=password):
    if name == "pyhive":
        from pyhive import hive

        return hive.connect("127.0.0.1", port, username=user, password=password, auth="CUSTOM")
    from impala.dbapi import connect

    return connect("127.0.0.1", port, user=user, password=password, auth_mechanism="PLAIN")


def check(got, wanted):
    if got != wanted:
        sys.exit(f"{name}: got {got!r} instead of {wanted!r}")


try:
    connect("wrong").cursor().execute("select 1")
    sys.exit(f"{name}: got in with a wrong secret")
except Exception as refusal:
    if "access key" not in str(refusal):
        print(f"{name} was refused with other words: {refusal}")

cursor = connect().cursor()
cursor.execute("create table t (i int, l bigint, s string, d double, b boolean, c decimal(10,2), day date, at timestamp)")
cursor.execute(
    "insert into t values (1, 5000000000, 'séance', 0.1, true, 12.50, date '2024-02-29', timestamp '2024-02-29 10:11:12.5')"
)
cursor.execute("insert into t (i) values (2)")
cursor.execute("select * from t order by i")
row = cursor.fetchone()
check(row[:5], (1, 5000000000, "séance", 0.1, True))
check(decimal.Decimal(row[5]), decimal.Decimal("12.50"))
check(str(row[6]), "2024-02-29")
check(row[7] if isinstance(row[7], datetime.datetime) else row[7], datetime.datetime(2024, 2, 29, 10, 11, 12, 500000))
check(cursor.fetchall(), [(2, None, None, None, None, None, None, None)])
check([column[0].split(".")[-1] for column in cursor.description], ["i", "l", "s", "d", "b", "c", "day", "at"])

cursor.execute("select explode(sequence(1, 25000)) as n")
check(sum(n for (n,) in cursor.fetchall()), 25000 * 25001 // 2)
cursor.execute("show tables")
check([tuple(row) for row in cursor.fetchall()], [("t",)])
try:
    cursor.execute("select nope from t")
    cursor.fetchall()
    sys.exit(f"{name}: a statement with a mistake went through")
except Exception as error:
    if "nope" not in str(error):
        sys.exit(f"{name}: the error does not name the mistake: {error}")
cursor.execute("select count(*) from t")
check(cursor.fetchall(), [(2,)])
print("all is well")
