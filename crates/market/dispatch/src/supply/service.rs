//! The one handle to a city's moving supply.

use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_geo::{BoundingBox, Cell, Point, Resolution};
use parking_lot::RwLock;

use super::DriverIx;
use super::cells::CellSupply;
use super::error::SupplyError;
use super::ids::Ids;
use super::near::{Near, NearByRoad};
use super::roster::{Driver, Expired, Report, Reported, Roster};
use super::state::{DriverState, Filter, StateCounts};

/// Settings of a [`Supply`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SupplyConfig {
    /// A driver not heard of for so many milliseconds is offline.
    pub heartbeat_ms: i64,
    /// The H3 resolution supply is counted at; 9 has cells of about 0.1 km².
    pub cell_resolution: u8,
}

impl Default for SupplyConfig {
    fn default() -> Self {
        Self { heartbeat_ms: 30_000, cell_resolution: 9 }
    }
}

/// The drivers of one city: who is where, in which state, and who is nearest.
///
/// All methods take `&self` and may be called from any thread. No two locks are held together except
/// while a new driver is interned, ids before roster.
pub struct Supply {
    config: SupplyConfig,
    ids: RwLock<Ids>,
    roster: RwLock<Roster>,
}

impl Supply {
    /// An empty supply.
    ///
    /// # Errors
    /// [`SupplyError::Setting`] for a heartbeat that is not positive or an H3 resolution above 15.
    pub fn new(config: SupplyConfig) -> Result<Self, SupplyError> {
        if config.heartbeat_ms <= 0 {
            return Err(SupplyError::Setting {
                field: "heartbeat_ms",
                value: config.heartbeat_ms,
                range: "above 0 milliseconds",
            });
        }
        let resolution = Resolution::try_from(config.cell_resolution).map_err(|_| SupplyError::Setting {
            field: "cell_resolution",
            value: i64::from(config.cell_resolution),
            range: "an H3 resolution from 0 to 15",
        })?;
        Ok(Self {
            config,
            ids: RwLock::new(Ids::default()),
            roster: RwLock::new(Roster::new(config.heartbeat_ms, resolution)),
        })
    }

    /// The settings this supply was made with.
    pub const fn config(&self) -> &SupplyConfig {
        &self.config
    }

    /// The index of a driver id: the same id always gets the same index. The seats are taken over.
    pub fn intern(&self, id: &str, seats: u8) -> DriverIx {
        let known = self.ids.read().find(id);
        let driver = match known {
            Some(driver) => driver,
            None => {
                let mut ids = self.ids.write();
                let (driver, _) = ids.intern(id);
                // Still under the ids' lock: whoever finds the id finds the record.
                self.roster.write().admit(driver, seats);
                return driver;
            }
        };
        self.roster.write().admit(driver, seats);
        driver
    }

    /// The index of a driver id that was interned.
    pub fn find(&self, id: &str) -> Option<DriverIx> {
        self.ids.read().find(id)
    }

    /// The id behind an index.
    pub fn id(&self, driver: DriverIx) -> Option<Arc<str>> {
        self.ids.read().name(driver)
    }

    /// How many drivers are known, in any state.
    pub fn len(&self) -> usize {
        self.ids.read().len()
    }

    /// Whether no driver is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes held on the heap, without the allocator's own.
    pub fn heap_bytes(&self) -> usize {
        let ids = self.ids.read().heap_bytes();
        ids + self.roster.read().heap_bytes()
    }

    /// Sets state and position in one step: going online, or coming back after a restart. Unlike
    /// [`Self::report`] it also takes positions older than the known one. The answer is the state before.
    ///
    /// # Errors
    /// [`SupplyError::Unknown`].
    pub fn place(
        &self,
        driver: DriverIx,
        state: DriverState,
        report: &Report,
        now: Timestamp,
    ) -> Result<DriverState, SupplyError> {
        self.roster.write().place(driver, state, report, now)
    }

    /// Sets the state; the answer is the state before. Whoever comes from offline is not on the map
    /// before their first report; whoever goes offline leaves it.
    ///
    /// # Errors
    /// [`SupplyError::Unknown`].
    pub fn set_state(&self, driver: DriverIx, state: DriverState, now: Timestamp) -> Result<DriverState, SupplyError> {
        self.roster.write().set_state(driver, state, now)
    }

