//! Time, seeded randomness and deadlines: the only door to the wall clock and the RNG.
//!
//! *Invariant*: no other crate of the product reads the machine's clock or its entropy for a decision; what
//! decides takes a [`Timestamp`], a [`Clock`] or an [`Environment`], so that a replay decides the same.

mod calendar;
mod clock;
mod error;
mod random;
mod timestamp;

pub use calendar::civil;
pub use clock::{
    Clock, Deadline, ManualClock, ScaledClock, SharedClock, SystemClock, charge_process, monotonic, thread_cpu,
};
pub use error::ClockError;
pub use random::{Environment, SeededRng};
pub use timestamp::Timestamp;
