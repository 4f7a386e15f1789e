//! What the loop keeps of each tenant: counts of demand and cars, and a forecast. Pure: every moment is handed in.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_geo::{Cell, Point, Resolution};
use doorstep_orders::Order;
use doorstep_pricing::forecast::{Forecaster, ForecasterConfig, HalfHours, SLOTS};
use doorstep_pricing::{
    DemandSignal, HeatBook, Multiplier, PricingError, Recomputed, Supply, SurgeBook, SurgeChange, SurgeConfig,
};

use super::{Asking, Published};
use crate::live::map::CityMap;

/// After a longer silence, in half hours, nobody knows whether there was no rider or no city.
const LONGEST_SILENCE: i64 = SLOTS as i64;
/// A longer one is not walked through.
const LONGEST_GAP: i64 = 60 * SLOTS as i64;
/// Changes that wait for the journal are no more than this.
const UNTOLD: usize = 200_000;

/// The cells of a city, numbered.
struct Cells {
    all: Vec<Cell>,
    number: HashMap<Cell, usize>,
    resolution: Resolution,
}

/// What a round is given of one tenant.
pub(crate) struct Given {
    /// Cars, where they are or will be.
    pub(crate) cars: Vec<(Point, Supply)>,
    /// Riders for whom no car was found yet: a free car beside one of them is as good as taken.
    pub(crate) waiting: Vec<Point>,
    /// Whether riders are charged what is published.
    pub(crate) charges: bool,
}

/// What a round has made of it.
pub(super) struct Made {
    pub(super) tenant: String,
    pub(super) published: Published,
    /// To be in the journal before it is published.
    pub(super) changes: Vec<SurgeChange>,
}

/// All tenants' watchers.
pub(crate) struct Watchers {
    config: SurgeConfig,
    cells: Arc<Cells>,
    halves: HalfHours,
    /// Orders are remembered until the past is known.
    waits_for_past: bool,
    by_tenant: BTreeMap<String, Watcher>,
}

impl Watchers {
    /// Watches every cell in which the city has a street corner.
    pub(crate) fn new(map: &CityMap) -> Result<Self, PricingError> {
        map.surge.check()?;
        let resolution = Resolution::try_from(map.surge.resolution).expect("the configuration was checked");
        let hour = map.roads.now();
        let graph = hour.roads().graph();
        // A graph's nodes are numbered in 32 bits.
        let corners = (0..graph.node_count() as u32).map(|node| Cell::at(graph.point(node), resolution));
        let distinct: HashSet<Cell> = corners.collect();
        let mut all: Vec<Cell> = distinct.into_iter().collect();
        all.sort_unstable();
        let number = all.iter().enumerate().map(|(ix, cell)| (*cell, ix)).collect();
        Ok(Self {
            config: map.surge.clone(),
            cells: Arc::new(Cells { all, number, resolution }),
            halves: HalfHours::in_zone(&map.time_zone)?,
            waits_for_past: true,
            by_tenant: BTreeMap::new(),
        })
    }

    /// What stays when a round failed and took its watchers along.
    pub(crate) fn anew(&self) -> Self {
        Self {
            config: self.config.clone(),
            cells: Arc::clone(&self.cells),
            halves: self.halves.clone(),
            waits_for_past: self.waits_for_past,
            by_tenant: BTreeMap::new(),
        }
    }

    pub(crate) const fn horizon_s(&self) -> f64 {
        self.config.horizon_s
    }

    fn of(&mut self, tenant: &str) -> &mut Watcher {
        if !self.by_tenant.contains_key(tenant) {
            let watcher = Watcher::new(&self.config, &self.cells, &self.halves);
            self.by_tenant.insert(tenant.to_owned(), watcher);
        }
        self.by_tenant.get_mut(tenant).expect("it is there now")
    }

    /// Takes an order that was made.
    pub(crate) fn ordered(&mut self, order: &Order) {
        let (by_orders, waits) = (self.config.demand == DemandSignal::Orders, self.waits_for_past);
        let watcher = self.of(&order.tenant);
        if waits {
            watcher.late.push((order.requested_at, order.pickup));
        }
        watcher.forecast.note(order.requested_at, order.pickup);
        if by_orders {
            watcher.book.observe_demand(order.pickup, 1);
        }
    }

    /// Takes riders who asked for a price.
    pub(crate) fn quoted(&mut self, asked: &[Asking]) {
        for asking in asked {
            self.of(&asking.tenant).book.observe_demand(asking.pickup, 1);
        }
    }

    /// Orders are being read: what comes meanwhile is remembered.
    pub(crate) fn wait_for_past(&mut self) {
        self.waits_for_past = true;
    }

