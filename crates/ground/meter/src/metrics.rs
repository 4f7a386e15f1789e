//! The numbers that the meter reports.

/// Counter: quantities taken in, in base units, by `resource`.
pub const QUANTITY: &str = "doorstep_meter_quantity_total";
/// Counter: entries folded into the accounts.
pub const FOLDED: &str = "doorstep_meter_folded_total";
/// Counter: records that said again what was known, and were not charged again.
pub const REPEATED: &str = "doorstep_meter_repeated_total";
/// Counter: entries that could not be kept, by `reason`; anything here wants a look.
pub const LOST: &str = "doorstep_meter_lost_total";
/// Histogram, seconds: writing what waits into the journal.
pub const FLUSH_SECONDS: &str = "doorstep_meter_flush_seconds";
/// Histogram, seconds: folding a batch of the journal into the accounts.
pub const FOLD_SECONDS: &str = "doorstep_meter_fold_seconds";
/// Gauge: entries in the journal that are not in the accounts yet.
pub const WAITING: &str = "doorstep_meter_waiting";
/// Counter: work refused or stopped, by `cap`.
pub const CAPPED: &str = "doorstep_meter_capped_total";

/// Every metric of this crate and what it tells.
pub const METRICS: &[(&str, &str)] = &[
    (QUANTITY, "Usage taken in, in base units"),
    (FOLDED, "Usage entries folded into the accounts"),
    (REPEATED, "Usage records that were known and not charged again"),
    (LOST, "Usage entries that could not be kept"),
    (FLUSH_SECONDS, "Writing waiting usage into the journal"),
    (FOLD_SECONDS, "Folding a batch of usage into the accounts"),
    (WAITING, "Usage entries in the journal that are not in the accounts yet"),
    (CAPPED, "Work refused or stopped by a cap"),
];

pub(crate) fn taken(resource: &'static str, quantity: i64) {
    metrics::counter!(QUANTITY, "resource" => resource).increment(quantity.unsigned_abs());
}

pub(crate) fn lost(reason: &'static str, count: u64) {
    metrics::counter!(LOST, "reason" => reason).increment(count);
}

pub(crate) fn flushed(took: std::time::Duration) {
    metrics::histogram!(FLUSH_SECONDS).record(took.as_secs_f64());
}

pub(crate) fn folded(entries: u64, repeated: u64, waiting: u64, took: std::time::Duration) {
    metrics::counter!(FOLDED).increment(entries);
    metrics::counter!(REPEATED).increment(repeated);
    metrics::gauge!(WAITING).set(waiting as f64);
    metrics::histogram!(FOLD_SECONDS).record(took.as_secs_f64());
}

pub(crate) fn capped(cap: &'static str) {
    metrics::counter!(CAPPED, "cap" => cap).increment(1);
}
