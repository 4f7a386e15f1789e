//! What can go wrong with money.

use crate::Currency;

/// What can go wrong with money.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies in one sum.
    #[error("{0} and {1} cannot be added: convert one first")]
    Mixed(Currency, Currency),
    /// Past the range of an amount.
    #[error("the amount is too large")]
    TooLarge,
    /// A ratio over zero.
    #[error("a ratio cannot have zero below the line")]
    DividedByZero,
    /// Nothing to split by.
    #[error("at least one weight must be above zero")]
    NoWeights,
    /// A text that is no plain decimal.
    #[error("`{0}` is no amount: write a plain decimal with at most nine digits behind the point, like 0.0004")]
    NotADecimal(String),
    /// A text that is no currency.
    #[error("`{0}` is not a currency: write its ISO 4217 code in capitals, like USD or CNY")]
    NotACurrency(String),
}