    /// Takes the orders of the past weeks, oldest first; those that have come meanwhile are put behind them.
    pub(crate) fn look_back(&mut self, past: &[Asking]) {
        self.waits_for_past = false;
        let newest = past.last().map(|asking| asking.at);
        let (cells, halves) = (Arc::clone(&self.cells), self.halves.clone());
        for asking in past {
            self.of(&asking.tenant);
        }
        for (tenant, watcher) in &mut self.by_tenant {
            let mut forecast = Forecast::new(&cells, &halves);
            past.iter().filter(|a| *a.tenant == **tenant).for_each(|a| forecast.note(a.at, a.pickup));
            let late = std::mem::take(&mut watcher.late).into_iter().filter(|(at, _)| newest.is_none_or(|n| *at > n));
            late.for_each(|(at, pickup)| forecast.note(at, pickup));
            watcher.forecast = forecast;
        }
    }

    /// Makes every tenant's map that holds from `now` on.
    pub(super) fn round(&mut self, given: Vec<(String, Given)>, now: Timestamp) -> Vec<Made> {
        let make = |(tenant, given): (String, Given)| {
            let watcher = self.of(&tenant);
            let (published, changes) = watcher.round(given, now);
            Made { tenant, published, changes }
        };
        given.into_iter().map(make).collect()
    }

    /// Keeps changes that could not be told, to be told with the next ones.
    pub(super) fn untold(&mut self, tenant: &str, changes: Vec<SurgeChange>) {
        let kept = &mut self.of(tenant).untold;
        kept.extend(changes);
        if kept.len() > UNTOLD {
            kept.drain(..kept.len() - UNTOLD);
        }
    }
}

/// One tenant's.
struct Watcher {
    book: SurgeBook,
    heat: HeatBook,
    forecast: Forecast,
    /// Orders since the start, until the past is known.
    late: Vec<(Timestamp, Point)>,
    untold: Vec<SurgeChange>,
    /// Whether riders were charged what the last map said.
    charged: bool,
    resolution: Resolution,
}

impl Watcher {
    fn new(config: &SurgeConfig, cells: &Arc<Cells>, halves: &HalfHours) -> Self {
        let mut book = SurgeBook::new(config.clone()).expect("the configuration was checked");
        cells.all.iter().for_each(|cell| book.watch(*cell));
        Self {
            book,
            heat: HeatBook::default(),
            forecast: Forecast::new(cells, halves),
            late: Vec::new(),
            untold: Vec::new(),
            charged: false,
            resolution: cells.resolution,
        }
    }

    fn round(&mut self, given: Given, now: Timestamp) -> (Published, Vec<SurgeChange>) {
        let cell = |place: Point| Cell::at(place, self.resolution);
        let mut supply: HashMap<Cell, Supply> = HashMap::new();
        for (place, cars) in given.cars {
            let here = supply.entry(cell(place)).or_default();
            here.idle += cars.idle;
            here.soon_free += cars.soon_free;
        }
        for place in given.waiting {
            if let Some(here) = supply.get_mut(&cell(place)) {
                if here.idle > 0 {
                    here.idle -= 1;
                } else {
                    here.soon_free = here.soon_free.saturating_sub(1);
                }
            }
        }
        self.book.observe_supply(supply);
        self.forecast.go_on(now);
        if let Some(rates) = self.forecast.per_min() {
            self.book.expect_demand(rates);
        }
        self.book.charge(given.charges);
        let Recomputed { map, changes } = self.book.recompute(now);
        self.heat.observe(&map);
        let outlook = Arc::new(self.heat.outlook(&map));
        let mut told = std::mem::take(&mut self.untold);
        // What nobody is charged is not told either; who is charged again is told all of it.
        match (given.charges, std::mem::replace(&mut self.charged, given.charges)) {
            (true, true) => told.extend(changes),
            (true, false) => {
                let raised = map.cells().filter(|(_, surge)| surge.multiplier > Multiplier::ONE);
                told.extend(raised.map(|(cell, now)| SurgeChange { cell, from: Multiplier::ONE, now: *now }));
            }
            (false, _) => told.clear(),
        }
        (Published { map, outlook }, told)
    }
}

/// The demand of the half hour that runs, learned from all orders so far.
struct Forecast {
    cells: Arc<Cells>,
    halves: HalfHours,
    forecaster: Forecaster,
    /// The day and half hour that run.
    at: Option<(i64, usize)>,
    counts: Vec<u32>,
    /// Whether this half hour was watched from its beginning.
    whole: bool,
}

