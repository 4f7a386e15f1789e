//! What goes in and what comes out.

use bytes::Bytes;
use doorstep_clock::Timestamp;

use crate::JournalError;
use crate::frame::{MAX_PAYLOAD_BYTES, MAX_TEXT_BYTES};

/// A record to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRecord {
    /// The event's name; at most 65,535 bytes.
    pub kind: String,
    /// What it is about, such as an order id; at most 65,535 bytes.
    pub key: String,
    /// When it happened.
    pub at: Timestamp,
    /// The event itself; at most 16 MiB.
    pub payload: Bytes,
    /// A number that names this event for ever, such as its outbox row. While it is among the
    /// stream's latest records a second one with the same number is skipped.
    pub dedupe: Option<u64>,
}

impl NewRecord {
    pub(crate) fn check(&self) -> Result<(), JournalError> {
        let limits = [
            ("kind", self.kind.len(), MAX_TEXT_BYTES),
            ("key", self.key.len(), MAX_TEXT_BYTES),
            ("payload", self.payload.len(), MAX_PAYLOAD_BYTES),
        ];
        for (field, bytes, limit) in limits {
            if bytes > limit {
                return Err(JournalError::TooLarge { field, bytes, limit });
            }
        }
        Ok(())
    }
}

/// A stored record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its number in the stream, from 1 without gaps.
    pub seq: u64,
    /// The event's name.
    pub kind: String,
    /// What it is about.
    pub key: String,
    /// When it happened.
    pub at: Timestamp,
    /// The event itself.
    pub payload: Bytes,
}
