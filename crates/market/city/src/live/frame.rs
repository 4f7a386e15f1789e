//! A picture of the city for the map: short arrays, since thousands of them go out every second.

use doorstep_clock::Timestamp;
use doorstep_dispatch::supply::{Driver, DriverState};
use doorstep_geo::Point;
use doorstep_orders::{DriverId, Order, OrderId, State};
use serde::Serialize;

use crate::live::counters::Stats;
use crate::live::suggestions::Suggestion;

/// `[id, lon, lat, bearing, state]`; the state of a free driver is `idle`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DriverLine(pub DriverId, pub f64, pub f64, pub f32, pub &'static str);

/// `[id, pickup lon, pickup lat, drop-off lon, drop-off lat, state, age in seconds]`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OrderLine(pub OrderId, pub f64, pub f64, pub f64, pub f64, pub State, pub f64);

/// Drivers on the map, open orders, figures.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MapFrame {
    /// Always `frame`.
    pub kind: &'static str,
    /// City time.
    pub now: Timestamp,
    /// Drivers inside the box.
    pub drivers: Vec<DriverLine>,
    /// Open orders whose pickup or drop-off lies inside the box.
    pub orders: Vec<OrderLine>,
    /// The whole city's figures.
    pub stats: Stats,
}

/// A driver as he is at this moment.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverLive {
    /// Where, if he is on the map.
    pub position: Option<Point>,
    /// Heading in degrees from north.
    pub bearing_deg: Option<f32>,
    /// State on the map: `idle`, `offered`, `en_route`, `arrived`, `on_trip`, `break`, `offline`.
    pub state: &'static str,
    /// When he was last heard of, city time.
    pub at: Option<Timestamp>,
    /// Where he had best wait, while he is idle.
    pub suggestion: Option<Suggestion>,
}

/// The word of a driver's state on the map.
pub(crate) const fn word(state: DriverState) -> &'static str {
    match state {
        DriverState::Online => "idle",
        other => other.as_str(),
    }
}

/// Six decimals are 11 cm: shorter frames, same picture.
fn short(degrees: f64) -> f64 {
    (degrees * 1e6).round() / 1e6
}

pub(crate) fn driver_line(id: DriverId, driver: &Driver) -> DriverLine {
    DriverLine(
        id,
        short(driver.point.lon()),
        short(driver.point.lat()),
        driver.bearing_deg.unwrap_or(0.0).round(),
        word(driver.state),
    )
}

#[allow(clippy::cast_precision_loss)] // ages are small
pub(crate) fn order_line(order: &Order, now: Timestamp) -> OrderLine {
    OrderLine(
        order.id,
        short(order.pickup.lon()),
        short(order.pickup.lat()),
        short(order.dropoff.lon()),
        short(order.dropoff.lat()),
        order.state,
        (now.ms_since(order.requested_at) as f64 / 100.0).round() / 10.0,
    )
}
