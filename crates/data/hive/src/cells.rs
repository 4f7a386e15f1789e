//! From Arrow to what travels: a column of values with its NULLs, nested values as text.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray as _, RecordBatch, StringArray};
use arrow::datatypes::{
    ArrowPrimitiveType, DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
};
use datafusion::common::Result;

use crate::functions::{hive_cast, to_text};
use crate::thrift::{Writer, kind};

/// The types of HiveServer2, by their numbers on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TypeId {
    /// `boolean`
    Boolean = 0,
    /// `tinyint`
    TinyInt = 1,
    /// `smallint`
    SmallInt = 2,
    /// `int`
    Int = 3,
    /// `bigint`
    BigInt = 4,
    /// `float`
    Float = 5,
    /// `double`
    Double = 6,
    /// `string`
    String = 7,
    /// `timestamp`
    Timestamp = 8,
    /// `binary`
    Binary = 9,
    /// `array<…>`
    Array = 10,
    /// `map<…>`
    Map = 11,
    /// `struct<…>`
    Struct = 12,
    /// `decimal(p,s)`
    Decimal = 15,
    /// Only NULLs.
    Null = 16,
    /// `date`
    Date = 17,
    /// `varchar(n)`
    Varchar = 18,
    /// `char(n)`
    Char = 19,
}

impl TypeId {
    /// By the type as Hive writes it.
    #[must_use]
    pub(crate) fn of(written: &str) -> Self {
        let end = written.find(['(', '<']).unwrap_or(written.len());
        match &written[..end] {
            "boolean" => Self::Boolean,
            "tinyint" => Self::TinyInt,
            "smallint" => Self::SmallInt,
            "int" => Self::Int,
            "bigint" => Self::BigInt,
            "float" => Self::Float,
            "double" => Self::Double,
            "timestamp" => Self::Timestamp,
            "binary" => Self::Binary,
            "array" => Self::Array,
            "map" => Self::Map,
            "struct" => Self::Struct,
            "decimal" => Self::Decimal,
            "void" => Self::Null,
            "date" => Self::Date,
            "varchar" => Self::Varchar,
            "char" => Self::Char,
            _ => Self::String,
        }
    }

    /// Its number.
    #[must_use]
    pub(crate) const fn number(self) -> i32 {
        self as i32
    }

    /// What travels for it.
    fn travels_as(self) -> DataType {
        match self {
            Self::Boolean => DataType::Boolean,
            Self::TinyInt => DataType::Int8,
            Self::SmallInt => DataType::Int16,
            Self::Int => DataType::Int32,
            Self::BigInt => DataType::Int64,
            Self::Float | Self::Double => DataType::Float64,
            Self::Binary => DataType::Binary,
            _ => DataType::Utf8,
        }
    }
}

