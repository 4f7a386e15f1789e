//! The journal becomes tables: at once, in files, once.

use std::time::Duration;

use doorstep_identity::Scope;
use doorstep_lake::{CareOptions, IngestOptions};
use serde_json::json;

use crate::support::{Lake, event, session};

const EAGER: IngestOptions = IngestOptions { flush_every: Duration::from_millis(30), flush_rows: 50 };

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_rows_within_moments_and_views_follow() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let at = 1_385_000_000_000;
    lake.journal
        .append("events.porto", vec![event("a", at, json!({"n": 1})), event("b", at, json!({"n": 2}))])
        .await
        .unwrap();
    lake.wait(
        "SELECT id, place, n, at FROM events ORDER BY id",
        "a,porto,1,2013-11-21T02:13:20Z\nb,porto,2,2013-11-21T02:13:20Z",
    )
    .await;
    lake.journal.append("events.faro", vec![event("c", at, json!({"n": "odd"}))]).await.unwrap();
    lake.wait("SELECT count(*), count(n) FROM events", "3,2").await;
    assert_eq!(lake.rows("SELECT id FROM busy").await, "b");
    assert_eq!(lake.rows("SELECT count(*) FROM events WHERE at < TIMESTAMP '2013-01-01T00:00:00Z'").await, "0");
    lake.stop().await;

    // What was in memory went into files; nothing is read twice.
    let lake = Lake::open(dir.path()).await;
    lake.wait("SELECT count(*) FROM events", "3").await;
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_small_files_become_one_and_queries_never_miss_a_row() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::with(dir.path(), EAGER, |_| {}).await;
    let care = CareOptions { small_files: 3, grace: Duration::ZERO, ..CareOptions::default() };
    let mut sum = 0;
    for round in 0..12_i64 {
        let news: Vec<_> =
            (0..40).map(|n| event(&format!("{round}-{n}"), (997 * n + round) % 1000, json!({"n": n}))).collect();
        lake.journal.append("events.porto", news).await.unwrap();
        sum += 780;
        lake.wait("SELECT count(*), sum(n) FROM events", &format!("{},{sum}", (round + 1) * 40)).await;
        if round % 4 == 3 {
            lake.engine.care_once(&care).await.unwrap();
            assert_eq!(
                lake.rows("SELECT count(DISTINCT id), sum(n) FROM events").await,
                format!("{},{sum}", (round + 1) * 40)
            );
        }
    }
    lake.stop().await;
    let lake = Lake::with(dir.path(), EAGER, |_| {}).await;
    lake.engine.care_once(&CareOptions { small_files: 2, ..care.clone() }).await.unwrap();
    lake.engine.care_once(&care).await.unwrap();
    let files = std::fs::read_dir(dir.path().join("lake/built-in/events/main")).unwrap().count();
    assert!(files <= 2, "{files} files are left");
    assert_eq!(lake.rows("SELECT count(*), sum(n) FROM events").await, format!("480,{sum}"));
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_managed_table_is_merged_too() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE t (p VARCHAR, x BIGINT) PARTITIONED BY (p) WITH (sort_by = 'x')").await.unwrap();
    for n in [5, 3, 4, 1] {
        lake.run(&format!("INSERT INTO t VALUES ({n}, 'a'), ({n}, 'b')")).await.unwrap();
    }
    let before = lake.run("SELECT * FROM t").await.unwrap().statistics.reads;
    let care = CareOptions { small_files: 2, grace: Duration::ZERO, ..CareOptions::default() };
    lake.engine.care_once(&care).await.unwrap();
    let after = lake.run("SELECT * FROM t").await.unwrap().statistics.reads;
    assert!(after < before, "{after} reads instead of {before}");
    assert_eq!(lake.rows("SELECT p, count(*), sum(x) FROM t GROUP BY p ORDER BY p").await, "a,4,13\nb,4,13");
    lake.stop().await;
}

/// A day, milliseconds.
const DAY: i64 = 86_400_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_are_kept_by_the_clock_of_their_own_city_and_tenant() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::with(dir.path(), EAGER, |_| {}).await;
    let told = |id: &str, at: i64, tenant: &str| event(id, at, json!({"n": 1, "tenant": tenant}));
    let (real, old) = (20_000 * DAY, 16_000 * DAY);
    // In one tenant a city of 2013 beside one on real time; in another a city of the same name, years behind.
    lake.journal
        .append("events.porto", vec![told("p1", old, "main"), told("p2", old + 40 * DAY, "main")])
        .await
        .unwrap();
    lake.journal
        .append("events.lisbon", vec![told("l1", real, "main"), told("l2", real + 40 * DAY, "main")])
        .await
        .unwrap();
    lake.journal
        .append("events.lisbon", vec![told("o1", old, "other"), told("o2", old + 10 * DAY, "other")])
        .await
        .unwrap();
    lake.wait("SELECT count(*) FROM events", "4").await;
    lake.stop().await;

    // All are in files now; main's two are merged into one that holds both cities' rows.
    let lake = Lake::with(dir.path(), EAGER, |_| {}).await;
    let mut care = CareOptions { small_files: 2, grace: Duration::ZERO, ..CareOptions::default() };
    lake.engine.care_once(&care).await.unwrap();
    let ids = "SELECT string_agg(id, ',' ORDER BY id) FROM events";
    assert_eq!(lake.rows(ids).await, "\"l1,l2,p1,p2\"", "the table itself keeps rows for ever");
    care.keep_days.insert("events".to_owned(), Some(30));
    lake.engine.care_once(&care).await.unwrap();
    assert_eq!(lake.rows(ids).await, "\"l2,p2\"");
    assert_eq!(lake.rows("SELECT min(at) FROM events WHERE place = 'porto'").await, "2013-12-01T00:00:00Z");
    let other = session("other", "boss", Scope::Admin);
    assert_eq!(lake.rows_as(&other, ids).await, "\"o1,o2\"", "ten days are not thirty");
    // The second time there is nothing to do.
    let files = || std::fs::read_dir(dir.path().join("lake/built-in/events/main")).unwrap().flatten().count();
    lake.engine.care_once(&care).await.unwrap();
    let left = files();
    lake.engine.care_once(&care).await.unwrap();
    assert_eq!((files(), left), (1, 1), "one file, and it is not written again");
    lake.stop().await;

    // What went stays away, and a shorter time takes whole files.
    let lake = Lake::with(dir.path(), EAGER, |_| {}).await;
    assert_eq!(lake.rows(ids).await, "\"l2,p2\"");
    lake.journal.append("events.porto", vec![told("p3", old + 100 * DAY, "main")]).await.unwrap();
    lake.wait("SELECT count(*) FROM events", "3").await;
    lake.stop().await;
    let lake = Lake::with(dir.path(), EAGER, |_| {}).await;
    lake.engine.care_once(&CareOptions { small_files: 9, ..care }).await.unwrap();
    assert_eq!(lake.rows(ids).await, "\"l2,p3\"");
    assert_eq!(lake.rows_as(&other, ids).await, "\"o1,o2\"");
    lake.stop().await;
}
