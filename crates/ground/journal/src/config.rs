//! Sizes and promises of a journal.

use std::time::Duration;

use crate::JournalError;

/// The largest segment size allowed: frames remember offsets in 32 bits.
const MAX_SEGMENT_BYTES: u64 = 1 << 30;
const MIN_SEGMENT_BYTES: u64 = 4 << 10;

/// How a journal keeps its files.
#[derive(Clone, Debug)]
pub struct Options {
    /// A segment is closed once it reaches this size, bytes; 4 KiB to 1 GiB, default 64 MiB.
    pub segment_bytes: u64,
    /// The most a stream's closed segments may hold, bytes; default unlimited.
    pub retention_bytes: Option<u64>,
    /// How long closed segments are kept by the journal's clock; default for ever.
    pub retention_age: Option<Duration>,
    /// Whether segments a known consumer has not read yet outlive the two limits above;
    /// default yes. A consumer given up must then be [removed](crate::Consumer::remove).
    pub hold_for_consumers: bool,
    /// Whether answers wait for the disk; default yes. Without it a power cut may lose the
    /// latest records; a killed process still loses none.
    pub fsync: bool,
    /// How many of a stream's latest records are searched for a dedupe id; default 65,536.
    pub dedupe_window: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            segment_bytes: 64 << 20,
            retention_bytes: None,
            retention_age: None,
            hold_for_consumers: true,
            fsync: true,
            dedupe_window: 65_536,
        }
    }
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), JournalError> {
        if !(MIN_SEGMENT_BYTES..=MAX_SEGMENT_BYTES).contains(&self.segment_bytes) {
            return Err(JournalError::Option {
                field: "segment_bytes",
                reason: format!("{} is outside {MIN_SEGMENT_BYTES}..={MAX_SEGMENT_BYTES}", self.segment_bytes),
            });
        }
        Ok(())
    }
}
