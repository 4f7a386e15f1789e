//! Amounts of money in whole minor units: nothing here ever rounds silently.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Currency, MoneyError, Rounding};

/// An amount: whole minor units (cents) of a currency. May be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    /// Minor units: cents of a dollar, whole yen.
    pub minor: i64,
    /// Of what.
    pub currency: Currency,
}

impl Money {
    /// `minor` units of `currency`.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] for two currencies, [`MoneyError::TooLarge`] past the range.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_add)
    }

    /// The difference.
    ///
    /// # Errors
    /// As [`Self::checked_add`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.with(other, i64::checked_sub)
    }

    fn with(self, other: Self, op: fn(i64, i64) -> Option<i64>) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        let minor = op(self.minor, other.minor).ok_or(MoneyError::TooLarge)?;
        Ok(Self { minor, ..self })
    }

    /// The sum of `amounts`, all of `currency`.
    ///
    /// # Errors
    /// As [`Self::checked_add`].
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    /// The amount times `num / den`, rounded as told.
    ///
    /// # Errors
    /// [`MoneyError::DividedByZero`] or [`MoneyError::TooLarge`].
    pub fn mul_ratio(self, num: i64, den: i64, rounding: Rounding) -> Result<Self, MoneyError> {
        if den == 0 {
            return Err(MoneyError::DividedByZero);
        }
        let minor = rounding.divide(i128::from(self.minor) * i128::from(num), i128::from(den));
        Ok(Self { minor: i64::try_from(minor).map_err(|_| MoneyError::TooLarge)?, ..self })
    }

    /// Splits the amount by `weights` into parts that always sum to the whole; what does not divide evenly
    /// goes to the largest remainders, earlier parts first (Hamilton's method).
    ///
    /// # Errors
    /// [`MoneyError::NoWeights`] when all weights are zero or there are none.
    pub fn split(self, weights: &[u32]) -> Result<Vec<Self>, MoneyError> {
        let total: i128 = weights.iter().map(|w| i128::from(*w)).sum();
        if total == 0 {
            return Err(MoneyError::NoWeights);
        }
        let whole = i128::from(self.minor);
        let mut parts: Vec<i64> = Vec::with_capacity(weights.len());
        let mut remainders: Vec<(i128, usize)> = Vec::with_capacity(weights.len());
        for (ix, weight) in weights.iter().enumerate() {
            let exact = whole * i128::from(*weight);
            // A share of an i64 by weights of at most the total fits into an i64.
            parts.push(i64::try_from(exact.div_euclid(total)).map_err(|_| MoneyError::TooLarge)?);
            remainders.push((-exact.rem_euclid(total), ix));
        }
        let left = whole - parts.iter().map(|p| i128::from(*p)).sum::<i128>();
        remainders.sort_unstable();
        for (_, ix) in remainders.into_iter().take(usize::try_from(left).unwrap_or(0)) {
            parts[ix] += 1;
        }
        Ok(parts.into_iter().map(|minor| Self { minor, ..self }).collect())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits();
        let unit = 10_u64.pow(digits);
        let (sign, minor) = (if self.minor < 0 { "-" } else { "" }, self.minor.unsigned_abs());
        if digits == 0 {
            return write!(f, "{sign}{minor} {}", self.currency);
        }
        write!(f, "{sign}{}.{:0width$} {}", minor / unit, minor % unit, self.currency, width = digits as usize)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    #[test]
    fn amounts_read_well() {
        assert_eq!(usd(1234).to_string(), "12.34 USD");
        assert_eq!(usd(-5).to_string(), "-0.05 USD");
        assert_eq!(Money::new(700, "JPY".parse().unwrap()).to_string(), "700 JPY");
        assert_eq!(serde_json::to_string(&usd(1234)).unwrap(), r#"{"minor":1234,"currency":"USD"}"#);
        assert!(serde_json::from_str::<Money>(r#"{"minor":1,"currency":"usd"}"#).is_err());
    }

    #[test]
    fn currencies_do_not_mix() {
        let euro = Money::new(1, Currency::EUR);
        assert_eq!(usd(1).checked_add(euro), Err(MoneyError::Mixed(Currency::USD, Currency::EUR)));
        assert_eq!(usd(i64::MAX).checked_add(usd(1)), Err(MoneyError::TooLarge));
        assert_eq!(usd(1).mul_ratio(1, 0, Rounding::HalfEven), Err(MoneyError::DividedByZero));
        assert_eq!(usd(1).split(&[0, 0]), Err(MoneyError::NoWeights));
    }

    proptest! {
        #[test]
        fn parts_always_sum_to_the_whole(minor in any::<i64>(), weights in proptest::collection::vec(0_u32.., 1..9)) {
            prop_assume!(weights.iter().any(|w| *w > 0));
            let parts = usd(minor).split(&weights).unwrap();
            let total: i128 = parts.iter().map(|p| i128::from(p.minor)).sum();
            prop_assert_eq!(total, i128::from(minor));
            for (part, weight) in parts.iter().zip(&weights) {
                if *weight == 0 { prop_assert_eq!(part.minor, 0); }
            }
        }
    }
}
