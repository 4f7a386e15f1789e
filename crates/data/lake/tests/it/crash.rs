//! Killed at any moment, no event is lost or doubled, and catalogue and files agree.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use doorstep_lake::{CareOptions, IngestOptions, LakeError};
use serde_json::json;

use crate::support::{Lake, event};

/// Set in the child: the round's number and the directory.
const CHILD: &str = "DOORSTEP_LAKE_CRASH_CHILD";
/// The same for the child that changes a table of its own.
const CHANGER: &str = "DOORSTEP_LAKE_CRASH_CHANGER";
const ROUNDS: u32 = 20;
/// Events that the child writes at once.
const BATCH: usize = 7;
const EAGER: IngestOptions = IngestOptions { flush_every: Duration::from_millis(15), flush_rows: 20 };

/// Not a test of its own: the process that gets killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let (round, dir) = task.split_once(' ').unwrap();
    let lake = Lake::with(Path::new(dir), EAGER, |_| {}).await;
    let care = CareOptions { small_files: 3, grace: Duration::ZERO, ..CareOptions::default() };
    for n in 0.. {
        let ids: Vec<String> = (0..BATCH).map(|k| format!("{round}-{n}-{k}")).collect();
        let news = ids.iter().map(|id| event(id, n, json!({"n": 1}))).collect();
        lake.journal.append("events.porto", news).await.unwrap();
        let mut lines: String = ids.iter().map(|id| format!("ack {id}\n")).collect();
        if n % 10 == 3 {
            let table = format!("t_{round}_{n}");
            lake.run(&format!("CREATE TABLE {table} AS SELECT value FROM generate_series(1, 1000)")).await.unwrap();
            lines.push_str(&format!("table {table}\n"));
            lake.engine.care_once(&care).await.unwrap();
        }
        std::io::stdout().lock().write_all(lines.as_bytes()).unwrap();
    }
}

fn spawn(test: &str, variable: &str, round: u32, dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(variable, format!("{round} {}", dir.display()))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_by_sigkill() {
    let dir = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut made) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        let mut child = spawn("crash::child", CHILD, round, dir.path());
        // Killed by progress, not by the clock: each round in another place, a little after an acknowledgement.
        let after = BATCH * (1 + round as usize * 5 % 13);
        let mut told = 0;
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            // The harness writes its own words in front of the first one.
            if let Some((_, id)) = line.split_once("ack ") {
                acknowledged.insert(id.to_owned());
                told += 1;
            } else if let Some((_, table)) = line.split_once("table ") {
                made.insert(table.to_owned());
            }
            if told == after {
                told += 1;
                std::thread::sleep(Duration::from_millis(u64::from(round) * 7 % 40));
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(told > after, "the child of round {round} ended by itself after {told} events");
    }
    assert!(acknowledged.len() > 50 && !made.is_empty(), "{} events, {} tables", acknowledged.len(), made.len());

    let lake = Lake::with(dir.path(), EAGER, |_| {}).await;
    let last = lake.journal.last("events.porto");
    lake.wait("SELECT count(*) FROM events", &last.to_string()).await;
    assert_eq!(lake.rows("SELECT count(DISTINCT id) FROM events").await, last.to_string(), "none is there twice");
    let there: BTreeSet<String> = lake.rows("SELECT id FROM events").await.lines().map(str::to_owned).collect();
    assert!(acknowledged.is_subset(&there), "an acknowledged event is gone");
    for table in &made {
        assert_eq!(lake.rows(&format!("SELECT count(*) FROM {table}")).await, "1000", "{table}");
    }
    // A table is there with all of its rows or not at all.
    let all = lake.rows("SELECT table_name FROM information_schema.tables WHERE table_schema = 'default'").await;
    for table in all.lines() {
        assert_eq!(lake.rows(&format!("SELECT count(*) FROM {table}")).await, "1000", "{table} is half there");
    }
    lake.stop().await;
}

