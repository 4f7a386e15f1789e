//! The numbers that the S3 face reports.

/// Counter: answered requests, by `method` and `status`.
pub const REQUESTS: &str = "doorstep_s3_requests_total";
/// Histogram, seconds: from a request's head to its answer's head.
pub const REQUEST_SECONDS: &str = "doorstep_s3_request_seconds";
/// Counter: operations refused or failed, by the engine's `reason`.
pub const REFUSED: &str = "doorstep_s3_refused_total";

/// Every metric of this crate and what it tells.
pub const METRICS: &[(&str, &str)] = &[
    (REQUESTS, "Answered S3 requests"),
    (REQUEST_SECONDS, "From an S3 request's head to its answer's head"),
    (REFUSED, "S3 operations that the engine refused"),
];

pub(crate) fn answered(method: &http::Method, status: http::StatusCode, took: std::time::Duration) {
    let method = match method.as_str() {
        known @ ("GET" | "PUT" | "POST" | "DELETE" | "HEAD" | "OPTIONS") => known.to_owned(),
        _ => "other".to_owned(),
    };
    metrics::counter!(REQUESTS, "method" => method, "status" => status.as_u16().to_string()).increment(1);
    metrics::histogram!(REQUEST_SECONDS).record(took.as_secs_f64());
}

pub(crate) fn refused(reason: &'static str) {
    metrics::counter!(REFUSED, "reason" => reason).increment(1);
}
