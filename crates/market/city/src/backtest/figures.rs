//! What one run came to: for riders, for drivers and for the platform.

use std::collections::{BTreeMap, HashMap};

use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_pricing::{Price, PriceBook, SharedRider, SurgeMap, Trip, price};
use doorstep_roads::{NodeIx, RoadGraph, TravelTimes};
use serde::{Deserialize, Serialize};

use super::surge::Maps;
use super::{BacktestError, TrialPolicy};
use crate::replay::{Fate, Outcome, Replay, Request, Shift};

/// What is assumed about people; the recorded data do not say it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Assumptions {
    /// What an hour of delay costs a rider.
    pub value_of_time: f64,
    /// By how much demand falls with the price: a multiple m of the usual fare is worth it to m to the minus
    /// this of the riders.
    pub elasticity: f64,
    /// No ride is worth more than this many usual fares, those of the first policy without surge and sharing.
    pub most_worth: f64,
    /// What an hour of driving costs the driver: fuel, wear.
    pub driving_cost: f64,
    /// What an hour is worth to a driver elsewhere.
    pub reservation_wage: f64,
}

impl Assumptions {
    /// The first that is no amount, by its field in a request.
    #[must_use]
    pub fn wrong(&self) -> Option<(&'static str, f64)> {
        let all = [
            ("/assumptions/value_of_time", self.value_of_time),
            ("/assumptions/elasticity", self.elasticity),
            ("/assumptions/most_worth", self.most_worth),
            ("/assumptions/driving_cost", self.driving_cost),
            ("/assumptions/reservation_wage", self.reservation_wage),
        ];
        all.into_iter().find(|(_, value)| !(0.0..=1e6).contains(value))
    }
}

impl Default for Assumptions {
    fn default() -> Self {
        Self { value_of_time: 30.0, elasticity: 1.2, most_worth: 5.0, driving_cost: 6.0, reservation_wage: 15.0 }
    }
}

/// What is measured, in the order of tables: key, label, unit, digits, and whether more is better, if either is.
pub const METRICS: [(&str, &str, &str, usize, Option<bool>); 17] = [
    ("served_share", "Riders served", "%", 2, Some(true)),
    ("mean_wait_s", "Wait of those served, mean", "s", 1, Some(false)),
    ("p95_wait_s", "Wait of those served, p95", "s", 1, Some(false)),
    ("mean_delay_s", "Delay at arrival, mean", "s", 1, Some(false)),
    ("left_share", "Riders who left for the price", "%", 2, None),
    ("mean_multiplier", "Mean multiplier asked", "×", 3, None),
    ("mean_fare", "Mean fare paid", "money", 2, None),
    ("drive_over_solo", "Driving over direct trips served", "×", 3, Some(false)),
    ("earnings_mean", "Driver earnings per hour, mean", "money", 2, Some(true)),
    ("earnings_p10", "Driver earnings per hour, p10", "money", 2, Some(true)),
    ("earnings_p50", "Driver earnings per hour, p50", "money", 2, Some(true)),
    ("earnings_p90", "Driver earnings per hour, p90", "money", 2, Some(true)),
    ("earnings_gini", "Gini of driver earnings", "", 3, Some(false)),
    ("rider_surplus", "Rider surplus per request", "money", 2, Some(true)),
    ("driver_surplus", "Driver surplus per driver hour", "money", 2, Some(true)),
    ("platform_revenue", "Platform revenue per hour", "money", 0, Some(true)),
    ("total_surplus", "All together per hour", "money", 0, Some(true)),
];

/// One run's figures in the order of [`METRICS`], and what charts are drawn from.
#[derive(Debug, Clone, PartialEq)]
pub struct Figures {
    /// Values in the order of [`METRICS`].
    pub values: [f64; METRICS.len()],
    /// Waits of those served, seconds, ascending.
    pub waits_s: Vec<f64>,
    /// Delays at arrival of those served, seconds, ascending.
    pub delays_s: Vec<f64>,
    /// Earnings per hour of each driver, ascending.
    pub earnings: Vec<f64>,
    /// Requests and served of each five minutes of the period, by the time of the request.
    pub by_time: Vec<(u32, u32)>,
    /// By cells of the map: row and column counted from the south-west.
    pub by_cell: BTreeMap<(u32, u32), InCell>,
}

