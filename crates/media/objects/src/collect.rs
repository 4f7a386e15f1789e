//! Keeping clean: bytes that nobody refers to go, what a crash left goes, sparse segments are packed anew,
//! and all bytes are looked at again and again.
//!
//! Nothing here is needed for an answer to be right. Each step can be cut off at any point and run again,
//! in several processes at once.

use std::time::Duration;

use doorstep_blobs::{Blobs, BlobsError, Place};
use doorstep_store::{Row, Value, kv, params};

use crate::{Objects, ObjectsError, metrics};

/// Between two looks for bytes that may go.
const COLLECT_EVERY: Duration = Duration::from_secs(30);
/// Between two passes of the scrub.
const SCRUB_PAUSE: Duration = Duration::from_secs(3600);
/// The setting that names this store to a place for bytes that others could write to.
const OWNER: &str = "objects.bytes_owner";
/// Blobs looked at in one step.
const BATCH: i64 = 256;
/// A segment with less than one in so many bytes alive is packed anew.
const SPARSE: u64 = 2;

/// A blob's row as cleaning needs it.
#[derive(Clone, Debug)]
struct Known {
    id: String,
    place: Place,
    size: u64,
}

fn known(row: &Row) -> Result<Known, ObjectsError> {
    let size = u64::try_from(row.int("size")?).unwrap_or(0);
    Ok(Known { id: row.text("id")?, place: row.text("place")?.parse()?, size })
}

/// What a pass of the scrub found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scrubbed {
    /// Blobs read from end to end.
    pub blobs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Those whose bytes are damaged or gone.
    pub damaged: Vec<String>,
}

impl Objects {
    /// Takes the place of the bytes for this store and its tables: before anything is swept, so that the sweeps of two
    /// Doorsteps never meet on one bucket.
    ///
    /// # Errors
    /// [`BlobsError::Taken`] where the place is another's; the stores'.
    pub async fn claim_bytes(&self) -> Result<(), ObjectsError> {
        let fresh = crate::put::fresh_uid();
        let owner = self.store().write(move |tx| Ok::<_, ObjectsError>(kv::put_if_absent(tx, OWNER, &fresh)?)).await?;
        Ok(self.blobs().claim(&owner).await?)
    }

    /// Runs all of this at its own pace, until it is dropped.
    pub async fn keep_clean(&self) {
        tokio::join!(
            self.collect_always(),
            self.sweep_always(),
            self.scrub_always(),
            self.age_always(),
            self.deliver_always()
        );
    }

    async fn collect_always(&self) {
        loop {
            tokio::time::sleep(COLLECT_EVERY.min(self.config().sweep)).await;
            if let Err(error) = self.collect().await {
                tracing::warn!(%error, "collecting unused bytes failed and is tried again");
            }
            if let Err(error) = self.trim_events().await {
                tracing::warn!(%error, "waiting events could not be counted");
            }
        }
    }

    async fn sweep_always(&self) {
        loop {
            // First after a while: a start has better things to do.
            tokio::time::sleep(self.config().sweep).await;
            for (what, done) in [("files", self.sweep_files().await), ("segments", self.compact().await)] {
                match done {
                    Ok(0) => {}
                    Ok(count) => tracing::info!(what, count, "swept"),
                    Err(error) => tracing::warn!(%error, what, "sweeping failed and is tried again"),
                }
            }
        }
    }

