//! Events on their way: taken from the table, handed to whoever carries them, again and again until they are
//! there or too old. Each arrives at least once, in no promised order.

use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::Timestamp;
use doorstep_store::{Row, params};
use futures::future::BoxFuture;
use futures::{StreamExt as _, stream};

use crate::events::{self, EventRule, Target};
use crate::{Bucket, Objects, ObjectsError, metrics};

/// Between two looks when nothing waits.
const POLL: Duration = Duration::from_millis(500);
/// Events taken at once.
const BATCH: i64 = 64;
/// Events carried at once.
const AT_ONCE: usize = 8;
/// One attempt may take this long; then the event is another process's again.
const LEASE_MS: i64 = 60_000;
/// Between the first attempts, doubled each time up to the longest.
const FIRST_MS: i64 = 1_000;
const LONGEST_MS: i64 = 15 * 60_000;
/// An event that has not arrived for so long is given up.
const KEEP_MS: i64 = 24 * 3_600_000;
/// Events that wait at most; the oldest are given up beyond.
const MOST: i64 = 1_000_000;

/// Carries events out of the engine.
pub trait Courier: std::fmt::Debug + Send + Sync {
    /// Refuses a target that can never be reached, before anything is sent there.
    ///
    /// # Errors
    /// Why not, for whoever named it.
    fn check(&self, target: &Target) -> Result<(), String>;

    /// Carries one message. `Ok` means that it is safe there.
    fn carry(&self, message: Message) -> BoxFuture<'_, Result<(), String>>;
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same each time it is sent.
    pub id: String,
    /// Whose bucket it is about.
    pub tenant: String,
    /// The bucket.
    pub bucket: String,
    /// Where it goes.
    pub target: Target,
    /// JSON.
    pub body: String,
    /// When it happened.
    pub at: Timestamp,
}

struct Waiting {
    message: Message,
    attempts: i64,
    due: Timestamp,
}

fn read(row: &Row) -> Result<Option<Waiting>, ObjectsError> {
    // Of another version: its target is not known here.
    let Some(target) = Target::parse(&row.text("target")?) else { return Ok(None) };
    let message = Message {
        id: row.text("id")?,
        tenant: row.text("tenant")?,
        bucket: row.text("bucket")?,
        target,
        body: row.text("message")?,
        at: row.time("at")?,
    };
    Ok(Some(Waiting { message, attempts: row.int("attempts")?, due: row.time("due")? }))
}

/// When the next attempt is due after so many that failed.
fn pause_ms(attempts: i64) -> i64 {
    FIRST_MS.saturating_mul(1 << attempts.clamp(0, 20)).min(LONGEST_MS)
}

/// Writes the region into records; the transaction that wrote them down does not know it.
fn with_region(body: &str, region: &str) -> String {
    let Ok(mut message) = serde_json::from_str::<serde_json::Value>(body) else { return body.to_owned() };
    if let Some(records) = message.get_mut("Records").and_then(|records| records.as_array_mut()) {
        for record in records {
            record["awsRegion"] = region.into();
        }
    }
    message.to_string()
}

impl Objects {
    /// Sets which events of a bucket go where; each target that is new to it gets a test event.
    ///
    /// # Errors
    /// Rules that cannot be, targets that cannot be reached, or those of [`Self::configure`].
    pub async fn set_events(&self, name: &str, rules: Vec<EventRule>) -> Result<Arc<Bucket>, ObjectsError> {
        events::check(&rules)?;
        for target in rules.iter().filter_map(|rule| Target::parse(&rule.arn)) {
            let courier = self.config().courier.as_ref().ok_or(ObjectsError::NotConfigured("way to send events"))?;
            courier.check(&target).map_err(|reason| {
                ObjectsError::field("events", reason, format!("name {}http://host/path", events::WEBHOOK))
            })?;
        }
        let before = self.bucket(name).await?;
        let fresh: Vec<String> = rules
            .iter()
            .map(|rule| rule.arn.clone())
            .filter(|arn| before.settings.events.iter().all(|old| old.arn != *arn))
            .collect();
        let changed = self
            .configure(name, move |settings| {
                settings.events = rules.clone();
                Ok(())
            })
            .await?;
        let (bucket, now) = (changed.clone(), self.now());
        self.store().write(move |tx| fresh.iter().try_for_each(|arn| events::tell_test(tx, &bucket, arn, now))).await?;
        Ok(changed)
    }

