//! The relay: rows of the outbox go into the journal, each exactly once, then leave the store.
//!
//! Appending and deleting are two steps in two places. A crash between them leaves rows that are
//! in the journal already; the journal knows them by their numbers, which travel as dedupe ids,
//! and skips them.

use std::sync::Arc;
use std::time::Duration;

use doorstep_journal::{Journal, NewRecord};
use doorstep_store::outbox::{self, OutboxRow};
use doorstep_store::{Store, StoreError, Tx};
use tokio::sync::Notify;

use crate::live::error::LiveError;
use crate::live::metrics;

/// Rows moved at once; far below the journal's window of dedupe ids.
const BATCH: u32 = 512;
/// Looks without having been woken: other processes write too.
const POLL: Duration = Duration::from_millis(200);
/// After a failure.
const PAUSE: Duration = Duration::from_millis(500);

/// Moves one stream.
pub(crate) struct Relay {
    pub(crate) city: String,
    pub(crate) stream: String,
    pub(crate) store: Store,
    pub(crate) journal: Journal,
    pub(crate) wake: Arc<Notify>,
}

impl Relay {
    /// Runs until the task is dropped; `may` says whether this process runs the city.
    pub(crate) async fn run(self, may: impl Fn() -> bool + Send) {
        loop {
            if !may() {
                tokio::time::sleep(POLL).await;
                continue;
            }
            match self.step().await {
                Ok(moved) if moved >= BATCH as usize => {}
                Ok(_) => {
                    // Woken or not, the next look is due.
                    let _ = tokio::time::timeout(POLL, self.wake.notified()).await;
                }
                Err(error) => {
                    tracing::warn!(stream = self.stream, %error, "the relay failed and tries again");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    }

    /// Moves one batch; returns how many rows there were.
    async fn step(&self) -> Result<usize, LiveError> {
        let stream = self.stream.clone();
        let rows: Vec<OutboxRow> = self.store.read(move |tx| take(tx, &stream)).await?;
        if rows.is_empty() {
            return Ok(0);
        }
        self.journal.append(&self.stream, rows.iter().map(record).collect()).await?;
        let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
        self.store.write(move |tx| outbox::delete_through(tx, &seqs)).await?;
        metrics::relayed(&self.city, rows.len() as u64);
        Ok(rows.len())
    }
}

/// The oldest rows of one stream. Other streams have relays of their own, perhaps in processes that
/// are down: when their rows fill the first look, it goes deeper.
fn take(tx: &mut dyn Tx, stream: &str) -> Result<Vec<OutboxRow>, StoreError> {
    let mut limit = BATCH;
    loop {
        let mut rows = outbox::take(tx, limit)?;
        let full = rows.len() == limit as usize;
        rows.retain(|row| row.stream == stream);
        if !rows.is_empty() || !full {
            rows.truncate(BATCH as usize);
            return Ok(rows);
        }
        limit = limit.saturating_mul(4);
    }
}

fn record(row: &OutboxRow) -> NewRecord {
    NewRecord {
        kind: row.kind.clone(),
        key: row.key.clone(),
        at: row.at,
        payload: row.payload.to_string().into_bytes().into(),
        dedupe: u64::try_from(row.seq).ok(),
    }
}
