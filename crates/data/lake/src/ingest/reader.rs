//! Reads streams into tables: one task per stream and table.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::{concat_batches, sort_to_indices, take_record_batch};
use doorstep_clock::monotonic;
use doorstep_journal::Journal;
use doorstep_journal::table::TableSpec;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::decode;
use super::tables::{Recent, Tables};
use crate::catalog::{Catalog, DataFile};
use crate::engine::write::{ParquetFile, Pending};
use crate::{LakeError, metrics};

/// Records read at once.
const READ: usize = 4_096;
/// Looks for streams that are new.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After a failure.
const PAUSE: Duration = Duration::from_secs(1);

/// How often rows go into files.
#[derive(Clone, Copy, Debug)]
pub struct IngestOptions {
    /// Rows wait in memory at most this long before they are written; queries see them at once.
    pub flush_every: Duration,
    /// So many rows of a stream are written at once; twice as many stop its reader until they are.
    pub flush_rows: usize,
}

impl Default for IngestOptions {
    fn default() -> Self {
        Self { flush_every: Duration::from_secs(30), flush_rows: 200_000 }
    }
}

/// The readers of all streams.
#[derive(Debug)]
pub struct Ingest {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Ingest {
    /// Starts reading every stream that feeds one of the tables, those to come too.
    #[must_use]
    pub fn start(tables: Arc<Tables>, catalog: Catalog, journal: Journal, options: IngestOptions) -> Self {
        let stop = watch::Sender::new(false);
        let stopped = stop.subscribe();
        let task = tokio::spawn(find_streams(tables, catalog, journal, options, stopped));
        Self { stop, task }
    }

    /// Writes what is in memory and ends.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the readers of the journal ended badly; what they had read is read again");
        }
    }
}

async fn find_streams(
    tables: Arc<Tables>,
    catalog: Catalog,
    journal: Journal,
    options: IngestOptions,
    mut stop: watch::Receiver<bool>,
) {
    let mut known = HashSet::new();
    let mut readers = Vec::new();
    while !*stop.borrow() {
        for stream in journal.streams() {
            for spec in tables.specs().iter().filter(|spec| stream.starts_with(spec.streams)) {
                if known.insert((spec.name, stream.clone())) {
                    let reader = Reader {
                        spec,
                        stream: stream.clone(),
                        tables: Arc::clone(&tables),
                        catalog: catalog.clone(),
                        journal: journal.clone(),
                        options,
                    };
                    readers.push(tokio::spawn(reader.run(stop.clone())));
                }
            }
        }
        // Either way the next look is due.
        let _ = tokio::time::timeout(LOOK_EVERY, stop.wait_for(|s| *s)).await;
    }
    for reader in readers {
        if let Err(error) = reader.await {
            tracing::error!(%error, "a reader of the journal ended badly; what it had read is read again");
        }
    }
}

struct Reader {
    spec: &'static TableSpec,
    stream: String,
    tables: Arc<Tables>,
    catalog: Catalog,
    journal: Journal,
    options: IngestOptions,
}

impl Reader {
    async fn run(self, mut stop: watch::Receiver<bool>) {
        while let Err(error) = self.follow(&mut stop).await {
            tracing::warn!(table = self.spec.name, stream = self.stream, %error, "a stream cannot be taken in; trying again");
            if tokio::time::timeout(PAUSE, stop.wait_for(|s| *s)).await.is_ok() {
                return;
            }
        }
    }

