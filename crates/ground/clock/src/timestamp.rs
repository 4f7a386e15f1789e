//! An instant in milliseconds since the Unix epoch, with one text form: RFC 3339 UTC.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ClockError;

/// An instant: milliseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// The instant so many milliseconds after the Unix epoch.
    #[must_use]
    pub const fn from_millis(ms: i64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the Unix epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The instant `ms` milliseconds later (earlier when negative); saturates at the ends.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this instant; negative when `earlier` is in fact later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads RFC 3339 with a zone (`Z` or an offset). Finer than a millisecond is cut off.
    ///
    /// # Errors
    /// [`ClockError::Malformed`] when the text is no such instant.
    pub fn parse(text: &str) -> Result<Self, ClockError> {
        let instant: jiff::Timestamp = text.parse().map_err(|e| malformed(text, &e))?;
        Ok(floor_ms(instant))
    }

    /// Reads a date and time without a zone, such as `2013-11-18T16:00:00`, and takes it as UTC.
    ///
    /// Recorded data often carries local times with no zone; replays only need their differences.
    ///
    /// # Errors
    /// [`ClockError::Malformed`] when the text is no date and time.
    pub fn parse_local_as_utc(text: &str) -> Result<Self, ClockError> {
        let civil: jiff::civil::DateTime = text.parse().map_err(|e| malformed(text, &e))?;
        let instant = jiff::tz::TimeZone::UTC
            .to_timestamp(civil)
            .map_err(|e| malformed(text, &e))?;
        Ok(floor_ms(instant))
    }
}

fn malformed(text: &str, reason: &jiff::Error) -> ClockError {
    ClockError::Malformed {
        text: text.to_owned(),
        reason: reason.to_string(),
    }
}

/// Rounds towards the past, so that instants before 1970 keep their order too.
fn floor_ms(instant: jiff::Timestamp) -> Timestamp {
    let ns = instant.as_nanosecond();
    let ms = ns.div_euclid(1_000_000);
    Timestamp(i64::try_from(ms).expect("invariant: a jiff instant fits in 64 bits of milliseconds"))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(instant) => write!(f, "{instant:.3}"),
            // Outside the years -9999..=9999 there is no RFC 3339; such values are sentinels.
            Err(_) => write!(f, "{}ms", self.0),
        }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Timestamp;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a time in RFC 3339 such as 2013-11-18T16:00:00.000Z")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Timestamp, E> {
                Timestamp::parse(text).map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Visitor)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn prints_milliseconds_always() {
        assert_eq!(Timestamp(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(
            Timestamp(1_384_790_400_001).to_string(),
            "2013-11-18T16:00:00.001Z"
        );
        assert_eq!(Timestamp(-1).to_string(), "1969-12-31T23:59:59.999Z");
    }

    #[test]
    fn reads_offsets_and_cuts_what_is_finer() {
        let noon = Timestamp::parse("2013-11-18T16:00:00Z").unwrap();
        assert_eq!(Timestamp::parse("2013-11-18T11:00:00-05:00").unwrap(), noon);
        assert_eq!(
            Timestamp::parse("2013-11-18T16:00:00.0019Z").unwrap(),
            noon.plus_ms(1)
        );
        assert_eq!(
            Timestamp::parse_local_as_utc("2013-11-18T16:00:00").unwrap(),
            noon
        );
        assert_eq!(
            Timestamp::parse_local_as_utc("2013-11-18 16:00:00").unwrap(),
            noon
        );
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in [
            "",
            "yesterday",
            "2013-11-18",
            "2013-02-30T00:00:00Z",
            "2013-11-18T16:00:00",
        ] {
            let refusal = Timestamp::parse(text).unwrap_err();
            assert!(refusal.to_string().contains("RFC 3339"), "{refusal}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp(i64::MAX).plus_ms(1), Timestamp(i64::MAX));
        assert_eq!(Timestamp(i64::MAX).ms_since(Timestamp(i64::MIN)), i64::MAX);
        assert_eq!(Timestamp(i64::MAX).to_string(), "9223372036854775807ms");
    }

    proptest! {
        #[test]
        fn text_and_json_round_trip(ms in -60_000_000_000_000i64..250_000_000_000_000) {
            let at = Timestamp(ms);
            prop_assert_eq!(Timestamp::parse(&at.to_string()).unwrap(), at);
            let json = serde_json::to_string(&at).unwrap();
            prop_assert_eq!(serde_json::from_str::<Timestamp>(&json).unwrap(), at);
        }
    }
}
