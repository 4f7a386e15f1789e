//! How much lies in each bucket, told to the meter once an hour.

use std::time::Duration;

use doorstep_clock::{SharedClock, Timestamp};
use doorstep_meter::{Meter, MeterError, Resource, Usage};
use doorstep_objects::{BucketUsage, Objects, ObjectsError};
use futures::future::try_join_all;

use crate::node::Shutdown;

/// How often is looked whether another hour has begun.
const LOOK_EVERY: Duration = Duration::from_secs(20);
/// Buckets looked at together.
const PAGE: u32 = 200;
const HOUR_MS: i64 = 3_600_000;

/// Why an hour could not be sampled; it is tried again.
#[derive(Debug, thiserror::Error)]
enum SampleError {
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    #[error(transparent)]
    Meter(#[from] MeterError),
}

/// Samples each hour until the process goes down. The record of a bucket's hour has the same id from whichever
/// process and however often, so an hour is never charged twice; one in which no process ran is not charged at all.
pub(super) async fn sample_storage(objects: Objects, meter: Meter, wall: SharedClock, shutdown: Shutdown) {
    let mut due = tokio::time::interval(LOOK_EVERY);
    let mut sampled = None;
    loop {
        tokio::select! {
            _ = due.tick() => {}
            () = shutdown.wait() => return,
        }
        let now = wall.now();
        let hour = now.millis().div_euclid(HOUR_MS);
        if sampled == Some(hour) {
            continue;
        }
        match sample(&objects, &meter, now).await {
            Ok(()) => sampled = Some(hour),
            Err(error) => tracing::warn!(%error, "storage could not be sampled; it is tried again"),
        }
    }
}

#[tracing::instrument(skip_all, level = "debug")]
async fn sample(objects: &Objects, meter: &Meter, now: Timestamp) -> Result<(), SampleError> {
    let mut after = 0;
    loop {
        let page = objects.usages(after, PAGE).await?;
        try_join_all(page.iter().filter_map(|bucket| hour_of(bucket, now)).map(|usage| meter.record(usage))).await?;
        match page.last() {
            Some(last) if page.len() == PAGE as usize => after = last.id,
            _ => return Ok(()),
        }
    }
}

/// The record of a bucket's hour; an empty bucket has none.
fn hour_of(bucket: &BucketUsage, now: Timestamp) -> Option<Usage> {
    let hour = Timestamp(now.millis() - now.millis().rem_euclid(HOUR_MS)).to_string();
    let id = format!("storage/{}/{}", bucket.id, hour.get(..13).unwrap_or(&hour));
    let usage = Usage::new(id, bucket.tenant.clone(), now).about(bucket.name.clone());
    (bucket.usage.bytes > 0).then(|| usage.amount(Resource::Storage, bucket.usage.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_hour_of_a_bucket_has_one_id() {
        let bucket = |bytes| BucketUsage {
            id: 7,
            tenant: "main".to_owned(),
            name: "photos".to_owned(),
            usage: doorstep_objects::Usage { objects: 1, bytes },
        };
        let at = |ms| Timestamp(1_795_888_800_000 + ms);
        let id = |ms| hour_of(&bucket(5), at(ms)).map(|usage| usage.id);
        assert_eq!(id(0), id(HOUR_MS - 1));
        assert_ne!(id(0), id(HOUR_MS));
        assert_eq!(hour_of(&bucket(0), at(0)), None);
    }
}
