//! The handle: opens the directory, hands appends to the writer thread, reads.

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use doorstep_clock::SharedClock;
use parking_lot::RwLock;
use tokio::sync::{mpsc, oneshot, watch};

use crate::consumer::Consumer;
use crate::stream::Stream;
use crate::writer::{self, Request};
use crate::{JournalError, NewRecord, Options, Record, disk, name};

/// Appends that may wait for the writer; more callers wait in line.
const QUEUE: usize = 4096;
/// The most one append may carry, bytes of payload.
const MAX_APPEND_BYTES: usize = 64 << 20;

/// A handle to the journal; clones share it. The last one dropped finishes the queued appends
/// and frees the directory.
#[derive(Clone)]
pub struct Journal {
    inner: Arc<Inner>,
}

struct Inner {
    dir: PathBuf,
    options: Arc<Options>,
    clock: SharedClock,
    streams: RwLock<HashMap<String, Arc<Stream>>>,
    /// `None` only while closing.
    requests: Option<mpsc::Sender<Request>>,
    writer: Option<JoinHandle<()>>,
    /// Holds the directory; freed last.
    _lock: File,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Journal").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}

impl Journal {
    /// Opens the journal in `dir` (made if missing) and repairs what a crash left.
    ///
    /// Blocks while reading the newest segments. [`JournalError::Locked`] if another handle has
    /// the directory, [`JournalError::Damaged`] if something once safe is not readable.
    pub fn open(dir: &Path, options: Options, clock: SharedClock) -> Result<Journal, JournalError> {
        options.check()?;
        let options = Arc::new(options);
        let folder = dir.join("streams");
        disk::make_folder(&folder)?;
        let lock = disk::lock(dir)?;

        let mut streams = HashMap::new();
        for entry in fs::read_dir(&folder).map_err(JournalError::io("list", &folder))? {
            let path = entry.map_err(JournalError::io("list", &folder))?.path();
            let Some(name) = path.file_name().and_then(|n| n.to_str()).filter(|n| name::check("stream", n).is_ok())
            else {
                continue;
            };
            let stream = Stream::recover(name, path.clone(), Arc::clone(&options), Arc::clone(&clock))?;
            stream.trim()?;
            streams.insert(name.to_owned(), Arc::new(stream));
        }

        let (requests, inbox) = mpsc::channel(QUEUE);
        let writer = thread::Builder::new()
            .name("journal-writer".to_owned())
            .spawn(move || writer::run(inbox))
            .map_err(JournalError::io("start the writer for", dir))?;
        Ok(Journal {
            inner: Arc::new(Inner {
                dir: dir.to_path_buf(),
                options,
                clock,
                streams: RwLock::new(streams),
                requests: Some(requests),
                writer: Some(writer),
                _lock: lock,
            }),
        })
    }

    /// Appends records in order and returns their numbers once all are on disk. A record whose
    /// dedupe id is there already is skipped and answered with the number it has.
    ///
    /// All records of one call become readable together. If it fails, none of them was
    /// acknowledged, though after a crash some may be there: that is what dedupe ids are for.
    pub async fn append(&self, stream: &str, records: Vec<NewRecord>) -> Result<Vec<u64>, JournalError> {
        let Some((request, answer)) = self.request(stream, records)? else { return Ok(Vec::new()) };
        self.requests()?.send(request).await.map_err(|_| JournalError::Closed)?;
        answer.await.unwrap_or(Err(JournalError::Closed))
    }

    /// [`Journal::append`] for code outside an async runtime; blocks the thread.
    ///
    /// # Panics
    /// When called on a thread of an async runtime.
    pub fn append_blocking(&self, stream: &str, records: Vec<NewRecord>) -> Result<Vec<u64>, JournalError> {
        let Some((request, answer)) = self.request(stream, records)? else { return Ok(Vec::new()) };
        self.requests()?.blocking_send(request).map_err(|_| JournalError::Closed)?;
        answer.blocking_recv().unwrap_or(Err(JournalError::Closed))
    }

