//! Ordered event streams with consumer positions, crash-safe in files.
//!
//! A [`Journal`] owns one directory. Each stream is a row of segment files of checksummed
//! frames, numbered from 1 without gaps. One writer thread serves all appends: those that
//! arrive while a sync is under way share the next one. An append is answered only when its
//! records are on disk; readers see only such records.
//!
//! ```no_run
//! use doorstep_clock::{SharedClock, SystemClock};
//! use doorstep_journal::{Journal, JournalError, NewRecord, Options};
//! # async fn demo(now: doorstep_clock::Timestamp) -> Result<(), JournalError> {
//! let clock: SharedClock = std::sync::Arc::new(SystemClock);
//! let journal = Journal::open("data/journal".as_ref(), Options::default(), clock)?;
//! let record = NewRecord { kind: "order.created".into(), key: "ord_1".into(), at: now, payload: "{}".into(), dedupe: Some(41) };
//! let seqs = journal.append("orders.porto", vec![record]).await?;
//! let consumer = journal.consumer("orders.porto", "webhooks")?;
//! let news = journal.read("orders.porto", consumer.position(), 100)?;
//! consumer.commit(news.last().map_or(0, |r| r.seq)).await?;
//! # let _ = seqs; Ok(()) }
//! ```
//!
//! On disk: `LOCK`, `streams/<stream>/<first seq>.seg`, `streams/<stream>/consumers/<name>`.

mod config;
mod consumer;
mod dedupe;
mod disk;
mod error;
pub mod frame;
mod journal;
pub mod metrics;
mod name;
mod read;
mod record;
pub mod recovery;
mod segment;
mod stream;
pub mod table;
mod writer;

pub use config::Options;
pub use consumer::Consumer;
pub use error::JournalError;
pub use journal::Journal;
pub use record::{NewRecord, Record};
