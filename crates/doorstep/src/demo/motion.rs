//! Where a taxi is: a drive along a route's geometry as a pure function of time.

use doorstep_geo::{Point, bearing_deg, haversine_m, lerp};

/// A drive under way.
#[derive(Clone, Debug)]
pub(super) struct Drive {
    points: Vec<Point>,
    /// Metres from the start to each point.
    along_m: Vec<f64>,
    started_ms: i64,
    lasts_ms: i64,
}

impl Drive {
    /// A drive along `points` that takes `lasts_s` seconds from `started_ms` on.
    pub(super) fn new(points: Vec<Point>, started_ms: i64, lasts_s: f64) -> Self {
        let mut along_m = Vec::with_capacity(points.len());
        let mut so_far = 0.0;
        for (ix, point) in points.iter().enumerate() {
            if ix > 0 {
                so_far += haversine_m(points[ix - 1], *point);
            }
            along_m.push(so_far);
        }
        Self { points, along_m, started_ms, lasts_ms: (lasts_s.max(0.0) * 1000.0) as i64 }
    }

    /// Where it ends.
    pub(super) fn end(&self) -> Option<Point> {
        self.points.last().copied()
    }

    /// When it ends, in milliseconds of city time.
    pub(super) fn ends_ms(&self) -> i64 {
        self.started_ms + self.lasts_ms
    }

    /// Place and bearing at `now_ms`; before the start and after the end it stands at the respective end.
    pub(super) fn at(&self, now_ms: i64) -> Option<(Point, f64)> {
        let (first, last) = (*self.points.first()?, *self.points.last()?);
        let share = if self.lasts_ms == 0 {
            1.0
        } else {
            ((now_ms - self.started_ms) as f64 / self.lasts_ms as f64).clamp(0.0, 1.0)
        };
        let target = self.along_m.last()? * share;
        let next = self.along_m.partition_point(|m| *m < target);
        if next == 0 {
            let bearing = self.points.get(1).map_or(0.0, |second| bearing_deg(first, *second));
            return Some((first, bearing));
        }
        if next >= self.points.len() {
            return Some((last, 0.0));
        }
        let (from, to) = (self.points[next - 1], self.points[next]);
        let piece = self.along_m[next] - self.along_m[next - 1];
        let t = if piece > 0.0 { (target - self.along_m[next - 1]) / piece } else { 1.0 };
        Some((lerp(from, to, t), bearing_deg(from, to)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn p(lat: f64, lon: f64) -> Point {
        Point::new(lat, lon).unwrap()
    }

    #[test]
    fn a_drive_begins_and_ends_where_it_should() {
        let drive = Drive::new(vec![p(40.0, -73.0), p(40.0, -72.99), p(40.01, -72.99)], 1_000, 100.0);
        assert_eq!(drive.ends_ms(), 101_000);
        assert_eq!(drive.at(0).unwrap().0, p(40.0, -73.0));
        assert_eq!(drive.at(200_000).unwrap().0, p(40.01, -72.99));
        let (half, bearing) = drive.at(31_000).unwrap();
        assert!((half.lat() - 40.0).abs() < 1e-3 && half.lon() > -73.0 && half.lon() < -72.99);
        assert!((bearing - 90.0).abs() < 1.0);
    }

    #[test]
    fn a_drive_of_no_length_stands() {
        let drive = Drive::new(vec![p(40.0, -73.0)], 0, 0.0);
        assert_eq!(drive.at(5).unwrap().0, p(40.0, -73.0));
        assert!(Drive::new(vec![], 0, 1.0).at(0).is_none());
    }
}
