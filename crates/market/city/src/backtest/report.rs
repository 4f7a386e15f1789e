//! Everything a backtest says, as data.

use serde::Serialize;

use super::compare::{Difference, moments};
use super::figures::{InCell, Places};
use super::record::Day;
use super::{Assumptions, COLUMN_MS, Figures, METRICS, Trial, TrialPolicy, sheet};

/// Points of each curve in a chart.
const POINTS: usize = 101;

/// Two policies side by side.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// When the period starts.
    pub start: String,
    /// When the last request was made, seconds after the start.
    pub period_s: i64,
    /// Whether the period comes from the live city; from tables otherwise.
    pub recorded_live: bool,
    /// Usable requests.
    pub requests: usize,
    /// Requests that could not be used, and why.
    pub left_out: String,
    /// Cars of each fleet.
    pub fleet: usize,
    /// Seeds; both policies ran with each.
    pub seeds: Vec<u64>,
    /// Money is in this currency.
    pub currency: String,
    /// What is assumed about people.
    pub assumptions: Assumptions,
    /// The first policy, by which the second is measured.
    pub a: Side,
    /// The second policy.
    pub b: Side,
    /// One line for each figure.
    pub metrics: Vec<Metric>,
    /// Length of a column of `served_by_time`, minutes.
    pub column_min: i64,
    /// Where riders asked, and what became of them: means of a run, by squares of the map.
    pub cells: Vec<Cell>,
    /// Degrees of latitude and of longitude of a square's sides.
    pub cell_deg: [f64; 2],
    /// What the map of the page is drawn on.
    #[serde(skip)]
    pub(super) ground: sheet::Ground,
}

/// A square of the map; `lat` and `lon` are its south-western corner.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Cell {
    /// Latitude.
    pub lat: f64,
    /// Longitude.
    pub lon: f64,
    /// Requests in a run.
    pub asked: f64,
    /// The first policy's doing.
    pub a: CellSide,
    /// The second policy's doing.
    pub b: CellSide,
}

/// One policy in a square of the map.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct CellSide {
    /// Riders served in a run.
    pub served: f64,
    /// Their mean wait, seconds; `null` where nobody was served.
    pub wait_s: Option<f64>,
}

/// One policy.
#[derive(Debug, Clone, Serialize)]
pub struct Side {
    /// Its name.
    pub policy: String,
    /// Seats of each car.
    pub seats: u8,
    /// Whether prices move.
    pub surge: bool,
    /// Its settings for people, each what and how much.
    pub settings: Vec<[String; 2]>,
    /// Waits of all seeds together: percentiles 0 to 100, seconds.
    pub wait_percentiles_s: Vec<f64>,
    /// Delays at arrival of all seeds together: percentiles 0 to 100, seconds.
    pub delay_percentiles_s: Vec<f64>,
    /// Earnings per hour of all drivers of all seeds: percentiles 0 to 100.
    pub earnings_percentiles: Vec<f64>,
    /// Share served of the requests of each five minutes, in percent; `null` where nobody asked.
    pub served_by_time: Vec<Option<f64>>,
}

/// One figure of both policies.
#[derive(Debug, Clone, Serialize)]
pub struct Metric {
    /// Key.
    pub key: &'static str,
    /// In words.
    pub label: &'static str,
    /// `s`, `%`, `×`, `money` or nothing.
    pub unit: &'static str,
    /// Digits worth showing.
    pub digits: usize,
    /// Whether more is better; `null` where neither is.
    pub more_is_better: Option<bool>,
    /// Mean of the first policy over the seeds.
    pub a: f64,
    /// Mean of the second.
    pub b: f64,
    /// Standard deviation over the seeds, first policy.
    pub a_deviation: f64,
    /// Second policy.
    pub b_deviation: f64,
    /// Second minus first, by pairs.
    pub difference: Difference,
    /// Values of each seed, first policy.
    pub a_by_seed: Vec<f64>,
    /// Second policy.
    pub b_by_seed: Vec<f64>,
}

impl Metric {
    /// Whether the second policy is clearly better (`true`), clearly worse, or neither.
    #[must_use]
    pub fn verdict(&self) -> Option<bool> {
        let more = self.more_is_better?;
        self.difference.clear.then_some((self.difference.mean > 0.0) == more)
    }
}

