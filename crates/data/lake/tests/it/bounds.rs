//! A query that asks too much ends clearly, and harms no other.

use std::time::{Duration, Instant};

use doorstep_identity::Scope;
use doorstep_lake::{Engine as _, IngestOptions, LakeError, Limit, Limits, Statement};
use futures::StreamExt as _;

use crate::support::{Lake, session};

/// Endless for any test: a product of a table with itself, and work on each row.
const RUNAWAY: &str =
    "SELECT sum(a.value * b.value % 7) FROM generate_series(1, 10000000) AS a, generate_series(1, 10000000) AS b";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_memory_and_bytes_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let boss = session("main", "boss", Scope::Admin);
    let run = async |sql: &str, limits: Limits| {
        lake.engine.execute(&boss, Statement::Sql(sql.to_owned()), limits).await?.collect(1_000_000).await
    };
    let short = Limits { time: Some(Duration::from_millis(200)), ..Limits::default() };
    assert!(matches!(run(RUNAWAY, short).await, Err(LakeError::Limit { limit: Limit::Time, .. })));

    lake.run("CREATE TABLE big AS SELECT value AS x, md5(CAST(value AS VARCHAR)) AS h FROM generate_series(1, 400000)")
        .await
        .unwrap();
    let little = Limits { scan_bytes: Some(10_000), ..Limits::default() };
    let ended = run("SELECT max(h) FROM big", little).await;
    assert!(matches!(ended, Err(LakeError::Limit { limit: Limit::Bytes, .. })), "{ended:?}");

    // A sort spills instead of failing; what cannot spill says so.
    let tight = Limits { memory_bytes: Some(20 << 20), cores: Some(1), ..Limits::default() };
    let sorted = run("SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY h) AS r FROM big)", tight).await.unwrap();
    assert!(
        sorted.statistics.spilled_bytes > 0 && sorted.statistics.peak_memory <= 20 << 20,
        "{:?}",
        sorted.statistics
    );
    // A join whose sides do not fit is done by sorting, with the same rows.
    let join = "SELECT count(*), max(a.h), min(b.x) FROM big AS a JOIN big AS b ON a.h = b.h";
    let (tight_joined, joined) = (run(join, tight).await.unwrap(), run(join, Limits::default()).await.unwrap());
    assert_eq!(tight_joined.batches, joined.batches);
    assert!(
        tight_joined.statistics.spilled_bytes > 0 && tight_joined.statistics.peak_memory <= 20 << 20,
        "{:?}",
        tight_joined.statistics
    );
    let tiny = Limits { memory_bytes: Some(1 << 20), cores: Some(1), ..Limits::default() };
    let ended = run("SELECT array_agg(h) FROM big", tiny).await;
    assert!(matches!(ended, Err(LakeError::Limit { limit: Limit::Memory, .. })), "{ended:?}");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_query_stops_and_leaves_its_place() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::with(dir.path(), IngestOptions::default(), |o| {
        (o.running, o.waiting) = (1, 1);
    })
    .await;
    let boss = session("main", "boss", Scope::Admin);
    let start = |sql: &str| lake.engine.execute(&boss, Statement::Sql(sql.to_owned()), Limits::default());
    let mut running = start(RUNAWAY).await.unwrap();
    let query = running.query.clone();
    assert_eq!((query.state(), lake.engine.queries().len()), ("running", 1));
    {
        // One may wait, a second is refused.
        let engine = lake.engine.clone();
        let (asker, boss) = (engine.clone(), boss.clone());
        let waiting = tokio::spawn(async move {
            asker.execute(&boss, Statement::Sql("SELECT 1".to_owned()), Limits::default()).await?.collect(10).await
        });
        while engine.queries().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(matches!(start("SELECT 1").await, Err(LakeError::Overloaded { .. })));
        query.cancel();
        assert!(waiting.await.unwrap().is_ok(), "the one that waited has its turn");
    }
    assert!(matches!(running.rows.next().await.unwrap().map_err(LakeError::from), Err(LakeError::Cancelled)));
    let used = query.finished().await.cpu_ms;
    assert_eq!(query.state(), "cancelled");

    // Dropping the rows is as good.
    let running = start(RUNAWAY).await.unwrap();
    let dropped = running.query.clone();
    let began = Instant::now();
    drop(running);
    dropped.finished().await;
    assert!(began.elapsed() < Duration::from_secs(5) && dropped.state() == "cancelled", "{used}");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_file_is_named_and_a_failed_insert_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE t AS SELECT 1 AS x").await.unwrap();
    let failed = lake.run("INSERT INTO t SELECT 1 / (value - 100000) FROM generate_series(1, 200000)").await;
    assert!(failed.is_err());
    assert_eq!(lake.rows("SELECT count(*) FROM t").await, "1");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir.path().join("lake/tables/main")).unwrap() {
        files.extend(std::fs::read_dir(entry.unwrap().path()).unwrap().map(|f| f.unwrap().path()));
    }
    assert_eq!(files.len(), 1, "the failed statement's files are gone: {files:?}");
    lake.stop().await;
    std::fs::write(&files[0], b"this is no Parquet").unwrap();
    let lake = Lake::open(dir.path()).await;
    let ended = lake.run("SELECT * FROM t").await;
    let name = files[0].file_name().unwrap().to_string_lossy().into_owned();
    assert!(matches!(&ended, Err(LakeError::Corrupt { file, .. }) if file.ends_with(&name)), "{ended:?}");
    lake.stop().await;
}
