//! The rows of a batch as messages: each column is brought into few forms once, then written value by value.

use std::fmt::Write as _;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray as _, BinaryArray, BinaryViewArray, BooleanArray, Date32Array, Decimal128Array,
    Decimal256Array, Float32Array, Float64Array, Int16Array, Int32Array, Int64Array, IntervalMonthDayNanoArray,
    LargeBinaryArray, LargeStringArray, ListArray, RecordBatch, StringArray, StringViewArray, Time64MicrosecondArray,
    TimestampMicrosecondArray,
};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::{DataType, Field, IntervalUnit, Schema, TimeUnit};
use doorstep_lake::encode::{Encoder, Form};
use jiff::tz::TimeZone;
use postgres_types::Type;

use super::Format;
use super::number::{Decimal, float_text};
use super::time::{DAYS_TO_2000, MICROS_TO_2000, day_text, interval_text, moment_text, of_day};
use super::types::pg_type;
use crate::PgError;

/// Values of one column, in one of few forms.
enum Cells {
    Bool(BooleanArray),
    Int2(Int16Array),
    Int4(Int32Array),
    Int8(Int64Array),
    Float4(Float32Array),
    Float8(Float64Array),
    Numeric(Decimal128Array, i8),
    Numeric256(Decimal256Array, i8),
    Text(StringArray),
    LargeText(LargeStringArray),
    TextView(StringViewArray),
    Bytes(BinaryArray),
    LargeBytes(LargeBinaryArray),
    BytesView(BinaryViewArray),
    Date(Date32Array),
    Time(Time64MicrosecondArray),
    Moment(TimestampMicrosecondArray, bool),
    Interval(IntervalMonthDayNanoArray),
    Json(Vec<Option<String>>),
    List(ListArray, Box<Cells>, Type),
    Null,
}

/// Casts that lose what PostgreSQL cannot hold anyway, and fail rather than make a null.
const STRICT: CastOptions<'static> =
    CastOptions { safe: false, format_options: arrow::util::display::FormatOptions::new() };

