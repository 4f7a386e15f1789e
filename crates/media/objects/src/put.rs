//! Writing an object in one upload.

use bytes::Bytes;
use doorstep_blobs::Stored;
use doorstep_clock::Timestamp;
use doorstep_store::Tx;
use futures::Stream;
use uuid::Uuid;

use crate::blob_refs::{self, Fresh};
use crate::checksum::{Algorithm, Checksum};
use crate::digest::{Md5Sum, Sums, hex};
use crate::events::{self, Event};
use crate::object::{Meta, Object, Retention, check_key};
use crate::receive::Taking;
use crate::seal::{CustomerKey, Encrypt, Sealer};
use crate::service::lock_key;
use crate::settings::{DefaultEncryption, Versioning};
use crate::watch::Watchers;
use crate::{BodyError, Bucket, Objects, ObjectsError, WriteConditions, bucket, metrics, records, usage};

/// A checksum that a caller announces.
pub enum Expected {
    /// Only wants it computed.
    Computed,
    /// Has sent it before the body, base64.
    Value(String),
    /// Sends it behind the body; asked when the body has ended.
    Trailing(Box<dyn FnOnce() -> Option<String> + Send>),
}

impl std::fmt::Debug for Expected {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Computed => "Computed",
            Self::Value(_) => "Value",
            Self::Trailing(_) => "Trailing",
        })
    }
}

/// How an object is written.
#[derive(Debug, Default)]
pub struct Put {
    /// What is kept beside the bytes; ETags and checksum are filled in.
    pub meta: Meta,
    /// How many bytes there should be.
    pub length: Option<u64>,
    /// The MD5 that they should have.
    pub md5: Option<Md5Sum>,
    /// A checksum that they should have.
    pub checksum: Option<(Algorithm, Expected)>,
    /// Under which conditions.
    pub conditions: WriteConditions,
    /// How the bytes are encrypted.
    pub encrypt: Encrypt,
    /// Whether they come by S3's HTML form, which is told as an event of its own.
    pub by_form: bool,
}

/// A write that is on disk.
#[derive(Clone, Debug, PartialEq)]
pub struct Written {
    /// The object as it is now.
    pub object: Object,
    /// Whether the bucket keeps versions, so that the version's id means something to the caller.
    pub versioned: bool,
}

/// Compares what was announced with what came.
pub(crate) fn judge(md5: Option<Md5Sum>, checksum: Option<Expected>, sums: &Sums) -> Result<(), ObjectsError> {
    if let Some(announced) = md5
        && announced != sums.md5
    {
        let (announced, computed) = (hex(&announced), sums.etag());
        return Err(ObjectsError::BadDigest { algorithm: "MD5", announced, computed, received: sums.len });
    }
    let announced = match checksum {
        None | Some(Expected::Computed) => None,
        Some(Expected::Value(value)) => Some(value),
        Some(Expected::Trailing(ask)) => match (ask(), &sums.checksum) {
            (None, Some(wanted)) => return Err(ObjectsError::NoTrailer(wanted.algorithm.as_str())),
            (value, _) => value,
        },
    };
    match (announced, &sums.checksum) {
        (Some(announced), Some(Checksum { algorithm, value, .. })) if announced != *value => {
            let (algorithm, computed) = (algorithm.as_str(), value.clone());
            Err(ObjectsError::BadDigest { algorithm, announced, computed, received: sums.len })
        }
        _ => Ok(()),
    }
}

/// What is asked for, or what the bucket says where nothing is.
pub(crate) fn default_encryption(bucket: &Bucket, asked: Encrypt) -> Encrypt {
    match (asked, &bucket.settings.encryption) {
        (Encrypt::Default, Some(DefaultEncryption::Node)) => Encrypt::Node,
        (Encrypt::Default, Some(DefaultEncryption::Named { key })) => Encrypt::Named(key.clone()),
        (asked, _) => asked,
    }
}

