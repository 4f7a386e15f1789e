//! Reading an object: what is known of it, and its bytes.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use doorstep_blobs::{BlobsError, Place};
use doorstep_store::{Tx, params};
use futures::stream::{self, BoxStream};
use futures::{StreamExt as _, TryStreamExt as _};

use crate::object::Object;
use crate::seal::{CustomerKey, Sealed, plain_len};
use crate::upload::Part;
use crate::{Bucket, ByteRange, Objects, ObjectsError, ReadConditions, metrics, records, unseal};

/// Which version and which of its bytes.
#[derive(Clone, Debug, Default)]
pub struct Get {
    /// A version's id; the current one without.
    pub version: Option<String>,
    /// These bytes only.
    pub range: Option<ByteRange>,
    /// This part only, from 1; not together with a range.
    pub part: Option<u32>,
    /// Under which conditions.
    pub conditions: ReadConditions,
    /// The key of an object that is under its customer's.
    pub key: Option<CustomerKey>,
}

/// Bytes that lie in one blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) place: Place,
    /// Bytes that can be read, not those on disk.
    pub(crate) size: u64,
    /// The wrapped key, if they are encrypted.
    pub(crate) seal: Option<String>,
}

/// An object and the bytes that were asked for.
pub struct Found {
    /// What is known of it.
    pub object: Object,
    /// Which of its bytes come.
    pub range: Range<u64>,
    /// Whether a range or a part was asked for, even if it is all of them.
    pub partial: bool,
    /// The bytes, checked before they come.
    pub body: BoxStream<'static, Result<Bytes, BlobsError>>,
}

impl std::fmt::Debug for Found {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Found").field("object", &self.object).field("range", &self.range).finish_non_exhaustive()
    }
}

impl Found {
    /// All bytes in memory, for callers that need them so.
    ///
    /// # Errors
    /// [`ObjectsError::TooLarge`] for more than `limit` bytes; what is wrong with the bytes.
    pub async fn collect(self, limit: usize) -> Result<Bytes, ObjectsError> {
        let len = self.range.end - self.range.start;
        if len > limit as u64 {
            return Err(ObjectsError::TooLarge { limit: limit as u64 });
        }
        let mut all = BytesMut::with_capacity(len as usize);
        let mut body = self.body;
        while let Some(piece) = body.try_next().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.freeze())
    }
}

/// The blobs of an object, in order.
pub(crate) fn pieces(tx: &mut dyn Tx, object: &Object) -> Result<Vec<Piece>, ObjectsError> {
    let rows = match &object.blob {
        Some(blob) => tx.query("SELECT place, size, seal FROM blobs WHERE id = $1", params![blob])?,
        None => tx.query(
            "SELECT b.place, b.size, b.seal FROM object_pieces p JOIN blobs b ON b.id = p.blob WHERE p.owner = $1 ORDER BY p.n",
            params![&object.uid],
        )?,
    };
    let piece = |row: &doorstep_store::Row| {
        let (stored, seal) = (u64::try_from(row.int("size")?).unwrap_or(0), row.opt_text("seal")?);
        let size = if seal.is_some() { plain_len(stored) } else { stored };
        Ok(Piece { place: row.text("place")?.parse()?, size, seal })
    };
    let pieces = rows.iter().map(piece).collect::<Result<Vec<_>, ObjectsError>>()?;
    debug_assert_eq!(pieces.iter().map(|p| p.size).sum::<u64>(), object.size, "the pieces make the object");
    Ok(pieces)
}

/// What of each piece lies in `range`.
pub(crate) fn within(pieces: &[Piece], range: &Range<u64>) -> Vec<(Piece, Range<u64>)> {
    let mut parts = Vec::new();
    let mut at = 0;
    for piece in pieces {
        let (from, to) = (range.start.max(at), range.end.min(at + piece.size));
        if from < to {
            parts.push((piece.clone(), from - at..to - at));
        }
        at += piece.size;
    }
    parts
}

impl Objects {
    /// What is known of an object.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchKey`], [`ObjectsError::NoSuchVersion`], [`ObjectsError::IsDeleteMarker`], or the store's.
    pub async fn head(&self, bucket: &Bucket, key: &str, version: Option<&str>) -> Result<Object, ObjectsError> {
        let (id, key, version) = (bucket.id, key.to_owned(), version.map(str::to_owned));
        self.store().read(move |tx| records::find(tx, id, &key, version.as_deref())).await
    }

    /// What [`Self::get`] would find, without its bytes: the conditions and the range are looked at as well.
    ///
    /// # Errors
    /// As those of [`Self::get`].
    pub async fn peek(&self, bucket: &Bucket, key: &str, get: Get) -> Result<Found, ObjectsError> {
        self.open(bucket, key, get, false).await
    }

