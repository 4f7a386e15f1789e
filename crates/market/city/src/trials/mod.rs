//! Backtests that are asked for and done beside the city: a bounded queue in the store, one at a time, results kept.
//!
//! What is asked for is written down with its whole input before it is acknowledged, so a process that dies in the
//! middle loses time and nothing else: the next one claims the work when the lease on it has run out.

mod config;
mod error;
mod metrics;
mod records;
mod request;
mod service;
#[cfg(test)]
mod tests;
mod worker;

pub use config::TrialsConfig;
pub use error::TrialsError;
pub use metrics::METRICS;
pub use records::{MIGRATIONS, TrialFile, TrialRecord, TrialState};
pub use request::{NewTrial, PolicySource, Prepared, TrialInput};
pub use service::Trials;
