//! What can go wrong, said to whoever wrote the statement.

use std::path::PathBuf;

use datafusion::common::diagnostic::Diagnostic;
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::parser::ParserError;
use doorstep_journal::JournalError;
use doorstep_store::StoreError;

/// A place in a statement's text, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: u64,
    /// Column.
    pub column: u64,
}

/// In the engine's words when a query has spilled as much as it may; it tells that in no other way.
const SPILL_EXHAUSTED: &str = "used disk space during the spilling process";

/// A bound that a query ran into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Time on the clock.
    Time,
    /// Memory, after spilling what can be spilled.
    Memory,
    /// Its part of the space on disk for what does not fit into memory.
    Spill,
    /// Bytes read from data files.
    Bytes,
    /// Rows or bytes of an answer.
    Answer,
    /// What the tenant lets itself be charged.
    Cost,
}

impl Limit {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Time => "time",
            Self::Memory => "memory",
            Self::Spill => "spill",
            Self::Bytes => "bytes",
            Self::Answer => "answer",
            Self::Cost => "cost",
        }
    }
}

/// An error of the lake.
#[derive(Debug, thiserror::Error)]
pub enum LakeError {
    /// The statement cannot be read or does not fit its tables.
    #[error("{reason}{}", .place.map(|p| format!(" (line {}, column {})", p.line, p.column)).unwrap_or_default())]
    Sql {
        /// What is wrong.
        reason: String,
        /// Where, if known.
        place: Option<Place>,
        /// What to do instead, if known.
        fix: Option<String>,
    },
    /// Something named is not there.
    #[error("there is no {what} {name:?}{}", .near.as_ref().map(|n| format!("; did you mean {n}?")).unwrap_or_default())]
    Unknown {
        /// `table`, `database`, …
        what: &'static str,
        /// As it was asked for.
        name: String,
        /// The nearest name that is there.
        near: Option<String>,
    },
    /// Something is there already.
    #[error("{what} {name:?} exists already")]
    Exists {
        /// `table`, `database`, …
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// A value is not acceptable.
    #[error("{field}: {reason}; {fix}")]
    Invalid {
        /// Which.
        field: String,
        /// Why not.
        reason: String,
        /// What to write instead.
        fix: String,
    },
    /// A statement of a kind that is not offered.
    #[error("{what} is not supported; {fix}")]
    Unsupported {
        /// What was asked.
        what: String,
        /// What to do instead.
        fix: String,
    },
    /// The key may not do this.
    #[error("this key may not {action}; ask an operator for a grant")]
    Denied {
        /// What it wanted to do.
        action: String,
    },
    /// A query ran into one of its bounds.
    #[error("the query was ended: {detail}")]
    Limit {
        /// Which.
        limit: Limit,
        /// How much was allowed, and what helps.
        detail: String,
    },
    /// The query was called off.
    #[error("the query was cancelled")]
    Cancelled,
    /// Too many queries wait already.
    #[error("{waiting} queries wait already; come again in a moment")]
    Overloaded {
        /// How many wait.
        waiting: usize,
    },
    /// Another process keeps the lake of this store.
    #[error("the lake is kept by {owner}; ask there")]
    Elsewhere {
        /// Its name.
        owner: String,
    },
    /// Two statements changed the same table at once; the later one did nothing.
    #[error("the table {table:?} was changed by another statement meanwhile; run this one again")]
    Conflict {
        /// Which.
        table: String,
    },
    /// A data file cannot be read.
    #[error("the file {file:?} cannot be read: {reason}")]
    Corrupt {
        /// Which, relative to the lake's folder.
        file: String,
        /// Why.
        reason: String,
    },
    /// The query failed while it ran.
    #[error("{0}")]
    Execution(String),
    /// The file system.
    #[error("cannot {action} {path:?}: {source}")]
    Io {
        /// Doing what.
        action: &'static str,
        /// With what.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The relational store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The journal.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

impl LakeError {
    /// Whether the statement is at fault, so that it fails each time until it or the catalogue is changed.
    pub(crate) const fn is_the_statements(&self) -> bool {
        matches!(self, Self::Sql { .. } | Self::Unknown { .. } | Self::Invalid { .. } | Self::Unsupported { .. })
    }

    /// The stable word for logs, metrics and faces.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Sql { .. } => "sql",
            Self::Unknown { .. } => "unknown",
            Self::Exists { .. } => "exists",
            Self::Invalid { .. } => "invalid",
            Self::Unsupported { .. } => "unsupported",
            Self::Denied { .. } => "denied",
            Self::Limit { .. } => "limit",
            Self::Cancelled => "cancelled",
            Self::Overloaded { .. } => "overloaded",
            Self::Elsewhere { .. } => "elsewhere",
            Self::Conflict { .. } => "conflict",
            Self::Corrupt { .. } => "corrupt",
            Self::Execution(_) => "execution",
            Self::Io { .. } => "io",
            Self::Store(_) => "store",
            Self::Journal(_) => "journal",
        }
    }

    /// Where in the statement's text, if known.
    #[must_use]
    pub const fn place(&self) -> Option<Place> {
        match self {
            Self::Sql { place, .. } => *place,
            _ => None,
        }
    }

    /// For `map_err` on file work.
    pub(crate) fn io(action: &'static str, path: &std::path::Path) -> impl FnOnce(std::io::Error) -> Self + use<> {
        let path = path.to_path_buf();
        move |source| Self::Io { action, path, source }
    }

    /// A statement of a kind that is not offered.
    pub(crate) fn unsupported(what: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into(), fix: fix.into() }
    }

