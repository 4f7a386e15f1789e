//! One round of surge: look at demand and cars, work the maps out beside the loop, tell the journal, publish.

use std::sync::Arc;

use doorstep_clock::{Timestamp, monotonic};
use doorstep_dispatch::supply::{DriverState, Filter};
use doorstep_geo::Point;
use doorstep_orders::{Order, Shift, State};
use doorstep_pricing::Supply;

use super::watch::{Given, Made};
use super::{log, stream};
use crate::live::config::ms;
use crate::live::desk::Desk;
use crate::live::metrics;
use crate::live::run::Runner;
use crate::live::service::Shared;

const IDLE: Supply = Supply { idle: 1, soon_free: 0 };
const SOON_FREE: Supply = Supply { idle: 0, soon_free: 1 };

impl Shared {
    /// City seconds between two maps; at a fast clock they are no closer than a wall second.
    pub(crate) fn surge_s(&self) -> f64 {
        self.config.surge_s.max(self.clock.speed())
    }

    /// Demand and cars of every tenant that has any.
    fn given(&self, desk: &Desk, horizon_s: f64) -> Vec<(String, Given)> {
        let mut tenants: Vec<Arc<str>> = self.roster.tenants();
        for order in desk.searching() {
            if tenants.iter().all(|tenant| **tenant != *order.tenant) {
                tenants.push(order.tenant.as_str().into());
            }
        }
        let given = |tenant: Arc<str>| {
            let cars = self.cars(desk, &tenant, ms(horizon_s));
            let waiting = desk.searching().filter(|o| *o.tenant == *tenant).map(|o| o.pickup).collect();
            let charges = self.surge.on(&tenant);
            (tenant.as_ref().to_owned(), Given { cars, waiting, charges })
        };
        tenants.into_iter().map(given).collect()
    }

    /// A tenant's idle cars where they are, and those that become free within the horizon where they will be.
    fn cars(&self, desk: &Desk, tenant: &str, horizon_ms: i64) -> Vec<(Point, Supply)> {
        let mut cars = Vec::new();
        for (driver, entry) in self.drivers_of(tenant, &Filter::any()) {
            let id = entry.reference.id;
            match desk.order_of(id) {
                None if driver.state == DriverState::Online && entry.stands() == DriverState::Online => {
                    cars.push((driver.point, IDLE));
                }
                Some(order) if entry.shift() == Shift::Online && !desk.has_next(id) => {
                    let left = self.node_of(&driver).and_then(|node| self.left_ms(order, node));
                    if left.is_some_and(|left| left <= horizon_ms) {
                        cars.push((order.dropoff, SOON_FREE));
                    }
                }
                _ => {}
            }
        }
        cars
    }

    /// How long a car that stands at a node needs for the rest of its order.
    fn left_ms(&self, order: &Order, node: doorstep_roads::NodeIx) -> Option<i64> {
        let way = |to| self.map.time_ms(node, to).map(i64::from);
        match order.state {
            State::OnTrip => way(order.dropoff_node),
            State::Accepted | State::Arriving | State::Arrived => {
                Some(way(order.pickup_node)? + i64::from(order.direct_ms))
            }
            _ => None,
        }
    }
}

impl Runner {
    /// Makes and publishes the maps that hold from `now` on. A map that cannot be told to the journal is not
    /// published: the old one goes stale, and then fares are flat and say so.
    pub(crate) async fn resurge(&mut self, now: Timestamp) {
        let asked = self.shared.surge.take_asked(now);
        let given = self.shared.given(&self.desk, self.watchers.horizon_s());
        let started = monotonic();
        let fallback = self.watchers.anew();
        let mut watchers = std::mem::replace(&mut self.watchers, fallback);
        let worked_out = tokio::task::spawn_blocking(move || {
            watchers.quoted(&asked);
            let made = watchers.round(given, now);
            (watchers, made)
        });
        let (watchers, made) = match worked_out.await {
            Ok(done) => done,
            Err(error) => {
                tracing::error!(city = self.shared.map.id(), %error, "surge was not worked out, its counts begin anew");
                return;
            }
        };
        self.watchers = watchers;
        let changes = made.iter().map(|made| made.changes.len()).sum();
        metrics::surge(self.shared.map.id(), monotonic().duration_since(started).as_secs_f64(), changes);
        self.publish(made, now).await;
    }

    async fn publish(&mut self, made: Vec<Made>, now: Timestamp) {
        let (stream, version) = (stream(self.shared.map.id()), self.shared.map.tariff.tariff().version);
        let mut told = Vec::with_capacity(made.len());
        for Made { tenant, published, changes } in made {
            let records = log::records(&tenant, &changes, version, now);
            if !records.is_empty()
                && let Err(error) = self.shared.journal.append(&stream, records).await
            {
                tracing::error!(city = self.shared.map.id(), tenant, %error, "surge cannot be told to the journal, the old map stays");
                self.watchers.untold(&tenant, changes);
                continue;
            }
            let on = self.shared.surge.on(&tenant);
            let most = published.map.cells().map(|(_, cell)| cell.multiplier.get()).fold(1.0, f64::max);
            metrics::surge_most(self.shared.map.id(), &tenant, if on { most } else { 1.0 });
            told.push((tenant, published));
        }
        self.shared.surge.publish(told);
    }
}
