//! Reading encrypted blobs: whole frames in, the bytes that were asked for out.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use doorstep_blobs::{Blobs, BlobsError, Place};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::seal::{BlobKey, CARRIES, sealed_len};

/// Bytes of a frame on disk.
const FRAME: u64 = sealed_len(CARRIES as u64);

struct Opening {
    key: BlobKey,
    frames: BoxStream<'static, Result<Bytes, BlobsError>>,
    waiting: BytesMut,
    place: Place,
    /// The frame that comes next, and how many there are.
    number: u64,
    count: u64,
    /// What of the blob is still wanted.
    wanted: Range<u64>,
    /// Bytes of the blob on disk.
    stored: u64,
}

/// The bytes `wanted` of a blob of `plain` bytes.
pub(crate) fn read(
    blobs: &Blobs,
    place: Place,
    key: BlobKey,
    plain: u64,
    wanted: Range<u64>,
) -> BoxStream<'static, Result<Bytes, BlobsError>> {
    if wanted.start >= wanted.end {
        return stream::empty().boxed();
    }
    let carries = CARRIES as u64;
    let (stored, first, last) = (sealed_len(plain), wanted.start / carries, (wanted.end - 1) / carries);
    let frames = blobs.read(&place, stored, first * FRAME..((last + 1) * FRAME).min(stored));
    let opening = Opening {
        key,
        frames,
        waiting: BytesMut::new(),
        place,
        number: first,
        count: plain.div_ceil(carries),
        wanted,
        stored,
    };
    stream::try_unfold(opening, next).boxed()
}

async fn next(mut opening: Opening) -> Result<Option<(Bytes, Opening)>, BlobsError> {
    if opening.wanted.start >= opening.wanted.end {
        return Ok(None);
    }
    let frame = FRAME.min(opening.stored - opening.number * FRAME) as usize;
    while opening.waiting.len() < frame {
        match opening.frames.try_next().await? {
            Some(bytes) => opening.waiting.extend_from_slice(&bytes),
            None => return Err(BlobsError::Missing(opening.place)),
        }
    }
    let sealed = opening.waiting.split_to(frame);
    let (number, last) = (opening.number, opening.number + 1 == opening.count);
    let damaged = || BlobsError::Corrupt { place: opening.place, block: number, reason: "it does not decrypt" };
    let bytes = opening.key.open(number, last, sealed).ok_or_else(damaged)?;
    let begins = number * CARRIES as u64;
    let (from, to) = (opening.wanted.start - begins, (opening.wanted.end - begins).min(bytes.len() as u64));
    opening.number += 1;
    opening.wanted.start = begins + to;
    Ok(Some((bytes.slice(from as usize..to as usize), opening)))
}
