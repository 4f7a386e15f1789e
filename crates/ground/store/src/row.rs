//! One row of an answer, read by column name.

use std::sync::Arc;

use doorstep_clock::Timestamp;

use crate::{StoreError, Value};

/// A row. Columns are found by name; a missing column or another type is an error that names it.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    pub(crate) fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        debug_assert_eq!(columns.len(), values.len());
        Row { columns, values }
    }

    /// The value of a column.
    pub fn value(&self, column: &str) -> Result<&Value, StoreError> {
        match self.columns.iter().position(|c| c == column) {
            Some(at) => Ok(&self.values[at]),
            None => Err(StoreError::Column {
                column: column.to_owned(),
                wanted: "a column of this name",
                found: format!("columns {}", self.columns.join(", ")),
            }),
        }
    }

    /// A whole number.
    pub fn int(&self, column: &str) -> Result<i64, StoreError> {
        self.opt_int(column)?.ok_or_else(|| self.null(column, "int"))
    }

    /// A whole number or nothing.
    pub fn opt_int(&self, column: &str) -> Result<Option<i64>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Int(v) => Ok(Some(*v)),
            other => Err(mismatch(column, "int", other)),
        }
    }

    /// A truth value stored as 0 or 1.
    pub fn flag(&self, column: &str) -> Result<bool, StoreError> {
        Ok(self.int(column)? != 0)
    }

    /// A floating-point number; whole numbers are taken as well.
    pub fn real(&self, column: &str) -> Result<f64, StoreError> {
        self.opt_real(column)?.ok_or_else(|| self.null(column, "real"))
    }

    /// A floating-point number or nothing.
    pub fn opt_real(&self, column: &str) -> Result<Option<f64>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Real(v) => Ok(Some(*v)),
            Value::Int(v) => Ok(Some(*v as f64)),
            other => Err(mismatch(column, "real", other)),
        }
    }

    /// Text.
    pub fn text(&self, column: &str) -> Result<String, StoreError> {
        self.opt_text(column)?.ok_or_else(|| self.null(column, "text"))
    }

    /// Text or nothing.
    pub fn opt_text(&self, column: &str) -> Result<Option<String>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Text(v) => Ok(Some(v.clone())),
            other => Err(mismatch(column, "text", other)),
        }
    }

    /// Bytes.
    pub fn blob(&self, column: &str) -> Result<Vec<u8>, StoreError> {
        self.opt_blob(column)?.ok_or_else(|| self.null(column, "blob"))
    }

    /// Bytes or nothing.
    pub fn opt_blob(&self, column: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self.value(column)? {
            Value::Null => Ok(None),
            Value::Blob(v) => Ok(Some(v.clone())),
            other => Err(mismatch(column, "blob", other)),
        }
    }

    /// A time stored as milliseconds.
    pub fn time(&self, column: &str) -> Result<Timestamp, StoreError> {
        Ok(Timestamp(self.int(column)?))
    }

    /// A time stored as milliseconds, or nothing.
    pub fn opt_time(&self, column: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.opt_int(column)?.map(Timestamp))
    }

    fn null(&self, column: &str, wanted: &'static str) -> StoreError {
        mismatch(column, wanted, &Value::Null)
    }
}

fn mismatch(column: &str, wanted: &'static str, found: &Value) -> StoreError {
    StoreError::Column { column: column.to_owned(), wanted, found: found.kind().to_owned() }
}
