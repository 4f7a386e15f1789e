//! Joins in an order of the engine's own choice give the rows of the order that was written.

use doorstep_identity::Scope;
use doorstep_lake::Session;
use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};

use crate::support::{Lake, session};

const WRITTEN: &str = "SET datafusion.optimizer.join_reordering = false";

/// Three columns of few values, some of them nothing; from 3 to 400 rows.
async fn tables(lake: &Lake) {
    for (ix, rows) in [3, 40, 400, 150, 12].into_iter().enumerate() {
        let column = |by: usize, of: usize, name: &str| {
            format!("CASE WHEN value % {} = 0 THEN NULL ELSE (value * {by} + {ix}) % {of} END AS {name}", 5 + ix + by)
        };
        let (a, b, c) = (column(7, rows.min(60), "a"), column(3, 9, "b"), column(11, 25, "c"));
        let made = format!("CREATE TABLE t{ix} AS SELECT {a}, {b}, {c} FROM generate_series(1, {rows})");
        lake.run(&made).await.unwrap();
    }
}

/// A query over three to five tables, each joined to one before, with conditions of every kind.
fn query(rng: &mut SmallRng) -> String {
    let n = rng.random_range(3..6);
    let column = |rng: &mut SmallRng| ["a", "b", "c"][rng.random_range(0..3)];
    let mut from: Vec<String> = (0..n).map(|ix| format!("t{} AS x{ix}", rng.random_range(0..5))).collect();
    let mut conditions = Vec::new();
    for ix in 1..n {
        let before = rng.random_range(0..ix);
        conditions.push(format!("x{before}.{} = x{ix}.{}", column(rng), column(rng)));
    }
    for _ in 0..rng.random_range(0..4) {
        let (i, j) = (rng.random_range(0..n), rng.random_range(0..n));
        let (left, right) = (column(rng), column(rng));
        conditions.push(match rng.random_range(0..6) {
            0 => format!("x{i}.{left} < {}", rng.random_range(1..30)),
            1 => format!("x{i}.{left} + x{j}.{right} > {}", rng.random_range(1..30)),
            2 => format!("x{i}.{left} = x{j}.{right}"),
            3 => format!("(x{i}.{left} = 2 OR x{j}.{right} = 3)"),
            4 => format!("x{i}.{left} IN (SELECT {right} FROM t{} WHERE b < 4)", rng.random_range(0..5)),
            _ => format!("NOT EXISTS (SELECT 1 FROM t{} AS y WHERE y.{right} = x{i}.{left} AND y.b > 6)", j.min(4)),
        });
    }
    from.shuffle(rng);
    let sums: Vec<String> = (0..n).map(|ix| format!("sum(x{ix}.{})", column(rng))).collect();
    let by = format!("x{}.{}", rng.random_range(0..n), column(rng));
    let (sums, from, conditions) = (sums.join(", "), from.join(", "), conditions.join(" AND "));
    format!("SELECT {by} AS k, count(*), {sums} FROM {from} WHERE {conditions} GROUP BY 1 ORDER BY 1")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_do_not_depend_on_the_order() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    tables(&lake).await;
    let (free, written): (Session, Session) =
        (session("main", "boss", Scope::Admin), session("main", "boss", Scope::Admin));
    lake.run_as(&written, WRITTEN).await.unwrap();
    let (mut other, mut some) = (0, 0);
    for seed in 0..30 {
        let sql = query(&mut SmallRng::seed_from_u64(seed));
        let rows = lake.rows_as(&free, &sql).await;
        assert_eq!(rows, lake.rows_as(&written, &sql).await, "{sql}");
        some += usize::from(!rows.is_empty());
        let explain = format!("EXPLAIN {sql}");
        other += usize::from(lake.rows_as(&free, &explain).await != lake.rows_as(&written, &explain).await);
    }
    assert!(some > 10 && other > 10, "{some} queries had rows, {other} another order");
}

