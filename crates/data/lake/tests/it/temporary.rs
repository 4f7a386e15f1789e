//! Tables of one session.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use doorstep_clock::{Clock as _, SystemClock, Timestamp};
use doorstep_identity::Scope;
use doorstep_lake::catalog::{TableDef, Unseen};
use doorstep_lake::{CareOptions, LakeError};

use crate::support::{Lake, session};

const NAMES: &str = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'default' ORDER BY 1";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_temporary_table_is_its_sessions_alone_and_goes_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let boss = session("main", "boss", Scope::Operator);
    let (one, other) = (lake.engine.session(boss.principal().clone()), lake.engine.session(boss.principal().clone()));
    lake.run("CREATE TABLE trips AS SELECT 1 AS id").await.unwrap();
    lake.run("CREATE VIEW seen AS SELECT id FROM trips").await.unwrap();

    // One covers the table of its name, for its session, but not below a view.
    lake.run_as(&one, "CREATE TEMPORARY TABLE trips (id BIGINT, city VARCHAR)").await.unwrap();
    assert_eq!(lake.rows_as(&one, "INSERT INTO trips VALUES (7, 'porto'), (8, 'faro')").await, "2");
    assert_eq!(lake.rows_as(&one, "SELECT id, city FROM trips ORDER BY id").await, "7,porto\n8,faro");
    assert_eq!(lake.rows_as(&one, "SELECT id FROM seen").await, "1");
    assert_eq!(lake.rows_as(&one, "UPDATE trips SET city = 'lyon' WHERE id = 8").await, "1");
    lake.run_as(&one, "ALTER TABLE trips ADD COLUMN tip DOUBLE").await.unwrap();
    assert_eq!(lake.rows_as(&one, "SELECT city, tip FROM trips WHERE id = 8").await, "lyon,");
    for who in [&other, &boss] {
        assert_eq!(lake.rows_as(who, "SELECT id FROM trips").await, "1");
        assert_eq!(lake.rows_as(who, NAMES).await, "seen\ntrips");
    }
    assert_eq!(lake.rows_as(&one, "CREATE TEMPORARY TABLE mine AS SELECT * FROM trips WHERE id > 7").await, "1");
    assert_eq!(lake.rows_as(&one, NAMES).await, "mine\nseen\ntrips");
    assert_eq!(lake.rows_as(&other, "CREATE TEMPORARY TABLE mine AS SELECT 5 AS x").await, "1");
    assert_eq!(lake.rows_as(&one, "SELECT id FROM mine").await, "8");

    // A view would outlive it, and is read by others.
    for view in [
        "CREATE VIEW v AS SELECT * FROM mine",
        "CREATE VIEW v AS SELECT 1 AS a WHERE EXISTS (SELECT 1 FROM \"default\".trips)",
        "CREATE TEMPORARY VIEW v AS SELECT 1 AS a",
    ] {
        let answer = lake.run_as(&one, view).await;
        assert!(matches!(answer, Err(LakeError::Unsupported { .. })), "{view}: {answer:?}");
    }

    // Its own mistakes.
    let again = lake.run_as(&one, "CREATE TEMPORARY TABLE mine (x INT)").await;
    assert!(matches!(again, Err(LakeError::Exists { .. })));
    lake.run_as(&one, "CREATE TEMPORARY TABLE IF NOT EXISTS mine (x INT)").await.unwrap();
    for refused in [
        "ALTER TABLE mine RENAME TO ours",
        "CREATE OR REPLACE TEMPORARY TABLE mine (x INT)",
        "GRANT SELECT ON mine TO k",
    ] {
        let answer = lake.run_as(&one, refused).await;
        assert!(matches!(answer, Err(LakeError::Unsupported { .. })), "{refused}: {answer:?}");
    }
    let alone = lake.run("CREATE TEMPORARY TABLE t (x INT)").await;
    assert!(matches!(alone, Err(LakeError::Unsupported { .. })), "a session of one statement: {alone:?}");

    // Dropped, it covers nothing any more.
    lake.run_as(&one, "DROP TABLE trips").await.unwrap();
    assert_eq!(lake.rows_as(&one, "SELECT id FROM trips").await, "1");
    lake.run_as(&one, "CREATE TEMPORARY TABLE trips AS SELECT 9 AS id").await.unwrap();
    assert_eq!(lake.rows_as(&one, "SELECT id FROM trips").await, "9");

    // Dropped ones do not count, nor those that came to nothing.
    for n in 0..120 {
        lake.run_as(&one, &format!("CREATE TEMPORARY TABLE t{n} (x INT)")).await.unwrap();
        lake.run_as(&one, &format!("DROP TABLE t{n}")).await.unwrap();
    }
    for n in 0..120 {
        let broken = format!("CREATE TEMPORARY TABLE b{n} AS SELECT CAST('x' || {n} AS INT) AS x");
        assert!(lake.run_as(&one, &broken).await.is_err());
    }
    for n in 0..98 {
        lake.run_as(&one, &format!("CREATE TEMPORARY TABLE t{n} (x INT)")).await.unwrap();
    }
    let many = lake.run_as(&one, "CREATE TEMPORARY TABLE t98 (x INT)").await;
    assert!(matches!(many, Err(LakeError::Invalid { .. })), "beside mine and trips: {many:?}");

    // The session ends: nothing of it is left, and nothing of the other is gone.
    drop(one);
    let left = async || {
        let all = lake.engine.catalog().holdings("main").await.unwrap();
        all.databases["default"].tables.keys().filter(|name| Unseen::is(name)).count()
    };
    for _ in 0..500 {
        if left().await == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(left().await, 1);
    assert_eq!(lake.rows_as(&other, "SELECT x FROM mine").await, "5");
    other.let_tables_go().await;
    assert_eq!(left().await, 0);
    assert!(lake.run_as(&other, "SELECT x FROM mine").await.is_err());
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_process_left_is_dropped_after_a_day() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let catalog = lake.engine.catalog();
    let columns = || Arc::new(Schema::new(vec![Field::new("x", DataType::Int64, true)]));
    let day = 86_400_000;
    for (kind, age) in [(Unseen::Temporary, 2), (Unseen::Filling, 2), (Unseen::Loading, 2), (Unseen::Temporary, 0)] {
        let made = Timestamp(SystemClock.now().millis() - age * day);
        let mut table = TableDef::managed("default", "", columns(), made);
        table.name = kind.name(&table.id);
        catalog.create_table("main", &table, false).await.unwrap();
    }
    // Somebody's own odd name is no mark.
    let old = Timestamp(SystemClock.now().millis() - 9 * day);
    catalog
        .create_table("main", &TableDef::managed("default", "__temporary_rides", columns(), old), false)
        .await
        .unwrap();
    lake.engine.care_once(&CareOptions::default()).await.unwrap();
    let all = catalog.holdings("main").await.unwrap();
    let names: Vec<&String> = all.databases["default"].tables.keys().collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().any(|name| *name == "__temporary_rides") && names.iter().any(|name| Unseen::is(name)));
    lake.stop().await;
}
