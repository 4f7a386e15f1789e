//! Boxes and polygons: whether a place lies inside.

use serde::{Deserialize, Serialize};

use crate::point::EARTH_RADIUS_M;
use crate::{GeoError, Point};

/// A box of latitudes and longitudes in degrees, borders included. It does not cross the antimeridian.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoundingBox {
    /// Least latitude.
    pub south: f64,
    /// Least longitude.
    pub west: f64,
    /// Greatest latitude.
    pub north: f64,
    /// Greatest longitude.
    pub east: f64,
}

impl BoundingBox {
    /// The smallest box around `points`; `None` when there are none.
    #[must_use]
    pub fn of(points: impl IntoIterator<Item = Point>) -> Option<Self> {
        points.into_iter().fold(None, |bounds, p| {
            let b = bounds.unwrap_or(Self { south: p.lat(), west: p.lon(), north: p.lat(), east: p.lon() });
            Some(Self {
                south: b.south.min(p.lat()),
                west: b.west.min(p.lon()),
                north: b.north.max(p.lat()),
                east: b.east.max(p.lon()),
            })
        })
    }

    /// Whether `p` lies inside.
    #[must_use]
    pub fn contains(&self, p: Point) -> bool {
        self.holds(p.lat(), p.lon())
    }

    fn holds(&self, lat: f64, lon: f64) -> bool {
        (self.south..=self.north).contains(&lat) && (self.west..=self.east).contains(&lon)
    }

    /// The box grown by `metres` on every side.
    #[must_use]
    pub fn expanded(&self, metres: f64) -> Self {
        let lat = (metres / EARTH_RADIUS_M).to_degrees();
        let widest = self.south.abs().max(self.north.abs()).min(89.0);
        let lon = lat / widest.to_radians().cos();
        Self {
            south: (self.south - lat).max(-90.0),
            west: (self.west - lon).max(-180.0),
            north: (self.north + lat).min(90.0),
            east: (self.east + lon).min(180.0),
        }
    }

    /// The middle.
    #[must_use]
    pub fn center(&self) -> Point {
        let lat = f64::midpoint(self.south, self.north).clamp(-90.0, 90.0);
        let lon = f64::midpoint(self.west, self.east).clamp(-180.0, 180.0);
        Point::new(lat, lon).expect("the middle of a box on the globe lies on the globe")
    }

    /// Refuses a point outside.
    ///
    /// # Errors
    /// [`GeoError::OutsideArea`], which says when the point would fit with its two numbers swapped.
    pub fn check(&self, p: Point) -> Result<(), GeoError> {
        if self.contains(p) {
            return Ok(());
        }
        Err(GeoError::OutsideArea { lat: p.lat(), lon: p.lon(), maybe_swapped: self.holds(p.lon(), p.lat()) })
    }
}

/// An area with holes. The first ring is the border, further ones are holes.
#[derive(Clone, Debug, PartialEq)]
pub struct Polygon {
    rings: Vec<Vec<Point>>,
    bounds: BoundingBox,
}

impl Polygon {
    /// From the coordinates of a GeoJSON polygon (RFC 7946, section 3.1.6): rings of `[lon, lat]`.
    ///
    /// # Errors
    /// A point off the globe, or [`GeoError::BrokenRing`].
    pub fn from_geojson(rings: &[Vec<[f64; 2]>]) -> Result<Self, GeoError> {
        let mut read = Vec::with_capacity(rings.len());
        for (ring, points) in rings.iter().enumerate() {
            if points.len() < 4 || points.first() != points.last() {
                return Err(GeoError::BrokenRing { ring, points: points.len() });
            }
            read.push(points.iter().map(|[lon, lat]| Point::new(*lat, *lon)).collect::<Result<Vec<_>, _>>()?);
        }
        let bounds =
            BoundingBox::of(read.iter().flatten().copied()).ok_or(GeoError::BrokenRing { ring: 0, points: 0 })?;
        Ok(Self { rings: read, bounds })
    }

    /// Whether `p` lies inside the border and in no hole (even-odd rule).
    #[must_use]
    pub fn contains(&self, p: Point) -> bool {
        self.bounds.contains(p) && self.rings.iter().filter(|ring| crosses_odd(ring, p)).count() % 2 == 1
    }

    /// The smallest box around it.
    #[must_use]
    pub const fn bounds(&self) -> BoundingBox {
        self.bounds
    }
}

/// Whether a ray from `p` to the east crosses the ring an odd number of times.
fn crosses_odd(ring: &[Point], p: Point) -> bool {
    ring.windows(2).fold(false, |inside, edge| {
        let (a, b) = (edge[0], edge[1]);
        let straddles = (a.lat() > p.lat()) != (b.lat() > p.lat());
        inside ^ (straddles && p.lon() < (b.lon() - a.lon()) * (p.lat() - a.lat()) / (b.lat() - a.lat()) + a.lon())
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn p(lat: f64, lon: f64) -> Point {
        Point::new(lat, lon).unwrap()
    }

    #[test]
    fn swapped_coordinates_are_seen() {
        let city = BoundingBox { south: 40.7, west: -74.02, north: 40.88, east: -73.9 };
        assert!(city.check(p(40.75, -73.98)).is_ok());
        let error = city.check(p(-73.98, 40.75)).unwrap_err();
        assert!(matches!(error, GeoError::OutsideArea { maybe_swapped: true, .. }), "{error}");
        assert!(matches!(city.check(p(1.0, 2.0)), Err(GeoError::OutsideArea { maybe_swapped: false, .. })));
    }

    #[test]
    fn a_polygon_with_a_hole() {
        let square = |a: f64, b: f64| vec![[a, a], [b, a], [b, b], [a, b], [a, a]];
        let area = Polygon::from_geojson(&[square(0.0, 10.0), square(4.0, 6.0)]).unwrap();
        assert!(area.contains(p(1.0, 1.0)) && !area.contains(p(5.0, 5.0)) && !area.contains(p(11.0, 5.0)));
        assert_eq!(Polygon::from_geojson(&[vec![[0.0, 0.0]]]), Err(GeoError::BrokenRing { ring: 0, points: 1 }));
    }

    #[test]
    fn a_box_grows_by_metres() {
        let bounds = BoundingBox::of([p(40.0, -73.0)]).unwrap().expanded(1000.0);
        assert!(bounds.contains(crate::destination(p(40.0, -73.0), 90.0, 990.0)));
        assert!(!bounds.contains(crate::destination(p(40.0, -73.0), 0.0, 1010.0)));
    }
}
