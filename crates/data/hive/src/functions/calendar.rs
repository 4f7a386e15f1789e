//! Days and times: numbers since 1970 and what a calendar says, and texts in Hive's forms.

/// Microseconds in a day.
pub(super) const DAY_US: i64 = 86_400_000_000;

/// Year, month and day of a number of days since 1970-01-01.
pub(super) fn civil(days: i32) -> (i32, u32, u32) {
    let (year, month, day) = doorstep_clock::civil(i64::from(days));
    (i32::try_from(year).unwrap_or(0), month, day)
}

/// Days since 1970-01-01, unless there is no such day.
pub(super) fn days(year: i32, month: u32, day: u32) -> Option<i32> {
    if !(1..=12).contains(&month) || day < 1 || day > length(year, month) || !(-9_999..=9_999).contains(&year) {
        return None;
    }
    let y = i64::from(year) - i64::from(month <= 2);
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let m = i64::from(month);
    let doy = (153 * (if m > 2 { m - 3 } else { m + 9 }) + 2) / 5 + i64::from(day) - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    i32::try_from(era * 146_097 + doe - 719_468).ok()
}

/// Days of a month.
pub(super) fn length(year: i32, month: u32) -> u32 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// 0 is Monday.
pub(super) fn weekday(days: i32) -> u32 {
    u32::try_from((i64::from(days) + 3).rem_euclid(7)).unwrap_or(0)
}

/// The day on which a moment lies.
pub(super) fn day_of(us: i64) -> i32 {
    i32::try_from(us.div_euclid(DAY_US)).unwrap_or(0)
}

/// `2024-3-5`, also with a time behind it.
pub(super) fn parse_date(text: &str) -> Option<i32> {
    let text = text.trim();
    let date = text.split([' ', 'T']).next()?;
    let mut parts = date.splitn(3, '-');
    let number = |part: Option<&str>, most: usize| -> Option<u32> {
        let part = part?;
        (!part.is_empty() && part.len() <= most && part.bytes().all(|b| b.is_ascii_digit()))
            .then(|| part.parse().ok())?
    };
    let year = parts.next()?;
    if year.len() != 4 {
        return None;
    }
    let year = i32::try_from(number(Some(year), 4)?).ok()?;
    let month = parts.next();
    let day = parts.next();
    days(year, if month.is_some() { number(month, 2)? } else { 1 }, if day.is_some() { number(day, 2)? } else { 1 })
}

/// `2024-03-05 13:14:15.5`, `2024-03-05T13:14`, or a day alone.
pub(super) fn parse_time(text: &str) -> Option<i64> {
    let text = text.trim();
    let date = i64::from(parse_date(text)?) * DAY_US;
    let Some((_, clock)) = text.split_once([' ', 'T']) else { return Some(date) };
    let clock = clock.trim().trim_end_matches('Z');
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let mut parts = clock.split(':');
    let mut next = |below: i64, needed: bool| -> Option<i64> {
        let Some(part) = parts.next() else { return (!needed).then_some(0) };
        let good = (1..=2).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        let value: i64 = if good { part.parse().ok()? } else { return None };
        (value < below).then_some(value)
    };
    let (hour, minute, second) = (next(24, true)?, next(60, false)?, next(60, false)?);
    if parts.next().is_some() || fraction.len() > 9 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let micros: i64 = format!("{fraction:0<6}").get(..6)?.parse().ok()?;
    Some(date + ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros)
}

/// `2024-03-05`.
#[cfg(test)]
pub(super) fn date_text(days: i32) -> String {
    let mut text = Vec::with_capacity(10);
    put_date(&mut text, days);
    String::from_utf8(text).unwrap_or_default()
}

/// `2024-03-05 13:14:15.5`, without a fraction that is nothing.
pub(super) fn time_text(us: i64) -> String {
    let mut text = Vec::with_capacity(26);
    put_time(&mut text, us);
    String::from_utf8(text).unwrap_or_default()
}

/// Writes [`date_text`] behind what is there.
pub(super) fn put_date(out: &mut Vec<u8>, days: i32) {
    let (year, month, day) = civil(days);
    match u32::try_from(year) {
        Ok(year @ 0..=9999) => {
            two(out, year / 100);
            two(out, year % 100);
        }
        _ => out.extend(format!("{year:04}").bytes()),
    }
    out.push(b'-');
    two(out, month);
    out.push(b'-');
    two(out, day);
}

/// Writes [`time_text`] behind what is there.
pub(super) fn put_time(out: &mut Vec<u8>, us: i64) {
    put_date(out, day_of(us));
    let within = us.rem_euclid(DAY_US);
    let (seconds, fraction) = (within / 1_000_000, within % 1_000_000);
    for (before, part) in [(b' ', seconds / 3_600), (b':', seconds / 60 % 60), (b':', seconds % 60)] {
        out.push(before);
        two(out, u32::try_from(part).unwrap_or(0));
    }
    if fraction > 0 {
        out.push(b'.');
        for part in [fraction / 10_000, fraction / 100 % 100, fraction % 100] {
            two(out, u32::try_from(part).unwrap_or(0));
        }
        while out.last() == Some(&b'0') {
            out.pop();
        }
    }
}

/// A number below a hundred, in two digits.
fn two(out: &mut Vec<u8>, number: u32) {
    let digit = |n: u32| b'0' + u8::try_from(n % 10).unwrap_or(0);
    out.extend([digit(number / 10), digit(number)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn days_come_back(day in -700_000..2_900_000_i32) {
            let (y, m, d) = civil(day);
            proptest::prop_assert_eq!(days(y, m, d), Some(day));
            if y > 0 { proptest::prop_assert_eq!(parse_date(&date_text(day)), Some(day)); }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,30}") {
            let _ = (parse_date(&text), parse_time(&text));
        }
    }

    #[test]
    fn texts_are_read_as_hive_reads_them() {
        assert_eq!(parse_date("1970-01-02"), Some(1));
        assert_eq!(parse_date(" 2024-2-9 12:00"), days(2024, 2, 9));
        for bad in ["", "2024-02-30", "24-01-01", "2024-13-01", "nope", "2024-1-1x"] {
            assert_eq!(parse_date(bad), None, "{bad}");
        }
        assert_eq!(parse_time("1970-01-01 00:00:01.5"), Some(1_500_000));
        assert_eq!(parse_time("1970-01-01T01"), Some(3_600_000_000));
        assert_eq!(parse_time("1970-01-01 25:00:00"), None);
        assert_eq!(time_text(1_500_000), "1970-01-01 00:00:01.5");
        assert_eq!(weekday(0), 3, "1970 began on a Thursday");
    }
}
