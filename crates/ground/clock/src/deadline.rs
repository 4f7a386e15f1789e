//! Deadlines on any clock, and the one door to elapsed wall time.

use std::time::{Duration, Instant};

use crate::{Clock, Timestamp};

/// An instant after which work is given up.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline {
    at: Timestamp,
}

impl Deadline {
    /// The deadline `within` from now on `clock`; a duration too long to count never expires.
    #[must_use]
    pub fn after(clock: &dyn Clock, within: Duration) -> Self {
        let ms = i64::try_from(within.as_millis()).unwrap_or(i64::MAX);
        Self {
            at: clock.now().plus_ms(ms),
        }
    }

    /// The instant itself.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Whether the deadline has come.
    #[must_use]
    pub fn expired(&self, clock: &dyn Clock) -> bool {
        clock.now() >= self.at
    }

    /// What is left, zero once expired.
    #[must_use]
    pub fn remaining(&self, clock: &dyn Clock) -> Duration {
        let ms = self.at.ms_since(clock.now());
        Duration::from_millis(u64::try_from(ms).unwrap_or(0))
    }
}

/// The monotonic clock of this host, for measuring how long something took.
///
/// It is for metrics and reports only: no decision may depend on it.
#[must_use]
pub fn monotonic() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;

    #[test]
    fn expires_on_the_clock_it_was_made_on() {
        let clock = ManualClock::new(Timestamp(0));
        let deadline = Deadline::after(&clock, Duration::from_secs(1));
        clock.advance(999);
        assert!(!deadline.expired(&clock));
        assert_eq!(deadline.remaining(&clock), Duration::from_millis(1));
        clock.advance(1);
        assert!(deadline.expired(&clock));
        assert_eq!(deadline.remaining(&clock), Duration::ZERO);
        assert!(!Deadline::after(&clock, Duration::MAX).expired(&clock));
        assert!(monotonic() <= monotonic());
    }
}