/// What one run did in a cell, by the place of the pickup.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct InCell {
    /// Requests made.
    pub asked: u32,
    /// Riders served.
    pub served: u32,
    /// Sum of their waits, seconds.
    pub wait_s: f64,
}

/// Cells along the longer side of the city, at most, and the length of a cell's side at least, metres.
const CELLS: f64 = 36.0;
const CELL_M: f64 = 250.0;

/// Squares that cover a city.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cells {
    south: f64,
    west: f64,
    /// Degrees of a cell's sides.
    pub(super) high: f64,
    pub(super) wide: f64,
}

impl Cells {
    fn of(graph: &RoadGraph) -> Self {
        let (south, west, north, east) =
            graph.bounds().map_or((0.0, 0.0, 0.0, 0.0), |b| (b.south, b.west, b.north, b.east));
        // A degree of latitude is 111.2 km everywhere; one of longitude shrinks with the cosine.
        let (lat_m, lon_m) = (111_195.0, 111_195.0 * ((south + north) / 2.0).to_radians().cos().max(0.01));
        let side_m = (((north - south) * lat_m).max((east - west) * lon_m) / CELLS).max(CELL_M);
        Self { south, west, high: side_m / lat_m, wide: side_m / lon_m }
    }

    fn cell(&self, p: Point) -> (u32, u32) {
        let step = |v: f64| v.floor().max(0.0) as u32;
        (step((p.lat() - self.south) / self.high), step((p.lon() - self.west) / self.wide))
    }

    /// The south-west corner of a cell: latitude and longitude.
    pub(super) fn corner(&self, (row, column): (u32, u32)) -> (f64, f64) {
        (self.south + f64::from(row) * self.high, self.west + f64::from(column) * self.wide)
    }
}

/// Who was at work for less, six minutes, has no earnings per hour.
const LEAST_HOURS: f64 = 0.1;

/// Width of a column of [`Figures::by_time`], milliseconds.
pub const COLUMN_MS: i64 = 300_000;

/// What a request is about, apart from when it is made.
pub(super) struct Places<'a> {
    pub(super) graph: &'a RoadGraph,
    pub(super) times: &'a dyn TravelTimes,
    pub(super) cells: Cells,
    distances: HashMap<(NodeIx, NodeIx), u32>,
}

impl<'a> Places<'a> {
    /// Walks all fastest roads once.
    pub(super) fn new(replay: &'a Replay, requests: &[Request]) -> Self {
        let mut distances = HashMap::new();
        for r in requests {
            distances.entry((r.node, r.to)).or_insert_with(|| distance(replay, r.node, r.to));
        }
        Self { graph: replay.graph(), times: replay.times(), cells: Cells::of(replay.graph()), distances }
    }

    /// The trip of a request as prices see it.
    pub(super) fn trip(&self, request: &Request, start: Timestamp) -> Trip {
        let direct = (request.node, request.to);
        Trip {
            pickup: self.graph.point(request.node),
            dropoff: self.graph.point(request.to),
            distance_m: self.distances.get(&direct).copied().unwrap_or_default(),
            trip_ms: self.times.time_ms(request.node, request.to),
            at: start.plus_ms(request.at_ms),
            route: Vec::new(),
        }
    }
}

/// Metres of the fastest road.
fn distance(replay: &Replay, from: NodeIx, to: NodeIx) -> u32 {
    let graph = replay.graph();
    let (mut at, mut metres) = (from, 0.0);
    for (head, _) in replay.way(from, to) {
        let arcs = graph.arcs_of(at).filter(|&arc| graph.head(arc) == head);
        let arc = arcs.min_by_key(|&arc| graph.arc_time_ms(arc));
        metres += arc.map_or(0.0, |arc| f64::from(graph.arc_length_m(arc)));
        at = head;
    }
    metres.round() as u32
}

