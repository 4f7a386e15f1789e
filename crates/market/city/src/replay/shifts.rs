//! When each car of a fleet is on the streets.

/// A car's time at work, milliseconds from the period's start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// From here on it takes riders.
    pub from_ms: i64,
    /// From here on it takes no more; who is promised a ride still gets it.
    pub until_ms: i64,
}

/// The shifts of a fleet, car by car; without any, all cars work all the time.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shifts<'a>(pub(super) &'a [Shift]);

impl Shifts<'_> {
    /// When the car comes to work.
    pub(super) fn starts_ms(self, vehicle: usize) -> i64 {
        self.0.get(vehicle).map_or(0, |s| s.from_ms.max(0))
    }

    /// Whether the car takes riders now.
    pub(super) fn works(self, vehicle: usize, now_ms: i64) -> bool {
        self.0.get(vehicle).is_none_or(|s| (s.from_ms..s.until_ms).contains(&now_ms))
    }
}