    /// At most `limit` records numbered above `from_seq_exclusive`. If those next in line were
    /// trimmed away, the answer starts with the oldest record held; its number tells.
    ///
    /// Reads files on the calling thread, for the newest records mostly from memory.
    pub fn read(&self, stream: &str, from_seq_exclusive: u64, limit: usize) -> Result<Vec<Record>, JournalError> {
        match self.known(stream)? {
            Some(stream) => stream.read(from_seq_exclusive, limit),
            None => Ok(Vec::new()),
        }
    }

    /// The number of the stream's last record on disk; 0 if it never had one.
    pub fn last(&self, stream: &str) -> u64 {
        self.inner.streams.read().get(stream).map_or(0, |s| s.last())
    }

    /// The number of the oldest record held; one above [`Journal::last`] if there is none.
    pub fn first(&self, stream: &str) -> u64 {
        self.inner.streams.read().get(stream).map_or(1, |s| s.first())
    }

    /// The streams that were written to or asked for, sorted.
    pub fn streams(&self) -> Vec<String> {
        let mut names: Vec<String> = self.inner.streams.read().keys().cloned().collect();
        names.sort();
        names
    }

    /// A view of the stream's last number that wakes its holder at each change. The holder then
    /// calls [`Journal::read`].
    pub fn subscribe(&self, stream: &str) -> Result<watch::Receiver<u64>, JournalError> {
        Ok(self.stream(stream)?.last.subscribe())
    }

    /// The named reader of a stream; a new one stands before the first record. Blocks on a
    /// small file when new.
    pub fn consumer(&self, stream: &str, consumer: &str) -> Result<Consumer, JournalError> {
        Consumer::find(&self.stream(stream)?, consumer)
    }

    /// Removes closed segments past the limits. Happens by itself whenever a segment is
    /// closed; call it now and then if streams may fall silent. Blocks on file work.
    pub fn trim(&self) -> Result<(), JournalError> {
        let streams: Vec<Arc<Stream>> = self.inner.streams.read().values().cloned().collect();
        streams.iter().try_for_each(|stream| stream.trim())
    }

    fn requests(&self) -> Result<&mpsc::Sender<Request>, JournalError> {
        self.inner.requests.as_ref().ok_or(JournalError::Closed)
    }

    #[allow(clippy::type_complexity)] // a pair, used twice
    fn request(
        &self,
        stream: &str,
        records: Vec<NewRecord>,
    ) -> Result<Option<(Request, oneshot::Receiver<Result<Vec<u64>, JournalError>>)>, JournalError> {
        let stream = self.stream(stream)?;
        records.iter().try_for_each(NewRecord::check)?;
        let bytes: usize = records.iter().map(|r| r.payload.len() + r.kind.len() + r.key.len()).sum();
        if bytes > MAX_APPEND_BYTES {
            return Err(JournalError::TooLarge { field: "batch", bytes, limit: MAX_APPEND_BYTES });
        }
        if records.is_empty() {
            return Ok(None);
        }
        let (reply, answer) = oneshot::channel();
        Ok(Some((Request { stream, records, reply }, answer)))
    }

    fn known(&self, stream: &str) -> Result<Option<Arc<Stream>>, JournalError> {
        name::check("stream", stream)?;
        Ok(self.inner.streams.read().get(stream).cloned())
    }

    fn stream(&self, stream: &str) -> Result<Arc<Stream>, JournalError> {
        if let Some(known) = self.known(stream)? {
            return Ok(known);
        }
        let inner = &self.inner;
        let mut streams = inner.streams.write();
        let made = streams.entry(stream.to_owned()).or_insert_with(|| {
            let folder = inner.dir.join("streams").join(stream);
            Arc::new(Stream::empty(stream, folder, Arc::clone(&inner.options), Arc::clone(&inner.clock)))
        });
        Ok(Arc::clone(made))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.requests = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the journal's writer ended by panic");
        }
    }
}
