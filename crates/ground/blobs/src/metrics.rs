//! The numbers that the blob store reports.

/// Counter, bytes: written, before framing.
pub const WRITTEN: &str = "doorstep_blobs_written_bytes_total";
/// Counter, bytes: handed out after their check.
pub const READ: &str = "doorstep_blobs_read_bytes_total";
/// Counter: blobs found damaged.
pub const CORRUPT: &str = "doorstep_blobs_corrupt_total";
/// Histogram: small blobs behind one fsync.
pub const PACK_GROUP: &str = "doorstep_blobs_pack_group";
/// Histogram, seconds: one fsync of the packer.
pub const PACK_SYNC_SECONDS: &str = "doorstep_blobs_pack_sync_seconds";

/// Every metric of this crate and what it tells.
pub const METRICS: &[(&str, &str)] = &[
    (WRITTEN, "Bytes of blobs written"),
    (READ, "Bytes of blobs handed out after their check"),
    (CORRUPT, "Blobs found damaged"),
    (PACK_GROUP, "Small blobs behind one fsync"),
    (PACK_SYNC_SECONDS, "One fsync of the packer"),
];

pub(crate) fn written(bytes: u64) {
    metrics::counter!(WRITTEN).increment(bytes);
}

pub(crate) fn read(bytes: u64) {
    metrics::counter!(READ).increment(bytes);
}

pub(crate) fn corrupt() {
    metrics::counter!(CORRUPT).increment(1);
}

pub(crate) fn packed(group: usize, took: std::time::Duration) {
    metrics::histogram!(PACK_GROUP).record(group as f64);
    metrics::histogram!(PACK_SYNC_SECONDS).record(took.as_secs_f64());
}
