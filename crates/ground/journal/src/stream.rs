//! One stream in memory: its segments, its end, its consumers. How it is found again at start.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use doorstep_clock::SharedClock;
use parking_lot::{Mutex, RwLock};
use tokio::sync::watch;

use crate::consumer::Mark;
use crate::dedupe::Dedupe;
use crate::recovery::{self, Stop};
use crate::segment::{EXTENSION, HEADER_BYTES, Segment};
use crate::writer::Tail;
use crate::{JournalError, Options, disk, metrics};

pub(crate) struct Stream {
    pub(crate) name: String,
    pub(crate) folder: PathBuf,
    pub(crate) options: Arc<Options>,
    pub(crate) clock: SharedClock,
    /// Oldest first; the last one may still grow.
    pub(crate) segments: RwLock<Vec<Arc<Segment>>>,
    /// The number of the last record that is on disk.
    pub(crate) last: watch::Sender<u64>,
    /// The writer thread's side.
    pub(crate) tail: Mutex<Tail>,
    pub(crate) marks: Mutex<BTreeMap<String, Arc<Mark>>>,
}

/// What the files said.
struct Found {
    segments: Vec<Arc<Segment>>,
    active: Option<(Arc<Segment>, File)>,
    last: u64,
    dedupe: Dedupe,
}

impl Stream {
    /// A stream nobody has written to yet; its folder appears with the first record.
    pub(crate) fn empty(name: &str, folder: PathBuf, options: Arc<Options>, clock: SharedClock) -> Stream {
        let found = Found { segments: Vec::new(), active: None, last: 0, dedupe: Dedupe::new(options.dedupe_window) };
        Stream::with(name, folder, options, clock, found, BTreeMap::new())
    }

    /// Finds a stream again in its folder.
    pub(crate) fn recover(
        name: &str,
        folder: PathBuf,
        options: Arc<Options>,
        clock: SharedClock,
    ) -> Result<Stream, JournalError> {
        let found = recover_segments(name, &folder, options.dedupe_window)?;
        let marks = Mark::load_all(&folder, found.last, options.fsync)?;
        Ok(Stream::with(name, folder, options, clock, found, marks))
    }

    fn with(
        name: &str,
        folder: PathBuf,
        options: Arc<Options>,
        clock: SharedClock,
        found: Found,
        marks: BTreeMap<String, Arc<Mark>>,
    ) -> Stream {
        Stream {
            name: name.to_owned(),
            folder,
            options,
            clock,
            segments: RwLock::new(found.segments),
            last: watch::Sender::new(found.last),
            tail: Mutex::new(Tail::new(found.active, found.last + 1, found.dedupe)),
            marks: Mutex::new(marks),
        }
    }

    pub(crate) fn last(&self) -> u64 {
        *self.last.borrow()
    }

    /// The oldest record still held; above `last` when there is none.
    pub(crate) fn first(&self) -> u64 {
        self.segments.read().first().map_or(self.last() + 1, |s| s.first)
    }

    /// Removes closed segments past the limits of age and size.
    pub(crate) fn trim(&self) -> Result<(), JournalError> {
        while let Some(segment) = self.oldest_past_limits() {
            self.segments.write().retain(|s| s.first != segment.first);
            match fs::remove_file(&segment.path) {
                // Two trims met; the other one removed it.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                removed => removed.map_err(JournalError::io("remove", &segment.path))?,
            }
            // One at a time, so that a power cut cannot bring back the middle of the row only.
            disk::sync_parent(&segment.path)?;
            metrics::trimmed(&self.name);
            tracing::info!(stream = %self.name, first = segment.first, "journal segment trimmed");
        }
        Ok(())
    }

    fn oldest_past_limits(&self) -> Option<Arc<Segment>> {
        let segments = self.segments.read();
        let [oldest, next, ..] = segments.as_slice() else { return None };
        let closed_bytes: u64 = segments[..segments.len() - 1].iter().map(|s| s.end()).sum();
        let too_big = self.options.retention_bytes.is_some_and(|limit| closed_bytes > limit);
        // Its last record is older than the segment after it.
        let age_ms = self.clock.now().ms_since(next.created_at);
        let too_old = self.options.retention_age.is_some_and(|limit| age_ms > limit.as_millis() as i64);
        let unread =
            self.options.hold_for_consumers && self.marks.lock().values().any(|mark| mark.position() + 1 < next.first);
        ((too_big || too_old) && !unread).then(|| Arc::clone(oldest))
    }
}