    pub(crate) fn invalid(field: impl Into<String>, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Invalid { field: field.into(), reason: reason.into(), fix: fix.into() }
    }
}

impl From<LakeError> for DataFusionError {
    fn from(error: LakeError) -> Self {
        Self::External(Box::new(error))
    }
}

impl From<DataFusionError> for LakeError {
    fn from(error: DataFusionError) -> Self {
        translate(error, None)
    }
}

fn translate(error: DataFusionError, diagnostic: Option<Diagnostic>) -> LakeError {
    match error {
        DataFusionError::Diagnostic(diagnostic, inner) => translate(*inner, Some(*diagnostic)),
        DataFusionError::Context(context, inner) => match translate(*inner, diagnostic) {
            LakeError::Execution(reason) => LakeError::Execution(format!("{context}: {reason}")),
            other => other,
        },
        DataFusionError::Shared(shared) => match std::sync::Arc::try_unwrap(shared) {
            Ok(inner) => translate(inner, diagnostic),
            Err(shared) => shared_error(&shared, diagnostic),
        },
        DataFusionError::Collection(mut all) if !all.is_empty() => translate(all.swap_remove(0), diagnostic),
        DataFusionError::External(any) => match any.downcast::<LakeError>() {
            Ok(ours) => *ours,
            Err(other) => match other.downcast::<DataFusionError>() {
                Ok(inner) => translate(*inner, diagnostic),
                Err(other) => LakeError::Execution(other.to_string()),
            },
        },
        DataFusionError::ObjectStore(inner) => object_store_error(*inner),
        DataFusionError::ParquetError(inner) => match *inner {
            datafusion::parquet::errors::ParquetError::External(any) => match any.downcast::<object_store::Error>() {
                Ok(inner) => object_store_error(*inner),
                Err(other) => LakeError::Execution(other.to_string()),
            },
            other => LakeError::Execution(other.to_string()),
        },
        DataFusionError::ArrowError(inner, note) => match *inner {
            datafusion::arrow::error::ArrowError::ExternalError(any) => match any.downcast::<DataFusionError>() {
                Ok(inner) => translate(*inner, diagnostic),
                Err(other) => LakeError::Execution(other.to_string()),
            },
            // A writer of spilled batches tells it as a failure of the disk.
            other if other.to_string().contains(SPILL_EXHAUSTED) => spilled_too_much(),
            other => LakeError::Execution(DataFusionError::ArrowError(Box::new(other), note).strip_backtrace()),
        },
        other => shared_error(&other, diagnostic),
    }
}

