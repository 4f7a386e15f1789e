//! Objects in the store: the one way in which a key's versions change.
//!
//! Pure store work: every function is a step of the caller's transaction, which holds the key's lock.

use doorstep_clock::Timestamp;
use doorstep_store::{Tx, params};

use crate::object::{COLUMNS, Object, UNVERSIONED};
use crate::settings::Versioning;
use crate::{Bucket, ObjectsError, blob_refs, usage};

/// The object that a plain read of the key finds.
pub(crate) fn current(tx: &mut dyn Tx, bucket: i64, key: &str) -> Result<Option<Object>, ObjectsError> {
    let sql = format!("SELECT {COLUMNS} FROM objects WHERE bucket = $1 AND key = $2");
    let row = tx.query_opt(&sql, params![bucket, key.as_bytes()])?;
    Ok(row.as_ref().map(Object::read).transpose()?)
}

/// A version, and whether it is a delete marker.
pub(crate) struct Stored {
    pub(crate) object: Object,
    pub(crate) marker: bool,
    /// In `objects`, not in `object_versions`.
    pub(crate) current: bool,
}

/// The newest version that is not current: older than the current one, or a marker that hides the key.
pub(crate) fn newest_hidden(tx: &mut dyn Tx, bucket: i64, key: &str) -> Result<Option<Stored>, ObjectsError> {
    let sql = format!(
        "SELECT {COLUMNS}, marker FROM object_versions WHERE bucket = $1 AND key = $2 ORDER BY seq DESC LIMIT 1"
    );
    match tx.query_opt(&sql, params![bucket, key.as_bytes()])? {
        Some(row) => Ok(Some(Stored { object: Object::read(&row)?, marker: row.flag("marker")?, current: false })),
        None => Ok(None),
    }
}

/// A version by its id; `null` is the one that was written without.
pub(crate) fn version(tx: &mut dyn Tx, bucket: i64, key: &str, id: &str) -> Result<Option<Stored>, ObjectsError> {
    if let Some(object) = current(tx, bucket, key)?
        && object.version() == id
    {
        return Ok(Some(Stored { object, marker: false, current: true }));
    }
    let condition = if id == UNVERSIONED { "unversioned = 1 AND uid <> $3" } else { "unversioned = 0 AND uid = $3" };
    let sql = format!("SELECT {COLUMNS}, marker FROM object_versions WHERE bucket = $1 AND key = $2 AND {condition}");
    match tx.query_opt(&sql, params![bucket, key.as_bytes(), id])? {
        Some(row) => Ok(Some(Stored { object: Object::read(&row)?, marker: row.flag("marker")?, current: false })),
        None => Ok(None),
    }
}

/// What a read without or with a version id finds, or why nothing.
pub(crate) fn find(tx: &mut dyn Tx, bucket: i64, key: &str, id: Option<&str>) -> Result<Object, ObjectsError> {
    let Some(id) = id else {
        if let Some(object) = current(tx, bucket, key)? {
            return Ok(object);
        }
        let marker = newest_hidden(tx, bucket, key)?.filter(|s| s.marker).map(|s| s.object.version().to_owned());
        return Err(ObjectsError::NoSuchKey { key: key.to_owned(), marker });
    };
    match version(tx, bucket, key, id)? {
        Some(found) if found.marker => {
            Err(ObjectsError::IsDeleteMarker { key: key.to_owned(), version: id.to_owned() })
        }
        Some(found) => Ok(found.object),
        None => Err(ObjectsError::NoSuchVersion { key: key.to_owned(), version: id.to_owned() }),
    }
}

