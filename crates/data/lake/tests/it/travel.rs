//! Tables as they were.

use std::time::Duration;

use doorstep_identity::Scope;
use doorstep_lake::{CareOptions, IngestOptions, LakeError};

use crate::support::{Lake, session};

/// The moments of a table's changes, the oldest first, as `DESCRIBE HISTORY` tells them.
async fn moments(lake: &Lake, table: &str) -> Vec<String> {
    let told = lake.rows(&format!("DESCRIBE HISTORY {table}")).await;
    let mut moments: Vec<String> = told.lines().map(|line| line.split(',').next().unwrap().to_owned()).collect();
    moments.reverse();
    moments
}

/// Changes fall into different milliseconds.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(5)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_read_as_they_were() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE trips (id BIGINT, city VARCHAR)").await.unwrap();
    pause().await;
    lake.run("INSERT INTO trips VALUES (1, 'porto')").await.unwrap();
    pause().await;
    lake.run("INSERT INTO trips VALUES (2, 'faro')").await.unwrap();
    pause().await;
    lake.run("INSERT OVERWRITE trips VALUES (3, 'lyon')").await.unwrap();
    let at = moments(&lake, "trips").await;
    assert_eq!(at.len(), 3);
    let told = lake.rows("DESCRIBE HISTORY trips").await;
    assert!(told.lines().next().unwrap().ends_with(",1,1,2,2"), "one file came, two went: {told}");

    let ids = async |of: String| lake.rows(&format!("SELECT trips.id FROM {of} ORDER BY id")).await;
    assert_eq!(ids("trips".to_owned()).await, "3");
    assert_eq!(ids(format!("trips FOR SYSTEM_TIME AS OF TIMESTAMP '{}'", at[0])).await, "1");
    assert_eq!(ids(format!("trips TIMESTAMP AS OF '{}'", at[1])).await, "1\n2");
    assert_eq!(ids("trips FOR SYSTEM_TIME AS OF now()".to_owned()).await, "3");
    let joined = format!(
        "SELECT count(*) FROM trips AS now FULL JOIN trips FOR SYSTEM_TIME AS OF '{}' AS was ON now.id = was.id",
        at[1]
    );
    assert_eq!(lake.rows(&joined).await, "3");

    // A view keeps its moment, and what was overwritten can be brought back.
    lake.run(&format!("CREATE VIEW old AS SELECT * FROM trips FOR SYSTEM_TIME AS OF '{}'", at[1])).await.unwrap();
    assert_eq!(lake.rows("SELECT city FROM old ORDER BY id").await, "porto\nfaro");
    lake.run("INSERT OVERWRITE trips SELECT * FROM old").await.unwrap();
    assert_eq!(ids("trips".to_owned()).await, "1\n2");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_told_of_the_past_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::with(dir.path(), IngestOptions::default(), |o| o.history = Duration::from_secs(3600)).await;
    lake.run("CREATE TABLE trips (id BIGINT)").await.unwrap();
    lake.run("CREATE VIEW v AS SELECT * FROM trips").await.unwrap();
    for (sql, words) in [
        ("SELECT * FROM trips FOR SYSTEM_TIME AS OF '2020-01-01'", "not known any more"),
        ("SELECT * FROM trips FOR SYSTEM_TIME AS OF 'soon'", "AS OF: Arrow error"),
        ("SELECT * FROM trps FOR SYSTEM_TIME AS OF now()", "no table lake.default.trps (line"),
        ("SELECT * FROM trips VERSION AS OF 3", "FOR SYSTEM_TIME"),
        ("SELECT * FROM v FOR SYSTEM_TIME AS OF now()", "view"),
        ("SELECT * FROM events FOR SYSTEM_TIME AS OF now()", "built-in"),
        ("SELECT 1 FROM trips FOR SYSTEM_TIME AS OF now(); SELECT 2", "more than one"),
        ("DESCRIBE HISTORY v", "history"),
        ("DESCRIBE HISTORY tripz", "tripz"),
    ] {
        let error = lake.run(sql).await.unwrap_err().to_string();
        assert!(error.contains(words), "{sql}: {error}");
    }
    let many = vec!["SELECT id FROM trips FOR SYSTEM_TIME AS OF now()"; 65].join(" UNION ALL ");
    let error = lake.run(&many).await.unwrap_err().to_string();
    assert!(error.contains("more than 64 moments"), "{error}");
    let stranger = session("main", "guest", Scope::Partner);
    for sql in
        ["SELECT * FROM trips FOR SYSTEM_TIME AS OF now()", "SELECT * FROM \"trips@0\"", "DESCRIBE HISTORY trips"]
    {
        let error = lake.run_as(&stranger, sql).await.unwrap_err();
        assert!(!matches!(error, LakeError::Execution(_)), "{sql}: {error}");
    }
    let neighbour = session("other", "boss", Scope::Admin);
    assert!(lake.run_as(&neighbour, "DESCRIBE HISTORY trips").await.is_err());
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_kept_as_long_as_their_past_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE kept (id BIGINT)").await.unwrap();
    lake.run("CREATE TABLE gone AS SELECT 1 AS id").await.unwrap();
    lake.run("INSERT INTO kept VALUES (1)").await.unwrap();
    pause().await;
    lake.run("INSERT OVERWRITE kept VALUES (2)").await.unwrap();
    lake.run("DROP TABLE gone").await.unwrap();
    pause().await;
    let first = moments(&lake, "kept").await[0].clone();
    let then = format!("SELECT id FROM kept FOR SYSTEM_TIME AS OF '{first}'");
    let files = || walk(&dir.path().join("lake"));
    assert_eq!(files(), 3);
    let mut care = CareOptions { grace: Duration::ZERO, ..CareOptions::default() };
    lake.engine.care_once(&care).await.unwrap();
    assert_eq!(files(), 2, "a dropped table has no past");
    assert_eq!(lake.rows(&then).await, "1");
    care.history = Duration::ZERO;
    lake.engine.care_once(&care).await.unwrap();
    assert_eq!(files(), 1);
    lake.stop().await;
}

fn walk(dir: &std::path::Path) -> usize {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    let of = |path: std::path::PathBuf| {
        if path.is_dir() { walk(&path) } else { usize::from(path.extension().is_some_and(|e| e == "parquet")) }
    };
    entries.flatten().map(|entry| of(entry.path())).sum()
}