impl Forecast {
    fn new(cells: &Arc<Cells>, halves: &HalfHours) -> Self {
        Self {
            cells: Arc::clone(cells),
            halves: halves.clone(),
            forecaster: Forecaster::new(ForecasterConfig::default(), cells.all.len()),
            at: None,
            counts: vec![0; cells.all.len()],
            whole: false,
        }
    }

    fn note(&mut self, at: Timestamp, pickup: Point) {
        self.go_on(at);
        if let Some(ix) = self.cells.number.get(&Cell::at(pickup, self.cells.resolution)) {
            self.counts[*ix] += 1;
        }
    }

    /// Half hours that are over are learned from.
    fn go_on(&mut self, now: Timestamp) {
        let (day, slot) = self.halves.of(now);
        let Some(mut at) = self.at else {
            self.begin(day, slot);
            return;
        };
        let number = |(day, slot): (i64, usize)| day * SLOTS as i64 + slot as i64;
        let ahead = number((day, slot)) - number(at);
        if ahead > LONGEST_GAP {
            self.begin(day, slot);
            return;
        }
        // News may come late; it counts in the half hour that runs.
        if ahead <= 0 {
            return;
        }
        let known = ahead <= LONGEST_SILENCE;
        while number(at) < number((day, slot)) {
            if self.whole && known {
                self.forecaster.observe(at.1, &self.counts);
            }
            self.counts.fill(0);
            self.whole = true;
            at = if at.1 + 1 == SLOTS { (at.0 + 1, 0) } else { (at.0, at.1 + 1) };
            if at.1 == 0 {
                self.forecaster.begin_day(at.0);
            }
        }
        self.at = Some(at);
    }

    fn begin(&mut self, day: i64, slot: usize) {
        self.forecaster.begin_day(day);
        self.counts.fill(0);
        (self.at, self.whole) = (Some((day, slot)), false);
    }

    /// Requests per minute by cell; none before a whole day was seen.
    fn per_min(&self) -> Option<Vec<(Cell, f64)>> {
        let (_, slot) = self.at.filter(|_| self.forecaster.has_history())?;
        let means = self.forecaster.forecast(slot)?;
        Some(self.cells.all.iter().zip(means).map(|(cell, mean)| (*cell, mean / 30.0)).collect())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HALF_HOUR_MS: i64 = 1_800_000;

    fn place() -> Point {
        Point::new(40.75, -73.98).unwrap()
    }

    fn forecast() -> Forecast {
        let resolution = Resolution::Eight;
        let all: Vec<Cell> = Cell::at(place(), resolution).disk(1).collect();
        let number = all.iter().enumerate().map(|(ix, cell)| (*cell, ix)).collect();
        Forecast::new(&Arc::new(Cells { all, number, resolution }), &HalfHours::in_zone("").unwrap())
    }

    /// Ten riders in each half hour of these.
    fn watch(forecast: &mut Forecast, half_hours: std::ops::Range<i64>) {
        for half_hour in half_hours {
            for rider in 0..10 {
                forecast.note(Timestamp::from_millis(half_hour * HALF_HOUR_MS + rider), place());
            }
        }
    }

    #[test]
    fn it_speaks_once_it_has_seen_a_whole_day() {
        let mut forecast = forecast();
        watch(&mut forecast, 0..48);
        forecast.go_on(Timestamp::from_millis(60 * HALF_HOUR_MS));
        assert!(forecast.per_min().is_none(), "the first half hour may have been watched in part");
        watch(&mut forecast, 61..200);
        let rates = forecast.per_min().unwrap();
        let here = rates.iter().find(|(cell, _)| *cell == Cell::at(place(), Resolution::Eight)).unwrap().1;
        let all: f64 = rates.iter().map(|(_, rate)| rate).sum();
        assert!((0.25..0.45).contains(&here) && here > 0.9 * all, "{here} of {all}, 0.333 is true");
    }

    #[test]
    fn a_long_silence_teaches_nothing() {
        let mut forecast = forecast();
        watch(&mut forecast, 0..144);
        let before: f64 = forecast.per_min().unwrap().iter().map(|(_, rate)| rate).sum();
        forecast.go_on(Timestamp::from_millis((144 + 4 * 48) * HALF_HOUR_MS));
        let after: f64 = forecast.per_min().unwrap().iter().map(|(_, rate)| rate).sum();
        assert!(after > 0.7 * before, "{before} {after}");
        // Years later it begins anew, and late news change nothing.
        forecast.go_on(Timestamp::from_millis(100_000 * HALF_HOUR_MS));
        forecast.note(Timestamp::from_millis(5), place());
    }
}
