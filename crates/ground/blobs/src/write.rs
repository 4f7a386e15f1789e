//! Writing a blob: bytes come in pieces, and are safe when the end is answered.

use bytes::Bytes;
use tokio::task::JoinHandle;

use crate::blobs::{Backend, Blobs, Guard};
use crate::disk::NewFile;
use crate::frame::Framer;
use crate::remote::NewObject;
use crate::{BlobId, BlobsError, Place, metrics};

/// Bytes handed to the disk at once.
const BATCH: usize = 1 << 20;

/// A blob that is safe. While it is held, the sweep does not take its bytes for lost ones: keep it until
/// the place is in the caller's own table.
#[derive(Debug)]
pub struct Stored {
    /// Where the bytes are.
    pub place: Place,
    /// How many.
    pub len: u64,
    _guard: Guard,
}

/// Takes the bytes of one blob. Dropped before [`Writer::finish`], nothing is kept.
#[derive(Debug)]
pub struct Writer {
    blobs: Blobs,
    id: BlobId,
    guard: Guard,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
    len: u64,
    sink: Sink,
}

#[derive(Debug)]
enum Sink {
    /// Nothing has left memory yet.
    Memory,
    /// A file whose writer is at rest.
    File(NewFile),
    /// A file whose writer is at work on the batch before.
    Writing(JoinHandle<Result<NewFile, BlobsError>>),
    /// An object elsewhere.
    Remote(NewObject),
    /// A batch failed.
    Failed,
}

impl Writer {
    pub(crate) fn new(blobs: Blobs) -> Self {
        let id = BlobId::fresh();
        let guard = blobs.guard(id);
        Self { blobs, id, guard, waiting: Vec::new(), waiting_bytes: 0, len: 0, sink: Sink::Memory }
    }

    /// Bytes so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the next piece. Waits while the disk is behind.
    pub async fn write(&mut self, piece: Bytes) -> Result<(), BlobsError> {
        self.len += piece.len() as u64;
        self.waiting_bytes += piece.len();
        self.waiting.push(piece);
        let memory = matches!(self.sink, Sink::Memory) && self.len <= self.blobs.pack_limit() as u64;
        if memory || self.waiting_bytes < BATCH { Ok(()) } else { self.flush().await }
    }

    async fn flush(&mut self) -> Result<(), BlobsError> {
        let pieces = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let sink = match std::mem::replace(&mut self.sink, Sink::Failed) {
            Sink::Memory => self.blobs.create(self.id).await?,
            Sink::Writing(batch) => Sink::File(joined(batch).await?),
            sink => sink,
        };
        self.sink = match sink {
            Sink::File(mut file) => Sink::Writing(tokio::task::spawn_blocking(move || {
                file.write(&pieces)?;
                Ok(file)
            })),
            Sink::Remote(mut object) => {
                object.write(&pieces).await?;
                Sink::Remote(object)
            }
            Sink::Memory | Sink::Writing(_) | Sink::Failed => return Err(BlobsError::Closed),
        };
        Ok(())
    }

    /// Ends the blob; when this returns its bytes survive a power cut.
    pub async fn finish(mut self) -> Result<Stored, BlobsError> {
        metrics::written(self.len);
        let small = matches!(self.sink, Sink::Memory) && self.len <= self.blobs.pack_limit() as u64;
        if let (Backend::Disk(disk), true) = (self.blobs.backend(), small) {
            let mut framer = Framer::new(self.id);
            self.waiting.iter().for_each(|piece| framer.push(piece));
            let place = disk.packs.append(self.id, framer.finish()).await?;
            return Ok(Stored { place, len: self.len, _guard: self.guard });
        }
        if !self.waiting.is_empty() || matches!(self.sink, Sink::Memory) {
            self.flush().await?;
        }
        let place = match std::mem::replace(&mut self.sink, Sink::Failed) {
            Sink::Writing(batch) => {
                let file = joined(batch).await?;
                joined(tokio::task::spawn_blocking(move || file.finish())).await?;
                Place::File(self.id)
            }
            Sink::Remote(object) => {
                object.finish().await?;
                Place::Remote(self.id)
            }
            Sink::File(_) | Sink::Memory | Sink::Failed => return Err(BlobsError::Closed),
        };
        Ok(Stored { place, len: self.len, _guard: self.guard })
    }

    pub(crate) async fn abandon(self) {
        if let Sink::Remote(mut object) = self.sink {
            object.abort().await;
        }
    }
}

impl Writer {
    /// Gives up: what was written is removed. Dropping does the same but for large blobs on a store elsewhere.
    pub async fn abort(self) {
        self.abandon().await;
    }
}

impl Backend {
    async fn create(&self, id: BlobId) -> Result<Sink, BlobsError> {
        match self {
            Self::Disk(disk) => {
                let disk = std::sync::Arc::clone(disk);
                Ok(Sink::File(joined(tokio::task::spawn_blocking(move || disk.create(id))).await?))
            }
            Self::Remote(remote) => Ok(Sink::Remote(remote.create(id))),
        }
    }
}

impl Blobs {
    async fn create(&self, id: BlobId) -> Result<Sink, BlobsError> {
        self.backend().create(id).await
    }
}

/// Waits for work on a blocking thread.
pub(crate) async fn joined<T>(work: JoinHandle<Result<T, BlobsError>>) -> Result<T, BlobsError> {
    match work.await {
        Ok(done) => done,
        Err(ended) if ended.is_panic() => std::panic::resume_unwind(ended.into_panic()),
        Err(_) => Err(BlobsError::Closed),
    }
}
