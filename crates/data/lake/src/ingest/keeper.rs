//! Keeps the lake while this process holds its lease: takes the journal in and looks after files.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use doorstep_journal::Journal;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::care::CareOptions;
use super::reader::{Ingest, IngestOptions};
use crate::catalog::{self, TTL_MS, Turn};
use crate::{LakeError, LocalEngine};

/// Tries to keep the lake, as long as it lives.
#[derive(Debug)]
pub struct Keeper {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What runs while the lake is kept.
struct Work {
    ingest: Ingest,
    stop: watch::Sender<bool>,
    care: JoinHandle<()>,
}

struct Keep {
    engine: LocalEngine,
    journal: Journal,
    owner: String,
    folder: String,
    ingest: IngestOptions,
    care: CareOptions,
    work: Option<Work>,
}

impl Keeper {
    /// Takes the lake in the name `owner`, which must be that of no other process, or waits until whoever has it
    /// gives it up. When this returns the first attempt was made; [`Catalog::require`](crate::Catalog::require) tells.
    ///
    /// # Errors
    /// When the lake's folder has no id and none can be written.
    pub async fn start(
        engine: LocalEngine,
        journal: Journal,
        owner: &str,
        ingest: IngestOptions,
        care: CareOptions,
    ) -> Result<Self, LakeError> {
        let folder = catalog::identity(&engine.tables().files().on_disk(""))?;
        let mut keep = Keep { engine, journal, owner: owner.to_owned(), folder, ingest, care, work: None };
        keep.look().await;
        let stop = watch::Sender::new(false);
        let task = tokio::spawn(keep.run(stop.subscribe()));
        Ok(Self { stop, task })
    }

    /// Writes what is in memory and gives the lake back.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::error!(%error, "the lake's keeper ended badly; what was read of the journal is read again");
        }
    }
}

impl Keep {
    async fn run(mut self, mut stop: watch::Receiver<bool>) {
        let every = Duration::from_millis(TTL_MS.unsigned_abs() / 4);
        while tokio::time::timeout(every, stop.wait_for(|s| *s)).await.is_err() {
            self.look().await;
        }
        self.rest().await;
        self.engine.catalog().give_back().await;
    }

    async fn look(&mut self) {
        match self.engine.catalog().look_after(&self.owner, &self.folder).await {
            Turn::Kept if self.work.is_some() => {}
            Turn::Gained | Turn::Kept => {
                self.rest().await;
                // Another process may have changed everything meanwhile.
                match self.engine.tables().read_again(self.engine.catalog()).await {
                    Ok(()) => self.work = Some(self.begin()),
                    Err(error) => tracing::warn!(%error, "the lake cannot be read; trying again"),
                }
            }
            Turn::Without => self.rest().await,
        }
    }

    fn begin(&self) -> Work {
        let catalog = self.engine.catalog().clone();
        let ingest = Ingest::start(self.engine.shared_tables(), catalog, self.journal.clone(), self.ingest);
        let (stop, engine, options) = (watch::Sender::new(false), self.engine.clone(), self.care.clone());
        let stopped = stop.subscribe();
        let care = tokio::spawn(async move { engine.care(options, stopped).await });
        Work { ingest, stop, care }
    }

    async fn rest(&mut self) {
        if let Some(work) = self.work.take() {
            work.stop.send_replace(true);
            work.ingest.stop().await;
            // A merge under way would take its time; given up, it leaves nothing behind.
            work.care.abort();
        }
    }
}

/// Reads or makes the id of the journal in a folder, under which the lake keeps how far it has read it.
///
/// # Errors
/// [`LakeError::Io`].
pub fn journal_id(folder: &Path) -> Result<Arc<str>, LakeError> {
    catalog::identity(folder).map(Arc::from)
}
