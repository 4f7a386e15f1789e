//! How the face is set.

use std::time::Duration;

/// Limits and times of the face.
#[derive(Clone, Debug)]
pub struct Config {
    /// Hosts that lead to one bucket each, in small letters without a port: a bucket's own domain.
    pub hosts: Vec<(String, String)>,
    /// Requests at once; more are told to come back.
    pub requests: usize,
    /// How far a request's `Date` may be from now.
    pub skew: Duration,
    /// UFile's hash of an object that another face uploaded in odd parts is computed when it is asked for,
    /// up to this size, bytes; larger ones show S3's ETag.
    pub hash_bytes: u64,
    /// For how many days a restored object can be read.
    pub restored_days: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            requests: 1024,
            skew: Duration::from_secs(15 * 60),
            hash_bytes: 256 << 20,
            restored_days: 1,
        }
    }
}
