//! Amounts finer than a minor unit: what one request costs, exactly.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Currency, Money, MoneyError, Rounding};

/// Billionths of a major unit that one is made of.
const NANOS: i64 = 1_000_000_000;
/// Digits behind the point.
const DIGITS: usize = 9;

/// An exact amount in billionths of a currency's major unit (a nano-dollar, a nano-yen). What is made of many tiny
/// parts is added up in it, and rounded to [`Money`] once, at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FineMoney {
    /// Billionths of a major unit.
    pub nanos: i64,
    /// Of what.
    pub currency: Currency,
}

impl FineMoney {
    /// `nanos` billionths of one `currency`.
    #[must_use]
    pub const fn new(nanos: i64, currency: Currency) -> Self {
        Self { nanos, currency }
    }

    /// Nothing, in `currency`.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Reads a plain decimal like `0.0004` or `12`: no sign, no exponent, at most nine digits behind the point.
    ///
    /// # Errors
    /// [`MoneyError::NotADecimal`] for any other text, [`MoneyError::TooLarge`] past the range.
    pub fn parse(text: &str, currency: Currency) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::NotADecimal(text.chars().take(40).collect());
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.len() > DIGITS {
            return Err(wrong());
        }
        let whole: i64 = whole.parse().map_err(|_| MoneyError::TooLarge)?;
        let part: i64 = format!("{part:0<DIGITS$}").parse().map_err(|_| wrong())?;
        let nanos = whole.checked_mul(NANOS).and_then(|nanos| nanos.checked_add(part)).ok_or(MoneyError::TooLarge)?;
        Ok(Self { nanos, currency })
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] for two currencies, [`MoneyError::TooLarge`] past the range.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::Mixed(self.currency, other.currency));
        }
        let nanos = self.nanos.checked_add(other.nanos).ok_or(MoneyError::TooLarge)?;
        Ok(Self { nanos, ..self })
    }

    /// The sum of `amounts`, all of `currency`.
    ///
    /// # Errors
    /// As [`Self::checked_add`].
    pub fn sum(currency: Currency, amounts: impl IntoIterator<Item = Self>) -> Result<Self, MoneyError> {
        amounts.into_iter().try_fold(Self::zero(currency), Self::checked_add)
    }

    /// In whole minor units, rounded as told.
    ///
    /// # Panics
    /// Never: no currency has more than nine digits behind the point.
    #[must_use]
    pub fn round(self, rounding: Rounding) -> Money {
        let per_minor = i128::from(NANOS / 10_i64.pow(self.currency.minor_digits()));
        let minor = rounding.divide(i128::from(self.nanos), per_minor);
        Money::new(i64::try_from(minor).expect("minor units are fewer than nanos"), self.currency)
    }

    /// The amount as a plain decimal, all digits that count and at least those of the minor unit: `0.0004`, `12.00`.
    #[must_use]
    pub fn decimal(self) -> String {
        let (sign, nanos) = (if self.nanos < 0 { "-" } else { "" }, self.nanos.unsigned_abs());
        let (whole, part) = (nanos / NANOS.unsigned_abs(), nanos % NANOS.unsigned_abs());
        let part = format!("{part:0DIGITS$}");
        let shown = part.trim_end_matches('0').len().max(self.currency.minor_digits() as usize);
        if shown == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{}", &part[..shown]) }
    }
}

impl fmt::Display for FineMoney {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.decimal(), self.currency)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_read_exactly_or_not_at_all() {
        for (text, nanos) in [("0.0004", 400_000), ("12", 12 * NANOS), ("0.000000001", 1), ("1.50", 1_500_000_000)] {
            assert_eq!(FineMoney::parse(text, Currency::USD).unwrap().nanos, nanos, "{text}");
        }
        for bad in ["", ".5", "5.", "-1", "+1", "1e3", "0.0000000001", "1,5", " 1", "NaN", "0x1"] {
            assert!(matches!(FineMoney::parse(bad, Currency::USD), Err(MoneyError::NotADecimal(_))), "{bad}");
        }
        assert_eq!(FineMoney::parse("99999999999", Currency::USD), Err(MoneyError::TooLarge));
    }

    #[test]
    fn amounts_read_well_and_round_by_name() {
        let usd = |nanos| FineMoney::new(nanos, Currency::USD);
        assert_eq!(usd(400_000).to_string(), "0.0004 USD");
        assert_eq!(usd(12 * NANOS).to_string(), "12.00 USD");
        assert_eq!(usd(-1).to_string(), "-0.000000001 USD");
        assert_eq!(FineMoney::new(NANOS, "JPY".parse().unwrap()).to_string(), "1 JPY");
        assert_eq!(usd(15_000_000).round(Rounding::HalfEven), Money::new(2, Currency::USD));
        assert_eq!(usd(5_000_000).round(Rounding::HalfEven), Money::new(0, Currency::USD));
        assert_eq!(usd(5_000_000).round(Rounding::Up), Money::new(1, Currency::USD));
        assert!(usd(1).checked_add(FineMoney::new(1, Currency::EUR)).is_err());
    }

    proptest! {
        #[test]
        fn text_and_back(nanos in 0..i64::MAX) {
            let amount = FineMoney::new(nanos, Currency::CNY);
            prop_assert_eq!(FineMoney::parse(&amount.decimal(), Currency::CNY).unwrap(), amount);
        }
    }
}
