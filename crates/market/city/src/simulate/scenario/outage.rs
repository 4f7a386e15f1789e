//! New Year's Eve: surge is out of order for 26 minutes while everybody wants to go home.

use serde::Serialize;

use super::{Play, Stage};
use crate::simulate::{Demand, Minute, People, Policy, SimulateError};

/// When it is out of order, minutes: 26 of them as in the real one.
const OUT: (usize, usize) = (84, 110);
const LENGTH: u32 = 200;
/// Pickup times shown before the outage are those of so many minutes.
const BEFORE: usize = 20;

/// The night with and without the outage.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OutageReport {
    /// From which minute to which surge was out of order.
    pub out: (usize, usize),
    /// Demand at the height of the night, as a multiple of the recorded one.
    pub height: f64,
    /// Mean pickup time shown in the 20 minutes before, seconds.
    pub eta_before_s: f64,
    /// The same in the last 5 minutes of the outage.
    pub eta_end_s: f64,
    /// The longest minute's mean within the outage and ten minutes after it.
    pub eta_worst_s: f64,
    /// The longest minute's mean in the same minutes of the night without the outage.
    pub eta_worst_with_surge_s: f64,
    /// Minutes after the outage until the pickup time is within a quarter of that before; none if never.
    pub recovered_after_min: Option<usize>,
    /// Mean multiplier in the 20 minutes before.
    pub multiplier_before: f64,
    /// Of those who ordered during the outage, how many got a car.
    pub served_share: f64,
    /// The same in the night without the outage.
    pub served_share_with_surge: f64,
    /// The night with the outage, minute by minute.
    pub outage: Vec<Minute>,
    /// The night without.
    pub surge: Vec<Minute>,
}

impl Stage {
    /// Plays the night twice, with the same people: demand climbs to `height` times the recorded one.
    ///
    /// # Errors
    /// As [`Stage::new`].
    pub fn outage(&self, height: f64, mut progress: impl FnMut()) -> Result<OutageReport, SimulateError> {
        let stage = Self { people: People { choose_hours: true, ..self.people.clone() }, ..self.clone() };
        let minute = |m: f64| m * 60.0;
        let curve = vec![(minute(30.0), 1.0), (minute(55.0), height), (minute(140.0), height), (minute(160.0), 1.0)];
        let demand = Demand { curve, bursts: Vec::new(), swing: 0.0 };
        let mut night = |outages: Vec<(f64, f64)>| {
            let tracked = stage.play(&Play::of(&demand, Policy::Surge { outages }, LENGTH, self.seed));
            progress();
            tracked
        };
        let surge = night(Vec::new())?;
        let outage = night(vec![(minute(OUT.0 as f64), minute(OUT.1 as f64))])?;
        let eta = |m: &Minute| m.eta_s;
        let worst = |minutes: &[Minute]| minutes[OUT.0..OUT.1 + 10].iter().map(eta).fold(0.0, f64::max);
        let served = |minutes: &[Minute]| {
            let of =
                |figure: fn(&Minute) -> u32| minutes[OUT.0..OUT.1].iter().map(|m| f64::from(figure(m))).sum::<f64>();
            of(|m| m.served) / of(|m| m.ordered).max(1.0)
        };
        let before = outage.mean(OUT.0 - BEFORE, OUT.0, eta);
        Ok(OutageReport {
            out: OUT,
            height,
            eta_before_s: before,
            eta_end_s: outage.mean(OUT.1 - 5, OUT.1, eta),
            eta_worst_s: worst(&outage.minutes),
            eta_worst_with_surge_s: worst(&surge.minutes),
            recovered_after_min: outage.minutes[OUT.1..].iter().position(|m| m.eta_s <= 1.25 * before),
            multiplier_before: outage.mean(OUT.0 - BEFORE, OUT.0, |m| m.multiplier),
            served_share: served(&outage.minutes),
            served_share_with_surge: served(&surge.minutes),
            outage: outage.minutes,
            surge: surge.minutes,
        })
    }
}
