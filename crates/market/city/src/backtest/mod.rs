//! A recorded period under two policies, with the same requests and fleets for both.
//!
//! Each seed draws a fleet from the recorded taxis and spreads requests inside their minutes; both policies
//! replay exactly that. What differs is the policies' doing, and how sure that is says a confidence interval
//! of the paired differences. It speaks of other fleets and seconds of the same period, not of other days.

mod compare;
mod figures;
mod page;
mod plot;
mod policy;
mod report;
mod surge;
#[cfg(test)]
mod tests;

use std::path::PathBuf;
use std::sync::Mutex;

use doorstep_clock::{SeededRng, Timestamp};
use doorstep_pricing::{PricingError, SurgeConfig, SurgeMap, price};
use doorstep_roads::NodeIx;
use rand::RngExt as _;

pub use compare::Difference;
pub use figures::{Assumptions, COLUMN_MS, Figures, METRICS};
pub use policy::{PolicyError, TrialPolicy};
pub use report::{Metric, Report, Side};

use crate::replay::{Outcome, Period, Replay, ReplayError, Request, Run, read_requests, sample_fleet};
use figures::{Places, Played};
use surge::Maps;

/// With surge, riders decide in slices of this length, milliseconds.
const SLICE_MS: i64 = 60_000;
/// And not in more of them than this: each is a replay up to there.
const SLICES: i64 = 60;

/// What can go wrong in a backtest.
#[derive(Debug, thiserror::Error)]
pub enum BacktestError {
    /// The replay refused.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// The prices refused.
    #[error(transparent)]
    Pricing(#[from] PricingError),
    /// Amounts of two currencies cannot be compared.
    #[error("{first} is priced in {one} and {second} in {two}: give both the same currency")]
    Currencies {
        /// Name of the first policy.
        first: String,
        /// Its currency.
        one: String,
        /// Name of the second policy.
        second: String,
        /// Its currency.
        two: String,
    },
    /// Toll gates need the line of a ride, which is not kept here.
    #[error("{policy} has toll gates, which a backtest cannot price: leave [[fare.tolls]] out of both policies")]
    Tolls {
        /// Which policy.
        policy: String,
    },
}

/// What both policies are tried on.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The city.
    pub replay: &'a Replay,
    /// Files of the recorded requests.
    pub requests: &'a [PathBuf],
    /// Where the recorded taxis stand.
    pub taxis: &'a [NodeIx],
    /// Cars of each fleet.
    pub fleet: usize,
    /// When the period starts, if not at the full hour before the first request.
    pub start: Option<Timestamp>,
    /// Both policies run once for each.
    pub seeds: &'a [u64],
    /// What is assumed about people.
    pub assumptions: Assumptions,
    /// Threads at most.
    pub threads: usize,
}

