//! Queries that nobody waits for: their rows go into a file, to be fetched within an hour.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ipc::reader::StreamReader;
use arrow::ipc::writer::StreamWriter;
use doorstep_clock::{SharedClock, Timestamp};
use futures::StreamExt as _;
use parking_lot::Mutex;

use crate::{Engine, LakeError, Limit, Limits, Query, QueryEnd, Running, Session, Statement};

/// How long an answer is kept, milliseconds.
const KEPT_MS: i64 = 3_600_000;
/// Jobs of one tenant that are remembered.
const PER_TENANT: usize = 200;
/// Bytes that one answer may have.
const ANSWER_BYTES: u64 = 4 << 30;

/// A job as its owner sees it.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its query.
    pub query: Arc<Query>,
    /// Its columns.
    pub schema: SchemaRef,
    /// Whether its rows can be fetched.
    pub ready: bool,
    /// Why there are none, if it failed.
    pub failure: Option<String>,
    began: Timestamp,
    file: PathBuf,
}

/// All jobs of this process. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    engine: Arc<dyn Engine>,
    folder: PathBuf,
    clock: SharedClock,
    all: Arc<Mutex<HashMap<String, Job>>>,
}

impl std::fmt::Debug for Jobs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jobs").field("jobs", &self.all.lock().len()).finish_non_exhaustive()
    }
}

impl Jobs {
    /// Jobs whose answers lie in `folder`, which is emptied: answers do not outlive the process.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn new(engine: Arc<dyn Engine>, folder: PathBuf, clock: SharedClock) -> Result<Self, LakeError> {
        let _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).map_err(LakeError::io("make the folder", &folder))?;
        Ok(Self { engine, folder, clock, all: Arc::default() })
    }

    /// Starts a statement; returns once it is planned.
    ///
    /// # Errors
    /// Whatever is wrong with it; [`LakeError::Overloaded`].
    pub async fn start(&self, session: &Session, statement: Statement, limits: Limits) -> Result<Job, LakeError> {
        self.forget_old();
        let tenant = session.tenant();
        let waiting = self.all.lock().values().filter(|job| job.query.principal().tenant.as_str() == tenant).count();
        if waiting >= PER_TENANT {
            return Err(LakeError::Overloaded { waiting });
        }
        let running = self.engine.execute(session, statement, limits).await?;
        let id = running.query.id().to_owned();
        let job = Job {
            query: Arc::clone(&running.query),
            schema: Arc::clone(&running.schema),
            ready: false,
            failure: None,
            began: self.clock.now(),
            file: self.folder.join(format!("{id}.arrow")),
        };
        self.all.lock().insert(id.clone(), job.clone());
        let (jobs, file) = (self.clone(), job.file.clone());
        tokio::spawn(async move {
            let kept = keep(running, file).await;
            if let Some(job) = jobs.all.lock().get_mut(&id) {
                match kept {
                    Ok(()) => job.ready = true,
                    Err(error) => job.failure = Some(error.to_string()),
                }
            }
        });
        Ok(job)
    }

    /// A job of the session's tenant: its own key's, or anybody's for an operator.
    ///
    /// # Errors
    /// [`LakeError::Unknown`].
    pub fn get(&self, session: &Session, id: &str) -> Result<Job, LakeError> {
        let job = self.all.lock().get(id).cloned().filter(|job| {
            let owner = job.query.principal();
            owner.tenant.as_str() == session.tenant()
                && (session.runs_the_place() || owner.key == session.principal().key)
        });
        job.ok_or_else(|| LakeError::Unknown { what: "query", name: id.chars().take(64).collect(), near: None })
    }

    /// The rows of a job that is ready.
    ///
    /// # Errors
    /// [`LakeError::Execution`] when it failed or is not ready.
    pub fn rows(
        &self,
        job: &Job,
    ) -> Result<impl Iterator<Item = Result<RecordBatch, LakeError>> + Send + use<>, LakeError> {
        if let Some(failure) = &job.failure {
            return Err(LakeError::Execution(failure.clone()));
        }
        if !job.ready {
            return Err(LakeError::invalid("query", "it still runs", "ask for its rows when its state is done"));
        }
        let file = File::open(&job.file).map_err(LakeError::io("open", &job.file))?;
        let reader = StreamReader::try_new(BufReader::new(file), None).map_err(failed)?;
        Ok(reader.map(|batch| batch.map_err(failed)))
    }

    /// Calls a job off and forgets it.
    pub fn remove(&self, job: &Job) {
        job.query.cancel();
        self.all.lock().remove(job.query.id());
        let _ = std::fs::remove_file(&job.file);
    }

    fn forget_old(&self) {
        let now = self.clock.now();
        let mut all = self.all.lock();
        all.retain(|_, job| {
            let over = job.query.end().is_some() && now.ms_since(job.began) > KEPT_MS;
            if over {
                let _ = std::fs::remove_file(&job.file);
            }
            !over
        });
    }
}

fn failed(error: arrow::error::ArrowError) -> LakeError {
    LakeError::Execution(error.to_string())
}

/// Writes an answer into a file.
async fn keep(mut running: Running, path: PathBuf) -> Result<(), LakeError> {
    let schema = Arc::clone(&running.schema);
    let mut writer = tokio::task::spawn_blocking(move || {
        let file = File::create(&path).map_err(LakeError::io("create", &path))?;
        StreamWriter::try_new(BufWriter::new(file), &schema).map_err(failed)
    })
    .await
    .map_err(|e| LakeError::Execution(e.to_string()))??;
    let mut bytes = 0;
    while let Some(batch) = running.rows.next().await {
        let batch = batch?;
        bytes += batch.get_array_memory_size() as u64;
        if bytes > ANSWER_BYTES {
            let detail = format!("its answer has more than {ANSWER_BYTES} bytes; write it into a table instead");
            return Err(LakeError::Limit { limit: Limit::Answer, detail });
        }
        writer = tokio::task::spawn_blocking(move || writer.write(&batch).map(|()| writer))
            .await
            .map_err(|e| LakeError::Execution(e.to_string()))?
            .map_err(failed)?;
    }
    running.query.finished().await;
    match running.query.end() {
        Some((QueryEnd::Done, _)) => writer.finish().map_err(failed),
        _ => Err(LakeError::Cancelled),
    }
}
