//! The numbers this crate reports.

use std::time::Duration;

/// Counter: records appended, by `stream`.
pub const RECORDS: &str = "doorstep_journal_records_total";
/// Counter: bytes written to segments, by `stream`.
pub const BYTES: &str = "doorstep_journal_bytes_total";
/// Counter: records skipped because their dedupe id was there already, by `stream`.
pub const DUPLICATES: &str = "doorstep_journal_duplicates_total";
/// Histogram, seconds: one round of syncing segments to disk.
pub const SYNC_SECONDS: &str = "doorstep_journal_sync_seconds";
/// Histogram, appends: how many shared one round.
pub const GROUP_SIZE: &str = "doorstep_journal_group_size";
/// Counter: bytes cut off as a torn tail when opening.
pub const TORN_BYTES: &str = "doorstep_journal_torn_bytes_total";
/// Counter: segments removed because of age or size, by `stream`.
pub const TRIMMED: &str = "doorstep_journal_trimmed_segments_total";
/// Counter: failed writes and syncs, by `stream`.
pub const FAILURES: &str = "doorstep_journal_failures_total";

pub(crate) fn appended(stream: &str, records: u64, bytes: u64) {
    metrics::counter!(RECORDS, "stream" => stream.to_owned()).increment(records);
    metrics::counter!(BYTES, "stream" => stream.to_owned()).increment(bytes);
}

pub(crate) fn duplicate(stream: &str) {
    metrics::counter!(DUPLICATES, "stream" => stream.to_owned()).increment(1);
}

pub(crate) fn group(size: usize, took: Duration) {
    metrics::histogram!(SYNC_SECONDS).record(took.as_secs_f64());
    metrics::histogram!(GROUP_SIZE).record(size as f64);
}

pub(crate) fn torn(bytes: u64) {
    metrics::counter!(TORN_BYTES).increment(bytes);
}

pub(crate) fn trimmed(stream: &str) {
    metrics::counter!(TRIMMED, "stream" => stream.to_owned()).increment(1);
}

pub(crate) fn failure(stream: &str) {
    metrics::counter!(FAILURES, "stream" => stream.to_owned()).increment(1);
}
