//! Changing what is known of an object without touching its bytes: tags, locks, headers, class.

use doorstep_clock::Timestamp;

use crate::events::{self, Event};
use crate::object::{LockMode, Meta, Object, Retention};
use crate::service::lock_key;
use crate::{Bucket, Objects, ObjectsError, bucket, records};

impl Objects {
    /// Changes the metadata of a version in place; ETag and time of change stay.
    ///
    /// # Errors
    /// As [`Self::head`], what `change` refuses, or the store's.
    pub async fn change(
        &self,
        bucket: &Bucket,
        key: &str,
        version: Option<&str>,
        change: impl Fn(&mut Meta) -> Result<(), ObjectsError> + Send + 'static,
    ) -> Result<Object, ObjectsError> {
        self.change_telling(bucket, key, version, None, change).await
    }

    /// The same, and tells of it.
    pub(crate) async fn change_telling(
        &self,
        bucket: &Bucket,
        key: &str,
        version: Option<&str>,
        event: Option<Event>,
        change: impl Fn(&mut Meta) -> Result<(), ObjectsError> + Send + 'static,
    ) -> Result<Object, ObjectsError> {
        let (known, key, version) = (bucket.clone(), key.to_owned(), version.map(str::to_owned));
        let (config, now) = (self.config().clone(), self.now());
        self.store()
            .write(move |tx| {
                let bucket = bucket::current(tx, &known)?;
                lock_key(tx, known.id, &key)?;
                let found = records::find(tx, known.id, &key, version.as_deref())?;
                let stored = records::version(tx, known.id, &key, found.version())?;
                let mut stored = stored
                    .filter(|s| !s.marker)
                    .ok_or_else(|| ObjectsError::NoSuchKey { key: key.clone(), marker: None })?;
                change(&mut stored.object.meta)?;
                stored.object.meta.check(&config)?;
                records::update_meta(tx, known.id, &stored)?;
                if let Some(event) = event {
                    events::tell(tx, &bucket, event, &stored.object, now)?;
                }
                Ok(stored.object)
            })
            .await
    }

    /// Sets or takes away until when a version is kept. Shortening governance needs `bypass`; compliance is
    /// never shortened.
    ///
    /// # Errors
    /// [`ObjectsError::Locked`], [`ObjectsError::InvalidState`] in a bucket that was not made for locks, a time
    /// that is over, or those of [`Self::change`].
    pub async fn retain(
        &self,
        bucket: &Bucket,
        key: &str,
        version: Option<&str>,
        retention: Option<Retention>,
        bypass: bool,
    ) -> Result<Object, ObjectsError> {
        lockable(bucket)?;
        let now = self.now();
        self.change(bucket, key, version, move |meta| {
            may_retain(meta.retention, retention, bypass, now)?;
            meta.retention = retention;
            Ok(())
        })
        .await
    }

    /// Puts a legal hold on a version or takes it away.
    ///
    /// # Errors
    /// [`ObjectsError::InvalidState`] in a bucket that was not made for locks, or those of [`Self::change`].
    pub async fn hold(
        &self,
        bucket: &Bucket,
        key: &str,
        version: Option<&str>,
        hold: bool,
    ) -> Result<Object, ObjectsError> {
        lockable(bucket)?;
        self.change(bucket, key, version, move |meta| {
            meta.legal_hold = hold;
            Ok(())
        })
        .await
    }
}

pub(crate) fn lockable(bucket: &Bucket) -> Result<(), ObjectsError> {
    if bucket.settings.lockable {
        return Ok(());
    }
    Err(ObjectsError::InvalidState("the bucket was not made for object locks".to_owned()))
}

fn may_retain(
    before: Option<Retention>,
    after: Option<Retention>,
    bypass: bool,
    now: Timestamp,
) -> Result<(), ObjectsError> {
    if after.is_some_and(|r| r.until <= now) {
        return Err(ObjectsError::field("RetainUntilDate", "it is over", "choose a time to come"));
    }
    let Some(before) = before.filter(|r| now < r.until) else { return Ok(()) };
    let longer = after.is_some_and(|r| r.until >= before.until && r.mode == before.mode);
    match before.mode {
        _ if longer => Ok(()),
        LockMode::Governance if bypass => Ok(()),
        _ => Err(ObjectsError::Locked(format!("it is retained until {}", before.until))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retention_grows_or_is_bypassed() {
        let until = |mode, until| Some(Retention { mode, until: Timestamp(until) });
        let (governance, compliance) = (LockMode::Governance, LockMode::Compliance);
        let may = |before, after, bypass| may_retain(before, after, bypass, Timestamp(5)).is_ok();
        assert!(may(None, until(governance, 9), false));
        assert!(!may(None, until(governance, 5), false));
        assert!(may(until(governance, 9), until(governance, 10), false));
        assert!(!may(until(governance, 9), until(governance, 8), false));
        assert!(may(until(governance, 9), until(governance, 8), true));
        assert!(may(until(governance, 9), None, true));
        assert!(!may(until(governance, 9), until(compliance, 9), false));
        assert!(may(until(governance, 9), until(compliance, 9), true));
        assert!(!may(until(compliance, 9), until(compliance, 8), true));
        assert!(!may(until(compliance, 9), until(governance, 10), false));
        assert!(may(until(compliance, 4), None, false));
    }
}
