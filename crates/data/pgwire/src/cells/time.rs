//! Days and moments in PostgreSQL's formats. Its time begins in 2000, Arrow's in 1970.

use std::fmt::Write as _;

use doorstep_clock::civil;
use jiff::tz::TimeZone;

/// Days from 1970-01-01 to 2000-01-01.
pub(super) const DAYS_TO_2000: i32 = 10_957;
/// The same in microseconds.
pub(super) const MICROS_TO_2000: i64 = DAYS_TO_2000 as i64 * DAY;
/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// Writes a day since 1970; whether it lies before Christ, which is said behind everything else.
fn day(days: i64, out: &mut String) -> bool {
    let (year, month, day) = civil(days);
    let before = year <= 0;
    let shown = if before { 1 - year } else { year };
    let _ = write!(out, "{shown:04}-{month:02}-{day:02}");
    before
}

/// A day since 1970 as text.
pub(crate) fn day_text(days: i64, out: &mut String) {
    if day(days, out) {
        out.push_str(" BC");
    }
}

/// Microseconds since midnight as text.
pub(crate) fn of_day(micros: i64, out: &mut String) {
    let (seconds, part) = (micros / 1_000_000, micros % 1_000_000);
    let _ = write!(out, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
    fraction(part, out);
}

fn fraction(micros: i64, out: &mut String) {
    if micros != 0 {
        let text = format!("{micros:06}");
        out.push('.');
        out.push_str(text.trim_end_matches('0'));
    }
}

/// Microseconds since 1970 as text; in a zone with the offset behind it.
pub(crate) fn moment_text(micros: i64, zone: Option<&TimeZone>, out: &mut String) {
    let offset = zone
        .map(|zone| jiff::Timestamp::from_microsecond(micros).map_or(0, |at| i64::from(zone.to_offset(at).seconds())));
    let local = micros.saturating_add(offset.unwrap_or(0) * 1_000_000);
    let before = day(local.div_euclid(DAY), out);
    out.push(' ');
    of_day(local.rem_euclid(DAY), out);
    if let Some(offset) = offset {
        let (sign, size) = (if offset < 0 { '-' } else { '+' }, offset.abs());
        let _ = write!(out, "{sign}{:02}", size / 3_600);
        if size % 3_600 != 0 {
            let _ = write!(out, ":{:02}", size / 60 % 60);
        }
        if size % 60 != 0 {
            let _ = write!(out, ":{:02}", size % 60);
        }
    }
    if before {
        out.push_str(" BC");
    }
}

/// The day since 1970 of one since 2000, if it is none of the infinite ones.
pub(crate) fn day_of(since_2000: i32) -> Option<i64> {
    (since_2000 != i32::MAX && since_2000 != i32::MIN).then(|| i64::from(since_2000) + i64::from(DAYS_TO_2000))
}

/// An interval as PostgreSQL writes it (`IntervalStyle` postgres).
pub(super) fn interval_text(months: i32, days: i32, micros: i64, out: &mut String) {
    let mut parts = Vec::new();
    let mut part = |count: i32, one: &str, many: &str| {
        if count != 0 {
            parts.push(format!("{count} {}", if count == 1 { one } else { many }));
        }
    };
    part(months / 12, "year", "years");
    part(months % 12, "mon", "mons");
    part(days, "day", "days");
    if micros != 0 || parts.is_empty() {
        let mut time = if micros < 0 { "-".to_owned() } else { String::new() };
        let size = micros.unsigned_abs();
        let seconds = size / 1_000_000;
        let _ = write!(time, "{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60);
        fraction((size % 1_000_000) as i64, &mut time);
        parts.push(time);
    }
    out.push_str(&parts.join(" "));
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut String)) -> String {
        let mut out = String::new();
        write(&mut out);
        out
    }

    #[test]
    fn days_and_moments_are_postgres_own() {
        assert_eq!(written(|out| day_text(0, out)), "1970-01-01");
        assert_eq!(written(|out| day_text(i64::from(DAYS_TO_2000) + 59, out)), "2000-02-29");
        assert_eq!(written(|out| day_text(-719_163, out)), "0001-12-31 BC");
        assert_eq!(written(|out| moment_text(-500_000, None, out)), "1969-12-31 23:59:59.5");
        let zone = TimeZone::get("Asia/Kolkata").unwrap();
        assert_eq!(written(|out| moment_text(0, Some(&zone), out)), "1970-01-01 05:30:00+05:30");
        assert_eq!(written(|out| moment_text(0, Some(&TimeZone::UTC), out)), "1970-01-01 00:00:00+00");
        assert_eq!(written(|out| interval_text(14, -3, -1_500_000, out)), "1 year 2 mons -3 days -00:00:01.5");
        assert_eq!(written(|out| interval_text(0, 0, 0, out)), "00:00:00");
    }

    proptest::proptest! {
        #[test]
        fn days_agree_with_a_calendar(days in -700_000_i64..2_900_000) {
            let date = jiff::civil::date(1970, 1, 1).checked_add(jiff::Span::new().days(days)).unwrap();
            proptest::prop_assert_eq!(written(|out| day_text(days, out)), date.to_string());
        }
    }
}
