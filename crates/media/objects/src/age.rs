//! Lifecycle rules at work: walks the buckets that have rules and does what is due.

use std::time::Duration;

use doorstep_clock::Timestamp;

use crate::events::Event;
use crate::lifecycle::{
    Due, Fate, LifecycleRule, Noncurrent, expiry, fate, marker_goes, old_version_becomes, old_version_goes,
};
use crate::{
    Bucket, Delete, List, ListUploads, ListVersions, Object, Objects, ObjectsError, StorageClass, Version, Versioning,
    WriteConditions, metrics,
};

/// Between two walks.
const AGE_EVERY: Duration = Duration::from_secs(3600);
/// Entries of one page of a walk.
const PAGE: usize = 1000;

/// What a walk did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Aged {
    /// Objects, versions and markers that went.
    pub expired: u64,
    /// Objects that changed their class.
    pub moved: u64,
    /// Unfinished uploads that were aborted.
    pub aborted: u64,
}

impl Objects {
    /// When a current object expires by the bucket's rules, and by which.
    #[must_use]
    pub fn expiry(&self, bucket: &Bucket, object: &Object) -> Option<(Timestamp, String)> {
        expiry(&bucket.settings.lifecycle, object, self.day())
    }

    fn day(&self) -> i64 {
        i64::try_from(self.config().lifecycle_day.as_millis()).unwrap_or(i64::MAX)
    }

    pub(crate) async fn age_always(&self) {
        loop {
            tokio::time::sleep(AGE_EVERY.min(self.config().lifecycle_day / 4)).await;
            match self.age().await {
                Ok(aged) if aged == Aged::default() => {}
                Ok(aged) => tracing::info!(?aged, "lifecycle rules were applied"),
                Err(error) => tracing::warn!(%error, "applying lifecycle rules failed and is tried again"),
            }
        }
    }

    /// Applies all buckets' rules once.
    ///
    /// # Errors
    /// The store's. What was done until then is done.
    pub async fn age(&self) -> Result<Aged, ObjectsError> {
        let names = self
            .store()
            .read(|tx| {
                let rows = tx.query("SELECT name FROM buckets ORDER BY name", &[])?;
                rows.iter().map(|row| Ok(row.text("name")?)).collect::<Result<Vec<String>, ObjectsError>>()
            })
            .await?;
        let mut aged = Aged::default();
        for name in names {
            match self.bucket(&name).await {
                Ok(bucket) if !bucket.settings.lifecycle.is_empty() => self.age_bucket(&bucket, &mut aged).await?,
                Ok(_) | Err(ObjectsError::NoSuchBucket(_)) => {}
                Err(error) => return Err(error),
            }
        }
        metrics::aged(aged.expired);
        Ok(aged)
    }

    async fn age_bucket(&self, bucket: &Bucket, aged: &mut Aged) -> Result<(), ObjectsError> {
        let rules = &bucket.settings.lifecycle;
        let versions = bucket.settings.versioning != Versioning::Off;
        if rules.iter().any(|r| r.enabled && (r.expire.is_some() || !r.transitions.is_empty())) {
            self.age_current(bucket, rules, aged).await?;
        }
        if rules.iter().any(|r| {
            r.enabled
                && ((r.expire.is_some() && versions)
                    || r.noncurrent_days.is_some()
                    || r.expired_markers
                    || !r.noncurrent_transitions.is_empty())
        }) {
            self.age_versions(bucket, rules, aged).await?;
        }
        if rules.iter().any(|r| r.enabled && r.abort_days.is_some()) {
            self.age_uploads(bucket, rules, aged).await?;
        }
        Ok(())
    }

