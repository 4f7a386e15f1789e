//! Points, distances, bearings, H3 cells and polygons.
//!
//! Angles are degrees, distances metres on a sphere of the Earth's mean radius. A [`Point`] that
//! exists is finite and in range: the check happens once, where it is made.
//!
//! Boxes and polygons that cross the antimeridian are not supported; no city so far does.

mod area;
mod bbox;
mod cell;
mod error;
mod point;
mod sphere;

pub use area::Polygon;
pub use bbox::BoundingBox;
pub use cell::{Cell, Resolution};
pub use error::GeoError;
pub use point::Point;
pub use sphere::{EARTH_RADIUS_M, bearing_deg, destination, haversine_m, lerp};
