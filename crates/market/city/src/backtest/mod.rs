//! A recorded period under two policies, with the same requests and fleets for both.
//!
//! Each seed draws a fleet from the recorded taxis and spreads requests inside their minutes; both policies
//! replay exactly that. What differs is the policies' doing, and how sure that is says a confidence interval
//! of the paired differences. It speaks of other fleets and seconds of the same period, not of other days.

mod compare;
mod figures;
mod film;
mod page;
mod plot;
mod policy;
mod record;
mod report;
mod sheet;
mod surge;
#[cfg(test)]
mod tests;
mod watch;

use std::sync::Mutex;

use doorstep_clock::SeededRng;
use doorstep_pricing::{PricingError, SurgeConfig, SurgeMap, Trip, price};
use rand::RngExt as _;

pub use compare::Difference;
pub use figures::{Assumptions, COLUMN_MS, Figures, METRICS};
pub use film::{Film, FilmCar, FilmRequest};
pub use policy::{PolicyError, TrialPolicy};
pub use record::{Record, UPLOADED};
pub use report::{Cell, CellSide, Metric, Report, Side};
pub use watch::Heed;

use crate::replay::{Outcome, Replay, ReplayError, Request, Run};
use figures::{Places, Played};
use record::Day;
use surge::Maps;
use watch::{Pieces, Watch};

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

/// What both policies are tried on, and how.
#[derive(Debug)]
pub struct Trial<'a> {
    /// The city.
    pub replay: &'a Replay,
    /// The recorded period.
    pub record: &'a Record,
    /// Cars of each fleet, drawn from the recorded ones; without it all of them.
    pub fleet: Option<usize>,
    /// Both policies run once for each.
    pub seeds: &'a [u64],
    /// What is assumed about people.
    pub assumptions: Assumptions,
    /// Threads at most.
    pub threads: usize,
}

/// What a trial comes to.
#[derive(Debug)]
pub struct Tried {
    /// All figures.
    pub report: Report,
    /// The run of the first seed under each policy.
    pub films: [Film; 2],
}

/// What one run gave.
type OneRun = Result<(Figures, Option<Film>), BacktestError>;

