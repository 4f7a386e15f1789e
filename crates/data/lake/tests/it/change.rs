//! UPDATE, DELETE and MERGE: all or nothing, in every kind of table, by several at once.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorstep_identity::Scope;
use doorstep_lake::catalog::Once;
use doorstep_lake::{Engine as _, IngestOptions, LakeError, Limits, Session, Statement};

use crate::support::{Lake, csv, session};

async fn refused(lake: &Lake, sql: &str, words: &str) {
    let error = lake.run(sql).await.expect_err(sql).to_string();
    assert!(error.contains(words), "{sql}: {error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_changed_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE trips AS SELECT value AS id, 'porto' AS city, CAST(value AS DOUBLE) AS fare FROM generate_series(1, 1000)")
        .await
        .unwrap();
    lake.run("INSERT INTO trips SELECT value, 'faro', 1.5 FROM generate_series(1001, 1010)").await.unwrap();
    assert_eq!(lake.rows("UPDATE trips SET fare = fare * 2, city = upper(city) WHERE id % 100 = 0").await, "10");
    let told = "SELECT count(*), sum(fare), count(*) FILTER (WHERE city = 'PORTO') FROM trips";
    assert_eq!(lake.rows(told).await, "1010,506015.0,10");
    assert_eq!(lake.rows("DELETE FROM trips AS t WHERE t.id BETWEEN 990 AND 1005").await, "16");
    assert_eq!(lake.rows("SELECT count(*), max(id) FROM trips").await, "994,1010");
    assert_eq!(lake.rows("UPDATE trips SET fare = 0 WHERE id = -1").await, "0");
    // What was there can be read still, and a change that is no change is none in the past.
    let history = lake.rows("DESCRIBE HISTORY trips").await;
    assert_eq!(history.lines().count(), 4, "{history}");
    let before = history.lines().nth(2).unwrap().split(',').next().unwrap().to_owned();
    let then = format!("SELECT count(*) FROM trips FOR SYSTEM_TIME AS OF TIMESTAMP '{before}'");
    assert_eq!(lake.rows(&then).await, "1010");

    // Conditions over other tables, and over the table itself; each row is looked at once.
    lake.run("CREATE TABLE rises AS SELECT 1 AS id, 100.0 AS by UNION ALL SELECT 2, 200.0").await.unwrap();
    assert_eq!(lake.rows("UPDATE trips SET fare = trips.fare + r.by FROM rises AS r WHERE r.id = trips.id").await, "2");
    assert_eq!(lake.rows("SELECT fare FROM trips WHERE id IN (1, 2) ORDER BY id").await, "101.0\n202.0");
    assert_eq!(lake.rows("UPDATE trips SET fare = (SELECT max(by) FROM rises) WHERE id = 3").await, "1");
    assert_eq!(lake.rows("SELECT fare FROM trips WHERE id = 3").await, "200.0");
    assert_eq!(lake.rows("DELETE FROM trips WHERE id IN (SELECT id FROM trips WHERE id > 10 LIMIT 5)").await, "5");
    assert_eq!(lake.rows("DELETE FROM trips USING rises WHERE rises.id = trips.id").await, "2");
    assert_eq!(
        lake.rows("DELETE FROM trips WHERE NOT EXISTS (SELECT 1 FROM rises r WHERE r.id < trips.id)").await,
        "0"
    );
    let left: u64 = lake.rows("SELECT count(*) FROM trips").await.parse().unwrap();
    let gone: u64 = lake.rows("DELETE FROM trips WHERE random() < 0.5").await.parse().unwrap();
    assert_eq!(lake.rows("SELECT count(*) FROM trips").await, (left - gone).to_string());
    assert_eq!(lake.rows("DELETE FROM trips").await, (left - gone).to_string());
    assert_eq!(lake.rows("SELECT count(*) FROM trips").await, "0");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_columns_that_came_later_and_nulls() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE v (url VARCHAR, n BIGINT) PARTITIONED BY (day DATE)").await.unwrap();
    lake.run("INSERT INTO v VALUES ('a', 1, DATE '2026-01-01'), ('b', 2, DATE '2026-01-02'), (NULL, NULL, NULL)")
        .await
        .unwrap();
    lake.run("ALTER TABLE v ADD COLUMN agent VARCHAR").await.unwrap();
    assert_eq!(lake.rows("UPDATE v SET agent = 'curl' WHERE day = DATE '2026-01-01'").await, "1");
    // A row moves to another partition.
    assert_eq!(lake.rows("UPDATE v SET day = DATE '2026-01-03', n = n + 1 WHERE url = 'b'").await, "1");
    assert_eq!(
        lake.rows("SELECT url, n, agent, CAST(day AS VARCHAR) FROM v ORDER BY n NULLS LAST").await,
        "a,1,curl,2026-01-01\nb,3,,2026-01-03\n,,,"
    );
    assert_eq!(lake.rows("UPDATE v SET n = 0 WHERE n <> 1").await, "1", "null fits no condition");
    assert_eq!(lake.rows("DELETE FROM v WHERE day IS NULL").await, "1");
    assert_eq!(lake.rows("SELECT count(*) FROM v").await, "2");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_merged() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE stock (item VARCHAR, n BIGINT, old BOOLEAN)").await.unwrap();
    lake.run("INSERT INTO stock VALUES ('tea', 5, false), ('ink', 0, false), ('pen', 7, false)").await.unwrap();
    lake.run(
        "CREATE TABLE came AS SELECT * FROM (VALUES ('tea', 3), ('ink', -1), ('cap', 4), ('hat', 0)) AS t (item, n)",
    )
    .await
    .unwrap();
    let merge = "MERGE INTO stock AS t USING came AS s ON t.item = s.item
                 WHEN MATCHED AND s.n < 0 THEN DELETE
                 WHEN MATCHED THEN UPDATE SET n = t.n + s.n
                 WHEN NOT MATCHED AND 10 / s.n > 0 THEN INSERT (item, n) VALUES (s.item, s.n)
                 WHEN NOT MATCHED BY SOURCE THEN UPDATE SET old = true";
    // The division is only worked out for rows that come to it; for one of them it fails, and nothing is done.
    refused(&lake, merge, "zero").await;
    lake.run("DELETE FROM came WHERE item = 'hat'").await.unwrap();
    assert_eq!(lake.rows(merge).await, "4");
    assert_eq!(lake.rows("SELECT * FROM stock ORDER BY item").await, "cap,4,\npen,7,true\ntea,8,false");
    // A row of the table may be changed by one row only.
    lake.run("INSERT INTO came VALUES ('tea', 1)").await.unwrap();
    let twice = "MERGE INTO stock USING came ON stock.item = came.item WHEN MATCHED THEN UPDATE SET n = came.n";
    refused(&lake, twice, "more than one other row").await;
    assert_eq!(lake.rows("SELECT n FROM stock WHERE item = 'tea'").await, "8");
    // Nor may it be changed by one and go by another, whichever comes first; to go twice is to go.
    for (first, second) in [(3, 1), (1, 3)] {
        let mixed = format!(
            "MERGE INTO stock AS t USING (VALUES ('tea', {first}), ('tea', {second})) AS s (item, n) ON t.item = s.item
             WHEN MATCHED AND s.n = 3 THEN DELETE WHEN MATCHED THEN UPDATE SET n = 0"
        );
        refused(&lake, &mixed, "more than one other row").await;
        assert_eq!(lake.rows("SELECT n FROM stock WHERE item = 'tea'").await, "8");
    }
    lake.run("INSERT INTO stock VALUES ('jar', 1, false)").await.unwrap();
    let both = "MERGE INTO stock AS t USING (VALUES ('jar'), ('jar')) AS s (item) ON t.item = s.item
                WHEN MATCHED THEN DELETE";
    assert_eq!(lake.rows(both).await, "1");
    let query = "MERGE INTO stock t USING (SELECT item, sum(n) AS n FROM came GROUP BY item) s ON t.item = s.item
                 WHEN MATCHED AND t.n <> s.n THEN UPDATE SET n = s.n, old = false
                 WHEN NOT MATCHED THEN INSERT VALUES (s.item, s.n, false)";
    assert_eq!(lake.rows(query).await, "2");
    assert_eq!(lake.rows("SELECT * FROM stock ORDER BY item").await, "cap,4,\nink,-1,false\npen,7,true\ntea,4,false");
    lake.stop().await;
}

