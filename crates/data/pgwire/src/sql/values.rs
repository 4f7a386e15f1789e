//! A parameter's bytes as a literal of SQL, by its type and format. What it holds never becomes text of a statement.

use datafusion::sql::sqlparser::ast::{
    Array, ArrayElemTypeDef, CastKind, DataType, ExactNumberInfo, Expr, TimezoneInfo, UnaryOperator, Value,
};
use postgres_types::{Kind, Type};

use crate::PgError;
use crate::cells::{Format, day_of, day_text, moment_text, of_day};

/// Microseconds from 1970 to 2000.
const MICROS_TO_2000: i64 = 946_684_800_000_000;

fn value(value: Value) -> Expr {
    Expr::Value(value.into())
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

fn quoted(text: impl Into<String>) -> Expr {
    value(Value::SingleQuotedString(text.into()))
}

/// The type's name in the lake's SQL; none for text and what is kept as text.
fn sql_type(of: &Type) -> Option<DataType> {
    Some(match *of {
        Type::BOOL => DataType::Boolean,
        Type::INT2 => DataType::SmallInt(None),
        Type::INT4 => DataType::Int(None),
        Type::INT8 | Type::OID => DataType::BigInt(None),
        Type::FLOAT4 => DataType::Real,
        Type::FLOAT8 => DataType::DoublePrecision,
        Type::NUMERIC => DataType::Decimal(ExactNumberInfo::PrecisionAndScale(38, 10)),
        Type::BYTEA => DataType::Bytea,
        Type::DATE => DataType::Date,
        Type::TIME => DataType::Time(None, TimezoneInfo::None),
        Type::TIMESTAMP => DataType::Timestamp(None, TimezoneInfo::None),
        Type::TIMESTAMPTZ => DataType::Timestamp(None, TimezoneInfo::WithTimeZone),
        Type::INTERVAL => DataType::Interval { fields: None, precision: None },
        _ => {
            let Kind::Array(item) = of.kind() else { return None };
            let item = sql_type(item).unwrap_or(DataType::Text);
            DataType::Array(ArrayElemTypeDef::SquareBracket(Box::new(item), None))
        }
    })
}

/// A null of a type.
pub(crate) fn null_of(of: &Type) -> Expr {
    cast(value(Value::Null), sql_type(of).unwrap_or(DataType::Text))
}

/// The literal of a parameter.
///
/// # Errors
/// What does not fit its type, with the parameter's number.
pub(crate) fn literal(number: usize, of: &Type, format: Format, bytes: Option<&[u8]>) -> Result<Expr, PgError> {
    let Some(bytes) = bytes else { return Ok(null_of(of)) };
    let made = match format {
        Format::Text => std::str::from_utf8(bytes).ok().and_then(|text| of_text(of, text)),
        Format::Binary => of_binary(of, bytes),
    };
    made.ok_or_else(|| {
        let state = if format == Format::Text { "22P02" } else { "22P03" };
        let reason = format!("parameter ${number} is no value of type {}", of.name());
        PgError::invalid(state, reason, "send a value of this type, or cast the parameter")
    })
}

fn of_text(of: &Type, text: &str) -> Option<Expr> {
    let trimmed = text.trim();
    Some(match *of {
        Type::BOOL => match trimmed.to_ascii_lowercase().as_str() {
            "t" | "true" | "y" | "yes" | "on" | "1" => value(Value::Boolean(true)),
            "f" | "false" | "n" | "no" | "off" | "0" => value(Value::Boolean(false)),
            _ => return None,
        },
        Type::INT2 => whole(i64::from(trimmed.parse::<i16>().ok()?), of),
        Type::INT4 => whole(i64::from(trimmed.parse::<i32>().ok()?), of),
        Type::INT8 | Type::OID => whole(trimmed.parse().ok()?, of),
        Type::FLOAT4 | Type::FLOAT8 => {
            let number: f64 = trimmed.parse().ok()?;
            cast(quoted(number.to_string()), sql_type(of)?)
        }
        Type::NUMERIC => decimal(trimmed)?,
        Type::BYTEA => {
            let digits = text.strip_prefix("\\x")?;
            let hex = digits.len() % 2 == 0 && digits.bytes().all(|b| b.is_ascii_hexdigit());
            hex.then(|| value(Value::HexStringLiteral(digits.to_owned())))?
        }
        _ => match of.kind() {
            Kind::Array(item) => {
                let items = elements(text)?.into_iter();
                let one = |text: Option<String>| text.map_or_else(|| Some(null_of(item)), |text| of_text(item, &text));
                array(of, items.map(one).collect::<Option<_>>()?)
            }
            _ => match sql_type(of) {
                Some(sql) => cast(quoted(trimmed), sql),
                None => quoted(text),
            },
        },
    })
}

fn of_binary(of: &Type, bytes: &[u8]) -> Option<Expr> {
    let i32_of = || Some(i32::from_be_bytes(bytes.try_into().ok()?));
    let i64_of = || Some(i64::from_be_bytes(bytes.try_into().ok()?));
    let mut text = String::new();
    Some(match *of {
        Type::BOOL => value(Value::Boolean(*bytes.first().filter(|_| bytes.len() == 1)? != 0)),
        Type::INT2 => whole(i64::from(i16::from_be_bytes(bytes.try_into().ok()?)), of),
        Type::INT4 => whole(i64::from(i32_of()?), of),
        Type::INT8 => whole(i64_of()?, of),
        Type::OID => whole(i64::from(u32::from_be_bytes(bytes.try_into().ok()?)), of),
        Type::FLOAT4 => cast(quoted(f32::from_be_bytes(bytes.try_into().ok()?).to_string()), sql_type(of)?),
        Type::FLOAT8 => cast(quoted(f64::from_be_bytes(bytes.try_into().ok()?).to_string()), sql_type(of)?),
        Type::NUMERIC => decimal(&crate::cells::decimal_of_binary(bytes)?)?,
        Type::BYTEA => value(Value::HexStringLiteral(bytes.iter().map(|b| format!("{b:02x}")).collect())),
        Type::DATE => {
            day_text(day_of(i32_of()?)?, &mut text);
            cast(quoted(text), sql_type(of)?)
        }
        Type::TIME => {
            of_day(i64_of().filter(|micros| (0..=86_400_000_000).contains(micros))?, &mut text);
            cast(quoted(text), sql_type(of)?)
        }
        Type::TIMESTAMP | Type::TIMESTAMPTZ => {
            let micros = i64_of().filter(|m| *m != i64::MAX && *m != i64::MIN)?.checked_add(MICROS_TO_2000)?;
            moment_text(micros, None, &mut text);
            if *of == Type::TIMESTAMPTZ {
                text.push('Z');
            }
            cast(quoted(text), sql_type(of)?)
        }
        Type::UUID => {
            let digits = u128::from_be_bytes(bytes.try_into().ok()?);
            let hex = format!("{digits:032x}");
            quoted(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
        }
        // Its first byte is a version.
        Type::JSONB => quoted(std::str::from_utf8(bytes.strip_prefix(&[1])?).ok()?),
        Type::INTERVAL => {
            let (micros, rest) = bytes.split_first_chunk::<8>()?;
            let (days, months) = rest.split_first_chunk::<4>()?;
            let months = i32::from_be_bytes(months.try_into().ok()?);
            let (days, micros) = (i32::from_be_bytes(*days), i64::from_be_bytes(*micros));
            let (seconds, part) = (micros / 1_000_000, (micros % 1_000_000).abs());
            let sign = if micros < 0 && seconds == 0 { "-" } else { "" };
            let text = format!("{months} months {days} days {sign}{seconds}.{part:06} seconds");
            cast(quoted(text), sql_type(of)?)
        }
        _ => match of.kind() {
            Kind::Array(item) => array(of, binary_elements(item, bytes)?),
            _ => quoted(std::str::from_utf8(bytes).ok()?),
        },
    })
}

fn whole(number: i64, of: &Type) -> Expr {
    let digits = value(Value::Number(number.unsigned_abs().to_string(), false));
    let number = match number {
        0.. => digits,
        _ => Expr::UnaryOp { op: UnaryOperator::Minus, expr: Box::new(digits) },
    };
    match sql_type(of) {
        Some(sql) if *of != Type::INT8 => cast(number, sql),
        _ => number,
    }
}

/// A number with a point keeps its digits: its type is as wide as it is.
fn decimal(text: &str) -> Option<Expr> {
    let bare = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (before, behind) = bare.split_once('.').unwrap_or((bare, ""));
    let digits = before.len() + behind.len();
    let plain = digits > 0 && before.bytes().chain(behind.bytes()).all(|b| b.is_ascii_digit());
    if !plain {
        // 1e3, say: as much as a float holds.
        let number: f64 = text.parse().ok().filter(|n: &f64| n.is_finite())?;
        return Some(cast(quoted(number.to_string()), DataType::DoublePrecision));
    }
    let scale = behind.len();
    let precision = before.trim_start_matches('0').len() + scale;
    (precision <= 38).then(|| {
        let size = ExactNumberInfo::PrecisionAndScale(precision.max(1) as u64, scale as i64);
        cast(quoted(text), DataType::Decimal(size))
    })
}

fn array(of: &Type, elem: Vec<Expr>) -> Expr {
    let array = Expr::Array(Array { elem, named: true });
    match sql_type(of) {
        Some(sql) => cast(array, sql),
        None => array,
    }
}

/// Elements of an array of one dimension as text: `{a,"b c",NULL}`.
fn elements(text: &str) -> Option<Vec<Option<String>>> {
    let inside = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    if inside.trim().is_empty() {
        return Some(Vec::new());
    }
    let (mut all, mut item, mut was_quoted) = (Vec::new(), String::new(), false);
    let mut chars = inside.chars();
    let mut finish = |item: &mut String, was_quoted: &mut bool| {
        let text = std::mem::take(item);
        let quoted = std::mem::take(was_quoted);
        let bare = text.trim();
        all.push(match quoted {
            true => Some(text),
            false if bare.eq_ignore_ascii_case("null") => None,
            false => Some(bare.to_owned()),
        });
    };
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                item.clear();
                was_quoted = true;
                loop {
                    match chars.next()? {
                        '"' => break,
                        '\\' => item.push(chars.next()?),
                        other => item.push(other),
                    }
                }
            }
            ',' => finish(&mut item, &mut was_quoted),
            '{' | '}' => return None,
            '\\' => item.push(chars.next()?),
            _ if was_quoted => {}
            other => item.push(other),
        }
    }
    finish(&mut item, &mut was_quoted);
    Some(all)
}

