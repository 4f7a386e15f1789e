//! Functions of one row: arguments are cast to what each wants, as Hive does, and a NULL makes NULL.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, BinaryArray, BooleanArray, Date32Array, Float64Array, Int32Array, Int64Array,
    StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Date32Type, Float64Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::common::{Result, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::cast::{cast_text_or, hive_cast};

/// What an argument is cast to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Want {
    Text,
    Int,
    Double,
    Date,
    Time,
    Bytes,
}

impl Want {
    fn data_type(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Int => DataType::Int64,
            Self::Double => DataType::Float64,
            Self::Date => DataType::Date32,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
            Self::Bytes => DataType::Binary,
        }
    }
}

/// The body of a function, by what it answers.
#[derive(Clone, Copy, Debug)]
pub(super) enum Body {
    Text(fn(&Row<'_>) -> Option<String>),
    Int(fn(&Row<'_>) -> Option<i32>),
    Long(fn(&Row<'_>) -> Option<i64>),
    Double(fn(&Row<'_>) -> Option<f64>),
    Bool(fn(&Row<'_>) -> Option<bool>),
    Date(fn(&Row<'_>) -> Option<i32>),
    Time(fn(&Row<'_>) -> Option<i64>),
    Bytes(fn(&Row<'_>) -> Option<Vec<u8>>),
}

/// A function of one row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kernel {
    pub(super) name: &'static str,
    /// What each argument is cast to; the last goes for all that follow.
    pub(super) wants: &'static [Want],
    /// How many arguments there may be, at least and at most.
    pub(super) count: (usize, usize),
    /// A NULL among the arguments makes NULL without asking the body.
    pub(super) strict: bool,
    pub(super) body: Body,
}

/// One row of the arguments.
pub(super) struct Row<'a> {
    columns: &'a [ArrayRef],
    at: usize,
}

impl Row<'_> {
    pub(super) fn count(&self) -> usize {
        self.columns.len()
    }

    pub(super) fn is_null(&self, n: usize) -> bool {
        self.columns.get(n).is_none_or(|c| c.is_null(self.at))
    }

    pub(super) fn text(&self, n: usize) -> Option<&str> {
        let column = self.columns.get(n)?.as_string_opt::<i32>()?;
        column.is_valid(self.at).then(|| column.value(self.at))
    }

    pub(super) fn int(&self, n: usize) -> Option<i64> {
        let column = self.columns.get(n)?.as_primitive_opt::<Int64Type>()?;
        column.is_valid(self.at).then(|| column.value(self.at))
    }

    pub(super) fn double(&self, n: usize) -> Option<f64> {
        let column = self.columns.get(n)?.as_primitive_opt::<Float64Type>()?;
        column.is_valid(self.at).then(|| column.value(self.at))
    }

    /// Days since 1970.
    pub(super) fn date(&self, n: usize) -> Option<i32> {
        let column = self.columns.get(n)?.as_primitive_opt::<Date32Type>()?;
        column.is_valid(self.at).then(|| column.value(self.at))
    }

    /// Microseconds since 1970.
    pub(super) fn time(&self, n: usize) -> Option<i64> {
        let column = self.columns.get(n)?.as_primitive_opt::<TimestampMicrosecondType>()?;
        column.is_valid(self.at).then(|| column.value(self.at))
    }

    pub(super) fn bytes(&self, n: usize) -> Option<&[u8]> {
        let column = self.columns.get(n)?.as_binary_opt::<i32>()?;
        column.is_valid(self.at).then(|| column.value(self.at))
    }
}

/// A [`Kernel`] as the engine calls it.
#[derive(Debug)]
struct Function {
    kernel: Kernel,
    signature: Signature,
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.kernel.name == other.kernel.name
    }
}

impl Eq for Function {}

impl Hash for Function {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kernel.name.hash(state);
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        self.kernel.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let (least, most) = self.kernel.count;
        if types.len() < least || types.len() > most {
            let name = self.kernel.name.trim_start_matches("hive_");
            let help = crate::hiveql::find(name).map_or("", |f| f.help);
            return plan_err!("{name} was called with {} arguments: {help}", types.len());
        }
        Ok(match self.kernel.body {
            Body::Text(_) => DataType::Utf8,
            Body::Int(_) => DataType::Int32,
            Body::Long(_) => DataType::Int64,
            Body::Double(_) => DataType::Float64,
            Body::Bool(_) => DataType::Boolean,
            Body::Date(_) => DataType::Date32,
            Body::Time(_) => DataType::Timestamp(TimeUnit::Microsecond, None),
            Body::Bytes(_) => DataType::Binary,
        })
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let rows = args.number_rows;
        // Constants are looked at once when nothing else is there.
        let constant = !args.args.is_empty() && args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let length = if constant { 1 } else { rows };
        let columns = args.args.iter().enumerate().map(|(n, arg)| {
            let array = arg.to_array(length)?;
            match self.kernel.wants.get(n).or(self.kernel.wants.last()) {
                Some(Want::Bytes) => cast_text_or(&array, &DataType::Binary),
                Some(want) => hive_cast(&array, &want.data_type()),
                None => Ok(array),
            }
        });
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        let strict = self.kernel.strict;
        let each = (0..length).map(|at| {
            let row = Row { columns: &columns, at };
            let null = strict && (0..row.count()).any(|n| row.is_null(n));
            (!null).then_some(row)
        });
        let out: ArrayRef = match self.kernel.body {
            Body::Text(f) => Arc::new(each.map(|row| f(&row?)).collect::<StringArray>()),
            Body::Int(f) => Arc::new(each.map(|row| f(&row?)).collect::<Int32Array>()),
            Body::Long(f) => Arc::new(each.map(|row| f(&row?)).collect::<Int64Array>()),
            Body::Double(f) => Arc::new(each.map(|row| f(&row?)).collect::<Float64Array>()),
            Body::Bool(f) => Arc::new(each.map(|row| f(&row?)).collect::<BooleanArray>()),
            Body::Date(f) => Arc::new(each.map(|row| f(&row?)).collect::<Date32Array>()),
            Body::Time(f) => Arc::new(each.map(|row| f(&row?)).collect::<TimestampMicrosecondArray>()),
            Body::Bytes(f) => {
                let values: Vec<Option<Vec<u8>>> = each.map(|row| f(&row?)).collect();
                Arc::new(values.iter().map(|v| v.as_deref()).collect::<BinaryArray>())
            }
        };
        if constant {
            return Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&out, 0)?));
        }
        Ok(ColumnarValue::Array(out))
    }
}

/// Kernels as functions of the engine.
pub(super) fn made(kernels: &[Kernel]) -> Vec<Arc<ScalarUDF>> {
    kernels
        .iter()
        .map(|kernel| {
            let signature = Signature::variadic_any(Volatility::Immutable);
            Arc::new(ScalarUDF::from(Function { kernel: *kernel, signature }))
        })
        .collect()
}
