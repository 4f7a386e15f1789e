//! What can go wrong with reviews, each with its own variant: nobody has to read a message to know.

use doorstep_clock::Timestamp;
use doorstep_store::StoreError;

use super::review::{Moderation, Side};

/// Refusals and failures of reviews.
#[derive(Debug, thiserror::Error)]
pub enum RatingsError {
    /// There is no such review, or not yet for everybody.
    #[error("order {order} has no review by the {side} yet")]
    NotFound {
        /// Which order.
        order: String,
        /// Whose.
        side: Side,
    },
    /// The window is over.
    #[error("reviews of order {order} closed at {closed_at}: they are written within the window after the ride")]
    Closed {
        /// Which order.
        order: String,
        /// When.
        closed_at: Timestamp,
    },
    /// The review is revealed, so it stays as it is.
    #[error("the {side}'s review of order {order} is revealed: it can be appealed against but not changed")]
    Revealed {
        /// Which order.
        order: String,
        /// Whose.
        side: Side,
    },
    /// A moderation that cannot follow the present state.
    #[error("a review that is {from} cannot become {to}; possible: {possible}")]
    Illegal {
        /// What it is.
        from: Moderation,
        /// What was wanted.
        to: Moderation,
        /// What is possible.
        possible: &'static str,
    },
    /// A field has a value that cannot be.
    #[error("{field}: {reason}; {fix}")]
    InvalidField {
        /// JSON pointer into the request.
        field: String,
        /// What is wrong.
        reason: String,
        /// What to write instead.
        fix: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl RatingsError {
    /// A stable word for logs and the API.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Closed { .. } => "review_closed",
            Self::Revealed { .. } => "review_revealed",
            Self::Illegal { .. } => "illegal_transition",
            Self::InvalidField { .. } => "invalid_field",
            Self::Store(_) => "store",
        }
    }
}
