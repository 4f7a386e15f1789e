//! What a statement answers: columns as Hive describes them, and rows.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::execution::SendableRecordBatchStream;
use doorstep_lake::Query;

use crate::HiveError;
use crate::hiveql::hive_type;

/// A column of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnShown {
    /// Its name.
    pub name: String,
    /// Its type as Hive writes it.
    pub data_type: String,
    /// What is said of it.
    pub comment: Option<String>,
}

/// The rows of an answer.
pub enum Rows {
    /// All of them.
    Ready(Vec<RecordBatch>),
    /// As they come.
    Stream(SendableRecordBatchStream),
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if matches!(self, Self::Ready(_)) { "Ready" } else { "Stream" })
    }
}

/// See the module's head.
#[derive(Debug)]
pub struct Answer {
    /// Its columns; none when it has no rows.
    pub columns: Vec<ColumnShown>,
    /// Its rows.
    pub rows: Rows,
    /// Rows that it wrote.
    pub written: Option<u64>,
    /// The query behind it.
    pub query: Option<Arc<Query>>,
}

impl Answer {
    /// It is done, and that is all.
    pub(super) fn done() -> Self {
        Self { columns: Vec::new(), rows: Rows::Ready(Vec::new()), written: None, query: None }
    }
}

/// Columns as Hive describes those of a schema.
pub(super) fn columns(schema: &Schema) -> Vec<ColumnShown> {
    let shown = |field: &Arc<Field>| ColumnShown {
        name: shown_name(field.name()),
        data_type: hive_type(field.data_type()),
        comment: None,
    };
    schema.fields().iter().map(shown).collect()
}

/// The engine names a field of a struct `t.pt[x]`; Hive says `x`.
fn shown_name(name: &str) -> String {
    match name.strip_suffix(']').and_then(|n| n.rsplit_once('[')) {
        Some((_, field)) if !field.is_empty() => field.to_owned(),
        _ => name.to_owned(),
    }
}

/// An answer of texts.
pub(crate) fn text_rows(names: &[&str], rows: Vec<Vec<Option<String>>>) -> Result<Answer, HiveError> {
    let fields: Vec<Field> = names.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let schema = Arc::new(Schema::new(fields));
    let columns = (0..names.len()).map(|n| {
        let column = rows.iter().map(|row| row.get(n).and_then(Option::as_deref));
        Arc::new(column.collect::<StringArray>()) as ArrayRef
    });
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns.collect())
        .map_err(|e| HiveError::Lake(doorstep_lake::LakeError::Execution(e.to_string())))?;
    Ok(Answer { columns: self::columns(&schema), rows: Rows::Ready(vec![batch]), written: None, query: None })
}
