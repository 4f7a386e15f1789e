//! Text that must become a value of some type, as in the rows of delimited files.
//!
//! As in Hive, what does not fit is null, and it is counted; with `SET strict = true` it ends the statement.

use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, ArrayRef, StringArray};
use arrow::compute::{CastOptions, cast_with_options};
use arrow::datatypes::DataType;
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

/// The text `value` of the column `column` as a `to`.
pub(super) fn fit(value: Expr, to: &DataType, column: &str) -> Expr {
    let fit = Fit { to: to.clone(), column: column.to_owned(), signature: Signature::any(1, Volatility::Volatile) };
    ScalarUDF::new_from_impl(fit).call(vec![value])
}

/// Volatile, so that each value is looked at once and counted once, whatever else a statement asks of the column.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Fit {
    to: DataType,
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

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(self.to.clone())
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let fitting = args.config_options.extensions.get::<Fitting>().cloned().unwrap_or_default();
        let texts = args.args[0].to_array(args.number_rows)?;
        let values = cast_with_options(&texts, &self.to, &CastOptions { safe: true, ..CastOptions::default() })?;
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
        let row = (0..texts.len()).find(|&row| values.is_null(row) && !texts.is_null(row));
        let texts = texts.as_any().downcast_ref::<StringArray>();
        let text: String = texts.zip(row).map_or_else(String::new, |(t, row)| t.value(row).chars().take(100).collect());
        let reason = format!("{text:?} is no {}", self.to);
        let fix = format!("mend the file, or SET {STRICT} = false, which makes it null");
        DataFusionError::from(LakeError::invalid(self.column.clone(), reason, fix))
    }
}