/// Columns may be written with table, or with database and table, whether or not the tables have other names.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn full_names_are_understood() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE DATABASE shop").await.unwrap();
    lake.run("CREATE DATABASE \"New\"").await.unwrap();
    for (target, source) in [("shop.stock", "shop.came"), ("stock", "\"New\".came"), ("shop.stock", "came")] {
        let (t, s) = (target.rsplit('.').next().unwrap(), source.rsplit('.').next().unwrap());
        for (target_name, source_name) in [(target, source), (t, s), (target, s), (t, source)] {
            lake.run(&format!("CREATE OR REPLACE TABLE {target} AS SELECT * FROM (VALUES ('tea', 5), ('ink', 1), ('pen', 7)) AS v (item, n)"))
                .await
                .unwrap();
            lake.run(&format!("CREATE OR REPLACE TABLE {source} AS SELECT * FROM (VALUES ('tea', 3), ('ink', -1), ('cap', 4)) AS v (item, n)"))
                .await
                .unwrap();
            let (t, s) = (target_name, source_name);
            for by_source in ["WHEN NOT MATCHED BY SOURCE THEN UPDATE SET n = 0", ""] {
                let merge = format!(
                    "MERGE INTO {target} USING {source} ON {t}.item = {s}.item
                     WHEN MATCHED AND {s}.n < 0 THEN DELETE
                     WHEN MATCHED THEN UPDATE SET n = {t}.n + {s}.n
                     WHEN NOT MATCHED AND {s}.n > 1 THEN INSERT (item, n) VALUES ({s}.item, {s}.n) {by_source}"
                );
                lake.rows(&merge).await;
            }
            let rows = lake.rows(&format!("SELECT item, n FROM {target} ORDER BY item")).await;
            assert_eq!(rows, "cap,8\npen,0\ntea,11", "{target_name} {source_name}");
            let update = format!(
                "UPDATE {target} SET n = {t}.n * 2 WHERE {t}.item IN (SELECT item FROM {source} WHERE {s}.n = 4)"
            );
            assert_eq!(lake.rows(&update).await, "1");
            assert_eq!(lake.rows(&format!("DELETE FROM {target} WHERE {t}.n = 16")).await, "1");
        }
    }
    lake.stop().await;
}

