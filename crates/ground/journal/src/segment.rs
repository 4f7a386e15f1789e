//! One file of a stream: a header, then frames.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use doorstep_clock::Timestamp;
use parking_lot::Mutex;

use crate::{JournalError, disk};

const MAGIC: [u8; 8] = *b"DSTEPJ1\n";
/// Offset of the first frame.
pub(crate) const HEADER_BYTES: u64 = 28;
/// The extension of segment files.
pub(crate) const EXTENSION: &str = "seg";
/// Distance between remembered places in a segment, bytes.
const INDEX_EVERY: u64 = 64 << 10;

#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) path: PathBuf,
    /// The number of its first record, had it one.
    pub(crate) first: u64,
    pub(crate) created_at: Timestamp,
    /// Bytes that are safe to read.
    end: AtomicU64,
    /// Some records' offsets, so that a reader need not start at the front.
    places: Mutex<BTreeMap<u64, u64>>,
}

impl Segment {
    /// Makes a new, empty segment file.
    pub(crate) fn create(
        folder: &Path,
        first: u64,
        created_at: Timestamp,
        fsync: bool,
    ) -> Result<(Segment, File), JournalError> {
        let path = folder.join(format!("{first:020}.{EXTENSION}"));
        let mut header = Vec::with_capacity(HEADER_BYTES as usize);
        header.extend_from_slice(&MAGIC);
        header.extend_from_slice(&first.to_le_bytes());
        header.extend_from_slice(&created_at.0.to_le_bytes());
        header.extend_from_slice(&crc32fast::hash(&header).to_le_bytes());
        let file = disk::write_whole(&path, &header, fsync)?;
        Ok((Segment::new(path, first, created_at, HEADER_BYTES), file))
    }

    /// Reads the header of an existing file.
    pub(crate) fn open(path: &Path) -> Result<Segment, JournalError> {
        let damaged =
            |reason: &str| JournalError::Damaged { file: path.to_path_buf(), offset: 0, reason: reason.to_owned() };
        let mut file = File::open(path).map_err(JournalError::io("open", path))?;
        let length = file.metadata().map_err(JournalError::io("look at", path))?.len();
        let mut header = [0_u8; HEADER_BYTES as usize];
        if length < HEADER_BYTES {
            return Err(damaged("the header is cut off"));
        }
        file.read_exact(&mut header).map_err(JournalError::io("read", path))?;
        let word = |at: usize| header[at..at + 8].iter().rev().fold(0_u64, |n, b| n << 8 | u64::from(*b));
        if header[..8] != MAGIC {
            return Err(damaged("this is no journal segment"));
        }
        if crc32fast::hash(&header[..24]).to_le_bytes() != header[24..] {
            return Err(damaged("the header's checksum does not match"));
        }
        let first = word(8);
        if path.file_stem().and_then(|n| n.to_str()).and_then(|n| n.parse::<u64>().ok()) != Some(first) {
            return Err(damaged("the file's name does not match its first record"));
        }
        Ok(Segment::new(path.to_path_buf(), first, Timestamp(word(16) as i64), length))
    }

    fn new(path: PathBuf, first: u64, created_at: Timestamp, end: u64) -> Segment {
        Segment { path, first, created_at, end: AtomicU64::new(end), places: Mutex::new(BTreeMap::new()) }
    }

    pub(crate) fn end(&self) -> u64 {
        self.end.load(Ordering::Acquire)
    }

    /// More bytes are safe to read now.
    pub(crate) fn extend_to(&self, end: u64) {
        self.end.store(end, Ordering::Release);
    }

    /// Where to start reading for record `seq`: a record at or before it, and its offset.
    pub(crate) fn place_before(&self, seq: u64) -> (u64, u64) {
        let places = self.places.lock();
        places.range(..=seq).next_back().map_or((self.first, HEADER_BYTES), |(seq, offset)| (*seq, *offset))
    }

    /// Remembers a record's offset if the last remembered one is far enough away.
    pub(crate) fn note_place(&self, seq: u64, offset: u64) {
        let mut places = self.places.lock();
        let before = places.range(..=seq).next_back().map_or(HEADER_BYTES, |(_, offset)| *offset);
        if offset >= before + INDEX_EVERY {
            places.insert(seq, offset);
        }
    }
}