fn as_type(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, PgError> {
    if array.data_type() == to {
        return Ok(Arc::clone(array));
    }
    cast_with_options(array, to, &STRICT).map_err(|e| PgError::Value(e.to_string()))
}

impl Cells {
    fn new(array: &ArrayRef) -> Result<Self, PgError> {
        let to = |to: DataType| as_type(array, &to);
        Ok(match array.data_type() {
            DataType::Null => Self::Null,
            DataType::Boolean => Self::Bool(array.as_boolean().clone()),
            DataType::Int8 | DataType::UInt8 | DataType::Int16 => {
                Self::Int2(to(DataType::Int16)?.as_primitive().clone())
            }
            DataType::UInt16 | DataType::Int32 => Self::Int4(to(DataType::Int32)?.as_primitive().clone()),
            DataType::UInt32 | DataType::Int64 => Self::Int8(to(DataType::Int64)?.as_primitive().clone()),
            DataType::UInt64 => Self::Numeric(to(DataType::Decimal128(20, 0))?.as_primitive().clone(), 0),
            DataType::Float16 | DataType::Float32 => Self::Float4(to(DataType::Float32)?.as_primitive().clone()),
            DataType::Float64 => Self::Float8(array.as_primitive().clone()),
            DataType::Decimal32(p, s) | DataType::Decimal64(p, s) | DataType::Decimal128(p, s) => {
                Self::Numeric(to(DataType::Decimal128(*p, *s))?.as_primitive().clone(), *s)
            }
            DataType::Decimal256(_, s) => Self::Numeric256(array.as_primitive().clone(), *s),
            DataType::Utf8 => Self::Text(array.as_string().clone()),
            DataType::LargeUtf8 => Self::LargeText(array.as_string().clone()),
            DataType::Utf8View => Self::TextView(array.as_string_view().clone()),
            DataType::Binary => Self::Bytes(array.as_binary().clone()),
            DataType::FixedSizeBinary(_) => Self::Bytes(to(DataType::Binary)?.as_binary().clone()),
            DataType::LargeBinary => Self::LargeBytes(array.as_binary().clone()),
            DataType::BinaryView => Self::BytesView(array.as_binary_view().clone()),
            DataType::Date32 | DataType::Date64 => Self::Date(to(DataType::Date32)?.as_primitive().clone()),
            DataType::Time32(_) | DataType::Time64(_) => {
                Self::Time(to(DataType::Time64(TimeUnit::Microsecond))?.as_primitive().clone())
            }
            DataType::Timestamp(_, zone) => {
                let micros = to(DataType::Timestamp(TimeUnit::Microsecond, zone.clone()))?;
                Self::Moment(micros.as_primitive().clone(), zone.is_some())
            }
            DataType::Interval(_) | DataType::Duration(_) => {
                Self::Interval(to(DataType::Interval(IntervalUnit::MonthDayNano))?.as_primitive().clone())
            }
            DataType::Dictionary(_, value) => Self::new(&to((**value).clone())?)?,
            list if list_item(list).is_some_and(|item| pg_type(item) != Type::JSON && list_item(item).is_none()) => {
                let item = list_item(list).cloned().unwrap_or(DataType::Null);
                let list = to(DataType::List(Arc::new(Field::new_list_field(item.clone(), true))))?;
                let list = list.as_list::<i32>().clone();
                let items = Self::new(list.values())?;
                Self::List(list, Box::new(items), pg_type(&item))
            }
            _ => Self::Json(json(array)?),
        })
    }

    fn is_null(&self, row: usize) -> bool {
        match self {
            Self::Bool(a) => a.is_null(row),
            Self::Int2(a) => a.is_null(row),
            Self::Int4(a) => a.is_null(row),
            Self::Int8(a) => a.is_null(row),
            Self::Float4(a) => a.is_null(row),
            Self::Float8(a) => a.is_null(row),
            Self::Numeric(a, _) => a.is_null(row),
            Self::Numeric256(a, _) => a.is_null(row),
            Self::Text(a) => a.is_null(row),
            Self::LargeText(a) => a.is_null(row),
            Self::TextView(a) => a.is_null(row),
            Self::Bytes(a) => a.is_null(row),
            Self::LargeBytes(a) => a.is_null(row),
            Self::BytesView(a) => a.is_null(row),
            Self::Date(a) => a.is_null(row),
            Self::Time(a) => a.is_null(row),
            Self::Moment(a, _) => a.is_null(row),
            Self::Interval(a) => a.is_null(row),
            Self::Json(a) => a[row].is_none(),
            Self::List(a, ..) => a.is_null(row),
            Self::Null => true,
        }
    }

    /// Writes a value that is not null.
    fn text(&self, row: usize, zone: &TimeZone, out: &mut String) {
        match self {
            Self::Bool(a) => out.push(if a.value(row) { 't' } else { 'f' }),
            Self::Int2(a) => shown(a.value(row), out),
            Self::Int4(a) => shown(a.value(row), out),
            Self::Int8(a) => shown(a.value(row), out),
            Self::Float4(a) => {
                let value = a.value(row);
                float_text(f64::from(value), &value.to_string(), &format!("{value:e}"), out);
            }
            Self::Float8(a) => {
                let value = a.value(row);
                float_text(value, &value.to_string(), &format!("{value:e}"), out);
            }
            Self::Numeric(a, scale) => Decimal::new(&a.value(row).to_string(), *scale).text(out),
            Self::Numeric256(a, scale) => Decimal::new(&a.value(row).to_string(), *scale).text(out),
            Self::Text(a) => out.push_str(a.value(row)),
            Self::LargeText(a) => out.push_str(a.value(row)),
            Self::TextView(a) => out.push_str(a.value(row)),
            Self::Bytes(a) => hex(a.value(row), out),
            Self::LargeBytes(a) => hex(a.value(row), out),
            Self::BytesView(a) => hex(a.value(row), out),
            Self::Date(a) => day_text(i64::from(a.value(row)), out),
            Self::Time(a) => of_day(a.value(row), out),
            Self::Moment(a, zoned) => moment_text(a.value(row), zoned.then_some(zone), out),
            Self::Interval(a) => {
                let value = a.value(row);
                interval_text(value.months, value.days, value.nanoseconds / 1_000, out);
            }
            Self::Json(a) => out.push_str(a[row].as_deref().unwrap_or_default()),
            Self::List(a, items, _) => {
                let (from, to) = (a.value_offsets()[row] as usize, a.value_offsets()[row + 1] as usize);
                out.push('{');
                for item in from..to {
                    if item > from {
                        out.push(',');
                    }
                    if items.is_null(item) {
                        out.push_str("NULL");
                        continue;
                    }
                    let mut text = String::new();
                    items.text(item, zone, &mut text);
                    quoted(&text, out);
                }
                out.push('}');
            }
            Self::Null => {}
        }
    }

    /// Writes a value that is not null.
    fn binary(&self, row: usize, out: &mut Vec<u8>) {
        match self {
            Self::Bool(a) => out.push(u8::from(a.value(row))),
            Self::Int2(a) => out.extend_from_slice(&a.value(row).to_be_bytes()),
            Self::Int4(a) => out.extend_from_slice(&a.value(row).to_be_bytes()),
            Self::Int8(a) => out.extend_from_slice(&a.value(row).to_be_bytes()),
            Self::Float4(a) => out.extend_from_slice(&a.value(row).to_be_bytes()),
            Self::Float8(a) => out.extend_from_slice(&a.value(row).to_be_bytes()),
            Self::Numeric(a, scale) => Decimal::new(&a.value(row).to_string(), *scale).binary(out),
            Self::Numeric256(a, scale) => Decimal::new(&a.value(row).to_string(), *scale).binary(out),
            Self::Text(a) => out.extend_from_slice(a.value(row).as_bytes()),
            Self::LargeText(a) => out.extend_from_slice(a.value(row).as_bytes()),
            Self::TextView(a) => out.extend_from_slice(a.value(row).as_bytes()),
            Self::Bytes(a) => out.extend_from_slice(a.value(row)),
            Self::LargeBytes(a) => out.extend_from_slice(a.value(row)),
            Self::BytesView(a) => out.extend_from_slice(a.value(row)),
            Self::Date(a) => out.extend_from_slice(&a.value(row).saturating_sub(DAYS_TO_2000).to_be_bytes()),
            Self::Time(a) => out.extend_from_slice(&a.value(row).to_be_bytes()),
            Self::Moment(a, _) => out.extend_from_slice(&a.value(row).saturating_sub(MICROS_TO_2000).to_be_bytes()),
            Self::Interval(a) => {
                let value = a.value(row);
                out.extend_from_slice(&(value.nanoseconds / 1_000).to_be_bytes());
                out.extend_from_slice(&value.days.to_be_bytes());
                out.extend_from_slice(&value.months.to_be_bytes());
            }
            Self::Json(a) => out.extend_from_slice(a[row].as_deref().unwrap_or_default().as_bytes()),
            Self::List(a, items, of) => {
                let (from, to) = (a.value_offsets()[row] as usize, a.value_offsets()[row + 1] as usize);
                let nulls = (from..to).any(|item| items.is_null(item));
                let dimensions: i32 = if from == to { 0 } else { 1 };
                for word in [dimensions, i32::from(nulls), of.oid().cast_signed()] {
                    out.extend_from_slice(&word.to_be_bytes());
                }
                if dimensions == 1 {
                    out.extend_from_slice(&((to - from) as i32).to_be_bytes());
                    out.extend_from_slice(&1_i32.to_be_bytes());
                }
                for item in from..to {
                    if items.is_null(item) {
                        out.extend_from_slice(&(-1_i32).to_be_bytes());
                    } else {
                        measured(out, |out| items.binary(item, out));
                    }
                }
            }
            Self::Null => {}
        }
    }
}

fn shown(value: impl std::fmt::Display, out: &mut String) {
    let _ = write!(out, "{value}");
}

fn hex(bytes: &[u8], out: &mut String) {
    out.push_str("\\x");
    bytes.iter().for_each(|byte| {
        let _ = write!(out, "{byte:02x}");
    });
}

/// An element of an array, in quotes where it needs them.
fn quoted(text: &str, out: &mut String) {
    let special = |c: char| matches!(c, '{' | '}' | ',' | '"' | '\\') || c.is_whitespace();
    if !text.is_empty() && !text.chars().any(special) && !text.eq_ignore_ascii_case("null") {
        return out.push_str(text);
    }
    out.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// Writes something with its length in front.
fn measured(out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let length = (out.len() - at - 4) as i32;
    out[at..at + 4].copy_from_slice(&length.to_be_bytes());
}

fn list_item(of: &DataType) -> Option<&DataType> {
    match of {
        DataType::List(item)
        | DataType::LargeList(item)
        | DataType::FixedSizeList(item, _)
        | DataType::ListView(item)
        | DataType::LargeListView(item) => Some(item.data_type()),
        _ => None,
    }
}

/// Values of a column as JSON, as they stand in the lake's JSON lines.
fn json(array: &ArrayRef) -> Result<Vec<Option<String>>, PgError> {
    let schema = Arc::new(Schema::new(vec![Field::new("v", array.data_type().clone(), true)]));
    let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::clone(array)]);
    let batch = batch.map_err(|e| PgError::Value(e.to_string()))?;
    let lines = Encoder::new(Form::JsonLines, schema).rows(&batch)?;
    let text = std::str::from_utf8(&lines).map_err(|e| PgError::Value(e.to_string()))?;
    let value = |line: &str| line.strip_prefix(r#"{"v":"#).and_then(|rest| rest.strip_suffix('}')).map(str::to_owned);
    let values: Vec<_> = text.lines().enumerate().map(|(n, line)| value(line).filter(|_| !array.is_null(n))).collect();
    if values.len() != array.len() {
        return Err(PgError::Value(format!("a value of type {} is no JSON", array.data_type())));
    }
    Ok(values)
}

/// A batch on its way to a client.
pub(crate) struct Rows {
    columns: Vec<(Cells, Format)>,
    count: usize,
    next: usize,
}

impl Rows {
    /// All rows of a batch, in these formats.
    pub(crate) fn new(batch: &RecordBatch, formats: &[Format]) -> Result<Self, PgError> {
        let columns = batch.columns().iter().zip(formats);
        let columns =
            columns.map(|(array, format)| Ok((Cells::new(array)?, *format))).collect::<Result<_, PgError>>()?;
        Ok(Self { columns, count: batch.num_rows(), next: 0 })
    }

    /// Whether all were written.
    pub(crate) fn is_empty(&self) -> bool {
        self.next >= self.count
    }

    /// Writes messages of rows (`DataRow`) until there are `rows` or about `bytes`; how many.
    pub(crate) fn write(&mut self, rows: usize, bytes: usize, zone: &TimeZone, out: &mut Vec<u8>) -> usize {
        let (first, full) = (self.next, out.len() + bytes);
        let mut text = String::new();
        while self.next < self.count && self.next - first < rows && out.len() < full {
            let row = self.next;
            self.next += 1;
            out.push(b'D');
            let at = out.len();
            out.extend_from_slice(&[0; 4]);
            out.extend_from_slice(&(self.columns.len() as u16).to_be_bytes());
            for (cells, format) in &self.columns {
                if cells.is_null(row) {
                    out.extend_from_slice(&(-1_i32).to_be_bytes());
                    continue;
                }
                match format {
                    Format::Binary => measured(out, |out| cells.binary(row, out)),
                    Format::Text => {
                        text.clear();
                        cells.text(row, zone, &mut text);
                        out.extend_from_slice(&(text.len() as i32).to_be_bytes());
                        out.extend_from_slice(text.as_bytes());
                    }
                }
            }
            let length = (out.len() - at) as i32;
            out[at..at + 4].copy_from_slice(&length.to_be_bytes());
        }
        self.next - first
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Builder, ListBuilder, StringBuilder, StructArray};

    use super::*;

    fn text(array: ArrayRef) -> Vec<Option<String>> {
        let cells = Cells::new(&array).unwrap();
        let one = |row| {
            (!cells.is_null(row)).then(|| {
                let mut out = String::new();
                cells.text(row, &TimeZone::UTC, &mut out);
                out
            })
        };
        (0..array.len()).map(one).collect()
    }

    #[test]
    fn arrays_are_quoted_as_postgres_does() {
        let mut list = ListBuilder::new(StringBuilder::new());
        list.append_value([Some("a b"), None, Some(""), Some("nUll"), Some("x"), Some("\"\\")]);
        list.append_null();
        list.append(true);
        let shown = text(Arc::new(list.finish()));
        assert_eq!(shown, [Some(r#"{"a b",NULL,"","nUll",x,"\"\\"}"#.to_owned()), None, Some("{}".to_owned())]);
        let mut list = ListBuilder::new(Int64Builder::new());
        list.append_value([Some(7), None]);
        let array: ArrayRef = Arc::new(list.finish());
        let mut out = Vec::new();
        Cells::new(&array).unwrap().binary(0, &mut out);
        let words: Vec<i32> = out.chunks(4).map(|four| i32::from_be_bytes(four.try_into().unwrap())).collect();
        assert_eq!(words, [1, 1, 20, 2, 1, 8, 0, 7, -1]);
    }

    #[test]
    fn what_has_no_type_is_json() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
        let array: ArrayRef =
            Arc::new(StructArray::from(vec![(Arc::new(Field::new("a", DataType::Int64, true)), numbers)]));
        assert_eq!(text(array), [Some(r#"{"a":1}"#.to_owned()), Some(r#"{"a":2}"#.to_owned())]);
    }

    #[test]
    fn rows_are_written_in_pieces() {
        let numbers: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None, Some(3)]));
        let batch = RecordBatch::try_from_iter([("n", numbers)]).unwrap();
        let mut rows = Rows::new(&batch, &[Format::Text]).unwrap();
        let mut out = Vec::new();
        assert_eq!(rows.write(2, 1_000, &TimeZone::UTC, &mut out), 2);
        assert_eq!(out, b"D\0\0\0\x0b\0\x01\0\0\0\x011D\0\0\0\x0a\0\x01\xff\xff\xff\xff");
        assert_eq!((rows.write(2, 1_000, &TimeZone::UTC, &mut out), rows.is_empty()), (1, true));
    }
}
