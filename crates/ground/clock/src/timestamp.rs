//! A moment in time, in milliseconds since the Unix epoch.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::ClockError;

/// A moment: milliseconds since 1970-01-01T00:00:00Z. Written as RFC 3339 in UTC with milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From milliseconds since the epoch.
    #[must_use]
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    #[must_use]
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// This moment moved by `ms` milliseconds, held at the ends of the range.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    #[must_use]
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads an RFC 3339 moment with a zone, such as `2013-11-18T16:00:00-05:00`.
    ///
    /// # Errors
    /// [`ClockError::NotATime`] with the text and the form that is wanted.
    pub fn parse(text: &str) -> Result<Self, ClockError> {
        let moment: jiff::Timestamp = text.parse().map_err(|_| ClockError::not_a_time(text, "2013-11-18T21:00:00Z"))?;
        Ok(Self(moment.as_millisecond()))
    }

    /// Reads a moment without a zone, such as `2013-11-18T16:00:00`, as if its clock showed UTC. Recorded
    /// trips are written so; their own city's zone is the reader's matter.
    ///
    /// # Errors
    /// [`ClockError::NotATime`] with the text and the form that is wanted.
    pub fn parse_local_as_utc(text: &str) -> Result<Self, ClockError> {
        let wanted = || ClockError::not_a_time(text, "2013-11-18T16:00:00");
        let local: jiff::civil::DateTime = text.trim().parse().map_err(|_| wanted())?;
        let at = jiff::tz::TimeZone::UTC.to_timestamp(local).map_err(|_| wanted())?;
        Ok(Self(at.as_millisecond()))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment:.3}"),
            // Outside the years that have a calendar form; never seen but in a broken record.
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
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let at = Timestamp::parse("2013-11-18T16:00:00.25-05:00").unwrap();
        assert_eq!(at.to_string(), "2013-11-18T21:00:00.250Z");
        assert_eq!(Timestamp::parse(&at.to_string()).unwrap(), at);
        assert_eq!(serde_json::from_str::<Timestamp>(&serde_json::to_string(&at).unwrap()).unwrap(), at);
        assert_eq!(Timestamp::parse_local_as_utc("2013-11-18T21:00:00.25").unwrap(), at);
    }

    #[test]
    fn nonsense_is_named() {
        let error = Timestamp::parse("yesterday").unwrap_err().to_string();
        assert!(error.contains("yesterday") && error.contains("2013-11-18T21:00:00Z"), "{error}");
    }

    proptest::proptest! {
        #[test]
        fn every_moment_survives(ms in -62_135_596_800_000_i64..253_402_300_799_000) {
            let at = Timestamp(ms);
            proptest::prop_assert_eq!(Timestamp::parse(&at.to_string()).unwrap(), at);
        }
    }
}
