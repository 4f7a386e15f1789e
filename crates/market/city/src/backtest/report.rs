//! Everything a backtest says, as data.

use serde::Serialize;

use super::compare::{Difference, moments};
use super::{Assumptions, COLUMN_MS, Figures, METRICS, Trial, TrialPolicy};
use crate::replay::Period;

/// Points of each curve in a chart.
const POINTS: usize = 101;

/// Two policies side by side.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    /// When the period starts.
    pub start: String,
    /// Usable requests.
    pub requests: usize,
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
    /// Waits of all seeds together: percentiles 0 to 100, seconds.
    pub wait_percentiles_s: Vec<f64>,
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
    #[serde(skip)]
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
        period: &Period,
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
            start: period.start.to_string(),
            requests: period.requests.len(),
            fleet: trial.fleet,
            seeds: trial.seeds.to_vec(),
            currency: policies[0].book.currency().code().to_owned(),
            assumptions: trial.assumptions,
            a: Side::of(policies[0], &first),
            b: Side::of(policies[1], &second),
            metrics: metrics.collect(),
        }
    }

    /// The figure with this key.
    #[must_use]
    pub fn metric(&self, key: &str) -> Option<&Metric> {
        self.metrics.iter().find(|m| m.key == key)
    }

    /// Minutes of a column of `served_by_time`.
    #[must_use]
    pub const fn column_minutes() -> i64 {
        COLUMN_MS / 60_000
    }
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
            wait_percentiles_s: percentiles(|f| &f.waits_s),
            earnings_percentiles: percentiles(|f| &f.earnings),
            served_by_time: (0..columns).map(served).collect(),
        }
    }
}
