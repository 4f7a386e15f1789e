//! What backtests may cost.

use std::time::Duration;

/// Bounds of the queue and of each backtest.
#[derive(Debug, Clone)]
pub struct TrialsConfig {
    /// Threads of a backtest: the city goes on beside it.
    pub threads: usize,
    /// Backtests of a tenant that wait or run at the same time.
    pub queue: usize,
    /// Backtests of a tenant in a city that are kept; the oldest ended ones make room.
    pub kept: usize,
    /// Most seeds.
    pub seeds: u32,
    /// Most requests of a period.
    pub requests: usize,
    /// Most cars, or shifts of drivers.
    pub cars: usize,
    /// A backtest that takes longer is given up.
    pub longest: Duration,
    /// For how long a claim holds unless it is renewed, wall milliseconds.
    pub lease_ms: i64,
    /// Between two looks at the store while one runs; claims are renewed then.
    pub heartbeat: Duration,
}

impl Default for TrialsConfig {
    fn default() -> Self {
        Self {
            threads: (std::thread::available_parallelism().map_or(1, usize::from) / 2).clamp(1, 4),
            queue: 8,
            kept: 100,
            seeds: 30,
            requests: 100_000,
            cars: 20_000,
            longest: Duration::from_secs(3_600),
            lease_ms: 15_000,
            heartbeat: Duration::from_millis(700),
        }
    }
}