    pub(crate) async fn deliver_always(&self) {
        let Some(courier) = self.config().courier.clone() else { return };
        loop {
            match self.deliver(&*courier).await {
                Ok(0) => tokio::time::sleep(POLL).await,
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(%error, "events could not be looked for and are later");
                    tokio::time::sleep(POLL * 10).await;
                }
            }
        }
    }

    /// Hands over the events that are due, once. Returns how many were tried.
    ///
    /// # Errors
    /// The store's.
    pub async fn deliver(&self, courier: &dyn Courier) -> Result<usize, ObjectsError> {
        let waiting = self.claim().await?;
        let count = waiting.len();
        let region = &self.config().region;
        let carried = stream::iter(waiting).map(|waiting| async move {
            let message = Message { body: with_region(&waiting.message.body, region), ..waiting.message.clone() };
            let limit = Duration::from_millis(LEASE_MS as u64 / 2);
            let done = tokio::time::timeout(limit, courier.carry(message)).await;
            (waiting, done.unwrap_or_else(|_| Err("it took too long".to_owned())))
        });
        let mut carried = carried.buffer_unordered(AT_ONCE);
        while let Some((waiting, done)) = carried.next().await {
            self.settle_event(&waiting, done).await?;
        }
        Ok(count)
    }

    /// Takes events that are due for the time of one attempt.
    async fn claim(&self) -> Result<Vec<Waiting>, ObjectsError> {
        let now = self.now();
        let any = self
            .store()
            .read(move |tx| {
                Ok::<_, ObjectsError>(
                    tx.query_opt("SELECT 1 AS one FROM object_events WHERE due <= $1 LIMIT 1", params![now])?.is_some(),
                )
            })
            .await?;
        if !any {
            return Ok(Vec::new());
        }
        self.store()
            .write(move |tx| {
                let rows = tx.query(
                    "SELECT id, tenant, bucket, target, message, at, attempts, due FROM object_events
                     WHERE due <= $1 ORDER BY due, id LIMIT $2",
                    params![now, BATCH],
                )?;
                let mut claimed = Vec::new();
                for row in &rows {
                    let (id, due) = (row.text("id")?, row.time("due")?);
                    let taken = tx.execute(
                        "UPDATE object_events SET due = $1 WHERE id = $2 AND due = $3",
                        params![now.plus_ms(LEASE_MS), &id, due],
                    )?;
                    if taken == 1 {
                        claimed.extend(read(row)?);
                    }
                }
                Ok(claimed)
            })
            .await
    }

    async fn settle_event(&self, waiting: &Waiting, done: Result<(), String>) -> Result<(), ObjectsError> {
        let (id, now) = (waiting.message.id.clone(), self.now());
        let lost = done.is_err() && now.ms_since(waiting.message.at) >= KEEP_MS;
        if let Err(reason) = &done {
            let (bucket, attempts) = (&waiting.message.bucket, waiting.attempts + 1);
            if lost {
                tracing::error!(%bucket, event = %id, attempts, %reason, "an event was given up");
            } else {
                tracing::debug!(%bucket, event = %id, attempts, %reason, due = %waiting.due, "an event is sent again");
            }
        }
        metrics::event(if done.is_ok() {
            "sent"
        } else if lost {
            "lost"
        } else {
            "again"
        });
        let (attempts, gone) = (waiting.attempts + 1, done.is_ok() || lost);
        self.store()
            .write(move |tx| {
                if gone {
                    tx.execute("DELETE FROM object_events WHERE id = $1", params![&id])?;
                } else {
                    tx.execute(
                        "UPDATE object_events SET attempts = $1, due = $2 WHERE id = $3",
                        params![attempts, now.plus_ms(pause_ms(attempts - 1)), &id],
                    )?;
                }
                Ok(())
            })
            .await
    }

    /// Gives up the oldest events beyond what may wait. Returns how many.
    ///
    /// # Errors
    /// The store's.
    pub async fn trim_events(&self) -> Result<u64, ObjectsError> {
        let count = self
            .store()
            .read(|tx| {
                let rows = tx.query("SELECT COUNT(*) AS n FROM object_events", &[])?;
                Ok::<_, ObjectsError>(rows.first().map_or(Ok(0), |row| row.int("n"))?)
            })
            .await?;
        if count <= MOST {
            return Ok(0);
        }
        let lost = self
            .store()
            .write(move |tx| {
                let sql = "DELETE FROM object_events WHERE id IN (SELECT id FROM object_events ORDER BY id LIMIT $1)";
                Ok::<_, ObjectsError>(tx.execute(sql, params![count - MOST])?)
            })
            .await?;
        tracing::error!(lost, "more events wait than may: the oldest were given up");
        Ok(lost as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        assert_eq!((pause_ms(0), pause_ms(1), pause_ms(5)), (1_000, 2_000, 32_000));
        assert_eq!(pause_ms(50), LONGEST_MS);
    }

    #[test]
    fn records_get_their_region() {
        assert_eq!(with_region(r#"{"Records":[{"a":1}]}"#, "r"), r#"{"Records":[{"a":1,"awsRegion":"r"}]}"#);
        assert_eq!(with_region(r#"{"Event":"s3:TestEvent"}"#, "r"), r#"{"Event":"s3:TestEvent"}"#);
    }
}
