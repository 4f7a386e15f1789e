//! A query that asks too much ends clearly, and harms no other.

use std::time::{Duration, Instant};

use doorstep_identity::Scope;
use doorstep_lake::{Engine as _, IngestOptions, LakeError, Limit, Limits, LocalEngine, Outcome, Session, Statement};
use futures::StreamExt as _;
use tokio::task::JoinHandle;

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
    let tight = Limits { memory_bytes: Some(20 << 20), cores: Some(2), ..Limits::default() };
    let sorted = run("SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY h) AS r FROM big)", tight).await.unwrap();
    assert!(
        sorted.statistics.spilled_bytes > 0 && sorted.statistics.peak_memory <= 20 << 20,
        "{:?}",
        sorted.statistics
    );
    // A join whose sides do not fit is done by sorting, with the same rows.
    let join = "SELECT count(*), max(a.h), min(b.x) FROM big AS a JOIN big AS b ON a.h = b.h";
    let narrow = Limits { memory_bytes: Some(32 << 20), cores: Some(2), ..Limits::default() };
    let (by_sorting, by_hash) = (run(join, narrow).await.unwrap(), run(join, Limits::default()).await.unwrap());
    assert_eq!(by_sorting.batches, by_hash.batches);
    let (few, many) = (by_sorting.statistics, by_hash.statistics);
    assert!(few.spilled_bytes > 0 && few.peak_memory <= 32 << 20 && many.peak_memory > 32 << 20, "{few:?} {many:?}");
    // A side that is small stays in memory.
    let with_small = format!("{join} LEFT JOIN (VALUES (7), (8)) AS few(x) ON a.x = few.x");
    let running = lake.engine.execute(&boss, Statement::Sql(with_small), narrow).await.unwrap();
    let query = running.query.clone();
    assert_eq!(running.collect(10).await.unwrap().batches[0].num_rows(), 1);
    let plan = query.plan().unwrap();
    assert!(plan.contains("HashJoinExec") && plan.contains("SortMergeJoinExec"), "{plan}");
    // So are joins of a statement that writes.
    let made = run(&format!("CREATE TABLE joined AS {join}"), narrow).await.unwrap();
    assert!(made.statistics.spilled_bytes > 0, "{:?}", made.statistics);
    assert_eq!(run("SELECT * FROM joined", narrow).await.unwrap().batches[0].columns(), by_hash.batches[0].columns());
    let tiny = Limits { memory_bytes: Some(1 << 20), cores: Some(1), ..Limits::default() };
    let ended = run("SELECT array_agg(h) FROM big", tiny).await;
    assert!(matches!(ended, Err(LakeError::Limit { limit: Limit::Memory, .. })), "{ended:?}");
    lake.stop().await;
}

/// A statement that waits for its place.
async fn wait_in_line(engine: &LocalEngine, who: &Session) -> JoinHandle<Result<Outcome, LakeError>> {
    let (asker, who) = (engine.clone(), who.clone());
    let waiting = tokio::spawn(async move {
        asker.execute(&who, Statement::Sql("SELECT 1".to_owned()), Limits::default()).await?.collect(10).await
    });
    while engine.queries().len() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    waiting
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
        let waiting = wait_in_line(&engine, &boss).await;
        assert!(matches!(start("SELECT 1").await, Err(LakeError::Overloaded { .. })));
        // One whose caller goes while it waits leaves the queue to the next.
        waiting.abort();
        assert!(waiting.await.unwrap_err().is_cancelled());
        assert_eq!(engine.queries().len(), 1, "nobody waits any more");
        let waiting = wait_in_line(&engine, &boss).await;
        assert!(matches!(start("SELECT 1").await, Err(LakeError::Overloaded { .. })), "the next one does wait");
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_that_takes_every_place_does_not_lock_another_out() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::with(dir.path(), IngestOptions::default(), |o| {
        (o.running, o.waiting) = (2, 3);
    })
    .await;
    let (greedy, modest) = (session("greedy", "a", Scope::Admin), session("modest", "b", Scope::Admin));
    let start = |who: &Session, sql: &str| {
        let (engine, who, sql) = (lake.engine.clone(), who.clone(), sql.to_owned());
        tokio::spawn(
            async move { engine.execute(&who, Statement::Sql(sql), Limits::default()).await?.collect(10).await },
        )
    };
    let queued = async |n: usize| {
        for _ in 0..1_000 {
            if lake.engine.queries().iter().filter(|query| query.state() == "queued").count() == n {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{n} should wait: {:?}", lake.engine.queries());
    };
    let crowd: Vec<_> = (0..5).map(|_| start(&greedy, RUNAWAY)).collect();
    queued(3).await;
    // All places are taken, to run and to wait. One of the crowd's gives way, and the next place is not theirs.
    let waiting = start(&modest, "SELECT 1");
    queued(3).await;
    let mut refused = 0;
    for _ in 0..1_000 {
        refused = crowd.iter().filter(|query| query.is_finished()).count();
        if refused == 1 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(refused, 1);
    let running = lake.engine.queries().into_iter().find(|query| query.state() == "running").unwrap();
    running.cancel();
    assert!(waiting.await.unwrap().is_ok(), "two of the crowd still wait");
    // From now on a place is there at once: the crowd may have all but one.
    for _ in 0..3 {
        assert!(start(&modest, "SELECT 1").await.unwrap().is_ok());
    }
    let running = lake.engine.queries().iter().filter(|query| query.state() == "running").count();
    assert_eq!(running, 1, "the crowd holds one of two places");
    lake.engine.queries().iter().for_each(|query| query.cancel());
    let mut ends = Vec::new();
    for query in crowd {
        ends.push(query.await.unwrap().map(|_| ()).unwrap_err());
    }
    assert_eq!(ends.iter().filter(|end| matches!(end, LakeError::Overloaded { .. })).count(), 1, "{ends:?}");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_query_has_its_part_of_the_space_for_spilling() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::with(dir.path(), IngestOptions::default(), |o| {
        (o.running, o.spill_bytes) = (2, 2 << 20);
    })
    .await;
    let boss = session("main", "boss", Scope::Admin);
    lake.run("CREATE TABLE big AS SELECT md5(CAST(value AS VARCHAR)) AS h FROM generate_series(1, 400000)")
        .await
        .unwrap();
    let tight = Limits { memory_bytes: Some(20 << 20), cores: Some(2), ..Limits::default() };
    lake.run("CREATE TABLE small AS SELECT * FROM big LIMIT 1000").await.unwrap();
    let sort = async |table: &str| {
        let sql = format!("SELECT max(r) FROM (SELECT row_number() OVER (ORDER BY h) AS r FROM {table})");
        lake.engine.execute(&boss, Statement::Sql(sql), tight).await?.collect(10).await
    };
    // It needs some ten MB of the one that is its own.
    let ended = sort("big").await;
    assert!(matches!(&ended, Err(LakeError::Limit { limit: Limit::Spill, .. })), "{ended:?}");
    assert!(sort("small").await.is_ok());
    lake.stop().await;
}
