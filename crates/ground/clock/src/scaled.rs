//! City time: a clock that runs faster or slower than another, can stand still, and never jumps.

use std::sync::Arc;

use parking_lot::Mutex;

use crate::{Clock, ClockError, SharedClock, Timestamp};

/// The slowest speed at which city time may run.
pub const SPEED_MIN: f64 = 0.1;
/// The fastest speed at which city time may run.
pub const SPEED_MAX: f64 = 600.0;

/// A clock that runs at `speed` times another. Clones share one time.
///
/// A change of speed and a pause take effect from the present instant on, so the time is
/// continuous; and it never goes back, even when the clock below does.
#[derive(Clone)]
pub struct ScaledClock {
    base: SharedClock,
    state: Arc<Mutex<State>>,
}

#[derive(Clone, Debug)]
struct State {
    /// The instant of the clock below at which the present speed began.
    since_base: Timestamp,
    /// City time at that instant.
    since_city: Timestamp,
    speed: f64,
    paused: bool,
    /// The latest city time that was told.
    told: Timestamp,
}

impl State {
    fn now(&mut self, base: Timestamp) -> Timestamp {
        if !self.paused {
            let passed = base.ms_since(self.since_base) as f64 * self.speed;
            let at = self.since_city.plus_ms(passed.floor() as i64);
            self.told = self.told.max(at);
        }
        self.told
    }

    /// Starts a new stretch of even speed at the present instant.
    fn anchor(&mut self, base: Timestamp) {
        self.since_city = self.now(base);
        self.since_base = base;
    }
}

impl ScaledClock {
    /// A clock that shows `start` now and runs at `speed` times `base`.
    ///
    /// # Errors
    /// [`ClockError::Speed`] when the speed is not between [`SPEED_MIN`] and [`SPEED_MAX`].
    pub fn new(base: SharedClock, start: Timestamp, speed: f64) -> Result<Self, ClockError> {
        let speed = checked(speed)?;
        let since_base = base.now();
        let state = State {
            since_base,
            since_city: start,
            speed,
            paused: false,
            told: start,
        };
        Ok(Self {
            base,
            state: Arc::new(Mutex::new(state)),
        })
    }

    /// Runs at another speed from now on; a paused clock stays paused.
    ///
    /// # Errors
    /// [`ClockError::Speed`] when the speed is not between [`SPEED_MIN`] and [`SPEED_MAX`].
    pub fn set_speed(&self, speed: f64) -> Result<(), ClockError> {
        let speed = checked(speed)?;
        let mut state = self.state.lock();
        state.anchor(self.base.now());
        state.speed = speed;
        Ok(())
    }

    /// Stands still from now on.
    pub fn pause(&self) {
        let mut state = self.state.lock();
        state.anchor(self.base.now());
        state.paused = true;
    }

    /// Runs on from where it stood.
    pub fn resume(&self) {
        let mut state = self.state.lock();
        state.anchor(self.base.now());
        state.paused = false;
    }

    /// The speed at which it runs, or will run once it is resumed.
    #[must_use]
    pub fn speed(&self) -> f64 {
        self.state.lock().speed
    }

    /// Whether it stands still.
    #[must_use]
    pub fn paused(&self) -> bool {
        self.state.lock().paused
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> Timestamp {
        // The lock is taken first: two readers then see the base in the order in which they tell.
        let mut state = self.state.lock();
        let base = self.base.now();
        state.now(base)
    }
}

fn checked(speed: f64) -> Result<f64, ClockError> {
    if (SPEED_MIN..=SPEED_MAX).contains(&speed) {
        Ok(speed)
    } else {
        Err(ClockError::Speed {
            given: speed,
            min: SPEED_MIN,
            max: SPEED_MAX,
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::ManualClock;
    use proptest::prelude::*;

    fn city(speed: f64) -> (ManualClock, ScaledClock) {
        let base = ManualClock::new(Timestamp(1_000));
        let city = ScaledClock::new(Arc::new(base.clone()), Timestamp(50_000), speed).unwrap();
        (base, city)
    }

    #[test]
    fn runs_at_its_speed_and_is_continuous_across_changes() {
        let (base, city) = city(10.0);
        base.advance(100);
        assert_eq!(city.now(), Timestamp(51_000));
        city.set_speed(1.0).unwrap();
        assert_eq!(city.now(), Timestamp(51_000));
        base.advance(100);
        assert_eq!(city.now(), Timestamp(51_100));
    }

    #[test]
    fn a_pause_keeps_the_time_and_the_speed() {
        let (base, city) = city(2.0);
        base.advance(10);
        city.pause();
        base.advance(1_000);
        assert!(city.paused());
        assert_eq!(city.now(), Timestamp(50_020));
        city.set_speed(4.0).unwrap();
        assert!(city.paused());
        base.advance(1_000);
        city.resume();
        base.advance(10);
        assert_eq!((city.now(), city.speed()), (Timestamp(50_060), 4.0));
    }

    #[test]
    fn refuses_speeds_at_which_no_city_runs() {
        let (_, city) = city(1.0);
        for speed in [0.0, 0.09, 601.0, -1.0, f64::NAN, f64::INFINITY] {
            assert!(city.set_speed(speed).is_err(), "{speed}");
        }
        assert_eq!(city.speed(), 1.0);
    }

    proptest! {
        #[test]
        fn never_goes_back(steps in proptest::collection::vec((0u8..4, -50i64..500, 0.1f64..600.0), 1..60)) {
            let (base, city) = city(1.0);
            let mut last = city.now();
            for (what, ms, speed) in steps {
                base.advance(ms);
                match what {
                    0 => city.set_speed(speed).unwrap(),
                    1 => city.pause(),
                    2 => city.resume(),
                    _ => {}
                }
                let now = city.now();
                prop_assert!(now >= last);
                last = now;
            }
        }
    }
}