/// A plan that changes rows is one that was made of an UPDATE, DELETE or MERGE, for whoever may run it, and as long as
/// the table is what it was.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_plans_of_changes_change_rows() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE t AS SELECT value AS id, 'a' AS name FROM generate_series(1, 3)").await.unwrap();
    let boss = session("main", "boss", Scope::Admin);
    let run = async |session: &Session, plan: &datafusion::logical_expr::LogicalPlan| {
        let statement = Statement::Planned { text: "a plan".to_owned(), plan: Box::new(plan.clone()) };
        let running = lake.engine.execute(session, statement, Limits::default()).await?;
        running.collect(10).await.map(|outcome| csv(&outcome))
    };
    // The planner's own, which knows nothing of files and places.
    let state = lake.engine.context(&boss).await.unwrap().state;
    for sql in ["UPDATE t SET name = 'b'", "DELETE FROM t", "UPDATE t SET name = 'b' WHERE id = 1"] {
        let plan = state.create_logical_plan(sql).await.unwrap();
        let refused = run(&boss, &plan).await;
        assert!(matches!(refused, Err(LakeError::Unsupported { .. })), "{sql}: {refused:?}");
    }
    let read = async |sql: &str| {
        let statement = lake.engine.read(&boss, sql, None).await.unwrap();
        let datafusion::sql::parser::Statement::Statement(ast) = statement else { panic!("{statement}") };
        lake.engine.change(&boss, &state, *ast).await.unwrap()
    };
    let change = read("DELETE FROM t WHERE id = 2").await;
    let partner = session("main", "partner", Scope::Partner);
    lake.run("GRANT SELECT, UPDATE ON t TO partner").await.unwrap();
    let refused = run(&partner, &change).await;
    assert!(matches!(refused, Err(LakeError::Denied { .. })), "{refused:?}");
    assert_eq!(run(&boss, &change).await.unwrap(), "1");
    let old = read("DELETE FROM t").await;
    lake.run("ALTER TABLE t ADD COLUMN more BIGINT").await.unwrap();
    let refused = run(&boss, &old).await;
    assert!(matches!(refused, Err(LakeError::Conflict { .. })), "{refused:?}");
    assert_eq!(lake.rows("SELECT * FROM t ORDER BY id").await, "1,a,\n3,a,");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_changed_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE t AS SELECT 1 AS id, 'a' AS name").await.unwrap();
    lake.run("CREATE VIEW v AS SELECT * FROM t").await.unwrap();
    lake.run("CREATE EXTERNAL TABLE e (a INT) STORED AS CSV LOCATION 'e'").await.unwrap();
    for (sql, words) in [
        ("UPDATE v SET id = 2", "v is a view"),
        ("DELETE FROM events", "built-in"),
        ("DELETE FROM e", "somebody else's"),
        ("DELETE FROM tt WHERE id = 1", "did you mean t?"),
        ("UPDATE t SET nam = 'b'", "did you mean name?"),
        ("UPDATE t SET id = 1, id = 2", "two values"),
        ("UPDATE t SET id = 'soon'", "soon"),
        ("UPDATE t SET id = nme", "nme"),
        ("DELETE FROM t WHERE idd = 1", "idd"),
        ("DELETE FROM t WHERE id = 1 LIMIT 1", "LIMIT"),
        ("DELETE FROM t WHERE id = 1 RETURNING id", "RETURNING"),
        ("UPDATE t SET id = count(*)", "ount"),
        ("MERGE INTO t USING t AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET id = (SELECT 1)", "subquery"),
        ("MERGE INTO t USING t AS s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id) VALUES (1, 2)", "2 values"),
        ("MERGE INTO t USING t AS s ON t.id = s.id WHEN MATCHED THEN UPDATE SET id = 1, t.id = 2", "two values"),
        ("MERGE INTO t USING t AS s ON t.id = s.id WHEN NOT MATCHED THEN INSERT (id, id) VALUES (1, 2)", "two values"),
    ] {
        refused(&lake, sql, words).await;
    }
    assert_eq!(lake.rows("SELECT * FROM t").await, "1,a");
    // Names that a change has for columns of its own.
    for name in ["__file", "__row", "__new"] {
        lake.run(&format!("CREATE OR REPLACE TABLE odd AS SELECT 1 AS id, 2 AS {name}")).await.unwrap();
        for sql in [
            "UPDATE odd SET id = 2",
            "DELETE FROM odd",
            "MERGE INTO odd USING t ON t.id = odd.id WHEN MATCHED THEN DELETE",
        ] {
            refused(&lake, sql, &format!("a column {name}")).await;
        }
    }

    // Keys change what they were let.
    let partner = session("main", "partner", Scope::Partner);
    let denied = async |sql: &str| {
        let refused = lake.run_as(&partner, sql).await;
        assert!(matches!(refused, Err(LakeError::Denied { .. })), "{sql}: {refused:?}");
    };
    denied("UPDATE t SET id = 2").await;
    lake.run("GRANT SELECT, UPDATE ON TABLE t TO USER partner").await.unwrap();
    denied("DELETE FROM t").await;
    denied("INSERT INTO t VALUES (2, 'b')").await;
    denied("MERGE INTO t USING t AS s ON t.id = s.id WHEN MATCHED THEN DELETE").await;
    assert_eq!(lake.rows_as(&partner, "UPDATE t SET name = 'b'").await, "1");
    lake.run("GRANT SELECT, UPDATE ON t TO partner WHERE id = 7").await.unwrap();
    denied("UPDATE t SET name = 'c'").await;
    let neighbour = session("other", "boss", Scope::Admin);
    assert!(lake.run_as(&neighbour, "DELETE FROM t").await.is_err());
    assert_eq!(lake.rows("SELECT * FROM t").await, "1,b");
    lake.stop().await;
}

