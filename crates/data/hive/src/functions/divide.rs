//! `/` and `div`: by zero is NULL; whole numbers give a double, decimals a decimal of Hive's size.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, Decimal128Array, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Decimal128Type, Field, FieldRef, Float64Type, Int64Type, i256};
use datafusion::common::{Result, ScalarValue};
use datafusion::logical_expr::{
    ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::cast::hive_cast;

#[derive(Debug, PartialEq, Eq, Hash)]
struct Divide {
    whole: bool,
    signature: Signature,
}

/// How many digits a value of a type has at most, and how many of them behind the point; `None` for doubles.
fn digits(data_type: &DataType, constant: Option<&ScalarValue>) -> Option<(u8, i8)> {
    match (data_type, constant) {
        (DataType::Decimal128(p, s), _) => Some((*p, *s)),
        (DataType::Int64, Some(ScalarValue::Int64(Some(v)))) => {
            Some((u8::try_from(v.unsigned_abs().to_string().len()).unwrap_or(20), 0))
        }
        (DataType::Int8, _) => Some((3, 0)),
        (DataType::Int16, _) => Some((5, 0)),
        (DataType::Int32, _) => Some((10, 0)),
        (DataType::Int64, _) => Some((20, 0)),
        _ => None,
    }
}

/// The type of a quotient of decimals, as Hive and Spark size it: at least six digits behind the point, and
/// those are given up first when 38 do not suffice.
fn quotient((p1, s1): (u8, i8), (p2, s2): (u8, i8)) -> (u8, i8) {
    let (p1, s1, p2, s2) = (i32::from(p1), i32::from(s1), i32::from(p2), i32::from(s2));
    let scale = (s1 + p2 + 1).max(6);
    let precision = p1 - s1 + s2 + scale;
    let (precision, scale) =
        if precision <= 38 { (precision, scale) } else { (38, (38 - (precision - scale)).max(scale.min(6))) };
    (u8::try_from(precision).unwrap_or(38), i8::try_from(scale).unwrap_or(6))
}

impl ScalarUDFImpl for Divide {
    fn name(&self) -> &str {
        if self.whole { "hive_div" } else { "hive_divide" }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> Result<DataType> {
        Ok(if self.whole { DataType::Int64 } else { DataType::Float64 })
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs) -> Result<FieldRef> {
        let kinds: Vec<&DataType> = args.arg_fields.iter().map(|f| f.data_type()).collect();
        let decimal = kinds.iter().any(|k| matches!(k, DataType::Decimal128(..)));
        let known = |n: usize| digits(kinds[n], args.scalar_arguments[n]);
        let to = match (self.whole, decimal, known(0), known(1)) {
            (true, ..) => DataType::Int64,
            (false, true, Some(a), Some(b)) => {
                let (p, s) = quotient(a, b);
                DataType::Decimal128(p, s)
            }
            _ => DataType::Float64,
        };
        Ok(Arc::new(Field::new(self.name(), to, true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let (left, right) = (args.args[0].to_array(rows)?, args.args[1].to_array(rows)?);
        let floats = [&left, &right].iter().any(|a| matches!(a.data_type(), DataType::Float32 | DataType::Float64));
        let out: ArrayRef = match args.return_field.data_type() {
            DataType::Decimal128(p, s) => Arc::new(decimals(&left, &right, *p, *s)?),
            DataType::Int64 if floats || matches!(left.data_type(), DataType::Decimal128(..)) => {
                let (left, right) = (hive_cast(&left, &DataType::Float64)?, hive_cast(&right, &DataType::Float64)?);
                let pairs = left.as_primitive::<Float64Type>().iter().zip(right.as_primitive::<Float64Type>());
                Arc::new(pairs.map(|(a, b)| (b? != 0.0).then_some((a? / b?) as i64)).collect::<Int64Array>())
            }
            DataType::Int64 => {
                let (left, right) = (hive_cast(&left, &DataType::Int64)?, hive_cast(&right, &DataType::Int64)?);
                let pairs = left.as_primitive::<Int64Type>().iter().zip(right.as_primitive::<Int64Type>());
                Arc::new(pairs.map(|(a, b)| a?.checked_div(b?)).collect::<Int64Array>())
            }
            _ => {
                let (left, right) = (hive_cast(&left, &DataType::Float64)?, hive_cast(&right, &DataType::Float64)?);
                let pairs = left.as_primitive::<Float64Type>().iter().zip(right.as_primitive::<Float64Type>());
                Arc::new(pairs.map(|(a, b)| (b? != 0.0).then_some(a? / b?)).collect::<Float64Array>())
            }
        };
        if constant {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&out, 0)?))
        } else {
            Ok(ColumnarValue::Array(out))
        }
    }
}

fn decimals(left: &ArrayRef, right: &ArrayRef, precision: u8, scale: i8) -> Result<Decimal128Array> {
    let as_decimal = |array: &ArrayRef| -> Result<(ArrayRef, i8)> {
        match array.data_type() {
            DataType::Decimal128(_, s) => Ok((Arc::clone(array), *s)),
            _ => Ok((hive_cast(array, &DataType::Decimal128(20, 0))?, 0)),
        }
    };
    let ((left, s1), (right, s2)) = (as_decimal(left)?, as_decimal(right)?);
    let shift = u32::try_from(i32::from(scale) - i32::from(s1) + i32::from(s2)).unwrap_or(0);
    let by = i256::from_i128(10).wrapping_pow(shift);
    let pairs = left.as_primitive::<Decimal128Type>().iter().zip(right.as_primitive::<Decimal128Type>());
    let each = pairs.map(|(a, b)| {
        let (a, b) = (i256::from_i128(a?).checked_mul(by)?, i256::from_i128(b?));
        let (whole, rest) = (a.checked_div(b)?, a.checked_rem(b)?);
        // Half away from zero.
        let up = rest.wrapping_abs().checked_mul(i256::from_i128(2))? >= b.wrapping_abs();
        let negative = (a < i256::ZERO) != (b < i256::ZERO);
        let step = i256::from_i128(if !up {
            0
        } else if negative {
            -1
        } else {
            1
        });
        whole.checked_add(step)?.to_i128().filter(|v| v.unsigned_abs() < 10_u128.pow(u32::from(precision)))
    });
    Ok(each.collect::<Decimal128Array>().with_precision_and_scale(precision, scale)?)
}

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    [false, true]
        .map(|whole| Arc::new(ScalarUDF::from(Divide { whole, signature: Signature::any(2, Volatility::Immutable) })))
        .to_vec()
}

#[cfg(test)]
mod tests {
    use super::quotient;

    #[test]
    fn quotients_are_sized_as_in_hive() {
        assert_eq!(quotient((4, 2), (1, 0)), (8, 6));
        assert_eq!(quotient((10, 2), (10, 2)), (23, 13));
        assert_eq!(quotient((38, 10), (38, 10)), (38, 6));
    }
}