/// The table that leaves least comes first, and a filtered set before the tables that are only joined.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_leaves_rows_out_comes_first() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    for made in [
        "CREATE TABLE nations AS SELECT value AS nation, concat('n', value) AS name FROM generate_series(1, 25)",
        "CREATE TABLE shops AS SELECT value AS shop, value % 25 + 1 AS nation FROM generate_series(1, 1000)",
        "CREATE TABLE lines AS SELECT value AS line, value % 1000 + 1 AS shop, value % 20000 AS ordered \
         FROM generate_series(1, 60000)",
        "CREATE TABLE orders AS SELECT value AS ordered, value % 3 AS state FROM generate_series(0, 19999)",
    ] {
        lake.run(made).await.unwrap();
    }
    let plan = async |sql: &str| lake.rows(&format!("EXPLAIN {sql}")).await;
    let at = |plan: &str, what: &str| plan.find(what).unwrap_or_else(|| panic!("no {what} in {plan}"));
    let listed = "SELECT count(*) FROM shops, lines, orders, nations WHERE shops.shop = lines.shop \
                  AND lines.ordered = orders.ordered AND shops.nation = nations.nation AND name = 'n7'";
    let chosen = plan(listed).await;
    assert!(at(&chosen, "TableScan: nations") < at(&chosen, "TableScan: lines"), "{chosen}");
    assert_eq!(lake.rows(listed).await, "2400");
    let large = "SELECT count(*), sum(line) FROM orders, lines WHERE orders.ordered IN \
                 (SELECT ordered FROM lines GROUP BY ordered HAVING sum(shop) > 2900) AND orders.ordered = lines.ordered";
    let chosen = plan(large).await;
    assert!(at(&chosen, "Inner Join") < at(&chosen, "LeftSemi Join"), "{chosen}");
    let boss = session("main", "boss", Scope::Admin);
    lake.run_as(&boss, WRITTEN).await.unwrap();
    assert_eq!(lake.rows(large).await, lake.rows_as(&boss, large).await);
}

/// Rows are left out before they are grouped only by columns that are the scan's own: a name may mean another there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_join_leaves_out_is_told_by_the_right_column() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    for made in [
        "CREATE TABLE t AS SELECT value % 500 AS id, value % 7 + 100 AS b, value % 501 AS c, value % 11 AS a \
         FROM generate_series(1, 60000)",
        "CREATE TABLE few AS SELECT value AS id, value % 3 AS state FROM generate_series(0, 600)",
    ] {
        lake.run(made).await.unwrap();
    }
    let plain = session("main", "boss", Scope::Admin);
    lake.run_as(&plain, "SET datafusion.optimizer.enable_dynamic_filter_pushdown = false").await.unwrap();
    for (grouped, on) in [
        ("SELECT id, count(*) AS n FROM (SELECT id + 1 AS id FROM t) GROUP BY id", "g.id = few.id"),
        ("SELECT id, count(*) AS n FROM t GROUP BY id", "g.id = few.id"),
        ("SELECT a AS id, max(c) AS n FROM (SELECT b AS a, c AS b, c FROM t) GROUP BY a", "g.id = few.id"),
        ("SELECT b AS id, max(a) AS n FROM (SELECT b AS a, c AS b, c FROM t) GROUP BY b", "g.id = few.id"),
        ("SELECT id, sum(c) AS n FROM (SELECT c AS id, id AS c FROM t) GROUP BY id", "g.id = few.id"),
    ] {
        for join in [
            format!("few JOIN ({grouped}) AS g ON {on}"),
            format!("few LEFT JOIN ({grouped}) AS g ON {on}"),
            format!("({grouped}) AS g RIGHT JOIN few ON {on}"),
            format!("few JOIN ({grouped}) AS g USING (id)"),
        ] {
            for few in ["few.id IN (2, 101, 103, 499, 500)", "few.id = 104", "few.state = 1 AND few.id < 120"] {
                let sql = format!("SELECT few.id, few.state, g.n FROM {join} WHERE {few} ORDER BY 1, 2, 3");
                let rows = lake.rows(&sql).await;
                assert_eq!(rows, lake.rows_as(&plain, &sql).await, "{sql}");
                assert!(!rows.is_empty() || few == "few.id = 104", "{sql}");
            }
        }
    }
    lake.stop().await;
}

