//! A checked place on the globe.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::GeoError;

/// A place: latitude and longitude in degrees (WGS 84), finite and in range.
#[derive(Copy, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Point {
    lat: f64,
    lon: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Unchecked {
    lat: f64,
    lon: f64,
}

impl Point {
    /// Checks a latitude in -90..=90 and a longitude in -180..=180, degrees.
    ///
    /// # Errors
    /// [`GeoError::NotFinite`] or [`GeoError::OutOfRange`], naming the field.
    pub fn new(lat: f64, lon: f64) -> Result<Self, GeoError> {
        check("lat", lat, 90.0)?;
        check("lon", lon, 180.0)?;
        Ok(Self { lat, lon })
    }

    /// Brings computed coordinates back onto the globe. Only for results of our own arithmetic.
    pub(crate) fn wrapped(lat: f64, lon: f64) -> Self {
        let lon = if (-180.0..=180.0).contains(&lon) {
            lon
        } else {
            (lon + 180.0).rem_euclid(360.0) - 180.0
        };
        Self {
            lat: lat.clamp(-90.0, 90.0),
            lon,
        }
    }

    /// Degrees north of the equator.
    #[must_use]
    pub const fn lat(&self) -> f64 {
        self.lat
    }

    /// Degrees east of Greenwich.
    #[must_use]
    pub const fn lon(&self) -> f64 {
        self.lon
    }
}

fn check(field: &'static str, value: f64, limit: f64) -> Result<(), GeoError> {
    if !value.is_finite() {
        return Err(GeoError::NotFinite { field });
    }
    if value.abs() > limit {
        return Err(GeoError::OutOfRange {
            field,
            value,
            min: -limit,
            max: limit,
        });
    }
    Ok(())
}

impl TryFrom<Unchecked> for Point {
    type Error = GeoError;
    fn try_from(raw: Unchecked) -> Result<Self, GeoError> {
        Self::new(raw.lat, raw.lon)
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6},{:.6}", self.lat, self.lon)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn refuses_what_is_on_no_globe() {
        assert_eq!(
            Point::new(f64::NAN, 0.0),
            Err(GeoError::NotFinite { field: "lat" })
        );
        assert_eq!(
            Point::new(0.0, f64::INFINITY),
            Err(GeoError::NotFinite { field: "lon" })
        );
        let refusal = Point::new(-91.0, 0.0).unwrap_err();
        assert_eq!(refusal.field(), Some("lat"));
        assert_eq!(
            refusal.to_string(),
            "lat -91 is out of range; give degrees from -90 to 90"
        );
        assert!(Point::new(0.0, 180.1).is_err());
        assert!(Point::new(90.0, -180.0).is_ok());
    }

    #[test]
    fn json_is_checked_too() {
        let point: Point = serde_json::from_str(r#"{"lat":40.7,"lon":-73.9}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&point).unwrap(),
            r#"{"lat":40.7,"lon":-73.9}"#
        );
        for json in [
            r#"{"lat":140.7,"lon":-73.9}"#,
            r#"{"lat":1}"#,
            r#"{"lat":1,"lon":2,"z":3}"#,
            r#"{"lat":1e999,"lon":0}"#,
        ] {
            assert!(serde_json::from_str::<Point>(json).is_err(), "{json}");
        }
    }
}
