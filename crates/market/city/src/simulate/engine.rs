//! One run: riders come in order of time, the nearest free car is sent at once, prices are made anew each tick.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use doorstep_clock::{SeededRng, Timestamp};
use doorstep_pricing::{PriceBook, Supply, SurgeBook, SurgeConfig, SurgeMap, Trip, price};
use doorstep_roads::{NodeIx, UNREACHABLE};
use rand::RngExt as _;

use super::demand::Wish;
use super::drivers::{Doing, Driver, fleet};
use super::measure::{Tally, Totals, Tracked};
use super::{Demand, People, SimulateError, Town};

/// Prices and free cars are looked at anew so often.
const TICK_MS: i64 = 10_000;
/// Drivers think about hours and places so often.
const THINK_MS: i64 = 60_000;
/// A driver who is free for so long thinks of another place.
const RESTLESS_MS: i64 = 240_000;
/// A driver who came stays so long at least.
const LEAST_SHIFT_MS: i64 = 3_600_000;
/// Places that a restless driver compares.
const PLACES: usize = 6;
/// Half-life of what drivers have heard of the pay, minutes.
const HEARSAY_MIN: f64 = 20.0;
/// Runs begin at this moment: prices have a time, and surge maps an age.
const EPOCH_MS: i64 = 1_384_790_400_000;

/// How prices are made.
#[derive(Clone, Debug, PartialEq)]
pub enum Policy {
    /// The tariff as it is.
    Flat,
    /// The tariff times the surge map, but not from when to when it is out of order, seconds.
    Surge {
        /// The outages; the model goes on counting in them.
        outages: Vec<(f64, f64)>,
    },
}

impl Policy {
    /// Surge without outages.
    pub const SURGE: Self = Self::Surge { outages: Vec::new() };

    fn applies(&self, s: f64) -> bool {
        match self {
            Self::Flat => false,
            Self::Surge { outages } => !outages.iter().any(|(from, to)| (*from..*to).contains(&s)),
        }
    }
}

/// One run's settings.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// Where.
    pub town: &'a Town,
    /// Who.
    pub people: &'a People,
    /// The fares.
    pub book: &'a PriceBook,
    /// The fares at which the recorded demand was made; what rides are worth is drawn in multiples of these.
    pub usual: &'a PriceBook,
    /// How many want to ride.
    pub demand: &'a Demand,
    /// How prices are made.
    pub policy: Policy,
    /// The surge model; without surge it only counts, and drivers know the counts.
    pub surge: &'a SurgeConfig,
    /// Cars farther away than this are not sent, seconds.
    pub max_pickup_s: Option<f64>,
    /// What drivers earn in an hour at the flat fare and the recorded demand, minor units.
    pub usual_pay: f64,
    /// Length, seconds.
    pub length_s: f64,
    /// From when on totals are counted, seconds.
    pub warm_up_s: f64,
    /// Seed of all draws.
    pub seed: u64,
}

impl Run<'_> {
    /// Runs it.
    ///
    /// # Errors
    /// [`SimulateError::Pricing`] for a surge configuration with mistakes, [`SimulateError::Setting`] for people.
    pub fn run(&self) -> Result<Tracked, SimulateError> {
        self.people.check()?;
        let wishes = self.demand.wishes(self.town, self.people, self.length_s, self.seed);
        let mut market = Market::new(self)?;
        let mut next = 0;
        let ticks = (self.length_s * 1000.0) as i64 / TICK_MS;
        for tick in 0..ticks {
            let now_ms = tick * TICK_MS;
            market.tick(now_ms);
            while let Some(wish) = wishes.get(next).filter(|w| w.at_ms < now_ms + TICK_MS) {
                market.wish(wish);
                next += 1;
            }
        }
        market.tick(ticks * TICK_MS);
        Ok(Tracked { minutes: market.minutes, totals: market.totals })
    }
}

struct Market<'a> {
    run: &'a Run<'a>,
    rng: SeededRng,
    drivers: Vec<Driver>,
    /// Free drivers, and where each can be met until the next tick.
    free: Vec<(NodeIx, u32)>,
    busy: BinaryHeap<Reverse<(i64, u32)>>,
    online: usize,
    surge: SurgeBook,
    map: Arc<SurgeMap>,
    applied: Arc<SurgeMap>,
    off: Arc<SurgeMap>,
    pay_heard: f64,
    paid: f64,
    minutes: Vec<super::Minute>,
    tally: Tally,
    totals: Totals,
}

