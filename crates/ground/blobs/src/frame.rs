//! Frames: each block of 64 KiB behind a CRC-32C that also knows whose block it is. Pure functions over bytes.
//!
//! ```text
//! crc32c(id ‖ number ‖ bytes), 4 bytes little-endian │ bytes of block 0 │ crc … │ bytes of block 1 │ …
//! ```

use std::ops::Range;

use crc_fast::{CrcAlgorithm, Digest};

use crate::BlobId;

/// Bytes of a block; the last one may be shorter.
pub(crate) const BLOCK: usize = 64 << 10;
/// Bytes in front of each block.
pub(crate) const HEAD: usize = 4;
const FRAME: u64 = (BLOCK + HEAD) as u64;

fn crc(id: BlobId, block: u64, bytes: &[u8]) -> u32 {
    let mut digest = Digest::new(CrcAlgorithm::Crc32Iscsi);
    digest.update(&id.seed());
    digest.update(&block.to_le_bytes());
    digest.update(bytes);
    digest.finalize() as u32
}

/// Length of a blob of `len` bytes with its frames.
pub(crate) const fn framed_len(len: u64) -> u64 {
    len + len.div_ceil(BLOCK as u64) * HEAD as u64
}

/// Puts bytes into frames as they come.
#[derive(Debug)]
pub(crate) struct Framer {
    id: BlobId,
    block: u64,
    filled: usize,
    head_at: usize,
    /// Finished frames, and the open one at the end.
    out: Vec<u8>,
}

impl Framer {
    pub(crate) fn new(id: BlobId) -> Self {
        Self { id, block: 0, filled: 0, head_at: 0, out: Vec::new() }
    }

    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        self.out.reserve(bytes.len() + (bytes.len() / BLOCK + 1) * HEAD);
        while !bytes.is_empty() {
            if self.filled == 0 {
                self.head_at = self.out.len();
                self.out.extend_from_slice(&[0; HEAD]);
            }
            let (now, later) = bytes.split_at(bytes.len().min(BLOCK - self.filled));
            self.out.extend_from_slice(now);
            self.filled += now.len();
            bytes = later;
            if self.filled == BLOCK {
                self.seal();
            }
        }
    }

    fn seal(&mut self) {
        let bytes_at = self.head_at + HEAD;
        let crc = crc(self.id, self.block, &self.out[bytes_at..]);
        self.out[self.head_at..bytes_at].copy_from_slice(&crc.to_le_bytes());
        self.block += 1;
        self.filled = 0;
        self.head_at = self.out.len();
    }

    /// The finished frames so far; the open one stays.
    pub(crate) fn take(&mut self) -> Vec<u8> {
        let open = self.out.split_off(if self.filled == 0 { self.out.len() } else { self.head_at });
        self.head_at = 0;
        std::mem::replace(&mut self.out, open)
    }

    /// Everything that is left, the last short block included.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        if self.filled > 0 {
            self.seal();
        }
        self.out
    }
}

/// The frames that cover a range of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cover {
    /// Number of the first block.
    pub(crate) block: u64,
    /// Where the frames are, counted from the blob's first frame.
    pub(crate) framed: Range<u64>,
    /// Bytes to leave out at the beginning.
    pub(crate) skip: usize,
    /// Bytes to hand out.
    pub(crate) take: usize,
}

/// The frames that cover `range` of a blob of `len` bytes; the range is within the blob.
pub(crate) fn cover(len: u64, range: &Range<u64>) -> Cover {
    let block = range.start / BLOCK as u64;
    let end_block = range.end.div_ceil(BLOCK as u64);
    Cover {
        block,
        framed: block * FRAME..framed_len(len).min(end_block * FRAME),
        skip: (range.start - block * BLOCK as u64) as usize,
        take: (range.end - range.start) as usize,
    }
}

/// Checks whole frames, beginning with block `block`, and takes the heads out in place.
/// An error is the number of the bad block and what is wrong with it.
pub(crate) fn open(id: BlobId, block: u64, framed: &mut Vec<u8>) -> Result<(), (u64, &'static str)> {
    let (mut read, mut written, mut number) = (0, 0, block);
    while read < framed.len() {
        let bytes_at = read + HEAD;
        if bytes_at >= framed.len() {
            return Err((number, "it is cut off"));
        }
        let end = framed.len().min(bytes_at + BLOCK);
        let stored = u32::from_le_bytes([framed[read], framed[read + 1], framed[read + 2], framed[read + 3]]);
        if crc(id, number, &framed[bytes_at..end]) != stored {
            return Err((number, "its checksum does not fit"));
        }
        framed.copy_within(bytes_at..end, written);
        written += end - bytes_at;
        read = end;
        number += 1;
    }
    framed.truncate(written);
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(id: BlobId, bytes: &[u8], piece: usize) -> Vec<u8> {
        let mut framer = Framer::new(id);
        let mut out = Vec::new();
        for piece in bytes.chunks(piece) {
            framer.push(piece);
            out.extend(framer.take());
        }
        out.extend(framer.finish());
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_range_comes_back(len in 0_usize..300_000, piece in 1_usize..100_000, a in 0_usize..300_000, b in 0_usize..300_000) {
            let id = BlobId::fresh();
            let bytes: Vec<u8> = (0..len).map(|n| (n * 31 % 251) as u8).collect();
            let all = framed(id, &bytes, piece);
            prop_assert_eq!(all.len() as u64, framed_len(len as u64));
            let (start, end) = (a.min(b).min(len), a.max(b).min(len));
            let cover = cover(len as u64, &(start as u64..end as u64));
            let mut part = all[cover.framed.start as usize..cover.framed.end.max(cover.framed.start) as usize].to_vec();
            open(id, cover.block, &mut part).unwrap();
            prop_assert_eq!(&part[cover.skip..cover.skip + cover.take], &bytes[start..end]);
        }

        #[test]
        fn any_flipped_bit_is_seen(len in 1_usize..200_000, at in any::<proptest::sample::Index>(), bit in 0_u8..8) {
            let id = BlobId::fresh();
            let mut all = framed(id, &vec![7; len], len);
            let at = at.index(all.len());
            all[at] ^= 1 << bit;
            let block = (at as u64) / FRAME;
            prop_assert_eq!(open(id, 0, &mut all), Err((block, "its checksum does not fit")));
        }
    }

    #[test]
    fn anothers_block_is_seen() {
        let (a, b) = (BlobId::fresh(), BlobId::fresh());
        let mut all = framed(a, &[1; 3 * BLOCK], 1000);
        assert!(open(b, 0, &mut all.clone()).is_err());
        assert!(open(a, 1, &mut all).is_err());
    }
}
