//! Time, seeded randomness and deadlines: the only door to the wall clock and the RNG.
//!
//! Everything above asks a [`Clock`] for the time and an [`Environment`] for randomness, so a
//! decision is a function of its inputs. A replay hands in a [`ManualClock`] and a seed; a live
//! city hands in the [`SystemClock`] or, for a demonstration, a [`ScaledClock`] over it.

mod clock;
mod deadline;
mod entropy;
mod environment;
mod error;
mod rng;
mod scaled;
mod timestamp;

pub use clock::{Clock, ManualClock, SharedClock, SystemClock};
pub use deadline::{Deadline, monotonic};
pub use entropy::entropy;
pub use environment::Environment;
pub use error::ClockError;
pub use rng::SeededRng;
pub use scaled::{SPEED_MAX, SPEED_MIN, ScaledClock};
pub use timestamp::Timestamp;