    async fn age_current(&self, bucket: &Bucket, rules: &[LifecycleRule], aged: &mut Aged) -> Result<(), ObjectsError> {
        let (now, day) = (self.now(), self.day());
        let mut after = None;
        loop {
            let page = self.list(bucket, List { after, limit: PAGE, ..List::default() }).await?;
            for object in &page.objects {
                match fate(rules, object, now, day) {
                    Fate::Stay => {}
                    Fate::Expire => aged.expired += self.expire(bucket, object, None).await?,
                    Fate::Become(class) => {
                        aged.moved += self.reclass(bucket, object, class).await?;
                    }
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(()),
            }
        }
    }

    async fn reclass(&self, bucket: &Bucket, object: &Object, class: StorageClass) -> Result<u64, ObjectsError> {
        let version = Some(object.version());
        let changed = self.change_telling(bucket, &object.key, version, Some(Event::Move), move |meta| {
            (meta.class, meta.restored_until) = (class, None);
            Ok(())
        });
        gone_is_fine(changed.await)
    }

    /// Deletes what the walk saw; not what was written since.
    async fn expire(&self, bucket: &Bucket, object: &Object, version: Option<&str>) -> Result<u64, ObjectsError> {
        let seen = WriteConditions { if_match: Some(object.etag.clone()), ..WriteConditions::default() };
        let conditions = if version.is_none() { seen } else { WriteConditions::default() };
        let delete = Delete {
            key: object.key.clone(),
            version: version.map(str::to_owned),
            conditions,
            bypass_governance: false,
            by_rule: true,
        };
        gone_is_fine(self.delete(bucket, delete).await)
    }

    async fn age_versions(
        &self,
        bucket: &Bucket,
        rules: &[LifecycleRule],
        aged: &mut Aged,
    ) -> Result<(), ObjectsError> {
        let (now, day) = (self.now(), self.day());
        let (mut after, mut id) = (None, None);
        let mut walk = Walk::default();
        loop {
            let list = ListVersions { after, version: id, limit: PAGE, ..ListVersions::default() };
            let page = self.list_versions(bucket, list).await?;
            for version in page.versions {
                if let Some(before) = walk.step(&version)
                    && before.lonely_marker
                    && marker_goes(rules, &before.object, now, day)
                {
                    aged.expired += self.expire(bucket, &before.object, Some(before.object.version())).await?;
                }
                let old = !version.latest && !version.marker;
                let noncurrent = Noncurrent { since: walk.since, newer: walk.newer.saturating_sub(1), now, day };
                if old && old_version_goes(rules, &version.object, noncurrent) {
                    aged.expired += self.expire(bucket, &version.object, Some(version.object.version())).await?;
                } else if let Some(class) = old_version_becomes(rules, &version.object, noncurrent).filter(|_| old) {
                    aged.moved += self.reclass(bucket, &version.object, class).await?;
                }
            }
            match page.next {
                Some((key, version)) => (after, id) = (Some(key), version),
                None => break,
            }
        }
        if let Some(last) = walk.end()
            && marker_goes(rules, &last, now, day)
        {
            aged.expired += self.expire(bucket, &last, Some(last.version())).await?;
        }
        Ok(())
    }

    async fn age_uploads(&self, bucket: &Bucket, rules: &[LifecycleRule], aged: &mut Aged) -> Result<(), ObjectsError> {
        let (now, day) = (self.now(), self.day());
        let mut list = ListUploads { limit: PAGE, ..ListUploads::default() };
        loop {
            let page = self.list_uploads(bucket, list.clone()).await?;
            for upload in &page.uploads {
                let due = |rule: &LifecycleRule| {
                    let over = rule.abort_days.is_some_and(|days| Due::Days(days).over(upload.initiated, now, day));
                    rule.enabled && over && upload.key.starts_with(&rule.prefix)
                };
                if rules.iter().any(due) {
                    aged.aborted += gone_is_fine(self.abort_upload(bucket, &upload.key, &upload.id).await)?;
                }
            }
            match page.next {
                Some((key, id)) => (list.after, list.after_id) = (Some(key), Some(id)),
                None => return Ok(()),
            }
        }
    }
}

/// Something that somebody else did first, or that a lock keeps, is not this walk's failure.
fn gone_is_fine<T>(done: Result<T, ObjectsError>) -> Result<u64, ObjectsError> {
    match done {
        Ok(_) => Ok(1),
        Err(
            ObjectsError::NoSuchKey { .. }
            | ObjectsError::NoSuchVersion { .. }
            | ObjectsError::NoSuchUpload(_)
            | ObjectsError::PreconditionFailed(_)
            | ObjectsError::Locked(_),
        ) => Ok(0),
        Err(error) => Err(error),
    }
}

/// Where a walk over versions is: within one key, from its newest version down.
#[derive(Default)]
struct Walk {
    before: Option<Version>,
    /// Versions of this key so far.
    count: u32,
    /// Noncurrent versions of this key so far.
    newer: u32,
    /// When the version at hand stopped being current: when the one above it was written.
    since: Timestamp,
}

/// The entry before, when its key is over.
struct Over {
    object: Object,
    lonely_marker: bool,
}

impl Walk {
    fn step(&mut self, version: &Version) -> Option<Over> {
        let same = self.before.as_ref().is_some_and(|before| before.object.key == version.object.key);
        let over = if same { None } else { self.over() };
        if same {
            self.since = self.before.as_ref().map_or(self.since, |before| before.object.modified);
            self.count += 1;
        } else {
            (self.count, self.newer, self.since) = (1, 0, version.object.modified);
        }
        if !version.latest && !version.marker {
            self.newer += 1;
        }
        self.before = Some(version.clone());
        over
    }

    fn over(&self) -> Option<Over> {
        let before = self.before.as_ref()?;
        let lonely_marker = before.marker && before.latest && self.count == 1;
        Some(Over { object: before.object.clone(), lonely_marker })
    }

    fn end(&self) -> Option<Object> {
        self.over().filter(|over| over.lonely_marker).map(|over| over.object)
    }
}