impl Trial<'_> {
    /// Runs both policies for every seed; `heed` hears how far it is and says whether to go on.
    ///
    /// # Errors
    /// [`BacktestError`]; [`ReplayError::Stopped`] within it where `heed` said no.
    pub fn run(&self, policies: [&TrialPolicy; 2], heed: Heed<'_>) -> Result<Tried, BacktestError> {
        comparable(policies)?;
        let first_seed = self.seeds.first().copied().unwrap_or(1);
        let day = self.record.day(self.replay.graph(), self.fleet, first_seed)?;
        let places = Places::new(self.replay, &day.requests);
        let jobs: Vec<(usize, u64)> = self.seeds.iter().flat_map(|&seed| [(0, seed), (1, seed)]).collect();
        let watch = Watch::new(jobs.len(), heed);
        let next = Mutex::new(jobs.iter().enumerate());
        let work = || {
            let mut mine = Vec::new();
            loop {
                let job = next.lock().expect("nobody panics while taking a job").next();
                let Some((ix, &(which, seed))) = job else { return mine };
                let played = self.one(policies[which], policies[0], seed, &places, &watch, ix);
                let failed = played.is_err();
                mine.push((ix, played));
                if failed {
                    return mine;
                }
            }
        };
        let mut done: Vec<(usize, OneRun)> = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.threads.clamp(1, 16)).map(|_| scope.spawn(work)).collect();
            workers.into_iter().flat_map(|w| w.join().expect("a run does not panic")).collect()
        });
        done.sort_by_key(|(ix, _)| *ix);
        let (mut figures, mut films) = ([Vec::new(), Vec::new()], Vec::new());
        for (ix, played) in done {
            let (of_run, film) = played?;
            figures[ix % 2].push(of_run);
            films.extend(film);
        }
        let films = <[Film; 2]>::try_from(films).map_err(|_| ReplayError::Stopped)?;
        let [first, second] = figures;
        Ok(Tried { report: Report::of(self, policies, &day, &places, first, second), films })
    }

    /// One policy with one seed; a film of it for the first seed.
    fn one(
        &self,
        policy: &TrialPolicy,
        yardstick: &TrialPolicy,
        seed: u64,
        places: &Places<'_>,
        watch: &Watch<'_>,
        job: usize,
    ) -> OneRun {
        let day = self.record.day(self.replay.graph(), self.fleet, seed)?;
        let asked = &day.requests;
        let worth = self.worth(asked.len(), seed);
        let slices = policy.surge.as_ref().map_or(0.0, |_| slices(asked) as f64);
        // A slice replays everything up to it: half of them are a whole run each.
        let mut pieces = Pieces::new(watch, job, slices / 2.0 + 1.0);
        let (left, maps) = match &policy.surge {
            None => (vec![false; asked.len()], Maps::off()),
            Some(config) => self.quoted((policy, config), &day, &worth, seed, places, &mut pieces)?,
        };
        let stayed: Vec<Request> = asked.iter().zip(&left).filter(|(_, left)| !**left).map(|(r, _)| *r).collect();
        let outcome = self.replay(policy, (&stayed, &maps.windows()), &day, seed, (&pieces, 1.0))?;
        let played = Played {
            policy,
            asked,
            worth: &worth,
            left: &left,
            requests: &stayed,
            outcome: &outcome,
            maps: &maps,
            cars: day.fleet.len(),
            shifts: &day.shifts,
            start: day.start,
            yardstick: &yardstick.book,
        };
        let figures = played.figures(places, &self.assumptions)?;
        let film = (self.seeds.first() == Some(&seed)).then(|| Film::of(self.replay, &day, &left, &outcome, seed));
        watch.at(job, 1.0);
        Ok((figures, film))
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
    /// free, so prices answer to what they have done before, as they do live. Of the slice itself those ride in
    /// that run who would stay at the prices published when it begins: with all of them, cars would be missing
    /// that nobody who leaves takes, and prices would be too high.
    fn quoted(
        &self,
        (policy, config): (&TrialPolicy, &SurgeConfig),
        day: &Day,
        worth: &[f64],
        seed: u64,
        places: &Places<'_>,
        pieces: &mut Pieces<'_, '_>,
    ) -> Result<(Vec<bool>, Maps), BacktestError> {
        let asked = &day.requests;
        let slice_ms = slice_ms(asked);
        let (mut left, mut stayed, mut maps) = (Vec::with_capacity(asked.len()), Vec::new(), None::<Maps>);
        let flat = SurgeMap::off();
        while left.len() < asked.len() {
            let from_ms = asked[left.len()].at_ms / slice_ms * slice_ms;
            let end = asked.partition_point(|r| r.at_ms < from_ms + slice_ms);
            let slice = &asked[left.len()..end];
            let leaves = |map: &SurgeMap, rider: usize, trip: &Trip| {
                let of = |map: &SurgeMap| price(&policy.book, map, trip).total.minor as f64;
                of(map) > of(&flat) * worth[rider]
            };
            let mut so_far = stayed.clone();
            let before = maps.as_ref().map_or(&flat, |maps: &Maps| maps.at(from_ms));
            let first = left.len();
            so_far.extend(slice.iter().enumerate().filter_map(|(rider, request)| {
                (!leaves(before, first + rider, &places.trip(request, day.start))).then_some(*request)
            }));
            let weight = end as f64 / asked.len() as f64;
            let windows = maps.as_ref().map(Maps::windows).unwrap_or_default();
            let outcome = self.replay(policy, (&so_far, &windows), day, seed, (&*pieces, weight))?;
            pieces.end(weight);
            let now = Maps::of(config, &asked[..end], &so_far, &outcome, day, places.graph)?;
            let published = match &mut maps {
                None => maps.insert(now),
                Some(before) => {
                    before.go_on(&now, from_ms);
                    before
                }
            };
            for request in slice {
                let trip = places.trip(request, day.start);
                let leaves = leaves(published.at(request.at_ms), left.len(), &trip);
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
        (requests, windows): (&[Request], &[i64]),
        day: &Day,
        seed: u64,
        (pieces, weight): (&Pieces<'_, '_>, f64),
    ) -> Result<Outcome, ReplayError> {
        let run = Run {
            requests,
            fleet: &day.fleet,
            cars: &day.cars,
            seats: policy.seats,
            batch_ms: policy.batch_ms,
            windows,
            max_wait_ms: policy.max_wait_ms,
            boarding_ms: policy.boarding_ms,
            max_delay_ms: policy.max_delay_ms,
            noise: 0.0,
            noise_seed: seed,
            policy: policy.policy(),
        };
        let last_ms = requests.last().map_or(0, |r| r.at_ms).max(1) as f64;
        self.replay.run_shifts(&run, &day.shifts, |at_ms| pieces.at(weight, at_ms as f64 / last_ms))
    }
}

/// Whether two policies can be compared, and priced here.
///
/// # Errors
/// [`BacktestError::Currencies`], [`BacktestError::Tolls`].
pub fn comparable(policies: [&TrialPolicy; 2]) -> Result<(), BacktestError> {
    let [first, second] = policies;
    let code = |policy: &TrialPolicy| policy.book.currency().code().to_owned();
    if code(first) != code(second) {
        let (first, one) = (first.name.clone(), code(first));
        return Err(BacktestError::Currencies { first, one, second: second.name.clone(), two: code(second) });
    }
    match policies.iter().find(|p| !p.book.tariff().tolls.is_empty()) {
        Some(tolled) => Err(BacktestError::Tolls { policy: tolled.name.clone() }),
        None => Ok(()),
    }
}

fn slice_ms(asked: &[Request]) -> i64 {
    (asked.last().map_or(0, |r| r.at_ms) / SLICES + 1).max(SLICE_MS)
}

/// How many slices riders decide in, about.
fn slices(asked: &[Request]) -> i64 {
    let (first, last) = (asked.first().map_or(0, |r| r.at_ms), asked.last().map_or(0, |r| r.at_ms));
    (last - first) / slice_ms(asked) + 1
}
