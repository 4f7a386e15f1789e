//! Identifiers: a UUID v7 with a prefix that names its kind, sixteen bytes in memory.

use std::fmt;
use std::str::FromStr;

use doorstep_clock::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::{NoContext, Uuid};

/// A text that is not an identifier of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {kind} id: write `{prefix}` and 32 lower-case hex digits")]
pub struct IdError {
    /// What was wanted, with its article: "an order".
    pub kind: &'static str,
    /// The prefix such ids have.
    pub prefix: &'static str,
    /// The text that was given, shortened to 64 characters.
    pub given: String,
}

fn parse(kind: &'static str, prefix: &'static str, text: &str) -> Result<Uuid, IdError> {
    let refused = || IdError { kind, prefix, given: text.chars().take(64).collect() };
    let hex = text.strip_prefix(prefix).ok_or_else(refused)?;
    let canonical = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !canonical {
        return Err(refused());
    }
    Uuid::try_parse(hex).map_err(|_| refused())
}

/// Ids sort by the time they were made: the city's time, so that pages follow what riders saw.
fn generate(now: Timestamp) -> Uuid {
    let ms = u64::try_from(now.millis()).unwrap_or(0);
    let nanos = u32::try_from(ms % 1_000).unwrap_or(0) * 1_000_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, ms / 1_000, nanos))
}

macro_rules! id {
    ($name:ident, $prefix:literal, $kind:literal, $doc:literal) => {
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// The prefix of the text form.
            pub const PREFIX: &'static str = $prefix;

            /// A new id that sorts by `now`.
            #[must_use]
            pub fn generate(now: Timestamp) -> Self {
                Self(generate(now))
            }

            /// Sorts before every id that was made at `now` or later.
            #[must_use]
            pub fn first_of(now: Timestamp) -> Self {
                let ms = u128::try_from(now.millis()).unwrap_or(0);
                Self(Uuid::from_u128(ms << 80))
            }

            /// Reads the text form.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                parse($kind, $prefix, text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}{}", $prefix, self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::parse(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
                out.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(from)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

id!(OrderId, "ord_", "an order", "Names an order.");
id!(DriverId, "drv_", "a driver", "Names a driver.");
id!(QuoteId, "quo_", "a quote", "Names a quote.");

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_text_form_comes_back() {
        let id = OrderId::generate(Timestamp::from_millis(1_384_790_400_000));
        assert_eq!(OrderId::parse(&id.to_string()).unwrap(), id);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<OrderId>(&json).unwrap(), id);
    }

    #[test]
    fn ids_sort_by_city_time() {
        let earlier = OrderId::generate(Timestamp::from_millis(1_000));
        let later = OrderId::generate(Timestamp::from_millis(1_001));
        assert!(earlier < later && earlier.to_string() < later.to_string());
        let first = OrderId::first_of(Timestamp::from_millis(1_001));
        assert!(earlier < first && first < later && first.to_string() < later.to_string());
    }

    #[test]
    fn another_kind_or_spelling_is_refused() {
        for bad in [
            "",
            "ord_",
            "drv_00000000000000000000000000000000",
            "ord_0000000000000000000000000000000G",
            "ord_0000000000000000000000000000000A",
            "ord_00000000-0000-0000-0000-00000000",
        ] {
            assert_eq!(OrderId::parse(bad).unwrap_err().kind, "an order", "{bad}");
        }
    }
}
