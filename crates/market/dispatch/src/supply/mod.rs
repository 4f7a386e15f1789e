//! Moving supply: who is where, in which state, and who is nearest.
//!
//! One [`Supply`] holds the drivers of one city. It is pure in the sense of this crate: it reads no
//! clock and does no I/O; the caller passes `now`.
//!
//! How it is built, from the outside in:
//!
//! - [`Supply`] is one `RwLock` around a roster, and another around the table of driver ids. A report
//!   holds the lock for about a hundred nanoseconds, so 20,000 reports a second keep it busy for 0.2 %
//!   of the time; in exchange every query sees one moment of the whole city, never a driver twice or
//!   not at all because they were crossing a border. Cities are separate supplies and share nothing.
//! - A *roster* record of one cache line per driver, addressed by a dense index.
//! - A *grid* that finds the nearest: square-ish cells of about 180 m in blocks of 8 × 8. Its rows are
//!   bands of latitude and its columns widen by powers of two towards the poles, so a cell costs two
//!   shifts to compute, where an H3 cell costs an icosahedron projection (`bench/supply` prints both).
//! - An *H3 tally*: every driver's H3 cell and the counts per cell, which demand, prices and people
//!   speak in. A driver who stays clear of the border of their cell needs no new projection.
//! - A *heartbeat wheel* that finds those who went silent without looking at the others.

mod bucket;
mod cells;
mod error;
mod fixed;
mod grid;
mod heartbeat;
mod ids;
mod near;
mod roster;
mod service;
mod sphere;
mod state;
#[cfg(test)]
mod tests;

pub use cells::CellSupply;
pub use error::SupplyError;
pub use near::{Near, NearByRoad};
pub use roster::{Driver, Expired, Report, Reported};
pub use service::{Supply, SupplyConfig};
pub use state::{DriverState, Filter, StateCounts, StateSet};

/// A driver's index inside one [`Supply`]: dense from 0, in the order of first mention, never reused.
pub type DriverIx = u32;
