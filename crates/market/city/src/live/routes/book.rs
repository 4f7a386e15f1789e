//! The book of routes: where each driver with shared rides goes, stop by stop. Soft state: the store keeps what was
//! decided, the orders what has been done.

use std::collections::HashMap;

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_orders::{DriverId, Order, RideNeeds, RouteStop};
use doorstep_roads::NodeIx;
use parking_lot::RwLock;

use crate::live::routes::mend::corner;

/// A stop with what a driver has to know of it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Planned {
    pub(crate) stop: RouteStop,
    pub(crate) node: NodeIx,
    pub(crate) point: Point,
    pub(crate) rider: String,
    pub(crate) seats: u8,
    pub(crate) needs: RideNeeds,
    pub(crate) shared: bool,
    /// The last moment that was promised.
    pub(crate) by: Option<Timestamp>,
}

impl Planned {
    pub(crate) fn of(stop: RouteStop, order: &Order) -> Self {
        Self {
            stop,
            node: corner(order, stop.pickup),
            point: if stop.pickup { order.pickup } else { order.dropoff },
            rider: order.rider.name.clone(),
            seats: order.seats,
            needs: order.needs,
            shared: order.share.is_some(),
            by: if stop.pickup { order.pickup_by() } else { order.dropoff_by() },
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Route {
    stops: Vec<Planned>,
    /// The driver was told of it with a position.
    told: bool,
}

/// The routes of all drivers who have one.
#[derive(Default)]
pub(crate) struct Book(RwLock<HashMap<DriverId, Route>>);

impl Book {
    pub(crate) fn clear(&self) {
        self.0.write().clear();
    }

    /// A driver's stops.
    pub(crate) fn stops(&self, driver: DriverId) -> Vec<RouteStop> {
        self.0.read().get(&driver).map(|route| route.stops.iter().map(|p| p.stop).collect()).unwrap_or_default()
    }

    pub(crate) fn planned(&self, driver: DriverId) -> Vec<Planned> {
        self.0.read().get(&driver).map(|route| route.stops.clone()).unwrap_or_default()
    }

    /// Sets a driver's stops; if they are others than before, he is to be told.
    pub(crate) fn set(&self, driver: DriverId, stops: Vec<Planned>) {
        let mut book = self.0.write();
        if stops.is_empty() {
            book.remove(&driver);
            return;
        }
        let route = book.entry(driver).or_default();
        if route.stops != stops {
            *route = Route { stops, told: false };
        }
    }

    /// Of these drivers those whose route is news to them; now they know.
    pub(crate) fn tell(&self, drivers: impl Iterator<Item = DriverId>) -> Vec<DriverId> {
        if self.0.read().is_empty() {
            return Vec::new();
        }
        let mut book = self.0.write();
        let mut news = Vec::new();
        for driver in drivers {
            if let Some(route) = book.get_mut(&driver)
                && !std::mem::replace(&mut route.told, true)
            {
                news.push(driver);
            }
        }
        news
    }
}
