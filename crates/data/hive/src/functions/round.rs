//! `round`: half away from zero, on the digits that a number shows.
//!
//! A double is rounded by its shortest decimal form, as Java's `BigDecimal` does for Hive: 2.675 becomes 2.68
//! although its bits lie a little below.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray as _, Decimal128Array, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type, Int64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::cast::hive_cast;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Round {
    signature: Signature,
}

/// The digits asked for when they are a constant; none are asked for without an argument.
fn constant(value: Option<&ScalarValue>) -> Option<i64> {
    match value {
        Some(ScalarValue::Int64(digits)) => *digits,
        Some(ScalarValue::Int32(digits)) => digits.map(i64::from),
        _ => None,
    }
}

/// The size of a rounded decimal: one digit more in front, for what is carried.
fn sized(precision: u8, scale: i8, digits: i64) -> (u8, i8) {
    let kept = i8::try_from(digits.clamp(0, i64::from(scale.max(0)))).unwrap_or(0);
    let precision = i16::from(precision) - i16::from(scale) + i16::from(kept) + 1;
    (u8::try_from(precision.clamp(1, 38)).unwrap_or(38), kept)
}

impl ScalarUDFImpl for Round {
    fn name(&self) -> &'static str {
        "hive_round"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(DataType::Float64)
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let count = args.arg_fields.len();
        if !(1..=2).contains(&count) {
            return plan_err!("round was called with {count} arguments: round(x[, d])");
        }
        let digits = if count == 1 { Some(0) } else { constant(args.scalar_arguments[1]) };
        let to = match (args.arg_fields[0].data_type(), digits) {
            (DataType::Decimal128(p, s), Some(digits)) => {
                let (p, s) = sized(*p, *s, digits);
                DataType::Decimal128(p, s)
            }
            (DataType::Decimal128(p, s), None) => DataType::Decimal128(*p, *s),
            (from, _) if from.is_integer() => DataType::Int64,
            _ => DataType::Float64,
        };
        Ok(Arc::new(Field::new(self.name(), to, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let value = args.args[0].to_array(rows)?;
        let digits: ArrayRef = match args.args.get(1) {
            Some(digits) => hive_cast(&digits.to_array(rows)?, &DataType::Int64)?,
            None => Arc::new(Int64Array::from(vec![0; rows])),
        };
        let digits = digits.as_primitive::<Int64Type>().iter();
        let out: ArrayRef = match (value.data_type(), args.return_field.data_type()) {
            (DataType::Decimal128(_, from), DataType::Decimal128(p, s)) => {
                let (from, to) = (i64::from(*from), i64::from(*s));
                let most = 10_u128.pow(u32::from(*p));
                let values = value.as_primitive::<Decimal128Type>().iter().zip(digits);
                let each = values
                    .map(|(v, d)| decimal(v?, from, d?, to).filter(|v| v.unsigned_abs() < most))
                    .collect::<Decimal128Array>();
                Arc::new(each.with_precision_and_scale(*p, *s)?)
            }
            (_, DataType::Int64) => {
                let values = hive_cast(&value, &DataType::Int64)?;
                let values = values.as_primitive::<Int64Type>().iter().zip(digits);
                let whole = |v: i64, d: i64| decimal(i128::from(v), 0, d, 0).and_then(|v| i64::try_from(v).ok());
                Arc::new(values.map(|(v, d)| whole(v?, d?)).collect::<Int64Array>())
            }
            _ => {
                let values = hive_cast(&value, &DataType::Float64)?;
                let values = values.as_primitive::<Float64Type>().iter().zip(digits);
                Arc::new(values.map(|(v, d)| Some(double(v?, d?))).collect::<Float64Array>())
            }
        };
        if constant {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&out, 0)?))
        } else {
            Ok(ColumnarValue::Array(out))
        }
    }
}

/// A number with `from` digits behind the point, rounded to `digits` and written with `to` of them.
fn decimal(value: i128, from: i64, digits: i64, to: i64) -> Option<i128> {
    let power = |n: i64| u32::try_from(n).ok().and_then(|n| 10_i128.checked_pow(n));
    let kept = digits.min(from);
    let Some(by) = power(from.saturating_sub(kept)) else { return Some(0) };
    let (whole, rest) = (value / by, value % by);
    // Half of `by`, so that nothing overflows; `by` is even unless it is 1, when no rest is.
    let up = by > 1 && rest.unsigned_abs() >= by.unsigned_abs() / 2;
    let rounded = whole + if up { value.signum() } else { 0 };
    if to >= kept {
        rounded.checked_mul(power(to.saturating_sub(kept))?)
    } else {
        Some(rounded / power(kept.saturating_sub(to))?)
    }
}

/// A double, by the digits it shows.
fn double(value: f64, digits: i64) -> f64 {
    if !value.is_finite() {
        return value;
    }
    let text = format!("{}", value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let shown = format!("{whole}{part}");
    // How many of the shown digits are kept.
    let kept = i64::try_from(whole.len()).unwrap_or(i64::MAX).saturating_add(digits);
    let Ok(kept) = usize::try_from(kept) else { return 0.0 };
    let Some(next) = shown.as_bytes().get(kept) else { return value };
    let head = shown[..kept].trim_start_matches('0');
    let Ok(head) = (if head.is_empty() { Ok(0) } else { head.parse::<u128>() }) else { return value };
    let rounded = head + u128::from(*next >= b'5');
    format!("{rounded}e{}", digits.saturating_neg()).parse::<f64>().map_or(value, |v| v.copysign(value))
}

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    vec![Arc::new(ScalarUDF::from(Round { signature: Signature::variadic_any(Volatility::Immutable) }))]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_go_away_from_zero() {
        for (value, digits, rounded) in [
            (2.675, 2, 2.68),
            (-2.5, 0, -3.0),
            (2.5, 0, 3.0),
            (0.5, 0, 1.0),
            (1234.5, -2, 1200.0),
            (77.0, -2, 100.0),
            (7.0, -2, 0.0),
            (1e300, 2, 1e300),
            (1e-300, 2, 0.0),
            (0.1, 400, 0.1),
        ] {
            assert!((double(value, digits) - rounded).abs() <= f64::EPSILON, "{value} to {digits}");
        }
        assert!(double(f64::NAN, 1).is_nan());
        assert_eq!(decimal(-1_005, 3, 2, 2), Some(-101));
        assert_eq!(decimal(1_234, 0, -2, 0), Some(1_200));
        assert_eq!(decimal(25, 1, 0, 0), Some(3));
        assert_eq!(decimal(25, 1, 5, 1), Some(25));
        assert_eq!(decimal(25, 1, -60, 0), Some(0));
        assert_eq!((sized(3, 1, 0), sized(10, 3, 2), sized(38, 2, 9)), ((3, 0), (10, 2), (38, 2)));
    }

    proptest::proptest! {
        #[test]
        fn no_number_makes_it_panic(value in proptest::num::f64::ANY, whole: i128, digits: i64, scale in 0_i64..38) {
            let _ = double(value, digits);
            let _ = decimal(whole, scale, digits, scale.min(digits.max(0)));
        }
    }
}