/// Not a test of its own: adds batches of ten rows of ten each, moves amounts inside of them, deletes some, and makes
/// tables, while files are merged beside it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changer() {
    let Ok(task) = std::env::var(CHANGER) else { return };
    let (round, dir) = task.split_once(' ').unwrap();
    let round: i64 = round.parse().unwrap();
    let lake = Arc::new(Lake::with(Path::new(dir), EAGER, |_| {}).await);
    let merging = Arc::clone(&lake);
    tokio::spawn(async move {
        let care = CareOptions { small_files: 3, ..CareOptions::default() };
        loop {
            merging.engine.care_once(&care).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let tell = |line: String| std::io::stdout().lock().write_all(format!("{line}\n").as_bytes()).unwrap();
    lake.run("CREATE TABLE IF NOT EXISTS ledger (batch BIGINT, k BIGINT, amount BIGINT)").await.unwrap();
    for n in 0_i64.. {
        let batch = round * 10_000 + n;
        let rows = format!("INSERT INTO ledger SELECT {batch}, value, 10 FROM generate_series(1, 10)");
        lake.run(&rows).await.unwrap();
        tell(format!("ack {batch}"));
        let moved = "UPDATE ledger SET amount = amount + CASE WHEN k = 1 THEN -1 ELSE 1 END WHERE k IN (1, 2)";
        match lake.run(moved).await {
            Ok(_) | Err(LakeError::Conflict { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        if n % 3 == 2 {
            tell(format!("going {batch}"));
            if lake.run(&format!("DELETE FROM ledger WHERE batch = {batch}")).await.is_ok() {
                tell(format!("gone {batch}"));
            }
            lake.run(&format!("CREATE TABLE c_{batch} AS SELECT * FROM ledger")).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_change_that_is_killed_has_happened_or_not() {
    let dir = tempfile::tempdir().unwrap();
    let (mut added, mut going, mut gone) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        let mut child = spawn("crash::changer", CHANGER, round, dir.path());
        let (after, mut told) = (1 + round as usize * 3 % 7, 0);
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let of = |word: &str| line.split_once(word).map(|(_, batch)| batch.parse::<i64>().unwrap());
            if let Some(batch) = of("ack ") {
                added.insert(batch);
                told += 1;
            } else if let Some(batch) = of("going ") {
                going.insert(batch);
            } else if let Some(batch) = of("gone ") {
                gone.insert(batch);
            }
            if told == after {
                told += 1;
                std::thread::sleep(Duration::from_millis(u64::from(round) * 11 % 60));
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(told > after, "the child of round {round} ended by itself after {told} batches");
    }

    let lake = Lake::with(dir.path(), EAGER, |_| {}).await;
    let there = "SELECT batch FROM ledger GROUP BY batch HAVING count(*) = 10 ORDER BY batch";
    let there: BTreeSet<i64> = lake.rows(there).await.lines().map(|batch| batch.parse().unwrap()).collect();
    let halves = "SELECT count(*) FROM (SELECT batch FROM ledger GROUP BY batch HAVING count(*) <> 10)";
    assert_eq!(lake.rows(halves).await, "0", "a batch is half there");
    assert_eq!(lake.rows("SELECT sum(amount) - 10 * count(*) FROM ledger").await, "0", "an amount was half moved");
    for batch in &added {
        assert!(there.contains(batch) || going.contains(batch), "the batch {batch} was acknowledged and is gone");
    }
    assert!(gone.is_disjoint(&there), "a batch is back that was deleted");
    let tables = lake.rows("SELECT table_name FROM information_schema.tables WHERE table_name LIKE 'c\\_%'").await;
    for table in tables.lines() {
        let sum = lake.rows(&format!("SELECT sum(amount) - 10 * count(*) FROM {table}")).await;
        assert_eq!(sum, "0", "{table} is half there");
    }

    // Everything is on disk that a table has, and nothing else once it is old enough to be nobody's work.
    let care = CareOptions { grace: Duration::ZERO, history: Duration::ZERO, ..CareOptions::default() };
    tokio::time::sleep(Duration::from_millis(5)).await;
    lake.engine.care_once(&care).await.unwrap();
    let mut named = BTreeSet::new();
    for table in lake.engine.catalog().holdings("main").await.unwrap().databases["default"].tables.values() {
        for file in lake.engine.catalog().files("main", &table.id).await.unwrap() {
            named.insert(dir.path().join("lake").join(&file.path));
        }
    }
    let folder = dir.path().join("lake/tables/main");
    let on_disk = || {
        let mut found = BTreeSet::new();
        walk(&folder, &mut found);
        found
    };
    assert!(named.is_subset(&on_disk()), "a file of a table is gone");
    for file in on_disk() {
        let old = std::time::SystemTime::now() - Duration::from_secs(2 * 3600);
        std::fs::File::options().write(true).open(file).unwrap().set_modified(old).unwrap();
    }
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let engine = lake.engine.clone();
    let caring = tokio::spawn(async move { engine.care(CareOptions::default(), stopped).await });
    for _ in 0..500 {
        if on_disk() == named {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(on_disk(), named);
    stop.send(true).unwrap();
    caring.await.unwrap();
    lake.stop().await;
}

fn walk(dir: &Path, found: &mut BTreeSet<std::path::PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            walk(&entry.path(), found);
        } else {
            found.insert(entry.path());
        }
    }
}
