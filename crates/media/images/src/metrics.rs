//! Names of this crate's metrics.

use std::time::Duration;

use crate::Format;

/// Counter, labels `from`, `to`: pictures delivered.
const PICTURES: &str = "doorstep_images_pictures_total";
/// Counter, label `reason`: requests refused or failed.
const REFUSED: &str = "doorstep_images_refused_total";
/// Histogram, seconds: from source to answer, label `to`.
const SECONDS: &str = "doorstep_images_seconds";
/// Counter: bytes of sources read.
const SOURCE_BYTES: &str = "doorstep_images_source_bytes_total";

/// Every metric of this crate with its meaning.
pub const METRICS: &[(&str, &str)] = &[
    (PICTURES, "Pictures delivered, by source's and result's format"),
    (REFUSED, "Pictures refused or failed, by reason"),
    (SECONDS, "From source to answer"),
    (SOURCE_BYTES, "Bytes of sources read"),
];

pub(crate) fn delivered(from: Format, to: &'static str, bytes: usize, took: Duration) {
    metrics::counter!(PICTURES, "from" => from.as_str(), "to" => to).increment(1);
    metrics::counter!(SOURCE_BYTES).increment(bytes as u64);
    metrics::histogram!(SECONDS, "to" => to).record(took.as_secs_f64());
}

pub(crate) fn refused(reason: &'static str) {
    metrics::counter!(REFUSED, "reason" => reason).increment(1);
}