/// The customer's key in it.
pub(crate) const fn customer(encrypt: &Encrypt) -> Option<&CustomerKey> {
    match encrypt {
        Encrypt::Customer(key) => Some(key),
        Encrypt::Default | Encrypt::Node | Encrypt::Named(_) => None,
    }
}

/// Where the bytes of a new version come from.
pub(crate) enum Source<'a> {
    /// They came now, which is told so.
    Fresh(&'a Fresh, Event),
    /// Another object's, or this one's own before.
    Shared(&'a Object),
    /// The transaction has put them into `object_pieces` under the version's uid.
    Pieces,
}

/// Makes `object` the key's current version. Returns it as written, and whether fresh bytes are in use.
#[allow(clippy::too_many_arguments)] // each is one word of the sentence
pub(crate) fn commit(
    tx: &mut dyn Tx,
    known: &Bucket,
    mut object: Object,
    source: &Source<'_>,
    conditions: &WriteConditions,
    watchers: &Watchers,
    now: Timestamp,
) -> Result<(Written, bool), ObjectsError> {
    let bucket = bucket::current(tx, known)?;
    lock_key(tx, bucket.id, &object.key)?;
    let before = records::current(tx, bucket.id, &object.key)?;
    conditions.check(&object.key, before.as_ref())?;
    let replaced = before.as_ref().filter(|o| bucket.settings.versioning == Versioning::Off || o.unversioned);
    let grown = blob_refs::signed(object.size) - replaced.map_or(0, |o| blob_refs::signed(o.size));
    usage::check(tx, &bucket, i64::from(replaced.is_none()), grown)?;

    // The new reference first: an object copied onto itself must not lose its bytes in between.
    let mut fresh_in_use = false;
    match source {
        Source::Fresh(fresh, _) => {
            let kept = blob_refs::keep(tx, &bucket.tenant, fresh)?;
            fresh_in_use = kept.fresh;
            object.blob = Some(kept.id);
        }
        Source::Shared(other) => match &other.blob {
            Some(blob) => {
                blob_refs::share(tx, blob)?;
                object.blob = Some(blob.clone());
            }
            None => blob_refs::share_pieces(tx, &other.uid, &object.uid)?,
        },
        Source::Pieces => {}
    }
    object.unversioned = bucket.settings.versioning != Versioning::Enabled;
    object.modified = now;
    if let (Some(default), None, true) = (bucket.settings.lock_default, object.meta.retention, bucket.settings.lockable)
    {
        let until = now.plus_ms(i64::from(default.days) * 86_400_000);
        object.meta.retention = Some(Retention { mode: default.mode, until });
    }
    object.seq = records::step_aside(tx, &bucket, &object.key, before.as_ref(), now)?;
    records::insert(tx, bucket.id, &object)?;
    for watcher in watchers.iter() {
        watcher.written(tx, &bucket, &object)?;
    }
    let event = match source {
        Source::Fresh(_, event) => *event,
        Source::Shared(_) => Event::Copy,
        Source::Pieces => Event::Complete,
    };
    events::tell(tx, &bucket, event, &object, now)?;
    let versioned = bucket.settings.versioning != Versioning::Off;
    Ok((Written { object, versioned }, fresh_in_use))
}

/// An object of which the bytes are on disk: what a transaction needs to make it one.
pub(crate) struct Ready {
    bucket: Bucket,
    pub(crate) object: Object,
    fresh: Fresh,
    event: Event,
    conditions: WriteConditions,
    watchers: Watchers,
}

impl Ready {
    /// As [`commit`].
    pub(crate) fn commit(&self, tx: &mut dyn Tx, now: Timestamp) -> Result<(Written, bool), ObjectsError> {
        let source = Source::Fresh(&self.fresh, self.event);
        commit(tx, &self.bucket, self.object.clone(), &source, &self.conditions, &self.watchers, now)
    }
}

impl Objects {
    /// Writes an object. When this returns, bytes and metadata are on disk and everybody sees the new version.
    ///
    /// # Errors
    /// What the body, the conditions, the quota or the digests refuse; the stores'.
    pub async fn put<S>(&self, bucket: &Bucket, key: &str, body: S, put: Put) -> Result<Written, ObjectsError>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    {
        let (ready, stored) = self.readied(bucket, key, body, put).await?;
        let now = self.now();
        let written = self.store().write(move |tx| ready.commit(tx, now)).await;
        self.settle(written.as_ref().map(|(_, used)| *used), stored).await;
        let (written, _) = written?;
        metrics::put(written.object.size);
        Ok(written)
    }

    /// Takes in the bytes of an object.
    pub(crate) async fn readied<S>(
        &self,
        bucket: &Bucket,
        key: &str,
        body: S,
        put: Put,
    ) -> Result<(Ready, Stored), ObjectsError>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    {
        check_key(key, self.config())?;
        put.meta.check(self.config())?;
        let Put { mut meta, length, md5, checksum, conditions, encrypt, by_form } = put;
        let encrypt = default_encryption(bucket, encrypt);
        let sealer = self.sealer(bucket);
        meta.sealed = sealer.describe(&encrypt)?;
        let sealing = meta.sealed.as_ref().map(|sealed| sealer.begin(sealed, customer(&encrypt))).transpose()?;
        // Asked before the bytes are taken in, so that a hopeless upload costs nothing; decided in the transaction.
        self.foresee(bucket, key, &conditions).await?;
        let (algorithm, expected) = checksum.unzip();
        let limit = self.config().put_limit;
        let taking = Taking { announced: length, limit, checksum: algorithm, sealing: sealing.as_ref() };
        let received = self.receive(body, taking, |sums| judge(md5, expected, sums)).await?;
        let sums = &received.sums;
        // A customer's bytes are told by nothing that is computed over them.
        let hidden = sealing.as_ref().filter(|sealing| !sealing.is_shared());
        meta.ufile = hidden.is_none().then(|| sums.ufile());
        meta.checksum = sums.checksum.clone();
        let object = Object {
            key: key.to_owned(),
            uid: fresh_uid(),
            size: sums.len,
            etag: hidden.map_or_else(|| sums.etag(), |sealing| sealing.etag(sums)),
            meta,
            ..Object::default()
        };
        let fresh = Fresh::new(&received.stored, sums, sealing.as_ref())?;
        let event = if by_form { Event::Post } else { Event::Put };
        let ready = Ready { bucket: bucket.clone(), object, fresh, event, conditions, watchers: self.watchers() };
        Ok((ready, received.stored))
    }

    pub(crate) fn sealer<'a>(&'a self, bucket: &'a Bucket) -> Sealer<'a> {
        Sealer { master: self.config().master.as_ref(), tenant: &bucket.tenant }
    }

    /// Fails early where a condition cannot hold.
    async fn foresee(&self, bucket: &Bucket, key: &str, conditions: &WriteConditions) -> Result<(), ObjectsError> {
        if *conditions == WriteConditions::default() {
            return Ok(());
        }
        let (id, key, conditions) = (bucket.id, key.to_owned(), conditions.clone());
        self.store()
            .read(move |tx| {
                let current = records::current(tx, id, &key)?;
                conditions.check(&key, current.as_ref())
            })
            .await
    }

    /// After the transaction: bytes that it did not take are removed. Where nobody knows whether it was
    /// committed they stay for the sweep, which asks the table.
    pub(crate) async fn settle(&self, in_use: Result<bool, &ObjectsError>, stored: Stored) {
        let unused = match in_use {
            Ok(in_use) => !in_use,
            Err(ObjectsError::Store(_)) => false,
            Err(_) => true,
        };
        if unused && let Err(error) = self.blobs().remove(&stored.place).await {
            tracing::debug!(%error, place = %stored.place, "unused bytes stay until the next sweep");
        }
        drop(stored);
    }
}

pub(crate) fn fresh_uid() -> String {
    Uuid::now_v7().simple().to_string()
}
