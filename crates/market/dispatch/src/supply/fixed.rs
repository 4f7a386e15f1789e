//! Positions in whole 1e-7 degrees: eight bytes, one centimetre, no rounding surprises.

use doorstep_geo::Point;

/// Units per degree.
pub(super) const PER_DEGREE: f64 = 1e7;
/// Radians per unit.
pub(super) const RADIANS: f64 = std::f64::consts::PI / 180.0 / PER_DEGREE;
/// Units from the equator to a pole.
pub(super) const QUARTER: i32 = 900_000_000;
/// Units from Greenwich to the antimeridian.
pub(super) const HALF: i32 = 1_800_000_000;
/// Units all the way round.
pub(super) const FULL: i64 = 3_600_000_000;

/// A position in units of 1e-7 degree. The antimeridian is written as -180.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Fixed {
    pub(super) lat: i32,
    pub(super) lon: i32,
}

impl Fixed {
    pub(super) fn of(point: Point) -> Self {
        let lon = nearest_unit(point.lon());
        Self { lat: nearest_unit(point.lat()), lon: if lon == HALF { -HALF } else { lon } }
    }

    pub(super) fn point(self) -> Point {
        Point::new(f64::from(self.lat) / PER_DEGREE, f64::from(self.lon) / PER_DEGREE)
            .expect("invariant: a fixed position came from a valid point")
    }

    /// Units north of the south pole.
    pub(super) const fn up(self) -> i64 {
        (self.lat + QUARTER) as i64
    }

    /// Units east of the antimeridian.
    pub(super) const fn east(self) -> i64 {
        self.lon as i64 + HALF as i64
    }
}

/// Rounds half away from zero by truncation: `f64::round` is a library call on plain x86-64.
fn nearest_unit(degrees: f64) -> i32 {
    (degrees * PER_DEGREE + 0.5_f64.copysign(degrees)) as i32
}

/// The shorter way between two longitudes, in units, signed.
pub(super) const fn turn(from: i64, to: i64) -> i64 {
    let d = to - from;
    if d > HALF as i64 {
        d - FULL
    } else if d < -(HALF as i64) {
        d + FULL
    } else {
        d
    }
}
