//! Areas with any outline.

use serde::{Deserialize, Serialize};

use crate::{BoundingBox, GeoError, Point};

/// A polygon as GeoJSON writes it: an outer ring and holes, each `[lon, lat]`, closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Vec<[f64; 2]>>", into = "Vec<Vec<[f64; 2]>>")]
pub struct Polygon {
    rings: Vec<Vec<Point>>,
    bbox: BoundingBox,
}

impl Polygon {
    /// A polygon from the `coordinates` of a GeoJSON geometry of type `Polygon`.
    ///
    /// # Errors
    /// [`GeoError`] for a coordinate on no globe, no rings, or a ring that is open or too short.
    pub fn from_geojson(coordinates: &[Vec<[f64; 2]>]) -> Result<Self, GeoError> {
        let mut rings = Vec::with_capacity(coordinates.len());
        for (ring, points) in coordinates.iter().enumerate() {
            if points.len() < 4 || points.first() != points.last() {
                return Err(GeoError::BadRing {
                    ring,
                    points: points.len(),
                });
            }
            let checked: Result<Vec<Point>, GeoError> = points
                .iter()
                .map(|[lon, lat]| Point::new(*lat, *lon))
                .collect();
            rings.push(checked?);
        }
        let outer = rings.first().into_iter().flatten().copied();
        let bbox = BoundingBox::of(outer).ok_or(GeoError::BadRing { ring: 0, points: 0 })?;
        Ok(Self { rings, bbox })
    }

    /// Whether the point lies inside and in no hole. A point on an edge may count either way.
    #[must_use]
    pub fn contains(&self, p: Point) -> bool {
        if !self.bbox.contains(p) {
            return false;
        }
        // Crossings of a ray to the east, over all rings: odd means inside, holes included.
        let crossings = self
            .rings
            .iter()
            .flat_map(|ring| ring.windows(2))
            .filter(|edge| {
                let (a, b) = (edge[0], edge[1]);
                (a.lat() > p.lat()) != (b.lat() > p.lat()) && {
                    let t = (p.lat() - a.lat()) / (b.lat() - a.lat());
                    p.lon() < a.lon() + t * (b.lon() - a.lon())
                }
            });
        crossings.count() % 2 == 1
    }

    /// The smallest box around it.
    #[must_use]
    pub const fn bbox(&self) -> BoundingBox {
        self.bbox
    }

    /// The rings, the outer one first.
    #[must_use]
    pub fn rings(&self) -> &[Vec<Point>] {
        &self.rings
    }
}

impl TryFrom<Vec<Vec<[f64; 2]>>> for Polygon {
    type Error = GeoError;
    fn try_from(coordinates: Vec<Vec<[f64; 2]>>) -> Result<Self, GeoError> {
        Self::from_geojson(&coordinates)
    }
}

impl From<Polygon> for Vec<Vec<[f64; 2]>> {
    fn from(polygon: Polygon) -> Self {
        let ring = |points: Vec<Point>| points.iter().map(|p| [p.lon(), p.lat()]).collect();
        polygon.rings.into_iter().map(ring).collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn square(size: f64) -> Vec<[f64; 2]> {
        vec![
            [-size, -size],
            [size, -size],
            [size, size],
            [-size, size],
            [-size, -size],
        ]
    }

    #[test]
    fn refuses_open_and_short_rings() {
        assert!(Polygon::from_geojson(&[]).is_err());
        assert!(Polygon::from_geojson(&[vec![[0.0, 0.0], [1.0, 0.0], [0.0, 0.0]]]).is_err());
        assert!(
            Polygon::from_geojson(&[vec![[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]]).is_err()
        );
        assert!(
            Polygon::from_geojson(&[vec![[0.0, 99.0], [1.0, 0.0], [1.0, 1.0], [0.0, 99.0]]])
                .is_err()
        );
    }

    #[test]
    fn json_is_the_coordinates() {
        let json = "[[[0.0,0.0],[2.0,0.0],[2.0,1.0],[0.0,0.0]]]";
        let polygon: Polygon = serde_json::from_str(json).unwrap();
        assert_eq!(serde_json::to_string(&polygon).unwrap(), json);
        assert!(polygon.contains(Point::new(0.5, 1.5).unwrap()));
        assert!(!polygon.contains(Point::new(0.9, 0.5).unwrap()));
    }

    proptest! {
        #[test]
        fn a_square_with_a_hole(lat in -3.0..3.0f64, lon in -3.0..3.0f64) {
            let polygon = Polygon::from_geojson(&[square(2.0), square(1.0)]).unwrap();
            let reach = lat.abs().max(lon.abs());
            prop_assume!((reach - 1.0).abs() > 1e-9 && (reach - 2.0).abs() > 1e-9);
            prop_assert_eq!(polygon.contains(Point::new(lat, lon).unwrap()), reach > 1.0 && reach < 2.0);
        }
    }
}
