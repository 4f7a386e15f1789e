//! Bringing an archived object back for some days.

use doorstep_clock::Timestamp;

use crate::events::{self, Event};
use crate::service::lock_key;
use crate::{Bucket, Object, Objects, ObjectsError, StorageClass, bucket, records};

const DAY_MS: i64 = 86_400_000;
/// Most days at once.
const MOST_DAYS: u32 = 36_500;

/// What a restore did.
#[derive(Clone, Debug, PartialEq)]
pub struct Restored {
    /// The object as it is now.
    pub object: Object,
    /// It could be read before; only until when has changed.
    pub again: bool,
}

/// Until when a restore for so many days lasts: the midnight behind them, as S3 counts.
fn until(now: Timestamp, days: u32) -> Timestamp {
    let after = now.millis().saturating_add(i64::from(days) * DAY_MS);
    Timestamp::from_millis(after.div_euclid(DAY_MS).saturating_add(1).saturating_mul(DAY_MS))
}

impl Objects {
    /// Makes an archived version readable for some days. The bytes lie where they always did, so it is so at
    /// once; the class stays.
    ///
    /// # Errors
    /// [`ObjectsError::InvalidField`] for no days, [`ObjectsError::NotArchived`], or those of [`Self::head`].
    pub async fn restore(
        &self,
        bucket: &Bucket,
        key: &str,
        version: Option<&str>,
        days: u32,
    ) -> Result<Restored, ObjectsError> {
        if !(1..=MOST_DAYS).contains(&days) {
            return Err(ObjectsError::field("Days", format!("{days} days"), format!("write 1 to {MOST_DAYS}")));
        }
        let (known, key, version, now) = (bucket.clone(), key.to_owned(), version.map(str::to_owned), self.now());
        self.store()
            .write(move |tx| {
                let bucket = bucket::current(tx, &known)?;
                lock_key(tx, bucket.id, &key)?;
                let found = records::find(tx, bucket.id, &key, version.as_deref())?;
                if found.meta.class != StorageClass::Archive {
                    return Err(ObjectsError::NotArchived { key: key.clone() });
                }
                let again = found.readable(now);
                let stored = records::version(tx, bucket.id, &key, found.version())?;
                let mut stored = stored
                    .filter(|stored| !stored.marker)
                    .ok_or_else(|| ObjectsError::NoSuchKey { key: key.clone(), marker: None })?;
                stored.object.meta.restored_until = Some(until(now, days));
                records::update_meta(tx, bucket.id, &stored)?;
                if !again {
                    events::tell(tx, &bucket, Event::Restore, &stored.object, now)?;
                }
                Ok(Restored { object: stored.object, again })
            })
            .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_end_at_midnight() {
        assert_eq!(until(Timestamp::from_millis(DAY_MS / 2), 1).millis(), 2 * DAY_MS);
    }
}
