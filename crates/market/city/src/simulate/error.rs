//! What can be wrong with a simulation's input.

use doorstep_pricing::PricingError;

use crate::replay::ReplayError;

/// Why nothing is simulated.
#[derive(Debug, thiserror::Error)]
pub enum SimulateError {
    /// The recorded trips or taxis cannot be used.
    #[error(transparent)]
    Table(#[from] ReplayError),
    /// The tariff or the surge model has mistakes.
    #[error(transparent)]
    Pricing(#[from] PricingError),
    /// A city that holds too little.
    #[error("{0}")]
    City(&'static str),
    /// A setting out of range.
    #[error("{name}: {value} {problem}; {fix}")]
    Setting {
        /// Which one.
        name: &'static str,
        /// What was given.
        value: String,
        /// What is wrong.
        problem: &'static str,
        /// What to give.
        fix: &'static str,
    },
}