/// Writes a column as the union TColumn: the values, and a bit for each NULL.
///
/// # Errors
/// When the values cannot be brought into the column's type, which the caller chose by them.
pub(crate) fn write_column(writer: &mut Writer, array: &ArrayRef, type_id: TypeId) -> Result<()> {
    let to = type_id.travels_as();
    let array: ArrayRef = match (&to, array.data_type()) {
        // A float is shown with the digits it has, not with those of the double next to it.
        (DataType::Float64, DataType::Float32) => {
            let floats = array.as_primitive::<Float32Type>();
            let doubles =
                floats.iter().map(|v| v.map(|v| v.to_string().parse::<f64>().unwrap_or_else(|_| f64::from(v))));
            Arc::new(doubles.collect::<arrow::array::Float64Array>())
        }
        // Written from where they lie.
        (DataType::Utf8, DataType::Utf8View) => Arc::clone(array),
        _ => hive_cast(array, &to)?,
    };
    let nulls = null_bits(&array);
    let (id, item) = match &to {
        DataType::Boolean => (1, kind::BOOL),
        DataType::Int8 => (2, kind::BYTE),
        DataType::Int16 => (3, kind::I16),
        DataType::Int32 => (4, kind::I32),
        DataType::Int64 => (5, kind::I64),
        DataType::Float64 => (6, kind::DOUBLE),
        DataType::Binary => (8, kind::STRING),
        _ => (7, kind::STRING),
    };
    writer.structure(id, |w| {
        w.list(1, item, array.len());
        match (&to, array.data_type()) {
            (DataType::Boolean, _) => {
                array.as_boolean().iter().for_each(|v| w.raw(&[u8::from(v.unwrap_or(false))]));
            }
            (DataType::Int8, _) => numbers::<Int8Type, 1>(w, &array, i8::to_be_bytes),
            (DataType::Int16, _) => numbers::<Int16Type, 2>(w, &array, i16::to_be_bytes),
            (DataType::Int32, _) => numbers::<Int32Type, 4>(w, &array, i32::to_be_bytes),
            (DataType::Int64, _) => numbers::<Int64Type, 8>(w, &array, i64::to_be_bytes),
            (DataType::Float64, _) => numbers::<Float64Type, 8>(w, &array, f64::to_be_bytes),
            (DataType::Binary, _) => array.as_binary::<i32>().iter().for_each(|v| w.sized(v.unwrap_or_default())),
            (_, DataType::Utf8View) => {
                array.as_string_view().iter().for_each(|v| w.sized(v.unwrap_or_default().as_bytes()));
            }
            _ => {
                let texts = array.as_string::<i32>();
                let bytes = texts.value_offsets().last().zip(texts.value_offsets().first());
                w.reserve(bytes.map_or(0, |(to, from)| usize::try_from(to - from).unwrap_or(0)) + 4 * texts.len());
                texts.iter().for_each(|v| w.sized(v.unwrap_or_default().as_bytes()));
            }
        }
        w.bytes(2, &nulls);
    });
    Ok(())
}

/// Numbers of `N` bytes, 0 where there is none.
fn numbers<T: ArrowPrimitiveType, const N: usize>(w: &mut Writer, array: &ArrayRef, bytes: fn(T::Native) -> [u8; N]) {
    let values = array.as_primitive::<T>();
    w.reserve(N * values.len());
    if values.null_count() == 0 {
        values.values().iter().for_each(|v| w.raw(&bytes(*v)));
    } else {
        values.iter().for_each(|v| w.raw(&bytes(v.unwrap_or_default())));
    }
}

/// A bit for each NULL, the lowest first, as Arrow has one for each value that is there.
fn null_bits(array: &ArrayRef) -> Vec<u8> {
    let bytes = array.len().div_ceil(8);
    let Some(there) = array.nulls().filter(|n| n.null_count() > 0) else { return vec![0; bytes] };
    let mut bits: Vec<u8> = there.inner().sliced().as_slice()[..bytes].iter().map(|byte| !byte).collect();
    if let (Some(last), used @ 1..) = (bits.last_mut(), array.len() % 8) {
        *last &= (1 << used) - 1;
    }
    bits
}

/// Bytes of these rows, about, as they lie in memory; buffers that are shared with other rows count by their part.
pub(crate) fn row_bytes(batch: &RecordBatch) -> usize {
    let column = |array: &ArrayRef| match array.data_type() {
        DataType::Utf8View => array.as_string_view().lengths().map(|n| n as usize).sum(),
        DataType::BinaryView => array.as_binary_view().lengths().map(|n| n as usize).sum(),
        _ => array.to_data().get_slice_memory_size().unwrap_or_else(|_| array.get_array_memory_size()),
    };
    batch.columns().iter().map(column).sum()
}

/// Arrays, maps and structs as texts: `[1,2]`, `{"a":1}`.
///
/// # Errors
/// When something inside has no text.
pub(crate) fn nested_texts(array: &ArrayRef) -> Result<StringArray> {
    let inside = Shown::of(array)?;
    Ok((0..array.len()).map(|row| array.is_valid(row).then(|| inside.text(row))).collect())
}

