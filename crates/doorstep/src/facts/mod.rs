//! What happens in this process, told to the journal as rows of tables: quotes, positions, supply, requests, queries.
//!
//! Nobody waits for it. What comes faster than the journal takes it is dropped and counted; orders and reviews do not
//! come this way, they are in the journal by their own transactions.

#![cfg_attr(not(feature = "lake"), allow(dead_code, reason = "nobody is told without the lake"))]

#[cfg(feature = "lake")]
pub(crate) mod buckets;
#[cfg(feature = "lake")]
pub(crate) mod inventory;
pub(crate) mod tables;
#[cfg(feature = "lake")]
pub(crate) mod usage;
pub(crate) mod watch;

use std::{collections::BTreeMap, time::Duration};

use doorstep_clock::Timestamp;
use doorstep_journal::{Journal, NewRecord};
use serde_json::Value;
use tokio::{sync::mpsc, task::JoinHandle};

use crate::node::{Shutdown, metrics::FACTS_DROPPED};

/// Facts that may wait for the journal.
const QUEUE: usize = 50_000;
/// Facts written at once.
const BATCH: usize = 5_000;
/// How long facts are gathered, so that one write to disk serves many.
const GATHER: Duration = Duration::from_millis(500);

/// One row for one table.
#[derive(Debug)]
struct Fact {
    stream: &'static str,
    key: String,
    at: Timestamp,
    row: Value,
}

/// Where facts are told. Cheap to clone; without a journal it tells nobody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Facts(Option<mpsc::Sender<Fact>>);

impl Facts {
    /// Tells `journal`, until the process goes down.
    pub(crate) fn start(journal: Journal, shutdown: Shutdown) -> (Self, JoinHandle<()>) {
        let (sender, inbox) = mpsc::channel(QUEUE);
        let task = tokio::spawn(write(journal, inbox, shutdown));
        (Self(Some(sender)), task)
    }

    /// Whether anybody listens; else a row need not even be made.
    pub(crate) fn wanted(&self) -> bool {
        self.0.is_some()
    }

    /// Tells a row of the table fed by `stream`.
    pub(crate) fn tell(&self, stream: &'static str, key: impl Into<String>, at: Timestamp, row: Value) {
        let Some(sender) = &self.0 else { return };
        if sender.try_send(Fact { stream, key: key.into(), at, row }).is_err() {
            metrics::counter!(FACTS_DROPPED, "stream" => stream).increment(1);
        }
    }
}

async fn write(journal: Journal, mut inbox: mpsc::Receiver<Fact>, shutdown: Shutdown) {
    let mut facts = Vec::new();
    loop {
        let down = shutdown.is_down();
        tokio::select! {
            n = inbox.recv_many(&mut facts, BATCH) => if n == 0 { return },
            () = shutdown.wait(), if !down => {}
            () = tokio::time::sleep(GATHER), if down => return,
        }
        if !down && facts.len() < BATCH {
            tokio::time::sleep(GATHER).await;
            while facts.len() < BATCH {
                let Ok(fact) = inbox.try_recv() else { break };
                facts.push(fact);
            }
        }
        let mut streams: BTreeMap<&'static str, Vec<NewRecord>> = BTreeMap::new();
        for fact in facts.drain(..) {
            let payload = fact.row.to_string().into_bytes().into();
            let record = NewRecord { kind: "row".to_owned(), key: fact.key, at: fact.at, payload, dedupe: None };
            streams.entry(fact.stream).or_default().push(record);
        }
        for (stream, records) in streams {
            let lost = records.len() as u64;
            if let Err(error) = journal.append(stream, records).await {
                metrics::counter!(FACTS_DROPPED, "stream" => stream).increment(lost);
                tracing::warn!(stream, %error, "facts could not be written");
            }
        }
    }
}
