//! One record as bytes: pure, total on any input, usable from a fuzz target.
//!
//! Little-endian: magic `D0 57`, version 1, flags (bit 0: has a dedupe id), whole length u32,
//! CRC-32 of everything but itself u32, synced u32, seq u64, at i64, dedupe u64, kind length
//! u16, key length u16, then kind, key and payload.
//!
//! `synced` is the size the segment was known to have on disk when the frame was written. It
//! lets recovery tell a torn tail from damage: see [`crate::recovery`].

use doorstep_clock::Timestamp;

/// The first two bytes of each frame.
pub const MAGIC: [u8; 2] = [0xd0, 0x57];
const VERSION: u8 = 1;
const FLAG_DEDUPE: u8 = 1;
/// Bytes before kind, key and payload.
pub const HEADER_BYTES: usize = 44;
/// The longest kind or key.
pub const MAX_TEXT_BYTES: usize = u16::MAX as usize;
/// The longest payload.
pub const MAX_PAYLOAD_BYTES: usize = 16 << 20;
const MAX_FRAME_BYTES: usize = HEADER_BYTES + 2 * MAX_TEXT_BYTES + MAX_PAYLOAD_BYTES;

/// A frame's content, borrowed from the bytes it was parsed from.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Frame<'b> {
    /// Number in the stream, from 1.
    pub seq: u64,
    /// When the event happened.
    pub at: Timestamp,
    /// The number that names the event for ever, if it has one.
    pub dedupe: Option<u64>,
    /// Bytes of the segment that were on disk when this frame was written.
    pub synced: u32,
    /// The event's name.
    pub kind: &'b str,
    /// What the event is about.
    pub key: &'b str,
    /// The event itself.
    pub payload: &'b [u8],
}

/// Why bytes are no frame.
#[derive(Copy, Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The bytes end before the frame does.
    #[error("the frame needs {needed} bytes, there are {there}")]
    Short {
        /// Bytes the frame needs in all, as far as known.
        needed: usize,
        /// Bytes given.
        there: usize,
    },
    /// No frame starts here.
    #[error("no frame starts here")]
    Magic,
    /// Written by a newer version.
    #[error("frame version {0} is not known")]
    Version(u8),
    /// The length cannot be right.
    #[error("a frame of {0} bytes is not possible")]
    Length(u32),
    /// The content does not match its checksum.
    #[error("the checksum does not match")]
    Checksum,
    /// A text is not UTF-8, or the parts do not add up.
    #[error("the frame's {0} is not valid")]
    Content(&'static str),
}

/// Reads the frame at the start of `bytes`; returns it and its length in bytes.
pub fn parse(bytes: &[u8]) -> Result<(Frame<'_>, usize), FrameError> {
    let short = |needed| FrameError::Short { needed, there: bytes.len() };
    let head: &[u8; HEADER_BYTES] = match bytes.first_chunk() {
        Some(head) => head,
        None if MAGIC.starts_with(&bytes[..bytes.len().min(2)]) => return Err(short(HEADER_BYTES)),
        None => return Err(FrameError::Magic),
    };
    if head[..2] != MAGIC {
        return Err(FrameError::Magic);
    }
    if head[2] != VERSION {
        return Err(FrameError::Version(head[2]));
    }
    let flags = head[3];
    let length = u32_at(head, 4);
    let used = length as usize;
    if !(HEADER_BYTES..=MAX_FRAME_BYTES).contains(&used) {
        return Err(FrameError::Length(length));
    }
    let whole = bytes.get(..used).ok_or_else(|| short(used))?;
    if checksum(whole) != u32_at(head, 8) {
        return Err(FrameError::Checksum);
    }
    // What follows was written by us or forged with a right checksum: still no panic.
    if flags & !FLAG_DEDUPE != 0 {
        return Err(FrameError::Content("flags"));
    }
    let kind_end = HEADER_BYTES + usize::from(u16_at(head, 40));
    let key_end = kind_end + usize::from(u16_at(head, 42));
    let text = |from: usize, to: usize, field| {
        whole.get(from..to).and_then(|raw| std::str::from_utf8(raw).ok()).ok_or(FrameError::Content(field))
    };
    let kind = text(HEADER_BYTES, kind_end, "kind")?;
    let key = text(kind_end, key_end, "key")?;
    let frame = Frame {
        seq: u64_at(head, 16),
        at: Timestamp(u64_at(head, 24) as i64),
        dedupe: (flags & FLAG_DEDUPE != 0).then(|| u64_at(head, 32)),
        synced: u32_at(head, 12),
        kind,
        key,
        payload: &whole[key_end..],
    };
    Ok((frame, used))
}

