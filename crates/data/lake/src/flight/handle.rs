//! The handle of a prepared statement over Flight SQL: the statement, with the values of its placeholders or with the
//! columns of its answer, so that nothing is kept between calls and nothing is planned twice.

use std::collections::BTreeMap;
use std::io::Cursor;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use arrow::error::ArrowError;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use bytes::{BufMut as _, Bytes, BytesMut};
use datafusion::common::ScalarValue;

use crate::{LakeError, Statement};

/// Before a statement with values; no statement begins so.
const BOUND: u8 = 1;
/// Before a statement with the columns of its answer; no statement begins so.
const TOLD: u8 = 2;
/// Rows of parameters that one call may bring.
pub(super) const MOST_ROWS: usize = 10_000;
/// Bytes of a handle.
const LARGEST: usize = 1 << 20;

fn failed(error: ArrowError) -> LakeError {
    LakeError::invalid("parameters", error.to_string(), "send them as one record batch")
}

/// A mark, a statement, and behind it a stream of Arrow's with these columns and rows.
fn packed(mark: u8, text: &str, columns: &Schema, rows: Option<&RecordBatch>) -> Result<Bytes, ArrowError> {
    let mut handle = BytesMut::new();
    handle.put_u8(mark);
    handle.put_u32(u32::try_from(text.len()).unwrap_or(u32::MAX));
    handle.put_slice(text.as_bytes());
    let mut writer = StreamWriter::try_new((&mut handle).writer(), columns)?;
    rows.map_or(Ok(()), |rows| writer.write(rows))?;
    writer.finish()?;
    drop(writer);
    Ok(handle.freeze())
}

/// The handle of a statement that answers with these columns.
pub(super) fn told(text: &str, columns: &Schema) -> Result<Bytes, LakeError> {
    let handle = packed(TOLD, text, columns, None).map_err(failed)?;
    // A driver may send it back in one message with more.
    Ok(if handle.len() > LARGEST { Bytes::copy_from_slice(text.as_bytes()) } else { handle })
}

/// The columns in a handle, if it has them.
pub(super) fn columns(handle: &[u8]) -> Result<Option<SchemaRef>, LakeError> {
    if handle.first() != Some(&TOLD) {
        return Ok(None);
    }
    Ok(Some(behind(handle)?.schema()))
}

/// The stream behind the statement in a handle.
fn behind(handle: &[u8]) -> Result<StreamReader<Cursor<&[u8]>>, LakeError> {
    let stream = handle.get(5 + text(handle)?.len()..).unwrap_or_default();
    StreamReader::try_new(Cursor::new(stream), None).map_err(failed)
}

/// The handle of a statement with rows of values.
pub(super) fn bound(text: &str, values: &RecordBatch) -> Result<Bytes, LakeError> {
    let handle = packed(BOUND, text, values.schema_ref(), Some(values)).map_err(failed)?;
    if handle.len() > LARGEST {
        let reason = format!("they have more than {LARGEST} bytes");
        return Err(LakeError::invalid("parameters", reason, "send fewer at once, or use INSERT … SELECT"));
    }
    Ok(handle)
}

/// The text in a handle.
pub(super) fn text(handle: &[u8]) -> Result<&str, LakeError> {
    let odd = || LakeError::invalid("handle", "it is none of ours", "prepare the statement again");
    let bytes = match handle.split_first() {
        Some((&(BOUND | TOLD), rest)) => {
            let (length, rest) = rest.split_at_checked(4).ok_or_else(odd)?;
            let length = length.iter().fold(0_usize, |length, byte| length << 8 | usize::from(*byte));
            rest.split_at_checked(length).ok_or_else(odd)?.0
        }
        _ => handle,
    };
    std::str::from_utf8(bytes).map_err(|_| odd())
}

/// The rows of values in a handle, if it has some.
pub(super) fn values(handle: &[u8]) -> Result<Option<RecordBatch>, LakeError> {
    if handle.first() != Some(&BOUND) {
        return Ok(None);
    }
    let batch =
        behind(handle)?.next().ok_or_else(|| LakeError::invalid("handle", "it has no values", "bind them again"))?;
    batch.map(Some).map_err(failed)
}