/// Makes room for a new version of a key by what the bucket's versioning says, and returns the new
/// version's place in the order. Afterwards `objects` has no row for the key.
pub(crate) fn step_aside(
    tx: &mut dyn Tx,
    bucket: &Bucket,
    key: &str,
    before: Option<&Object>,
    now: Timestamp,
) -> Result<i64, ObjectsError> {
    let hidden = match bucket.settings.versioning {
        Versioning::Off => None,
        Versioning::Enabled | Versioning::Suspended => newest_hidden(tx, bucket.id, key)?,
    };
    let last = before.map_or(0, |o| o.seq).max(hidden.as_ref().map_or(0, |s| s.object.seq));
    if bucket.settings.versioning != Versioning::Enabled && hidden.is_some() {
        // The version without an id is replaced wherever it stands.
        if let Some(old) = version(tx, bucket.id, key, UNVERSIONED)?.filter(|old| !old.current) {
            remove(tx, bucket.id, &old, now)?;
        }
    }
    if let Some(object) = before {
        if bucket.settings.versioning == Versioning::Off
            || (bucket.settings.versioning == Versioning::Suspended && object.unversioned)
        {
            remove(tx, bucket.id, &Stored { object: object.clone(), marker: false, current: true }, now)?;
        } else {
            tx.execute(
                &format!(
                    "INSERT INTO object_versions (bucket, {COLUMNS}, marker)
                     SELECT bucket, {COLUMNS}, 0 FROM objects WHERE bucket = $1 AND key = $2"
                ),
                params![bucket.id, key.as_bytes()],
            )?;
            tx.execute("DELETE FROM objects WHERE bucket = $1 AND key = $2", params![bucket.id, key.as_bytes()])?;
        }
    }
    Ok((last + 1).max(now.millis().saturating_mul(1000)))
}

/// Writes the row of a key's new current version; its bytes are referred to already.
pub(crate) fn insert(tx: &mut dyn Tx, bucket: i64, object: &Object) -> Result<(), ObjectsError> {
    tx.execute(
        &format!("INSERT INTO objects (bucket, {COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"),
        params![
            bucket,
            object.key.as_bytes(),
            object.seq,
            object.uid.as_str(),
            object.unversioned,
            blob_refs::signed(object.size),
            object.modified,
            object.etag.as_str(),
            object.blob.as_deref(),
            object.body()
        ],
    )?;
    usage::add(tx, bucket, &object.key, 1, blob_refs::signed(object.size))
}

/// Writes a delete marker.
pub(crate) fn insert_marker(tx: &mut dyn Tx, bucket: i64, marker: &Object) -> Result<(), ObjectsError> {
    tx.execute(
        &format!(
            "INSERT INTO object_versions (bucket, {COLUMNS}, marker)
             VALUES ($1, $2, $3, $4, $5, 0, $6, '', NULL, '{{}}', 1)"
        ),
        params![bucket, marker.key.as_bytes(), marker.seq, marker.uid.as_str(), marker.unversioned, marker.modified],
    )?;
    Ok(())
}

/// Removes a version and gives its bytes back. What comes to light is the caller's matter.
pub(crate) fn remove(tx: &mut dyn Tx, bucket: i64, stored: &Stored, now: Timestamp) -> Result<(), ObjectsError> {
    let object = &stored.object;
    let table = if stored.current { "objects" } else { "object_versions" };
    tx.execute(
        &format!("DELETE FROM {table} WHERE bucket = $1 AND key = $2 AND seq = $3"),
        params![bucket, object.key.as_bytes(), object.seq],
    )?;
    if stored.marker {
        return Ok(());
    }
    match &object.blob {
        Some(blob) => blob_refs::release(tx, blob, now)?,
        None => blob_refs::release_pieces(tx, &object.uid, now)?,
    }
    usage::add(tx, bucket, &object.key, -1, -blob_refs::signed(object.size))
}

/// After the current version or the newest marker was removed: the next older version comes to light.
pub(crate) fn reveal(tx: &mut dyn Tx, bucket: i64, key: &str) -> Result<(), ObjectsError> {
    let Some(next) = newest_hidden(tx, bucket, key)?.filter(|next| !next.marker) else { return Ok(()) };
    let place = params![bucket, key.as_bytes(), next.object.seq];
    tx.execute(
        &format!(
            "INSERT INTO objects (bucket, {COLUMNS})
             SELECT bucket, {COLUMNS} FROM object_versions WHERE bucket = $1 AND key = $2 AND seq = $3"
        ),
        place,
    )?;
    tx.execute("DELETE FROM object_versions WHERE bucket = $1 AND key = $2 AND seq = $3", place)?;
    Ok(())
}

/// Writes changed metadata of a version that stays in place.
pub(crate) fn update_meta(tx: &mut dyn Tx, bucket: i64, stored: &Stored) -> Result<(), ObjectsError> {
    let table = if stored.current { "objects" } else { "object_versions" };
    tx.execute(
        &format!("UPDATE {table} SET body = $1 WHERE bucket = $2 AND key = $3 AND seq = $4"),
        params![stored.object.body(), bucket, stored.object.key.as_bytes(), stored.object.seq],
    )?;
    Ok(())
}
