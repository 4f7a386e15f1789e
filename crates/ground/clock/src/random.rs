//! Seeded randomness: independent named streams from one seed, the same on every machine and release.

use std::convert::Infallible;

use rand::SeedableRng as _;
use rand::TryRng;
use rand_chacha::ChaCha8Rng;

use crate::SharedClock;

/// A stream of random numbers that is wholly given by its seed and its name (ChaCha with 8 rounds).
#[derive(Clone, Debug)]
pub struct SeededRng(ChaCha8Rng);

impl SeededRng {
    /// The stream named `stream` of `seed`. Streams of different names are independent.
    #[must_use]
    pub fn new(seed: u64, stream: &str) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        // FNV-1a: stable across releases and machines, which std's hashers do not promise.
        let name =
            stream.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
        rng.set_stream(name);
        Self(rng)
    }
}

impl TryRng for SeededRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(dst)
    }
}

/// Everything from outside that a decision may depend on besides its inputs.
#[derive(Clone)]
pub struct Environment {
    /// Tells the time.
    pub clock: SharedClock,
    /// Gives the randomness.
    pub seed: u64,
}

impl Environment {
    /// The random stream named `stream`.
    #[must_use]
    pub fn rng(&self, stream: &str) -> SeededRng {
        SeededRng::new(self.seed, stream)
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment").field("seed", &self.seed).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt as _;

    use super::*;

    #[test]
    fn streams_repeat_and_differ() {
        let draw = |seed, name| -> [u32; 4] { SeededRng::new(seed, name).random() };
        assert_eq!(draw(1, "fleet"), draw(1, "fleet"));
        assert_ne!(draw(1, "fleet"), draw(1, "trips"));
        assert_ne!(draw(1, "fleet"), draw(2, "fleet"));
    }
}
