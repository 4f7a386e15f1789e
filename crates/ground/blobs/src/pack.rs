//! The packer: one thread that appends small blobs to the open segment, many behind one fsync.
//!
//! Each process start opens a new segment: what a crash left at the end of the last one belongs to
//! nobody and is never read.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};

use crate::disk::sync_folder;
use crate::{BlobId, BlobsError, Place, metrics};

/// Most bytes behind one fsync.
const GROUP_BYTES: usize = 8 << 20;
/// Most blobs behind one fsync.
const GROUP: usize = 512;
/// Open segment files kept for reading; past it the table starts anew.
const OPEN_SEGMENTS: usize = 256;

struct Request {
    id: BlobId,
    framed: Vec<u8>,
    answer: oneshot::Sender<Result<Place, BlobsError>>,
}

/// A handle to the packer and to what it has written.
#[derive(Debug)]
pub(crate) struct Packs {
    folder: PathBuf,
    queue: mpsc::Sender<Request>,
    current: Arc<AtomicU32>,
    open: Mutex<HashMap<u32, Arc<File>>>,
}

fn path(folder: &Path, segment: u32) -> PathBuf {
    folder.join(format!("{segment:08x}.pack"))
}

impl Packs {
    pub(crate) fn open(folder: PathBuf, segment_bytes: u64, queue: usize) -> Result<Self, BlobsError> {
        std::fs::create_dir_all(&folder).map_err(|e| BlobsError::io("make the folder", &folder, e))?;
        let last = segments(&folder)?.into_iter().map(|(segment, _)| segment).max().unwrap_or(0);
        let current = Arc::new(AtomicU32::new(last + 1));
        let (sender, receiver) = mpsc::channel(queue.max(1));
        let packer = Packer { folder: folder.clone(), limit: segment_bytes, current: Arc::clone(&current), file: None };
        std::thread::Builder::new()
            .name("blob-packer".to_owned())
            .spawn(move || packer.run(receiver))
            .map_err(|e| BlobsError::io("start the packer of", &folder, e))?;
        Ok(Self { folder, queue: sender, current, open: Mutex::default() })
    }

    /// Appends a framed blob; when this returns it is on disk.
    pub(crate) async fn append(&self, id: BlobId, framed: Vec<u8>) -> Result<Place, BlobsError> {
        let (answer, answered) = oneshot::channel();
        self.queue.send(Request { id, framed, answer }).await.map_err(|_| BlobsError::Closed)?;
        answered.await.unwrap_or(Err(BlobsError::Closed))
    }

    /// The segment's file, for reading.
    pub(crate) fn file(&self, segment: u32) -> std::io::Result<Arc<File>> {
        if let Some(file) = self.open.lock().get(&segment) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(File::open(path(&self.folder, segment))?);
        let mut open = self.open.lock();
        if open.len() >= OPEN_SEGMENTS {
            open.clear();
        }
        open.insert(segment, Arc::clone(&file));
        Ok(file)
    }

    /// Closed segments: number, bytes and when they were last written to.
    pub(crate) fn closed(&self) -> Result<Vec<(u32, std::fs::Metadata)>, BlobsError> {
        let current = self.current.load(Ordering::Acquire);
        Ok(segments(&self.folder)?.into_iter().filter(|(segment, _)| *segment < current).collect())
    }

    pub(crate) fn remove(&self, segment: u32) -> Result<(), BlobsError> {
        self.open.lock().remove(&segment);
        let path = path(&self.folder, segment);
        std::fs::remove_file(&path).map_err(|e| BlobsError::io("remove", &path, e))
    }
}

fn segments(folder: &Path) -> Result<Vec<(u32, std::fs::Metadata)>, BlobsError> {
    let failed = |e| BlobsError::io("list", folder, e);
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|n| n.strip_suffix(".pack")).and_then(|n| u32::from_str_radix(n, 16).ok());
        if let Some(number) = number {
            found.push((number, entry.metadata().map_err(failed)?));
        }
    }
    Ok(found)
}

struct Packer {
    folder: PathBuf,
    limit: u64,
    current: Arc<AtomicU32>,
    /// The open segment and its length.
    file: Option<(File, u64)>,
}

impl Packer {
    fn run(mut self, mut queue: mpsc::Receiver<Request>) {
        let mut group: Vec<Request> = Vec::new();
        while let Some(first) = queue.blocking_recv() {
            let mut bytes = first.framed.len();
            group.push(first);
            while bytes < GROUP_BYTES && group.len() < GROUP {
                let Ok(next) = queue.try_recv() else { break };
                bytes += next.framed.len();
                group.push(next);
            }
            match self.append(&group, bytes) {
                Ok(mut offset) => {
                    let segment = self.current.load(Ordering::Acquire);
                    for request in group.drain(..) {
                        let place = Place::Pack { id: request.id, segment, offset };
                        offset += request.framed.len() as u64;
                        let _ = request.answer.send(Ok(place));
                    }
                    self.close_if_full();
                }
                Err(error) => {
                    tracing::error!(%error, blobs = group.len(), "packing failed");
                    // A segment whose end is in doubt is not written to again.
                    self.close();
                    let full = matches!(error, BlobsError::Full);
                    for request in group.drain(..) {
                        let error = if full { BlobsError::Full } else { self.unsaved(&error) };
                        let _ = request.answer.send(Err(error));
                    }
                }
            }
        }
    }

    /// Writes a group and syncs it; returns the offset of its first blob.
    fn append(&mut self, group: &[Request], bytes: usize) -> Result<u64, BlobsError> {
        let path = path(&self.folder, self.current.load(Ordering::Acquire));
        if self.file.is_none() {
            let file = OpenOptions::new().append(true).create_new(true).open(&path);
            self.file = Some((file.map_err(|e| BlobsError::io("make", &path, e))?, 0));
            sync_folder(&self.folder)?;
        }
        let (file, len) = self.file.as_mut().expect("it was opened above");
        let begun = *len;
        let one;
        let all = match group {
            [only] => &only.framed,
            several => {
                let mut joined = Vec::with_capacity(bytes);
                several.iter().for_each(|request| joined.extend_from_slice(&request.framed));
                one = joined;
                &one
            }
        };
        let started = doorstep_clock::monotonic();
        file.write_all(all).map_err(|e| BlobsError::io("write to", &path, e))?;
        file.sync_data().map_err(|e| BlobsError::io("sync", &path, e))?;
        metrics::packed(group.len(), started.elapsed());
        *len += all.len() as u64;
        Ok(begun)
    }

    fn close_if_full(&mut self) {
        if self.file.as_ref().is_some_and(|(_, len)| *len >= self.limit) {
            self.close();
        }
    }

    fn close(&mut self) {
        if self.file.take().is_some() {
            self.current.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn unsaved(&self, error: &BlobsError) -> BlobsError {
        let source = std::io::Error::other(error.to_string());
        BlobsError::Io { what: "pack into", path: self.folder.display().to_string(), source }
    }
}
