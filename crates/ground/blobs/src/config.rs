//! Where bytes lie, and the sizes that decide how.

use std::path::PathBuf;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(86_400);

/// Where bytes lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A folder of this machine.
    Disk(PathBuf),
    /// An object store by URL: `s3://bucket/prefix`, `hdfs://namenode:8020/folder`, `memory:///`. Credentials and
    /// endpoint come from the variables that the AWS tools know (`AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, …), for HDFS
    /// from Hadoop's (`HADOOP_USER_NAME`, `HADOOP_CONF_DIR`).
    Url(String),
}

/// How bytes are kept.
#[derive(Clone, Debug)]
pub struct Config {
    /// Where.
    pub location: Location,
    /// Blobs up to this size, in bytes, are packed together on disk.
    pub pack_limit: usize,
    /// A pack segment is closed when it is larger, in bytes.
    pub segment_bytes: u64,
    /// Small blobs that may wait for the packer; more wait for room.
    pub pack_queue: usize,
    /// In a store elsewhere, files of blobs that were never finished go when they are older than this. Longer than an
    /// upload through another process on the same place may take.
    pub unfinished: Duration,
}

impl Config {
    /// The defaults on a folder of this machine.
    #[must_use]
    pub fn disk(folder: impl Into<PathBuf>) -> Self {
        Self::at(Location::Disk(folder.into()))
    }

    /// The defaults anywhere.
    #[must_use]
    pub fn at(location: Location) -> Self {
        Self { location, pack_limit: 128 << 10, segment_bytes: 256 << 20, pack_queue: 512, unfinished: 7 * DAY }
    }
}
