//! What supply refuses, and why.

use super::{DriverIx, DriverState};

/// A request that supply did not carry out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SupplyError {
    /// The index was never given out by this supply.
    #[error("driver index {driver} is not known here; intern the driver's id first")]
    Unknown {
        /// The index asked for.
        driver: DriverIx,
    },
    /// The state changed in between; read it again and decide anew.
    #[error("driver {driver} is {} and not {}", found.as_str(), expected.as_str())]
    StateChanged {
        /// The driver.
        driver: DriverIx,
        /// The state the caller believed in.
        expected: DriverState,
        /// The state that stands.
        found: DriverState,
    },
    /// A setting lies outside its range.
    #[error("supply setting {field} is {value}; it must be {range}")]
    Setting {
        /// The setting's name.
        field: &'static str,
        /// What was given.
        value: i64,
        /// What is allowed.
        range: &'static str,
    },
}
