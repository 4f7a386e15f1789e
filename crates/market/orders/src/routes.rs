//! The routes of drivers with several orders, as they were decided last: so that a restart goes on with the same stops.
//!
//! What happened since, a pickup or an order that left the driver, stands in the orders: the reader drops such stops.

use doorstep_clock::Timestamp;
use doorstep_store::{Tx, params};
use serde::{Deserialize, Serialize};

use crate::error::OrdersError;
use crate::ids::{DriverId, OrderId};
use crate::records::decode;

/// The most orders that one driver can have at once; the store checks it.
pub const MOST_ORDERS: u8 = 16;

/// One stop of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RouteStop {
    /// Whose.
    pub order: OrderId,
    /// The rider gets in; else gets out.
    pub pickup: bool,
}

/// Where a driver goes, stop by stop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverRoute {
    /// Whose.
    pub driver: DriverId,
    /// The stops, in order.
    pub stops: Vec<RouteStop>,
}

pub(crate) fn write(tx: &mut dyn Tx, city: &str, route: &DriverRoute, now: Timestamp) -> Result<(), OrdersError> {
    let driver = route.driver.to_string();
    if route.stops.is_empty() {
        tx.execute("DELETE FROM driver_routes WHERE driver = $1", params![&driver])?;
        return Ok(());
    }
    let stops = serde_json::to_string(&route.stops).expect("stops have string keys");
    tx.execute(
        "INSERT INTO driver_routes (driver, city, stops, decided_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (driver) DO UPDATE SET city = $2, stops = $3, decided_at = $4",
        params![&driver, city, stops, now],
    )?;
    Ok(())
}

/// All routes of a city.
pub(crate) fn of_city(tx: &mut dyn Tx, city: &str) -> Result<Vec<DriverRoute>, OrdersError> {
    let rows = tx.query("SELECT driver, stops FROM driver_routes WHERE city = $1 ORDER BY driver", params![city])?;
    let read = |row: &doorstep_store::Row| {
        let stops = decode("driver route", &row.text("stops")?)?;
        Ok(DriverRoute { driver: DriverId::parse(&row.text("driver")?)?, stops })
    };
    rows.iter().map(read).collect()
}
