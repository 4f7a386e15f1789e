//! Uploads in parts that are under way: begun, listed, aborted.

use doorstep_clock::Timestamp;
use doorstep_store::{Row, StoreError, Tx, params};
use serde::{Deserialize, Serialize};

use crate::checksum::Algorithm;
use crate::object::Meta;
use crate::{Bucket, Objects, ObjectsError, blob_refs, bucket, ufile_hash};

/// The most entries of a page.
const MOST: usize = 1000;

/// An upload in parts that is under way.
#[derive(Clone, Debug, PartialEq)]
pub struct Upload {
    /// Its id.
    pub id: String,
    /// The key that it will be.
    pub key: String,
    /// When it was begun.
    pub initiated: Timestamp,
    /// What the object will be.
    pub plan: Plan,
}

/// What an upload's object will be.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// What is kept beside the bytes.
    pub meta: Meta,
    /// The checksum of each part.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub algorithm: Option<Algorithm>,
    /// Whether the object's checksum is over all bytes, not over the parts' checksums.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub full: bool,
}

/// A part of an upload or of a finished object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its number.
    pub number: u32,
    /// Its bytes.
    pub size: u64,
    /// Its MD5 in hex.
    pub etag: String,
    /// Its UFile hash; a part of a finished object has none of its own.
    pub ufile: Option<String>,
    /// Its checksum, base64, of the upload's kind.
    pub checksum: Option<String>,
    /// When it came.
    pub modified: Timestamp,
}

impl Part {
    pub(crate) fn read(row: &Row, modified: Timestamp) -> Result<Self, ObjectsError> {
        Ok(Self {
            number: u32::try_from(row.int("n")?).unwrap_or(0),
            size: u64::try_from(row.int("size")?).unwrap_or(0),
            etag: row.text("etag")?,
            ufile: None,
            checksum: row.opt_text("checksum")?,
            modified,
        })
    }
}

/// A page of uploads.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UploadPage {
    /// By key and id.
    pub uploads: Vec<Upload>,
    /// Common prefixes in order.
    pub prefixes: Vec<String>,
    /// The last entry's key and id, if there are more.
    pub next: Option<(String, String)>,
}

/// A page of an upload's parts.
#[derive(Clone, Debug, PartialEq)]
pub struct PartPage {
    /// The upload.
    pub upload: Upload,
    /// By number.
    pub parts: Vec<Part>,
    /// The last number, if there are more.
    pub next: Option<u32>,
}

fn read(row: &Row) -> Result<Upload, ObjectsError> {
    let id = row.text("id")?;
    let decode = |reason: String| StoreError::Decode { key: format!("upload {id}"), reason };
    let key = String::from_utf8(row.blob("key")?).map_err(|e| decode(e.to_string()))?;
    let plan = serde_json::from_str(&row.text("body")?).map_err(|e| decode(e.to_string()))?;
    Ok(Upload { key, initiated: row.time("initiated")?, plan, id })
}

pub(crate) fn insert(tx: &mut dyn Tx, bucket: i64, upload: &Upload) -> Result<(), ObjectsError> {
    let body = serde_json::to_string(&upload.plan).expect("a plan has string keys and finite numbers");
    tx.execute(
        "INSERT INTO object_uploads (id, bucket, key, initiated, body) VALUES ($1, $2, $3, $4, $5)",
        params![upload.id.as_str(), bucket, upload.key.as_bytes(), upload.initiated, body],
    )?;
    Ok(())
}

/// Writes what an upload's object will be, anew.
pub(crate) fn replan(tx: &mut dyn Tx, id: &str, plan: &Plan) -> Result<(), ObjectsError> {
    let body = serde_json::to_string(plan).expect("a plan has string keys and finite numbers");
    tx.execute("UPDATE object_uploads SET body = $1 WHERE id = $2", params![body, id])?;
    Ok(())
}

pub(crate) fn find(tx: &mut dyn Tx, bucket: i64, key: &str, id: &str) -> Result<Upload, ObjectsError> {
    let upload = find_by_id(tx, bucket, id)?;
    if upload.key == key { Ok(upload) } else { Err(none(id)) }
}

fn find_by_id(tx: &mut dyn Tx, bucket: i64, id: &str) -> Result<Upload, ObjectsError> {
    let sql = "SELECT id, key, initiated, body FROM object_uploads WHERE id = $1 AND bucket = $2";
    match tx.query_opt(sql, params![id, bucket])? {
        Some(row) => read(&row),
        None => Err(none(id)),
    }
}

fn none(id: &str) -> ObjectsError {
    ObjectsError::NoSuchUpload(id.chars().take(64).collect())
}

