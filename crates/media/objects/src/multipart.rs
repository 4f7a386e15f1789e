//! Objects that come in parts: each part is a blob of its own, and completing only writes down their order.

use std::collections::BTreeMap;

use bytes::Bytes;
use doorstep_clock::Timestamp;
use doorstep_store::{Tx, params};
use futures::Stream;

use crate::blob_refs::{self, Fresh};
use crate::checksum::{self, Algorithm, Checksum};
use crate::copy::lock_both;
use crate::digest::{Md5Sum, Sums, composite_etag};
use crate::get::pieces;
use crate::object::{Meta, Object, check_key};
use crate::put::{Expected, Source, commit, default_encryption, fresh_uid, judge};
use crate::receive::Taking;
use crate::seal::{CustomerKey, Encrypt, Sealed};
use crate::ufile_hash::{self, UFILE_BLOCK};
use crate::upload::{Part, Plan, Upload, discard, find, insert, replan};
use crate::watch::Watchers;
use crate::{
    BodyError, Bucket, ByteRange, Objects, ObjectsError, ReadConditions, WriteConditions, Written, bucket, metrics,
    records,
};

/// What a new upload's object will be.
#[derive(Clone, Debug, Default)]
pub struct NewUpload {
    /// What is kept beside the bytes.
    pub meta: Meta,
    /// The checksum of each part.
    pub algorithm: Option<Algorithm>,
    /// Whether the object's checksum is over all bytes; only CRCs can be put together so.
    pub full: bool,
    /// How the bytes are encrypted.
    pub encrypt: Encrypt,
}

/// How a part is written.
#[derive(Debug, Default)]
pub struct PutPart {
    /// How many bytes there should be.
    pub length: Option<u64>,
    /// The MD5 that they should have.
    pub md5: Option<Md5Sum>,
    /// A checksum that they should have.
    pub checksum: Option<(Algorithm, Expected)>,
    /// The key of an upload that is under its customer's.
    pub key: Option<CustomerKey>,
    /// `Content-Type` of the object, if the upload was begun without one.
    pub content_type: Option<String>,
}

/// How a part is copied from an object.
#[derive(Clone, Debug, Default)]
pub struct PartCopy {
    /// A version of the source; the current one without.
    pub version: Option<String>,
    /// These bytes of it; all without.
    pub range: Option<ByteRange>,
    /// Conditions on the source.
    pub conditions: ReadConditions,
    /// The key of a source that is under its customer's.
    pub source_key: Option<CustomerKey>,
    /// The key of an upload that is under its customer's.
    pub key: Option<CustomerKey>,
}

/// A part as the caller names it at the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompletedPart {
    /// Its number.
    pub number: u32,
    /// Its ETag; S3's or UFile's, with or without quotes.
    pub etag: String,
    /// Its checksum, base64.
    pub checksum: Option<String>,
}

/// How an upload ends.
#[derive(Clone, Debug, Default)]
pub struct Complete {
    /// The parts, by rising numbers.
    pub parts: Vec<CompletedPart>,
    /// Under which conditions.
    pub conditions: WriteConditions,
    /// Every part but the last has at least so many bytes.
    pub least: u64,
    /// The key of an upload that is under its customer's.
    pub customer: Option<CustomerKey>,
    /// Every part but the last has a multiple of so many bytes.
    pub multiple: Option<u64>,
    /// All parts that were uploaded must be named; else those that are not named are left out.
    pub all: bool,
    /// Where the object goes if there is one of the upload's key by now.
    pub key_if_taken: Option<String>,
    /// Another `Content-Type` than the upload was begun with.
    pub content_type: Option<String>,
    /// Other user metadata than the upload was begun with.
    pub user: Option<BTreeMap<String, String>>,
    /// The checksum that the object should have, base64.
    pub checksum: Option<String>,
    /// The size that the object should have.
    pub size: Option<u64>,
}

