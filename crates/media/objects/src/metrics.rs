//! The numbers that the engine reports.

/// Counter: objects written.
pub const PUTS: &str = "doorstep_objects_puts_total";
/// Counter, bytes: of objects written.
pub const PUT_BYTES: &str = "doorstep_objects_put_bytes_total";
/// Counter: objects or ranges read.
pub const GETS: &str = "doorstep_objects_gets_total";
/// Counter, bytes: asked for by reads.
pub const GET_BYTES: &str = "doorstep_objects_get_bytes_total";
/// Counter: deletes.
pub const DELETES: &str = "doorstep_objects_deletes_total";
/// Histogram, seconds: one page of a listing.
pub const LIST_SECONDS: &str = "doorstep_objects_list_seconds";

/// Every metric of this crate and what it tells.
pub const METRICS: &[(&str, &str)] = &[
    (PUTS, "Objects written"),
    (PUT_BYTES, "Bytes of objects written"),
    (GETS, "Objects or ranges read"),
    (GET_BYTES, "Bytes asked for by reads"),
    (DELETES, "Deletes"),
    (LIST_SECONDS, "One page of a listing"),
];

pub(crate) fn put(bytes: u64) {
    metrics::counter!(PUTS).increment(1);
    metrics::counter!(PUT_BYTES).increment(bytes);
}

pub(crate) fn got(bytes: u64) {
    metrics::counter!(GETS).increment(1);
    metrics::counter!(GET_BYTES).increment(bytes);
}

pub(crate) fn deleted(count: u64) {
    metrics::counter!(DELETES).increment(count);
}

pub(crate) fn listed(took: std::time::Duration) {
    metrics::histogram!(LIST_SECONDS).record(took.as_secs_f64());
}
