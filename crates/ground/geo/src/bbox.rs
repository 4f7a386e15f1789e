//! The box around a city.

use serde::{Deserialize, Serialize};

use crate::{GeoError, Point, sphere};

/// A box of latitudes and longitudes, degrees; its edges belong to it.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BoundingBox {
    /// The least latitude.
    pub south: f64,
    /// The least longitude.
    pub west: f64,
    /// The largest latitude.
    pub north: f64,
    /// The largest longitude.
    pub east: f64,
}

impl BoundingBox {
    /// A checked box.
    ///
    /// # Errors
    /// [`GeoError`] when a corner is on no globe or the box is empty.
    pub fn new(south: f64, west: f64, north: f64, east: f64) -> Result<Self, GeoError> {
        Point::new(south, west)?;
        Point::new(north, east)?;
        if south > north || west > east {
            return Err(GeoError::EmptyBox {
                south,
                west,
                north,
                east,
            });
        }
        Ok(Self {
            south,
            west,
            north,
            east,
        })
    }

    /// The smallest box around the points; none when there are none.
    #[must_use]
    pub fn of(points: impl IntoIterator<Item = Point>) -> Option<Self> {
        points.into_iter().fold(None, |so_far, p| {
            let b = so_far.unwrap_or(Self {
                south: p.lat(),
                west: p.lon(),
                north: p.lat(),
                east: p.lon(),
            });
            Some(Self {
                south: b.south.min(p.lat()),
                west: b.west.min(p.lon()),
                north: b.north.max(p.lat()),
                east: b.east.max(p.lon()),
            })
        })
    }

    /// Whether the point lies in the box or on its edge.
    #[must_use]
    pub fn contains(&self, p: Point) -> bool {
        self.holds(p.lat(), p.lon())
    }

    /// The box with a margin on every side, held to the globe.
    #[must_use]
    pub fn expanded(&self, metres: f64) -> Self {
        let d_lat = (metres / sphere::EARTH_RADIUS_M).to_degrees();
        // Degrees of longitude are shortest at the edge that is farthest from the equator.
        let widest = self.south.abs().max(self.north.abs()).min(89.9);
        let d_lon = d_lat / widest.to_radians().cos();
        Self {
            south: (self.south - d_lat).max(-90.0),
            west: (self.west - d_lon).max(-180.0),
            north: (self.north + d_lat).min(90.0),
            east: (self.east + d_lon).min(180.0),
        }
    }

    /// The middle of the box.
    #[must_use]
    pub fn center(&self) -> Point {
        Point::wrapped(
            f64::midpoint(self.south, self.north),
            f64::midpoint(self.west, self.east),
        )
    }

    /// Refuses a point outside, and says whether latitude and longitude look exchanged.
    ///
    /// # Errors
    /// [`GeoError::OutsideArea`].
    pub fn check(&self, p: &Point) -> Result<(), GeoError> {
        if self.contains(*p) {
            return Ok(());
        }
        let (lat, lon) = (p.lat(), p.lon());
        Err(GeoError::OutsideArea {
            lat,
            lon,
            maybe_swapped: self.holds(lon, lat),
        })
    }

    fn holds(&self, lat: f64, lon: f64) -> bool {
        (self.south..=self.north).contains(&lat) && (self.west..=self.east).contains(&lon)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn says_when_the_coordinates_look_exchanged() {
        let city = BoundingBox::new(40.70, -74.02, 40.88, -73.90).unwrap();
        assert!(city.check(&Point::new(40.75, -73.98).unwrap()).is_ok());
        let swapped = city.check(&Point::new(-73.98, 40.75).unwrap()).unwrap_err();
        assert!(swapped.to_string().contains("exchanged"), "{swapped}");
        let far = city.check(&Point::new(1.0, 1.0).unwrap()).unwrap_err();
        assert!(!far.to_string().contains("exchanged"), "{far}");
    }

    #[test]
    fn refuses_empty_boxes() {
        assert!(BoundingBox::new(1.0, 0.0, 0.0, 1.0).is_err());
        assert!(BoundingBox::new(0.0, 1.0, 1.0, 0.0).is_err());
        assert!(BoundingBox::new(-91.0, 0.0, 0.0, 1.0).is_err());
        assert_eq!(BoundingBox::of([]), None);
    }

    proptest! {
        #[test]
        fn holds_what_it_is_made_of_and_a_margin(points in proptest::collection::vec((-70.0..70.0f64, -170.0..170.0f64), 1..9), bearing in 0.0..360.0f64) {
            let points: Vec<Point> = points.into_iter().map(|(lat, lon)| Point::new(lat, lon).unwrap()).collect();
            let around = BoundingBox::of(points.iter().copied()).unwrap();
            prop_assert!(around.contains(around.center()));
            let wider = around.expanded(1_010.0);
            for p in points {
                prop_assert!(around.contains(p));
                prop_assert!(wider.contains(sphere::destination(p, bearing, 1_000.0)));
            }
        }
    }
}
