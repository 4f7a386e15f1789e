//! A driver's route as the driver's app sees it: the stops in order, each with the time at which the car is there.

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_orders::{DriverId, OrderId, RideNeeds};

use crate::live::config::ms;
use crate::live::map::trip;
use crate::live::service::Shared;

/// One stop of a driver's route.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverStop {
    /// Whose.
    pub order: OrderId,
    /// The rider gets in; else gets out.
    pub pickup: bool,
    /// Where.
    pub point: Point,
    /// Name of the rider.
    pub rider: String,
    /// Seats.
    pub seats: u8,
    /// What has to fit beside people on seats.
    pub needs: RideNeeds,
    /// Others may ride along.
    pub shared: bool,
    /// When the car is there, as far as the roads of the hour tell; `None` while it is not known where the car is.
    pub eta: Option<Timestamp>,
    /// The last moment that was promised to the rider.
    pub by: Option<Timestamp>,
}

/// Where a driver goes.
#[derive(Debug, Clone, PartialEq)]
pub struct DriverRoute {
    /// City time of the answer.
    pub now: Timestamp,
    /// The stops, in order.
    pub stops: Vec<DriverStop>,
    /// The way along all of them.
    pub geometry: Vec<Point>,
}

impl Shared {
    /// The route of a driver who has one.
    pub(crate) fn driver_route(&self, driver: DriverId) -> DriverRoute {
        let now = self.clock.now();
        let seen = self.roster.find(driver).and_then(|entry| self.supply.get(entry.ix));
        let mut node = seen.as_ref().and_then(|d| self.node_of(d));
        let mut at = seen.map(|_| now);
        let boarding_ms = self.config.pooled.map_or(0, |pooled| ms(pooled.boarding_s));
        let hour = self.map.roads.now();
        let mut route = DriverRoute { now, stops: Vec::new(), geometry: Vec::new() };
        for planned in self.book.planned(driver) {
            let leg = node.and_then(|from| trip(hour.roads(), from, planned.node).ok());
            at = match (at, &leg) {
                (Some(at), Some(leg)) => Some(at.plus_ms(i64::from(leg.time_ms))),
                _ => None,
            };
            if let Some(leg) = leg {
                let again = usize::from(!route.geometry.is_empty());
                route.geometry.extend(leg.geometry.into_iter().skip(again));
            }
            node = Some(planned.node);
            route.stops.push(DriverStop {
                order: planned.stop.order,
                pickup: planned.stop.pickup,
                point: planned.point,
                rider: planned.rider,
                seats: planned.seats,
                needs: planned.needs,
                shared: planned.shared,
                eta: at,
                by: planned.by,
            });
            if planned.stop.pickup {
                at = at.map(|at| at.plus_ms(boarding_ms));
            }
        }
        route
    }

    /// Drivers of a tenant whose route has changed since they were told.
    pub(crate) fn tell_routes(&self, tenant: &str, drivers: &[DriverId]) -> Vec<DriverId> {
        let ours = |driver: &DriverId| self.roster.find(*driver).is_some_and(|entry| *entry.tenant == *tenant);
        self.book.tell(drivers.iter().copied().filter(ours))
    }
}
