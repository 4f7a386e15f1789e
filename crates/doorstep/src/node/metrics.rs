//! The numbers that the binary itself reports.

/// Counter: answered requests, by `method`, `route` (the pattern), `status` and problem `code`.
pub const REQUESTS: &str = "doorstep_api_requests_total";
/// Histogram, seconds: from a request's head to its answer's head, by `route`.
pub const REQUEST_SECONDS: &str = "doorstep_api_request_seconds";
/// Counter: requests refused because a key asked too often.
pub const RATE_LIMITED: &str = "doorstep_api_rate_limited_total";
/// Gauge: event streams and WebSockets that are open, by `kind` (events, order, positions, map).
pub const STREAMS: &str = "doorstep_api_streams";
/// Counter: reported positions, by `face` (http, ndjson, websocket) and `outcome` (accepted, rejected).
pub const POSITIONS: &str = "doorstep_api_positions_total";

/// Counter: rows for tables that came faster than the journal took them, by `stream`.
pub const FACTS_DROPPED: &str = "doorstep_facts_dropped_total";

/// Every metric of the binary and what it tells.
pub const METRICS: &[(&str, &str)] = &[
    (REQUESTS, "Answered requests"),
    (REQUEST_SECONDS, "From a request's head to its answer's head"),
    (RATE_LIMITED, "Requests refused because a key asked too often"),
    (STREAMS, "Event streams and WebSockets that are open"),
    (POSITIONS, "Positions reported over the API"),
    (FACTS_DROPPED, "Rows for tables that were dropped"),
];

/// Gives the metrics their help texts.
pub(crate) fn describe() {
    let all = [
        METRICS,
        doorstep_orders::METRICS,
        doorstep_city::trials::METRICS,
        doorstep_meter::metrics::METRICS,
        doorstep_blobs::metrics::METRICS,
        doorstep_objects::metrics::METRICS,
        doorstep_s3::metrics::METRICS,
        doorstep_ufile::metrics::METRICS,
        doorstep_images::METRICS,
        doorstep_pictures::metrics::METRICS,
        #[cfg(feature = "lake")]
        doorstep_hive::metrics::METRICS,
        #[cfg(feature = "lake")]
        doorstep_pgwire::metrics::METRICS,
    ];
    for (name, help) in all.into_iter().flatten() {
        // The kind is told by the first value that is recorded; a description has none.
        metrics::describe_counter!(*name, *help);
    }
}