impl<'a> Market<'a> {
    fn new(run: &'a Run<'a>) -> Result<Self, SimulateError> {
        let drivers = fleet(run.town, run.people, run.usual_pay, run.seed);
        let mut surge = SurgeBook::new(run.surge.clone())?;
        run.town.all_cells().for_each(|cell| surge.watch(cell));
        let off = Arc::new(SurgeMap::off());
        let online = drivers.iter().filter(|d| d.doing != Doing::Home).count();
        Ok(Self {
            rng: SeededRng::new(run.seed, "simulate.market"),
            free: Vec::with_capacity(drivers.len()),
            busy: BinaryHeap::new(),
            online,
            surge,
            map: Arc::clone(&off),
            applied: Arc::clone(&off),
            off,
            pay_heard: run.usual_pay,
            paid: 0.0,
            minutes: Vec::new(),
            tally: Tally::default(),
            totals: Totals::default(),
            drivers,
            run,
        })
    }

    fn counts(&self, now_ms: i64) -> bool {
        now_ms as f64 >= self.run.warm_up_s * 1000.0
    }

    /// What happens each ten seconds: cars become free, drivers think, prices are made anew.
    fn tick(&mut self, now_ms: i64) {
        while let Some(Reverse((until_ms, ix))) = self.busy.peek().copied().filter(|Reverse((t, _))| *t <= now_ms) {
            self.busy.pop();
            if let Doing::Busy { to, .. } = self.drivers[ix as usize].doing {
                self.drivers[ix as usize].doing = Doing::Free { since_ms: until_ms, at: to, left: None };
            }
        }
        if now_ms > 0 && now_ms % THINK_MS == 0 {
            self.minutes.push(self.tally.close(self.free.len(), self.online));
            self.tally = Tally::default();
            self.think(now_ms);
        }
        let drivers = self.drivers.iter().enumerate();
        self.free.clear();
        self.free.extend(drivers.filter_map(|(ix, driver)| Some((driver.place(now_ms)?, ix as u32))));
        if self.counts(now_ms) {
            let hours = TICK_MS as f64 / 3_600_000.0;
            self.totals.driver_hours += self.online as f64 * hours;
            if self.run.people.choose_hours {
                let on_road = self.drivers.iter().filter(|d| d.doing != Doing::Home);
                self.totals.drivers -= on_road.map(|d| d.reservation * hours).sum::<f64>();
            }
        }
        self.reprice(now_ms);
    }

    fn reprice(&mut self, now_ms: i64) {
        let horizon_ms = (self.run.surge.horizon_s * 1000.0) as i64;
        let town = self.run.town;
        let idle = self.free.iter().map(|(node, _)| (town.cell(*node), Supply { idle: 1, soon_free: 0 }));
        let soon = self.busy.iter().filter(|Reverse((until, _))| *until <= now_ms + horizon_ms);
        let soon = soon.filter_map(|Reverse((_, ix))| match self.drivers[*ix as usize].doing {
            Doing::Busy { to, .. } => Some((town.cell(to), Supply { idle: 0, soon_free: 1 })),
            _ => None,
        });
        self.surge.observe_supply(idle.chain(soon));
        self.map = self.surge.recompute(Timestamp::from_millis(EPOCH_MS + now_ms)).map;
        let applies = self.run.policy.applies(now_ms as f64 / 1000.0);
        self.applied = Arc::clone(if applies { &self.map } else { &self.off });
    }

    /// Hours and places.
    fn think(&mut self, now_ms: i64) {
        let keep = 0.5_f64.powf(1.0 / HEARSAY_MIN);
        let per_hour = self.paid * 60.0 / self.online.max(1) as f64;
        self.pay_heard = self.pay_heard * keep + per_hour * (1.0 - keep);
        self.paid = 0.0;
        for ix in 0..self.drivers.len() {
            let driver = self.drivers[ix];
            match driver.doing {
                // Who would drive looks at it every ten minutes or so.
                Doing::Home
                    if self.run.people.choose_hours
                        && driver.reservation < self.pay_heard
                        && self.rng.random_bool(0.1) =>
                {
                    let doing = Doing::Free { since_ms: now_ms, at: driver.home, left: None };
                    self.drivers[ix] = Driver { doing, online_ms: now_ms, ..driver };
                    self.online += 1;
                }
                Doing::Free { since_ms, at, left } => {
                    let tired = self.run.people.choose_hours && now_ms - driver.online_ms > LEAST_SHIFT_MS;
                    if tired && driver.reservation > self.pay_heard && self.rng.random_bool(0.2) {
                        self.drivers[ix].doing = Doing::Home;
                        self.online -= 1;
                    } else if now_ms - since_ms >= RESTLESS_MS
                        && left.is_none_or(|(_, _, arrive)| arrive + RESTLESS_MS <= now_ms)
                        && self.rng.random_bool(0.5)
                    {
                        self.drivers[ix].doing = self.moved(now_ms, since_ms, at);
                    }
                }
                _ => {}
            }
        }
    }

