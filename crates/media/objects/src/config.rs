//! Limits of the engine.

use std::sync::Arc;
use std::time::Duration;

use crate::{Courier, MasterKey, Pace};

/// Limits and times. The defaults are S3's where S3 has one.
#[derive(Clone, Debug)]
pub struct Config {
    /// Largest object in one upload, bytes.
    pub put_limit: u64,
    /// Largest object made of parts, bytes.
    pub object_limit: u64,
    /// Most parts of an object. S3 allows 10,000, which its face holds to; UFile's parts have 4 MiB.
    pub parts: u32,
    /// Longest key, bytes.
    pub key_bytes: usize,
    /// Most bytes of user metadata, names and values together: UFile's 8 KiB; S3's face holds to its own 2 KiB.
    pub meta_bytes: usize,
    /// Buckets of one tenant.
    pub buckets: u32,
    /// How slowly an upload may come before it is given up.
    pub pace: Pace,
    /// Bytes that nobody refers to are kept this long for those who still read them.
    pub grace: Duration,
    /// Between two looks for files and segments that may go.
    pub sweep: Duration,
    /// How fast the scrub reads, bytes a second.
    pub scrub_bytes_per_s: u64,
    /// How long what is known of a bucket is believed without asking the store.
    pub bucket_cache: Duration,
    /// What encrypted objects' keys hang on; without it nothing is encrypted but under customers' keys.
    pub master: Option<MasterKey>,
    /// Who carries events out; without it a bucket cannot name targets.
    pub courier: Option<Arc<dyn Courier>>,
    /// The region that events name.
    pub region: String,
    /// A day of lifecycle rules.
    pub lifecycle_day: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            put_limit: 5 << 30,
            object_limit: 5 << 40,
            parts: 50_000,
            key_bytes: 1024,
            meta_bytes: 8192,
            buckets: 1000,
            pace: Pace::default(),
            grace: Duration::from_secs(900),
            sweep: Duration::from_secs(3600),
            scrub_bytes_per_s: 8 << 20,
            bucket_cache: Duration::from_secs(1),
            master: None,
            courier: None,
            region: "us-east-1".to_owned(),
            lifecycle_day: Duration::from_secs(86_400),
        }
    }
}
