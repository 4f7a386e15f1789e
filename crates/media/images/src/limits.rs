//! How much a picture may cost, and the watch that is looked at between steps and inside of long loops.

use std::time::Duration;

use doorstep_clock::monotonic;

use crate::{ImageError, Limited};

/// How much may be spent on one picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the source.
    pub source_bytes: u64,
    /// Pixels of the source, width × height × frames that are used.
    pub source_pixels: u64,
    /// The longer side of the source.
    pub source_side: u32,
    /// Pixels of the result, and of every picture on the way to it, width × height × frames.
    pub result_pixels: u64,
    /// The longer side of the result.
    pub result_side: u32,
    /// Frames of an animation; the rest is dropped as the pipeline says.
    pub frames: u32,
    /// Bytes of memory that the work is estimated to take.
    pub memory_bytes: u64,
    /// Time for all of it.
    pub time: Duration,
}

impl Default for Limits {
    /// 40 MB, 100 megapixels and 30,000 a side in; 40 megapixels and 16,384 a side out; 512 MiB; 20 s.
    fn default() -> Self {
        Self {
            source_bytes: 40_000_000,
            source_pixels: 100_000_000,
            source_side: 30_000,
            result_pixels: 40_000_000,
            result_side: 16_384,
            frames: 1000,
            memory_bytes: 512 << 20,
            time: Duration::from_secs(20),
        }
    }
}

impl Limits {
    pub(crate) fn check(what: Limited, given: u64, allowed: u64) -> Result<(), ImageError> {
        if given <= allowed { Ok(()) } else { Err(ImageError::TooLarge { what, given, allowed }) }
    }
}

/// A running time limit.
#[derive(Clone, Debug)]
pub(crate) struct Watch {
    until: std::time::Instant,
    allowed: Duration,
}

impl Watch {
    /// Starts now.
    pub(crate) fn start(allowed: Duration) -> Self {
        let now = monotonic();
        Self { until: now.checked_add(allowed).unwrap_or(now), allowed }
    }

    /// An error once the time is over.
    pub(crate) fn check(&self) -> Result<(), ImageError> {
        if monotonic() < self.until { Ok(()) } else { Err(self.over()) }
    }

    /// What is left; an error when that is nothing.
    pub(crate) fn left(&self) -> Result<Duration, ImageError> {
        self.until.checked_duration_since(monotonic()).filter(|left| !left.is_zero()).ok_or_else(|| self.over())
    }

    pub(crate) fn over(&self) -> ImageError {
        ImageError::Deadline { allowed_ms: u64::try_from(self.allowed.as_millis()).unwrap_or(u64::MAX) }
    }
}