    /// Where a restless driver goes: the best of a few places where people often ride, by multiplier and by how
    /// many free cars stand there for those who ask, less the way.
    fn moved(&mut self, now_ms: i64, since_ms: i64, at: NodeIx) -> Doing {
        let town = self.run.town;
        let stay = Doing::Free { since_ms, at, left: None };
        let (mut best, mut best_score) = (stay, self.attraction(at));
        for _ in 0..PLACES {
            let place = town.journeys[self.rng.random_range(0..town.journeys.len())].from;
            let way_ms = town.ms(at, place);
            if way_ms == UNREACHABLE || way_ms > 900_000 {
                continue;
            }
            let score = self.attraction(place) - f64::from(way_ms) / 900_000.0;
            if score > best_score {
                best_score = score;
                best = Doing::Free { since_ms, at: place, left: Some((at, now_ms, now_ms + i64::from(way_ms))) };
            }
        }
        if let Doing::Free { at: to, left: Some(_), .. } = best {
            self.drive(now_ms, town.ms(at, to));
        }
        best
    }

    fn attraction(&self, node: NodeIx) -> f64 {
        let cell = self.run.town.cell(node);
        let Some(counts) = self.map.cell(cell) else { return 0.0 };
        let minutes = f64::from(counts.idle) / f64::from(counts.demand_per_min).max(0.05);
        let multiplier = self.applied.cell(cell).map_or(1.0, |c| c.multiplier.get());
        multiplier - (minutes / 10.0).min(1.0)
    }

    /// The cost of driving for so long.
    fn drive(&mut self, now_ms: i64, ms: u32) {
        if self.counts(now_ms) {
            // Cars drive farther than the crow, 1.3 times as elsewhere.
            let km = f64::from(ms) / 1e6 * self.run.town.crow_mps * 1.3;
            self.totals.drivers -= km * self.run.people.cost_per_km;
        }
    }

    /// Somebody looks at price and pickup time and decides.
    fn wish(&mut self, wish: &Wish) {
        let (town, people) = (self.run.town, self.run.people);
        let journey = town.journeys[wish.journey as usize];
        let trip = Trip {
            pickup: town.point(journey.from),
            dropoff: town.point(journey.to),
            distance_m: journey.distance_m,
            trip_ms: journey.trip_ms,
            at: Timestamp::from_millis(EPOCH_MS + wish.at_ms),
            route: Vec::new(),
        };
        let quote = price(self.run.book, &self.applied, &trip);
        let usual = price(self.run.usual, &self.off, &trip).total.minor as f64;
        let row = town.row_to(journey.from);
        let nearest = self.free.iter().enumerate().map(|(slot, (node, _))| (row[*node as usize], slot)).min();
        let limit_ms = self.run.max_pickup_s.map_or(u32::MAX - 1, |s| (s * 1000.0) as u32);
        let nearest = nearest.filter(|(ms, _)| *ms <= limit_ms);

        let wait = |s: f64| s / 3_600.0 * people.hour_of_wait;
        let worth = wish.worth * (usual + wait(people.usual_pickup_s));
        let paid = quote.total.minor as f64;
        let eta_s = nearest.map(|(ms, _)| f64::from(ms) / 1000.0);
        self.tally.minute.looked += 1;
        self.tally.multiplier += quote.why.multiplier.get();
        if let Some(eta_s) = eta_s {
            self.tally.eta_s += eta_s;
            self.tally.etas += 1;
        }
        // Without a car in sight nobody waits longer than the usual time for an answer.
        let cost = paid + wait(eta_s.unwrap_or(people.usual_pickup_s));
        if worth < cost {
            return;
        }
        self.tally.minute.ordered += 1;
        self.surge.observe_demand(trip.pickup, 1);
        let counts = self.counts(wish.at_ms);
        self.totals.ordered += u64::from(counts);
        let (Some((pickup_ms, slot)), Some(eta_s)) = (nearest, eta_s) else {
            self.tally.minute.no_car += 1;
            return;
        };
        self.tally.minute.served += 1;
        let (_, ix) = self.free.swap_remove(slot);
        let boarding_ms = (people.boarding_s * 1000.0) as i64;
        let until_ms = wish.at_ms + i64::from(pickup_ms) + boarding_ms + i64::from(journey.trip_ms);
        self.drivers[ix as usize].doing = Doing::Busy { to: journey.to, until_ms };
        self.busy.push(Reverse((until_ms, ix)));
        let payout = quote.payout(self.run.book);
        let pay = (payout.driver.minor + payout.tolls.minor) as f64;
        self.paid += pay;
        self.drive(wish.at_ms, pickup_ms);
        if counts {
            let t = &mut self.totals;
            t.served += 1;
            t.gross += paid;
            t.riders += worth - cost;
            t.drivers += pay - f64::from(journey.distance_m) / 1000.0 * people.cost_per_km;
            t.platform += payout.platform.minor as f64;
            t.pay += pay;
            t.pickup_s += eta_s;
            t.trip_s += f64::from(journey.trip_ms) / 1000.0;
        }
    }
}
