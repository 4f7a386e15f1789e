//! Road graphs, shortest paths and travel-time tables.
//!
//! A road file becomes a [`RoadGraph`] (`import`); its [`Hierarchy`] is made once per city; a [`Metric`] puts
//! the travel times of an hour on it in milliseconds; [`Roads`] answers: how long, which way, which corner.
//! All times are whole milliseconds, rounded once per arc, so that every fastest time is an exact sum.

mod city_file;
mod error;
mod graph;
mod hierarchy;
pub mod import;
mod learn;
mod metric;
mod order;
mod query;
mod roads;
mod snap;
mod sweep;
pub mod tiles;
mod times;
mod week;

pub use city_file::{CityFile, FILE_NAME};
pub use error::{CityFileError, ImportError, SnapError};
pub use graph::{ArcIx, ArcRow, Dropped, NodeIx, RoadClass, RoadGraph};
pub use hierarchy::Hierarchy;
pub use learn::{LearnedWeek, TripTime, learn_week};
pub use metric::Metric;
pub use roads::{Roads, Route, Table};
pub use snap::{Snap, Snapper};
pub use times::{TravelMatrix, TravelTimes, UNREACHABLE, dijkstra_to};
pub use week::{HOURS, ProfileError, RoadsByHour, WeekProfile, hour_of_week};