impl Report {
    pub(super) fn of(
        trial: &Trial<'_>,
        policies: [&TrialPolicy; 2],
        day: &Day,
        places: &Places<'_>,
        first: Vec<Figures>,
        second: Vec<Figures>,
    ) -> Self {
        let seed = trial.seeds.first().copied().unwrap_or(1);
        let metrics = METRICS.iter().enumerate().map(|(ix, &(key, label, unit, digits, more_is_better))| {
            let of = |runs: &[Figures]| runs.iter().map(|f| f.values[ix]).collect::<Vec<f64>>();
            let (a_by_seed, b_by_seed) = (of(&first), of(&second));
            let ((a, a_deviation), (b, b_deviation)) = (moments(&a_by_seed), moments(&b_by_seed));
            let difference = Difference::of(&a_by_seed, &b_by_seed, seed, key);
            Metric {
                key,
                label,
                unit,
                digits,
                more_is_better,
                a,
                b,
                a_deviation,
                b_deviation,
                difference,
                a_by_seed,
                b_by_seed,
            }
        });
        Self {
            start: day.start.to_string(),
            period_s: day.requests.last().map_or(0, |r| r.at_ms / 1000),
            recorded_live: trial.record.live(),
            requests: day.requests.len(),
            left_out: day.left_out.to_string(),
            fleet: day.fleet.len(),
            seeds: trial.seeds.to_vec(),
            currency: policies[0].book.currency().code().to_owned(),
            assumptions: trial.assumptions,
            a: Side::of(policies[0], &first),
            b: Side::of(policies[1], &second),
            metrics: metrics.collect(),
            column_min: COLUMN_MS / 60_000,
            cells: cells(places, &first, &second),
            cell_deg: [places.cells.high, places.cells.wide],
            ground: sheet::Ground::of(places.graph),
        }
    }

    /// The figure with this key.
    #[must_use]
    pub fn metric(&self, key: &str) -> Option<&Metric> {
        self.metrics.iter().find(|m| m.key == key)
    }
}

fn cells(places: &Places<'_>, first: &[Figures], second: &[Figures]) -> Vec<Cell> {
    let keys: std::collections::BTreeSet<(u32, u32)> =
        first.iter().chain(second).flat_map(|f| f.by_cell.keys().copied()).collect();
    let sum = |runs: &[Figures], key: &(u32, u32)| {
        let all = runs.iter().filter_map(|f| f.by_cell.get(key));
        all.fold(InCell::default(), |sum, one| InCell {
            asked: sum.asked + one.asked,
            served: sum.served + one.served,
            wait_s: sum.wait_s + one.wait_s,
        })
    };
    let runs = first.len().max(1) as f64;
    let side = |of: InCell| CellSide {
        served: f64::from(of.served) / runs,
        wait_s: (of.served > 0).then(|| of.wait_s / f64::from(of.served)),
    };
    let cell = |key: &(u32, u32)| {
        let (a, b) = (sum(first, key), sum(second, key));
        let (lat, lon) = places.cells.corner(*key);
        Cell { lat, lon, asked: f64::from(a.asked) / runs, a: side(a), b: side(b) }
    };
    keys.iter().map(cell).collect()
}

impl Side {
    fn of(policy: &TrialPolicy, runs: &[Figures]) -> Self {
        let percentiles = |of: fn(&Figures) -> &Vec<f64>| {
            let mut all: Vec<f64> = runs.iter().flat_map(|f| of(f).iter().copied()).collect();
            all.sort_by(f64::total_cmp);
            (0..POINTS).map(|p| super::figures::quantile(&all, p as f64 / (POINTS - 1) as f64)).collect()
        };
        let columns = runs.iter().map(|f| f.by_time.len()).max().unwrap_or(0);
        let served = |column: usize| {
            let of = |f: &Figures| f.by_time.get(column).copied().unwrap_or_default();
            let (asked, served) = runs.iter().map(of).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            (asked > 0).then(|| 100.0 * f64::from(served) / f64::from(asked))
        };
        Self {
            policy: policy.name.clone(),
            seats: policy.seats,
            surge: policy.surge.is_some(),
            settings: policy.in_words(),
            wait_percentiles_s: percentiles(|f| &f.waits_s),
            delay_percentiles_s: percentiles(|f| &f.delays_s),
            earnings_percentiles: percentiles(|f| &f.earnings),
            served_by_time: (0..columns).map(served).collect(),
        }
    }
}
