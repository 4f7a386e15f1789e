//! Taking in a body: hashed and written in the same pass, in bounded memory, within its time.

use bytes::{Bytes, BytesMut};
use doorstep_blobs::{Stored, Writer};
use futures::stream::{self, BoxStream};
use futures::{Stream, StreamExt as _};
use tokio::task::JoinHandle;

use crate::checksum::Algorithm;
use crate::digest::{Digests, Md5Sum, Sums, hex, md5};
use crate::seal::{Frames, Sealing};
use crate::{Objects, ObjectsError, Paced};

/// Why a body ended before its end.
pub type BodyError = Box<dyn std::error::Error + Send + Sync>;
/// The bytes of an upload, as they come.
pub type Body = BoxStream<'static, Result<Bytes, BodyError>>;

/// A body that is in memory already.
#[must_use]
pub fn body(bytes: impl Into<Bytes>) -> Body {
    let bytes = bytes.into();
    stream::iter((!bytes.is_empty()).then_some(Ok(bytes))).boxed()
}

/// Bytes hashed at once beside the reading; fewer are hashed on the spot.
const BATCH: usize = 512 << 10;
/// Fewer bytes than this are not worth another thread.
const INLINE: usize = 128 << 10;

/// Hashes on another thread while the next bytes come.
struct Hasher {
    digests: Option<Box<Digests>>,
    work: Option<JoinHandle<Box<Digests>>>,
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
}

impl Hasher {
    fn new(checksum: Option<Algorithm>) -> Self {
        let digests = Some(Box::new(Digests::new(checksum)));
        Self { digests, work: None, waiting: Vec::new(), waiting_bytes: 0 }
    }

    async fn digests(&mut self) -> Result<Box<Digests>, ObjectsError> {
        match self.work.take() {
            Some(work) => work.await.map_err(|_| doorstep_blobs::BlobsError::Closed.into()),
            None => self.digests.take().ok_or_else(|| doorstep_blobs::BlobsError::Closed.into()),
        }
    }

    async fn take(&mut self, piece: &Bytes) -> Result<(), ObjectsError> {
        self.waiting_bytes += piece.len();
        self.waiting.push(piece.clone());
        if self.waiting_bytes < BATCH {
            return Ok(());
        }
        let mut digests = self.digests().await?;
        let pieces = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        self.work = Some(tokio::task::spawn_blocking(move || {
            pieces.iter().for_each(|piece| digests.update(piece));
            digests
        }));
        Ok(())
    }

    async fn finish(mut self) -> Result<Sums, ObjectsError> {
        let mut digests = self.digests().await?;
        let rest = std::mem::take(&mut self.waiting);
        let update = move || {
            rest.iter().for_each(|piece| digests.update(piece));
            digests.finish()
        };
        if self.waiting_bytes <= INLINE {
            return Ok(update());
        }
        tokio::task::spawn_blocking(update).await.map_err(|_| doorstep_blobs::BlobsError::Closed.into())
    }
}

/// Where a body's bytes go: as they are, or encrypted.
struct Sink {
    writer: Writer,
    frames: Option<Frames>,
    len: u64,
}

impl Sink {
    async fn write(&mut self, piece: Bytes) -> Result<(), ObjectsError> {
        self.len += piece.len() as u64;
        match &mut self.frames {
            None => self.writer.write(piece).await?,
            Some(frames) => {
                for frame in frames.push(&piece) {
                    self.writer.write(frame).await?;
                }
            }
        }
        Ok(())
    }

    async fn finish(mut self) -> Result<Stored, ObjectsError> {
        if let Some(last) = self.frames.and_then(Frames::finish) {
            self.writer.write(last).await?;
        }
        Ok(self.writer.finish().await?)
    }
}

/// How a body is taken in.
#[derive(Clone, Copy, Default)]
pub(crate) struct Taking<'a> {
    /// How many bytes there should be.
    pub(crate) announced: Option<u64>,
    /// How many there may be.
    pub(crate) limit: u64,
    /// A checksum to compute.
    pub(crate) checksum: Option<Algorithm>,
    /// The key that the bytes are encrypted under.
    pub(crate) sealing: Option<&'a Sealing>,
}

/// A body that is on disk, and what was computed over it.
pub(crate) struct Received {
    pub(crate) stored: Stored,
    pub(crate) sums: Sums,
}

impl Objects {
    /// Takes in a body. `judge` sees the digests before the bytes are kept.
    pub(crate) async fn receive<S>(
        &self,
        mut body: S,
        taking: Taking<'_>,
        judge: impl FnOnce(&Sums) -> Result<(), ObjectsError>,
    ) -> Result<Received, ObjectsError>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    {
        let limit = taking.limit;
        if taking.announced.is_some_and(|announced| announced > limit) {
            return Err(ObjectsError::TooLarge { limit });
        }
        let mut sink = Sink { writer: self.blobs().writer(), frames: taking.sealing.map(Sealing::frames), len: 0 };
        let sums = match self.pump(&mut body, &mut sink, taking).await.and_then(|sums| {
            judge(&sums)?;
            Ok(sums)
        }) {
            Ok(sums) => sums,
            Err(error) => {
                sink.writer.abort().await;
                return Err(error);
            }
        };
        Ok(Received { stored: sink.finish().await?, sums })
    }

    /// Takes a whole body into memory, at the pace of an upload and checked as one: for something that is made of it.
    ///
    /// # Errors
    /// [`ObjectsError::TooLarge`] above `limit` bytes, [`ObjectsError::IncompleteBody`], [`ObjectsError::BadDigest`];
    /// what the body ends with.
    pub async fn gather<S>(
        &self,
        mut body: S,
        announced: Option<u64>,
        sum: Option<Md5Sum>,
        limit: u64,
    ) -> Result<Bytes, ObjectsError>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    {
        if announced.is_some_and(|announced| announced > limit) {
            return Err(ObjectsError::TooLarge { limit });
        }
        let (mut held, mut paced) = (BytesMut::new(), Paced::new(self.config().pace));
        while let Some(piece) = paced.next(&mut body).await? {
            if (held.len() + piece.len()) as u64 > limit {
                return Err(ObjectsError::TooLarge { limit });
            }
            held.extend_from_slice(&piece);
        }
        let (bytes, received) = (held.freeze(), paced.bytes());
        if let Some(announced) = announced.filter(|announced| *announced != received) {
            return Err(ObjectsError::IncompleteBody { announced, received });
        }
        if let Some(announced) = sum {
            let hashed = bytes.clone();
            let computed = tokio::task::spawn_blocking(move || md5(&hashed)).await;
            let computed = computed.map_err(|_| doorstep_blobs::BlobsError::Closed)?;
            if computed != announced {
                let (announced, computed) = (hex(&announced), hex(&computed));
                return Err(ObjectsError::BadDigest { algorithm: "MD5", announced, computed, received });
            }
        }
        Ok(bytes)
    }

    async fn pump<S>(&self, body: &mut S, sink: &mut Sink, taking: Taking<'_>) -> Result<Sums, ObjectsError>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    {
        let mut hasher = Hasher::new(taking.checksum);
        let mut paced = Paced::new(self.config().pace);
        while let Some(piece) = paced.next(body).await? {
            if sink.len + piece.len() as u64 > taking.limit {
                return Err(ObjectsError::TooLarge { limit: taking.limit });
            }
            hasher.take(&piece).await?;
            sink.write(piece).await?;
        }
        match taking.announced {
            Some(announced) if announced != sink.len => {
                Err(ObjectsError::IncompleteBody { announced, received: sink.len })
            }
            _ => hasher.finish().await,
        }
    }
}
