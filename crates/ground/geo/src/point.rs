//! Places on the globe, and the way between two of them as the crow flies.

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::GeoError;

/// Mean radius of the earth in metres (IUGG).
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// A place in degrees of WGS 84. Always finite and on the globe.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    lat: f64,
    lon: f64,
}

impl Point {
    /// The point at `lat`, `lon` degrees.
    ///
    /// # Errors
    /// [`GeoError::NotFinite`] or [`GeoError::OutOfRange`], naming the field.
    pub fn new(lat: f64, lon: f64) -> Result<Self, GeoError> {
        for (field, value, max) in [("lat", lat, 90.0), ("lon", lon, 180.0)] {
            if !value.is_finite() {
                return Err(GeoError::NotFinite { field });
            }
            if value.abs() > max {
                return Err(GeoError::OutOfRange { field, value, min: -max, max });
            }
        }
        Ok(Self { lat, lon })
    }

    /// Latitude, degrees north.
    #[must_use]
    pub const fn lat(self) -> f64 {
        self.lat
    }

    /// Longitude, degrees east.
    #[must_use]
    pub const fn lon(self) -> f64 {
        self.lon
    }
}

impl<'de> Deserialize<'de> for Point {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields, rename = "Point")]
        struct Raw {
            lat: f64,
            lon: f64,
        }
        let raw = Raw::deserialize(deserializer)?;
        Self::new(raw.lat, raw.lon).map_err(de::Error::custom)
    }
}

/// Great-circle distance in metres (haversine formula, Sinnott 1984).
#[must_use]
pub fn haversine_m(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
    let half_lat = ((lat_b - lat_a) / 2.0).sin();
    let half_lon = ((b.lon - a.lon).to_radians() / 2.0).sin();
    let h = half_lat * half_lat + lat_a.cos() * lat_b.cos() * half_lon * half_lon;
    2.0 * EARTH_RADIUS_M * h.sqrt().min(1.0).asin()
}

/// The direction in which one leaves `a` for `b`, degrees clockwise from north, in 0..360.
#[must_use]
pub fn bearing_deg(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b) = (a.lat.to_radians(), b.lat.to_radians());
    let dlon = (b.lon - a.lon).to_radians();
    let y = dlon.sin() * lat_b.cos();
    let x = lat_a.cos() * lat_b.sin() - lat_a.sin() * lat_b.cos() * dlon.cos();
    y.atan2(x).to_degrees().rem_euclid(360.0)
}

/// Where one is after `metres` from `from` in direction `bearing_deg`, along the great circle.
#[must_use]
pub fn destination(from: Point, bearing_deg: f64, metres: f64) -> Point {
    let (lat, bearing, angle) = (from.lat.to_radians(), bearing_deg.to_radians(), metres / EARTH_RADIUS_M);
    let to_lat = (lat.sin() * angle.cos() + lat.cos() * angle.sin() * bearing.cos()).clamp(-1.0, 1.0).asin();
    let dlon = (bearing.sin() * angle.sin() * lat.cos()).atan2(angle.cos() - lat.sin() * to_lat.sin());
    Point { lat: to_lat.to_degrees().clamp(-90.0, 90.0), lon: wrapped(from.lon + dlon.to_degrees()) }
}

/// The point at share `t` (0 to 1) of the straight line from `a` to `b`; for the short pieces of a road.
#[must_use]
pub fn lerp(a: Point, b: Point, t: f64) -> Point {
    let t = if t.is_finite() { t.clamp(0.0, 1.0) } else { 0.0 };
    Point { lat: a.lat + (b.lat - a.lat) * t, lon: a.lon + (b.lon - a.lon) * t }
}

/// A longitude brought back into -180..=180.
fn wrapped(lon: f64) -> f64 {
    if (-180.0..=180.0).contains(&lon) { lon } else { (lon + 180.0).rem_euclid(360.0) - 180.0 }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn p(lat: f64, lon: f64) -> Point {
        Point::new(lat, lon).unwrap()
    }

    #[test]
    fn known_distances() {
        // JFK to LAX is about 3,974 km.
        let d = haversine_m(p(40.6413, -73.7781), p(33.9416, -118.4085));
        assert!((d - 3_974_000.0).abs() < 10_000.0, "{d}");
        assert!((bearing_deg(p(0.0, 0.0), p(0.0, 1.0)) - 90.0).abs() < 1e-9);
        assert!(bearing_deg(p(0.0, 0.0), p(1.0, 0.0)).abs() < 1e-9);
    }

    #[test]
    fn bad_numbers_name_their_field() {
        assert_eq!(Point::new(f64::NAN, 0.0), Err(GeoError::NotFinite { field: "lat" }));
        assert!(matches!(Point::new(0.0, 181.0), Err(GeoError::OutOfRange { field: "lon", .. })));
        assert!(serde_json::from_str::<Point>(r#"{"lat":91,"lon":0}"#).unwrap_err().to_string().contains("lat is 91"));
        assert!(serde_json::from_str::<Point>(r#"{"lat":9,"lon":0,"alt":3}"#).is_err());
    }

    fn any_point() -> impl Strategy<Value = Point> {
        (-89.0..89.0, -180.0..180.0).prop_map(|(lat, lon)| p(lat, lon))
    }

    proptest! {
        #[test]
        fn distance_is_symmetric_and_keeps_the_triangle(a in any_point(), b in any_point(), c in any_point()) {
            prop_assert!((haversine_m(a, b) - haversine_m(b, a)).abs() < 1e-6);
            prop_assert!(haversine_m(a, c) <= haversine_m(a, b) + haversine_m(b, c) + 1e-3);
        }

        #[test]
        fn going_somewhere_gets_there(a in any_point(), bearing in 0.0..360.0, metres in 1.0..50_000.0) {
            let b = destination(a, bearing, metres);
            prop_assert!((haversine_m(a, b) - metres).abs() < metres * 1e-6 + 1e-3);
        }
    }
}
