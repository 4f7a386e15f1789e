//! UFile's hash: SHA-1 over 4 MiB blocks, the ETag of UFile's protocol and the key of its instant upload.
//!
//! `urlsafe_base64(block count, 4 bytes little-endian ‖ digest)`; the digest is that of the block when there
//! is one, else the SHA-1 over the blocks' digests. Nothing at all has count 0 and no digest.

use base64::prelude::{BASE64_URL_SAFE, Engine as _};
use sha1::{Digest as _, Sha1};

/// Bytes of a block; UFile's multipart uploads use parts of this size.
pub const UFILE_BLOCK: usize = 4 << 20;
/// Bytes of one block's digest.
pub(crate) const SUM: usize = 20;

/// Computes the hash as bytes come.
#[derive(Clone, Default)]
pub struct UfileHash {
    block: Sha1,
    filled: usize,
    /// Digests of the finished blocks, one after the other.
    sums: Vec<u8>,
}

impl UfileHash {
    /// Takes the next bytes.
    pub fn update(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min(UFILE_BLOCK - self.filled));
            self.block.update(now);
            self.filled += now.len();
            bytes = later;
            if self.filled == UFILE_BLOCK {
                self.sums.extend_from_slice(&self.block.finalize_reset());
                self.filled = 0;
            }
        }
    }

    /// The digests of all blocks, the last short one included.
    #[must_use]
    pub fn sums(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.sums.extend_from_slice(&self.block.finalize_reset());
        }
        self.sums
    }

    /// The hash as text.
    #[must_use]
    pub fn finish(self) -> String {
        etag(&self.sums())
    }
}

/// Bytes of the hash before it is text.
pub(crate) const RAW: usize = 4 + SUM;

/// The text of the hash over blocks with these digests.
pub(crate) fn etag(sums: &[u8]) -> String {
    BASE64_URL_SAFE.encode(raw(sums))
}

/// The hash as bytes: at most [`RAW`].
pub(crate) fn raw(sums: &[u8]) -> Vec<u8> {
    let count = u32::try_from(sums.len() / SUM).unwrap_or(u32::MAX);
    let mut bytes = count.to_le_bytes().to_vec();
    match count {
        0 => {}
        1 => bytes.extend_from_slice(sums),
        _ => bytes.extend_from_slice(&Sha1::digest(sums)),
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(bytes: &[u8], piece: usize) -> String {
        let mut hash = UfileHash::default();
        bytes.chunks(piece).for_each(|piece| hash.update(piece));
        hash.finish()
    }

    #[test]
    fn the_sdks_vectors() {
        assert_eq!(hash(b"", 1), "AAAAAA==");
        assert_eq!(hash("hello".repeat(10).as_bytes(), 7), "AQAAAHthfaMsW_jvB2b-1TxUT7vfHIsW");
        let z = vec![b'z'; UFILE_BLOCK + 1];
        assert_eq!(hash(&z[..UFILE_BLOCK], 99_999), "AQAAAFZFurKk4oRfCwOEQHE6MqQJfPOJ");
        assert_eq!(hash(&z, UFILE_BLOCK + 1), hash(&z, 65_537));
        assert_eq!(hash(&z, 1 << 20).len(), 32);
    }
}
