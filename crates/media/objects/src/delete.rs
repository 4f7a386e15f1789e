//! Deleting: a marker where versions are kept, the bytes where not; and versions for good.

use doorstep_clock::Timestamp;
use doorstep_store::Tx;

use crate::events::{self, Event};
use crate::object::{LockMode, Meta, Object};
use crate::put::fresh_uid;
use crate::service::lock_key;
use crate::settings::Versioning;
use crate::{Bucket, Objects, ObjectsError, WriteConditions, bucket, metrics, records};

/// What to delete.
#[derive(Clone, Debug, Default)]
pub struct Delete {
    /// The key.
    pub key: String,
    /// This version for good; without it the key as a plain read finds it.
    pub version: Option<String>,
    /// Under which conditions.
    pub conditions: WriteConditions,
    /// Whoever may has said that governance retention is not to stop this.
    pub bypass_governance: bool,
    /// A lifecycle rule asks, not a caller.
    pub by_rule: bool,
}

/// What a delete did. Deleting what is not there is no error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Deleted {
    /// The version that was removed, or the marker that was made.
    pub version: Option<String>,
    /// Whether that is a delete marker.
    pub marker: bool,
}

/// Why a version cannot be deleted or overwritten now, if so.
pub(crate) fn locked(meta: &Meta, bypass_governance: bool, now: Timestamp) -> Result<(), ObjectsError> {
    if meta.legal_hold {
        return Err(ObjectsError::Locked("a legal hold is on it".to_owned()));
    }
    match meta.retention {
        Some(kept) if now < kept.until && !(kept.mode == LockMode::Governance && bypass_governance) => {
            Err(ObjectsError::Locked(format!("it is retained until {}", kept.until)))
        }
        _ => Ok(()),
    }
}

pub(crate) fn delete_in(
    tx: &mut dyn Tx,
    bucket: &Bucket,
    delete: &Delete,
    now: Timestamp,
) -> Result<Deleted, ObjectsError> {
    lock_key(tx, bucket.id, &delete.key)?;
    match &delete.version {
        None => delete_current(tx, bucket, delete, now),
        Some(version) => delete_version(tx, bucket, delete, version, now),
    }
}

fn delete_current(tx: &mut dyn Tx, bucket: &Bucket, delete: &Delete, now: Timestamp) -> Result<Deleted, ObjectsError> {
    let before = records::current(tx, bucket.id, &delete.key)?;
    match &before {
        Some(_) => delete.conditions.check(&delete.key, before.as_ref())?,
        // What is not there is deleted already; only a marker has something that a condition can miss.
        None => match records::newest_hidden(tx, bucket.id, &delete.key)?.filter(|hidden| hidden.marker) {
            Some(marker) => delete.conditions.check(&delete.key, Some(&marker.object))?,
            None if delete.conditions != WriteConditions::default() => return Ok(Deleted::default()),
            None => {}
        },
    }
    let seq = records::step_aside(tx, bucket, &delete.key, before.as_ref(), now)?;
    if bucket.settings.versioning == Versioning::Off {
        if let Some(gone) = &before {
            events::tell(tx, bucket, if delete.by_rule { Event::Expire } else { Event::Delete }, gone, now)?;
        }
        return Ok(Deleted::default());
    }
    let marker = Object {
        key: delete.key.clone(),
        uid: fresh_uid(),
        seq,
        unversioned: bucket.settings.versioning == Versioning::Suspended,
        modified: now,
        ..Object::default()
    };
    records::insert_marker(tx, bucket.id, &marker)?;
    let event = if delete.by_rule { Event::ExpireMarker } else { Event::Marker };
    events::tell(tx, bucket, event, &marker, now)?;
    Ok(Deleted { version: Some(marker.version().to_owned()), marker: true })
}

fn delete_version(
    tx: &mut dyn Tx,
    bucket: &Bucket,
    delete: &Delete,
    version: &str,
    now: Timestamp,
) -> Result<Deleted, ObjectsError> {
    let found = records::version(tx, bucket.id, &delete.key, version)?;
    let Some(found) = found else { return Ok(Deleted { version: Some(version.to_owned()), marker: false }) };
    delete.conditions.check(&delete.key, Some(&found.object))?;
    if !found.marker {
        locked(&found.object.meta, delete.bypass_governance, now)?;
    }
    let shown = found.current || records::current(tx, bucket.id, &delete.key)?.is_none();
    records::remove(tx, bucket.id, &found, now)?;
    events::tell(tx, bucket, if delete.by_rule { Event::Expire } else { Event::Delete }, &found.object, now)?;
    if shown {
        records::reveal(tx, bucket.id, &delete.key)?;
    }
    Ok(Deleted { version: Some(version.to_owned()), marker: found.marker })
}

impl Objects {
    /// Deletes one object or version.
    ///
    /// # Errors
    /// [`ObjectsError::PreconditionFailed`], [`ObjectsError::Locked`], or the store's.
    pub async fn delete(&self, bucket: &Bucket, delete: Delete) -> Result<Deleted, ObjectsError> {
        let (known, now) = (bucket.clone(), self.now());
        let deleted = self
            .store()
            .write(move |tx| {
                let bucket = bucket::current(tx, &known)?;
                delete_in(tx, &bucket, &delete, now)
            })
            .await?;
        metrics::deleted(1);
        Ok(deleted)
    }

    /// Deletes many, each with its own answer, in the order given; all that succeed become durable together.
    ///
    /// # Errors
    /// The store's; refusals are in the answers.
    pub async fn delete_many(
        &self,
        bucket: &Bucket,
        deletes: Vec<Delete>,
    ) -> Result<Vec<Result<Deleted, ObjectsError>>, ObjectsError> {
        let count = deletes.len();
        let (known, now) = (bucket.clone(), self.now());
        let answers = self
            .store()
            .write(move |tx| {
                let bucket = bucket::current(tx, &known)?;
                // Locks in one order, so that two of these never wait for each other.
                let mut keys: Vec<&str> = deletes.iter().map(|d| d.key.as_str()).collect();
                keys.sort_unstable();
                keys.dedup();
                keys.iter().try_for_each(|key| lock_key(tx, bucket.id, key))?;
                let mut answers = Vec::with_capacity(deletes.len());
                for delete in &deletes {
                    match delete_in(tx, &bucket, delete, now) {
                        Err(ObjectsError::Store(error)) => return Err(ObjectsError::Store(error)),
                        answer => answers.push(answer),
                    }
                }
                Ok(answers)
            })
            .await?;
        metrics::deleted(count as u64);
        Ok(answers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Retention;

    #[test]
    fn locks() {
        let kept = |mode| Meta { retention: Some(Retention { mode, until: Timestamp(10) }), ..Meta::default() };
        assert!(locked(&Meta::default(), false, Timestamp(0)).is_ok());
        assert!(locked(&Meta { legal_hold: true, ..Meta::default() }, true, Timestamp(0)).is_err());
        assert!(locked(&kept(LockMode::Governance), false, Timestamp(9)).is_err());
        assert!(locked(&kept(LockMode::Governance), true, Timestamp(9)).is_ok());
        assert!(locked(&kept(LockMode::Compliance), true, Timestamp(9)).is_err());
        assert!(locked(&kept(LockMode::Compliance), false, Timestamp(10)).is_ok());
    }
}
