//! Copying: a new version that shares the bytes of another, whatever their size; only where they are to be
//! encrypted otherwise, or belong to another tenant, are they read and written.

use doorstep_store::Tx;
use futures::TryStreamExt as _;

use crate::acl::Grant;
use crate::delete::delete_in;
use crate::object::{Headers, Meta, Object, Retention, check_key};
use crate::put::{Expected, Source, commit, default_encryption, fresh_uid};
use crate::seal::{CustomerKey, Encrypt, Sealed};
use crate::service::lock_key;
use crate::{
    BodyError, Bucket, Delete, Get, Objects, ObjectsError, Put, ReadConditions, StorageClass, WriteConditions, Written,
    bucket, records,
};

/// Whether something of the source is kept or given anew.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Directive<T> {
    /// As the source has it.
    #[default]
    Keep,
    /// This instead.
    Replace(T),
}

/// How an object is copied.
#[derive(Clone, Debug, Default)]
pub struct Copy {
    /// A version of the source; the current one without.
    pub version: Option<String>,
    /// Headers and user metadata.
    pub meta: Directive<(Headers, std::collections::BTreeMap<String, String>)>,
    /// Tags.
    pub tags: Directive<Vec<(String, String)>>,
    /// Another storage class.
    pub class: Option<StorageClass>,
    /// Whose the copy is, and who else may what with it.
    pub owner: Option<String>,
    /// As [`Meta::acl`].
    pub acl: Option<Vec<Grant>>,
    /// Until when the copy is kept.
    pub retention: Option<Retention>,
    /// A legal hold on the copy.
    pub legal_hold: bool,
    /// How the copy's bytes are encrypted.
    pub encrypt: Encrypt,
    /// The key of a source that is under its customer's.
    pub source_key: Option<CustomerKey>,
    /// Conditions on the source.
    pub source: ReadConditions,
    /// Conditions on what is at the target.
    pub target: WriteConditions,
}

impl Objects {
    /// Copies an object, or onto itself to change its metadata.
    ///
    /// # Errors
    /// As those of [`Self::get`] for the source and of [`Self::put`] for the target.
    pub async fn copy(
        &self,
        from: &Bucket,
        from_key: &str,
        to: &Bucket,
        to_key: &str,
        copy: Copy,
    ) -> Result<Written, ObjectsError> {
        check_key(to_key, self.config())?;
        let encrypt = default_encryption(to, copy.encrypt.clone());
        let wanted = self.sealer(to).describe(&encrypt)?;
        if from.tenant == to.tenant
            && let Some(written) = self.share(from, from_key, to, to_key, copy.clone(), wanted).await?
        {
            return Ok(written);
        }
        self.rewrite(from, from_key, to, to_key, copy).await
    }

    /// A copy that shares the source's bytes; nothing where they are not encrypted as the copy is to be.
    async fn share(
        &self,
        from: &Bucket,
        from_key: &str,
        to: &Bucket,
        to_key: &str,
        copy: Copy,
        wanted: Option<Sealed>,
    ) -> Result<Option<Written>, ObjectsError> {
        let (source_bucket, target, watchers, now) = (from.clone(), to.clone(), self.watchers(), self.now());
        let (from_key, to_key, config) = (from_key.to_owned(), to_key.to_owned(), self.config().clone());
        self.store()
            .write(move |tx| {
                lock_both(tx, (source_bucket.id, &from_key), (target.id, &to_key))?;
                let source = records::find(tx, source_bucket.id, &from_key, copy.version.as_deref())?;
                Sealed::admits(source.meta.sealed.as_ref(), copy.source_key.as_ref())?;
                copy.source.check_source(&source)?;
                // Two customers' keys are never taken for one: each copy has its own salt.
                if source.meta.sealed != wanted {
                    return Ok(None);
                }
                if !source.readable(now) {
                    return Err(ObjectsError::InvalidState("the source is archived: restore it first".to_owned()));
                }
                let meta = changed(&source.meta, &copy);
                meta.check(&config)?;
                let object = Object {
                    key: to_key.clone(),
                    uid: fresh_uid(),
                    size: source.size,
                    etag: source.etag.clone(),
                    meta,
                    ..Object::default()
                };
                Ok(Some(commit(tx, &target, object, &Source::Shared(&source), &copy.target, &watchers, now)?.0))
            })
            .await
    }

