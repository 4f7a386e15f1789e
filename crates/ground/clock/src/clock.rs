//! Who tells the time: the system, or a test.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::Timestamp;

/// Something that tells the time.
pub trait Clock: Send + Sync + 'static {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// A clock as it is handed around.
pub type SharedClock = Arc<dyn Clock>;

/// The wall clock of this host. It may step when the host's clock is corrected.
#[derive(Copy, Clone, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let now = SystemTime::now();
        let ms = match now.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(i64::MAX),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(i64::MIN, |ms| -ms),
        };
        Timestamp(ms)
    }
}

/// A clock that moves only when it is told to. Clones share one time.
#[derive(Clone, Debug, Default)]
pub struct ManualClock {
    ms: Arc<AtomicI64>,
}

impl ManualClock {
    /// A clock that stands at `at`.
    #[must_use]
    pub fn new(at: Timestamp) -> Self {
        Self {
            ms: Arc::new(AtomicI64::new(at.millis())),
        }
    }

    /// Moves to `at`, which may lie in the past.
    pub fn set(&self, at: Timestamp) {
        self.ms.store(at.millis(), Ordering::SeqCst);
    }

    /// Moves `ms` milliseconds on and tells the new time.
    pub fn advance(&self, ms: i64) -> Timestamp {
        Timestamp(self.ms.fetch_add(ms, Ordering::SeqCst)).plus_ms(ms)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.ms.load(Ordering::SeqCst))
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_clock_is_in_this_century() {
        let now = SystemClock.now();
        assert!(
            now > Timestamp(1_700_000_000_000) && now < Timestamp(4_102_444_800_000),
            "{now}"
        );
    }

    #[test]
    fn clones_of_a_manual_clock_share_their_time() {
        let clock = ManualClock::new(Timestamp(5));
        let other = clock.clone();
        assert_eq!(clock.advance(7), Timestamp(12));
        assert_eq!(other.now(), Timestamp(12));
        other.set(Timestamp(1));
        let shared: SharedClock = Arc::new(clock);
        assert_eq!(shared.now(), Timestamp(1));
    }
}
