//! Reading a blob: checked pieces, one read ahead of whoever takes them.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, stream};
use tokio::task::JoinHandle;

use crate::blobs::{Backend, Blobs};
use crate::disk::Opened;
use crate::frame::{self, BLOCK, Cover};
use crate::remote::Remote;
use crate::write::joined;
use crate::{BlobsError, Place, metrics};

/// Pieces of a blob; after an error there are no more.
pub type BlobStream = BoxStream<'static, Result<Bytes, BlobsError>>;

/// Blocks read at once from disk.
const DISK_BLOCKS: u64 = 16;
/// Blocks asked of a store elsewhere at once.
const REMOTE_BLOCKS: u64 = 64;

enum Source {
    Disk(Opened),
    Remote(Arc<Remote>),
}

struct Reading {
    source: Source,
    place: Place,
    len: u64,
    range: Range<u64>,
    ahead: Option<JoinHandle<Result<Bytes, BlobsError>>>,
}

impl Reading {
    /// Takes the next part of the range, whole blocks but for the ends.
    fn next(&mut self) -> Option<Cover> {
        if self.range.start >= self.range.end {
            return None;
        }
        let blocks = match self.source {
            Source::Disk(_) => DISK_BLOCKS,
            Source::Remote(_) => REMOTE_BLOCKS,
        };
        let end = (self.range.start / BLOCK as u64 + blocks) * BLOCK as u64;
        let part = self.range.start..self.range.end.min(end);
        self.range.start = part.end;
        Some(frame::cover(self.len, &part))
    }

    fn begin(&mut self) -> Option<JoinHandle<Result<Bytes, BlobsError>>> {
        let cover = self.next()?;
        Some(match &self.source {
            Source::Disk(opened) => {
                let opened = opened.clone();
                tokio::task::spawn_blocking(move || opened.read(&cover))
            }
            Source::Remote(remote) => {
                let (remote, place) = (Arc::clone(remote), self.place);
                tokio::spawn(async move { remote.read(place, &cover).await })
            }
        })
    }
}

/// The bytes of `range`, which is held within the blob of `len` bytes.
pub(crate) fn read(blobs: &Blobs, place: Place, len: u64, range: Range<u64>) -> BlobStream {
    let range = range.start.min(len)..range.end.min(len);
    if range.start >= range.end {
        return stream::empty().boxed();
    }
    let blobs = blobs.clone();
    let opening = async move {
        let source = match blobs.backend() {
            Backend::Disk(disk) => {
                let disk = Arc::clone(disk);
                Source::Disk(joined(tokio::task::spawn_blocking(move || disk.find(place))).await?)
            }
            Backend::Remote(remote) => Source::Remote(Arc::clone(remote)),
        };
        let mut reading = Reading { source, place, len, range, ahead: None };
        reading.ahead = reading.begin();
        Ok::<_, BlobsError>(stream::try_unfold(reading, step))
    };
    stream::once(opening)
        .flat_map(|opened| match opened {
            Ok(pieces) => pieces.boxed(),
            Err(error) => stream::once(async { Err(error) }).boxed(),
        })
        .inspect(|piece| match piece {
            Ok(piece) => metrics::read(piece.len() as u64),
            Err(error @ BlobsError::Corrupt { .. }) => {
                metrics::corrupt();
                tracing::error!(%error, "damaged bytes were found and not handed out");
            }
            Err(error) => tracing::warn!(%error, "bytes could not be read"),
        })
        .boxed()
}

async fn step(mut reading: Reading) -> Result<Option<(Bytes, Reading)>, BlobsError> {
    let Some(work) = reading.ahead.take() else { return Ok(None) };
    let piece = joined(work).await?;
    reading.ahead = reading.begin();
    Ok(Some((piece, reading)))
}
