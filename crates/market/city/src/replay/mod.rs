//! A recorded period through the city's own engine, at full speed and byte for byte the same each time.
//!
//! Requests are made known as their time comes, every batch is decided by
//! [`doorstep_dispatch::decide`] from the past alone, cars drive exactly on fastest roads, and the trace
//! says enough for a stranger to check every promise. Nothing here reads the wall clock but the stopwatch
//! of the report.

mod engine;
mod error;
mod motion;
mod report;
mod service;
mod shared;
mod shifts;
mod table;
#[cfg(test)]
mod tests;
mod trace;
mod trips;
mod van;

pub(crate) use engine::{Event, USUAL_CAR, WINDOW_STEP_MS};
pub use engine::{Fate, Outcome, Policy, Request, Run};
pub use error::ReplayError;
pub use report::Summary;
pub use service::Replay;
pub use shifts::Shift;
pub use trace::{lines, write_trace};
pub use trips::{LeftOut, MAX_SNAP_M, Period, read_cars, read_requests, read_taxis, sample_fleet};
pub(crate) use trips::{Recorded, Spread, Stand, corner, period_of, recorded_file, recorded_requests, recorded_stands};
