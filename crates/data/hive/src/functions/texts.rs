//! The texts of values, as Hive shows them. Columns of days, times and decimals are written without a text of its
//! own for each value, since every row that a client fetches comes through here.

use arrow::array::{Array, ArrayRef, AsArray as _, PrimitiveArray, StringArray, StringBuilder};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, TimestampMicrosecondType,
};
use datafusion::common::Result;

use super::calendar::{put_date, put_time};
use super::cast::{engines, plain};

/// The texts of values.
///
/// # Errors
/// When something has no text.
pub(crate) fn to_text(array: &ArrayRef) -> Result<StringArray> {
    let array = plain(array)?;
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().clone(),
        DataType::Boolean => array.as_boolean().iter().map(|v| v.map(|v| if v { "true" } else { "false" })).collect(),
        DataType::Float64 => array.as_primitive::<Float64Type>().iter().map(|v| v.map(double_text)).collect(),
        DataType::Float32 => array.as_primitive::<Float32Type>().iter().map(|v| v.map(float32_text)).collect(),
        DataType::Date32 => put(array.as_primitive::<Date32Type>(), 10, put_date),
        DataType::Timestamp(..) => put(array.as_primitive::<TimestampMicrosecondType>(), 26, put_time),
        DataType::Decimal128(_, scale @ 0..) => {
            let scale = usize::from(scale.unsigned_abs());
            put(array.as_primitive::<Decimal128Type>(), 12, |out, value| put_decimal(out, value, scale))
        }
        DataType::Binary => {
            let lossy = |v: &[u8]| String::from_utf8_lossy(v).into_owned();
            array.as_binary::<i32>().iter().map(|v| v.map(lossy)).collect()
        }
        DataType::List(_) | DataType::LargeList(_) | DataType::Map(..) | DataType::Struct(_) => {
            crate::cells::nested_texts(&array)?
        }
        _ => engines(&array, &DataType::Utf8)?.as_string::<i32>().clone(),
    })
}

/// Values written one by one into the same buffer; `about` is how many bytes one takes.
fn put<T: ArrowPrimitiveType>(
    values: &PrimitiveArray<T>,
    about: usize,
    write: impl Fn(&mut Vec<u8>, T::Native),
) -> StringArray {
    let mut texts = StringBuilder::with_capacity(values.len(), values.len() * about);
    let mut one = Vec::with_capacity(48);
    for value in values {
        let Some(value) = value else {
            texts.append_null();
            continue;
        };
        one.clear();
        write(&mut one, value);
        texts.append_value(std::str::from_utf8(&one).unwrap_or_default());
    }
    texts.finish()
}

/// `-12.50`: all `scale` digits behind the point, and at least one in front of it.
fn put_decimal(out: &mut Vec<u8>, value: i128, scale: usize) {
    // From the back: 39 digits, the point, the sign.
    let mut text = [b'0'; 48];
    let mut at = text.len();
    let mut rest = value.unsigned_abs();
    let mut behind = 0;
    while rest > 0 || behind <= scale {
        if behind == scale && scale > 0 {
            at -= 1;
            text[at] = b'.';
        }
        at -= 1;
        // Most values fit 64 bits, which divide much faster.
        let digit = match u64::try_from(rest) {
            Ok(small) => {
                rest = u128::from(small / 10);
                small % 10
            }
            Err(_) => {
                let digit = rest % 10;
                rest /= 10;
                u64::try_from(digit).unwrap_or(0)
            }
        };
        text[at] = b'0' + u8::try_from(digit).unwrap_or(0);
        behind += 1;
    }
    if value < 0 {
        out.push(b'-');
    }
    out.extend(&text[at..]);
}

/// As `Double.toString` of Java: always a point, an exponent outside of 0.001 to 10,000,000.
pub(crate) fn double_text(v: f64) -> String {
    java(v, v.abs(), |v| format!("{v}"), |v| format!("{v:e}"))
}

fn float32_text(v: f32) -> String {
    java(f64::from(v), f64::from(v.abs()), |_| format!("{v}"), |_| format!("{v:e}"))
}

fn java(v: f64, size: f64, plain: impl Fn(f64) -> String, scientific: impl Fn(f64) -> String) -> String {
    if v.is_nan() {
        return "NaN".to_owned();
    }
    if v.is_infinite() {
        return if v > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    if size == 0.0 || (1e-3..1e7).contains(&size) {
        let text = plain(v);
        return if text.contains('.') { text } else { format!("{text}.0") };
    }
    let text = scientific(v);
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let point = if digits.contains('.') { "" } else { ".0" };
    format!("{digits}{point}E{exponent}")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::Decimal128Array;

    use super::*;

    #[test]
    fn doubles_are_written_as_java_writes_them() {
        for (v, text) in [
            (0.0, "0.0"),
            (1.0, "1.0"),
            (-2.5, "-2.5"),
            (1e7, "1.0E7"),
            (123_456_789.125, "1.23456789125E8"),
            (0.001, "0.001"),
            (1e-5, "1.0E-5"),
            (9_999_999.0, "9999999.0"),
            (f64::NAN, "NaN"),
            (1e100, "1.0E100"),
        ] {
            assert_eq!(double_text(v), text);
        }
        assert_eq!(float32_text(1.5), "1.5");
    }

    #[test]
    fn decimals_keep_their_digits() {
        for (value, scale, shown) in [
            (0, 0, "0"),
            (0, 2, "0.00"),
            (-5, 2, "-0.05"),
            (1250, 2, "12.50"),
            (-1_234_567_890_123_456_789_012, 3, "-1234567890123456789.012"),
            (7, 0, "7"),
            (i128::MAX, 38, "1.70141183460469231731687303715884105727"),
            (i128::MIN, 0, "-170141183460469231731687303715884105728"),
        ] {
            let mut out = Vec::new();
            put_decimal(&mut out, value, scale);
            assert_eq!(std::str::from_utf8(&out), Ok(shown));
        }
    }

    proptest::proptest! {
        #[test]
        fn decimals_are_those_of_the_engine(value in -10_i128.pow(37)..10_i128.pow(37), scale in 0_i8..=38) {
            let array = Decimal128Array::from(vec![Some(value), None]).with_precision_and_scale(38, scale).unwrap();
            let array: ArrayRef = Arc::new(array);
            let engine = engines(&array, &DataType::Utf8).unwrap();
            proptest::prop_assert_eq!(&to_text(&array).unwrap(), engine.as_string::<i32>());
        }
    }
}
