//! Reading records back, checking each on the way.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::sync::Arc;

use bytes::Bytes;

use crate::frame::{self, Frame, FrameError};
use crate::segment::Segment;
use crate::stream::Stream;
use crate::{JournalError, Record};

/// Bytes read at once.
const CHUNK: usize = 256 << 10;

impl Stream {
    /// At most `limit` records after `after`, starting with the oldest one held if that is later.
    pub(crate) fn read(&self, after: u64, limit: usize) -> Result<Vec<Record>, JournalError> {
        loop {
            // Before the segments: what is published now is in those seen next.
            let last = self.last();
            let segments: Vec<Arc<Segment>> = {
                let all = self.segments.read();
                let from = all.partition_point(|s| s.first <= after.saturating_add(1)).saturating_sub(1);
                all[from..].to_vec()
            };
            let mut out = Vec::new();
            for (at, segment) in segments.iter().enumerate() {
                let upto = segments.get(at + 1).map_or(last, |next| next.first - 1).min(last);
                match read_segment(segment, after, upto, limit, &mut out) {
                    Ok(()) => {}
                    Err(_) if self.is_trimmed(segment) => break,
                    Err(error) => return Err(error),
                }
            }
            // A segment trimmed under our hands: look again unless something was read.
            if !out.is_empty() || segments.iter().all(|s| !self.is_trimmed(s)) {
                return Ok(out);
            }
        }
    }

    fn is_trimmed(&self, segment: &Segment) -> bool {
        self.segments.read().iter().all(|s| s.first != segment.first)
    }
}

/// Adds the records after `after` up to and including `upto`, until `out` has `limit`.
fn read_segment(
    segment: &Segment,
    after: u64,
    upto: u64,
    limit: usize,
    out: &mut Vec<Record>,
) -> Result<(), JournalError> {
    if after >= upto || out.len() >= limit {
        return Ok(());
    }
    let damaged = |offset: u64, reason: String| JournalError::Damaged { file: segment.path.clone(), offset, reason };
    let (mut seq, mut offset) = segment.place_before(after + 1);
    let end = segment.end();
    let mut file = File::open(&segment.path).map_err(JournalError::io("open", &segment.path))?;
    let mut chunk: Vec<u8> = Vec::new();
    let mut used = 0;
    while seq <= upto && out.len() < limit {
        match frame::parse(&chunk[used..]) {
            Ok((frame, _)) if frame.seq != seq => {
                return Err(damaged(offset, format!("record {seq} expected, {} found", frame.seq)));
            }
            Ok((frame, length)) => {
                if seq > after {
                    out.push(record(&frame));
                }
                segment.note_place(seq, offset);
                seq += 1;
                used += length;
                offset += length as u64;
            }
            Err(FrameError::Short { needed, there }) => {
                // Fetch from the frame's start, so that it stands whole in the chunk.
                let wanted = needed.max(CHUNK).min(usize::try_from(end.saturating_sub(offset)).unwrap_or(usize::MAX));
                if wanted <= there {
                    return Err(damaged(offset, format!("the file ends inside record {seq}")));
                }
                chunk.resize(wanted, 0);
                used = 0;
                file.seek(SeekFrom::Start(offset)).and_then(|_| file.read_exact(&mut chunk)).map_err(|e| {
                    match e.kind() {
                        std::io::ErrorKind::UnexpectedEof => {
                            damaged(offset, format!("the file ends inside record {seq}"))
                        }
                        _ => JournalError::io("read", &segment.path)(e),
                    }
                })?;
            }
            Err(reason) => return Err(damaged(offset, reason.to_string())),
        }
    }
    Ok(())
}

fn record(frame: &Frame<'_>) -> Record {
    Record {
        seq: frame.seq,
        kind: frame.kind.to_owned(),
        key: frame.key.to_owned(),
        at: frame.at,
        payload: Bytes::copy_from_slice(frame.payload),
    }
}