fn word(rest: &mut &[u8]) -> Option<i32> {
    let (four, more) = rest.split_first_chunk::<4>()?;
    *rest = more;
    Some(i32::from_be_bytes(*four))
}

fn binary_elements(item: &Type, bytes: &[u8]) -> Option<Vec<Expr>> {
    let mut rest = bytes;
    let (dimensions, _nulls, _type) = (word(&mut rest)?, word(&mut rest)?, word(&mut rest)?);
    if dimensions == 0 {
        return Some(Vec::new());
    }
    let (count, _from) = (word(&mut rest)?, word(&mut rest)?);
    // Each has a length of four bytes at least.
    let count = usize::try_from(count).ok().filter(|n| dimensions == 1 && *n <= rest.len() / 4)?;
    let mut all = Vec::with_capacity(count);
    for _ in 0..count {
        match usize::try_from(word(&mut rest)?) {
            Ok(length) => {
                let (one, more) = rest.split_at_checked(length)?;
                rest = more;
                all.push(of_binary(item, one)?);
            }
            Err(_) => all.push(null_of(item)),
        }
    }
    Some(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn text(of: &Type, value: &str) -> String {
        literal(1, of, Format::Text, Some(value.as_bytes())).unwrap().to_string()
    }

    #[test]
    fn a_value_stays_a_value() {
        assert_eq!(text(&Type::TEXT, "x' OR 'a' = 'a"), "'x'' OR ''a'' = ''a'");
        assert_eq!(text(&Type::INT8, "-5"), "-5");
        assert_eq!(text(&Type::INT4, " 7 "), "CAST(7 AS INT)");
        assert_eq!(text(&Type::NUMERIC, "-001.250"), "CAST('-001.250' AS DECIMAL(4,3))");
        assert_eq!(
            text(&Type::TEXT_ARRAY, r#"{a,"b, \"c",NULL}"#),
            r#"CAST(ARRAY['a', 'b, "c', CAST(NULL AS TEXT)] AS TEXT[])"#
        );
        for (of, bad) in [(&Type::INT4, "1; DROP TABLE t"), (&Type::INT2, "70000"), (&Type::BOOL, "maybe")] {
            assert_eq!(literal(1, of, Format::Text, Some(bad.as_bytes())).unwrap_err().sql_state(), "22P02");
        }
    }

    #[test]
    fn binary_values_are_read() {
        let read = |of: &Type, bytes: &[u8]| literal(1, of, Format::Binary, Some(bytes)).map(|e| e.to_string());
        assert_eq!(read(&Type::DATE, &(-1_i32).to_be_bytes()).unwrap(), "CAST('1999-12-31' AS DATE)");
        let moment = read(&Type::TIMESTAMPTZ, &500_000_i64.to_be_bytes()).unwrap();
        assert_eq!(moment, "CAST('2000-01-01 00:00:00.5Z' AS TIMESTAMP WITH TIME ZONE)");
        assert!(read(&Type::TIMESTAMP, &i64::MAX.to_be_bytes()).is_err(), "infinity");
        assert!(read(&Type::INT8, &[0; 4]).is_err());
        let mut array = Vec::new();
        for word in [1_i32, 0, 23, 1, 1, 4, 9] {
            array.extend_from_slice(&word.to_be_bytes());
        }
        assert_eq!(read(&Type::INT4_ARRAY, &array).unwrap(), "CAST(ARRAY[CAST(9 AS INT)] AS INT[])");
        array[12..16].copy_from_slice(&i32::MAX.to_be_bytes());
        assert!(read(&Type::INT4_ARRAY, &array).is_err(), "more elements than bytes");
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_a_value_or_refused(bytes: Vec<u8>, binary: bool) {
            let format = if binary { Format::Binary } else { Format::Text };
            for of in [Type::INT8, Type::NUMERIC, Type::TEXT_ARRAY, Type::DATE, Type::TIMESTAMP, Type::INTERVAL, Type::UUID] {
                let _ = literal(1, &of, format, Some(&bytes));
            }
        }
    }
}