    async fn scrub_always(&self) {
        let rate = self.config().scrub_bytes_per_s.max(1);
        let mut after = String::new();
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            match self.scrub(&after).await {
                Ok((done, next)) => {
                    after = next.unwrap_or_default();
                    tokio::time::sleep(Duration::from_secs_f64(done.bytes as f64 / rate as f64)).await;
                    if after.is_empty() {
                        tokio::time::sleep(SCRUB_PAUSE).await;
                    }
                }
                Err(error) => tracing::warn!(%error, "the scrub failed and is tried again"),
            }
        }
    }

    /// Removes the bytes that nobody has referred to for the time of grace. Returns how many blobs went.
    ///
    /// # Errors
    /// The stores'.
    pub async fn collect(&self) -> Result<u64, ObjectsError> {
        let grace = i64::try_from(self.config().grace.as_millis()).unwrap_or(i64::MAX);
        let until = self.now().plus_ms(-grace);
        let mut collected = 0;
        loop {
            let gone: Vec<Place> = self
                .store()
                .write(move |tx| {
                    let rows = tx.query(
                        "SELECT id, place, size FROM blobs WHERE freed_at IS NOT NULL AND freed_at <= $1
                         ORDER BY freed_at LIMIT $2",
                        params![until, BATCH],
                    )?;
                    let mut gone = Vec::new();
                    for row in &rows {
                        let blob = known(row)?;
                        // Not if somebody has taken it back since.
                        let sql = "DELETE FROM blobs WHERE id = $1 AND refs <= 0 AND freed_at <= $2";
                        if tx.execute(sql, params![&blob.id, until])? == 1 {
                            gone.push(blob.place);
                        }
                    }
                    Ok::<_, ObjectsError>(gone)
                })
                .await?;
            for place in &gone {
                self.blobs().remove(place).await?;
            }
            collected += gone.len() as u64;
            if gone.is_empty() {
                metrics::collected(collected);
                return Ok(collected);
            }
        }
    }

    /// Removes files that are in no table: a crash came between the bytes and the transaction. Those younger than the
    /// time of grace stay, since another process may be about to write them down. Returns how many went.
    ///
    /// # Errors
    /// The stores'.
    pub async fn sweep_files(&self) -> Result<u64, ObjectsError> {
        let mut removed = 0;
        for part in 0..=u8::MAX {
            let places = self.blobs().files(part, self.config().grace).await?;
            for chunk in places.chunks(BATCH as usize) {
                for place in self.not_in_table(chunk.to_vec()).await? {
                    self.blobs().remove(&place).await?;
                    removed += 1;
                }
            }
        }
        Ok(removed)
    }

    async fn not_in_table(&self, places: Vec<Place>) -> Result<Vec<Place>, ObjectsError> {
        self.store()
            .read(move |tx| {
                let marks: Vec<String> = (1..=places.len()).map(|n| format!("${n}")).collect();
                let ids: Vec<Value> = places.iter().map(|place| Value::from(place.id().to_string())).collect();
                let rows = tx.query(&format!("SELECT id FROM blobs WHERE id IN ({})", marks.join(",")), &ids)?;
                let there = rows.iter().map(|row| row.text("id")).collect::<Result<Vec<_>, _>>()?;
                let mut missing = Vec::new();
                for place in places.iter().filter(|place| !there.contains(&place.id().to_string())) {
                    // Replaced bytes lie under another name than their row's.
                    let sql = "SELECT id FROM blobs WHERE place = $1 LIMIT 1";
                    if tx.query_opt(sql, params![place.to_string()])?.is_none() {
                        missing.push(*place);
                    }
                }
                Ok(missing)
            })
            .await
    }

    /// Removes empty segments and packs sparse ones anew. Returns how many segments went or were emptied.
    ///
    /// # Errors
    /// The stores'.
    pub async fn compact(&self) -> Result<u64, ObjectsError> {
        let mut done = 0;
        for segment in self.blobs().segments().await? {
            // A younger one may hold a blob whose transaction is still under way.
            if segment.age < self.config().grace {
                continue;
            }
            let number = segment.number;
            let (count, bytes) = self
                .store()
                .read(move |tx| {
                    let sql = "SELECT COUNT(*) AS n, CAST(COALESCE(SUM(size), 0) AS BIGINT) AS bytes FROM blobs WHERE segment = $1";
                    let row = tx.query_opt(sql, params![number])?;
                    row.map_or(Ok((0, 0)), |row| Ok::<_, ObjectsError>((row.int("n")?, row.int("bytes")?)))
                })
                .await?;
            if count == 0 {
                self.blobs().remove_segment(number).await?;
                done += 1;
            } else if u64::try_from(bytes).unwrap_or(0).saturating_mul(SPARSE) < segment.bytes {
                self.empty(number).await?;
                done += 1;
            }
        }
        Ok(done)
    }

    /// Moves what lives in a segment into the open one. The segment itself goes at the next sweep, when those
    /// who were about to read from it have done so.
    async fn empty(&self, segment: u32) -> Result<(), ObjectsError> {
        let mut after = String::new();
        loop {
            let from = after.clone();
            let sql = "SELECT id, place, size FROM blobs WHERE segment = $1 AND id > $2 ORDER BY id LIMIT $3";
            let rows = self
                .store()
                .read(move |tx| tx.query(sql, params![segment, &from, BATCH])?.iter().map(known).collect())
                .await;
            let blobs: Vec<Known> = rows?;
            let Some(last) = blobs.last() else { return Ok(()) };
            after.clone_from(&last.id);
            for blob in blobs {
                match copy(self.blobs(), &blob).await {
                    Ok(stored) => {
                        let (to, id, from) = (stored.place, blob.id, blob.place.to_string());
                        self.store()
                            .write(move |tx| {
                                tx.execute(
                                    "UPDATE blobs SET place = $1, segment = $2 WHERE id = $3 AND place = $4",
                                    params![to.to_string(), to.segment().map(i64::from), &id, &from],
                                )?;
                                Ok::<_, ObjectsError>(())
                            })
                            .await?;
                        drop(stored);
                    }
                    Err(BlobsError::Corrupt { .. } | BlobsError::Missing(_)) => self.mark_damaged(&blob).await?,
                    Err(error) => return Err(error.into()),
                }
            }
        }
    }

    /// Reads the next blobs behind the id `after` from end to end and marks those that are damaged. Returns
    /// what was found and where to go on; nowhere at the end.
    ///
    /// # Errors
    /// The stores'.
    pub async fn scrub(&self, after: &str) -> Result<(Scrubbed, Option<String>), ObjectsError> {
        let from = after.to_owned();
        let sql = "SELECT id, place, size FROM blobs WHERE id > $1 AND damaged_at IS NULL ORDER BY id LIMIT $2";
        let rows =
            self.store().read(move |tx| tx.query(sql, params![&from, BATCH / 16])?.iter().map(known).collect()).await;
        let blobs: Vec<Known> = rows?;
        let (next, mut done) = (blobs.last().map(|blob| blob.id.clone()), Scrubbed::default());
        for blob in blobs {
            match self.blobs().check(&blob.place, blob.size).await {
                Ok(()) => {}
                Err(BlobsError::Corrupt { .. } | BlobsError::Missing(_)) => {
                    self.mark_damaged(&blob).await?;
                    done.damaged.push(blob.id);
                }
                Err(error) => return Err(error.into()),
            }
            done.blobs += 1;
            done.bytes += blob.size;
        }
        metrics::scrubbed(done.bytes, done.damaged.len() as u64);
        Ok((done, next))
    }

    /// An upload of the same bytes replaces the damaged ones from now on. Not if they were moved or freed meanwhile.
    async fn mark_damaged(&self, blob: &Known) -> Result<(), ObjectsError> {
        tracing::error!(blob = blob.id, place = %blob.place, "stored bytes are damaged; upload the object again");
        let (id, place, now) = (blob.id.clone(), blob.place.to_string(), self.now());
        self.store()
            .write(move |tx| {
                let sql = "UPDATE blobs SET damaged_at = $1 WHERE id = $2 AND place = $3 AND refs > 0";
                tx.execute(sql, params![now, &id, &place])?;
                Ok(())
            })
            .await
    }
}

async fn copy(blobs: &Blobs, blob: &Known) -> Result<doorstep_blobs::Stored, BlobsError> {
    use futures::TryStreamExt as _;
    let mut writer = blobs.writer();
    let mut bytes = blobs.read(&blob.place, blob.size, 0..blob.size);
    while let Some(piece) = bytes.try_next().await? {
        writer.write(piece).await?;
    }
    writer.finish().await
}
