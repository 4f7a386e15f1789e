//! Great-circle distance from one fixed point to many, without a sine per candidate.
//!
//! Everything is compared as the haversine `sin²(d / 2R)`, which grows with the distance and needs no
//! inverse function; only the answers are turned into metres.

use doorstep_geo::EARTH_RADIUS_M;

use super::fixed::{Fixed, RADIANS, turn};

/// Differences below this many units (3.3 degrees) use the series, whose error is then below the
/// rounding of an `f64`.
const SERIES_REACH: i64 = 1 << 25;

/// A point from which distances are taken.
#[derive(Debug, Clone, Copy)]
pub(super) struct Eye {
    pub(super) at: Fixed,
    sin_lat: f64,
    cos_lat: f64,
}

impl Eye {
    pub(super) fn new(at: Fixed) -> Self {
        let (sin_lat, cos_lat) = (f64::from(at.lat) * RADIANS).sin_cos();
        Self { at, sin_lat, cos_lat: cos_lat.max(0.0) }
    }

    /// The haversine of the distance to `to`.
    #[inline]
    pub(super) fn hav(&self, to: Fixed) -> f64 {
        let dlat = i64::from(to.lat) - i64::from(self.at.lat);
        let dlon = turn(i64::from(self.at.lon), i64::from(to.lon));
        if dlat.abs() < SERIES_REACH && dlon.abs() < SERIES_REACH {
            let half = dlat as f64 * (RADIANS / 2.0);
            let square = half * half;
            let sin_half = sin_series(half, square);
            let cos_half = 1.0 - square * (0.5 - square * (1.0 / 24.0 - square * (1.0 / 720.0 - square / 40_320.0)));
            // cos(lat + dlat), from what is already known of lat
            let cos_to = self.cos_lat * (1.0 - 2.0 * sin_half * sin_half) - self.sin_lat * 2.0 * sin_half * cos_half;
            let turn_half = dlon as f64 * (RADIANS / 2.0);
            let sin_turn = sin_series(turn_half, turn_half * turn_half);
            sin_half * sin_half + (self.cos_lat * cos_to).max(0.0) * sin_turn * sin_turn
        } else {
            let cos_to = (f64::from(to.lat) * RADIANS).cos().max(0.0);
            half_sine_squared(dlat) + self.cos_lat * cos_to * half_sine_squared(dlon)
        }
    }

    /// A haversine no point is below whose latitude differs by at least `dlat` units, whose longitude
    /// differs by at least `dlon` units, and the cosine of whose latitude is at least `cos_min`.
    #[inline]
    pub(super) fn at_least(&self, dlat: i64, dlon: i64, cos_min: f64) -> f64 {
        (half_sine_squared(dlat) + self.cos_lat * cos_min * half_sine_squared(dlon)) * (1.0 - 1e-9)
    }

    /// A haversine no point is below whose longitude differs by at least `dlon` units, at any latitude:
    /// the distance to the meridian, or to the pole where the meridian bends away.
    pub(super) fn beyond_meridian(&self, dlon: i64) -> f64 {
        let angle = (dlon as f64 * RADIANS).min(std::f64::consts::FRAC_PI_2);
        let sin_angle = if dlon < SERIES_REACH { sin_series(angle, angle * angle) } else { angle.sin() };
        let sin = (self.cos_lat * sin_angle).min(1.0);
        let square = sin * sin;
        square / (2.0 * (1.0 + (1.0 - square).max(0.0).sqrt())) * (1.0 - 1e-9)
    }
}

/// `sin²(units / 2)` for any angle from none up to half a turn.
#[inline]
pub(super) fn half_sine_squared(units: i64) -> f64 {
    let half = units as f64 * (RADIANS / 2.0);
    let sin = if units.abs() < SERIES_REACH { sin_series(half, half * half) } else { half.sin() };
    sin * sin
}

#[inline]
fn sin_series(x: f64, square: f64) -> f64 {
    x * (1.0 - square * (1.0 / 6.0 - square * (1.0 / 120.0 - square * (1.0 / 5_040.0 - square / 362_880.0))))
}

/// Metres for a haversine.
pub(super) fn metres(hav: f64) -> f64 {
    2.0 * EARTH_RADIUS_M * hav.min(1.0).sqrt().asin()
}

/// The haversine of a distance in metres; at or beyond half the globe everything is near enough.
pub(super) fn hav_of(metres: f64) -> f64 {
    let half = metres / (2.0 * EARTH_RADIUS_M);
    if half >= std::f64::consts::FRAC_PI_2 {
        return f64::INFINITY;
    }
    let sin = half.sin();
    sin * sin
}

/// An upper bound of the latitude difference, in units, that a haversine still allows.
#[inline]
pub(super) fn reach(hav: f64) -> i64 {
    if hav >= 1.0 {
        return i64::MAX;
    }
    let root = hav.sqrt();
    // asin x ≤ x (1 + (π/2 - 1) x²): the quotient on the left only grows up to x = 1
    let half = root * (1.0 + 0.570_8 * hav);
    (half * (2.0 / RADIANS)) as i64 + 1
}

#[cfg(test)]
mod tests {
    use doorstep_geo::{Point, haversine_m};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn agrees_with_the_textbook_formula(
            lat in -90.0..=90.0_f64, lon in -180.0..=180.0_f64,
            dlat in -5.0..=5.0_f64, dlon in -200.0..=200.0_f64, near in any::<bool>(),
        ) {
            let scale = if near { 0.01 } else { 1.0 };
            let a = Fixed::of(Point::new(lat, lon).expect("in range"));
            let to_lon = lon + dlon * scale;
            let to_lon = if to_lon > 180.0 { to_lon - 360.0 } else if to_lon < -180.0 { to_lon + 360.0 } else { to_lon };
            let b = Fixed::of(Point::new((lat + dlat * scale).clamp(-90.0, 90.0), to_lon).expect("in range"));
            let got = metres(Eye::new(a).hav(b));
            let want = haversine_m(a.point(), b.point());
            prop_assert!((got - want).abs() <= 1e-6 * want.max(1.0), "{got} {want}");
        }

        #[test]
        fn bounds_hold(lat in -90.0..=90.0_f64, lon in -180.0..=180.0_f64, to_lat in -90.0..=90.0_f64, to_lon in -180.0..=180.0_f64) {
            let a = Fixed::of(Point::new(lat, lon).expect("in range"));
            let b = Fixed::of(Point::new(to_lat, to_lon).expect("in range"));
            let eye = Eye::new(a);
            let hav = eye.hav(b);
            let dlat = (i64::from(a.lat) - i64::from(b.lat)).abs();
            let dlon = turn(i64::from(a.lon), i64::from(b.lon)).abs();
            prop_assert!(eye.beyond_meridian(dlon) <= hav);
            let cos = (f64::from(b.lat) * RADIANS).cos().max(0.0) * (1.0 - 1e-12);
            prop_assert!(eye.at_least(dlat, dlon, cos) <= hav);
            prop_assert!(eye.at_least(dlat / 2, dlon / 2, 0.0) <= hav);
            prop_assert!(reach(hav) >= dlat);
            prop_assert!((metres(hav_of(metres(hav))) - metres(hav)).abs() < 1.0 || hav > 0.999_999);
        }
    }
}
