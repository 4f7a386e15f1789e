//! The city's clock: the wall's, or a demo's that can be scaled and paused.

use std::sync::Arc;

use doorstep_clock::{ScaledClock, SharedClock, Timestamp};

use crate::live::error::LiveError;

/// What time it is in the city.
#[derive(Clone)]
pub enum CityClock {
    /// Real time; nobody can change it.
    Real(SharedClock),
    /// City time of a demo.
    Demo(Arc<ScaledClock>),
}

impl CityClock {
    /// The city's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::Real(clock) => clock.now(),
            Self::Demo(clock) => doorstep_clock::Clock::now(clock.as_ref()),
        }
    }

    /// City seconds per wall second while it runs.
    #[must_use]
    pub fn speed(&self) -> f64 {
        match self {
            Self::Real(_) => 1.0,
            Self::Demo(clock) => clock.speed(),
        }
    }

    /// Whether it stands still.
    #[must_use]
    pub fn paused(&self) -> bool {
        match self {
            Self::Real(_) => false,
            Self::Demo(clock) => clock.paused(),
        }
    }

    /// Whether [`CityClock::set`] works.
    #[must_use]
    pub fn controllable(&self) -> bool {
        matches!(self, Self::Demo(_))
    }

    /// Changes speed, pause, or both. City time goes on from where it is.
    pub fn set(&self, speed: Option<f64>, paused: Option<bool>) -> Result<(), LiveError> {
        let Self::Demo(clock) = self else {
            return Err(LiveError::ClockNotControllable);
        };
        if let Some(speed) = speed {
            if !(ScaledClock::MIN_SPEED..=ScaledClock::MAX_SPEED).contains(&speed) {
                return Err(LiveError::Config {
                    field: "speed",
                    value: speed,
                    least: ScaledClock::MIN_SPEED,
                    most: ScaledClock::MAX_SPEED,
                });
            }
            clock.set_speed(speed);
        }
        match paused {
            Some(true) => clock.pause(),
            Some(false) => clock.resume(),
            None => {}
        }
        Ok(())
    }
}
