//! What can be wrong with a time or a speed.

/// A refusal of this crate; each says what was given and what would be accepted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ClockError {
    /// A text that is no instant.
    #[error(
        "{text:?} is not a time: {reason}; write RFC 3339 in UTC such as 2013-11-18T16:00:00.000Z"
    )]
    Malformed {
        /// The text as it was given.
        text: String,
        /// What the parser stumbled over.
        reason: String,
    },
    /// A speed at which city time cannot run.
    #[error("speed {given} is out of range; give a number from {min} to {max}")]
    Speed {
        /// The speed as it was given.
        given: f64,
        /// The slowest speed accepted.
        min: f64,
        /// The fastest speed accepted.
        max: f64,
    },
    /// The operating system gave no random bytes.
    #[error("the operating system gave no random bytes: {reason}")]
    Entropy {
        /// The system's words.
        reason: String,
    },
}
