//! Points, distances, bearings, H3 cells and polygons.
//!
//! Degrees are WGS 84, distances metres. A [`Point`] that exists is valid: what comes from outside is
//! checked once, where it is made.

mod bounds;
mod cell;
mod error;
mod point;

pub use bounds::{BoundingBox, Polygon};
pub use cell::Cell;
pub use error::GeoError;
pub use h3o::Resolution;
pub use point::{EARTH_RADIUS_M, Point, bearing_deg, destination, haversine_m, lerp};
