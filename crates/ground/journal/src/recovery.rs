//! What to keep of a segment after a crash: pure functions over its bytes.
//!
//! A bad frame at the end of the newest segment is normally a torn tail: the process or the
//! machine died before the sync, nobody was told the records are safe, they are cut off. But a
//! bad frame in bytes that *had* been synced is damage and must not be cut in silence. A group
//! is written only after the one before it is on disk, and each frame says how much was
//! (`synced`); so if any valid frame further on was written when the bad place was already on
//! disk, it is damage.

use crate::frame::{self, Frame, FrameError};

/// Where reading frames one after another stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    /// All bytes were valid frames.
    End,
    /// The frame at this offset was cut off or half-written by a crash: drop it and the rest.
    Torn {
        /// Offset of the first bad byte.
        offset: usize,
        /// What is wrong there.
        reason: FrameError,
    },
    /// The frame at this offset was once safe and is not valid any more.
    Damaged {
        /// Offset of the first bad byte.
        offset: usize,
        /// What is wrong there.
        reason: FrameError,
        /// A later, valid frame that proves it.
        witness: usize,
    },
}

/// Reads frames from `from` on, handing each with its offset to `visit`, until the end or the
/// first bad one, and judges that one. `bytes` is the whole segment file.
pub fn walk(bytes: &[u8], from: usize, visit: &mut dyn FnMut(usize, &Frame<'_>)) -> Stop {
    let mut offset = from;
    loop {
        let rest = bytes.get(offset..).unwrap_or_default();
        if rest.is_empty() {
            return Stop::End;
        }
        match frame::parse(rest) {
            Ok((frame, used)) => {
                visit(offset, &frame);
                offset += used;
            }
            Err(reason) => return judge(bytes, offset, reason),
        }
    }
}

fn judge(bytes: &[u8], offset: usize, reason: FrameError) -> Stop {
    let mut at = offset + 1;
    while let Some(step) = find_magic(bytes.get(at..).unwrap_or_default()) {
        at += step;
        match frame::parse(&bytes[at..]) {
            Ok((frame, _)) if frame.synced as usize > offset => return Stop::Damaged { offset, reason, witness: at },
            // Part of the same unsynced group: the disk may write a later page first.
            Ok((_, used)) => at += used,
            Err(_) => at += 1,
        }
    }
    Stop::Torn { offset, reason }
}

fn find_magic(bytes: &[u8]) -> Option<usize> {
    bytes.windows(frame::MAGIC.len()).position(|pair| pair == frame::MAGIC)
}

#[cfg(test)]
mod tests {
    use super::*;
    use doorstep_clock::Timestamp;
    use proptest::prelude::*;

    /// Groups of frames as the writer makes them; returns the bytes and each frame's offset and group.
    fn segment(groups: &[Vec<usize>]) -> (Vec<u8>, Vec<(usize, usize)>) {
        let (mut bytes, mut places, mut seq) = (Vec::new(), Vec::new(), 0);
        for (group, sizes) in groups.iter().enumerate() {
            let synced = bytes.len() as u32;
            for size in sizes {
                seq += 1;
                places.push((bytes.len(), group));
                let payload = vec![frame::MAGIC[0]; *size];
                let f = Frame { seq, at: Timestamp(0), dedupe: None, synced, kind: "k", key: "", payload: &payload };
                frame::encode(&f, &mut bytes);
            }
        }
        (bytes, places)
    }

    fn seqs(bytes: &[u8]) -> (Vec<u64>, Stop) {
        let mut seen = Vec::new();
        let stop = walk(bytes, 0, &mut |_, f| seen.push(f.seq));
        (seen, stop)
    }

    fn groups() -> impl Strategy<Value = Vec<Vec<usize>>> {
        proptest::collection::vec(proptest::collection::vec(0..60_usize, 1..5), 1..6)
    }

    proptest! {
        #[test]
        fn a_cut_keeps_every_whole_frame(groups in groups(), cut in any::<proptest::sample::Index>()) {
            let (bytes, places) = segment(&groups);
            let cut = cut.index(bytes.len() + 1);
            let whole = places.iter().skip(1).map(|p| p.0).chain([bytes.len()]).filter(|end| *end <= cut).count();
            let (seen, stop) = seqs(&bytes[..cut]);
            prop_assert_eq!(seen.len(), whole);
            let accused = matches!(stop, Stop::Damaged { .. });
            prop_assert!(!accused);
        }

        #[test]
        fn damage_is_told_from_a_torn_group(groups in groups(), hit in any::<proptest::sample::Index>()) {
            let (mut bytes, places) = segment(&groups);
            let victim = hit.index(places.len());
            let (offset, group) = places[victim];
            bytes[offset + 9] ^= 0x40; // its checksum
            let (seen, stop) = seqs(&bytes);
            prop_assert_eq!(seen.len(), victim);
            let later_group = places.iter().any(|p| p.1 > group);
            match stop {
                Stop::Damaged { offset: at, .. } => prop_assert!(later_group && at == offset),
                Stop::Torn { offset: at, .. } => prop_assert!(!later_group && at == offset),
                Stop::End => prop_assert!(false, "not noticed"),
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = walk(&bytes, 0, &mut |_, _| {});
        }
    }
}
