//! The numbers this crate reports.

use std::time::Duration;

use crate::Backend;

/// Counter: finished transactions, by `backend`, `kind` (write, read) and `outcome`
/// (committed, rolled_back, panicked, failed).
pub const TRANSACTIONS: &str = "doorstep_store_transactions_total";
/// Histogram, seconds: from the start of a commit until it is on disk, by `backend`.
pub const COMMIT_SECONDS: &str = "doorstep_store_commit_seconds";
/// Histogram, transactions: how many shared one SQLite commit.
pub const GROUP_SIZE: &str = "doorstep_store_group_size";
/// Gauge: transactions waiting for a store thread, by `kind`.
pub const QUEUE_DEPTH: &str = "doorstep_store_queue_depth";
/// Counter: attempts repeated because transactions clashed, by `backend`.
pub const RETRIES: &str = "doorstep_store_retries_total";
/// Counter: requests refused because the queue was full, by `kind`.
pub const OVERLOADED: &str = "doorstep_store_overloaded_total";

/// Reading or writing, as a label.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

impl Kind {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Kind::Read => "read",
            Kind::Write => "write",
        }
    }
}

pub(crate) fn transaction(backend: Backend, kind: Kind, outcome: &'static str) {
    metrics::counter!(TRANSACTIONS, "backend" => backend.as_str(), "kind" => kind.as_str(), "outcome" => outcome)
        .increment(1);
}

pub(crate) fn commit(backend: Backend, took: Duration) {
    metrics::histogram!(COMMIT_SECONDS, "backend" => backend.as_str()).record(took.as_secs_f64());
}

pub(crate) fn group(size: usize) {
    metrics::histogram!(GROUP_SIZE).record(size as f64);
}

pub(crate) fn depth(kind: Kind, depth: usize) {
    metrics::gauge!(QUEUE_DEPTH, "kind" => kind.as_str()).set(depth as f64);
}

pub(crate) fn retry(backend: Backend) {
    metrics::counter!(RETRIES, "backend" => backend.as_str()).increment(1);
}

pub(crate) fn overloaded(kind: Kind) {
    metrics::counter!(OVERLOADED, "kind" => kind.as_str()).increment(1);
}