/// Ends an upload and gives back the bytes of its parts.
pub(crate) fn discard(tx: &mut dyn Tx, id: &str, now: Timestamp) -> Result<(), ObjectsError> {
    for row in tx.query("SELECT blob FROM object_parts WHERE upload = $1", params![id])? {
        blob_refs::release(tx, &row.text("blob")?, now)?;
    }
    tx.execute("DELETE FROM object_parts WHERE upload = $1", params![id])?;
    tx.execute("DELETE FROM object_uploads WHERE id = $1", params![id])?;
    Ok(())
}

impl Objects {
    /// Ends an upload; its parts are gone.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchUpload`] or the store's.
    pub async fn abort_upload(&self, bucket: &Bucket, key: &str, id: &str) -> Result<(), ObjectsError> {
        let (known, key, id, now) = (bucket.clone(), key.to_owned(), id.to_owned(), self.now());
        self.store()
            .write(move |tx| {
                bucket::current(tx, &known)?;
                find(tx, known.id, &key, &id)?;
                discard(tx, &id, now)
            })
            .await
    }

    /// An upload and a page of its parts with numbers above `after`; `None` for all of them. Without a key
    /// the upload of this id, whatever it is for.
    ///
    /// # Errors
    /// [`ObjectsError::NoSuchUpload`] or the store's.
    pub async fn list_parts(
        &self,
        bucket: &Bucket,
        key: Option<&str>,
        id: &str,
        after: Option<u32>,
        limit: usize,
    ) -> Result<PartPage, ObjectsError> {
        let (bucket, key, id) = (bucket.id, key.map(str::to_owned), id.to_owned());
        let limit = limit.min(MOST);
        self.store()
            .read(move |tx| {
                let upload = match &key {
                    Some(key) => find(tx, bucket, key, &id)?,
                    None => find_by_id(tx, bucket, &id)?,
                };
                let rows = tx.query(
                    "SELECT n, size, etag, checksum, blocks, modified FROM object_parts WHERE upload = $1 AND n > $2
                     ORDER BY n LIMIT $3",
                    params![&id, after.map_or(-1, i64::from), i64::try_from(limit + 1).unwrap_or(i64::MAX)],
                )?;
                let part = |row: &Row| {
                    let ufile = Some(ufile_hash::etag(&row.blob("blocks")?));
                    Ok(Part { ufile, ..Part::read(row, row.time("modified")?)? })
                };
                let mut parts = rows.iter().map(part).collect::<Result<Vec<_>, ObjectsError>>()?;
                let more = parts.len() > limit;
                parts.truncate(limit);
                let next = if more { parts.last().map(|part| part.number) } else { None };
                Ok(PartPage { upload, parts, next })
            })
            .await
    }

    /// A page of the uploads under way in a bucket.
    ///
    /// # Errors
    /// The store's.
    pub async fn list_uploads(&self, bucket: &Bucket, list: crate::ListUploads) -> Result<UploadPage, ObjectsError> {
        let bucket = bucket.id;
        self.store().read(move |tx| list_uploads_in(tx, bucket, &list)).await
    }
}

fn list_uploads_in(tx: &mut dyn Tx, bucket: i64, list: &crate::ListUploads) -> Result<UploadPage, ObjectsError> {
    let limit = list.limit.min(MOST);
    let mut page = UploadPage::default();
    let (mut key, mut id) = (list.after.clone().unwrap_or_default(), list.after_id.clone().unwrap_or_default());
    if list.after.is_some() && list.after_id.is_none() {
        // Behind the whole key: ids are shorter and made of smaller letters than this.
        id = "~".to_owned();
    }
    let mut last = None;
    if limit == 0 {
        return Ok(page);
    }
    'pages: loop {
        let rows = tx.query(
            "SELECT id, key, initiated, body FROM object_uploads
             WHERE bucket = $1 AND key >= $2 AND (key > $2 OR id > $3) ORDER BY bucket, key, id LIMIT $4",
            params![bucket, key.as_bytes(), &id, i64::try_from(limit + 1).unwrap_or(i64::MAX)],
        )?;
        let full = rows.len() > limit;
        for row in &rows {
            let upload = read(row)?;
            (key, id) = (upload.key.clone(), upload.id.clone());
            if !upload.key.starts_with(&list.prefix) {
                if upload.key > list.prefix {
                    break 'pages;
                }
                continue;
            }
            let common = crate::list::common_prefix(&upload.key, &list.prefix, list.delimiter.as_deref());
            if common.is_some_and(|common| page.prefixes.last().is_some_and(|last| last == common)) {
                last = Some((upload.key.clone(), upload.id.clone()));
                continue;
            }
            if page.uploads.len() + page.prefixes.len() == limit {
                page.next = last;
                break 'pages;
            }
            last = Some((upload.key.clone(), upload.id.clone()));
            match common {
                Some(common) => page.prefixes.push(common.to_owned()),
                None => page.uploads.push(upload),
            }
        }
        if !full {
            break;
        }
    }
    Ok(page)
}
