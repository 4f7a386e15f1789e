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
