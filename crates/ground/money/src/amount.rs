//! An amount of money: whole minor units of one currency.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::{Currency, MoneyError, Rounding};

/// Whole minor units (cents, fen) of one currency; may be negative.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

impl Money {
    /// So many minor units.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// Nothing of this currency.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Whole minor units.
    #[must_use]
    pub const fn minor(&self) -> i64 {
        self.minor
    }

    /// The currency.
    #[must_use]
    pub const fn currency(&self) -> Currency {
        self.currency
    }

    /// Whether it is nothing.
    #[must_use]
    pub const fn is_zero(&self) -> bool {
        self.minor == 0
    }

    /// The sum of both.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] for different currencies, [`MoneyError::Overflow`] when it does not fit.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        self.with(self.minor.checked_add(other.minor))
    }

    /// This less the other.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] for different currencies, [`MoneyError::Overflow`] when it does not fit.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        self.with(self.minor.checked_sub(other.minor))
    }

    /// This times `num / den`, rounded once, at the end. The product is exact before that.
    ///
    /// # Errors
    /// [`MoneyError::ZeroDenominator`], or [`MoneyError::Overflow`] when the result does not fit.
    pub fn mul_ratio(self, num: i64, den: i64, rounding: Rounding) -> Result<Self, MoneyError> {
        if den == 0 {
            return Err(MoneyError::ZeroDenominator);
        }
        let exact = i128::from(self.minor) * i128::from(num);
        self.with(i64::try_from(rounding.divide(exact, i128::from(den))).ok())
    }

    /// The sum of many; zero of `currency` when there are none.
    ///
    /// # Errors
    /// As [`Money::checked_add`].
    pub fn sum(
        currency: Currency,
        amounts: impl IntoIterator<Item = Self>,
    ) -> Result<Self, MoneyError> {
        amounts
            .into_iter()
            .try_fold(Self::zero(currency), Self::checked_add)
    }

    /// The larger of both.
    ///
    /// # Errors
    /// [`MoneyError::Mixed`] for different currencies.
    pub fn max(self, other: Self) -> Result<Self, MoneyError> {
        self.same(other)?;
        Ok(if self.minor >= other.minor {
            self
        } else {
            other
        })
    }

    fn same(self, other: Self) -> Result<(), MoneyError> {
        if self.currency == other.currency {
            Ok(())
        } else {
            Err(MoneyError::Mixed {
                left: self.currency,
                right: other.currency,
            })
        }
    }

    fn with(self, minor: Option<i64>) -> Result<Self, MoneyError> {
        Ok(Self::new(minor.ok_or(MoneyError::Overflow)?, self.currency))
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.currency.minor_digits() as usize;
        let sign = if self.minor < 0 { "-" } else { "" };
        let minor = self.minor.unsigned_abs();
        let unit = self.currency.minor_per_major().unsigned_abs();
        if digits == 0 {
            write!(f, "{sign}{minor} {}", self.currency)
        } else {
            write!(
                f,
                "{sign}{}.{:0digits$} {}",
                minor / unit,
                minor % unit,
                self.currency
            )
        }
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    /// Reads what [`Display`](fmt::Display) writes; fewer decimal digits than the currency has are filled.
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let refuse = || MoneyError::Amount {
            text: text.to_owned(),
        };
        let (number, code) = text.split_once(' ').ok_or_else(refuse)?;
        let currency = Currency::parse(code)?;
        let digits = currency.minor_digits() as usize;
        let (sign, number) = number
            .strip_prefix('-')
            .map_or(("", number), |rest| ("-", rest));
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let plain = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        let dangling = number.contains('.') && part.is_empty();
        if whole.is_empty() || dangling || part.len() > digits || !plain(whole) || !plain(part) {
            return Err(refuse());
        }
        let minor = format!("{sign}{whole}{part:0<digits$}")
            .parse()
            .map_err(|_| MoneyError::Overflow)?;
        Ok(Self::new(minor, currency))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn usd(minor: i64) -> Money {
        Money::new(minor, Currency::USD)
    }

    #[test]
    fn prints_and_reads_with_the_digits_of_the_currency() {
        for (money, text) in [
            (usd(1234), "12.34 USD"),
            (usd(-5), "-0.05 USD"),
            (Money::new(1234, Currency::JPY), "1234 JPY"),
            (usd(i64::MIN), "-92233720368547758.08 USD"),
        ] {
            assert_eq!(money.to_string(), text);
            assert_eq!(text.parse::<Money>().unwrap(), money);
        }
        assert_eq!("7.5 USD".parse::<Money>().unwrap(), usd(750));
        for text in [
            "12.345 USD",
            "12. USD",
            "1.5 JPY",
            "x USD",
            "+1 USD",
            "1,000 USD",
            "5",
            "--1 USD",
        ] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    #[test]
    fn json_is_minor_units_and_a_code() {
        let json = serde_json::to_string(&usd(1234)).unwrap();
        assert_eq!(json, r#"{"minor":1234,"currency":"USD"}"#);
        assert_eq!(serde_json::from_str::<Money>(&json).unwrap(), usd(1234));
        assert!(serde_json::from_str::<Money>(r#"{"minor":1.5,"currency":"USD"}"#).is_err());
    }

    #[test]
    fn refuses_to_mix_and_to_overflow() {
        let yuan = Money::new(1, Currency::CNY);
        assert!(matches!(
            usd(1).checked_add(yuan),
            Err(MoneyError::Mixed { .. })
        ));
        assert!(matches!(usd(1).max(yuan), Err(MoneyError::Mixed { .. })));
        assert_eq!(usd(i64::MAX).checked_add(usd(1)), Err(MoneyError::Overflow));
        assert_eq!(usd(i64::MIN).checked_sub(usd(1)), Err(MoneyError::Overflow));
        assert_eq!(
            usd(i64::MAX).mul_ratio(2, 1, Rounding::Down),
            Err(MoneyError::Overflow)
        );
        assert_eq!(
            usd(1).mul_ratio(1, 0, Rounding::Down),
            Err(MoneyError::ZeroDenominator)
        );
        assert_eq!(Money::sum(Currency::USD, [usd(1), usd(2)]).unwrap(), usd(3));
    }

    proptest! {
        #[test]
        fn text_round_trips(minor: i64, code in "[A-Z]{3}") {
            let money = Money::new(minor, Currency::parse(&code).unwrap());
            prop_assert_eq!(money.to_string().parse::<Money>().unwrap(), money);
        }

        #[test]
        fn rounding_is_less_than_one_unit_off(minor in -1_000_000_000i64..1_000_000_000, num in -1_000_000i64..1_000_000, den in 1i64..1_000_000) {
            let exact = i128::from(minor) * i128::from(num);
            for rule in [Rounding::Down, Rounding::Up, Rounding::HalfUp, Rounding::HalfEven] {
                let got = i128::from(usd(minor).mul_ratio(num, den, rule).unwrap().minor()) * i128::from(den);
                let off = (got - exact).abs();
                prop_assert!(off < i128::from(den));
                if matches!(rule, Rounding::HalfUp | Rounding::HalfEven) {
                    prop_assert!(2 * off <= i128::from(den));
                }
            }
        }
    }
}
