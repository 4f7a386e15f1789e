//! Currencies by their ISO 4217 code, and how many digits their minor unit has.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::MoneyError;

/// A currency: the three capital letters of ISO 4217.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// Codes whose minor unit has no digits, in alphabetical order.
const NO_DIGITS: [&str; 15] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF",
];
/// Codes whose minor unit has three digits.
const THREE_DIGITS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

impl Currency {
    /// US dollar.
    pub const USD: Self = Self(*b"USD");
    /// Chinese yuan.
    pub const CNY: Self = Self(*b"CNY");
    /// Euro.
    pub const EUR: Self = Self(*b"EUR");
    /// Japanese yen.
    pub const JPY: Self = Self(*b"JPY");

    /// Reads a code.
    ///
    /// # Errors
    /// [`MoneyError::Currency`] when the text is not three capital letters.
    pub fn parse(text: &str) -> Result<Self, MoneyError> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(MoneyError::Currency {
                text: text.to_owned(),
            }),
        }
    }

    /// The code.
    #[must_use]
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("invariant: a code is ASCII")
    }

    /// How many decimal digits the minor unit has: 2 for USD and CNY, 0 for JPY and KRW.
    #[must_use]
    pub fn minor_digits(&self) -> u32 {
        let code = self.code();
        if NO_DIGITS.contains(&code) {
            0
        } else if THREE_DIGITS.contains(&code) {
            3
        } else {
            2
        }
    }

    /// How many minor units make one major unit.
    #[must_use]
    pub fn minor_per_major(&self) -> i64 {
        10i64.pow(self.minor_digits())
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Currency {
    type Err = MoneyError;
    fn from_str(text: &str) -> Result<Self, MoneyError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;
    fn try_from(text: String) -> Result<Self, MoneyError> {
        Self::parse(&text)
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn knows_the_digits() {
        for (code, digits) in [("USD", 2), ("CNY", 2), ("JPY", 0), ("KRW", 0), ("KWD", 3)] {
            assert_eq!(
                Currency::parse(code).unwrap().minor_digits(),
                digits,
                "{code}"
            );
        }
        assert_eq!(Currency::JPY.minor_per_major(), 1);
    }

    #[test]
    fn refuses_what_is_no_code() {
        for text in ["", "usd", "US", "USDT", "U$D", "ÜS"] {
            assert!(Currency::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn is_a_string_in_json() {
        assert_eq!(serde_json::to_string(&Currency::CNY).unwrap(), "\"CNY\"");
        assert!(serde_json::from_str::<Currency>("\"cny\"").is_err());
    }
}
