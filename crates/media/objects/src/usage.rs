//! How much a bucket holds, counted in the transactions that change it.

use doorstep_store::{Tx, params};

use crate::service::key_number;
use crate::{Bucket, Objects, ObjectsError, Quota};

/// Rows over which a bucket's counters are spread, so that writers of different keys seldom meet in one.
const SLOTS: i64 = 16;

/// What a bucket holds, all versions together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Objects and versions; delete markers hold nothing.
    pub objects: u64,
    /// Bytes, before dedup.
    pub bytes: u64,
}

/// Adds to a bucket's counters.
pub(crate) fn add(tx: &mut dyn Tx, bucket: i64, key: &str, objects: i64, bytes: i64) -> Result<(), ObjectsError> {
    if objects == 0 && bytes == 0 {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO object_usage (bucket, slot, objects, bytes) VALUES ($1, $2, $3, $4)
         ON CONFLICT (bucket, slot) DO UPDATE SET objects = object_usage.objects + excluded.objects,
             bytes = object_usage.bytes + excluded.bytes",
        params![bucket, key_number(bucket, key).rem_euclid(SLOTS), objects, bytes],
    )?;
    Ok(())
}

pub(crate) fn of(tx: &mut dyn Tx, bucket: i64) -> Result<Usage, ObjectsError> {
    let rows = tx.query("SELECT objects, bytes FROM object_usage WHERE bucket = $1", params![bucket])?;
    let (mut objects, mut bytes) = (0, 0);
    for row in &rows {
        objects += row.int("objects")?;
        bytes += row.int("bytes")?;
    }
    Ok(Usage { objects: u64::try_from(objects).unwrap_or(0), bytes: u64::try_from(bytes).unwrap_or(0) })
}

/// Refuses what would go over the quota.
pub(crate) fn check(tx: &mut dyn Tx, bucket: &Bucket, objects: i64, bytes: i64) -> Result<(), ObjectsError> {
    let Some(quota) = bucket.settings.quota else { return Ok(()) };
    let used = of(tx, bucket.id)?;
    over(quota, used, objects, bytes).map_or(Ok(()), |reason| Err(ObjectsError::QuotaExceeded(reason)))
}

fn over(quota: Quota, used: Usage, objects: i64, bytes: i64) -> Option<String> {
    let too_much = |limit: Option<u64>, used: u64, more: i64, what: &str| {
        let limit = limit.filter(|limit| more > 0 && used.saturating_add_signed(more) > *limit)?;
        Some(format!("{used} of {limit} {what} are used"))
    };
    too_much(quota.bytes, used.bytes, bytes, "bytes")
        .or_else(|| too_much(quota.objects, used.objects, objects, "objects"))
}

impl Objects {
    /// What a bucket holds.
    ///
    /// # Errors
    /// The store's.
    pub async fn usage(&self, bucket: &Bucket) -> Result<Usage, ObjectsError> {
        let id = bucket.id;
        self.store().read(move |tx| of(tx, id)).await
    }
}

/// What one bucket of all holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketUsage {
    /// Its number, by which lists go on; never used again for another bucket.
    pub id: i64,
    /// Whose it is.
    pub tenant: String,
    /// Its name.
    pub name: String,
    /// What it holds.
    pub usage: Usage,
}

impl Objects {
    /// What all tenants' buckets hold, for a meter: those with a number above `after`, at most `limit`.
    ///
    /// # Errors
    /// The store's.
    pub async fn usages(&self, after: i64, limit: u32) -> Result<Vec<BucketUsage>, ObjectsError> {
        self.store()
            .read(move |tx| {
                let rows = tx.query(
                    "SELECT b.id AS id, b.tenant AS tenant, b.name AS name,
                         CAST(COALESCE(SUM(u.objects), 0) AS BIGINT) AS objects,
                         CAST(COALESCE(SUM(u.bytes), 0) AS BIGINT) AS bytes
                     FROM buckets b LEFT JOIN object_usage u ON u.bucket = b.id WHERE b.id > $1
                     GROUP BY b.id, b.tenant, b.name ORDER BY b.id LIMIT $2",
                    params![after, limit],
                )?;
                let read = |row: &doorstep_store::Row| {
                    let count = |name| row.int(name).map(|n| u64::try_from(n).unwrap_or(0));
                    let usage = Usage { objects: count("objects")?, bytes: count("bytes")? };
                    Ok(BucketUsage { id: row.int("id")?, tenant: row.text("tenant")?, name: row.text("name")?, usage })
                };
                rows.iter().map(read).collect()
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quota_holds_what_grows() {
        let quota = Quota { bytes: Some(100), objects: Some(2) };
        let used = Usage { objects: 2, bytes: 90 };
        assert_eq!(over(quota, used, 0, 10), None);
        assert!(over(quota, used, 0, 11).is_some_and(|r| r.contains("bytes")));
        assert!(over(quota, used, 1, 1).is_some_and(|r| r.contains("objects")));
        assert_eq!(over(quota, Usage { objects: 9, bytes: 900 }, 0, -5), None);
        assert_eq!(over(Quota::default(), used, 99, 99), None);
    }
}
