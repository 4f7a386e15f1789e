//! The knobs of [`decide`](super::decide) as plain data, with the defaults that `bench/replay` chose.

use serde::{Deserialize, Serialize};

/// Matching with one rider per car at a time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SoloPolicy {
    /// How a batch is solved.
    pub method: Method,
    /// An accepted rider's car may change before the pickup.
    pub rematch: bool,
    /// What a change of an accepted rider's car must save at least, milliseconds of wait: nobody likes to
    /// look out for another car for nothing.
    pub switch_ms: u32,
    /// Cars whose trip ends within this time can be promised on, milliseconds. Promising earlier ties cars
    /// to riders for whom a nearer one may come free.
    pub chain_ms: u32,
    /// What a second of empty driving costs, in seconds of a rider's wait.
    pub drive_weight: f64,
    /// When not all can be served: how much dearer a second of age makes it to leave a rider out, in
    /// seconds of others' wait. At 0 only the short drives count, and who lives far off starves.
    pub age_weight: f64,
    /// Sending idle cars towards expected requests; `None` leaves them where they are.
    pub rebalance: Option<Rebalance>,
}

/// How a batch is solved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// As many riders as possible, and among all such ways the cheapest.
    Optimal,
    /// First come, first served, by the nearest car. A yardstick.
    Greedy,
}

/// How idle cars are spread.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rebalance {
    /// How far back requests count, milliseconds.
    pub recent_ms: u32,
    /// How far ahead requests are expected, milliseconds. Longer: more cars are moved, and drive more.
    pub ahead_ms: u32,
    /// Longest empty drive towards an expected request, milliseconds.
    pub reach_ms: u32,
    /// How much a second counts in which a car still has its passenger, against a second of driving
    /// empty: below 1 cars about to come free near by are waited for rather than others sent.
    pub later_weight: f64,
}

impl Default for SoloPolicy {
    fn default() -> Self {
        Self {
            method: Method::Optimal,
            rematch: true,
            switch_ms: 5_000,
            chain_ms: 120_000,
            drive_weight: 0.0,
            age_weight: 0.25,
            rebalance: Some(Rebalance::default()),
        }
    }
}

impl Default for Rebalance {
    fn default() -> Self {
        Self { recent_ms: 900_000, ahead_ms: 240_000, reach_ms: 600_000, later_weight: 0.6 }
    }
}

impl SoloPolicy {
    /// The same assignment without second thoughts: a promised car stays, only idle cars are candidates,
    /// nobody is sent anywhere in advance. A yardstick.
    pub fn plain() -> Self {
        Self { rematch: false, chain_ms: 0, age_weight: 0.0, rebalance: None, ..Self::default() }
    }

    /// First come, first served, by the nearest idle car. A yardstick.
    pub fn greedy() -> Self {
        Self { method: Method::Greedy, ..Self::plain() }
    }
}
