//! Everything that can go wrong in the journal.

use std::path::{Path, PathBuf};

/// A failed journal operation.
#[derive(Clone, Debug, thiserror::Error)]
pub enum JournalError {
    /// An option makes no sense.
    #[error("journal option `{field}`: {reason}")]
    Option {
        /// Which option.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Another journal handle, most likely in another process, owns the directory.
    #[error("the journal in {} is in use by {holder}: stop it, or give this process another directory", .dir.display())]
    Locked {
        /// The journal's directory.
        dir: PathBuf,
        /// Who wrote itself into the lock, such as `process 4711`.
        holder: String,
    },
    /// Reading or writing a file failed.
    #[error("cannot {action} {}: {reason}", .path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file is damaged in a place that was once safely on disk; restore it from a copy.
    #[error("{} is damaged at byte {offset}: {reason}", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// Where the first bad frame starts, bytes from the file's start.
        offset: u64,
        /// What is wrong there.
        reason: String,
    },
    /// A name has characters that may not stand in a file name.
    #[error(
        "{what} name `{name}` is not allowed: use 1 to 120 letters, digits, `.`, `_` or `-`, not starting with a dot"
    )]
    Name {
        /// `stream` or `consumer`.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A record has a part above its limit.
    #[error("record {field} has {bytes} bytes, the limit is {limit}")]
    TooLarge {
        /// Which part of the record.
        field: &'static str,
        /// Its size.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A sync failed earlier, so nobody knows what is on disk: the stream takes no more records
    /// until the journal is opened again.
    #[error("stream `{stream}` stopped taking records after a failed sync ({reason}): restart to recover it")]
    Stopped {
        /// The stream.
        stream: String,
        /// What the failed sync said.
        reason: String,
    },
    /// A position lies beyond the stream's end.
    #[error("consumer `{consumer}` cannot stand at {seq}: stream `{stream}` ends at {last}")]
    Position {
        /// The stream.
        stream: String,
        /// The consumer.
        consumer: String,
        /// The position asked for.
        seq: u64,
        /// The stream's last record.
        last: u64,
    },
    /// The journal was closed while the request waited.
    #[error("the journal is closed")]
    Closed,
}

impl JournalError {
    /// For `map_err`: what was tried on which file.
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(std::io::Error) -> JournalError {
        let path = path.to_path_buf();
        move |e| JournalError::Io { action, path, reason: e.to_string() }
    }
}
