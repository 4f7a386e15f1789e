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

/// Counter: blobs whose bytes were removed because nobody referred to them.
pub const COLLECTED: &str = "doorstep_objects_collected_total";
/// Counter: objects, versions and markers that lifecycle rules removed.
pub const EXPIRED: &str = "doorstep_objects_expired_total";
/// Counter, bytes: looked at by the scrub.
pub const SCRUBBED_BYTES: &str = "doorstep_objects_scrubbed_bytes_total";
/// Counter: blobs that the scrub found damaged.
pub const SCRUB_DAMAGED: &str = "doorstep_objects_scrub_damaged_total";

/// Counter: events handed over or not, by `outcome`.
pub const EVENTS: &str = "doorstep_objects_events_total";

/// Every metric of this crate and what it tells.
pub const METRICS: &[(&str, &str)] = &[
    (PUTS, "Objects written"),
    (PUT_BYTES, "Bytes of objects written"),
    (GETS, "Objects or ranges read"),
    (GET_BYTES, "Bytes asked for by reads"),
    (DELETES, "Deletes"),
    (LIST_SECONDS, "One page of a listing"),
    (COLLECTED, "Blobs removed because nobody referred to them"),
    (EVENTS, "Events sent, sent again or lost"),
    (EXPIRED, "Objects, versions and markers that lifecycle rules removed"),
    (SCRUBBED_BYTES, "Bytes looked at by the scrub"),
    (SCRUB_DAMAGED, "Blobs that the scrub found damaged"),
];

pub(crate) fn put(bytes: u64) {
    metrics::counter!(PUTS).increment(1);
    metrics::counter!(PUT_BYTES).increment(bytes);
}

pub(crate) fn got(bytes: u64) {
    metrics::counter!(GETS).increment(1);
    metrics::counter!(GET_BYTES).increment(bytes);
}

pub(crate) fn event(outcome: &'static str) {
    metrics::counter!(EVENTS, "outcome" => outcome).increment(1);
}

pub(crate) fn deleted(count: u64) {
    metrics::counter!(DELETES).increment(count);
}

pub(crate) fn aged(expired: u64) {
    metrics::counter!(EXPIRED).increment(expired);
}

pub(crate) fn collected(count: u64) {
    metrics::counter!(COLLECTED).increment(count);
}

pub(crate) fn scrubbed(bytes: u64, damaged: u64) {
    metrics::counter!(SCRUBBED_BYTES).increment(bytes);
    metrics::counter!(SCRUB_DAMAGED).increment(damaged);
}

pub(crate) fn listed(took: std::time::Duration) {
    metrics::histogram!(LIST_SECONDS).record(took.as_secs_f64());
}