/// A run to be measured.
pub(super) struct Played<'a> {
    pub(super) policy: &'a TrialPolicy,
    /// All riders who asked.
    pub(super) asked: &'a [Request],
    /// Of each, what the ride is worth to him, in usual fares.
    pub(super) worth: &'a [f64],
    /// Of each, whether he left when he heard the price.
    pub(super) left: &'a [bool],
    /// Those who stayed, as they were replayed.
    pub(super) requests: &'a [Request],
    pub(super) outcome: &'a Outcome,
    pub(super) maps: &'a Maps,
    pub(super) cars: usize,
    /// When each car works; empty where all do all the time.
    pub(super) shifts: &'a [Shift],
    pub(super) start: Timestamp,
    /// Fares by which a ride's worth is told: the first policy's.
    pub(super) yardstick: &'a PriceBook,
}

impl Played<'_> {
    pub(super) fn figures(&self, places: &Places<'_>, assumed: &Assumptions) -> Result<Figures, BacktestError> {
        let major = 10_f64.powi(-(self.policy.book.currency().minor_digits() as i32));
        let last_ms = self.asked.last().map_or(0, |r| r.at_ms).max(1);
        let hours = last_ms as f64 / 3.6e6;
        let hour = |ms: i64| ms as f64 / 3.6e6;
        let flat = SurgeMap::off();
        let together = companions(&self.outcome.fates, self.cars);
        let mut earned = vec![0.0_f64; self.cars];
        let (mut waits_s, mut delays_s, mut direct_ms) = (Vec::new(), Vec::new(), 0_i64);
        let (mut fares, mut platform, mut riders) = (0.0, 0.0, 0.0);
        let mut by_time = vec![(0_u32, 0_u32); (last_ms / COLUMN_MS + 1) as usize];
        let mut by_cell: BTreeMap<(u32, u32), InCell> = BTreeMap::new();
        let mut multipliers = 0.0;
        let mut stayed = self.requests.iter().zip(&self.outcome.fates).zip(&together);
        for ((request, left), usual_fares) in self.asked.iter().zip(self.left).zip(self.worth) {
            let column = &mut by_time[(request.at_ms / COLUMN_MS).clamp(0, last_ms / COLUMN_MS) as usize];
            column.0 += 1;
            let cell = by_cell.entry(places.cells.cell(places.graph.point(request.node))).or_default();
            cell.asked += 1;
            let trip = places.trip(request, self.start);
            let asked = price(&self.policy.book, self.maps.at(request.at_ms), &trip);
            let usual = price(&self.policy.book, &flat, &trip).total.minor;
            multipliers += asked.total.minor as f64 / usual.max(1) as f64;
            if *left {
                continue;
            }
            let ((_, fate), others) = stayed.next().expect("whoever has not left was replayed");
            let (Some(pickup_ms), Some(dropoff_ms), Some(car)) = (fate.pickup_ms, fate.dropoff_ms, fate.car) else {
                let waited = fate.expired_ms.unwrap_or(request.at_ms) - request.at_ms;
                riders -= assumed.value_of_time * hour(waited);
                continue;
            };
            column.1 += 1;
            cell.served += 1;
            cell.wait_s += (pickup_ms - request.at_ms) as f64 / 1e3;
            let (paid, payout) = bill(self.policy, asked, *others)?;
            let delay_ms = dropoff_ms - request.at_ms - i64::from(trip.trip_ms);
            let worth = price(self.yardstick, &flat, &trip).total.minor as f64 * major * usual_fares;
            riders += worth - paid as f64 * major - assumed.value_of_time * hour(delay_ms);
            fares += paid as f64 * major;
            platform += payout.platform.minor as f64 * major;
            earned[car as usize] += (payout.driver.minor + payout.tolls.minor) as f64 * major;
            waits_s.push((pickup_ms - request.at_ms) as f64 / 1e3);
            delays_s.push(delay_ms as f64 / 1e3);
            direct_ms += i64::from(trip.trip_ms);
        }
        waits_s.sort_by(f64::total_cmp);
        delays_s.sort_by(f64::total_cmp);
        let at_work: Vec<f64> = (0..self.cars).map(|car| hour(self.at_work_ms(car, last_ms))).collect();
        let worked = at_work.iter().sum::<f64>().max(1.0 / 3600.0);
        let paid = earned.iter().zip(&at_work).filter(|(_, at_work)| **at_work >= LEAST_HOURS.min(hours));
        let mut earnings: Vec<f64> = paid.map(|(e, hours)| e / hours).collect();
        earnings.sort_by(f64::total_cmp);
        let (served, all) = (waits_s.len().max(1) as f64, self.asked.len().max(1) as f64);
        let drivers = earned.iter().sum::<f64>()
            - assumed.driving_cost * hour(self.outcome.drive_ms)
            - assumed.reservation_wage * worked;
        let left = self.left.iter().filter(|left| **left).count();
        let values = [
            100.0 * waits_s.len() as f64 / all,
            waits_s.iter().sum::<f64>() / served,
            quantile(&waits_s, 0.95),
            delays_s.iter().sum::<f64>() / served,
            100.0 * left as f64 / all,
            multipliers / all,
            fares / served,
            self.outcome.drive_ms as f64 / direct_ms.max(1) as f64,
            earned.iter().sum::<f64>() / worked,
            quantile(&earnings, 0.1),
            quantile(&earnings, 0.5),
            quantile(&earnings, 0.9),
            gini(&earnings),
            riders / all,
            drivers / worked,
            platform / hours,
            (riders + drivers + platform) / hours,
        ];
        Ok(Figures { values, waits_s, delays_s, earnings, by_time, by_cell })
    }

    /// How long a car is at work until the last request.
    fn at_work_ms(&self, car: usize, last_ms: i64) -> i64 {
        let all = Shift { from_ms: 0, until_ms: last_ms };
        let shift = self.shifts.get(car).copied().unwrap_or(all);
        (shift.until_ms.min(last_ms) - shift.from_ms.max(0)).max(0)
    }
}

