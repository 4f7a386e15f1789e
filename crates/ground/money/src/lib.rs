//! Amounts in minor units, currencies and rounding. There is no floating point in this crate.
//!
//! Invariant: two amounts of different currencies never meet in one sum; nothing overflows
//! silently; parts of a split always add up to the whole.

mod amount;
mod currency;
mod error;
mod rounding;
mod split;

pub use amount::Money;
pub use currency::Currency;
pub use error::MoneyError;
pub use rounding::Rounding;
