//! The knobs of the decision for shared rides.

use serde::{Deserialize, Serialize};

/// How shared rides are planned. Weights are relative to one second of one rider's delay.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PooledPolicy {
    /// Price of a second of driving.
    pub drive_weight: f64,
    /// Price of a second that the place where a plan ends is away from demand.
    pub end_weight: f64,
    /// Price of leaving a rider out, in seconds; it is what a ride may cost the others at most.
    pub left_out_s: f64,
    /// Added to it for each second of the direct trip: above zero, long trips are refused less often.
    pub left_out_per_direct: f64,
    /// Added to it for each second that the rider has waited already.
    pub left_out_per_age: f64,
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

impl Default for PooledPolicy {
    fn default() -> Self {
        Self {
            drive_weight: 1.0,
            end_weight: 0.0,
            left_out_s: 1200.0,
            left_out_per_direct: 0.0,
            left_out_per_age: 0.0,
            work: 200_000,
            ruin: 8,
            heat_s: 30.0,
            most_stops: 24,
            candidates: 400,
            seed: 1,
        }
    }
}
