//! The numbers that the UFile face reports.

/// Counter: answered requests, by `call` and `status`.
pub const REQUESTS: &str = "doorstep_ufile_requests_total";
/// Histogram, seconds: from a request's head to its answer's head.
pub const REQUEST_SECONDS: &str = "doorstep_ufile_request_seconds";
/// Counter: requests refused or failed, by `reason`.
pub const REFUSED: &str = "doorstep_ufile_refused_total";
/// Counter: callbacks of uploads, by `outcome` (answered, refused, failed).
pub const CALLBACKS: &str = "doorstep_ufile_callbacks_total";

/// Every metric of this crate and what it tells.
pub const METRICS: &[(&str, &str)] = &[
    (REQUESTS, "Answered UFile requests"),
    (REQUEST_SECONDS, "From a UFile request's head to its answer's head"),
    (REFUSED, "UFile requests that were refused or failed"),
    (CALLBACKS, "Callbacks of uploads"),
];

pub(crate) fn answered(call: &'static str, status: http::StatusCode, took: std::time::Duration) {
    metrics::counter!(REQUESTS, "call" => call, "status" => status.as_u16().to_string()).increment(1);
    metrics::histogram!(REQUEST_SECONDS).record(took.as_secs_f64());
}

pub(crate) fn refused(reason: &'static str) {
    metrics::counter!(REFUSED, "reason" => reason).increment(1);
}

pub(crate) fn called_back(outcome: &'static str) {
    metrics::counter!(CALLBACKS, "outcome" => outcome).increment(1);
}
