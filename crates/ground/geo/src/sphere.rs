//! Distances and directions on a sphere.

use crate::Point;

/// The mean radius of the Earth, metres (IUGG).
pub const EARTH_RADIUS_M: f64 = 6_371_008.8;

/// The great-circle distance, metres.
#[must_use]
pub fn haversine_m(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b) = (a.lat().to_radians(), b.lat().to_radians());
    let d_lat = ((lat_b - lat_a) / 2.0).sin();
    let d_lon = ((b.lon() - a.lon()).to_radians() / 2.0).sin();
    let h = d_lat * d_lat + lat_a.cos() * lat_b.cos() * d_lon * d_lon;
    2.0 * EARTH_RADIUS_M * h.min(1.0).sqrt().asin()
}

/// The direction in which one leaves `a` for `b`: degrees clockwise from north, 0..360.
#[must_use]
pub fn bearing_deg(a: Point, b: Point) -> f64 {
    let (lat_a, lat_b) = (a.lat().to_radians(), b.lat().to_radians());
    let d_lon = (b.lon() - a.lon()).to_radians();
    let y = d_lon.sin() * lat_b.cos();
    let x = lat_a.cos() * lat_b.sin() - lat_a.sin() * lat_b.cos() * d_lon.cos();
    let degrees = y.atan2(x).to_degrees().rem_euclid(360.0);
    if degrees >= 360.0 { 0.0 } else { degrees }
}

/// Where one is after `metres` along the great circle that leaves `p` at `bearing_deg`.
#[must_use]
pub fn destination(p: Point, bearing_deg: f64, metres: f64) -> Point {
    let (lat, lon) = (p.lat().to_radians(), p.lon().to_radians());
    let (bearing, angle) = (bearing_deg.to_radians(), metres / EARTH_RADIUS_M);
    let to_lat = (lat.sin() * angle.cos() + lat.cos() * angle.sin() * bearing.cos())
        .clamp(-1.0, 1.0)
        .asin();
    let y = bearing.sin() * angle.sin() * lat.cos();
    let x = angle.cos() - lat.sin() * to_lat.sin();
    Point::wrapped(to_lat.to_degrees(), (lon + y.atan2(x)).to_degrees())
}

/// The point a share `t` of the way from `a` to `b`, straight in degrees: right for street lengths.
///
/// `t` is held to 0..=1.
#[must_use]
pub fn lerp(a: Point, b: Point, t: f64) -> Point {
    let t = if t.is_nan() { 0.0 } else { t.clamp(0.0, 1.0) };
    let mix = |from: f64, to: f64| from + (to - from) * t;
    Point::wrapped(mix(a.lat(), b.lat()), mix(a.lon(), b.lon()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn at(lat: f64, lon: f64) -> Point {
        Point::new(lat, lon).unwrap()
    }

    #[test]
    fn known_distances() {
        let times_square = at(40.7580, -73.9855);
        let wall_street = at(40.7060, -74.0088);
        let metres = haversine_m(times_square, wall_street);
        assert!((metres - 6_107.0).abs() < 10.0, "{metres}");
        let half_round = haversine_m(at(0.0, 0.0), at(0.0, 180.0));
        assert!((half_round - std::f64::consts::PI * EARTH_RADIUS_M).abs() < 1.0);
    }

    #[test]
    fn known_bearings() {
        let o = at(0.0, 0.0);
        for (to, degrees) in [
            (at(1.0, 0.0), 0.0),
            (at(0.0, 1.0), 90.0),
            (at(-1.0, 0.0), 180.0),
            (at(0.0, -1.0), 270.0),
        ] {
            assert!((bearing_deg(o, to) - degrees).abs() < 1e-9);
        }
    }

    #[test]
    fn lerp_holds_to_the_line() {
        let (a, b) = (at(1.0, 2.0), at(3.0, 6.0));
        assert_eq!(lerp(a, b, 0.5), at(2.0, 4.0));
        assert_eq!(lerp(a, b, -1.0), a);
        assert_eq!(lerp(a, b, 9.0), b);
        assert_eq!(lerp(a, b, f64::NAN), a);
    }

    proptest! {
        #[test]
        fn destination_is_as_far_as_asked(lat in -80.0..80.0f64, lon in -179.0..179.0f64, bearing in 0.0..360.0f64, metres in 1.0..50_000.0f64) {
            let from = at(lat, lon);
            let to = destination(from, bearing, metres);
            prop_assert!((haversine_m(from, to) - metres).abs() < 0.01);
            let turn = (bearing_deg(from, to) - bearing).rem_euclid(360.0);
            prop_assert!(turn.min(360.0 - turn) < 0.01);
            prop_assert!(Point::new(to.lat(), to.lon()).is_ok());
        }

        #[test]
        fn distance_is_a_metric(a in (-90.0..90.0f64, -180.0..180.0f64), b in (-90.0..90.0f64, -180.0..180.0f64), c in (-90.0..90.0f64, -180.0..180.0f64)) {
            let (a, b, c) = (at(a.0, a.1), at(b.0, b.1), at(c.0, c.1));
            prop_assert_eq!(haversine_m(a, a), 0.0);
            prop_assert!((haversine_m(a, b) - haversine_m(b, a)).abs() < 1e-6);
            prop_assert!(haversine_m(a, c) <= haversine_m(a, b) + haversine_m(b, c) + 1.0);
        }
    }
}
