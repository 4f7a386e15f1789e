//! Who gains from surge: a changeable evening against the best fare that is the same all evening.

use serde::Serialize;

use super::{Play, Stage};
use crate::simulate::{Burst, Demand, People, Policy, SimulateError, Totals};

/// Rides per hour of the recorded Fridays of green taxis from 16:00 to 24:00, over that of 16:00.
const EVENING: [f64; 9] = [1.0, 1.037, 1.125, 1.201, 1.267, 1.081, 1.092, 1.029, 0.95];
const MINUTES: u32 = 480;
const WARM_UP: u32 = 60;
/// Fares as a multiple of the usual that are tried.
const LEVELS: [f64; 7] = [0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.35];
/// How much demand swings besides, as a share.
const SWING: f64 = 0.15;
/// Student's t for 95 % at 1 to 9 degrees of freedom.
const T95: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

/// One seed's pair, as shares of the gross revenue under the uniform fare.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WelfareRow {
    /// Seed.
    pub seed: u64,
    /// All together.
    pub total: f64,
    /// Riders.
    pub riders: f64,
    /// Drivers.
    pub drivers: f64,
    /// The platform.
    pub platform: f64,
}

/// The comparison.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WelfareReport {
    /// The uniform fare with the highest welfare, as a multiple of the usual.
    pub uniform_level: f64,
    /// The base fare under surge with the highest welfare.
    pub surge_level: f64,
    /// The mean over seeds.
    pub mean: WelfareRow,
    /// Half of the 95 % confidence interval of `mean`, from pairs.
    pub half_width: WelfareRow,
    /// Each seed.
    pub rows: Vec<WelfareRow>,
    /// Totals of the first seed with the uniform fare.
    pub uniform: Totals,
    /// Totals of the first seed with surge.
    pub surge: Totals,
    /// Welfare at each uniform fare that was tried, as a share of the best's gross revenue.
    pub uniform_tried: Vec<(f64, f64)>,
    /// The same under surge.
    pub surge_tried: Vec<(f64, f64)>,
}

impl Stage {
    /// Plays an evening of eight hours with drivers who choose their hours. The levels are chosen on a seed that
    /// is not judged; then `seeds` evenings are played with both.
    ///
    /// # Errors
    /// As [`Stage::new`].
    pub fn welfare(&self, seeds: u64, mut progress: impl FnMut()) -> Result<WelfareReport, SimulateError> {
        let stage = Self { people: People { choose_hours: true, ..self.people.clone() }, ..self.clone() };
        let mut evening = |policy: Policy, level: f64, seed: u64| {
            let demand = stage.evening(seed);
            // A platform with a uniform fare would not let cars chase geese: both send only cars that are near.
            let max_pickup_s = Some(2.0 * stage.surge.target_pickup_s);
            let play =
                Play { level, max_pickup_s, warm_up_minutes: WARM_UP, ..Play::of(&demand, policy, MINUTES, seed) };
            let totals = stage.play(&play).map(|tracked| tracked.totals);
            progress();
            totals
        };
        // Far from the seeds that are judged.
        let rehearsal = self.seed.wrapping_add(1_000_003);
        let mut tried = |policy: &Policy| -> Result<Vec<(f64, Totals)>, SimulateError> {
            LEVELS.iter().map(|level| Ok((*level, evening(policy.clone(), *level, rehearsal)?))).collect()
        };
        let (flat, surging) = (tried(&Policy::Flat)?, tried(&Policy::SURGE)?);
        let (uniform_level, best) = best(&flat);
        let (surge_level, _) = self::best(&surging);
        let shares = |tried: &[(f64, Totals)]| tried.iter().map(|(l, t)| (*l, t.welfare() / best.gross)).collect();

        let (mut rows, mut first) = (Vec::new(), None);
        for seed in self.seed..self.seed + seeds.max(1) {
            let uniform = evening(Policy::Flat, uniform_level, seed)?;
            let surge = evening(Policy::SURGE, surge_level, seed)?;
            let share = |of: fn(&Totals) -> f64| (of(&surge) - of(&uniform)) / uniform.gross.max(1.0);
            rows.push(WelfareRow {
                seed,
                total: share(Totals::welfare),
                riders: share(|t| t.riders),
                drivers: share(|t| t.drivers),
                platform: share(|t| t.platform),
            });
            first.get_or_insert((uniform, surge));
        }
        let (uniform, surge) = first.unwrap_or_default();
        let (mean, half_width) = summed(&rows, self.seed);
        let (uniform_tried, surge_tried) = (shares(&flat), shares(&surging));
        Ok(WelfareReport {
            uniform_level,
            surge_level,
            mean,
            half_width,
            rows,
            uniform,
            surge,
            uniform_tried,
            surge_tried,
        })
    }

    /// A Friday evening with two places where something ends, at seeded moments.
    fn evening(&self, seed: u64) -> Demand {
        let curve = EVENING.iter().enumerate().map(|(hour, m)| (hour as f64 * 3_600.0, *m)).collect();
        let bursts = [(7 * 3_600, 11), (21 * 900, 71)].map(|(from_s, step)| {
            let journey = self.town.journeys
                [(seed as usize).wrapping_mul(step).wrapping_add(step * 97) % self.town.journeys.len()];
            let from_s = f64::from(from_s) - 1_800.0 * (seed % 7) as f64;
            let place = self.town.point(journey.from);
            Burst { from_s, to_s: from_s + 1_800.0, place, per_min: 0.12 * self.town.per_min }
        });
        Demand { curve, bursts: bursts.to_vec(), swing: SWING }
    }
}

fn best(tried: &[(f64, Totals)]) -> (f64, Totals) {
    let top = tried.iter().max_by(|a, b| a.1.welfare().total_cmp(&b.1.welfare()));
    top.copied().unwrap_or((1.0, Totals::default()))
}

/// Mean and half the confidence interval.
fn summed(rows: &[WelfareRow], seed: u64) -> (WelfareRow, WelfareRow) {
    let n = rows.len().max(1) as f64;
    let of = |figure: fn(&WelfareRow) -> f64| {
        let mean = rows.iter().map(figure).sum::<f64>() / n;
        let variance = rows.iter().map(|r| (figure(r) - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        let t = T95.get(rows.len().wrapping_sub(2)).copied().unwrap_or(1.96);
        (mean, t * (variance / n).sqrt())
    };
    let (total, riders, drivers, platform) = (of(|r| r.total), of(|r| r.riders), of(|r| r.drivers), of(|r| r.platform));
    (
        WelfareRow { seed, total: total.0, riders: riders.0, drivers: drivers.0, platform: platform.0 },
        WelfareRow { seed, total: total.1, riders: riders.1, drivers: drivers.1, platform: platform.1 },
    )
}