/// Which uploads to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListUploads {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that agree up to this text behind the prefix are one entry.
    pub delimiter: Option<String>,
    /// Begin behind this key, or inside it if `after_id` is given.
    pub after: Option<String>,
    /// Begin behind this upload of the key `after`.
    pub after_id: Option<String>,
    /// Most entries.
    pub limit: usize,
}

/// A part's row as completing needs it.
struct Stored {
    part: Part,
    blob: String,
    blocks: Vec<u8>,
}

impl Objects {
    /// Begins an upload in parts.
    ///
    /// # Errors
    /// A bad key or metadata, or the store's.
    pub async fn create_upload(&self, bucket: &Bucket, key: &str, new: NewUpload) -> Result<Upload, ObjectsError> {
        check_key(key, self.config())?;
        new.meta.check(self.config())?;
        if new.full && new.algorithm.is_some_and(|a| !a.combines()) {
            let reason = "a SHA over the whole object cannot be put together from parts";
            return Err(ObjectsError::field("checksum type", reason, "choose COMPOSITE, or a CRC"));
        }
        let mut meta = new.meta;
        meta.sealed = self.sealer(bucket).describe(&default_encryption(bucket, new.encrypt))?;
        let plan = Plan { meta, algorithm: new.algorithm, full: new.full };
        let upload = Upload { id: fresh_uid(), key: key.to_owned(), initiated: self.now(), plan };
        let (known, row) = (bucket.clone(), upload.clone());
        self.store()
            .write(move |tx| {
                bucket::current(tx, &known)?;
                insert(tx, known.id, &row)
            })
            .await?;
        Ok(upload)
    }

    /// An upload that is under way.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchUpload`] or the store's.
    pub async fn upload(&self, bucket: &Bucket, key: &str, id: &str) -> Result<Upload, ObjectsError> {
        let (bucket, key, id) = (bucket.id, key.to_owned(), id.to_owned());
        self.store().read(move |tx| find(tx, bucket, &key, &id)).await
    }

    /// Writes a part, instead of an earlier one of the same number. When this returns it is on disk.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchUpload`], what the body or the digests refuse, or the stores'.
    pub async fn put_part<S>(
        &self,
        bucket: &Bucket,
        key: &str,
        id: &str,
        number: u32,
        body: S,
        put: PutPart,
    ) -> Result<Part, ObjectsError>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    {
        self.check_number(number)?;
        let upload = self.upload(bucket, key, id).await?;
        let (algorithm, expected) = put.checksum.unzip();
        let algorithm = algorithm.or(upload.plan.algorithm);
        let limit = self.config().put_limit;
        let sealed = upload.plan.meta.sealed.as_ref();
        Sealed::admits(sealed, put.key.as_ref())?;
        let sealing = sealed.map(|sealed| self.sealer(bucket).begin(sealed, put.key.as_ref())).transpose()?;
        let taking = Taking { announced: put.length, limit, checksum: algorithm, sealing: sealing.as_ref() };
        let received = self.receive(body, taking, |sums| judge(put.md5, expected, sums)).await?;
        let fresh = Fresh::new(&received.stored, &received.sums, sealing.as_ref())?;
        let mut part = self.part(number, &received.sums);
        let hidden = sealing.as_ref().filter(|sealing| !sealing.is_shared());
        if let Some(sealing) = hidden {
            part.etag = sealing.etag(&received.sums);
        }
        let (known, key, id, now) = (bucket.clone(), key.to_owned(), id.to_owned(), self.now());
        let blocks = if hidden.is_some() { Vec::new() } else { received.sums.blocks.clone() };
        let (row, content_type) = (part.clone(), put.content_type);
        let kept = self
            .store()
            .write(move |tx| {
                bucket::current(tx, &known)?;
                // Again: it may have been completed or aborted while the bytes came.
                let upload = find(tx, known.id, &key, &id)?;
                if upload.plan.meta.headers.content_type.is_none() && content_type.is_some() {
                    let mut plan = upload.plan;
                    plan.meta.headers.content_type.clone_from(&content_type);
                    replan(tx, &id, &plan)?;
                }
                let kept = blob_refs::keep(tx, &known.tenant, &fresh)?;
                write_part(tx, &id, &row, &kept.id, &blocks, now)?;
                Ok::<_, ObjectsError>(kept.fresh)
            })
            .await;
        self.settle(kept.as_ref().map(|used| *used), received.stored).await;
        kept?;
        metrics::put(part.size);
        Ok(part)
    }

