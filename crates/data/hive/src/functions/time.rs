//! Days and times: fields, arithmetic, patterns, zones.

use std::sync::Arc;

use datafusion::logical_expr::ScalarUDF;
use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::calendar::{DAY_US, civil, day_of, days, length, parse_time, time_text, weekday};
use super::kernel::{Body, Kernel, Row, Want, made};

const DATE: &[Want] = &[Want::Date];
const TIME: &[Want] = &[Want::Time];

const fn of_date(name: &'static str, f: fn(&Row<'_>) -> Option<i32>) -> Kernel {
    Kernel { name, wants: DATE, count: (1, 1), strict: true, body: Body::Int(f) }
}

const fn of_time(name: &'static str, f: fn(&Row<'_>) -> Option<i32>) -> Kernel {
    Kernel { name, wants: TIME, count: (1, 1), strict: true, body: Body::Int(f) }
}

const KERNELS: &[Kernel] = &[
    of_date("hive_year", |r| Some(civil(r.date(0)?).0)),
    of_date("hive_quarter", |r| i32::try_from((civil(r.date(0)?).1 - 1) / 3 + 1).ok()),
    of_date("hive_month", |r| i32::try_from(civil(r.date(0)?).1).ok()),
    of_date("hive_day", |r| i32::try_from(civil(r.date(0)?).2).ok()),
    of_date("hive_weekofyear", week),
    of_date("hive_dayofweek", |r| i32::try_from((weekday(r.date(0)?) + 1) % 7 + 1).ok()),
    of_date("hive_dayofyear", |r| Some(r.date(0)? - days(civil(r.date(0)?).0, 1, 1)? + 1)),
    of_time("hive_hour", |r| i32::try_from(r.time(0)?.rem_euclid(DAY_US) / 3_600_000_000).ok()),
    of_time("hive_minute", |r| i32::try_from(r.time(0)?.rem_euclid(DAY_US) / 60_000_000 % 60).ok()),
    of_time("hive_second", |r| i32::try_from(r.time(0)?.rem_euclid(DAY_US) / 1_000_000 % 60).ok()),
    Kernel {
        name: "hive_date_add",
        wants: &[Want::Date, Want::Int],
        count: (2, 2),
        strict: true,
        body: Body::Date(|r| r.date(0)?.checked_add(i32::try_from(r.int(1)?).ok()?)),
    },
    Kernel {
        name: "hive_date_sub",
        wants: &[Want::Date, Want::Int],
        count: (2, 2),
        strict: true,
        body: Body::Date(|r| r.date(0)?.checked_sub(i32::try_from(r.int(1)?).ok()?)),
    },
    Kernel {
        name: "hive_datediff",
        wants: &[Want::Date, Want::Date],
        count: (2, 2),
        strict: true,
        body: Body::Int(|r| r.date(0)?.checked_sub(r.date(1)?)),
    },
    Kernel {
        name: "hive_add_months",
        wants: &[Want::Date, Want::Int],
        count: (2, 2),
        strict: true,
        body: Body::Date(add_months),
    },
    Kernel {
        name: "hive_months_between",
        wants: &[Want::Time, Want::Time],
        count: (2, 2),
        strict: true,
        body: Body::Double(months_between),
    },
    Kernel {
        name: "hive_last_day",
        wants: DATE,
        count: (1, 1),
        strict: true,
        body: Body::Date(|r| {
            let (y, m, _) = civil(r.date(0)?);
            days(y, m, length(y, m))
        }),
    },
    Kernel {
        name: "hive_next_day",
        wants: &[Want::Date, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Date(next_day),
    },
    Kernel {
        name: "hive_trunc",
        wants: &[Want::Date, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Date(trunc),
    },
    Kernel {
        name: "hive_date_trunc",
        wants: &[Want::Text, Want::Time],
        count: (2, 2),
        strict: true,
        body: Body::Time(date_trunc),
    },
    Kernel {
        name: "hive_date_format",
        wants: &[Want::Time, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Text(|r| format(r.time(0)?, r.text(1)?)),
    },
    Kernel {
        name: "hive_from_unixtime",
        wants: &[Want::Int, Want::Text],
        count: (1, 2),
        strict: true,
        body: Body::Text(from_unixtime),
    },
    Kernel {
        name: "hive_unix_timestamp",
        wants: &[Want::Text, Want::Text],
        count: (1, 2),
        strict: true,
        body: Body::Long(unix_timestamp),
    },
    Kernel {
        name: "hive_to_timestamp",
        wants: &[Want::Text, Want::Text],
        count: (1, 2),
        strict: true,
        body: Body::Time(to_timestamp),
    },
    Kernel {
        name: "hive_from_utc_timestamp",
        wants: &[Want::Time, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Time(from_utc),
    },
    Kernel {
        name: "hive_to_utc_timestamp",
        wants: &[Want::Time, Want::Text],
        count: (2, 2),
        strict: true,
        body: Body::Time(to_utc),
    },
];

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    made(KERNELS)
}

/// The week of ISO 8601: the first one has the year's first Thursday.
fn week(row: &Row<'_>) -> Option<i32> {
    let day = row.date(0)?;
    let thursday = day - i32::try_from(weekday(day)).ok()? + 3;
    Some((thursday - days(civil(thursday).0, 1, 1)?) / 7 + 1)
}

fn add_months(row: &Row<'_>) -> Option<i32> {
    let (year, month, day) = civil(row.date(0)?);
    let months = i64::from(year) * 12 + i64::from(month) - 1 + row.int(1)?;
    let (year, month) = (i32::try_from(months.div_euclid(12)).ok()?, u32::try_from(months.rem_euclid(12)).ok()? + 1);
    days(year, month, day.min(length(year, month)))
}

fn months_between(row: &Row<'_>) -> Option<f64> {
    let (a, b) = (row.time(0)?, row.time(1)?);
    let ((y1, m1, d1), (y2, m2, d2)) = (civil(day_of(a)), civil(day_of(b)));
    let months = f64::from((y1 - y2) * 12) + f64::from(m1) - f64::from(m2);
    let last = |y, m, d| d == length(y, m);
    if d1 == d2 || (last(y1, m1, d1) && last(y2, m2, d2)) {
        return Some(months);
    }
    let within = |us: i64| us.rem_euclid(DAY_US) as f64 / 1e6;
    let seconds = (f64::from(d1) - f64::from(d2)) * 86_400.0 + within(a) - within(b);
    Some(((months + seconds / (31.0 * 86_400.0)) * 1e8).round() / 1e8)
}

fn next_day(row: &Row<'_>) -> Option<i32> {
    const NAMES: [&str; 7] = ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"];
    let (day, name) = (row.date(0)?, row.text(1)?.trim().to_uppercase());
    let wanted = NAMES.iter().position(|n| name.len() >= 2 && (n[..name.len().min(3)] == name || *n == name))?;
    let ahead = (i32::try_from(wanted).ok()? - i32::try_from(weekday(day)).ok()?).rem_euclid(7);
    day.checked_add(if ahead == 0 { 7 } else { ahead })
}

fn trunc(row: &Row<'_>) -> Option<i32> {
    start(row.date(0)?, row.text(1)?)
}

/// The first day of the unit around a day.
fn start(day: i32, unit: &str) -> Option<i32> {
    let (year, month, _) = civil(day);
    match unit.to_uppercase().as_str() {
        "YEAR" | "YYYY" | "YY" => days(year, 1, 1),
        "QUARTER" | "Q" => days(year, (month - 1) / 3 * 3 + 1, 1),
        "MONTH" | "MON" | "MM" => days(year, month, 1),
        "WEEK" => day.checked_sub(i32::try_from(weekday(day)).ok()?),
        _ => None,
    }
}

fn date_trunc(row: &Row<'_>) -> Option<i64> {
    let us = row.time(1)?;
    let by = match row.text(0)?.to_uppercase().as_str() {
        "MICROSECOND" => 1,
        "MILLISECOND" => 1_000,
        "SECOND" => 1_000_000,
        "MINUTE" => 60_000_000,
        "HOUR" => 3_600_000_000,
        "DAY" | "DD" => DAY_US,
        unit => return Some(i64::from(start(day_of(us), unit)?) * DAY_US),
    };
    Some(us - us.rem_euclid(by))
}

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// The letters of a pattern in runs, and texts between them: `yyyy-MM-dd'T'HH`.
fn runs(pattern: &str) -> Option<Vec<(char, usize, String)>> {
    let mut out: Vec<(char, usize, String)> = Vec::new();
    let mut chars = pattern.chars().peekable();
    let push = |out: &mut Vec<(char, usize, String)>, c: char| match out.last_mut() {
        Some((' ', 0, text)) => text.push(c),
        _ => out.push((' ', 0, c.to_string())),
    };
    while let Some(c) = chars.next() {
        if c == '\'' {
            if chars.next_if_eq(&'\'').is_some() {
                push(&mut out, '\'');
                continue;
            }
            loop {
                match chars.next()? {
                    '\'' if chars.next_if_eq(&'\'').is_some() => push(&mut out, '\''),
                    '\'' => break,
                    inside => push(&mut out, inside),
                }
            }
        } else if c.is_ascii_alphabetic() {
            let mut count = 1;
            while chars.next_if_eq(&c).is_some() {
                count += 1;
            }
            out.push((c, count, String::new()));
        } else {
            push(&mut out, c);
        }
    }
    Some(out)
}

/// A moment by a pattern of Java's letters.
fn format(us: i64, pattern: &str) -> Option<String> {
    let (day, within) = (day_of(us), us.rem_euclid(DAY_US));
    let (year, month, dom) = civil(day);
    let (hour, minute, second) = (within / 3_600_000_000, within / 60_000_000 % 60, within / 1_000_000 % 60);
    let number = |n: i64, count: usize| format!("{n:0count$}");
    let mut out = String::new();
    for (letter, count, text) in runs(pattern)? {
        let part = match letter {
            ' ' => text,
            'y' | 'u' if count == 2 => number(i64::from(year.rem_euclid(100)), 2),
            'y' | 'u' => number(i64::from(year), count),
            'M' | 'L' if count >= 4 => MONTHS[usize::try_from(month - 1).ok()?].to_owned(),
            'M' | 'L' if count == 3 => MONTHS[usize::try_from(month - 1).ok()?][..3].to_owned(),
            'M' | 'L' => number(i64::from(month), count),
            'd' => number(i64::from(dom), count),
            'D' => number(i64::from(day - days(year, 1, 1)? + 1), count),
            'Q' | 'q' => number(i64::from((month - 1) / 3 + 1), count),
            'E' if count >= 4 => WEEKDAYS[usize::try_from(weekday(day)).ok()?].to_owned(),
            'E' => WEEKDAYS[usize::try_from(weekday(day)).ok()?][..3].to_owned(),
            'H' => number(hour, count),
            'h' => number((hour + 11) % 12 + 1, count),
            'K' => number(hour % 12, count),
            'k' => number((hour + 23) % 24 + 1, count),
            'm' => number(minute, count),
            's' => number(second, count),
            'S' => format!("{:06}000", within % 1_000_000).get(..count.min(9))?.to_owned(),
            'a' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
            'z' | 'V' => "UTC".to_owned(),
            'Z' | 'x' => "+0000".to_owned(),
            'X' => "Z".to_owned(),
            _ => return None,
        };
        out.push_str(&part);
    }
    Some(out)
}

/// A moment from a text by a pattern; the whole text must fit.
fn parse(text: &str, pattern: &str) -> Option<i64> {
    let (mut year, mut month, mut dom) = (1970, 1, 1);
    let (mut hour, mut minute, mut second, mut micros, mut pm) = (0_i64, 0_i64, 0_i64, 0_i64, None);
    let mut rest = text.trim();
    let runs = runs(pattern)?;
    for (at, (letter, count, literal)) in runs.iter().enumerate() {
        if *letter == ' ' {
            rest = rest.strip_prefix(literal.as_str())?;
            continue;
        }
        let name = |rest: &str| {
            MONTHS.iter().position(|m| {
                let wanted = if *count == 3 { &m[..3] } else { *m };
                rest.get(..wanted.len()).is_some_and(|r| r.eq_ignore_ascii_case(wanted))
            })
        };
        if *letter == 'M' && *count >= 3 {
            let found = name(rest)?;
            month = u32::try_from(found + 1).ok()?;
            rest = &rest[if *count == 3 { 3 } else { MONTHS[found].len() }..];
            continue;
        }
        if *letter == 'a' {
            let word = rest.get(..2)?.to_uppercase();
            pm = Some(match word.as_str() {
                "AM" => false,
                "PM" => true,
                _ => return None,
            });
            rest = &rest[2..];
            continue;
        }
        // Digits run to the next that is none, unless another field follows at once.
        let tight = runs.get(at + 1).is_some_and(|(l, ..)| *l != ' ');
        let most = if tight { *count } else { 9 };
        let end = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        let digits = &rest[..end];
        let value: i64 = digits.parse().ok()?;
        rest = &rest[end..];
        match letter {
            'y' | 'u' => year = i32::try_from(if *count == 2 { value + 2000 } else { value }).ok()?,
            'M' | 'L' => month = u32::try_from(value).ok()?,
            'd' => dom = u32::try_from(value).ok()?,
            'H' | 'h' | 'k' | 'K' => hour = if matches!(letter, 'h') { value % 12 } else { value },
            'm' => minute = value,
            's' => second = value,
            'S' => micros = format!("{digits:0<6}").get(..6)?.parse().ok()?,
            _ => return None,
        }
    }
    if !rest.is_empty() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if pm == Some(true) {
        hour += 12;
    }
    Some(i64::from(days(year, month, dom)?) * DAY_US + ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros)
}

fn from_unixtime(row: &Row<'_>) -> Option<String> {
    let us = row.int(0)?.checked_mul(1_000_000)?;
    if row.count() == 2 { format(us, row.text(1)?) } else { Some(time_text(us)) }
}

fn unix_timestamp(row: &Row<'_>) -> Option<i64> {
    to_timestamp(row).map(|us| us.div_euclid(1_000_000))
}

fn to_timestamp(row: &Row<'_>) -> Option<i64> {
    let text = row.text(0)?;
    if row.count() == 2 && parse_time(text).is_none_or(|_| row.text(1) != Some("yyyy-MM-dd HH:mm:ss")) {
        return parse(text, row.text(1)?);
    }
    parse_time(text)
}

fn zone(name: &str) -> Option<TimeZone> {
    match name.trim() {
        "UTC" | "GMT" | "Z" => Some(TimeZone::UTC),
        name => match name.strip_prefix("GMT").unwrap_or(name) {
            offset if offset.starts_with(['+', '-']) => {
                let (hours, minutes) = offset[1..].split_once(':').unwrap_or((&offset[1..], "0"));
                let seconds = hours.parse::<i32>().ok()? * 3_600 + minutes.parse::<i32>().ok()? * 60;
                let sign = if offset.starts_with('-') { -1 } else { 1 };
                jiff::tz::Offset::from_seconds(sign * seconds).ok().map(TimeZone::fixed)
            }
            name => TimeZone::get(name).ok(),
        },
    }
}

fn from_utc(row: &Row<'_>) -> Option<i64> {
    let us = row.time(0)?;
    let offset = zone(row.text(1)?)?.to_offset(Timestamp::from_microsecond(us).ok()?);
    us.checked_add(i64::from(offset.seconds()) * 1_000_000)
}

fn to_utc(row: &Row<'_>) -> Option<i64> {
    let us = row.time(0)?;
    let (year, month, day) = civil(day_of(us));
    let seconds = us.rem_euclid(DAY_US) / 1_000_000;
    let small = |n: i64| i8::try_from(n).ok();
    let local = DateTime::new(
        i16::try_from(year).ok()?,
        i8::try_from(month).ok()?,
        i8::try_from(day).ok()?,
        small(seconds / 3_600)?,
        small(seconds / 60 % 60)?,
        small(seconds % 60)?,
        0,
    )
    .ok()?;
    let there = zone(row.text(1)?)?.to_ambiguous_timestamp(local).compatible().ok()?;
    Some(there.as_second() * 1_000_000 + us.rem_euclid(1_000_000))
}

#[cfg(test)]
mod tests {
    use super::super::calendar::date_text;
    use super::*;

    #[test]
    fn patterns_go_both_ways() {
        for (text, pattern) in [
            ("2024-03-05", "yyyy-MM-dd"),
            ("05/03/2024 13:14:15", "dd/MM/yyyy HH:mm:ss"),
            ("20240305", "yyyyMMdd"),
            ("5 Mar 2024", "d MMM yyyy"),
            ("2024-03-05T01:02", "yyyy-MM-dd'T'HH:mm"),
            ("01:02 PM", "hh:mm a"),
        ] {
            let us = parse(text, pattern);
            assert_eq!(us.and_then(|us| format(us, pattern)).as_deref(), Some(text));
        }
        assert_eq!(parse("2024-13-01", "yyyy-MM-dd"), None);
        assert_eq!(parse("2024-01-01x", "yyyy-MM-dd"), None);
        assert_eq!(date_text(day_of(parse("2/3/24", "d/M/yy").unwrap_or(0))), "2024-03-02");
    }

    proptest::proptest! {
        #[test]
        fn no_pattern_makes_it_panic(text in ".{0,20}", pattern in "[yMdHhmsSaEQDu' :/-]{0,15}") {
            let _ = (parse(&text, &pattern), format(0, &pattern));
        }
    }
}
