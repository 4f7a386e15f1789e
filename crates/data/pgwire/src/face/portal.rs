//! Statements that were read, and portals: those that run, with their rows until they are fetched.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SendableRecordBatchStream;
use datafusion::sql::parser::Statement as Parsed;
use doorstep_lake::{LakeError, Running};
use futures::StreamExt as _;
use pgwire::messages::data::FieldDescription;
use postgres_types::Type;

use crate::PgError;
use crate::cells::{Format, modifier, pg_type};
use crate::sql::{Action, Piece};

/// A statement of the lake's, read.
#[derive(Clone, Debug)]
pub(super) struct Work {
    /// As written.
    pub(super) text: String,
    /// As read; nothing for the few that only the lake reads.
    pub(super) parsed: Option<Parsed>,
    /// Whether it answers with rows.
    pub(super) rows: bool,
    /// The words that say that it is done.
    pub(super) tag: &'static str,
    /// Whether it asks for PostgreSQL's own catalogue.
    pub(super) catalogue: bool,
}

/// A statement that can be run.
#[derive(Clone, Debug)]
pub(super) struct Prepared {
    /// As sent; nothing when there is no statement.
    pub(super) piece: Option<Piece>,
    pub(super) action: Action,
    /// For [`Action::Run`] and [`Action::Declare`].
    pub(super) work: Option<Work>,
    /// Types of its parameters.
    pub(super) types: Vec<Type>,
}

/// Rows that come.
pub(super) struct Open {
    pub(super) schema: SchemaRef,
    rows: Option<SendableRecordBatchStream>,
    rest: Option<RecordBatch>,
    /// The words that say that all rows were handed out.
    pub(super) tag: &'static str,
}

impl Open {
    pub(super) fn running(running: Running, tag: &'static str) -> Self {
        Self { schema: running.schema, rows: Some(running.rows), rest: None, tag }
    }

    /// Rows that are there.
    pub(super) fn ready(batch: RecordBatch, tag: &'static str) -> Self {
        Self { schema: batch.schema(), rows: None, rest: Some(batch), tag }
    }

    /// Rows of texts.
    pub(super) fn texts(names: &[&str], rows: Vec<Vec<String>>, tag: &'static str) -> Result<Self, PgError> {
        let fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
        let column = |n: usize| {
            let values = rows.iter().map(|row| row.get(n).map(String::as_str));
            Arc::new(values.collect::<StringArray>()) as ArrayRef
        };
        let columns = (0..names.len()).map(column).collect();
        let batch = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns);
        Ok(Self::ready(batch.map_err(|e| PgError::Value(e.to_string()))?, tag))
    }

    /// Some more rows; nothing at the end.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>, PgError> {
        if let Some(rest) = self.rest.take().filter(|rest| rest.num_rows() > 0) {
            return Ok(Some(rest));
        }
        let Some(rows) = &mut self.rows else { return Ok(None) };
        loop {
            match rows.next().await {
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => return Ok(Some(batch)),
                Some(Err(error)) => return Err(LakeError::from(error).into()),
                None => return Ok(None),
            }
        }
    }

    /// Takes rows back that were not handed out.
    pub(super) fn put_back(&mut self, rest: RecordBatch) {
        self.rest = Some(rest);
    }

    /// Carries it out to its end; how many rows it wrote, if it says so.
    pub(super) async fn finish(mut self) -> Result<Option<u64>, PgError> {
        let mut written = None;
        while let Some(batch) = self.next().await? {
            if batch.num_columns() == 1 && batch.num_rows() == 1 {
                written = batch.column(0).as_any().downcast_ref::<UInt64Array>().map(|count| count.value(0));
            }
        }
        Ok(written)
    }
}

/// A statement with its values, and what has come of it.
pub(super) struct Portal {
    pub(super) prepared: Arc<Prepared>,
    /// The statement with literals for its parameters.
    pub(super) bound: Option<Work>,
    /// Formats of its columns as asked for.
    pub(super) codes: Vec<i16>,
    pub(super) state: State,
    /// Whether a statement declared it, and whether it outlives the transaction.
    pub(super) cursor: bool,
    pub(super) hold: bool,
}

/// Where a portal is.
pub(super) enum State {
    /// It was not run.
    Fresh,
    /// It has rows to fetch.
    Open(Open),
    /// All was handed out.
    Done(SchemaRef),
    /// Nobody fetched its rows.
    GivenUp,
}

/// Formats of columns as a client asks for them.
pub(super) fn formats(codes: &[i16], columns: usize) -> Result<Vec<Format>, PgError> {
    Format::all(codes, columns).ok_or_else(|| {
        let reason = format!("{} formats are asked for {columns} columns, or one that there is not", codes.len());
        PgError::invalid("08P01", reason, "ask for none, for one, or for one a column; 0 is text, 1 binary")
    })
}

/// Columns as they are described to a client.
pub(super) fn described(schema: &Schema, formats: &[Format]) -> Vec<FieldDescription> {
    let one = |(field, format): (&Arc<Field>, &Format)| {
        let of = pg_type(field.data_type());
        let (size, modifier) = modifier(field.data_type(), &of);
        let format = match format {
            Format::Text => 0,
            Format::Binary => 1,
        };
        FieldDescription::new(field.name().clone(), 0, 0, of.oid(), size, modifier, format)
    };
    schema.fields().iter().zip(formats).map(one).collect()
}
