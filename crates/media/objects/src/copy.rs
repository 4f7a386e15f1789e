//! Copying: a new version that shares the bytes of another, whatever their size.

use doorstep_store::Tx;

use crate::delete::delete_in;
use crate::object::{Headers, Meta, Object, Retention, check_key};
use crate::put::{Source, commit, fresh_uid};
use crate::service::lock_key;
use crate::{
    Bucket, Delete, Objects, ObjectsError, ReadConditions, StorageClass, WriteConditions, Written, bucket, records,
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
    /// Whoever reads without a key may read the copy.
    pub public: bool,
    /// Until when the copy is kept.
    pub retention: Option<Retention>,
    /// A legal hold on the copy.
    pub legal_hold: bool,
    /// Conditions on the source.
    pub source: ReadConditions,
    /// Conditions on what is at the target.
    pub target: WriteConditions,
}

impl Objects {
    /// Copies an object inside a tenant, or onto itself to change its metadata. No byte is read or written.
    ///
    /// # Errors
    /// As those of [`Self::get`] for the source and of [`Self::put`] for the target;
    /// [`ObjectsError::InvalidState`] across tenants: their bytes are kept apart, so get and put them.
    pub async fn copy(
        &self,
        from: &Bucket,
        from_key: &str,
        to: &Bucket,
        to_key: &str,
        copy: Copy,
    ) -> Result<Written, ObjectsError> {
        check_key(to_key, self.config())?;
        if from.tenant != to.tenant {
            return Err(ObjectsError::InvalidState("objects are copied inside one tenant".to_owned()));
        }
        let (source_bucket, target, watchers, now) = (from.clone(), to.clone(), self.watchers(), self.now());
        let (from_key, to_key, config) = (from_key.to_owned(), to_key.to_owned(), self.config().clone());
        self.store()
            .write(move |tx| {
                lock_both(tx, (source_bucket.id, &from_key), (target.id, &to_key))?;
                let source = records::find(tx, source_bucket.id, &from_key, copy.version.as_deref())?;
                copy.source.check_source(&source)?;
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
                Ok(commit(tx, &target, object, &Source::Shared(&source), &copy.target, &watchers, now)?.0)
            })
            .await
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
    meta.public = copy.public;
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
