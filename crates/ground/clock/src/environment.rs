//! All outside influence on a decision in one value: the clock and the seed.

use std::fmt;
use std::sync::Arc;

use crate::{ManualClock, SeededRng, SharedClock, SystemClock, Timestamp};

/// What a decision may depend on beside its inputs.
#[derive(Clone)]
pub struct Environment {
    /// Who tells the time.
    pub clock: SharedClock,
    /// The seed of all random streams.
    pub seed: u64,
}

impl Environment {
    /// The environment of a running process: the wall clock and a given seed.
    #[must_use]
    pub fn system(seed: u64) -> Self {
        Self {
            clock: Arc::new(SystemClock),
            seed,
        }
    }

    /// An environment whose time stands still until the returned clock is moved.
    #[must_use]
    pub fn manual(at: Timestamp, seed: u64) -> (Self, ManualClock) {
        let clock = ManualClock::new(at);
        (
            Self {
                clock: Arc::new(clock.clone()),
                seed,
            },
            clock,
        )
    }

    /// The present instant.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The random stream of this name, from its beginning.
    #[must_use]
    pub fn rng(&self, stream: &str) -> SeededRng {
        SeededRng::new(self.seed, stream)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("now", &self.now())
            .field("seed", &self.seed)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn the_same_environment_gives_the_same_numbers() {
        let (env, clock) = Environment::manual(Timestamp(3), 9);
        clock.advance(4);
        assert_eq!(env.now(), Timestamp(7));
        assert_eq!(env.rng("x").next_u64(), env.rng("x").next_u64());
    }
}
