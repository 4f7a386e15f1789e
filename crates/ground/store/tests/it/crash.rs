//! Killed at any moment, the store keeps what it acknowledged, whole and once.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use doorstep_clock::Timestamp;
use doorstep_store::testing::TestDatabase;
use doorstep_store::{Migration, Store, StoreError, outbox, params};
use serde_json::json;

/// Set in the child: the store it writes to and the round's number.
const CHILD: &str = "DOORSTEP_CRASH_CHILD";
const ROUNDS: u32 = 20;
const WRITERS: u32 = 8;

/// No unique key on purpose: a transaction applied twice must show.
const LEDGER: &[Migration] =
    &[Migration::same("crash/0001_ledger", "CREATE TABLE ledger(id TEXT NOT NULL, side TEXT NOT NULL)")];

/// Not a test of its own: the process that gets killed.
#[test]
fn child() {
    let Ok(task) = std::env::var(CHILD) else { return };
    let (round, url) = task.split_once(' ').unwrap();
    let store = Store::open(url, LEDGER).unwrap();
    let writers: Vec<_> = (0..WRITERS)
        .map(|writer| {
            let (store, round) = (store.clone(), round.to_owned());
            std::thread::spawn(move || {
                for n in 0.. {
                    let id = format!("{round}-{writer}-{n}");
                    let written = id.clone();
                    store
                        .write_blocking(move |tx| {
                            tx.execute("INSERT INTO ledger(id, side) VALUES ($1, 'debit')", params![&written])?;
                            outbox::append(tx, "ledger", "booked", &written, &json!({}), Timestamp(0))?;
                            tx.execute("INSERT INTO ledger(id, side) VALUES ($1, 'credit')", params![&written])?;
                            Ok::<_, StoreError>(())
                        })
                        .unwrap();
                    // One write call per line, so that a kill cannot leave half an id.
                    std::io::stdout().lock().write_all(format!("ack {id}\n").as_bytes()).unwrap();
                }
            })
        })
        .collect();
    for writer in writers {
        writer.join().unwrap();
    }
}

#[test]
fn every_acknowledged_transaction_survives_sigkill() {
    for database in TestDatabase::each() {
        let mut acknowledged: Vec<String> = Vec::new();
        for round in 0..ROUNDS {
            let mut child = Command::new(std::env::current_exe().unwrap())
                .args(["--exact", "crash::child", "--nocapture"])
                .env(CHILD, format!("{round} {}", database.url()))
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let out = child.stdout.take().unwrap();
            let reader = std::thread::spawn(move || {
                BufReader::new(out)
                    .lines()
                    .map_while(Result::ok)
                    // The harness writes its own words in front of the first one.
                    .filter_map(|line| line.split_once("ack ").map(|(_, id)| id.to_owned()))
                    .collect::<Vec<_>>()
            });
            // Different lengths hit different moments, the first ones even the start-up.
            std::thread::sleep(Duration::from_millis(20 + u64::from(round) * 17));
            child.kill().unwrap();
            child.wait().unwrap();
            acknowledged.extend(reader.join().unwrap());
        }
        assert!(acknowledged.len() > 500, "the children hardly wrote: {}", acknowledged.len());

        let store = Store::open(database.url(), LEDGER).unwrap();
        let rows = store.read_blocking(|tx| tx.query("SELECT id, side FROM ledger", &[])).unwrap();
        let mut sides: HashMap<String, Vec<String>> = HashMap::new();
        for row in &rows {
            sides.entry(row.text("id").unwrap()).or_default().push(row.text("side").unwrap());
        }
        let mut events: HashMap<String, u32> = HashMap::new();
        for row in store.read_blocking(|tx| outbox::take(tx, u32::MAX)).unwrap() {
            *events.entry(row.key).or_default() += 1;
        }
        for id in &acknowledged {
            assert!(sides.contains_key(id), "{id} was acknowledged and is gone");
        }
        for (id, mut both) in sides {
            both.sort();
            assert_eq!(both, ["credit", "debit"], "{id} is not there exactly once");
            assert_eq!(events.get(&id), Some(&1), "{id} has no single event");
        }
    }
}
