//! From Arrow to what travels: a column of values with its NULLs, nested values as text.

use arrow::array::{Array, ArrayRef, AsArray as _, StringArray};
use arrow::datatypes::{DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type};
use datafusion::common::Result;

use crate::functions::{hive_cast, to_text};
use crate::thrift::Writer;

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
    use crate::thrift::kind;
    let to = type_id.travels_as();
    let array: ArrayRef = match (&to, array.data_type()) {
        // A float is shown with the digits it has, not with those of the double next to it.
        (DataType::Float64, DataType::Float32) => {
            let floats = array.as_primitive::<Float32Type>();
            let doubles =
                floats.iter().map(|v| v.map(|v| v.to_string().parse::<f64>().unwrap_or_else(|_| f64::from(v))));
            std::sync::Arc::new(doubles.collect::<arrow::array::Float64Array>())
        }
        _ => hive_cast(array, &to)?,
    };
    let rows = array.len();
    let mut nulls = vec![0_u8; rows.div_ceil(8)];
    for row in (0..rows).filter(|row| array.is_null(*row)) {
        nulls[row / 8] |= 1 << (row % 8);
    }
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
        w.list(1, item, rows);
        match &to {
            DataType::Boolean => array.as_boolean().iter().for_each(|v| w.raw(&[u8::from(v.unwrap_or(false))])),
            DataType::Int8 => {
                array.as_primitive::<Int8Type>().iter().for_each(|v| w.raw(&v.unwrap_or(0).to_be_bytes()));
            }
            DataType::Int16 => {
                array.as_primitive::<Int16Type>().iter().for_each(|v| w.raw(&v.unwrap_or(0).to_be_bytes()));
            }
            DataType::Int32 => {
                array.as_primitive::<Int32Type>().iter().for_each(|v| w.raw(&v.unwrap_or(0).to_be_bytes()));
            }
            DataType::Int64 => {
                array.as_primitive::<Int64Type>().iter().for_each(|v| w.raw(&v.unwrap_or(0).to_be_bytes()));
            }
            DataType::Float64 => {
                array.as_primitive::<Float64Type>().iter().for_each(|v| w.raw(&v.unwrap_or(0.0).to_be_bytes()));
            }
            DataType::Binary => array.as_binary::<i32>().iter().for_each(|v| w.sized(v.unwrap_or_default())),
            _ => array.as_string::<i32>().iter().for_each(|v| w.sized(v.unwrap_or_default().as_bytes())),
        }
        w.bytes(2, &nulls);
    });
    Ok(())
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
