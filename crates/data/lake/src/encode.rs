//! Rows as bytes: JSON, JSON lines, CSV, Arrow streams. For faces, which hold no logic.

use std::io::Write as _;
use std::sync::Arc;

use arrow::array::{Array as _, ArrayRef, AsArray as _, GenericByteViewArray, RecordBatch, RecordBatchOptions};
use arrow::compute::cast;
use arrow::datatypes::{ByteViewType, DataType, Field, Schema, SchemaRef};
use arrow::ipc::writer::StreamWriter;
use arrow::json::writer::{JsonArray, LineDelimited, Writer, WriterBuilder};
use bytes::Bytes;
use serde::Serialize;

use crate::LakeError;

/// A column as faces show it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its type in SQL's words, such as `BIGINT`.
    pub r#type: String,
    /// Whether it may be null.
    pub nullable: bool,
}

/// The columns of an answer.
#[must_use]
pub fn columns(schema: &Schema) -> Vec<ColumnInfo> {
    let info = |field: &Arc<Field>| ColumnInfo {
        name: field.name().clone(),
        r#type: type_name(field.data_type()),
        nullable: field.is_nullable(),
    };
    schema.fields().iter().map(info).collect()
}

/// A type in SQL's words.
#[must_use]
pub fn type_name(kind: &DataType) -> String {
    match kind {
        DataType::Boolean => "BOOLEAN".to_owned(),
        DataType::Int8 => "TINYINT".to_owned(),
        DataType::Int16 => "SMALLINT".to_owned(),
        DataType::Int32 => "INT".to_owned(),
        DataType::Int64 => "BIGINT".to_owned(),
        DataType::UInt8 => "TINYINT UNSIGNED".to_owned(),
        DataType::UInt16 => "SMALLINT UNSIGNED".to_owned(),
        DataType::UInt32 => "INT UNSIGNED".to_owned(),
        DataType::UInt64 => "BIGINT UNSIGNED".to_owned(),
        DataType::Float16 | DataType::Float32 => "FLOAT".to_owned(),
        DataType::Float64 => "DOUBLE".to_owned(),
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => "VARCHAR".to_owned(),
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            "VARBINARY".to_owned()
        }
        DataType::Date32 | DataType::Date64 => "DATE".to_owned(),
        DataType::Time32(_) | DataType::Time64(_) => "TIME".to_owned(),
        DataType::Timestamp(_, None) => "TIMESTAMP".to_owned(),
        DataType::Timestamp(_, Some(_)) => "TIMESTAMP WITH TIME ZONE".to_owned(),
        DataType::Interval(_) | DataType::Duration(_) => "INTERVAL".to_owned(),
        DataType::Decimal32(p, s) | DataType::Decimal64(p, s) => format!("DECIMAL({p}, {s})"),
        DataType::Decimal128(p, s) | DataType::Decimal256(p, s) => format!("DECIMAL({p}, {s})"),
        DataType::Null => "NULL".to_owned(),
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            format!("ARRAY<{}>", type_name(item.data_type()))
        }
        DataType::ListView(item) | DataType::LargeListView(item) => format!("ARRAY<{}>", type_name(item.data_type())),
        DataType::Dictionary(_, value) => type_name(value),
        DataType::Struct(fields) => {
            let parts: Vec<String> =
                fields.iter().map(|f| format!("{} {}", f.name(), type_name(f.data_type()))).collect();
            format!("STRUCT<{}>", parts.join(", "))
        }
        other => other.to_string().to_uppercase(),
    }
}

/// How rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The elements of a JSON array of objects, without the brackets.
    JsonItems,
    /// A JSON object a line.
    JsonLines,
    /// Comma-separated, with a line of names.
    Csv,
    /// An Arrow IPC stream.
    Arrow,
}

/// Writes the batches of one answer in a row.
pub struct Encoder {
    form: Form,
    schema: SchemaRef,
    rows: u64,
    arrow: Option<StreamWriter<Vec<u8>>>,
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Encoder").field("form", &self.form).field("rows", &self.rows).finish_non_exhaustive()
    }
}

impl Encoder {
    /// Begins an answer with these columns.
    #[must_use]
    pub fn new(form: Form, schema: SchemaRef) -> Self {
        Self { form, schema, rows: 0, arrow: None }
    }

