//! Writing behind the end of an object: its bytes stay, a piece joins them.

use bytes::Bytes;
use doorstep_store::{Tx, params};
use futures::Stream;

use crate::blob_refs::{self, Fresh};
use crate::digest::{Sums, composite_etag};
use crate::events::Event;
use crate::object::{Object, check_key};
use crate::put::{Source, commit, fresh_uid, judge};
use crate::receive::Taking;
use crate::service::lock_key;
use crate::{BodyError, Bucket, Objects, ObjectsError, Put, Written, bucket, metrics, records};

/// Pieces of an object that is written to at its end. Each time all of them are counted anew.
const MOST_PIECES: i64 = 1000;

impl Objects {
    /// Writes behind the end of an object of `position` bytes, or a new one at 0. What is known of the object
    /// stays as it is. UFile's hash of the whole is computed when it is asked for.
    ///
    /// # Errors
    /// [`ObjectsError::InvalidState`] for an object of another size, one that is archived and one of 1000
    /// pieces; what the body, the digests or the quota refuse; the stores'.
    pub async fn append<S>(
        &self,
        bucket: &Bucket,
        key: &str,
        position: u64,
        body: S,
        put: Put,
    ) -> Result<Written, ObjectsError>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    {
        check_key(key, self.config())?;
        put.meta.check(self.config())?;
        let (limit, object_limit) = (self.config().put_limit, self.config().object_limit);
        if bucket.settings.encryption.is_some() {
            return Err(sealed());
        }
        let taking = Taking { announced: put.length, limit, checksum: None, sealing: None };
        let received = self.receive(body, taking, |sums| judge(put.md5, None, sums)).await?;
        let fresh = Fresh::new(&received.stored, &received.sums, None)?;
        let new = Object { key: key.to_owned(), meta: put.meta, ..Object::default() };
        let (known, sums, watchers, now) = (bucket.clone(), received.sums.clone(), self.watchers(), self.now());
        let written = self
            .store()
            .write(move |tx| {
                let bucket = bucket::current(tx, &known)?;
                lock_key(tx, bucket.id, &new.key)?;
                let before = records::current(tx, bucket.id, &new.key)?;
                let size = before.as_ref().map_or(0, |object| object.size);
                if size != position {
                    return Err(ObjectsError::InvalidState(format!("the object has {size} bytes: append there")));
                }
                if before.as_ref().is_some_and(|object| object.meta.sealed.is_some()) {
                    return Err(sealed());
                }
                if before.as_ref().is_some_and(|object| !object.readable(now)) {
                    return Err(ObjectsError::InvalidState("the object is archived: restore it first".to_owned()));
                }
                if size.saturating_add(sums.len) > object_limit {
                    return Err(ObjectsError::TooLarge { limit: object_limit });
                }
                let mut object = Object { uid: fresh_uid(), size: size + sums.len, ..new.clone() };
                if let Some(before) = &before {
                    object.meta = before.meta.clone();
                    (object.meta.upload, object.meta.checksum, object.meta.restored_until) = (None, None, None);
                    (object.meta.retention, object.meta.legal_hold, object.meta.derived_from) = (None, false, None);
                }
                let conditions = &put.conditions;
                match before.filter(|before| before.size > 0) {
                    None => {
                        (object.etag, object.meta.ufile, object.meta.parts) = (sums.etag(), Some(sums.ufile()), 0);
                        let source = Source::Fresh(&fresh, Event::Put);
                        commit(tx, &bucket, object, &source, conditions, &watchers, now)
                    }
                    Some(before) => {
                        let used = join(tx, &bucket, &before, &mut object, &fresh, &sums)?;
                        let (written, _) = commit(tx, &bucket, object, &Source::Pieces, conditions, &watchers, now)?;
                        Ok((written, used))
                    }
                }
            })
            .await;
        self.settle(written.as_ref().map(|(_, used)| *used), received.stored).await;
        let (written, _) = written?;
        metrics::put(received.sums.len);
        Ok(written)
    }
}

/// Nothing is stored in the clear where encryption is asked for.
fn sealed() -> ObjectsError {
    ObjectsError::InvalidState("an encrypted object is not appended to: write it anew".to_owned())
}

/// Gives `object` the pieces of the one before it and the fresh bytes behind them. Returns whether those are
/// in use.
fn join(
    tx: &mut dyn Tx,
    bucket: &Bucket,
    before: &Object,
    object: &mut Object,
    fresh: &Fresh,
    sums: &Sums,
) -> Result<bool, ObjectsError> {
    const INSERT: &str = "INSERT INTO object_pieces (owner, n, blob, size, etag) VALUES ($1, $2, $3, $4, $5)";
    match &before.blob {
        Some(blob) => {
            let size = blob_refs::signed(before.size);
            tx.execute(INSERT, params![object.uid.as_str(), 0, blob.as_str(), size, before.etag.as_str()])?;
            blob_refs::share(tx, blob)?;
        }
        None => blob_refs::share_pieces(tx, &before.uid, &object.uid)?,
    }
    let last = "SELECT MAX(n) AS last, COUNT(*) AS count FROM object_pieces WHERE owner = $1";
    let row = tx.query_opt(last, params![object.uid.as_str()])?;
    let (last, count) = match &row {
        Some(row) => (row.opt_int("last")?.unwrap_or(0), row.int("count")?),
        None => (0, 0),
    };
    if count >= MOST_PIECES {
        let reason = format!("the object has {count} pieces: append to another, or write this one anew");
        return Err(ObjectsError::InvalidState(reason));
    }
    let kept = blob_refs::keep(tx, &bucket.tenant, fresh)?;
    let (size, etag) = (blob_refs::signed(sums.len), sums.etag());
    tx.execute(INSERT, params![object.uid.as_str(), last + 1, kept.id.as_str(), size, etag.as_str()])?;
    let rows = tx.query("SELECT etag FROM object_pieces WHERE owner = $1 ORDER BY n", params![object.uid.as_str()])?;
    let etags = rows.iter().map(|row| Ok(row.text("etag")?)).collect::<Result<Vec<_>, ObjectsError>>()?;
    object.etag = composite_etag(etags.iter().map(String::as_str)).unwrap_or(etag);
    object.meta.parts = u32::try_from(etags.len()).unwrap_or(u32::MAX);
    object.meta.ufile = None;
    Ok(kept.fresh)
}
