//! What a picture has cost, for whoever bills it.

use std::time::Duration;

/// One picture that was made. Results that were made before cost none of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Usage {
    /// Whose bucket it is.
    pub tenant: String,
    /// The bucket.
    pub bucket: String,
    /// CPU time of the thread that made it; ffmpeg's own is not in it.
    pub cpu: Duration,
    /// Bytes of the source and of the pictures laid over it.
    pub bytes_in: u64,
    /// Bytes of the result.
    pub bytes_out: u64,
    /// Pixels of the result, all frames together.
    pub pixels: u64,
}

/// Takes down what pictures cost. It is called for each, on the way of the answer: it must be quick.
pub trait Meter: Send + Sync {
    /// A picture was made.
    fn picture(&self, usage: &Usage);

    /// Somebody came to this tenant's bucket with a signed path, which no face counts.
    fn asked(&self, tenant: &str, bucket: &str);
}

/// Takes nothing down.
#[derive(Clone, Copy, Debug)]
pub struct Unmetered;

impl Meter for Unmetered {
    fn picture(&self, _: &Usage) {}

    fn asked(&self, _: &str, _: &str) {}
}