fn recover_segments(name: &str, folder: &Path, dedupe_window: u64) -> Result<Found, JournalError> {
    let segments = disk::files(folder, EXTENSION)?
        .iter()
        .map(|path| Segment::open(path).map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    let mut dedupe = Dedupe::new(dedupe_window);
    let Some((newest, closed)) = segments.split_last() else {
        return Ok(Found { segments, active: None, last: 0, dedupe });
    };

    let mut ids = Vec::new();
    let tail = load(newest, &mut ids)?;
    let file = File::options().write(true).open(&newest.path).map_err(JournalError::io("open", &newest.path))?;
    if let Some((offset, reason)) = tail.torn {
        let lost = newest.end() - offset;
        tracing::warn!(stream = name, file = %newest.path.display(), offset, bytes = lost, %reason,
            "the journal's tail was torn by a crash and is cut off; nothing acknowledged is in it");
        metrics::torn(lost);
        file.set_len(offset).map_err(JournalError::io("cut", &newest.path))?;
        newest.extend_to(offset);
    }
    // Whole frames of a killed process may be in the system's cache only.
    file.sync_all().map_err(JournalError::io("sync", &newest.path))?;
    let last = tail.next - 1;

    // Only as far back as dedupe ids matter; older segments are checked when they are read.
    let oldest_wanted = last.saturating_sub(dedupe_window) + 1;
    let mut next_first = newest.first;
    for segment in closed.iter().rev().take_while(|_| dedupe_window > 0) {
        if next_first <= oldest_wanted {
            break;
        }
        let mut earlier = Vec::new();
        let walked = load(segment, &mut earlier)?;
        if walked.torn.is_some() || walked.next != next_first {
            let (offset, reason) = walked.torn.unwrap_or((segment.end(), "records are missing at its end".to_owned()));
            return Err(JournalError::Damaged { file: segment.path.clone(), offset, reason });
        }
        earlier.append(&mut ids);
        ids = earlier;
        next_first = segment.first;
    }
    for (seq, id) in ids.into_iter().filter(|(seq, _)| *seq >= oldest_wanted) {
        dedupe.note(seq, id);
    }
    let active = Some((Arc::clone(newest), file));
    Ok(Found { active, last, dedupe, segments })
}

struct Walked {
    /// The number after the last valid record.
    next: u64,
    torn: Option<(u64, String)>,
}

/// Reads a whole segment, collecting dedupe ids by record.
fn load(segment: &Segment, ids: &mut Vec<(u64, u64)>) -> Result<Walked, JournalError> {
    let damaged = |offset: u64, reason: String| JournalError::Damaged { file: segment.path.clone(), offset, reason };
    let bytes = fs::read(&segment.path).map_err(JournalError::io("read", &segment.path))?;
    let mut next = segment.first;
    let mut out_of_order = None;
    let stop = recovery::walk(&bytes, HEADER_BYTES as usize, &mut |offset, frame| {
        if frame.seq != next && out_of_order.is_none() {
            out_of_order = Some((offset as u64, format!("record {next} expected, {} found", frame.seq)));
        }
        segment.note_place(frame.seq, offset as u64);
        ids.extend(frame.dedupe.map(|id| (frame.seq, id)));
        next += 1;
    });
    if let Some((offset, reason)) = out_of_order {
        return Err(damaged(offset, reason));
    }
    match stop {
        Stop::End => Ok(Walked { next, torn: None }),
        Stop::Torn { offset, reason } => Ok(Walked { next, torn: Some((offset as u64, reason.to_string())) }),
        Stop::Damaged { offset, reason, witness } => {
            Err(damaged(offset as u64, format!("{reason}, yet a later record at byte {witness} is whole")))
        }
    }
}
