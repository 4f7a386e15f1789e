//! What riders and drivers want, as numbers.

use serde::Serialize;

use super::SimulateError;

/// The people of a simulation. Money in minor units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct People {
    /// By how much demand falls when price and waiting together cost more.
    pub elasticity: f64,
    /// What an hour of waiting is worth to a rider.
    pub hour_of_wait: f64,
    /// The pickup time at which the recorded demand was made, seconds.
    pub usual_pickup_s: f64,
    /// The least that anybody would pay, as a share of the usual cost of the ride.
    pub least_worth: f64,
    /// The most that a ride is worth to anybody, in usual costs.
    pub most_worth: f64,
    /// Cars at the flat fare and the recorded demand.
    pub cars: usize,
    /// Whether drivers choose their hours; otherwise exactly `cars` drive all the time.
    pub choose_hours: bool,
    /// Drivers who might drive, as a multiple of `cars`.
    pub pool: f64,
    /// How far drivers' reservation earnings lie apart: standard deviation of their logarithm.
    pub reservation_spread: f64,
    /// What a kilometre costs a driver.
    pub cost_per_km: f64,
    /// Time to board, seconds.
    pub boarding_s: f64,
}

impl Default for People {
    fn default() -> Self {
        Self {
            elasticity: 1.2,
            hour_of_wait: 2_400.0,
            usual_pickup_s: 120.0,
            least_worth: 0.5,
            most_worth: 10.0,
            cars: 3_800,
            choose_hours: false,
            pool: 2.0,
            reservation_spread: 0.4,
            cost_per_km: 20.0,
            boarding_s: 30.0,
        }
    }
}

impl People {
    /// Refuses numbers that make no people, naming the first.
    ///
    /// # Errors
    /// [`SimulateError::Setting`].
    pub fn check(&self) -> Result<(), SimulateError> {
        for (name, value, least, most) in [
            ("--elasticity", self.elasticity, 0.2, 5.0),
            ("hour_of_wait", self.hour_of_wait, 0.0, 1e6),
            ("usual_pickup_s", self.usual_pickup_s, 0.0, 3_600.0),
            ("least_worth", self.least_worth, 0.05, 1.0),
            ("most_worth", self.most_worth, 1.0, 1_000.0),
            ("--cars", self.cars as f64, 10.0, 1e5),
            ("pool", self.pool, 1.05, 10.0),
            ("reservation_spread", self.reservation_spread, 0.0, 2.0),
            ("cost_per_km", self.cost_per_km, 0.0, 1e5),
            ("boarding_s", self.boarding_s, 0.0, 3_600.0),
        ] {
            if !(least..=most).contains(&value) {
                return Err(SimulateError::Setting {
                    name,
                    value: value.to_string(),
                    problem: "is out of range",
                    fix: "see the command's help for what it means",
                });
            }
        }
        Ok(())
    }

    /// The share of all who might ride who do so at the usual cost.
    pub(super) fn usual_share(&self) -> f64 {
        self.least_worth.powf(self.elasticity)
    }

    /// What a ride is worth to a rider, in usual costs, for a number drawn evenly from 0 to 1.
    pub(super) fn worth(&self, draw: f64) -> f64 {
        (self.least_worth * (1.0 - draw).max(1e-12).powf(-1.0 / self.elasticity)).min(self.most_worth)
    }
}