impl Trial<'_> {
    /// Runs both policies for every seed; `progress` hears of each finished run.
    ///
    /// # Errors
    /// [`BacktestError`].
    pub fn run(&self, policies: [&TrialPolicy; 2], progress: impl Fn() + Sync) -> Result<Report, BacktestError> {
        let [first, second] = policies;
        let code = |policy: &TrialPolicy| policy.book.currency().code().to_owned();
        if code(first) != code(second) {
            let (first, one) = (first.name.clone(), code(first));
            return Err(BacktestError::Currencies { first, one, second: second.name.clone(), two: code(second) });
        }
        if let Some(tolled) = policies.iter().find(|p| !p.book.tariff().tolls.is_empty()) {
            return Err(BacktestError::Tolls { policy: tolled.name.clone() });
        }
        let period = self.period(self.seeds.first().copied().unwrap_or(1))?;
        let places = Places::new(self.replay.graph(), self.replay.times(), &period.requests);
        let jobs: Vec<(usize, u64)> = (0..2).flat_map(|p| self.seeds.iter().map(move |&seed| (p, seed))).collect();
        let next = Mutex::new(jobs.iter().enumerate());
        let work = || {
            let mut mine = Vec::new();
            loop {
                let job = next.lock().expect("nobody panics while taking a job").next();
                let Some((ix, &(which, seed))) = job else { return mine };
                let figures = self.one(policies[which], first, seed, &places);
                progress();
                mine.push((ix, figures));
            }
        };
        let mut done: Vec<(usize, Result<Figures, BacktestError>)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads.clamp(1, 16)).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|w| w.join().expect("a run does not panic")).collect()
        });
        done.sort_by_key(|(ix, _)| *ix);
        let mut all = Vec::with_capacity(done.len());
        for (_, figures) in done {
            all.push(figures?);
        }
        let after = all.split_off(self.seeds.len());
        Ok(Report::of(self, policies, &period, all, after))
    }

    fn period(&self, seed: u64) -> Result<Period, ReplayError> {
        read_requests(self.requests, self.replay.corners(), self.start, Some(seed))
    }

    /// One policy with one seed.
    fn one(
        &self,
        policy: &TrialPolicy,
        yardstick: &TrialPolicy,
        seed: u64,
        places: &Places<'_>,
    ) -> Result<Figures, BacktestError> {
        let period = self.period(seed)?;
        let fleet = sample_fleet(self.taxis.to_vec(), self.fleet, seed)?;
        let asked = &period.requests;
        let worth = self.worth(asked.len(), seed);
        let (left, maps) = match &policy.surge {
            None => (vec![false; asked.len()], Maps::off()),
            Some(config) => self.quoted((policy, config), &period, &fleet, &worth, seed, places)?,
        };
        let stayed: Vec<Request> = asked.iter().zip(&left).filter(|(_, left)| !**left).map(|(r, _)| *r).collect();
        let outcome = self.replay(policy, &stayed, &fleet, seed)?;
        let played = Played {
            policy,
            asked,
            worth: &worth,
            left: &left,
            requests: &stayed,
            outcome: &outcome,
            maps: &maps,
            cars: fleet.len(),
            start: period.start,
            yardstick: &yardstick.book,
        };
        played.figures(places, &self.assumptions)
    }

    /// What each ride is worth, in usual fares: at least one, or it would not have been asked for.
    fn worth(&self, riders: usize, seed: u64) -> Vec<f64> {
        let mut rng = SeededRng::new(seed, "backtest.worth");
        let Assumptions { elasticity, most_worth, .. } = self.assumptions;
        let mut draw = || (1.0 - rng.random::<f64>()).powf(-1.0 / elasticity.max(0.01)).min(most_worth.max(1.0));
        (0..riders).map(|_| draw()).collect()
    }

    /// Who left at the price of his moment, and the maps that prices came from.
    ///
    /// Slice by slice: the cars of a slice are those that a run with everybody who has stayed so far leaves
    /// free, so prices answer to what they have done before, as they do live.
    fn quoted(
        &self,
        (policy, config): (&TrialPolicy, &SurgeConfig),
        period: &Period,
        fleet: &[NodeIx],
        worth: &[f64],
        seed: u64,
        places: &Places<'_>,
    ) -> Result<(Vec<bool>, Maps), BacktestError> {
        let asked = &period.requests;
        let last_ms = asked.last().map_or(0, |r| r.at_ms);
        let slice_ms = (last_ms / SLICES + 1).max(SLICE_MS);
        let (mut left, mut stayed, mut maps) = (Vec::with_capacity(asked.len()), Vec::new(), None::<Maps>);
        let flat = SurgeMap::off();
        while left.len() < asked.len() {
            let from_ms = asked[left.len()].at_ms / slice_ms * slice_ms;
            let end = asked.partition_point(|r| r.at_ms < from_ms + slice_ms);
            let slice = &asked[left.len()..end];
            let mut so_far = stayed.clone();
            so_far.extend_from_slice(slice);
            let outcome = self.replay(policy, &so_far, fleet, seed)?;
            let now = Maps::of(config, &asked[..end], &so_far, &outcome, fleet.len(), period.start, places.graph)?;
            let published = match &mut maps {
                None => maps.insert(now),
                Some(before) => {
                    before.go_on(&now, from_ms);
                    before
                }
            };
            for request in slice {
                let trip = places.trip(request, period.start);
                let of = |map: &SurgeMap| price(&policy.book, map, &trip).total.minor as f64;
                let leaves = of(published.at(request.at_ms)) > of(&flat) * worth[left.len()];
                left.push(leaves);
                if !leaves {
                    stayed.push(*request);
                }
            }
        }
        Ok((left, maps.unwrap_or_else(Maps::off)))
    }

    fn replay(
        &self,
        policy: &TrialPolicy,
        requests: &[Request],
        fleet: &[NodeIx],
        seed: u64,
    ) -> Result<Outcome, ReplayError> {
        let run = Run {
            requests,
            fleet,
            seats: policy.seats,
            batch_ms: policy.batch_ms,
            max_wait_ms: policy.max_wait_ms,
            boarding_ms: policy.boarding_ms,
            max_delay_ms: policy.max_delay_ms,
            noise: 0.0,
            noise_seed: seed,
            policy: policy.policy(),
        };
        self.replay.run(&run, |_| ())
    }
}
