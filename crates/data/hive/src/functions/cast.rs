//! Hive's casts: what does not fit is NULL, numbers are cut, texts are written as Java writes them.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, BooleanArray, Date32Array, PrimitiveArray, StringArray, TimestampMicrosecondArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType,
};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::calendar::{DAY_US, day_of, parse_date, parse_time};
use super::texts::to_text;

const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// Casts as Hive does.
///
/// # Errors
/// When there is no such cast at all, as from an array to a number.
pub(crate) fn hive_cast(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let array = plain(array)?;
    if array.data_type() == to {
        return Ok(array);
    }
    match (array.data_type(), to) {
        (DataType::Null, _) => Ok(arrow::array::new_null_array(to, array.len())),
        (DataType::Utf8, _) => from_text(array.as_string::<i32>(), to),
        (_, DataType::Utf8) => Ok(Arc::new(to_text(&array)?)),
        (DataType::Boolean, DataType::Date32) => Ok(arrow::array::new_null_array(to, array.len())),
        (_, DataType::Int8) => whole::<Int8Type>(&array, to, |v| v as i8),
        (_, DataType::Int16) => whole::<Int16Type>(&array, to, |v| v as i16),
        (_, DataType::Int32) => whole::<Int32Type>(&array, to, |v| v as i32),
        (_, DataType::Int64) => whole::<Int64Type>(&array, to, |v| v),
        (DataType::Timestamp(..), DataType::Float64) => {
            let times = array.as_primitive::<TimestampMicrosecondType>();
            Ok(Arc::new(times.unary::<_, Float64Type>(|us| us as f64 / 1e6)))
        }
        (DataType::Date32, DataType::Timestamp(..)) => {
            let days = array.as_primitive::<Date32Type>();
            Ok(Arc::new(days.unary::<_, TimestampMicrosecondType>(|d| i64::from(d) * DAY_US)))
        }
        (DataType::Timestamp(..), DataType::Date32) => {
            let times = array.as_primitive::<TimestampMicrosecondType>();
            Ok(Arc::new(times.unary::<_, Date32Type>(day_of)))
        }
        (DataType::Date32, _) if to.is_numeric() => Ok(arrow::array::new_null_array(to, array.len())),
        (from, DataType::Timestamp(..)) if from.is_integer() => {
            let seconds = engines(&array, &DataType::Int64)?;
            let seconds = seconds.as_primitive::<Int64Type>();
            Ok(Arc::new(seconds.unary_opt::<_, TimestampMicrosecondType>(|s| s.checked_mul(1_000_000))))
        }
        (from, DataType::Timestamp(..)) if from.is_numeric() => {
            let seconds = engines(&array, &DataType::Float64)?;
            let seconds = seconds.as_primitive::<Float64Type>();
            Ok(Arc::new(
                seconds.unary_opt::<_, TimestampMicrosecondType>(|s| s.is_finite().then_some((s * 1e6) as i64)),
            ))
        }
        (DataType::Float32 | DataType::Float64, DataType::Boolean) => {
            let values = engines(&array, &DataType::Float64)?;
            let values = values.as_primitive::<Float64Type>();
            Ok(Arc::new(values.iter().map(|v| v.map(|v| v != 0.0)).collect::<BooleanArray>()))
        }
        (DataType::Timestamp(..), DataType::Boolean) => {
            let times = array.as_primitive::<TimestampMicrosecondType>();
            Ok(Arc::new(times.iter().map(|v| v.map(|v| v != 0)).collect::<BooleanArray>()))
        }
        _ => engines(&array, to),
    }
}

/// A text or binary as it is, anything else by way of its text.
pub(super) fn cast_text_or(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let array = plain(array)?;
    if array.data_type() == to {
        return Ok(array);
    }
    let text: ArrayRef = Arc::new(to_text(&array)?);
    engines(&text, to)
}

/// Arrow's own cast; what does not fit is NULL.
pub(super) fn engines(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let options = CastOptions { safe: true, ..CastOptions::default() };
    Ok(cast_with_options(array, to, &options)?)
}

/// Without views, dictionaries, large forms, time zones and unsigned numbers.
pub(super) fn plain(array: &ArrayRef) -> Result<ArrayRef> {
    let to = match array.data_type() {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary | DataType::FixedSizeBinary(_) => DataType::Binary,
        DataType::Dictionary(_, value) => match &**value {
            DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
            other => other.clone(),
        },
        DataType::Timestamp(unit, zone) if *unit != TimeUnit::Microsecond || zone.is_some() => TIME,
        DataType::Date64 => DataType::Date32,
        DataType::UInt8 => DataType::Int16,
        DataType::UInt16 => DataType::Int32,
        DataType::UInt32 => DataType::Int64,
        DataType::UInt64 => DataType::Decimal128(20, 0),
        DataType::Float16 => DataType::Float32,
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => DataType::Decimal128(*p, *s),
        _ => return Ok(Arc::clone(array)),
    };
    engines(array, &to)
}

