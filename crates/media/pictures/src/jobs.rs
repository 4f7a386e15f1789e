//! What upload rules have still to do: one row for each object and rule, written in the upload's own transaction.
//!
//! So an upload that is acknowledged has its row, and one that is not has none. Whoever works on a row has it for a
//! while; a row whose object was written again meanwhile is done again afterwards, never beside.

use doorstep_clock::Timestamp;
use doorstep_objects::{Bucket, Object, ObjectsError, Watcher};
use doorstep_store::{Migration, StoreError, Tx, params};

use crate::PictureSettings;

/// To be passed to `Store::open`.
pub const MIGRATIONS: &[Migration] = &[Migration::same(
    "pictures/0001_jobs",
    "CREATE TABLE picture_jobs (
        bucket TEXT NOT NULL,
        key BYTEA NOT NULL,
        rule TEXT NOT NULL,
        uid TEXT NOT NULL,
        due BIGINT NOT NULL,
        held_until BIGINT NOT NULL,
        tries BIGINT NOT NULL,
        PRIMARY KEY (bucket, key, rule)
    );
    CREATE INDEX picture_jobs_due ON picture_jobs (due)",
)];

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) rule: String,
    /// The version that it is about.
    pub(crate) uid: String,
    /// How often it was tried before.
    pub(crate) tries: i64,
}

/// Writes down what rules make of an upload.
pub(crate) struct Noting;

impl Watcher for Noting {
    fn written(&self, tx: &mut dyn Tx, bucket: &Bucket, object: &Object) -> Result<(), ObjectsError> {
        let settings = match PictureSettings::of(&bucket.settings) {
            Ok(settings) => settings,
            Err(error) => {
                // The upload is not to blame.
                tracing::error!(%error, bucket = bucket.name, "upload rules are not followed");
                return Ok(());
            }
        };
        for (rule, _) in settings.rules.iter().filter(|(_, rule)| rule.takes(object)) {
            tx.execute(
                "INSERT INTO picture_jobs (bucket, key, rule, uid, due, held_until, tries)
                 VALUES ($1, $2, $3, $4, $5, 0, 0)
                 ON CONFLICT (bucket, key, rule) DO UPDATE SET uid = excluded.uid, due = excluded.due, tries = 0",
                params![&bucket.name, object.key.as_bytes(), rule, &object.uid, object.modified],
            )?;
        }
        Ok(())
    }
}

/// How many jobs are due that nobody has; no more than one is counted.
pub(crate) fn waiting(tx: &mut dyn Tx, now: Timestamp) -> Result<usize, StoreError> {
    let sql = "SELECT 1 AS one FROM picture_jobs WHERE due <= $1 AND held_until <= $1 LIMIT 1";
    Ok(tx.query(sql, params![now])?.len())
}

/// Takes the oldest jobs that are due and that nobody has, at most `limit`, and has them for `hold_ms`.
pub(crate) fn take(tx: &mut dyn Tx, now: Timestamp, hold_ms: i64, limit: u32) -> Result<Vec<Job>, StoreError> {
    let rows = tx.query(
        "SELECT bucket, key, rule, uid, tries FROM picture_jobs WHERE due <= $1 AND held_until <= $1 ORDER BY due LIMIT $2",
        params![now, limit],
    )?;
    let mut jobs = Vec::new();
    for row in &rows {
        let (bucket, key, rule) = (row.text("bucket")?, row.blob("key")?, row.text("rule")?);
        // Somebody else may have it since.
        let taken = tx.execute(
            "UPDATE picture_jobs SET held_until = $1 WHERE bucket = $2 AND key = $3 AND rule = $4 AND held_until <= $5",
            params![now.plus_ms(hold_ms), &bucket, key.clone(), &rule, now],
        )?;
        if taken == 1 {
            let key = String::from_utf8_lossy(&key).into_owned();
            jobs.push(Job { bucket, key, rule, uid: row.text("uid")?, tries: row.int("tries")? });
        }
    }
    Ok(jobs)
}

/// Whoever works on it goes on having it.
pub(crate) fn hold(tx: &mut dyn Tx, job: &Job, until: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE picture_jobs SET held_until = $1 WHERE bucket = $2 AND key = $3 AND rule = $4",
        params![until, &job.bucket, job.key.as_bytes(), &job.rule],
    )?;
    Ok(())
}

/// It is done, or there is nothing to do: the row goes, unless the object was written again meanwhile.
pub(crate) fn done(tx: &mut dyn Tx, job: &Job) -> Result<(), StoreError> {
    let key = job.key.as_bytes();
    let gone = tx.execute(
        "DELETE FROM picture_jobs WHERE bucket = $1 AND key = $2 AND rule = $3 AND uid = $4",
        params![&job.bucket, key, &job.rule, &job.uid],
    )?;
    if gone == 0 {
        tx.execute(
            "UPDATE picture_jobs SET held_until = 0 WHERE bucket = $1 AND key = $2 AND rule = $3",
            params![&job.bucket, key, &job.rule],
        )?;
    }
    Ok(())
}

/// It did not work: again at `due`.
pub(crate) fn later(tx: &mut dyn Tx, job: &Job, due: Timestamp) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE picture_jobs SET held_until = 0, tries = tries + 1, due = CASE WHEN uid = $5 THEN $4 ELSE due END
         WHERE bucket = $1 AND key = $2 AND rule = $3",
        params![&job.bucket, job.key.as_bytes(), &job.rule, due, &job.uid],
    )?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use doorstep_store::testing;

    use super::*;

    fn note(tx: &mut dyn Tx, uid: &str, due: i64) -> Result<(), StoreError> {
        tx.execute(
            "INSERT INTO picture_jobs (bucket, key, rule, uid, due, held_until, tries) VALUES ('b', $1, 'r', $2, $3, 0, 0)
             ON CONFLICT (bucket, key, rule) DO UPDATE SET uid = excluded.uid, due = excluded.due, tries = 0",
            params!["k".as_bytes(), uid, due],
        )?;
        Ok(())
    }

    #[tokio::test]
    async fn one_at_a_time_and_again_when_written_again() {
        let store = testing::memory(MIGRATIONS);
        let steps = store.write(|tx| {
            note(tx, "one", 5)?;
            assert!(take(tx, Timestamp(4), 100, 10)?.is_empty());
            let first = take(tx, Timestamp(5), 100, 10)?;
            assert_eq!((first.len(), first[0].uid.as_str()), (1, "one"));
            // While it is worked on, the object is written again: nobody else begins.
            note(tx, "two", 6)?;
            assert!(take(tx, Timestamp(50), 100, 10)?.is_empty());
            done(tx, &first[0])?;
            let second = take(tx, Timestamp(50), 100, 10)?;
            assert_eq!(second[0].uid, "two");
            later(tx, &second[0], Timestamp(90))?;
            assert!(take(tx, Timestamp(89), 100, 10)?.is_empty());
            let third = take(tx, Timestamp(90), 100, 10)?;
            assert_eq!(third[0].tries, 1);
            // Whoever has it dies: after a while it is anybody's.
            let fourth = take(tx, Timestamp(190), 100, 10)?;
            assert_eq!(fourth, third);
            done(tx, &fourth[0])?;
            assert!(take(tx, Timestamp(10_000), 100, 10)?.is_empty());
            Ok::<_, StoreError>(())
        });
        steps.await.unwrap();
    }
}