/// Outer joins, USING, NATURAL and a view: rows that no join may lose or double, and the columns that they share.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn outer_joins_shared_columns_and_views_keep_their_rows() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    tables(&lake).await;
    for made in
        ["CREATE VIEW lonely AS SELECT x.a AS a, y.b AS b, y.c AS c FROM t1 AS x LEFT JOIN t4 AS y ON x.a = y.a"]
    {
        lake.run(made).await.unwrap();
    }
    let written = session("main", "boss", Scope::Admin);
    lake.run_as(&written, WRITTEN).await.unwrap();
    let some = std::cell::Cell::new(0);
    let compare = async |sql: &str| {
        let rows = lake.rows(sql).await;
        assert_eq!(rows, lake.rows_as(&written, sql).await, "{sql}");
        some.set(some.get() + usize::from(!rows.is_empty() && !rows.starts_with("0,")));
        let explain = format!("EXPLAIN {sql}");
        lake.rows(&explain).await != lake.rows_as(&written, &explain).await
    };
    let mut other = 0;
    for (first, second) in [("lonely", "t4")] {
        for from in [
            // The middle one may be missing, and a later join or condition asks for it.
            format!(
                "{first} AS p LEFT JOIN {second} AS q ON p.a = q.a JOIN t1 AS r ON p.b = r.b JOIN t4 AS s ON r.a = s.a"
            ),
            format!(
                "{first} AS p JOIN t1 AS r ON p.b = r.b LEFT JOIN {second} AS q ON r.a = q.a AND q.b < 5 JOIN t4 AS s ON s.b = p.b"
            ),
            format!(
                "t4 AS r JOIN {first} AS p ON r.a = p.a RIGHT JOIN {second} AS q ON q.b = p.b LEFT JOIN t0 AS s ON s.a = r.a"
            ),
            format!(
                "{first} AS p FULL JOIN {second} AS q ON p.a = q.a AND p.b = q.b LEFT JOIN t4 AS r ON r.a = p.a LEFT JOIN t0 AS s ON s.a = q.a"
            ),
            format!(
                "t4 AS s, t1 AS r LEFT JOIN {first} AS p ON p.a = r.a JOIN {second} AS q ON q.b = r.b WHERE s.a = r.a AND (p.b IS NULL OR p.b < 6)"
            ),
        ] {
            let sums: Vec<String> =
                ["p", "q", "r", "s"].iter().map(|of| format!("count({of}.a), sum({of}.b), max({of}.c)")).collect();
            other += usize::from(compare(&format!("SELECT count(*), {} FROM {from}", sums.join(", "))).await);
        }
        for (from, of) in [
            (format!("{first} AS p JOIN {second} AS q USING (a) JOIN t1 AS r USING (a)"), "p.a"),
            (
                format!(
                    "{first} AS p LEFT JOIN {second} AS q USING (a) JOIN t1 AS r USING (a) JOIN t4 AS s ON s.b = r.b"
                ),
                "q.a",
            ),
            (format!("t4 AS s JOIN {first} AS p USING (a) FULL JOIN {second} AS q USING (a)"), "q.a"),
            (format!("{first} AS p NATURAL JOIN t3 AS r JOIN {second} AS q USING (b)"), "q.b"),
            (
                format!(
                    "(SELECT a, q.b FROM {first} AS p LEFT JOIN {second} AS q USING (a)) AS g
                         JOIN t1 AS r ON g.a = r.a JOIN t4 AS s ON s.b = g.b"
                ),
                "g.a",
            ),
        ] {
            other += usize::from(compare(&format!("SELECT count(*), count({of}), sum({of} * 3) FROM {from}")).await);
        }
    }
    assert!(other > 0 && some.get() > 5, "{other} queries had another order, {} had rows", some.get());
    lake.stop().await;
}
