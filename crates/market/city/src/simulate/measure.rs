//! What a run is judged by.

use serde::Serialize;

/// One minute of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Minute {
    /// Who thought of riding and looked at the price.
    pub looked: u32,
    /// Who wanted the ride at that price and pickup time, car or not.
    pub ordered: u32,
    /// Who got a car.
    pub served: u32,
    /// Who found no free car in the whole city.
    pub no_car: u32,
    /// Mean pickup time that was shown, seconds.
    pub eta_s: f64,
    /// Mean multiplier that was shown.
    pub multiplier: f64,
    /// Free cars at the minute's end.
    pub idle: u32,
    /// Cars on the road at the minute's end.
    pub online: u32,
}

/// Sums of a minute while it runs.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    pub(super) minute: Minute,
    pub(super) eta_s: f64,
    pub(super) etas: u32,
    pub(super) multiplier: f64,
}

impl Tally {
    pub(super) fn close(&self, idle: usize, online: usize) -> Minute {
        let mean = |sum: f64, count: u32| if count == 0 { 0.0 } else { sum / f64::from(count) };
        Minute {
            eta_s: mean(self.eta_s, self.etas),
            multiplier: mean(self.multiplier, self.minute.looked),
            // Cars of one city.
            idle: idle as u32,
            online: online as u32,
            ..self.minute
        }
    }
}

/// Sums over the measured part of a run. Money in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Who wanted the ride at its price and pickup time.
    pub ordered: u64,
    /// Who got a car.
    pub served: u64,
    /// What riders paid.
    pub gross: f64,
    /// What rides were worth to riders above price and waiting.
    pub riders: f64,
    /// What drivers earned above their reservation earnings and the cost of driving.
    pub drivers: f64,
    /// What was left to the platform.
    pub platform: f64,
    /// Hours that drivers were on the road.
    pub driver_hours: f64,
    /// What drivers were paid.
    pub pay: f64,
    /// Sum of pickup times, seconds.
    pub pickup_s: f64,
    /// Sum of trip times, seconds.
    pub trip_s: f64,
}

impl Totals {
    /// What all gained together.
    #[must_use]
    pub fn welfare(&self) -> f64 {
        self.riders + self.drivers + self.platform
    }

    /// Drivers' pay in an hour on the road, minor units.
    #[must_use]
    pub fn pay_per_hour(&self) -> f64 {
        self.pay / self.driver_hours.max(1e-9)
    }

    /// Mean pickup time of who was served, seconds.
    #[must_use]
    pub fn mean_pickup_s(&self) -> f64 {
        self.pickup_s / (self.served as f64).max(1.0)
    }
}

/// A run, minute by minute and as a whole.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Tracked {
    /// Every minute from the start.
    pub minutes: Vec<Minute>,
    /// Sums after the warm-up.
    pub totals: Totals,
}

impl Tracked {
    /// The mean of a figure over minutes `from..to`.
    pub(super) fn mean(&self, from: usize, to: usize, figure: impl Fn(&Minute) -> f64) -> f64 {
        let to = to.min(self.minutes.len());
        let part = &self.minutes[from.min(to)..to];
        part.iter().map(figure).sum::<f64>() / part.len().max(1) as f64
    }
}
