//! Names of the lake's metrics.

use metrics::{counter, gauge, histogram};

/// Queries that ended, by `outcome`.
pub const QUERIES: &str = "doorstep_lake_queries_total";
/// How long they took, seconds.
pub const QUERY_SECONDS: &str = "doorstep_lake_query_seconds";
/// CPU they used, seconds.
pub const CPU_SECONDS: &str = "doorstep_lake_cpu_seconds_total";
/// Queries that did not fit into their memory and were done again with joins by sorting and small portions.
pub const SPARED: &str = "doorstep_lake_queries_spared_total";
/// Texts in delimited files that did not fit their type and became null.
pub const TEXT_MISFITS: &str = "doorstep_lake_misfits_total";
/// Bytes read from data files.
pub const BYTES_SCANNED: &str = "doorstep_lake_bytes_scanned_total";
/// Queries that run now.
pub const RUNNING: &str = "doorstep_lake_queries_running";
/// Queries that wait for a place.
pub const WAITING: &str = "doorstep_lake_queries_waiting";
/// Rows taken from the journal, by `table`.
pub const INGESTED: &str = "doorstep_lake_rows_ingested_total";
/// Records that were no rows of their table, by `table`.
pub const UNREADABLE: &str = "doorstep_lake_records_unreadable_total";
/// Values that did not fit their column and became null, by `table`.
pub const MISFITS: &str = "doorstep_lake_values_unfit_total";
/// Micro-batches written, by `table`.
pub const COMMITS: &str = "doorstep_lake_commits_total";
/// Files merged into larger ones, by `table`.
pub const COMPACTED: &str = "doorstep_lake_files_compacted_total";
/// Files of built-in tables that went, or were written again without the rows that are kept no longer, by `table`.
pub const EXPIRED: &str = "doorstep_lake_files_expired_total";

/// 1 in the process that keeps the lake, else 0.
pub const KEEPER: &str = "doorstep_lake_keeper";

pub(crate) fn query(outcome: &'static str, wall: std::time::Duration, cpu_ms: u64, bytes: u64) {
    counter!(QUERIES, "outcome" => outcome).increment(1);
    histogram!(QUERY_SECONDS).record(wall.as_secs_f64());
    counter!(CPU_SECONDS).increment(cpu_ms / 1000);
    counter!(BYTES_SCANNED).increment(bytes);
}

pub(crate) fn misfits(n: u64) {
    if n > 0 {
        counter!(TEXT_MISFITS).increment(n);
    }
}

pub(crate) fn spared() {
    counter!(SPARED).increment(1);
}

pub(crate) fn running(n: usize) {
    gauge!(RUNNING).set(n as f64);
}

pub(crate) fn keeps(yes: bool) {
    gauge!(KEEPER).set(f64::from(u8::from(yes)));
}

pub(crate) fn waiting(n: usize) {
    gauge!(WAITING).set(n as f64);
}

pub(crate) fn taken(table: &'static str, rows: usize, unreadable: u64, misfits: u64) {
    counter!(INGESTED, "table" => table).increment(rows as u64);
    counter!(UNREADABLE, "table" => table).increment(unreadable);
    counter!(MISFITS, "table" => table).increment(misfits);
}

pub(crate) fn committed(table: &'static str) {
    counter!(COMMITS, "table" => table).increment(1);
}

pub(crate) fn compacted(table: &str, files: usize) {
    counter!(COMPACTED, "table" => table.to_owned()).increment(files as u64);
}

pub(crate) fn expired(table: &str, files: usize) {
    counter!(EXPIRED, "table" => table.to_owned()).increment(files as u64);
}