fn shared_error(error: &DataFusionError, diagnostic: Option<Diagnostic>) -> LakeError {
    match error {
        DataFusionError::Shared(inner) => shared_error(inner, diagnostic),
        DataFusionError::Context(_, inner) => shared_error(inner, diagnostic),
        DataFusionError::Diagnostic(diagnostic, inner) => shared_error(inner, Some((**diagnostic).clone())),
        DataFusionError::External(any) => match any.downcast_ref::<LakeError>() {
            Some(LakeError::Limit { limit, detail }) => LakeError::Limit { limit: *limit, detail: detail.clone() },
            Some(LakeError::Cancelled) => LakeError::Cancelled,
            _ => LakeError::Execution(any.to_string()),
        },
        DataFusionError::SQL(parser, _) => parse_error(parser),
        DataFusionError::ResourcesExhausted(reason) if reason.contains(SPILL_EXHAUSTED) => spilled_too_much(),
        DataFusionError::ResourcesExhausted(reason) => LakeError::Limit {
            limit: Limit::Memory,
            detail: format!("it needs more memory than it may have ({reason})"),
        },
        DataFusionError::Plan(_) | DataFusionError::SchemaError(..) => {
            let fix = diagnostic.as_ref().and_then(|d| d.helps.first()).map(|help| help.message.clone());
            LakeError::Sql { reason: plain(error), place: diagnostic.and_then(place_of), fix }
        }
        DataFusionError::NotImplemented(what) => {
            LakeError::Unsupported { what: what.clone(), fix: "write it in another way".to_owned() }
        }
        DataFusionError::Configuration(reason) => {
            LakeError::invalid("setting", reason.clone(), "see SHOW ALL for settings and their values")
        }
        other => match plain(other) {
            reason if reason.contains(SPILL_EXHAUSTED) => spilled_too_much(),
            reason => LakeError::Execution(reason),
        },
    }
}

fn spilled_too_much() -> LakeError {
    let detail = "what does not fit into memory does not fit on disk either: it spilled all that one query may";
    LakeError::Limit { limit: Limit::Spill, detail: detail.to_owned() }
}

fn place_of(diagnostic: Diagnostic) -> Option<Place> {
    diagnostic.span.map(|span| Place { line: span.start.line, column: span.start.column })
}

/// The message without the engine's own prefix.
fn plain(error: &DataFusionError) -> String {
    let text = error.strip_backtrace();
    for prefix in ["Error during planning: ", "Schema error: ", "Execution error: ", "Internal error: "] {
        if let Some(rest) = text.strip_prefix(prefix) {
            return rest.to_owned();
        }
    }
    text
}

fn object_store_error(error: object_store::Error) -> LakeError {
    match error {
        object_store::Error::Generic { source, store } => match source.downcast::<LakeError>() {
            Ok(ours) => *ours,
            Err(source) => LakeError::Execution(format!("{store}: {source}")),
        },
        object_store::Error::NotFound { path, .. } => {
            LakeError::Corrupt { file: path, reason: "it is not there".to_owned() }
        }
        other => LakeError::Execution(other.to_string()),
    }
}

/// Turns `… at Line: 1, Column: 8` into a reason and a place.
fn parse_error(error: &ParserError) -> LakeError {
    let text = match error {
        ParserError::TokenizerError(text) | ParserError::ParserError(text) => text.as_str(),
        ParserError::RecursionLimitExceeded => "the statement is nested too deeply",
    };
    let found = text.rfind(" at Line: ").and_then(|at| {
        let (line, column) = text[at + 10..].split_once(", Column: ")?;
        let digits: String = column.chars().take_while(char::is_ascii_digit).collect();
        Some((at, Place { line: line.parse().ok()?, column: digits.parse().ok()? }))
    });
    match found {
        Some((at, place)) => LakeError::Sql { reason: text[..at].to_owned(), place: Some(place), fix: None },
        None => LakeError::Sql { reason: text.to_owned(), place: None, fix: None },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parser_points_at_the_token() {
        let error = parse_error(&ParserError::ParserError("Expected: FROM, found: form at Line: 2, Column: 8".into()));
        assert_eq!(error.place(), Some(Place { line: 2, column: 8 }));
        assert_eq!(error.to_string(), "Expected: FROM, found: form (line 2, column 8)");
    }

    #[test]
    fn our_own_errors_come_back_from_the_engine_whole() {
        let through = LakeError::from(DataFusionError::from(LakeError::Cancelled).context("while reading"));
        assert!(matches!(through, LakeError::Cancelled), "{through}");
    }
}
