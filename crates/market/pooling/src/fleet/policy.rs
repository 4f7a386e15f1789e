//! The knobs of the decision for shared rides.

use serde::{Deserialize, Serialize};

/// What counts in a plan, against one second of one rider's delay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Weights {
    /// Price of a second of driving.
    pub drive: f64,
    /// Price of a second in the car, beside its part in the delay: above zero, seats come free earlier.
    pub ride: f64,
    /// Price of a second that the place where a plan ends is away from demand.
    pub end: f64,
    /// Price of leaving a rider out, in seconds: what a ride may cost the others at most.
    pub left_out_s: f64,
    /// Added to it for each second of the direct trip: above zero, long trips are refused less often.
    pub left_out_per_direct: f64,
    /// Added to it for each second that the rider has waited already.
    pub left_out_per_age: f64,
}

/// How shared rides are planned.
///
/// What is best depends on how much there is to do: where cars are plenty, riders should come quickly; where
/// they are few, every second that a car drives is missed by somebody else. The weights go evenly from
/// `spare` to `busy` as the load goes from `spare_load` to `busy_load`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PooledPolicy {
    /// Weights where cars are plenty.
    pub spare: Weights,
    /// Weights where they are few.
    pub busy: Weights,
    /// Load (see [`Batch::load`](super::Batch::load)) up to which `spare` holds.
    pub spare_load: f64,
    /// Load from which `busy` holds.
    pub busy_load: f64,
    /// Part of the time to a stop that is kept in reserve: with 0.2, promises hold when every road takes a
    /// fifth longer than thought.
    pub reserve: f64,
    /// Insertions tried in one batch.
    pub work: u64,
    /// Most riders that are taken out and put back at once.
    pub ruin: usize,
    /// Cost, in seconds, by which the search may worsen at its start.
    pub heat_s: f64,
    /// Stops of one plan at most.
    pub most_stops: usize,
    /// Cars looked at for each rider at most.
    pub candidates: usize,
    /// Seed of the search.
    pub seed: u64,
}

impl Weights {
    /// Between these and `other`: 0 is these, 1 is the other.
    pub fn towards(&self, other: &Self, share: f64) -> Self {
        let between = |a: f64, b: f64| a + (b - a) * share.clamp(0.0, 1.0);
        Self {
            drive: between(self.drive, other.drive),
            ride: between(self.ride, other.ride),
            end: between(self.end, other.end),
            left_out_s: between(self.left_out_s, other.left_out_s),
            left_out_per_direct: between(self.left_out_per_direct, other.left_out_per_direct),
            left_out_per_age: between(self.left_out_per_age, other.left_out_per_age),
        }
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self { drive: 0.5, ride: 0.0, end: 0.0, left_out_s: 6000.0, left_out_per_direct: 0.0, left_out_per_age: 1.0 }
    }
}

impl PooledPolicy {
    /// The same policy with long trips refused less often where cars are few: 0 changes nothing, 1 makes the
    /// trips of the refused about as long as those of the served.
    #[must_use]
    pub fn fair(mut self, share: f64) -> Self {
        let fair = Weights { ride: 0.7, left_out_s: 1500.0, left_out_per_direct: 1.0, ..self.busy };
        self.busy = self.busy.towards(&fair, share);
        self
    }

    /// The weights at a load.
    pub fn weights(&self, load: f64) -> Weights {
        let span = (self.busy_load - self.spare_load).max(1e-9);
        self.spare.towards(&self.busy, (load - self.spare_load) / span)
    }
}

impl Default for PooledPolicy {
    fn default() -> Self {
        Self {
            spare: Weights::default(),
            busy: Weights { drive: 1.0, ride: 0.5, end: 2.0, left_out_s: 1250.0, ..Weights::default() },
            spare_load: 0.95,
            busy_load: 1.15,
            reserve: 0.0,
            work: 150_000,
            ruin: 8,
            heat_s: 30.0,
            most_stops: 24,
            candidates: 400,
            seed: 1,
        }
    }
}