    /// Copies bytes of an object into a part: they are read and written.
    ///
    /// # Errors
    /// As those of [`Self::get`] for the source and of [`Self::put_part`] for the part.
    #[allow(clippy::too_many_arguments)] // each is one word of the sentence
    pub async fn copy_part(
        &self,
        from: &Bucket,
        from_key: &str,
        to: &Bucket,
        key: &str,
        id: &str,
        number: u32,
        copy: PartCopy,
    ) -> Result<Part, ObjectsError> {
        let (bucket, source_key, version) = (from.id, from_key.to_owned(), copy.version.clone());
        let (object, pieces) = self
            .store()
            .read(move |tx| {
                let object = records::find(tx, bucket, &source_key, version.as_deref())?;
                let pieces = pieces(tx, &object)?;
                Ok::<_, ObjectsError>((object, pieces))
            })
            .await?;
        Sealed::admits(object.meta.sealed.as_ref(), copy.source_key.as_ref())?;
        copy.conditions.check_source(&object)?;
        if !object.readable(self.now()) {
            return Err(ObjectsError::InvalidState("the source is archived: restore it first".to_owned()));
        }
        let range = match copy.range {
            Some(range @ ByteRange::From { last: Some(last), .. }) if last < object.size => range.of(object.size)?,
            Some(_) => return Err(ObjectsError::InvalidRange { size: object.size }),
            None => 0..object.size,
        };
        let length = range.end - range.start;
        use futures::TryStreamExt as _;
        let source = self.stream(from, &pieces, &range, copy.source_key.as_ref())?;
        let body = Box::pin(source.map_err(|e| BodyError::from(Box::new(e))));
        self.put_part(to, key, id, number, body, PutPart { length: Some(length), key: copy.key, ..PutPart::default() })
            .await
    }

    /// Ends an upload: the parts that are named become the object, the others are gone. Asked again, it
    /// answers with the same object.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchUpload`], [`ObjectsError::InvalidPart`], [`ObjectsError::PartOrder`],
    /// [`ObjectsError::PartTooSmall`], what the conditions or the quota refuse, or the store's.
    pub async fn complete_upload(
        &self,
        bucket: &Bucket,
        key: &str,
        id: &str,
        complete: Complete,
    ) -> Result<Written, ObjectsError> {
        if complete.parts.is_empty() {
            return Err(ObjectsError::field("parts", "no part is named", "name the parts that make the object"));
        }
        let (known, key, id, now) = (bucket.clone(), key.to_owned(), id.to_owned(), self.now());
        let (limit, watchers) = (self.config().object_limit, self.watchers());
        if let Some(new) = &complete.key_if_taken {
            check_key(new, self.config())?;
        }
        if let Some(user) = &complete.user {
            Meta { user: user.clone(), ..Meta::default() }.check(self.config())?;
        }
        self.store().write(move |tx| complete_in(tx, &known, &key, &id, &complete, (limit, &watchers), now)).await
    }

    fn check_number(&self, number: u32) -> Result<(), ObjectsError> {
        // S3 counts from 1, UFile from 0; a face knows its own.
        if number > self.config().parts {
            let fix = format!("number the parts up to {}", self.config().parts);
            return Err(ObjectsError::field("partNumber", format!("{number} is too high"), fix));
        }
        Ok(())
    }

    fn part(&self, number: u32, sums: &Sums) -> Part {
        Part {
            number,
            size: sums.len,
            etag: sums.etag(),
            ufile: Some(sums.ufile()),
            checksum: sums.checksum.as_ref().map(|c| c.value.clone()),
            modified: self.now(),
        }
    }
}