    /// Begins where the catalogue says, and follows until asked to stop.
    async fn follow(&self, stop: &mut watch::Receiver<bool>) -> Result<(), LakeError> {
        let (table, stream) = (self.spec.name, self.stream.as_str());
        let position = self.catalog.position(table, stream).await?;
        let consumer = self.journal.consumer(stream, &format!("lake-{}", table.replace('_', "-")))?;
        consumer.commit(position).await?;
        self.tables.begin(table, stream, position);
        let mut news = self.journal.subscribe(stream)?;
        let mut seen = position;
        let mut oldest = None;
        loop {
            news.borrow_and_update();
            let full = self.tables.recent(table, stream).rows >= 2 * self.options.flush_rows;
            let read = if full { seen } else { self.take(seen).await? };
            let idle = !full && read == seen;
            if !idle {
                seen = read;
                oldest.get_or_insert_with(monotonic);
            }
            let stopping = *stop.borrow();
            let due = oldest.is_some_and(|at| at.elapsed() >= self.options.flush_every);
            let recent = self.tables.recent(table, stream);
            if recent.seen > recent.position && (due || stopping && idle || recent.rows >= self.options.flush_rows) {
                self.flush(recent).await?;
                consumer.commit(seen).await?;
                oldest = None;
            }
            if !idle {
                continue;
            }
            if stopping {
                return Ok(());
            }
            let wait = oldest.map_or(Duration::from_secs(3600), |at| {
                self.options.flush_every.saturating_sub(at.elapsed()).max(Duration::from_millis(10))
            });
            tokio::select! {
                changed = news.changed() => if changed.is_err() { return Ok(()) },
                _ = stop.wait_for(|s| *s) => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    /// Reads what is next, off the runtime's threads, and shows it; returns the last record read.
    async fn take(&self, seen: u64) -> Result<u64, LakeError> {
        let (journal, stream, spec) = (self.journal.clone(), self.stream.clone(), self.spec);
        let Some(schema) = self.tables.schema(spec.name) else { return Ok(seen) };
        let job = move || {
            let records = journal.read(&stream, seen, READ)?;
            let last = records.last().map_or(seen, |r| r.seq);
            Ok::<_, LakeError>((last, decode::decode(spec, &schema, &stream, &records)?))
        };
        let (last, decoded) = beside(job).await?;
        let rows = decoded.batches.iter().map(|(_, b)| b.num_rows()).sum();
        metrics::taken(spec.name, rows, decoded.unreadable, decoded.misfits);
        if last > seen {
            self.tables.show(spec.name, &self.stream, last, decoded.batches);
        }
        Ok(last)
    }

    /// Writes rows into files, one per tenant, and moves the position in the same transaction.
    async fn flush(&self, recent: Recent) -> Result<(), LakeError> {
        let (tables, spec) = (Arc::clone(&self.tables), self.spec);
        let batches = recent.batches.clone();
        let (mut pending, tenants) = beside(move || write(&tables, spec, batches)).await?;
        let files: Vec<(String, DataFile)> = tenants.into_iter().zip(pending.keep()).collect();
        let (table, stream) = (self.spec.name, self.stream.as_str());
        self.catalog.commit_batch(table, stream, recent.position, recent.seen, files.clone()).await?;
        self.tables.written(table, stream, &recent, files);
        metrics::committed(table);
        Ok(())
    }
}

/// One file per tenant, sorted by time.
fn write(
    tables: &Tables,
    spec: &'static TableSpec,
    batches: Vec<(String, RecordBatch)>,
) -> Result<(Pending, Vec<String>), LakeError> {
    let mut pending = Pending::new(tables.files());
    let mut tenants: Vec<String> = batches.iter().map(|(t, _)| t.clone()).collect();
    tenants.sort();
    tenants.dedup();
    for tenant in &tenants {
        let own: Vec<&RecordBatch> = batches.iter().filter(|(t, _)| t == tenant).map(|(_, b)| b).collect();
        let Some(first) = own.first() else { continue };
        let schema = first.schema();
        let failed = |e: arrow::error::ArrowError| LakeError::Execution(e.to_string());
        let all = concat_batches(&schema, own).map_err(failed)?;
        let time = schema.index_of(spec.time).map_err(failed)?;
        let order = sort_to_indices(all.column(time), None, None).map_err(failed)?;
        let sorted = take_record_batch(&all, &order).map_err(failed)?;
        let folder = built_in_folder(spec.name, tenant);
        let file = ParquetFile::create(tables.files(), &folder, "", Arc::clone(&schema), Some(spec.time))?;
        let mut file = file.owned_by(&schema, spec.clock);
        file.write(&sorted)?;
        pending.push(file.finish()?);
    }
    Ok((pending, tenants))
}

/// The folder of a tenant's rows of a built-in table, below the lake's.
pub(super) fn built_in_folder(table: &str, tenant: &str) -> String {
    format!("built-in/{table}/{tenant}")
}

/// Runs what takes long off the runtime's threads.
pub(super) async fn beside<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, LakeError> + Send + 'static,
) -> Result<T, LakeError> {
    match tokio::task::spawn_blocking(job).await {
        Ok(done) => done,
        Err(failed) => Err(LakeError::Execution(failed.to_string())),
    }
}
