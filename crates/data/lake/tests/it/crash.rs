//! Killed at any moment, no event is lost or doubled, and catalogue and files agree.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use doorstep_lake::{CareOptions, IngestOptions};
use serde_json::json;

use crate::support::{Lake, event};

/// Set in the child: the round's number and the directory.
const CHILD: &str = "DOORSTEP_LAKE_CRASH_CHILD";
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_by_sigkill() {
    let dir = tempfile::tempdir().unwrap();
    let (mut acknowledged, mut made) = (BTreeSet::new(), BTreeSet::new());
    for round in 0..ROUNDS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "crash::child", "--nocapture"])
            .env(CHILD, format!("{round} {}", dir.path().display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
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