    /// An object and its bytes, or a range of them.
    ///
    /// # Errors
    /// As [`Self::head`]; [`ObjectsError::NotModified`], [`ObjectsError::PreconditionFailed`],
    /// [`ObjectsError::InvalidRange`], [`ObjectsError::InvalidPart`].
    pub async fn get(&self, bucket: &Bucket, key: &str, get: Get) -> Result<Found, ObjectsError> {
        let found = self.open(bucket, key, get, true).await?;
        metrics::got(found.range.end - found.range.start);
        Ok(found)
    }

    async fn open(&self, bucket: &Bucket, key: &str, get: Get, bytes: bool) -> Result<Found, ObjectsError> {
        let (id, key) = (bucket.id, key.to_owned());
        let Get { version, range, part, conditions, key: customer } = get;
        let (object, pieces) = self
            .store()
            .read(move |tx| {
                let object = records::find(tx, id, &key, version.as_deref())?;
                let wanted = bytes || part.is_some();
                let pieces = if wanted { pieces(tx, &object)? } else { Vec::new() };
                Ok::<_, ObjectsError>((object, pieces))
            })
            .await?;
        // A part that is none is so with any key.
        let part = part.map(|number| part_range(&object, &pieces, number)).transpose()?;
        Sealed::admits(object.meta.sealed.as_ref(), customer.as_ref())?;
        conditions.check(&object)?;
        let size = object.size;
        // Also a range of all bytes is answered as one: clients compare what they asked for with what they got.
        let partial = part.is_some() || range.is_some();
        let range = match (part, range) {
            (Some(part), _) => part,
            (None, Some(range)) => range.of(size)?,
            (None, None) => 0..size,
        };
        let body =
            if bytes { self.stream(bucket, &pieces, &range, customer.as_ref())? } else { stream::empty().boxed() };
        Ok(Found { object, partial, range, body })
    }

    /// The bytes of `range` over all pieces, opened one after the other.
    pub(crate) fn stream(
        &self,
        bucket: &Bucket,
        pieces: &[Piece],
        range: &Range<u64>,
        customer: Option<&CustomerKey>,
    ) -> Result<BoxStream<'static, Result<Bytes, BlobsError>>, ObjectsError> {
        let (blobs, sealer) = (self.blobs().clone(), self.sealer(bucket));
        let keyed = |(piece, part): (Piece, Range<u64>)| {
            let key = piece.seal.as_deref().map(|seal| sealer.open(seal, customer)).transpose()?;
            Ok((piece, part, key))
        };
        let parts = within(pieces, range).into_iter().map(keyed).collect::<Result<Vec<_>, ObjectsError>>()?;
        let read = move |(piece, part, key): (Piece, Range<u64>, _)| match key {
            Some(key) => unseal::read(&blobs, piece.place, key, piece.size, part),
            None => blobs.read(&piece.place, piece.size, part),
        };
        Ok(stream::iter(parts).flat_map(read).boxed())
    }

    /// The parts that an object was made of, after the number `after`, at most `limit`; none for an object
    /// that came at once.
    ///
    /// # Errors
    /// The store's.
    pub async fn parts_of(&self, object: &Object, after: u32, limit: usize) -> Result<Vec<Part>, ObjectsError> {
        let (uid, modified) = (object.uid.clone(), object.modified);
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.store()
            .read(move |tx| {
                let rows = tx.query(
                    "SELECT n, size, etag, checksum FROM object_pieces WHERE owner = $1 AND n > $2 ORDER BY n LIMIT $3",
                    params![&uid, after, limit],
                )?;
                rows.iter().map(|row| Part::read(row, modified)).collect()
            })
            .await
    }
}

fn part_range(object: &Object, pieces: &[Piece], number: u32) -> Result<Range<u64>, ObjectsError> {
    let at = (number as usize).checked_sub(1).filter(|at| *at < pieces.len().max(1));
    let at = at.ok_or(ObjectsError::InvalidPart { number })?;
    if object.size == 0 {
        return Ok(0..0);
    }
    let start: u64 = pieces[..at].iter().map(|p| p.size).sum();
    Ok(start..start + pieces[at].size)
}

#[cfg(test)]
mod tests {
    use doorstep_blobs::BlobId;

    use super::*;

    #[test]
    fn a_range_over_pieces() {
        let piece = |size| Piece { place: Place::File(BlobId::fresh()), size, seal: None };
        let pieces = [piece(10), piece(5), piece(20)];
        let ranges = |range: Range<u64>| within(&pieces, &range).into_iter().map(|(_, r)| r).collect::<Vec<_>>();
        assert_eq!(ranges(0..35), [0..10, 0..5, 0..20]);
        assert_eq!(ranges(9..11), [9..10, 0..1]);
        assert_eq!(ranges(10..15), vec![0..5]);
        assert_eq!(ranges(15..15), Vec::<Range<u64>>::new());
        assert_eq!(part_range(&Object { size: 35, ..Object::default() }, &pieces, 2).ok(), Some(10..15));
        assert!(part_range(&Object::default(), &pieces, 0).is_err());
        assert!(part_range(&Object::default(), &pieces, 4).is_err());
    }
}