/// Appends the frame's bytes to `out`; the parts must be within their limits.
pub(crate) fn encode(frame: &Frame<'_>, out: &mut Vec<u8>) {
    debug_assert!(frame.kind.len() <= MAX_TEXT_BYTES && frame.key.len() <= MAX_TEXT_BYTES);
    debug_assert!(frame.payload.len() <= MAX_PAYLOAD_BYTES);
    let start = out.len();
    let length = encoded_bytes(frame);
    out.reserve(length);
    out.extend_from_slice(&MAGIC);
    out.push(VERSION);
    out.push(if frame.dedupe.is_some() { FLAG_DEDUPE } else { 0 });
    out.extend_from_slice(&(length as u32).to_le_bytes());
    out.extend_from_slice(&[0; 4]);
    out.extend_from_slice(&frame.synced.to_le_bytes());
    out.extend_from_slice(&frame.seq.to_le_bytes());
    out.extend_from_slice(&frame.at.0.to_le_bytes());
    out.extend_from_slice(&frame.dedupe.unwrap_or(0).to_le_bytes());
    out.extend_from_slice(&(frame.kind.len() as u16).to_le_bytes());
    out.extend_from_slice(&(frame.key.len() as u16).to_le_bytes());
    out.extend_from_slice(frame.kind.as_bytes());
    out.extend_from_slice(frame.key.as_bytes());
    out.extend_from_slice(frame.payload);
    let crc = checksum(&out[start..]);
    out[start + 8..start + 12].copy_from_slice(&crc.to_le_bytes());
}

/// The size of the frame on disk, bytes.
pub(crate) fn encoded_bytes(frame: &Frame<'_>) -> usize {
    HEADER_BYTES + frame.kind.len() + frame.key.len() + frame.payload.len()
}

fn checksum(whole: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&whole[..8]);
    hasher.update(&whole[12..]);
    hasher.finalize()
}

fn u16_at(head: &[u8; HEADER_BYTES], at: usize) -> u16 {
    u16::from_le_bytes([head[at], head[at + 1]])
}

fn u32_at(head: &[u8; HEADER_BYTES], at: usize) -> u32 {
    u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]])
}

fn u64_at(head: &[u8; HEADER_BYTES], at: usize) -> u64 {
    u64::from(u32_at(head, at)) | u64::from(u32_at(head, at + 4)) << 32
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    prop_compose! {
        fn parts()(
            seq in any::<u64>(), at in any::<i64>(), dedupe in any::<Option<u64>>(), synced in any::<u32>(),
            kind in ".{0,20}", key in ".{0,20}", payload in proptest::collection::vec(any::<u8>(), 0..200),
        ) -> (u64, i64, Option<u64>, u32, String, String, Vec<u8>) {
            (seq, at, dedupe, synced, kind, key, payload)
        }
    }

    fn bytes_of(p: &(u64, i64, Option<u64>, u32, String, String, Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        encode(&frame_of(p), &mut out);
        out
    }

    fn frame_of(p: &(u64, i64, Option<u64>, u32, String, String, Vec<u8>)) -> Frame<'_> {
        Frame { seq: p.0, at: Timestamp(p.1), dedupe: p.2, synced: p.3, kind: &p.4, key: &p.5, payload: &p.6 }
    }

    proptest! {
        #[test]
        fn frames_come_back(p in parts(), rest in proptest::collection::vec(any::<u8>(), 0..20)) {
            let mut bytes = bytes_of(&p);
            let length = bytes.len();
            bytes.extend(rest);
            prop_assert_eq!(parse(&bytes), Ok((frame_of(&p), length)));
        }

        #[test]
        fn a_cut_frame_asks_for_more(p in parts(), part in 0.0..1.0_f64) {
            let bytes = bytes_of(&p);
            let there = (bytes.len() as f64 * part) as usize;
            let asks = matches!(parse(&bytes[..there]), Err(FrameError::Short { needed, .. }) if needed > there && needed <= bytes.len());
            prop_assert!(asks);
        }

        #[test]
        fn a_flipped_bit_is_noticed(p in parts(), at in any::<proptest::sample::Index>(), bit in 0..8_u8) {
            let mut bytes = bytes_of(&p);
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert!(parse(&bytes).is_err());
        }

        #[test]
        fn any_bytes_are_survived(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), like in any::<bool>()) {
            if like && bytes.len() > HEADER_BYTES {
                // Close enough to a frame to reach the code behind the checksum.
                bytes[..3].copy_from_slice(&[MAGIC[0], MAGIC[1], VERSION]);
                let length = bytes.len() as u32;
                bytes[4..8].copy_from_slice(&length.to_le_bytes());
                let crc = checksum(&bytes);
                bytes[8..12].copy_from_slice(&crc.to_le_bytes());
            }
            let _ = parse(&bytes);
        }
    }

    #[test]
    fn the_layout_does_not_drift() {
        let mut out = Vec::new();
        let frame =
            Frame { seq: 7, at: Timestamp(9), dedupe: Some(5), synced: 32, kind: "k", key: "ab", payload: b"xyz" };
        encode(&frame, &mut out);
        assert_eq!(out.len(), 50);
        assert_eq!(out[..8], [0xd0, 0x57, 1, 1, 50, 0, 0, 0]);
        assert_eq!(out[12..18], [32, 0, 0, 0, 7, 0]);
        assert_eq!(&out[44..], b"kabxyz");
    }
}
