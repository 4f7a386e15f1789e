//! The numbers that the making of pictures reports.

use std::time::Duration;

/// Counter: requests for pictures by `outcome` (hit, made, joined, unchanged, stored, refused).
pub const REQUESTS: &str = "doorstep_pictures_requests_total";
/// Counter: requests refused or failed, by `reason`.
pub const REFUSED: &str = "doorstep_pictures_refused_total";
/// Counter: requests turned away because too much was to do, by `why` (full, waited).
pub const SHED: &str = "doorstep_pictures_shed_total";
/// Counter, microseconds (counters are whole numbers): CPU time of the threads that make pictures.
pub const CPU_MICROSECONDS: &str = "doorstep_pictures_cpu_microseconds_total";
/// Gauge, bytes: results that are kept.
pub const CACHE_BYTES: &str = "doorstep_pictures_cache_bytes";
/// Histogram, seconds: from a request's head to its answer's head.
pub const REQUEST_SECONDS: &str = "doorstep_pictures_request_seconds";
/// Counter: pictures made by upload rules, by `outcome` (made, there, gone, failed, later).
pub const RULES: &str = "doorstep_pictures_rules_total";

/// Every metric of this crate and what it tells.
pub const METRICS: &[(&str, &str)] = &[
    (REQUESTS, "Requests for pictures, by outcome"),
    (REFUSED, "Requests for pictures that were refused or failed, by reason"),
    (SHED, "Requests turned away because too much was to do"),
    (CPU_MICROSECONDS, "CPU time of the threads that make pictures"),
    (CACHE_BYTES, "Bytes of results that are kept"),
    (REQUEST_SECONDS, "From a request for a picture to its answer's head"),
    (RULES, "Pictures made by upload rules, by outcome"),
];

pub(crate) fn answered(outcome: &'static str, took: Duration) {
    metrics::counter!(REQUESTS, "outcome" => outcome).increment(1);
    metrics::histogram!(REQUEST_SECONDS).record(took.as_secs_f64());
}

pub(crate) fn refused(reason: &'static str) {
    metrics::counter!(REFUSED, "reason" => reason).increment(1);
}

pub(crate) fn shed(why: &'static str) {
    metrics::counter!(SHED, "why" => why).increment(1);
}

pub(crate) fn worked(cpu: Duration) {
    metrics::counter!(CPU_MICROSECONDS).increment(u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX));
}

pub(crate) fn cached(bytes: u64) {
    metrics::gauge!(CACHE_BYTES).set(bytes as f64);
}

pub(crate) fn rule(outcome: &'static str) {
    metrics::counter!(RULES, "outcome" => outcome).increment(1);
}
