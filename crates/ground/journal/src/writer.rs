//! The one thread that writes: it gathers appends, writes them, syncs once, answers all.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::dedupe::Dedupe;
use crate::frame::{self, Frame};
use crate::segment::Segment;
use crate::stream::Stream;
use crate::{JournalError, NewRecord, disk, metrics};

/// Appends and bytes that share one sync at most.
const GROUP_APPENDS: usize = 1024;
const GROUP_BYTES: usize = 8 << 20;

pub(crate) struct Request {
    pub(crate) stream: Arc<Stream>,
    pub(crate) records: Vec<NewRecord>,
    pub(crate) reply: oneshot::Sender<Result<Vec<u64>, JournalError>>,
}

/// The growing end of a stream.
pub(crate) struct Tail {
    active: Option<(Arc<Segment>, File)>,
    /// The number of the next record.
    next: u64,
    dedupe: Dedupe,
    /// Frames of the present group, not written yet.
    staged: Vec<u8>,
    staged_places: Vec<(u64, u64)>,
    /// The first number of the present group.
    staged_first: u64,
    /// A sync failed: what is on disk is unknown.
    stopped: Option<String>,
}

impl Tail {
    pub(crate) fn new(active: Option<(Arc<Segment>, File)>, next: u64, dedupe: Dedupe) -> Tail {
        Tail { active, next, dedupe, staged: Vec::new(), staged_places: Vec::new(), staged_first: next, stopped: None }
    }
}

/// Serves requests until every sender is gone.
pub(crate) fn run(mut requests: mpsc::Receiver<Request>) {
    let mut group = Vec::with_capacity(GROUP_APPENDS);
    while let Some(first) = requests.blocking_recv() {
        let mut bytes = 0;
        let mut next = Some(first);
        while let Some(request) = next.take() {
            bytes += request.records.iter().map(|r| r.payload.len()).sum::<usize>();
            group.push(request);
            if group.len() < GROUP_APPENDS && bytes < GROUP_BYTES {
                next = requests.try_recv().ok();
            }
        }
        serve(&mut group);
    }
}

fn serve(group: &mut Vec<Request>) {
    let mut touched: Vec<Arc<Stream>> = Vec::new();
    let staged: Vec<Result<Vec<u64>, JournalError>> = group
        .iter()
        .map(|request| {
            let seqs = request.stream.stage(&request.records)?;
            if !touched.iter().any(|s| Arc::ptr_eq(s, &request.stream)) {
                touched.push(Arc::clone(&request.stream));
            }
            Ok(seqs)
        })
        .collect();

    let started = doorstep_clock::monotonic();
    // All writes before the first sync: the disk may work on them together.
    let written: Vec<Result<(), JournalError>> = touched.iter().map(|stream| stream.write()).collect();
    let failures: Vec<Option<JournalError>> = touched
        .iter()
        .zip(written)
        .map(|(stream, written)| written.and_then(|()| stream.sync_and_publish()).err())
        .collect();
    metrics::group(group.len(), started.elapsed());
    for (stream, failure) in touched.iter().zip(&failures) {
        if let Some(error) = failure {
            metrics::failure(&stream.name);
            tracing::error!(stream = %stream.name, %error, "the journal could not keep records");
        }
    }

    for (request, seqs) in group.drain(..).zip(staged) {
        let failure = touched.iter().position(|s| Arc::ptr_eq(s, &request.stream)).and_then(|at| failures[at].clone());
        // A caller that stopped waiting does not undo the append.
        let _ = request.reply.send(match (seqs, failure) {
            (Ok(_), Some(error)) => Err(error),
            (seqs, _) => seqs,
        });
    }
}