/// A change that changed nothing, sent again, changes nothing, though there are rows for it by then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_of_nothing_is_done_once() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE t AS SELECT 1 AS id").await.unwrap();
    let send = async |key: &str| {
        let session = session("main", "boss", Scope::Admin);
        session.only_once(Once { scope: "boss".to_owned(), key: key.to_owned(), hash: vec![1] });
        lake.rows_as(&session, "UPDATE t SET id = 0 WHERE id = 2").await
    };
    assert_eq!(send("first").await, "0");
    lake.run("INSERT INTO t VALUES (2)").await.unwrap();
    assert_eq!(send("first").await, "0");
    assert_eq!(lake.rows("SELECT * FROM t ORDER BY id").await, "1\n2");
    assert_eq!(send("second").await, "1");
    lake.run("INSERT INTO t VALUES (2)").await.unwrap();
    assert_eq!(send("second").await, "1");
    assert_eq!(lake.rows("SELECT * FROM t ORDER BY id").await, "0\n1\n2");
    lake.stop().await;
}

/// Accounts between which many send at once: the sum stays, and a counter that many raise misses none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_change_the_same_rows_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Arc::new(Lake::with(dir.path(), IngestOptions::default(), |o| o.running = 8).await);
    lake.run("CREATE TABLE accounts AS SELECT value AS id, 100 AS amount FROM generate_series(1, 10)").await.unwrap();
    lake.run("CREATE TABLE marks (who BIGINT, n BIGINT)").await.unwrap();
    let sender = |who: i64| {
        let lake = Arc::clone(&lake);
        async move {
            let (mut sent, mut marked) = (0_u64, 0_u64);
            for turn in 0..6 {
                let (from, to) = ((who + turn) % 10 + 1, (who * 3 + turn) % 10 + 1);
                let send = format!(
                    "UPDATE accounts SET amount = amount + CASE id WHEN {from} THEN -1 ELSE 1 END WHERE id IN ({from}, {to}) AND {from} <> {to}"
                );
                match lake.run(&send).await {
                    Ok(_) => sent += 1,
                    // It may be told to come again, and has done nothing then.
                    Err(LakeError::Conflict { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
                let mark = "MERGE INTO marks USING (SELECT 1 AS who) AS s ON marks.who = s.who
                            WHEN MATCHED THEN UPDATE SET n = marks.n + 1 WHEN NOT MATCHED THEN INSERT VALUES (s.who, 1)";
                match lake.run(mark).await {
                    Ok(_) => marked += 1,
                    Err(LakeError::Conflict { .. }) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            (sent, marked)
        }
    };
    let all = futures::future::join_all((0..4).map(|who| tokio::spawn(sender(who)))).await;
    let (sent, marked) =
        all.into_iter().map(Result::unwrap).fold((0, 0), |(a, b), (sent, marked)| (a + sent, b + marked));
    assert!(sent > 0 && marked > 0, "somebody gets through");
    assert_eq!(lake.rows("SELECT count(*), sum(amount) FROM accounts").await, "10,1000");
    assert_eq!(lake.rows("SELECT count(*), sum(n) FROM marks").await, format!("1,{marked}"));
    Arc::into_inner(lake).unwrap().stop().await;
}

/// A model of a table, changed beside the real one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_agree_with_a_model() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE t (id BIGINT, n BIGINT) PARTITIONED BY (p BIGINT)").await.unwrap();
    let mut model: BTreeMap<i64, i64> = BTreeMap::new();
    let mut seed = 7_u64;
    let mut next = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        i64::try_from((seed >> 33) % below).unwrap()
    };
    for _ in 0..40 {
        let (a, b) = (next(50), next(50));
        match next(4) {
            0 => {
                let new: Vec<i64> = (0..5).map(|_| next(50)).filter(|id| !model.contains_key(id)).collect();
                let new: std::collections::BTreeSet<i64> = new.into_iter().collect();
                if !new.is_empty() {
                    let rows: Vec<String> = new.iter().map(|id| format!("({id}, {a}, {})", id % 3)).collect();
                    lake.run(&format!("INSERT INTO t VALUES {}", rows.join(", "))).await.unwrap();
                    model.extend(new.iter().map(|id| (*id, a)));
                }
            }
            1 => {
                lake.run(&format!("UPDATE t SET n = n + {b}, p = (id + {b}) % 3 WHERE id % 7 = {}", a % 7))
                    .await
                    .unwrap();
                model.iter_mut().filter(|(id, _)| *id % 7 == a % 7).for_each(|(_, n)| *n += b);
            }
            2 => {
                lake.run(&format!("DELETE FROM t WHERE id BETWEEN {a} AND {}", a + 3)).await.unwrap();
                model.retain(|id, _| !(a..=a + 3).contains(id));
            }
            _ => {
                let merge = format!(
                    "MERGE INTO t USING (SELECT value AS id FROM generate_series({a}, {})) AS s ON t.id = s.id
                     WHEN MATCHED AND t.n > 20 THEN DELETE WHEN MATCHED THEN UPDATE SET n = t.n * 2
                     WHEN NOT MATCHED THEN INSERT (id, n, p) VALUES (s.id, {b}, s.id % 3)",
                    a + 4
                );
                lake.run(&merge).await.unwrap();
                for id in a..=a + 4 {
                    match model.get(&id).copied() {
                        Some(n) if n > 20 => drop(model.remove(&id)),
                        Some(n) => drop(model.insert(id, n * 2)),
                        None => drop(model.insert(id, b)),
                    }
                }
            }
        }
        let wanted: Vec<String> = model.iter().map(|(id, n)| format!("{id},{n}")).collect();
        assert_eq!(lake.rows("SELECT id, n FROM t ORDER BY id").await, wanted.join("\n"));
    }
    lake.stop().await;
}
