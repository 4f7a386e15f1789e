//! Coming back: open orders, drivers on shift and totals, read in one snapshot of the store.

use std::collections::{HashMap, HashSet};

use doorstep_clock::Timestamp;
use doorstep_dispatch::supply::Report;
use doorstep_orders::{Driver, Order, OrderId, OrdersError};
use doorstep_store::kv;

use crate::live::desk::Desk;
use crate::live::error::LiveError;
use crate::live::routes::Planned;
use crate::live::service::Shared;

impl Shared {
    /// Rebuilds the soft state; the desk goes to the loop, the rest is shared.
    ///
    /// Drivers stand where they were when their shift last changed until they report; each gets
    /// a whole heartbeat to do so before he counts as silent.
    pub(crate) async fn recover(&self) -> Result<Desk, LiveError> {
        let city = self.map.id().to_owned();
        let setting = self.surge.setting().to_owned();
        let (open, drivers, totals, routes, switches, kinds) = self
            .orders
            .read(move |orders, tx| {
                let (open, drivers) = (orders.open_in(tx, &city)?, orders.on_shift_in(tx, &city)?);
                let (totals, routes) = (orders.totals_in(tx, &city)?, orders.routes_in(tx, &city)?);
                let kinds = orders.car_kinds_in(tx, &city)?;
                Ok((open, drivers, totals, routes, kv::get(tx, &setting)?, kinds))
            })
            .await?;
        self.surge.resume(switches.unwrap_or_default());
        self.garage.renew(kinds);
        let now = self.clock.now();
        let desk = Desk::from_open(open);
        for driver in &drivers {
            self.seat(driver, desk.order_of(driver.id), now)?;
        }
        self.book.clear();
        let pooled = self.config.pooled.is_some();
        for route in routes.into_iter().filter(|_| pooled) {
            let stops = route.stops.iter().filter_map(|stop| Some(Planned::of(*stop, desk.get(stop.order)?)));
            self.book.set(route.driver, stops.collect());
        }
        // What was done since, and what was not kept: the orders know.
        for driver in &drivers {
            self.mend_route(&desk, driver.id);
        }
        self.counters.resume(totals);
        tracing::info!(
            city = self.map.id(),
            open = desk.open().count(),
            drivers = drivers.len(),
            "the city goes on from its store"
        );
        Ok(desk)
    }

    /// Orders that the store holds in a later version than the desk.
    pub(crate) async fn newer_than(&self, desk: &Desk) -> Result<Vec<Order>, LiveError> {
        let city = self.map.id().to_owned();
        let known: HashMap<OrderId, (i64, String)> =
            desk.open().map(|o| (o.id, (o.version, o.tenant.clone()))).collect();
        let newer = self
            .orders
            .read(move |orders, tx| {
                let mut newer = orders.open_in(tx, &city)?;
                let open: HashSet<OrderId> = newer.iter().map(|o| o.id).collect();
                for (id, (_, tenant)) in known.iter().filter(|(id, _)| !open.contains(*id)) {
                    match orders.get_in(tx, tenant, *id) {
                        Ok(closed) => newer.push(closed),
                        // Made after this snapshot was taken.
                        Err(OrdersError::NotFound { .. }) => {}
                        Err(error) => return Err(error),
                    }
                }
                newer.retain(|order| known.get(&order.id).is_none_or(|(version, _)| order.version > *version));
                Ok(newer)
            })
            .await?;
        Ok(newer)
    }

    /// Puts a driver on the roster and into the supply in the state that follows from the store.
    pub(crate) fn seat(&self, driver: &Driver, order: Option<&Order>, now: Timestamp) -> Result<(), LiveError> {
        let ix = self.supply.intern(&driver.id.to_string(), driver.seats);
        let entry = self.roster.note(driver, ix);
        entry.set_order(order.map(|o| o.state));
        match driver.position {
            // A position already known is newer than the one of the last shift change.
            Some(point) if self.supply.get(ix).is_none_or(|d| d.at < driver.shift_at) => {
                self.supply.place(ix, entry.stands(), &Report::at(point, now), now)?;
            }
            _ => {
                self.supply.set_state(ix, entry.stands(), now)?;
            }
        }
        Ok(())
    }
}
