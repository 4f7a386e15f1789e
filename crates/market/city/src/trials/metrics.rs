//! Names of the numbers about backtests.

/// Counter, label `state`.
const ENDED: &str = "doorstep_backtests_ended_total";
/// Histogram, seconds.
const SECONDS: &str = "doorstep_backtest_seconds";
/// Gauge.
const RUNNING: &str = "doorstep_backtests_running";

/// Every metric of backtests with its meaning.
pub const METRICS: &[(&str, &str)] = &[
    (ENDED, "Backtests that ended, by how"),
    (SECONDS, "Time that a backtest took here"),
    (RUNNING, "Backtests that run in this process"),
];

pub(super) fn started() {
    metrics::gauge!(RUNNING).increment(1.0);
}

pub(super) fn ended(state: &'static str, seconds: f64) {
    metrics::gauge!(RUNNING).decrement(1.0);
    metrics::counter!(ENDED, "state" => state).increment(1);
    metrics::histogram!(SECONDS).record(seconds);
}
