//! What can be wrong with a time.

/// What can be wrong with a time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// A text that is not a moment.
    #[error("`{text}` is not a time: write it like {example}")]
    NotATime {
        /// What stood there (cut after 64 characters).
        text: String,
        /// How it should look.
        example: &'static str,
    },
}

impl ClockError {
    pub(crate) fn not_a_time(text: &str, example: &'static str) -> Self {
        Self::NotATime { text: text.chars().take(64).collect(), example }
    }
}
