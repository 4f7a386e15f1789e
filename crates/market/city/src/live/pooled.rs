//! Settings of a live city whose cars take several riders.

use doorstep_orders::SharePromise;
use doorstep_pooling::fleet::PooledPolicy;
use serde::{Deserialize, Serialize};

use crate::live::config::ms;
use crate::live::error::LiveError;

/// A plan of more stops than this is not made: the store has places for as many orders.
const MOST_STOPS: usize = 16;

/// How rides are shared. Seconds are city seconds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PooledConfig {
    /// Seats of a car that riders share at most; a smaller car has fewer.
    pub seats: u8,
    /// How much later than by a direct trip at once a rider who shares may arrive.
    pub max_delay_s: f64,
    /// How long getting in takes.
    pub boarding_s: f64,
    /// Part of the time to a stop that is kept in reserve: with 0.1, promises hold when every road takes a tenth
    /// longer than thought.
    pub reserve: f64,
}

impl Default for PooledConfig {
    fn default() -> Self {
        Self { seats: 4, max_delay_s: 600.0, boarding_s: 15.0, reserve: 0.1 }
    }
}

impl PooledConfig {
    /// Refuses what cannot be, naming the field.
    pub(crate) fn check(&self) -> Result<(), LiveError> {
        let rules = [
            ("pooled.seats", f64::from(self.seats), 1.0, 60.0),
            ("pooled.max_delay_s", self.max_delay_s, 1.0, 86_400.0),
            ("pooled.boarding_s", self.boarding_s, 0.0, 3_600.0),
            ("pooled.reserve", self.reserve, 0.0, 1.0),
        ];
        for (field, value, least, most) in rules {
            if !(least..=most).contains(&value) {
                return Err(LiveError::Config { field, value, least, most });
            }
        }
        Ok(())
    }

    /// What a rider who shares is promised in a city with this longest wait.
    pub(crate) fn promise(&self, max_wait_s: f64) -> SharePromise {
        let whole = |seconds| u32::try_from(ms(seconds)).unwrap_or(u32::MAX);
        SharePromise { max_wait_ms: whole(max_wait_s), max_delay_ms: whole(self.max_delay_s) }
    }

    /// How plans are made.
    pub(crate) fn policy(&self) -> PooledPolicy {
        PooledPolicy { reserve: self.reserve, most_stops: MOST_STOPS, ..PooledPolicy::default() }
    }
}