fn write_part(
    tx: &mut dyn Tx,
    id: &str,
    part: &Part,
    blob: &str,
    blocks: &[u8],
    now: Timestamp,
) -> Result<(), ObjectsError> {
    let place = params![id, part.number];
    if let Some(old) = tx.query_opt("SELECT blob FROM object_parts WHERE upload = $1 AND n = $2", place)? {
        blob_refs::release(tx, &old.text("blob")?, now)?;
        tx.execute("DELETE FROM object_parts WHERE upload = $1 AND n = $2", place)?;
    }
    tx.execute(
        "INSERT INTO object_parts (upload, n, blob, size, etag, checksum, blocks, modified)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        params![
            id,
            part.number,
            blob,
            blob_refs::signed(part.size),
            part.etag.as_str(),
            part.checksum.as_deref(),
            blocks,
            part.modified
        ],
    )?;
    Ok(())
}

fn complete_in(
    tx: &mut dyn Tx,
    known: &Bucket,
    key: &str,
    id: &str,
    complete: &Complete,
    (limit, watchers): (u64, &Watchers),
    now: Timestamp,
) -> Result<Written, ObjectsError> {
    let other = complete.key_if_taken.as_deref().unwrap_or(key);
    lock_both(tx, (known.id, key), (known.id, other))?;
    let upload = match find(tx, known.id, key, id) {
        Err(ObjectsError::NoSuchUpload(id)) => {
            // The answer to the first call may have been lost.
            let mut done = None;
            for target in [key, other] {
                let here = records::current(tx, known.id, target)?;
                done = done.or(here.filter(|o| o.meta.upload.as_ref() == Some(&id)));
            }
            let versioned = known.settings.versioning != crate::Versioning::Off;
            return done.map(|object| Written { object, versioned }).ok_or(ObjectsError::NoSuchUpload(id));
        }
        found => found?,
    };
    Sealed::admits(upload.plan.meta.sealed.as_ref(), complete.customer.as_ref())?;
    let target = if other != key && records::current(tx, known.id, key)?.is_some() { other } else { key };
    let parts = chosen(tx, id, complete)?;
    let size: u64 = parts.iter().map(|p| p.part.size).sum();
    if size > limit {
        return Err(ObjectsError::TooLarge { limit });
    }
    if complete.size.is_some_and(|wanted| wanted != size) {
        return Err(ObjectsError::IncompleteBody { announced: complete.size.unwrap_or(0), received: size });
    }
    let checksum = whole_checksum(&upload.plan, &parts, complete.checksum.as_deref(), size)?;
    let mut meta = upload.plan.meta;
    if let Some(user) = &complete.user {
        meta.user.clone_from(user);
    }
    if complete.content_type.is_some() {
        meta.headers.content_type.clone_from(&complete.content_type);
    }
    meta.checksum = checksum;
    meta.parts = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    meta.upload = Some(id.to_owned());
    meta.ufile = if matches!(meta.sealed, Some(Sealed::Customer { .. })) { None } else { whole_ufile(&parts) };
    let etag = composite_etag(parts.iter().map(|p| p.part.etag.as_str()))
        .ok_or(ObjectsError::InvalidPart { number: complete.parts[0].number })?;
    let object = Object { key: target.to_owned(), uid: fresh_uid(), size, etag, meta, ..Object::default() };
    for part in &parts {
        tx.execute(
            "INSERT INTO object_pieces (owner, n, blob, size, etag, checksum) VALUES ($1, $2, $3, $4, $5, $6)",
            params![
                object.uid.as_str(),
                part.part.number,
                part.blob.as_str(),
                blob_refs::signed(part.part.size),
                part.part.etag.as_str(),
                part.part.checksum.as_deref()
            ],
        )?;
        blob_refs::share(tx, &part.blob)?;
    }
    let (written, _) = commit(tx, known, object, &Source::Pieces, &complete.conditions, watchers, now)?;
    discard(tx, id, now)?;
    metrics::put(0);
    Ok(written)
}