impl Stream {
    /// Numbers the records and encodes those that are new; returns every record's number.
    fn stage(&self, records: &[NewRecord]) -> Result<Vec<u64>, JournalError> {
        let tail = &mut *self.tail.lock();
        if let Some(reason) = &tail.stopped {
            return Err(JournalError::Stopped { stream: self.name.clone(), reason: reason.clone() });
        }
        if tail.staged.is_empty() {
            tail.staged_first = tail.next;
            self.roll_if_due(tail)?;
        }
        let base = tail.active.as_ref().map_or(0, |(segment, _)| segment.end());
        let synced = if self.options.fsync { u32::try_from(base).unwrap_or(u32::MAX) } else { 0 };
        let mut seqs = Vec::with_capacity(records.len());
        for record in records {
            if let Some(seq) = record.dedupe.and_then(|id| tail.dedupe.find(id)) {
                metrics::duplicate(&self.name);
                seqs.push(seq);
                continue;
            }
            let seq = tail.next;
            tail.staged_places.push((seq, base + tail.staged.len() as u64));
            let frame = Frame {
                seq,
                at: record.at,
                dedupe: record.dedupe,
                synced,
                kind: &record.kind,
                key: &record.key,
                payload: &record.payload,
            };
            frame::encode(&frame, &mut tail.staged);
            if let Some(id) = record.dedupe {
                tail.dedupe.note(seq, id);
            }
            tail.next += 1;
            seqs.push(seq);
        }
        Ok(seqs)
    }

    /// Starts a new segment when there is none or the present one is full or too old.
    fn roll_if_due(&self, tail: &mut Tail) -> Result<(), JournalError> {
        let now = self.clock.now();
        if let Some((segment, file)) = &tail.active {
            let too_old = self.options.retention_age.is_some_and(|age| {
                now.ms_since(segment.created_at) > age.as_millis() as i64 && segment.first < tail.next
            });
            if segment.end() < self.options.segment_bytes && !too_old {
                return Ok(());
            }
            // A closed segment is on disk whatever the options say.
            file.sync_all().map_err(JournalError::io("sync", &segment.path))?;
        } else {
            disk::make_folder(&self.folder)?;
        }
        let (segment, file) = Segment::create(&self.folder, tail.next, now, self.options.fsync)?;
        let segment = Arc::new(segment);
        self.segments.write().push(Arc::clone(&segment));
        tail.active = Some((segment, file));
        if let Err(error) = self.trim() {
            // The records matter more; the next roll tries again.
            tracing::warn!(stream = %self.name, %error, "cannot trim the journal");
        }
        Ok(())
    }

    fn write(&self) -> Result<(), JournalError> {
        let tail = &mut *self.tail.lock();
        let Some((segment, file)) = tail.active.as_mut().filter(|_| !tail.staged.is_empty()) else {
            return Ok(());
        };
        let end = segment.end();
        let written = file.seek(SeekFrom::Start(end)).and_then(|_| file.write_all(&tail.staged));
        let Err(error) = written else { return Ok(()) };

        // Probably a full disk: nothing of this group was answered, so take it back entirely.
        let failed = JournalError::io("write", &segment.path)(error);
        if let Err(error) = file.set_len(end) {
            tail.stopped = Some(format!("{failed}; cannot take it back: {error}"));
        }
        tail.next = tail.staged_first;
        tail.dedupe.forget_from(tail.staged_first);
        tail.staged.clear();
        tail.staged_places.clear();
        Err(failed)
    }

    fn sync_and_publish(&self) -> Result<(), JournalError> {
        let tail = &mut *self.tail.lock();
        let Some((segment, file)) = tail.active.as_ref().filter(|_| !tail.staged.is_empty()) else {
            return Ok(());
        };
        if self.options.fsync
            && let Err(error) = file.sync_data()
        {
            // After a failed sync the system may call lost pages clean: a second try proves nothing.
            tail.stopped = Some(error.to_string());
            return Err(JournalError::io("sync", &segment.path)(error));
        }
        segment.extend_to(segment.end() + tail.staged.len() as u64);
        for (seq, offset) in tail.staged_places.drain(..) {
            segment.note_place(seq, offset);
        }
        metrics::appended(&self.name, tail.next - tail.staged_first, tail.staged.len() as u64);
        tail.staged.clear();
        tail.staged.shrink_to(GROUP_BYTES);
        self.last.send_replace(tail.next - 1);
        Ok(())
    }
}
