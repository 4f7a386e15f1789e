//! Local days and half hours: demand follows the clocks of the city.

use doorstep_clock::Timestamp;
use jiff::tz::TimeZone;

use super::SLOTS;
use crate::{Mistakes, PricingError};

const HALF_HOUR_MS: i64 = 1_800_000;

/// The half hours of a time zone.
#[derive(Clone, Debug)]
pub struct HalfHours(TimeZone);

impl HalfHours {
    /// Those of the zone with this IANA name; none means UTC.
    ///
    /// # Errors
    /// [`PricingError::Invalid`] when there is no such zone.
    pub fn in_zone(name: &str) -> Result<Self, PricingError> {
        if name.is_empty() {
            return Ok(Self(TimeZone::UTC));
        }
        TimeZone::get(name).map(Self).map_err(|error| {
            let mut mistakes = Mistakes::default();
            mistakes.note("/time_zone", error.to_string(), "write an IANA name like America/New_York");
            PricingError::Invalid { what: "forecast", mistakes }
        })
    }

    /// The day since 1970-01-01 and the half hour of the day on the city's clocks. When they are put back an hour
    /// comes twice and is counted twice; when they are put forward one is missing.
    #[must_use]
    pub fn of(&self, at: Timestamp) -> (i64, usize) {
        let moment = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let local_ms = at.millis().saturating_add(i64::from(self.0.to_offset(moment).seconds()) * 1_000);
        let half_hour = local_ms.div_euclid(HALF_HOUR_MS);
        // The remainder is below SLOTS.
        (half_hour.div_euclid(SLOTS as i64), half_hour.rem_euclid(SLOTS as i64) as usize)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_city_s_own_clocks_decide() {
        let at = |text: &str| Timestamp::parse(text).unwrap();
        let (utc, york) = (HalfHours::in_zone("").unwrap(), HalfHours::in_zone("America/New_York").unwrap());
        assert_eq!(utc.of(at("1970-01-02T00:30:00Z")), (1, 1));
        assert_eq!(york.of(at("2013-11-18T16:20:00-05:00")).1, 32);
        // The same clock time on both sides of the change.
        let (summer, winter) = (at("2013-11-02T08:00:00-04:00"), at("2013-11-04T08:00:00-05:00"));
        assert_eq!((york.of(summer).1, york.of(winter).1), (16, 16));
        assert_eq!(york.of(winter).0 - york.of(summer).0, 2);
        assert!(HalfHours::in_zone("Mars/Olympus").unwrap_err().to_string().contains("/time_zone"));
    }
}
