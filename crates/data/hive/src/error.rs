//! What can go wrong, with the state that SQL clients look at.

use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::{
    parser::ParserError,
    tokenizer::{Span, TokenizerError},
};
use doorstep_lake::LakeError;

/// An error of the Hive face.
#[derive(Debug, thiserror::Error)]
pub enum HiveError {
    /// The text is no HiveQL.
    #[error("{reason} (line {line}, column {column})")]
    Syntax {
        /// What is wrong.
        reason: String,
        /// Counted from 1; 0 when it is not known.
        line: u64,
        /// Counted from 1.
        column: u64,
    },
    /// There is no statement in the text.
    #[error("the statement is empty")]
    Empty,
    /// The text is too long.
    #[error("the statement has {bytes} bytes, more than {most}: put the data into a table")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The longest.
        most: usize,
    },
    /// Something of Hive's that is not offered.
    #[error("{what} is not supported: {fix}")]
    Unsupported {
        /// Its name.
        what: String,
        /// What to do instead.
        fix: String,
    },
    /// A function was called with other arguments than it takes.
    #[error("{function} was called with other arguments than it takes: {help}")]
    Arguments {
        /// Which.
        function: String,
        /// What it takes.
        help: &'static str,
    },
    /// Something of a statement that does not fit what is there.
    #[error("{reason}: {fix}")]
    Invalid {
        /// Why.
        reason: String,
        /// What to write instead.
        fix: String,
    },
    /// A handle that is not open in this connection's tenant.
    #[error("there is no such {0}: it was closed, or never opened")]
    NoHandle(&'static str),
    /// A request without something that its call needs.
    #[error("{call}: {field} is missing or of another type")]
    Request {
        /// Which call.
        call: &'static str,
        /// Which field of it.
        field: &'static str,
    },
    /// More of something than a connection may have.
    #[error("more than {most} {what} are open: close some first")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many may be.
        most: usize,
    },
    /// The statement was called off.
    #[error("the statement was cancelled")]
    Cancelled,
    /// The statement took longer than the client allows.
    #[error("the statement took longer than the {0} s that the client allows")]
    TimedOut(u64),
    /// What stopped the statement before, told again.
    #[error("{message}")]
    Before {
        /// Its five characters.
        state: &'static str,
        /// Its number.
        code: i32,
        /// Its words.
        message: String,
    },
    /// Nobody fetched the rows.
    #[error(
        "nobody fetched these rows for {0} s (hive.operation_idle_s), so they were given up: run the statement again"
    )]
    GivenUp(u64),
    /// Rows are read forwards only.
    #[error("rows are handed out forwards only: run the statement again to see them from the start")]
    ForwardOnly,
    /// The lake's.
    #[error(transparent)]
    Lake(#[from] LakeError),
}

impl HiveError {
    /// A mistake at a place.
    pub(crate) fn syntax(reason: String, at: Span) -> Self {
        Self::Syntax { reason, line: at.start.line, column: at.start.column }
    }

    /// Something that is not offered.
    pub(crate) fn unsupported(what: &str, fix: &str) -> Self {
        Self::Unsupported { what: what.to_owned(), fix: fix.to_owned() }
    }

    /// Something that does not fit.
    pub(crate) fn invalid(reason: impl Into<String>, fix: &str) -> Self {
        Self::Invalid { reason: reason.into(), fix: fix.to_owned() }
    }

    /// The five characters that say what kind of mistake it is (ISO 9075 where it has one).
    #[must_use]
    pub fn sql_state(&self) -> &'static str {
        match self {
            Self::Syntax { .. } | Self::Empty | Self::TooLong { .. } | Self::Arguments { .. } => "42000",
            Self::Invalid { .. } => "42000",
            Self::Unsupported { .. } => "0A000",
            Self::NoHandle(_) => "HY000",
            Self::Request { .. } => "HY004",
            Self::TooMany { .. } => "HY013",
            Self::Cancelled => "HY008",
            Self::TimedOut(_) | Self::GivenUp(_) => "HYT00",
            Self::ForwardOnly => "HY106",
            Self::Before { state, .. } => state,
            Self::Lake(error) => match error {
                LakeError::Unknown { what: "table", .. } => "42S02",
                LakeError::Unknown { what: "column", .. } => "42S22",
                LakeError::Unknown { .. } => "42000",
                LakeError::Exists { .. } => "42S01",
                LakeError::Denied { .. } => "42501",
                LakeError::Unsupported { .. } => "0A000",
                LakeError::Cancelled => "HY008",
                LakeError::Overloaded { .. } => "HY000",
                LakeError::Limit { .. } => "54000",
                LakeError::Conflict { .. } => "40001",
                LakeError::Sql { reason, .. } if reason.contains("no table") || reason.contains("not found") => "42S02",
                LakeError::Sql { .. } | LakeError::Invalid { .. } => "42000",
                _ => "08S01",
            },
        }
    }

    /// The number that Hive gives with it: 40000 for a statement that cannot be compiled, 1 else.
    #[must_use]
    pub fn code(&self) -> i32 {
        if let Self::Before { code, .. } = self {
            return *code;
        }
        match self.sql_state() {
            "42000" | "42S02" | "42S22" | "0A000" => 40_000,
            _ => 1,
        }
    }
}

impl From<TokenizerError> for HiveError {
    fn from(error: TokenizerError) -> Self {
        Self::Syntax { reason: error.message, line: error.location.line, column: error.location.column }
    }
}

impl From<ParserError> for HiveError {
    fn from(error: ParserError) -> Self {
        let text = match error {
            ParserError::TokenizerError(text) | ParserError::ParserError(text) => text,
            ParserError::RecursionLimitExceeded => "the statement is nested too deeply".to_owned(),
        };
        // The parser writes the place into its text: "… at Line: 1, Column: 5".
        match text.rsplit_once(" at Line: ") {
            Some((reason, place)) => {
                let mut numbers = place.split(", Column: ").map(|n| n.trim().parse().unwrap_or(0));
                let (line, column) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
                Self::Syntax { reason: format!("syntax error: {reason}"), line, column }
            }
            None => Self::Syntax { reason: format!("syntax error: {text}"), line: 0, column: 0 },
        }
    }
}

impl From<DataFusionError> for HiveError {
    fn from(error: DataFusionError) -> Self {
        Self::Lake(error.into())
    }
}
