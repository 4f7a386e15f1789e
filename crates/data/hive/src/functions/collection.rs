//! Arrays and maps: an element by its place or key, what is inside, and the type of anything.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, BooleanArray, StringArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::common::{Result, ScalarValue, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

use super::cast::hive_cast;
use super::texts::to_text;
use crate::hiveql::hive_type;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum What {
    /// `a[0]`, `m['k']`
    Index,
    /// `array_contains(a, x)`
    Contains,
    /// `typeof(x)`
    Typeof,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Collection {
    what: What,
    signature: Signature,
}

impl ScalarUDFImpl for Collection {
    fn name(&self) -> &str {
        match self.what {
            What::Index => "hive_index",
            What::Contains => "hive_array_contains",
            What::Typeof => "hive_typeof",
        }
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        match (self.what, &types[0]) {
            (What::Typeof, _) => Ok(DataType::Utf8),
            (
                What::Contains,
                DataType::List(_) | DataType::LargeList(_) | DataType::FixedSizeList(..) | DataType::Null,
            ) => Ok(DataType::Boolean),
            (What::Index, DataType::List(item) | DataType::FixedSizeList(item, _) | DataType::LargeList(item)) => {
                Ok(item.data_type().clone())
            }
            (What::Index, DataType::Map(entries, _)) => match entries.data_type() {
                DataType::Struct(fields) if fields.len() == 2 => Ok(fields[1].data_type().clone()),
                other => plan_err!("{other} are no entries of a map"),
            },
            (What::Index, other) => plan_err!("[] wants an array or a map, not {}", hive_type(other)),
            (What::Contains, other) => plan_err!("array_contains wants an array, not {}", hive_type(other)),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if self.what == What::Typeof {
            let mut name = hive_type(args.arg_fields[0].data_type());
            // A whole number that is written is an int for Hive, if it fits.
            if let ColumnarValue::Scalar(ScalarValue::Int64(Some(v))) = &args.args[0]
                && i32::try_from(*v).is_ok()
            {
                name = "int".to_owned();
            }
            return Ok(ColumnarValue::Scalar(ScalarValue::Utf8(Some(name))));
        }
        let constant = args.args.iter().all(|a| matches!(a, ColumnarValue::Scalar(_)));
        let rows = if constant { 1 } else { args.number_rows };
        let (of, wanted) = (args.args[0].to_array(rows)?, args.args[1].to_array(rows)?);
        let out: ArrayRef = match (self.what, of.data_type()) {
            (What::Index, DataType::Map(..)) => of_map(&of, &wanted)?,
            (What::Index, _) => of_list(&of, &wanted)?,
            (_, DataType::Null) => Arc::new(BooleanArray::new_null(rows)),
            _ => Arc::new(contains(&of, &wanted)?),
        };
        if constant {
            Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&out, 0)?))
        } else {
            Ok(ColumnarValue::Array(out))
        }
    }
}

fn list(array: &ArrayRef) -> Result<ArrayRef> {
    Ok(match array.data_type() {
        DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            arrow::compute::cast(array, &DataType::List(Arc::clone(item)))?
        }
        _ => Arc::clone(array),
    })
}

fn of_list(array: &ArrayRef, wanted: &ArrayRef) -> Result<ArrayRef> {
    let array = list(array)?;
    let lists = array.as_list::<i32>();
    let wanted = hive_cast(wanted, &DataType::Int64)?;
    let wanted = wanted.as_primitive::<Int64Type>();
    let offsets = lists.value_offsets();
    let places = (0..lists.len()).map(|row| {
        if lists.is_null(row) || wanted.is_null(row) {
            return None;
        }
        let at = i64::from(offsets[row]).checked_add(wanted.value(row)).filter(|_| wanted.value(row) >= 0)?;
        (at < i64::from(offsets[row + 1])).then(|| u32::try_from(at).ok())?
    });
    Ok(take(lists.values(), &places.collect::<UInt32Array>(), None)?)
}

fn of_map(array: &ArrayRef, wanted: &ArrayRef) -> Result<ArrayRef> {
    let maps = array.as_map();
    let (keys, wanted) = (to_text(maps.keys())?, to_text(wanted)?);
    let offsets = maps.value_offsets();
    let places = (0..maps.len()).map(|row| {
        if maps.is_null(row) || wanted.is_null(row) {
            return None;
        }
        let (from, to) = (usize::try_from(offsets[row]).ok()?, usize::try_from(offsets[row + 1]).ok()?);
        (from..to).rfind(|at| keys.value(*at) == wanted.value(row)).and_then(|at| u32::try_from(at).ok())
    });
    Ok(take(maps.values(), &places.collect::<UInt32Array>(), None)?)
}

fn contains(array: &ArrayRef, wanted: &ArrayRef) -> Result<BooleanArray> {
    let array = list(array)?;
    let lists = array.as_list::<i32>();
    let wanted: StringArray =
        to_text(&hive_cast(wanted, lists.values().data_type()).unwrap_or_else(|_| Arc::clone(wanted)))?;
    let items = to_text(lists.values())?;
    let offsets = lists.value_offsets();
    Ok((0..lists.len())
        .map(|row| {
            if lists.is_null(row) || wanted.is_null(row) {
                return None;
            }
            let (from, to) = (usize::try_from(offsets[row]).ok()?, usize::try_from(offsets[row + 1]).ok()?);
            Some((from..to).any(|at| items.is_valid(at) && items.value(at) == wanted.value(row)))
        })
        .collect())
}

pub(super) fn functions() -> Vec<Arc<ScalarUDF>> {
    [(What::Index, 2), (What::Contains, 2), (What::Typeof, 1)]
        .map(|(what, args)| {
            Arc::new(ScalarUDF::from(Collection { what, signature: Signature::any(args, Volatility::Immutable) }))
        })
        .to_vec()
}
