//! Listing every version of every key, newest first within a key.

use std::cmp::Ordering;

use doorstep_store::{Tx, params};

use crate::list::{behind, common_prefix};
use crate::object::{COLUMNS, Object};
use crate::{Bucket, Objects, ObjectsError, records};

/// The most entries of a page.
const MOST: usize = 1000;

/// Which versions to list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListVersions {
    /// Only keys that begin so.
    pub prefix: String,
    /// Keys that agree up to this text behind the prefix are one entry.
    pub delimiter: Option<String>,
    /// Begin behind this key, or inside it if `version` is given.
    pub after: Option<String>,
    /// Begin behind this version of the key `after`.
    pub version: Option<String>,
    /// Most entries.
    pub limit: usize,
}

/// An entry of a listing of versions.
#[derive(Clone, Debug, PartialEq)]
pub struct Version {
    /// The version; a delete marker has no bytes.
    pub object: Object,
    /// Whether a plain read of the key meets it.
    pub latest: bool,
    /// Whether it is a delete marker.
    pub marker: bool,
}

/// A page of versions.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VersionPage {
    /// By key, newest first within a key.
    pub versions: Vec<Version>,
    /// Common prefixes in order.
    pub prefixes: Vec<String>,
    /// The last entry, if there are more: key and version (none for a common prefix).
    pub next: Option<(String, Option<String>)>,
}

/// The first position that is wanted: this key at or below this place in its order.
struct From {
    key: Vec<u8>,
    below: i64,
}

/// Versions from a position on, both tables together, at most `limit`.
fn batch(
    tx: &mut dyn Tx,
    bucket: i64,
    from: &From,
    end: Option<&[u8]>,
    limit: usize,
) -> Result<Vec<Version>, ObjectsError> {
    let limit_sql = i64::try_from(limit).unwrap_or(i64::MAX);
    // No key is as long as this, so nothing sorts behind it.
    let end = end.map_or_else(|| vec![u8::MAX; 8], <[u8]>::to_vec);
    let current = tx.query(
        &format!(
            "SELECT {COLUMNS} FROM objects WHERE bucket = $1 AND key >= $2 AND key < $3 ORDER BY bucket, key LIMIT $4"
        ),
        params![bucket, from.key.clone(), end.clone(), limit_sql],
    )?;
    let mut inside = tx.query(
        &format!(
            "SELECT {COLUMNS}, marker FROM object_versions WHERE bucket = $1 AND key = $2 AND seq < $3
             ORDER BY bucket, key, seq DESC LIMIT $4"
        ),
        params![bucket, from.key.clone(), from.below, limit_sql],
    )?;
    inside.extend(tx.query(
        &format!(
            "SELECT {COLUMNS}, marker FROM object_versions WHERE bucket = $1 AND key > $2 AND key < $3
             ORDER BY key, seq DESC LIMIT $4"
        ),
        params![bucket, from.key.clone(), end, limit_sql],
    )?);
    let mut versions = Vec::with_capacity(current.len() + inside.len());
    for row in &current {
        let object = Object::read(row)?;
        if object.key.as_bytes() != from.key.as_slice() || object.seq < from.below {
            versions.push(Version { object, latest: true, marker: false });
        }
    }
    for row in &inside {
        versions.push(Version { object: Object::read(row)?, latest: false, marker: row.flag("marker")? });
    }
    versions.sort_by(|a, b| match a.object.key.cmp(&b.object.key) {
        Ordering::Equal => b.object.seq.cmp(&a.object.seq),
        other => other,
    });
    versions.truncate(limit);
    Ok(versions)
}

pub(crate) fn list_versions_in(tx: &mut dyn Tx, bucket: i64, list: &ListVersions) -> Result<VersionPage, ObjectsError> {
    let limit = list.limit.min(MOST);
    let mut page = VersionPage::default();
    if limit == 0 {
        return Ok(page);
    }
    let prefix = list.prefix.as_str();
    let delimiter = list.delimiter.as_deref();
    let end = if prefix.is_empty() { None } else { behind(prefix.as_bytes()) };
    let mut from = From { key: prefix.as_bytes().to_vec(), below: i64::MAX };
    // The key of the entry before the page, none of whose further versions is the latest.
    let mut before: Option<String> = None;
    if let Some(after) = list.after.as_deref().filter(|after| *after >= prefix) {
        let whole = common_prefix(after, prefix, delimiter) == Some(after);
        let inside = match &list.version {
            Some(version) => records::version(tx, bucket, after, version)?,
            None => None,
        };
        from = match (inside, behind(after.as_bytes()).filter(|_| whole)) {
            (Some(stored), _) => {
                before = Some(after.to_owned());
                From { key: after.as_bytes().to_vec(), below: stored.object.seq }
            }
            (None, Some(behind)) => From { key: behind, below: i64::MAX },
            (None, None) => From { key: [after.as_bytes(), &[0]].concat(), below: i64::MAX },
        };
    }
    let mut last = None;
    'pages: loop {
        let versions = batch(tx, bucket, &from, end.as_deref(), limit + 1)?;
        let full = versions.len() > limit;
        for mut version in versions {
            if page.versions.len() + page.prefixes.len() == limit {
                page.next = last;
                break 'pages;
            }
            let key = version.object.key.clone();
            if let Some(common) = common_prefix(&key, prefix, delimiter) {
                page.prefixes.push(common.to_owned());
                last = Some((common.to_owned(), None));
                match behind(common.as_bytes()) {
                    Some(key) => from = From { key, below: i64::MAX },
                    None => break 'pages,
                }
                continue 'pages;
            }
            version.latest |= before.as_deref() != Some(key.as_str());
            from = From { key: key.as_bytes().to_vec(), below: version.object.seq };
            last = Some((key.clone(), Some(version.object.version().to_owned())));
            before = Some(key);
            page.versions.push(version);
        }
        if !full {
            break;
        }
    }
    Ok(page)
}

impl Objects {
    /// A page of a bucket's versions and delete markers.
    ///
    /// # Errors
    /// The store's.
    pub async fn list_versions(&self, bucket: &Bucket, list: ListVersions) -> Result<VersionPage, ObjectsError> {
        let id = bucket.id;
        self.store().read(move |tx| list_versions_in(tx, id, &list)).await
    }
}
