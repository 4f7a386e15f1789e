//! The wild goose chase of Castillo, Knoepfle and Weyl: demand rises, the number of cars does not.

use serde::Serialize;

use super::{Play, Stage, per_hour};
use crate::simulate::{Demand, People, Policy, SimulateError, Tracked};

const MINUTES: u32 = 150;
const WARM_UP: u32 = 60;

/// What one policy makes of one demand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Side {
    /// Rides per hour.
    pub rides_per_hour: f64,
    /// Served of those who ordered.
    pub served_share: f64,
    /// Mean pickup time of those served, seconds.
    pub pickup_s: f64,
    /// Free cars.
    pub idle: f64,
    /// Mean multiplier shown.
    pub multiplier: f64,
}

/// One demand.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct WgcRow {
    /// Demand as a multiple of the recorded one.
    pub demand: f64,
    /// Riders per minute who would ride at the usual fare and pickup time.
    pub riders_per_min: f64,
    /// Flat fare, cars sent from anywhere.
    pub flat: Side,
    /// Surge, cars sent from anywhere.
    pub surge: Side,
    /// Flat fare, cars sent from no farther than twice the target: the second remedy.
    pub radius: Side,
}

/// The curve.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WgcReport {
    /// One row for each demand, ascending.
    pub rows: Vec<WgcRow>,
    /// Rides per hour at the highest demand, as a share of the best: flat fare.
    pub flat_kept: f64,
    /// The same with surge.
    pub surge_kept: f64,
    /// The same with a flat fare and a limit on the pickup.
    pub radius_kept: f64,
    /// The largest fall of rides per hour from one row to the next, as a share: flat fare.
    pub flat_worst_step: f64,
    /// The same with surge; 0 when it never falls.
    pub surge_worst_step: f64,
    /// The limit on the pickup, seconds.
    pub radius_s: f64,
}

impl Stage {
    /// Plays each demand with a flat fare, with surge, and with a flat fare and a limit on the pickup; drivers do
    /// not choose their hours here.
    ///
    /// # Errors
    /// As [`Stage::new`].
    pub fn wgc(&self, demands: &[f64], mut progress: impl FnMut()) -> Result<WgcReport, SimulateError> {
        let fixed = Self { people: People { choose_hours: false, ..self.people.clone() }, ..self.clone() };
        let radius_s = 2.0 * self.surge.target_pickup_s;
        let mut rows = Vec::with_capacity(demands.len());
        for &multiple in demands {
            let demand = Demand::steady(multiple);
            let mut side = |policy: Policy, max_pickup_s| {
                let play =
                    Play { max_pickup_s, warm_up_minutes: WARM_UP, ..Play::of(&demand, policy, MINUTES, self.seed) };
                let tracked = fixed.play(&play)?;
                progress();
                Ok::<Side, SimulateError>(side_of(&tracked))
            };
            rows.push(WgcRow {
                demand: multiple,
                riders_per_min: multiple * self.town.recorded_per_min(),
                flat: side(Policy::Flat, None)?,
                surge: side(Policy::SURGE, None)?,
                radius: side(Policy::Flat, Some(radius_s))?,
            });
        }
        let rides = |of: fn(&WgcRow) -> Side| -> Vec<f64> { rows.iter().map(|r| of(r).rides_per_hour).collect() };
        let (flat, surge, radius) = (rides(|r| r.flat), rides(|r| r.surge), rides(|r| r.radius));
        Ok(WgcReport {
            flat_kept: kept(&flat),
            surge_kept: kept(&surge),
            radius_kept: kept(&radius),
            flat_worst_step: worst_step(&flat),
            surge_worst_step: worst_step(&surge),
            rows,
            radius_s,
        })
    }
}

fn side_of(tracked: &Tracked) -> Side {
    let totals = &tracked.totals;
    let mean = |figure: fn(&crate::simulate::Minute) -> f64| tracked.mean(WARM_UP as usize, MINUTES as usize, figure);
    Side {
        rides_per_hour: per_hour(totals, MINUTES - WARM_UP),
        served_share: totals.served as f64 / (totals.ordered as f64).max(1.0),
        pickup_s: totals.mean_pickup_s(),
        idle: mean(|m| f64::from(m.idle)),
        multiplier: mean(|m| m.multiplier),
    }
}

fn kept(rides: &[f64]) -> f64 {
    let best = rides.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
    rides.last().map_or(1.0, |last| last / best)
}

fn worst_step(rides: &[f64]) -> f64 {
    rides.windows(2).map(|w| (1.0 - w[1] / w[0].max(f64::MIN_POSITIVE)).max(0.0)).fold(0.0, f64::max)
}