    /// The next rows.
    ///
    /// # Errors
    /// A type that the form cannot hold.
    pub fn rows(&mut self, batch: &RecordBatch) -> Result<Bytes, LakeError> {
        let first = self.rows == 0;
        self.rows += batch.num_rows() as u64;
        match self.form {
            Form::Arrow => self.arrow(Some(batch)),
            _ if batch.num_rows() == 0 => Ok(Bytes::new()),
            Form::JsonLines => {
                let mut writer: Writer<_, LineDelimited> = json().build(Vec::new());
                writer.write(&plain(batch)?).and_then(|()| writer.finish()).map_err(failed)?;
                Ok(writer.into_inner().into())
            }
            Form::JsonItems => {
                let mut writer: Writer<_, JsonArray> = json().build(Vec::new());
                writer.write(&plain(batch)?).and_then(|()| writer.finish()).map_err(failed)?;
                let text = writer.into_inner();
                let inside = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
                let comma: &[u8] = if first { b"" } else { b"," };
                Ok([comma, inside].concat().into())
            }
            Form::Csv => {
                let mut text = Vec::new();
                let mut writer = arrow::csv::WriterBuilder::new().with_header(first).build(&mut text);
                writer.write(&flat(batch)?).map_err(failed)?;
                drop(writer);
                Ok(text.into())
            }
        }
    }

    /// What comes last.
    ///
    /// # Errors
    /// None but what [`Encoder::rows`] gives.
    pub fn finish(&mut self) -> Result<Bytes, LakeError> {
        match self.form {
            Form::Arrow => self.arrow(None),
            Form::Csv if self.rows == 0 => {
                let names: Vec<String> = self.schema.fields().iter().map(|f| quoted(f.name())).collect();
                Ok(format!("{}\n", names.join(",")).into())
            }
            _ => Ok(Bytes::new()),
        }
    }

    fn arrow(&mut self, batch: Option<&RecordBatch>) -> Result<Bytes, LakeError> {
        let writer = match &mut self.arrow {
            Some(writer) => writer,
            none => none.insert(StreamWriter::try_new(Vec::new(), &self.schema).map_err(failed)?),
        };
        match batch {
            Some(batch) => writer.write(&dense(batch)).map_err(failed)?,
            None => writer.finish().map_err(failed)?,
        }
        writer.flush().map_err(failed)?;
        Ok(std::mem::take(writer.get_mut()).into())
    }
}

/// The same rows, with texts copied out of buffers of which they use less than half: Arrow's streams send whole buffers,
/// and a few rows picked from a table point into all of its texts.
#[must_use]
pub fn dense(batch: &RecordBatch) -> RecordBatch {
    let columns = batch.columns().iter().map(|column| match column.data_type() {
        DataType::Utf8View => {
            dense_view(column.as_string_view()).map_or_else(|| Arc::clone(column), |c| Arc::new(c) as _)
        }
        DataType::BinaryView => {
            dense_view(column.as_binary_view()).map_or_else(|| Arc::clone(column), |c| Arc::new(c) as _)
        }
        _ => Arc::clone(column),
    });
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    let dense = RecordBatch::try_new_with_options(batch.schema(), columns.collect(), &rows);
    // Columns of the same types and lengths always fit.
    dense.unwrap_or_else(|_| batch.clone())
}

fn dense_view<T: ByteViewType>(column: &GenericByteViewArray<T>) -> Option<GenericByteViewArray<T>> {
    let held: usize = column.data_buffers().iter().map(arrow::buffer::Buffer::len).sum();
    (held > 2 * column.total_buffer_bytes_used() + 1024).then(|| column.gc())
}

fn quoted(name: &str) -> String {
    if name.contains([',', '"', '\n', '\r']) { format!("\"{}\"", name.replace('"', "\"\"")) } else { name.to_owned() }
}

fn json() -> WriterBuilder {
    WriterBuilder::new().with_explicit_nulls(true)
}

fn failed(error: arrow::error::ArrowError) -> LakeError {
    LakeError::Execution(error.to_string())
}

/// Types that JSON writers do not take, as text.
fn plain(batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
    converted(batch, |kind| matches!(kind, DataType::Interval(_) | DataType::Duration(_)))
}

