//! What can be wrong with an amount.

use crate::Currency;

/// A refusal of this crate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// A text that is no currency code.
    #[error("{text:?} is not a currency; give the three capital letters of ISO 4217, such as USD")]
    Currency {
        /// The text as it was given.
        text: String,
    },
    /// Two currencies in one calculation.
    #[error("{left} and {right} cannot be calculated together; convert one of them first")]
    Mixed {
        /// The currency of the first amount.
        left: Currency,
        /// The currency of the second amount.
        right: Currency,
    },
    /// The result does not fit.
    #[error("the amount is larger than 64 bits of minor units can hold")]
    Overflow,
    /// A ratio with zero below the line.
    #[error("a ratio needs a denominator other than zero")]
    ZeroDenominator,
    /// Nothing to split over.
    #[error("a split needs at least one weight above zero")]
    NoWeights,
    /// A text that is no amount.
    #[error(
        "{text:?} is not an amount; write it such as \"12.34 USD\", with no more digits than the currency has"
    )]
    Amount {
        /// The text as it was given.
        text: String,
    },
}
