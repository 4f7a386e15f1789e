//! Road graphs, shortest paths and travel-time tables.
//!
//! A [`RoadGraph`] is imported once ([`import`]) and kept in a [`CityFile`]. [`TravelMatrix`] answers every
//! pair of corners of a city of a few thousand corners. Driving times are whole milliseconds, rounded once per
//! arc at import, so a path's time is the exact sum of its arcs and any two methods agree to the millisecond.

mod city_file;
mod error;
mod graph;
pub mod import;
mod snap;
mod times;
mod week;

pub use city_file::{CityFile, TripRecord};
pub use error::{CityFileError, ImportError, SnapError, WeekError};
pub use graph::{ArcIx, ArcRow, Dropped, NodeIx, RoadClass, RoadGraph};
pub use snap::{Snap, Snapper};
pub use times::{dijkstra_to, TravelMatrix, TravelTimes, UNREACHABLE};
pub use week::{hour_of_week, WeightProfile, HOURS_OF_WEEK};
