//! Settings of a live city. Seconds are city seconds unless a name says `wall`.

use serde::{Deserialize, Serialize};

use crate::live::error::LiveError;
use crate::live::pooled::PooledConfig;

/// How a city is run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LiveConfig {
    /// Time between two matching decisions.
    pub batch_s: f64,
    /// How long a driver may think about an offer.
    pub offer_s: f64,
    /// No offer ends sooner than after this wall time, however fast the city's clock runs: an answer takes its
    /// way over a real network.
    pub offer_wall_s: f64,
    /// How long a rider is looked for a driver.
    pub max_wait_s: f64,
    /// After this time without a word a driver counts as silent.
    pub heartbeat_s: f64,
    /// A driver is never silent sooner than after this wall time, however fast the city's clock runs.
    pub heartbeat_wall_s: f64,
    /// How long a driver who declined or ignored an order is spared from it.
    pub decline_rest_s: f64,
    /// Drivers with a rider aboard take part in matching when this close to the drop-off: they are offered the next
    /// rider, if no other car is sooner, and go there when the trip is over. 0 switches it off.
    pub look_ahead_s: f64,
    /// Time between two decisions on where idle drivers had best wait. 0 switches it off.
    pub rebalance_s: f64,
    /// Whether riders are charged surge as long as no operator says otherwise.
    pub surge: bool,
    /// Time between two maps of surge. 0 watches nothing: fares are flat.
    pub surge_s: f64,
    /// A car at least this much sooner at the pickup replaces one that is on its way. `None`, the
    /// default, leaves accepted rides alone: the next driver could decline.
    pub better_car_s: Option<f64>,
    /// The farthest car a quote's pickup time looks at, metres as the crow flies.
    pub quote_radius_m: f64,
    /// Cars take several riders; `None`: one at a time.
    pub pooled: Option<PooledConfig>,
    /// How long the ownership of a city outlives a process that died, wall time.
    pub lease_wall_s: f64,
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self {
            batch_s: 5.0,
            offer_s: 15.0,
            offer_wall_s: 1.0,
            max_wait_s: 300.0,
            heartbeat_s: 30.0,
            heartbeat_wall_s: 5.0,
            decline_rest_s: 60.0,
            look_ahead_s: 60.0,
            rebalance_s: 30.0,
            surge: false,
            surge_s: 10.0,
            better_car_s: None,
            quote_radius_m: 10_000.0,
            pooled: None,
            lease_wall_s: 10.0,
        }
    }
}

/// Seconds as milliseconds.
#[allow(clippy::cast_possible_truncation)] // settings are checked to be below a day
pub(crate) fn ms(seconds: f64) -> i64 {
    (seconds * 1_000.0).round() as i64
}

impl LiveConfig {
    /// Refuses what cannot be, naming the field.
    pub fn check(&self) -> Result<(), LiveError> {
        let rules = [
            ("batch_s", self.batch_s, 0.1, 600.0),
            ("offer_s", self.offer_s, 1.0, 3_600.0),
            ("offer_wall_s", self.offer_wall_s, 0.0, 3_600.0),
            ("max_wait_s", self.max_wait_s, 1.0, 86_400.0),
            ("heartbeat_s", self.heartbeat_s, 1.0, 86_400.0),
            ("heartbeat_wall_s", self.heartbeat_wall_s, 0.0, 3_600.0),
            ("decline_rest_s", self.decline_rest_s, 0.0, 86_400.0),
            ("look_ahead_s", self.look_ahead_s, 0.0, 3_600.0),
            ("rebalance_s", self.rebalance_s, 0.0, 3_600.0),
            ("surge_s", self.surge_s, 0.0, 150.0),
            ("better_car_s", self.better_car_s.unwrap_or(60.0), 1.0, 3_600.0),
            ("quote_radius_m", self.quote_radius_m, 1.0, 1_000_000.0),
            ("lease_wall_s", self.lease_wall_s, 0.5, 3_600.0),
        ];
        for (field, value, least, most) in rules {
            if !(least..=most).contains(&value) {
                return Err(LiveError::Config { field, value, least, most });
            }
        }
        self.pooled.as_ref().map_or(Ok(()), PooledConfig::check)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_passes_and_nonsense_names_its_field() {
        assert!(LiveConfig::default().check().is_ok());
        let bad = LiveConfig { batch_s: f64::NAN, ..LiveConfig::default() };
        assert!(matches!(bad.check(), Err(LiveError::Config { field: "batch_s", .. })));
    }
}