/// Types that CSV writers do not take, as text.
fn flat(batch: &RecordBatch) -> Result<RecordBatch, LakeError> {
    if batch.schema().fields().iter().all(|f| !f.data_type().is_nested()) {
        return Ok(batch.clone());
    }
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if field.data_type().is_nested() {
            let format = arrow::util::display::FormatOptions::default();
            let shown = arrow::util::display::ArrayFormatter::try_new(column, &format).map_err(failed)?;
            let texts = (0..column.len()).map(|row| column.is_valid(row).then(|| shown.value(row).to_string()));
            columns.push(Arc::new(texts.collect::<arrow::array::StringArray>()));
            fields.push(Field::new(field.name(), DataType::Utf8, true));
        } else {
            columns.push(Arc::clone(column));
            fields.push(field.as_ref().clone());
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(failed)
}

fn converted(batch: &RecordBatch, odd: impl Fn(&DataType) -> bool) -> Result<RecordBatch, LakeError> {
    if batch.schema().fields().iter().all(|f| !odd(f.data_type())) {
        return Ok(batch.clone());
    }
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if odd(field.data_type()) {
            columns.push(cast(column, &DataType::Utf8).map_err(failed)?);
            fields.push(Field::new(field.name(), DataType::Utf8, true));
        } else {
            columns.push(Arc::clone(column));
            fields.push(field.as_ref().clone());
        }
    }
    RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(failed)
}

/// Statistics as a JSON line that ends an answer.
///
/// # Panics
/// Never: statistics are plain numbers.
#[must_use]
pub fn statistics_line(query: &str, statistics: &crate::Statistics) -> Bytes {
    let mut line = Vec::new();
    let mut value = serde_json::to_value(statistics).expect("statistics are plain numbers");
    value["query"] = query.into();
    writeln!(line, "{value}").expect("memory takes what is written");
    line.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, StringArray, StringViewArray};

    use super::*;

    fn batch() -> RecordBatch {
        let fields = vec![Field::new("n", DataType::Int64, true), Field::new("a,b", DataType::Utf8, true)];
        let columns: Vec<ArrayRef> =
            vec![Arc::new(Int64Array::from(vec![Some(1), None])), Arc::new(StringArray::from(vec!["x\"y", "ü"]))];
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    }

    fn text(form: Form, batches: &[RecordBatch]) -> String {
        let mut encoder = Encoder::new(form, batch().schema());
        let mut out = Vec::new();
        for batch in batches {
            out.extend_from_slice(&encoder.rows(batch).unwrap());
        }
        out.extend_from_slice(&encoder.finish().unwrap());
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn a_stream_does_not_carry_the_texts_of_other_rows() {
        let texts: Vec<String> = (0..10_000).map(|n| format!("a text too long to stand in a view, {n}")).collect();
        let all = StringViewArray::from_iter_values(&texts);
        let few = RecordBatch::try_from_iter([("text", Arc::new(all.slice(5000, 3)) as ArrayRef)]).unwrap();
        let mut encoder = Encoder::new(Form::Arrow, few.schema());
        let bytes = [encoder.rows(&few).unwrap(), encoder.finish().unwrap()].concat();
        assert!(bytes.len() < 2000, "{}", bytes.len());
        let mut back = arrow::ipc::reader::StreamReader::try_new(bytes.as_slice(), None).unwrap();
        assert_eq!(back.next().unwrap().unwrap(), few);
        let whole = RecordBatch::try_from_iter([("text", Arc::new(all) as ArrayRef)]).unwrap();
        assert!(Arc::ptr_eq(dense(&whole).column(0), whole.column(0)), "what is used is not copied");
    }

    #[test]
    fn rows_in_every_form() {
        let two = [batch(), batch()];
        assert_eq!(text(Form::JsonLines, &two[..1]), "{\"n\":1,\"a,b\":\"x\\\"y\"}\n{\"n\":null,\"a,b\":\"ü\"}\n");
        let items = format!("[{}]", text(Form::JsonItems, &two));
        assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&items).unwrap().len(), 4);
        assert_eq!(text(Form::Csv, &two[..1]), "n,\"a,b\"\n1,\"x\"\"y\"\n,ü\n");
        assert_eq!(text(Form::Csv, &[]), "n,\"a,b\"\n");
        let mut encoder = Encoder::new(Form::Arrow, batch().schema());
        let bytes =
            [encoder.rows(&two[0]).unwrap(), encoder.rows(&two[1]).unwrap(), encoder.finish().unwrap()].concat();
        let back = arrow::ipc::reader::StreamReader::try_new(bytes.as_slice(), None).unwrap();
        assert_eq!(back.map(|b| b.unwrap().num_rows()).sum::<usize>(), 4);
    }
}
