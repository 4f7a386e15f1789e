//! The knobs of [`decide`](super::decide) as plain data, with the defaults that the bench chose.

use serde::{Deserialize, Serialize};

/// One rider per car at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoloPolicy {
    /// An accepted rider's car may change before the pickup.
    pub rematch: bool,
    /// Cars whose trip ends within this time can be promised on, milliseconds.
    pub chain_ms: i64,
    /// What a second of empty driving costs, in seconds of a rider's wait.
    pub drive_weight: f64,
    /// What changing an accepted rider's car must save at least, milliseconds.
    pub switch_ms: i64,
    /// Longest empty drive to a rider, milliseconds, before age.
    pub reach_ms: i64,
    /// How many milliseconds of empty drive each second of age adds.
    pub reach_per_age: f64,
    /// age
    pub age_weight: f64,
    /// Price of an extra second of wait grows with the wait itself: wait + wait²/(2·this), seconds; 0 = off
    pub convex_s: f64,
    /// cost of staying unassigned
    pub stay_out_ms: i64,
    /// trip price
    pub trip_weight: f64,
    /// Sending idle cars towards expected requests; `None` leaves them where they are.
    pub rebalance: Option<Rebalance>,
    /// greedy
    pub greedy: bool,
}

/// How idle cars are spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rebalance {
    /// How far back requests count, milliseconds.
    pub recent_ms: i64,
    /// How far ahead requests are expected, milliseconds.
    pub ahead_ms: i64,
    /// scale of expected requests
    pub scale: f64,
    /// Longest move
    pub reach_ms: i64,
    /// no move for less than this
    pub least_ms: i64,
    /// weight
    pub drive_weight: f64,
    /// k
    pub k: usize,
    /// x
    pub per_free: f64,
}

impl Default for SoloPolicy {
    fn default() -> Self {
        Self {
            rematch: true,
            chain_ms: 150_000,
            drive_weight: 0.0,
            switch_ms: 0,
            reach_ms: 600_000,
            reach_per_age: 0.0,
            age_weight: 0.0,
            convex_s: 0.0,
            stay_out_ms: 1_000_000,
            trip_weight: 0.0,
            rebalance: Some(Rebalance::default()),
            greedy: false,
        }
    }
}

impl Default for Rebalance {
    fn default() -> Self {
        Self {
            recent_ms: 900_000,
            ahead_ms: 180_000,
            scale: 1.0,
            reach_ms: 600_000,
            least_ms: 0,
            drive_weight: 0.6,
            per_free: 1.0,
            k: 24,
        }
    }
}

impl SoloPolicy {
    /// The same assignment without second thoughts: a promised car stays, only idle cars are candidates, and
    /// nobody is sent anywhere in advance. A yardstick.
    pub fn plain() -> Self {
        Self { rematch: false, chain_ms: 0, rebalance: None, ..Self::default() }
    }

    /// First come, first served, by the nearest idle car. A yardstick.
    pub fn greedy() -> Self {
        Self { greedy: true, ..Self::plain() }
    }
}