/// What the rider pays, and who gets what of it.
fn bill(policy: &TrialPolicy, asked: Price, others: u32) -> Result<(i64, doorstep_pricing::Payout), BacktestError> {
    if policy.shares() && policy.book.tariff().sharing.is_some() {
        let bill = policy.book.shared_bill(&[SharedRider { solo: asked, shared_with: others }])?;
        return Ok((bill.riders.iter().map(|p| p.total.minor).sum(), bill.payout));
    }
    let payout = asked.payout(&policy.book);
    Ok((asked.total.minor, payout))
}

/// With how many others each rider was in the car.
fn companions(fates: &[Fate], cars: usize) -> Vec<u32> {
    let mut rides: Vec<Vec<(i64, i64, usize)>> = vec![Vec::new(); cars];
    for (rider, fate) in fates.iter().enumerate() {
        if let (Some(from), Some(to), Some(car)) = (fate.pickup_ms, fate.dropoff_ms, fate.car) {
            rides[car as usize].push((from, to, rider));
        }
    }
    let mut together = vec![0; fates.len()];
    for list in &rides {
        for &(from, to, rider) in list {
            let others = list.iter().filter(|o| o.2 != rider && o.0 < to && from < o.1).count();
            together[rider] = others as u32;
        }
    }
    together
}

/// The smallest value that at least the share `q` of the sorted values do not exceed.
pub(super) fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted.get(rank.max(1) - 1).copied().unwrap_or(0.0)
}

/// Gini's coefficient of sorted values: 0 where all have the same.
pub(super) fn gini(sorted: &[f64]) -> f64 {
    let (n, sum) = (sorted.len() as f64, sorted.iter().sum::<f64>());
    if sum <= 0.0 {
        return 0.0;
    }
    let weighted: f64 = sorted.iter().zip(1..).map(|(v, rank)| f64::from(rank) * v).sum();
    2.0 * weighted / (n * sum) - (n + 1.0) / n
}
