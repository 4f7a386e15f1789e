//! Amounts in minor units, currencies and rounding.
//!
//! *Invariant*: no floating point. An amount is a whole number of minor units; whatever does not come out
//! even is rounded by a rule that the caller names. What is smaller than a minor unit is kept exactly as
//! [`FineMoney`] until it is rounded once.

mod amount;
mod currency;
mod error;
mod fine;
mod rounding;

pub use amount::Money;
pub use currency::Currency;
pub use error::MoneyError;
pub use fine::FineMoney;
pub use rounding::Rounding;
