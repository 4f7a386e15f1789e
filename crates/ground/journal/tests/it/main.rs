//! The journal from outside: appends, reads, restarts, damage, kills.
#![allow(clippy::unwrap_used)]

mod crash;
mod files;
mod streams;

use std::path::Path;
use std::sync::Arc;

use doorstep_clock::{ManualClock, SharedClock, Timestamp};
use doorstep_journal::{Journal, NewRecord, Options};

const T0: Timestamp = Timestamp(1_700_000_000_000);

fn record(key: &str, dedupe: Option<u64>) -> NewRecord {
    let payload = format!("{{\"about\":\"{key}\"}}").into();
    NewRecord { kind: "test.happened".to_owned(), key: key.to_owned(), at: T0, payload, dedupe }
}

fn clock() -> SharedClock {
    Arc::new(ManualClock::new(T0))
}

fn open(dir: &Path) -> Journal {
    Journal::open(dir, Options::default(), clock()).unwrap()
}

fn keys(journal: &Journal, stream: &str, after: u64, limit: usize) -> Vec<String> {
    journal.read(stream, after, limit).unwrap().into_iter().map(|r| r.key).collect()
}
