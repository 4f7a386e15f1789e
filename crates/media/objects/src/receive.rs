//! Taking in a body: hashed and written in the same pass, in bounded memory, within its time.

use bytes::Bytes;
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
/// A body that is gathered is held in no fewer bytes, unless it is shorter.
const LEAST_HELD: usize = 64 << 10;

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

/// How many bytes a body is held in once it has grown to `needed`: twice those it had, up to as many as it may become.
fn grown(capacity: usize, needed: usize, most: u64) -> usize {
    let doubled = (capacity * 2).max(LEAST_HELD).min(usize::try_from(most).unwrap_or(usize::MAX));
    doubled.max(needed)
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
    /// `room` is asked for so many bytes before they are held, as the body grows; while it grows, for the old and the
    /// new ones together. What it gave for the body is handed back with it.
    ///
    /// # Errors
    /// [`ObjectsError::TooLarge`] above `limit` bytes, [`ObjectsError::IncompleteBody`], [`ObjectsError::BadDigest`];
    /// what the body ends with; what `room` refuses.
    pub async fn gather<S, R, E>(
        &self,
        mut body: S,
        announced: Option<u64>,
        sum: Option<Md5Sum>,
        limit: u64,
        room: impl Fn(usize) -> Result<R, E> + Send,
    ) -> Result<(Bytes, Option<R>), E>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
        R: Send,
        E: From<ObjectsError>,
    {
        if announced.is_some_and(|announced| announced > limit) {
            return Err(ObjectsError::TooLarge { limit }.into());
        }
        let (mut held, mut place, mut paced) = (Vec::new(), None, Paced::new(self.config().pace));
        while let Some(piece) = paced.next(&mut body).await? {
            let all = held.len() + piece.len();
            if all as u64 > limit {
                return Err(ObjectsError::TooLarge { limit }.into());
            }
            if all > held.capacity() {
                let capacity = grown(held.capacity(), all, announced.unwrap_or(limit));
                let larger = room(capacity)?;
                let mut moved = Vec::with_capacity(capacity);
                moved.extend_from_slice(&held);
                held = moved;
                place = Some(larger);
            }
            held.extend_from_slice(&piece);
        }
        let (bytes, received) = (Bytes::from(held), paced.bytes());
        if let Some(announced) = announced.filter(|announced| *announced != received) {
            return Err(ObjectsError::IncompleteBody { announced, received }.into());
        }
        if let Some(announced) = sum {
            let hashed = bytes.clone();
            let computed = tokio::task::spawn_blocking(move || md5(&hashed)).await;
            let computed = computed.map_err(|_| ObjectsError::from(doorstep_blobs::BlobsError::Closed))?;
            if computed != announced {
                let (announced, computed) = (hex(&announced), hex(&computed));
                return Err(ObjectsError::BadDigest { algorithm: "MD5", announced, computed, received }.into());
            }
        }
        Ok((bytes, place))
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Mutex;

    use doorstep_blobs::Blobs;
    use doorstep_clock::SystemClock;
    use doorstep_store::testing;

    use super::*;

    /// Room that counts: what is taken now, and the most that was at once.
    #[derive(Default)]
    struct Counted(Mutex<(usize, usize)>);

    struct Held<'a>(&'a Counted, usize);

    impl Drop for Held<'_> {
        fn drop(&mut self) {
            self.0.0.lock().unwrap().0 -= self.1;
        }
    }

    impl Counted {
        fn take(&self, bytes: usize, most: usize) -> Result<Held<'_>, ObjectsError> {
            let mut now = self.0.lock().unwrap();
            if now.0 + bytes > most {
                return Err(ObjectsError::InvalidState("full".to_owned()));
            }
            now.0 += bytes;
            now.1 = now.1.max(now.0);
            Ok(Held(self, bytes))
        }
    }

    #[tokio::test]
    async fn what_is_held_has_its_room() {
        let dir = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(&doorstep_blobs::Config::disk(dir.path())).await.unwrap();
        let config = crate::Config::default();
        let objects = Objects::new(testing::memory(crate::MIGRATIONS), blobs, std::sync::Arc::new(SystemClock), config);
        let sent = |pieces: usize| stream::iter((0..pieces).map(|_| Ok(Bytes::from(vec![b'x'; 1000]))));
        for (pieces, announced, held, at_once) in [
            (0, None, 0, 0),
            (0, Some(0), 0, 0),
            (1, Some(1000), 1000, 1000),
            (1, None, 64 << 10, 64 << 10),
            (70, None, 128 << 10, 192 << 10),
            (70, Some(70_000), 70_000, 70_000 + (64 << 10)),
            (200, None, 200_000, 200_000 + (128 << 10)),
        ] {
            let counted = Counted::default();
            let room = |bytes| counted.take(bytes, usize::MAX);
            let (bytes, place) = objects.gather(sent(pieces), announced, None, 200_000, room).await.unwrap();
            assert_eq!(bytes, vec![b'x'; pieces * 1000]);
            assert_eq!(*counted.0.lock().unwrap(), (held, at_once), "{pieces} {announced:?}");
            drop(place);
            assert_eq!(counted.0.lock().unwrap().0, 0);
        }
        let counted = Counted::default();
        let room = |bytes| counted.take(bytes, 100_000);
        let full = objects.gather(sent(70), None, None, 200_000, room).await.err().unwrap();
        assert!(matches!(full, ObjectsError::InvalidState(_)), "{full}");
        let large = objects.gather(sent(3), None, None, 2000, room).await.err().unwrap();
        assert!(matches!(large, ObjectsError::TooLarge { limit: 2000 }), "{large}");
        assert_eq!(counted.0.lock().unwrap().0, 0, "what was given up holds nothing");
    }
}
