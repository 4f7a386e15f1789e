//! Which blobs there are and how many objects refer to each: dedup inside a tenant, and what may go.
//!
//! A blob whose last reference went keeps its row, marked with the time, until the sweep takes it; an
//! upload of the same bytes in between takes it back. Both are single statements, so they cannot miss each
//! other.

use doorstep_blobs::{Place, Stored};
use doorstep_clock::Timestamp;
use doorstep_store::{Tx, params};

use crate::ObjectsError;
use crate::digest::Sums;
use crate::seal::Sealing;

/// A blob that was written and is not in the table yet.
#[derive(Clone, Debug)]
pub(crate) struct Fresh {
    pub(crate) place: Place,
    pub(crate) len: u64,
    /// Equal for equal bytes of one tenant.
    pub(crate) content: Vec<u8>,
    /// The wrapped key, if they are encrypted.
    pub(crate) seal: Option<String>,
}

impl Fresh {
    pub(crate) fn new(stored: &Stored, sums: &Sums, sealing: Option<&Sealing>) -> Result<Self, ObjectsError> {
        let content = sealing.map_or_else(|| Ok(sums.content()), |sealing| sealing.content(sums))?;
        let seal = sealing.map(|sealing| sealing.seal.clone());
        Ok(Self { place: stored.place, len: stored.len, content, seal })
    }
}

/// A reference that was taken.
pub(crate) struct Kept {
    /// The blob's row.
    pub(crate) id: String,
    /// The fresh bytes are in use now; if not, they were there already and the fresh ones can go.
    pub(crate) fresh: bool,
}

/// Takes a reference to these bytes: to the fresh blob, or to an older one with the same content.
pub(crate) fn keep(tx: &mut dyn Tx, tenant: &str, fresh: &Fresh) -> Result<Kept, ObjectsError> {
    let segment = fresh.place.segment().map(i64::from);
    let row = tx.query_opt(
        "INSERT INTO blobs (id, tenant, hash, size, place, segment, seal, refs) VALUES ($1, $2, $3, $4, $5, $6, $7, 1)
         ON CONFLICT (tenant, hash) DO UPDATE SET refs = blobs.refs + 1, freed_at = NULL RETURNING id, damaged_at",
        params![
            fresh.place.id().to_string(),
            tenant,
            fresh.content.clone(),
            signed(fresh.len),
            fresh.place.to_string(),
            segment,
            fresh.seal.as_deref()
        ],
    )?;
    let row = row.ok_or(doorstep_store::StoreError::Conflict { attempts: 1 })?;
    let id = row.text("id")?;
    if row.opt_int("damaged_at")?.is_some() {
        // The same bytes came again: the damaged ones are replaced, and all that refer to them are whole.
        tx.execute(
            "UPDATE blobs SET place = $1, segment = $2, seal = $3, damaged_at = NULL WHERE id = $4",
            params![fresh.place.to_string(), segment, fresh.seal.as_deref(), &id],
        )?;
        return Ok(Kept { id, fresh: true });
    }
    Ok(Kept { fresh: id == fresh.place.id().to_string(), id })
}

/// Takes one more reference to a blob that is in use.
pub(crate) fn share(tx: &mut dyn Tx, blob: &str) -> Result<(), ObjectsError> {
    tx.execute("UPDATE blobs SET refs = refs + 1, freed_at = NULL WHERE id = $1", params![blob])?;
    Ok(())
}

/// Gives one reference back.
pub(crate) fn release(tx: &mut dyn Tx, blob: &str, now: Timestamp) -> Result<(), ObjectsError> {
    tx.execute(
        "UPDATE blobs SET refs = refs - 1, freed_at = CASE WHEN refs <= 1 THEN CAST($2 AS BIGINT) END WHERE id = $1",
        params![blob, now],
    )?;
    Ok(())
}

/// Gives back the references of an object made of parts, and its list of them.
pub(crate) fn release_pieces(tx: &mut dyn Tx, owner: &str, now: Timestamp) -> Result<(), ObjectsError> {
    const COUNT: &str = "(SELECT COUNT(*) FROM object_pieces WHERE owner = $1 AND blob = blobs.id)";
    let sql = format!(
        "UPDATE blobs SET refs = refs - {COUNT}, freed_at = CASE WHEN refs <= {COUNT} THEN CAST($2 AS BIGINT) END
         WHERE id IN (SELECT blob FROM object_pieces WHERE owner = $1)"
    );
    tx.execute(&sql, params![owner, now])?;
    tx.execute("DELETE FROM object_pieces WHERE owner = $1", params![owner])?;
    Ok(())
}

/// Gives the object `to` the same parts as `from`.
pub(crate) fn share_pieces(tx: &mut dyn Tx, from: &str, to: &str) -> Result<(), ObjectsError> {
    tx.execute(
        "INSERT INTO object_pieces (owner, n, blob, size, etag, checksum)
         SELECT $2, n, blob, size, etag, checksum FROM object_pieces WHERE owner = $1",
        params![from, to],
    )?;
    tx.execute(
        "UPDATE blobs SET freed_at = NULL,
             refs = refs + (SELECT COUNT(*) FROM object_pieces WHERE owner = $1 AND blob = blobs.id)
         WHERE id IN (SELECT blob FROM object_pieces WHERE owner = $1)",
        params![to],
    )?;
    Ok(())
}

/// A number of bytes as the store has it.
pub(crate) fn signed(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}
