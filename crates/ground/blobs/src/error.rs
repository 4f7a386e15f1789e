//! What can go wrong with bytes.

use std::path::Path;

use crate::{Place, stores};

/// Failures of this crate.
#[derive(Debug, thiserror::Error)]
pub enum BlobsError {
    /// The bytes on disk are not those that were written. They are never handed out.
    #[error("blob {place} is damaged in block {block}: {reason}")]
    Corrupt {
        /// Which blob.
        place: Place,
        /// Which block of 64 KiB, from 0.
        block: u64,
        /// What the check found.
        reason: &'static str,
    },
    /// There are no such bytes.
    #[error("blob {0} is not there")]
    Missing(Place),
    /// No room: nothing of the blob was kept.
    #[error("no room is left for bytes: free some and try again")]
    Full,
    /// The file system failed.
    #[error("cannot {what} {path}: {source}")]
    Io {
        /// What was tried.
        what: &'static str,
        /// On which file.
        path: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The object store behind failed.
    #[error("the object store failed: {}", first_line(.0))]
    Remote(object_store::Error),
    /// A URL that names no store.
    #[error(
        "`{url}` is no place for bytes: {reason}; write s3://bucket/prefix or hdfs://namenode:8020/folder, or leave it out for local disk"
    )]
    Url {
        /// What was written.
        url: String,
        /// Why not.
        reason: String,
    },
    /// The place is another owner's.
    #[error(
        "the place for bytes `{prefix}` belongs to another Doorstep (`{owner}`): give each one a prefix of its own, or remove the object `owner` there if that one is gone for good"
    )]
    Taken {
        /// The folder inside the store.
        prefix: String,
        /// Whose it is.
        owner: String,
    },
    /// Text that is no [`Place`].
    #[error("`{0}` is no place of a blob")]
    BadPlace(String),
    /// The process goes down.
    #[error("the blob store is closing")]
    Closed,
}

impl From<object_store::Error> for BlobsError {
    fn from(error: object_store::Error) -> Self {
        if stores::is_full(&error) { Self::Full } else { Self::Remote(error) }
    }
}

impl BlobsError {
    pub(crate) fn io(what: &'static str, path: &Path, source: std::io::Error) -> Self {
        match source.kind() {
            // The last is a limit of the process or the file system on one file.
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded | std::io::ErrorKind::FileTooLarge => {
                Self::Full
            }
            _ => Self::Io { what, path: path.display().to_string(), source },
        }
    }

    /// A stable word for logs and metric labels.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Corrupt { .. } => "corrupt",
            Self::Missing(_) => "missing",
            Self::Full => "full",
            Self::Io { .. } => "io",
            Self::Remote(_) => "remote",
            Self::Url { .. } => "url",
            Self::Taken { .. } => "taken",
            Self::BadPlace(_) => "bad_place",
            Self::Closed => "closed",
        }
    }
}

/// HDFS sends a stack of Java's after its words.
fn first_line(error: &object_store::Error) -> String {
    let said = error.to_string();
    said.lines().next().unwrap_or_default().to_owned()
}