/// The named parts as they are stored, checked against what the caller says of them.
fn chosen(tx: &mut dyn Tx, id: &str, complete: &Complete) -> Result<Vec<Stored>, ObjectsError> {
    let rows = tx.query(
        "SELECT n, blob, size, etag, checksum, blocks, modified FROM object_parts WHERE upload = $1 ORDER BY n",
        params![id],
    )?;
    if complete.all && rows.len() != complete.parts.len() {
        let (reason, fix) = (format!("{} parts of {} are named", complete.parts.len(), rows.len()), "name all of them");
        return Err(ObjectsError::field("parts", reason, fix));
    }
    let mut there = rows.iter().peekable();
    let mut parts: Vec<Stored> = Vec::with_capacity(complete.parts.len());
    for (ix, wanted) in complete.parts.iter().enumerate() {
        if ix > 0 && complete.parts[ix - 1].number >= wanted.number {
            return Err(ObjectsError::PartOrder { number: wanted.number });
        }
        let missing = ObjectsError::InvalidPart { number: wanted.number };
        while there.peek().is_some_and(|row| row.int("n").is_ok_and(|n| n < i64::from(wanted.number))) {
            there.next();
        }
        let Some(row) = there.next() else { return Err(missing) };
        let stored = Stored {
            part: Part::read(row, row.time("modified")?)?,
            blob: row.text("blob")?,
            blocks: row.blob("blocks")?,
        };
        let etag = wanted.etag.trim().trim_matches('"');
        let same = etag == stored.part.etag || etag == ufile_hash::etag(&stored.blocks);
        let summed = wanted.checksum.is_none() || wanted.checksum == stored.part.checksum;
        if stored.part.number != wanted.number || !same || !summed {
            return Err(missing);
        }
        parts.push(stored);
    }
    let small = parts.split_last().and_then(|(_, rest)| rest.iter().find(|p| p.part.size < complete.least));
    if let Some(Stored { part, .. }) = small {
        return Err(ObjectsError::PartTooSmall { number: part.number, size: part.size, least: complete.least });
    }
    let uneven = |multiple: u64| {
        let rest = parts.split_last().map_or(&[][..], |(_, rest)| rest);
        rest.iter().find(|p| p.part.size == 0 || p.part.size % multiple != 0)
    };
    if let Some((multiple, Stored { part, .. })) = complete.multiple.and_then(|m| Some((m, uneven(m)?))) {
        let reason = format!("part {} has {} bytes", part.number, part.size);
        return Err(ObjectsError::field("parts", reason, format!("give all but the last {multiple} bytes")));
    }
    Ok(parts)
}

fn whole_checksum(
    plan: &Plan,
    parts: &[Stored],
    announced: Option<&str>,
    size: u64,
) -> Result<Option<Checksum>, ObjectsError> {
    let Some(algorithm) = plan.algorithm else { return Ok(None) };
    let sums: Vec<(Option<&str>, u64)> = parts.iter().map(|p| (p.part.checksum.as_deref(), p.part.size)).collect();
    let whole = checksum::combine(algorithm, plan.full, &sums);
    if let (Some(announced), Some(Checksum { value, .. })) = (announced, &whole) {
        // A composite one may come with or without the number of parts.
        let bare = value.split_once('-').map_or(value.as_str(), |(bare, _)| bare);
        if announced != value && announced != bare {
            let (announced, computed) = (announced.to_owned(), value.clone());
            return Err(ObjectsError::BadDigest { algorithm: algorithm.as_str(), announced, computed, received: size });
        }
    }
    Ok(whole)
}

/// UFile's hash of the whole, where every part but the last ends on a block of 4 MiB.
fn whole_ufile(parts: &[Stored]) -> Option<String> {
    let (_, rest) = parts.split_last()?;
    let aligned = rest.iter().all(|p| p.part.size % UFILE_BLOCK as u64 == 0);
    aligned.then(|| {
        let blocks: Vec<u8> = parts.iter().flat_map(|p| p.blocks.iter().copied()).collect();
        ufile_hash::etag(&blocks)
    })
}
