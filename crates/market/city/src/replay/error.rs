//! What can be wrong with the input of a replay: the file, the line, the column, and what would be right.

use std::path::PathBuf;

/// Why a recorded period is not replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// A file that cannot be opened, read or written.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A table without a needed column.
    #[error("{path}: there is no column `{column}` ({meaning}); the header is: {header}")]
    NoColumn {
        /// Which file.
        path: PathBuf,
        /// What is missing, with its alternatives.
        column: &'static str,
        /// What the column would say.
        meaning: &'static str,
        /// What is there.
        header: String,
    },
    /// A row that cannot stand.
    #[error("{path}, line {line}, column {column}: `{value}` {reason}")]
    Row {
        /// Which file.
        path: PathBuf,
        /// Line, from 1; the header is line 1.
        line: u64,
        /// Which column.
        column: String,
        /// What stands there (cut after 40 characters).
        value: String,
        /// What is wrong and what would be right.
        reason: String,
    },
    /// A file that is broken as a whole: not CSV, damaged gzip, rows of unequal length.
    #[error("{path}, {at}: {reason}")]
    Broken {
        /// Which file.
        path: PathBuf,
        /// Where: a line, or the start.
        at: String,
        /// What is wrong.
        reason: String,
    },
    /// More rows than a replay takes.
    #[error("{path} holds more than {limit} rows: replay a shorter period")]
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// How many are taken at most.
        limit: usize,
    },
    /// Nothing to replay.
    #[error("no usable request: {left_out}")]
    NoRequests {
        /// What was left out, in words.
        left_out: String,
    },
    /// Nobody to drive.
    #[error("no usable car: no taxi stands inside the city, and no driver was on shift")]
    NoCars,
    /// The sample is larger than the file.
    #[error("--fleet {asked} is more than the {there} usable taxis of the file: ask for at most {there}")]
    FleetTooLarge {
        /// Cars asked for.
        asked: usize,
        /// Usable rows of the taxi file.
        there: usize,
    },
    /// A setting out of its range.
    #[error("{name} is {value}: {fix}")]
    Setting {
        /// The command line's name for it.
        name: &'static str,
        /// What was given.
        value: String,
        /// What would be right.
        fix: &'static str,
    },
    /// Whoever asked for the replay wants it no more.
    #[error("the replay was stopped")]
    Stopped,
}