/// Whole numbers: those of other widths wrap, floats are cut and end at the limits, decimals are cut.
fn whole<T: ArrowPrimitiveType>(array: &ArrayRef, to: &DataType, narrow: fn(i64) -> T::Native) -> Result<ArrayRef> {
    let limits: (f64, f64) = match to {
        DataType::Int64 => (i64::MIN as f64, i64::MAX as f64),
        _ => (f64::from(i32::MIN), f64::from(i32::MAX)),
    };
    Ok(match array.data_type() {
        DataType::Float32 | DataType::Float64 => {
            let values = engines(array, &DataType::Float64)?;
            let values = values.as_primitive::<Float64Type>();
            Arc::new(values.unary::<_, T>(|v| narrow(v.clamp(limits.0, limits.1) as i64)))
        }
        DataType::Decimal128(_, scale) => {
            let by = 10_i128.pow(u32::try_from((*scale).max(0)).unwrap_or(0));
            let values = array.as_primitive::<Decimal128Type>();
            let fits =
                |v: i128| i64::try_from(v / by).ok().filter(|v| (*v as f64) >= limits.0 && (*v as f64) <= limits.1);
            Arc::new(values.iter().map(|v| v.and_then(fits).map(narrow)).collect::<PrimitiveArray<T>>())
        }
        DataType::Timestamp(..) => {
            let values = array.as_primitive::<TimestampMicrosecondType>();
            Arc::new(values.unary::<_, T>(|us| narrow(us.div_euclid(1_000_000))))
        }
        DataType::Date32 => arrow::array::new_null_array(to, array.len()),
        from if from.is_integer() || *from == DataType::Boolean => {
            let values = engines(array, &DataType::Int64)?;
            Arc::new(values.as_primitive::<Int64Type>().unary::<_, T>(narrow))
        }
        from => {
            return exec_err!("{} cannot be cast to {}", crate::hiveql::hive_type(from), crate::hiveql::hive_type(to));
        }
    })
}

fn from_text(texts: &StringArray, to: &DataType) -> Result<ArrayRef> {
    fn each<T: ArrowPrimitiveType>(texts: &StringArray, read: fn(&str) -> Option<T::Native>) -> ArrayRef {
        Arc::new(texts.iter().map(|t| t.and_then(read)).collect::<PrimitiveArray<T>>())
    }
    Ok(match to {
        DataType::Boolean => Arc::new(texts.iter().map(|t| t.map(truth)).collect::<BooleanArray>()),
        DataType::Int8 => each::<Int8Type>(texts, |t| whole_text(t).and_then(|v| i8::try_from(v).ok())),
        DataType::Int16 => each::<Int16Type>(texts, |t| whole_text(t).and_then(|v| i16::try_from(v).ok())),
        DataType::Int32 => each::<Int32Type>(texts, |t| whole_text(t).and_then(|v| i32::try_from(v).ok())),
        DataType::Int64 => each::<Int64Type>(texts, whole_text),
        DataType::Float32 => each::<Float32Type>(texts, |t| float_text(t).map(|v| v as f32)),
        DataType::Float64 => each::<Float64Type>(texts, float_text),
        DataType::Date32 => Arc::new(texts.iter().map(|t| t.and_then(parse_date)).collect::<Date32Array>()),
        DataType::Timestamp(TimeUnit::Microsecond, None) => {
            Arc::new(texts.iter().map(|t| t.and_then(parse_time)).collect::<TimestampMicrosecondArray>())
        }
        DataType::Decimal128(..) => {
            let trimmed: ArrayRef = Arc::new(texts.iter().map(|t| t.map(str::trim)).collect::<StringArray>());
            engines(&trimmed, to)?
        }
        _ => {
            let texts: ArrayRef = Arc::new(texts.clone());
            engines(&texts, to)?
        }
    })
}

/// Hive 3: nothing and the words for no are false, every other text is true.
fn truth(text: &str) -> bool {
    !["", "false", "no", "off", "0", "f", "n"].iter().any(|no| text.trim().eq_ignore_ascii_case(no))
}

/// `12`, ` 12 `, `12.9` (cut), not `1e2`.
fn whole_text(text: &str) -> Option<i64> {
    let text = text.trim();
    let (digits, part) = text.split_once('.').unwrap_or((text, ""));
    if !part.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    match digits {
        "" | "+" | "-" => (!part.is_empty()).then_some(0),
        digits => digits.parse().ok(),
    }
}

fn float_text(text: &str) -> Option<f64> {
    let text = text.trim();
    match text.to_ascii_lowercase().as_str() {
        "infinity" | "+infinity" | "inf" => Some(f64::INFINITY),
        "-infinity" | "-inf" => Some(f64::NEG_INFINITY),
        "nan" => Some(f64::NAN),
        lower if lower.bytes().any(|b| b.is_ascii_alphabetic() && !matches!(b, b'e' | b'd' | b'f')) => None,
        lower => lower.trim_end_matches(['d', 'f']).parse().ok(),
    }
}