    async fn rewrite(
        &self,
        from: &Bucket,
        from_key: &str,
        to: &Bucket,
        to_key: &str,
        copy: Copy,
    ) -> Result<Written, ObjectsError> {
        let get = Get { version: copy.version.clone(), key: copy.source_key.clone(), ..Get::default() };
        let found = self.get(from, from_key, get).await?;
        copy.source.check_source(&found.object)?;
        if !found.object.readable(self.now()) {
            return Err(ObjectsError::InvalidState("the source is archived: restore it first".to_owned()));
        }
        let mut meta = changed(&found.object.meta, &copy);
        meta.parts = 0;
        let checksum = meta.checksum.take().map(|checksum| (checksum.algorithm, Expected::Computed));
        let put = Put {
            meta,
            length: Some(found.object.size),
            checksum,
            conditions: copy.target,
            encrypt: copy.encrypt,
            ..Put::default()
        };
        self.put(to, to_key, found.body.map_err(|e| BodyError::from(Box::new(e))), put).await
    }
}

impl Objects {
    /// Gives an object another key, in one step: nobody sees both or neither. Everything that is known of it
    /// stays, but locks, which belong to a version.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchKey`], what `target` or the quota refuse, or the store's.
    pub async fn rename(
        &self,
        bucket: &Bucket,
        from: &str,
        to: &str,
        target: WriteConditions,
    ) -> Result<Written, ObjectsError> {
        check_key(to, self.config())?;
        if from == to {
            return Err(ObjectsError::field("key", "it is the object's own", "name another key"));
        }
        let (known, from, to, now) = (bucket.clone(), from.to_owned(), to.to_owned(), self.now());
        let watchers = self.watchers();
        self.store()
            .write(move |tx| {
                lock_both(tx, (known.id, &from), (known.id, &to))?;
                let source = records::find(tx, known.id, &from, None)?;
                let mut meta = source.meta.clone();
                (meta.upload, meta.retention, meta.legal_hold) = (None, None, false);
                let object = Object {
                    key: to.clone(),
                    uid: fresh_uid(),
                    size: source.size,
                    etag: source.etag.clone(),
                    meta,
                    ..Object::default()
                };
                let bucket = bucket::current(tx, &known)?;
                let (written, _) = commit(tx, &bucket, object, &Source::Shared(&source), &target, &watchers, now)?;
                delete_in(tx, &bucket, &Delete { key: from.clone(), ..Delete::default() }, now)?;
                Ok(written)
            })
            .await
    }
}

/// Locks two keys in an order that all copies keep.
pub(crate) fn lock_both(tx: &mut dyn Tx, a: (i64, &str), b: (i64, &str)) -> Result<(), ObjectsError> {
    for (bucket, key) in if a <= b { [a, b] } else { [b, a] } {
        lock_key(tx, bucket, key)?;
    }
    Ok(())
}

fn changed(source: &Meta, copy: &Copy) -> Meta {
    let mut meta = source.clone();
    // What belongs to the source's version alone.
    (meta.restored_until, meta.upload) = (None, None);
    (meta.retention, meta.legal_hold) = (copy.retention, copy.legal_hold);
    meta.owner.clone_from(&copy.owner);
    meta.set_acl(copy.acl.clone());
    meta.class = copy.class.unwrap_or_default();
    if let Directive::Replace((headers, user)) = &copy.meta {
        meta.headers = headers.clone();
        meta.user = user.clone();
    }
    if let Directive::Replace(tags) = &copy.tags {
        meta.tags = tags.clone();
    }
    meta
}
