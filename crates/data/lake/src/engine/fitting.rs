//! Text that must become a value of some type, as in the rows of delimited files.
//!
//! As in Hive, what does not fit is null, and it is counted; with `SET strict = true` it ends the statement.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef};
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;
use datafusion::common::config::{ConfigEntry, ConfigExtension, ExtensionOptions};
use datafusion::error::{DataFusionError, Result};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use super::session::Session;
use crate::LakeError;

/// The setting of a session that asks for an error.
pub(super) const STRICT: &str = "strict";

/// What a query does with values that do not fit. Travels with its configuration.
#[derive(Clone, Debug, Default)]
pub(super) struct Fitting {
    misfits: Arc<AtomicU64>,
    strict: bool,
}

impl Fitting {
    /// As the session wishes; `misfits` counts what becomes null.
    pub(super) fn new(session: &Session, misfits: Arc<AtomicU64>) -> Self {
        Self { misfits, strict: session.setting(STRICT).is_some_and(|value| value == "true") }
    }
}

/// Refuses a value of a setting of the engine's own that cannot be: `strict` is true or false.
///
/// # Errors
/// [`LakeError::Invalid`] with the setting's name.
pub fn check_setting(name: &str, value: &str) -> std::result::Result<(), LakeError> {
    if name == STRICT && !matches!(value, "true" | "false") {
        return Err(LakeError::invalid(name, format!("{value:?} is neither true nor false"), "write true or false"));
    }
    Ok(())
}

impl ConfigExtension for Fitting {
    const PREFIX: &'static str = "fitting";
}

impl ExtensionOptions for Fitting {
    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }

    fn cloned(&self) -> Box<dyn ExtensionOptions> {
        Box::new(self.clone())
    }

    fn set(&mut self, key: &str, _value: &str) -> Result<()> {
        Err(DataFusionError::Configuration(format!("{key} is set with SET {STRICT}")))
    }

    fn entries(&self) -> Vec<ConfigEntry> {
        Vec::new()
    }
}

/// `value`, which was made of `text` for the column `column` and is null where the text did not fit.
#[must_use]
pub fn fitted(text: Expr, value: Expr, column: &str) -> Expr {
    let fit = Fit { column: column.to_owned(), signature: Signature::any(2, Volatility::Volatile) };
    ScalarUDF::new_from_impl(fit).call(vec![text, value])
}

/// Volatile, so that each value is looked at once and counted once, whatever else a statement asks of the column.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Fit {
    column: String,
    signature: Signature,
}

impl ScalarUDFImpl for Fit {
    fn name(&self) -> &'static str {
        "fit"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arg_types: &[DataType]) -> Result<DataType> {
        Ok(arg_types[1].clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let fitting = args.config_options.extensions.get::<Fitting>().cloned().unwrap_or_default();
        let texts = args.args[0].to_array(args.number_rows)?;
        let values = args.args[1].to_array(args.number_rows)?;
        let misfits = values.null_count().saturating_sub(texts.null_count());
        if misfits > 0 {
            if fitting.strict {
                return Err(self.misfit(&texts, &values));
            }
            fitting.misfits.fetch_add(misfits as u64, Ordering::Relaxed);
        }
        Ok(ColumnarValue::Array(values))
    }
}

impl Fit {
    fn misfit(&self, texts: &ArrayRef, values: &ArrayRef) -> DataFusionError {
        let row = (0..texts.len()).find(|&row| values.is_null(row) && !texts.is_null(row)).unwrap_or(0);
        let text: String = array_value_to_string(texts, row).unwrap_or_default().chars().take(100).collect();
        let reason = format!("{text:?} is no {}", values.data_type());
        let fix = format!("mend the file, or SET {STRICT} = false, which makes it null");
        DataFusionError::from(LakeError::invalid(self.column.clone(), reason, fix))
    }
}