/// What a cast makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum To {
    Fixed(&'static str),
    Decimal,
    Text { pads: bool },
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Cast {
    name: String,
    to: To,
    signature: Signature,
}

/// A constant whole number among the arguments.
fn constant(args: &[Option<&ScalarValue>], n: usize) -> Option<i64> {
    args.get(n).copied().flatten().and_then(|v| match v {
        ScalarValue::Int64(v) => *v,
        ScalarValue::Int32(v) => v.map(i64::from),
        _ => None,
    })
}

impl Cast {
    fn target(&self, args: &[Option<&ScalarValue>]) -> Result<DataType> {
        Ok(match self.to {
            To::Fixed(name) => fixed(name),
            To::Text { .. } => DataType::Utf8,
            To::Decimal => {
                let precision = constant(args, 1).and_then(|p| u8::try_from(p).ok());
                let scale = constant(args, 2).and_then(|s| i8::try_from(s).ok());
                match (precision, scale) {
                    (Some(p @ 1..=38), Some(s)) if s >= 0 && i16::from(s) <= i16::from(p) => DataType::Decimal128(p, s),
                    _ => return plan_err!("a decimal takes 1 to 38 digits, and no more behind the point"),
                }
            }
        })
    }
}

fn fixed(name: &str) -> DataType {
    match name {
        "boolean" => DataType::Boolean,
        "tinyint" => DataType::Int8,
        "smallint" => DataType::Int16,
        "int" => DataType::Int32,
        "bigint" => DataType::Int64,
        "float" => DataType::Float32,
        "double" => DataType::Float64,
        "binary" => DataType::Binary,
        "date" => DataType::Date32,
        "timestamp" => TIME,
        _ => DataType::Utf8,
    }
}

impl ScalarUDFImpl for Cast {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        self.target(&[])
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<arrow::datatypes::FieldRef> {
        let to = self.target(args.scalar_arguments)?;
        Ok(Arc::new(arrow::datatypes::Field::new(&self.name, to, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let Some(first) = args.args.first() else { return plan_err!("a cast wants a value") };
        let scalar = matches!(first, ColumnarValue::Scalar(_));
        let array = first.to_array(if scalar { 1 } else { args.number_rows })?;
        let out = match self.to {
            To::Text { pads } => {
                let length = match args.args.get(1) {
                    Some(ColumnarValue::Scalar(ScalarValue::Int64(Some(n)))) => usize::try_from(*n).unwrap_or(0),
                    _ => return plan_err!("varchar and char want a length"),
                };
                let texts = to_text(&array)?;
                let cut = |t: &str| {
                    let cut: String = t.chars().take(length).collect();
                    // A char is as long as it says; its blanks at the end are no part of its value.
                    if pads { cut.trim_end().to_owned() } else { cut }
                };
                Arc::new(texts.iter().map(|t| t.map(cut)).collect::<StringArray>()) as ArrayRef
            }
            _ => hive_cast(&array, args.return_field.data_type())?,
        };
        if scalar {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&out, 0)?))
        } else {
            Ok(ColumnarValue::Array(out))
        }
    }
}

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    let names =
        ["boolean", "tinyint", "smallint", "int", "bigint", "float", "double", "string", "binary", "date", "timestamp"];
    let fixed = names.iter().map(|name| (*name, To::Fixed(name), 1));
    let sized = [
        ("to_date", To::Fixed("date"), 1),
        ("decimal", To::Decimal, 3),
        ("varchar", To::Text { pads: false }, 2),
        ("char", To::Text { pads: true }, 2),
    ];
    fixed
        .chain(sized)
        .map(|(name, to, args)| {
            let signature = Signature::any(args, Volatility::Immutable);
            Arc::new(ScalarUDF::from(Cast { name: format!("hive_{name}"), to, signature }))
        })
        .collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_become_numbers_or_nothing() {
        let texts: ArrayRef = Arc::new(StringArray::from(vec!["12", " -3.9 ", "x", "", "1e2", "99999999999", ".5"]));
        let ints = hive_cast(&texts, &DataType::Int32).unwrap();
        let ints: Vec<_> = ints.as_primitive::<Int32Type>().iter().collect();
        assert_eq!(ints, [Some(12), Some(-3), None, None, None, None, Some(0)]);
        let floats: ArrayRef = Arc::new(arrow::array::Float64Array::from(vec![3.99, -3.99, 1e20, f64::NAN]));
        let ints = hive_cast(&floats, &DataType::Int32).unwrap();
        assert_eq!(ints.as_primitive::<Int32Type>().values(), &[3, -3, i32::MAX, 0]);
        assert!(truth("maybe") && !truth("False") && !truth(""));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let array: ArrayRef = Arc::new(StringArray::from(vec![text]));
            for to in [DataType::Boolean, DataType::Int8, DataType::Int64, DataType::Float32, DataType::Float64,
                DataType::Date32, TIME, DataType::Decimal128(10, 2), DataType::Binary] {
                let made = hive_cast(&array, &to).unwrap();
                proptest::prop_assert_eq!(made.data_type(), &to);
            }
        }
    }
}
