//! Times of the week: `20:00` to `06:00` on some days.

use serde::{Deserialize, Serialize};

/// Minutes of a day and of a week.
const DAY: u16 = 1_440;
const WEEK: u16 = 7 * DAY;

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "days")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// Every day.
const ALL: [Day; 7] = [Day::Mon, Day::Tue, Day::Wed, Day::Thu, Day::Fri, Day::Sat, Day::Sun];

/// When in the week something holds: minutes from Monday 00:00, start and length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Weekly(Vec<(u16, u16)>);

impl Weekly {
    /// From local times; `None` names the one that is no time.
    pub(super) fn new(days: &[Day], from: &str, to: &str) -> Result<Self, &'static str> {
        let (from, to) = (minute(from).ok_or("from")?, minute(to).ok_or("to")?);
        // Equal ends mean the whole day.
        let length = if to > from { to - from } else { to + DAY - from };
        let days = if days.is_empty() { &ALL[..] } else { days };
        Ok(Self(days.iter().map(|day| (*day as u16 * DAY + from, length)).collect()))
    }

    /// Whether it holds at a minute of the week.
    pub(crate) fn holds(&self, minute: u16) -> bool {
        self.0.iter().any(|(start, length)| (minute + WEEK - start) % WEEK < *length)
    }
}

/// `06:30` as minutes of the day; `24:00` is the day's end.
fn minute(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let two = |s: &str| (s.len() == 2).then(|| s.parse::<u16>().ok())?;
    let (hours, minutes) = (two(hours)?, two(minutes)?);
    let at = hours * 60 + minutes;
    (minutes < 60 && at <= DAY).then_some(at)
}

/// The minute of the week of a civil time.
pub(super) fn minute_of_week(local: jiff::civil::DateTime) -> u16 {
    let day = local.weekday().to_monday_zero_offset() as u16;
    day * DAY + local.hour() as u16 * 60 + local.minute() as u16
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn nights_run_into_the_next_day_and_week() {
        let night = Weekly::new(&[Day::Sun], "20:00", "06:00").unwrap();
        assert!(night.holds(6 * DAY + 20 * 60) && night.holds(0) && night.holds(359));
        assert!(!night.holds(360) && !night.holds(6 * DAY + 19 * 60 + 59));
        let always = Weekly::new(&[], "00:00", "24:00").unwrap();
        assert!((0..WEEK).all(|m| always.holds(m)));
    }

    #[test]
    fn what_is_no_time_is_named() {
        assert_eq!(Weekly::new(&[], "8:00", "10:00"), Err("from"));
        assert_eq!(Weekly::new(&[], "08:00", "25:00"), Err("to"));
        assert_eq!(Weekly::new(&[], "08:60", "10:00"), Err("from"));
    }

    #[test]
    fn a_monday_begins_the_week() {
        assert_eq!(minute_of_week("2013-11-18T00:30:00".parse().unwrap()), 30);
        assert_eq!(minute_of_week("2013-11-17T23:59:00".parse().unwrap()), WEEK - 1);
    }
}