    /// Sets the state only if it is `from`: of two that try, one wins.
    ///
    /// # Errors
    /// [`SupplyError::Unknown`], [`SupplyError::StateChanged`].
    pub fn change_state(
        &self,
        driver: DriverIx,
        from: DriverState,
        to: DriverState,
        now: Timestamp,
    ) -> Result<(), SupplyError> {
        let mut roster = self.roster.write();
        let found = roster.state(driver)?;
        if found != from {
            return Err(SupplyError::StateChanged { driver, expected: from, found });
        }
        roster.set_state(driver, to, now).map(|_| ())
    }

    /// Takes a position report. One from after `now` counts as from now.
    pub fn report(&self, driver: DriverIx, report: &Report, now: Timestamp) -> Reported {
        self.roster.write().report(driver, report, now)
    }

    /// Takes a position report by driver id.
    pub fn report_id(&self, id: &str, report: &Report, now: Timestamp) -> Reported {
        match self.find(id) {
            Some(driver) => self.report(driver, report, now),
            None => Reported::Unknown,
        }
    }

    /// Takes many reports under one lock and appends what became of each to `out`. Pieces of a few
    /// hundred keep the wait of others short.
    pub fn report_batch(&self, reports: &[(DriverIx, Report)], now: Timestamp, out: &mut Vec<Reported>) {
        let reports = reports.iter().map(|(driver, report)| (Some(*driver), *report));
        self.roster.write().report_many(reports, now, out);
    }

    /// Takes many reports by driver id, as they come in one message; else like [`Self::report_batch`].
    pub fn report_ids(&self, reports: &[(&str, Report)], now: Timestamp, out: &mut Vec<Reported>) {
        let drivers: Vec<Option<DriverIx>> = {
            let ids = self.ids.read();
            reports.iter().map(|(id, _)| ids.find(id)).collect()
        };
        let reports = drivers.into_iter().zip(reports).map(|(driver, (_, report))| (driver, *report));
        self.roster.write().report_many(reports, now, out);
    }

    /// Makes those offline who were not heard of for the heartbeat interval, and tells each once, in
    /// the order of their indices. To be called about once a second; silence is noticed up to a
    /// sixtieth of the interval late. Costs what falls due, not what is known.
    pub fn expire(&self, now: Timestamp) -> Vec<Expired> {
        self.roster.write().expire(now)
    }

    /// What is known of a driver who ever told a position.
    pub fn get(&self, driver: DriverIx) -> Option<Driver> {
        self.roster.read().get(driver)
    }

    /// A driver's state.
    pub fn state(&self, driver: DriverIx) -> Option<DriverState> {
        self.roster.read().state(driver).ok()
    }

    /// The admitted drivers on the map, in the order of their indices.
    pub fn drivers(&self, filter: &Filter) -> Vec<Driver> {
        self.roster.read().drivers(filter)
    }

    /// The admitted drivers inside a box, in the order of their indices.
    pub fn within(&self, bounds: &BoundingBox, filter: &Filter) -> Vec<Driver> {
        self.roster.read().within(bounds, filter)
    }

    /// How many known drivers are in each state.
    pub fn counts(&self) -> StateCounts {
        self.roster.read().counts()
    }

    /// The `k` nearest admitted drivers within `max_m` metres by great circle: exact, nearest first,
    /// ties by index.
    pub fn nearest(&self, point: Point, k: usize, max_m: f64, filter: &Filter) -> Vec<Near> {
        self.roster.read().nearest(point, k, max_m, filter)
    }

    /// The `k` admitted drivers soonest at a point by road, among the `k * oversample` nearest as the
    /// crow flies. `road_ms` gives a driver's drive to the point in milliseconds, `None` where no road
    /// leads; it is called without any lock held.
    pub fn nearest_by_road(
        &self,
        point: Point,
        k: usize,
        oversample: usize,
        max_m: f64,
        filter: &Filter,
        road_ms: &mut dyn FnMut(&Near) -> Option<u32>,
    ) -> Vec<NearByRoad> {
        let near = self.nearest(point, k.saturating_mul(oversample.max(1)), max_m, filter);
        let mut ranked: Vec<NearByRoad> =
            near.into_iter().filter_map(|near| road_ms(&near).map(|time_ms| NearByRoad { near, time_ms })).collect();
        // Stable: equal drives stay in the order of distance.
        ranked.sort_by_key(|by_road| by_road.time_ms);
        ranked.truncate(k);
        ranked
    }

    /// The H3 cells with somebody in them, in the order of the cells.
    pub fn supply_by_cell(&self) -> Vec<CellSupply> {
        self.roster.read().by_cell()
    }

    /// The H3 cell of a driver on the map.
    pub fn cell(&self, driver: DriverIx) -> Option<Cell> {
        self.roster.read().cell(driver)
    }
}
