//! Tenants share a city's roads and clock, and nothing else: each has its own drivers, and its own riders.

use std::sync::Arc;

use doorstep_dispatch::supply::{Driver, DriverState, Filter, StateSet};
use doorstep_geo::{Point, haversine_m};
use doorstep_orders::Asked;

use crate::live::counters::Heads;
use crate::live::roster::Entry;
use crate::live::service::Shared;

/// How many times as many cars are looked at as are wanted before a tenant's own are gone through one by one.
const DEEPEST: usize = 64;

impl Shared {
    /// A tenant's drivers on shift. Counted as they come where there is one tenant, else gone through.
    pub(crate) fn heads(&self, tenant: &str) -> Heads {
        if self.roster.is_all_of(tenant) {
            let counts = self.supply.counts();
            return Heads {
                online: u64::from(counts.online()),
                idle: u64::from(counts.idle()),
                busy: u64::from(counts.busy()),
            };
        }
        let mut heads = Heads::default();
        for (driver, _) in self.drivers_of(tenant, &Filter::any()) {
            heads.online += 1;
            heads.idle += u64::from(driver.state == DriverState::Online);
            heads.busy += u64::from(StateSet::BUSY.contains(driver.state));
        }
        heads
    }

    /// A tenant's admitted drivers on the map.
    pub(crate) fn drivers_of(&self, tenant: &str, filter: &Filter) -> Vec<(Driver, Arc<Entry>)> {
        let drivers = self.supply.drivers(filter);
        let entries = self.roster.at_all(drivers.iter().map(|d| d.ix));
        let known = drivers.into_iter().zip(entries).filter_map(|(driver, entry)| Some((driver, entry?)));
        known.filter(|(_, entry)| *entry.tenant == *tenant).collect()
    }

    /// The `k` of a tenant's admitted drivers whose cars suit what is asked for that are nearest as the crow flies,
    /// nearest first. Other cars may stand in between, however many.
    pub(crate) fn nearest_of(
        &self,
        tenant: &str,
        point: Point,
        k: usize,
        max_m: f64,
        (filter, asked): (&Filter, &Asked),
    ) -> Vec<Driver> {
        let ours = |entry: &Entry| *entry.tenant == *tenant && entry.kind.suits(asked);
        let mut asked = k;
        loop {
            let near = self.supply.nearest(point, asked, max_m, filter);
            let all = near.len() < asked;
            let entries = self.roster.at_all(near.iter().map(|n| n.driver));
            let near = near.iter().zip(entries).filter(|(_, e)| e.as_ref().is_some_and(|e| ours(e)));
            let mut found: Vec<Driver> = near.filter_map(|(near, _)| self.supply.get(near.driver)).collect();
            if found.len() >= k || all {
                found.truncate(k);
                return found;
            }
            if asked >= k.saturating_mul(DEEPEST) {
                break;
            }
            asked = asked.saturating_mul(4);
        }
        let metres = |driver: &Driver| haversine_m(driver.point, point);
        let admitted =
            |d: &Driver| filter.states.contains(d.state) && d.seats >= filter.min_seats && metres(d) <= max_m;
        let theirs = self.roster.of_tenant(tenant).into_iter().filter(|entry| ours(entry));
        let theirs = theirs.filter_map(|entry| self.supply.get(entry.ix));
        let mut found: Vec<Driver> = theirs.filter(admitted).collect();
        found.sort_by(|a, b| metres(a).total_cmp(&metres(b)));
        found.truncate(k);
        found
    }
}