/// The statement that a handle stands for, with its row of values if it has one.
pub(super) fn statement(handle: &[u8]) -> Result<Statement, LakeError> {
    let text = text(handle)?;
    match values(handle)? {
        None => Ok(Statement::Sql(text.to_owned())),
        Some(values) if values.num_rows() == 1 => row(text, &values, 0),
        Some(values) => {
            let reason = format!("there are {} rows of values", values.num_rows());
            Err(LakeError::invalid("parameters", reason, "a query takes one row; send the others one by one"))
        }
    }
}

/// The statement with one row of values.
pub(super) fn row(text: &str, values: &RecordBatch, at: usize) -> Result<Statement, LakeError> {
    let values = values.columns().iter().map(|column| ScalarValue::try_from_array(column, at));
    Ok(Statement::Bound { text: text.to_owned(), values: values.collect::<Result<_, _>>()? })
}

/// The columns that a driver fills: `$1`, `$2`, … in order; text where the statement does not tell.
pub(super) fn schema(types: &BTreeMap<String, Option<DataType>>) -> Schema {
    let number = |name: &str| name.trim_start_matches('$').parse::<usize>().unwrap_or(usize::MAX);
    let mut named: Vec<(&String, &Option<DataType>)> = types.iter().collect();
    named.sort_by_key(|(name, _)| number(name));
    let field = |(name, kind): (&String, &Option<DataType>)| {
        let kind = kind.clone().filter(|kind| *kind != DataType::Null).unwrap_or(DataType::Utf8);
        Field::new(name, kind, true)
    };
    Schema::new(named.into_iter().map(field).collect::<Vec<_>>())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};

    use super::*;

    #[test]
    fn values_travel_in_the_handle() {
        let fields = vec![Field::new("$1", DataType::Int64, true), Field::new("$2", DataType::Utf8, true)];
        let columns: Vec<arrow::array::ArrayRef> =
            vec![Arc::new(Int64Array::from(vec![7])), Arc::new(StringArray::from(vec![None::<&str>]))];
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap();
        let handle = bound("SELECT $1, $2", &batch).unwrap();
        assert_eq!(text(&handle).unwrap(), "SELECT $1, $2");
        let Statement::Bound { values, .. } = statement(&handle).unwrap() else { panic!() };
        assert_eq!(values, [ScalarValue::Int64(Some(7)), ScalarValue::Utf8(None)]);
        assert!(matches!(statement(b"SELECT 1").unwrap(), Statement::Sql(text) if text == "SELECT 1"));
        let none = bound("SELECT $1", &batch.slice(0, 0)).unwrap();
        assert!(statement(&none).is_err());
    }

    #[test]
    fn the_columns_of_the_answer_travel_in_the_handle() {
        let schema = Schema::new(vec![Field::new("n", DataType::Int64, true)]);
        let handle = told("SELECT 1 AS n", &schema).unwrap();
        assert_eq!(*columns(&handle).unwrap().unwrap(), schema);
        assert!(matches!(statement(&handle).unwrap(), Statement::Sql(text) if text == "SELECT 1 AS n"));
        assert!(columns(b"SELECT 1").unwrap().is_none());
        assert!(columns(&handle[..handle.len() / 2]).is_err());
        let wide =
            Schema::new((0..30_000).map(|n| Field::new(format!("c{n}"), DataType::Int64, true)).collect::<Vec<_>>());
        assert_eq!(told("SELECT *", &wide).unwrap(), "SELECT *", "too long to travel");
    }

    proptest::proptest! {
        #[test]
        fn no_handle_makes_it_panic(mut bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..64)) {
            for mark in [None, Some(BOUND), Some(TOLD)] {
                if let Some(mark) = mark {
                    bytes.insert(0, mark);
                }
                let _ = statement(&bytes);
                let _ = columns(&bytes);
            }
        }
    }
}
