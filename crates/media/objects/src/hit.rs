//! UFile's hash at work: an upload that needs no bytes, and the hash of objects whose upload could not give it.

use base64::prelude::{BASE64_URL_SAFE, Engine as _};
use doorstep_store::params;
use futures::TryStreamExt as _;

use crate::digest::{CONTENT_MD5, hex};
use crate::object::{Object, check_key};
use crate::put::{Source, commit, fresh_uid};
use crate::ufile_hash::RAW;
use crate::{Bucket, Get, Objects, ObjectsError, Put, UfileHash, Written, list, metrics};

impl Objects {
    /// Writes an object whose bytes the tenant has stored already, named by their UFile hash and size; `None`
    /// when it has none such in one blob. Other tenants' bytes never count: a hash alone must not be enough to
    /// get what is behind it.
    ///
    /// # Errors
    /// As those of [`Self::put`]; a hash that is none.
    pub async fn hit(
        &self,
        bucket: &Bucket,
        key: &str,
        hash: &str,
        size: u64,
        put: Put,
    ) -> Result<Option<Written>, ObjectsError> {
        if bucket.settings.encryption.is_some() {
            // The bytes that are there are not encrypted as the bucket wants them.
            return Ok(None);
        }
        check_key(key, self.config())?;
        put.meta.check(self.config())?;
        let bad = || ObjectsError::field("Hash", "it is no UFile hash", "send the ETag of the object");
        let mut prefix = BASE64_URL_SAFE.decode(hash).map_err(|_| bad())?;
        if ![4, RAW].contains(&prefix.len()) {
            return Err(bad());
        }
        prefix.resize(RAW, 0);
        prefix.extend_from_slice(&size.to_be_bytes());
        let Some(end) = list::behind(&prefix) else { return Err(bad()) };
        let (known, now) = (bucket.clone(), self.now());
        let mut object = Object { key: key.to_owned(), uid: fresh_uid(), size, meta: put.meta, ..Object::default() };
        object.meta.ufile = Some(hash.to_owned());
        let (conditions, watchers) = (put.conditions, self.watchers());
        let written = self
            .store()
            .write(move |tx| {
                let found = tx.query_opt(
                    "SELECT id, hash FROM blobs WHERE tenant = $1 AND hash >= $2 AND hash < $3 AND refs > 0
                         AND damaged_at IS NULL ORDER BY hash LIMIT 1",
                    params![&known.tenant, prefix.clone(), end.clone()],
                )?;
                let Some(row) = found else { return Ok(None) };
                let content = row.blob("hash")?;
                let mut object = object.clone();
                object.etag = hex(content.get(CONTENT_MD5..).unwrap_or_default());
                let source = Object { blob: Some(row.text("id")?), ..Object::default() };
                Ok::<_, ObjectsError>(Some(
                    commit(tx, &known, object, &Source::Shared(&source), &conditions, &watchers, now)?.0,
                ))
            })
            .await?;
        if let Some(written) = &written {
            metrics::put(written.object.size);
        }
        Ok(written)
    }

    /// UFile's hash of an object; read from its bytes and kept where the upload could not give it.
    ///
    /// # Errors
    /// As those of [`Self::head`], or the stores'.
    pub async fn ufile_hash(&self, bucket: &Bucket, object: &Object) -> Result<String, ObjectsError> {
        if let Some(known) = &object.meta.ufile {
            return Ok(known.clone());
        }
        let get = Get { version: Some(object.version().to_owned()), ..Get::default() };
        let mut found = self.get(bucket, &object.key, get).await?;
        let mut hash = UfileHash::default();
        while let Some(piece) = found.body.try_next().await? {
            hash.update(&piece);
        }
        let (text, uid) = (hash.finish(), found.object.uid.clone());
        let keep = text.clone();
        if uid == object.uid {
            self.change(bucket, &object.key, Some(object.version()), move |meta| {
                meta.ufile = Some(keep.clone());
                Ok(())
            })
            .await?;
        }
        Ok(text)
    }
}
