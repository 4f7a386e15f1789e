//! A step of demand: the multiplier must go to its new place and stay there.

use serde::Serialize;

use super::{Play, Stage};
use crate::simulate::{Demand, Minute, People, Policy, SimulateError, Tracked};

/// When demand steps up and down again, minutes.
const UP: usize = 80;
const DOWN: usize = 200;
const LENGTH: u32 = 300;

/// What the multiplier does.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StepReport {
    /// Demand after the step, as a multiple of the recorded one.
    pub height: f64,
    /// Mean multiplier of the last hour of the step.
    pub settled: f64,
    /// Mean multiplier in the 30 minutes before the step.
    pub before: f64,
    /// Minutes until the multiplier has gone nine tenths of the way.
    pub rise_min: Option<usize>,
    /// By how much its highest minute was above the settled mean, as a share of the way.
    pub overshoot: f64,
    /// Standard deviation of the multiplier over the settled hour, as a share of its mean.
    pub ripple: f64,
    /// The same of the orders that riders made: what the model has to live with.
    pub ripple_of_orders: f64,
    /// The strongest correlation of the settled multiplier with itself half a swing later, for swings of 6 to 40
    /// minutes, below zero when it swings; an oscillation is near -1.
    pub swing: f64,
    /// Minutes after the end until the multiplier is back within a tenth of the way.
    pub fall_min: Option<usize>,
    /// Mean pickup time shown in the settled hour, seconds.
    pub eta_settled_s: f64,
    /// All minutes.
    pub minutes: Vec<Minute>,
}

impl Stage {
    /// Plays a step to `height` times the recorded demand, two hours long; drivers do not choose their hours.
    ///
    /// # Errors
    /// As [`Stage::new`].
    pub fn step(&self, height: f64) -> Result<StepReport, SimulateError> {
        let fixed = Self { people: People { choose_hours: false, ..self.people.clone() }, ..self.clone() };
        let at = |minute: usize| minute as f64 * 60.0;
        let curve = vec![(at(UP), 1.0), (at(UP) + 1.0, height), (at(DOWN), height), (at(DOWN) + 1.0, 1.0)];
        let demand = Demand { curve, bursts: Vec::new(), swing: 0.0 };
        let tracked = fixed.play(&Play::of(&demand, Policy::SURGE, LENGTH, self.seed))?;
        Ok(report(tracked, height))
    }
}

fn report(tracked: Tracked, height: f64) -> StepReport {
    let multiplier = |m: &Minute| m.multiplier;
    let before = tracked.mean(UP - 30, UP, multiplier);
    let settled = tracked.mean(DOWN - 60, DOWN, multiplier);
    let way = settled - before;
    let part: Vec<f64> = tracked.minutes[DOWN - 60..DOWN].iter().map(multiplier).collect();
    let orders: Vec<f64> = tracked.minutes[DOWN - 60..DOWN].iter().map(|m| f64::from(m.ordered)).collect();
    let highest = tracked.minutes[UP..DOWN].iter().map(multiplier).fold(0.0, f64::max);
    StepReport {
        height,
        settled,
        before,
        rise_min: tracked.minutes[UP..DOWN].iter().position(|m| m.multiplier >= before + 0.9 * way),
        overshoot: (highest - settled) / way.max(1e-9),
        ripple: ripple(&part),
        ripple_of_orders: ripple(&orders),
        swing: (3..=20).map(|lag| correlation(&part, lag)).fold(0.0, f64::min),
        fall_min: tracked.minutes[DOWN..].iter().position(|m| m.multiplier <= before + 0.1 * way),
        eta_settled_s: tracked.mean(DOWN - 60, DOWN, |m| m.eta_s),
        minutes: tracked.minutes,
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn ripple(values: &[f64]) -> f64 {
    let middle = mean(values);
    let variance = values.iter().map(|v| (v - middle).powi(2)).sum::<f64>() / values.len().max(1) as f64;
    variance.sqrt() / middle.max(1e-9)
}

/// The correlation of values with those `lag` places later.
fn correlation(values: &[f64], lag: usize) -> f64 {
    let middle = mean(values);
    let variance: f64 = values.iter().map(|v| (v - middle).powi(2)).sum();
    let product: f64 = values.iter().zip(&values[lag..]).map(|(a, b)| (a - middle) * (b - middle)).sum();
    if variance <= 1e-12 { 0.0 } else { product / variance }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swing_is_seen_and_noise_is_not() {
        let sine: Vec<f64> = (0..60).map(|t| 1.5 + 0.2 * (f64::from(t) / 10.0 * std::f64::consts::TAU).sin()).collect();
        assert!(correlation(&sine, 5) < -0.8);
        assert!((ripple(&sine) - 0.2 / 2.0_f64.sqrt() / 1.5).abs() < 0.01);
        assert_eq!(correlation(&[1.0; 60], 5), 0.0);
    }
}
