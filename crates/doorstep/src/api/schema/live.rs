//! What a live city says about itself.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A city's figures.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Stats)]
pub struct Stats {
    /// City time, RFC 3339.
    pub now: String,
    /// Drivers heard of and on shift.
    pub drivers_online: u64,
    /// Of them free.
    pub drivers_idle: u64,
    /// Of them with an order.
    pub drivers_busy: u64,
    /// Riders not picked up yet.
    pub waiting: u64,
    /// Orders ever made.
    pub requests: u64,
    /// Completed.
    pub served: u64,
    /// No driver was found.
    pub lost: u64,
    /// Called off.
    pub cancelled: u64,
    /// From request to pickup, over all riders ever picked up, seconds.
    pub mean_wait_s: Option<f64>,
    /// Later than by a direct trip at once, over all completed, seconds.
    pub mean_delay_s: Option<f64>,
    /// Matching time of a batch, median of the last ones, milliseconds.
    pub batch_ms_p50: Option<f64>,
    /// The same, 99th percentile.
    pub batch_ms_p99: Option<f64>,
    /// Orders made per second of real time, over ten seconds.
    pub orders_per_s: f64,
    /// Positions taken per second of real time, over ten seconds.
    pub positions_per_s: f64,
}

/// A city's clock.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Clock {
    /// City time, RFC 3339.
    pub now: String,
    /// City seconds a real second.
    pub speed: f64,
    /// Whether it stands still.
    pub paused: bool,
    /// Whether it can be changed: a demo's can.
    pub controllable: bool,
}

/// A picture of the city: short arrays, since thousands of them go out every second.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Frame {
    /// `frame`.
    pub kind: String,
    /// City time, RFC 3339.
    pub now: String,
    /// `[id, lon, lat, bearing, state]`, state being one of `idle`, `offered`, `en_route`, `arrived`, `on_trip`, `break`.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    pub drivers: Vec<(String, f64, f64, f64, String)>,
    /// `[id, pickup lon, pickup lat, drop-off lon, drop-off lat, state, age in seconds]` of open orders.
    #[schema(value_type = Vec<Vec<serde_json::Value>>)]
    pub orders: Vec<(String, f64, f64, f64, f64, String, f64)>,
    /// The whole city's figures.
    pub stats: Stats,
}