/// An array with everything inside it made ready to be written.
enum Shown<'a> {
    Plain { texts: StringArray, quoted: bool },
    List { offsets: &'a [i32], items: Box<Self>, nulls: ArrayRef },
    Map { offsets: &'a [i32], keys: Box<Self>, values: Box<Self>, nulls: ArrayRef },
    Struct { fields: Vec<(String, Self, ArrayRef)> },
}

impl<'a> Shown<'a> {
    fn of(array: &'a ArrayRef) -> Result<Self> {
        Ok(match array.data_type() {
            DataType::List(_) => {
                let lists = array.as_list::<i32>();
                let items = Box::new(Self::of(lists.values())?);
                Self::List { offsets: lists.value_offsets(), items, nulls: ArrayRef::clone(lists.values()) }
            }
            DataType::Map(..) => {
                let maps = array.as_map();
                let (keys, values) = (Box::new(Self::of(maps.keys())?), Box::new(Self::of(maps.values())?));
                Self::Map { offsets: maps.value_offsets(), keys, values, nulls: ArrayRef::clone(maps.values()) }
            }
            DataType::Struct(fields) => {
                let columns = array.as_struct().columns();
                let each = fields.iter().zip(columns);
                let each = each.map(|(f, c)| Ok((f.name().clone(), Self::of(c)?, ArrayRef::clone(c))));
                Self::Struct { fields: each.collect::<Result<_>>()? }
            }
            DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
                let list = arrow::compute::cast(array, &DataType::List(item.clone()))?;
                let texts = nested_texts(&list)?;
                Self::Plain { texts, quoted: false }
            }
            kind => {
                let quoted = matches!(kind, DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View);
                Self::Plain { texts: to_text(array)?, quoted }
            }
        })
    }

    fn text(&self, row: usize) -> String {
        let item = |shown: &Self, nulls: &ArrayRef, at: usize| {
            if nulls.is_null(at) { "null".to_owned() } else { shown.text(at) }
        };
        match self {
            Self::Plain { texts, quoted: true } => format!("\"{}\"", escaped(texts.value(row))),
            Self::Plain { texts, quoted: false } => texts.value(row).to_owned(),
            Self::List { offsets, items, nulls } => {
                let each: Vec<String> = span(offsets, row).map(|at| item(items, nulls, at)).collect();
                format!("[{}]", each.join(","))
            }
            Self::Map { offsets, keys, values, nulls } => {
                let each: Vec<String> =
                    span(offsets, row).map(|at| format!("{}:{}", keys.text(at), item(values, nulls, at))).collect();
                format!("{{{}}}", each.join(","))
            }
            Self::Struct { fields } => {
                let each: Vec<String> = fields
                    .iter()
                    .map(|(name, shown, nulls)| format!("\"{name}\":{}", item(shown, nulls, row)))
                    .collect();
                format!("{{{}}}", each.join(","))
            }
        }
    }
}

fn span(offsets: &[i32], row: usize) -> std::ops::Range<usize> {
    let at = |n: usize| usize::try_from(offsets[n]).unwrap_or(0);
    at(row)..at(row + 1)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, StringViewArray};

    use super::*;

    proptest::proptest! {
        #[test]
        fn bits_are_those_of_the_nulls(values: Vec<Option<i64>>, from in 0_usize..20) {
            let from = from.min(values.len());
            let array = Int64Array::from(values.clone()).slice(from, values.len() - from);
            let array: ArrayRef = Arc::new(array);
            let bits = null_bits(&array);
            proptest::prop_assert_eq!(bits.len(), array.len().div_ceil(8));
            for at in 0..bits.len() * 8 {
                let null = at < array.len() && array.is_null(at);
                proptest::prop_assert_eq!(bits[at / 8] >> (at % 8) & 1 == 1, null);
            }
        }
    }

    #[test]
    fn texts_are_written_alike_however_they_lie() {
        let values = vec![Some("a"), None, Some("a text that does not fit inside of a view")];
        let written = |array: ArrayRef| {
            let mut writer = Writer::new();
            write_column(&mut writer, &array, TypeId::String).unwrap();
            writer.into_bytes()
        };
        let plain: ArrayRef = Arc::new(StringArray::from(values.clone()));
        let view: ArrayRef = Arc::new(StringViewArray::from(values));
        assert_eq!(written(plain), written(view));
    }

    #[test]
    fn rows_that_share_buffers_count_by_their_part() {
        let long = "x".repeat(1_000);
        let view: ArrayRef = Arc::new(StringViewArray::from(vec![long.as_str(); 100]));
        let batch = RecordBatch::try_from_iter([("a", view)]).unwrap();
        assert_eq!(row_bytes(&batch), 100_000);
        assert_eq!(row_bytes(&batch.slice(0, 7)), 7_000);
    }
}
