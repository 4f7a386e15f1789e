//! The months that bills are for, in UTC.

use std::fmt;
use std::str::FromStr;

use doorstep_clock::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A calendar month, UTC. Written `2026-11`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i32);

/// The years that a month can lie in.
const YEARS: std::ops::RangeInclusive<i32> = 1970..=9998;

impl Month {
    /// The month in which `at` lies.
    #[must_use]
    pub fn of(at: Timestamp) -> Self {
        let date = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let date = jiff::tz::TimeZone::UTC.to_datetime(date).date();
        Self(i32::from(date.year()) * 12 + i32::from(date.month()) - 1)
    }

    /// Its first moment.
    #[must_use]
    pub fn start(self) -> Timestamp {
        let (year, month) = (self.0.div_euclid(12), self.0.rem_euclid(12) + 1);
        let first = jiff::civil::Date::new(year.try_into().unwrap_or(1970), month.try_into().unwrap_or(1), 1);
        let first = first.ok().and_then(|day| jiff::tz::TimeZone::UTC.to_timestamp(day.into()).ok());
        Timestamp(first.map_or(0, |at| at.as_millisecond()))
    }

    /// The first moment of the next one.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.next().start()
    }

    /// The one after it.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }

    /// Its number, counted from year 0; what the store keeps.
    pub(crate) const fn number(self) -> i32 {
        self.0
    }

    /// From its number.
    pub(crate) const fn from_number(number: i32) -> Self {
        Self(number)
    }
}

impl fmt::Display for Month {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

/// A text that is no month.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no month: write year and month like 2026-11")]
pub struct NotAMonth(pub String);

impl FromStr for Month {
    type Err = NotAMonth;

    fn from_str(text: &str) -> Result<Self, NotAMonth> {
        let read = || {
            let (year, month) = text.split_once('-')?;
            let plain = year.len() == 4 && month.len() == 2 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            let (year, month): (i32, i32) = (year.parse().ok()?, month.parse().ok()?);
            (plain && YEARS.contains(&year) && (1..=12).contains(&month)).then_some(Self(year * 12 + month - 1))
        };
        read().ok_or_else(|| NotAMonth(text.chars().take(20).collect()))
    }
}

impl Serialize for Month {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Month {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_end_where_calendars_say() {
        let month: Month = "2026-12".parse().unwrap();
        assert_eq!(month.start(), Timestamp::parse("2026-12-01T00:00:00Z").unwrap());
        assert_eq!(month.end(), Timestamp::parse("2027-01-01T00:00:00Z").unwrap());
        assert_eq!((Month::of(month.start()), Month::of(month.end().plus_ms(-1))), (month, month));
        assert_eq!(Month::of(month.end()).to_string(), "2027-01");
        for bad in ["2026", "2026-13", "2026-1", "26-11", "2026-00", "2026-11-01", "+202-11", "0001-01", "9999-01"] {
            assert!(bad.parse::<Month>().is_err(), "{bad}");
        }
    }
}
