//! An operation: a statement that runs or ran, and its rows until they are fetched.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use doorstep_clock::{Clock as _, SystemClock, monotonic};
use doorstep_lake::LakeError;
use futures::StreamExt as _;
use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, watch};

use super::handle::Handle;
use crate::cells::row_bytes;
use crate::run::{Answer, ColumnShown, Rows};
use crate::{HiveError, metrics};

/// What made an operation, by its number in TOperationType.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Statement = 0,
    TypeInfo = 1,
    Catalogs = 2,
    Schemas = 3,
    Tables = 4,
    TableTypes = 5,
    Columns = 6,
    Functions = 7,
    Other = 8,
}

/// Where it is, by its number in TOperationState.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    Running = 1,
    Finished = 2,
    Cancelled = 3,
    Failed = 5,
}

/// What went wrong, as it is told.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) state: &'static str,
    pub(super) code: i32,
    pub(super) message: String,
}

impl From<&HiveError> for Failure {
    fn from(error: &HiveError) -> Self {
        let mut message = error.to_string();
        if let HiveError::Lake(LakeError::Sql { fix: Some(fix), .. }) = error {
            message = format!("{message}; {fix}");
        }
        Self { state: error.sql_state(), code: error.code(), message }
    }
}

struct State {
    phase: Phase,
    failure: Option<Failure>,
    columns: Vec<ColumnShown>,
    written: Option<u64>,
    log: Vec<String>,
    ended_at: Option<i64>,
    query: Option<Arc<doorstep_lake::Query>>,
}

#[derive(Default)]
struct Source {
    /// Cut from the front as rows are fetched; each with the bytes of one of its rows.
    ready: std::collections::VecDeque<(RecordBatch, usize)>,
    stream: Option<datafusion::execution::SendableRecordBatchStream>,
    handed_out: u64,
}

/// See the module's head.
pub(super) struct Operation {
    pub(super) handle: Handle,
    pub(super) kind: Kind,
    pub(super) has_rows: bool,
    pub(super) started_at: i64,
    state: Mutex<State>,
    rows: AsyncMutex<Source>,
    cancel: watch::Sender<bool>,
    over: watch::Sender<bool>,
    /// When a client last wanted something of it.
    wanted_at: Mutex<Instant>,
}

impl Source {
    fn push(&mut self, batch: RecordBatch) {
        let each = (row_bytes(&batch) / batch.num_rows().max(1)).max(1);
        self.ready.push_back((batch, each));
    }
}

/// Some rows of an operation.
pub(super) struct Fetched {
    pub(super) from: u64,
    pub(super) batch: Option<RecordBatch>,
    pub(super) more: bool,
}

impl Operation {
    fn new(handle: Handle, kind: Kind, has_rows: bool) -> Self {
        let state = State {
            phase: Phase::Running,
            failure: None,
            columns: Vec::new(),
            written: None,
            log: Vec::new(),
            ended_at: None,
            query: None,
        };
        Self {
            handle,
            kind,
            has_rows,
            started_at: SystemClock.now().millis(),
            state: Mutex::new(state),
            rows: AsyncMutex::default(),
            cancel: watch::Sender::new(false),
            over: watch::Sender::new(false),
            wanted_at: Mutex::new(monotonic()),
        }
    }

    /// An operation whose answer is there.
    pub(super) async fn ready(handle: Handle, kind: Kind, answer: Answer) -> Arc<Self> {
        let operation = Arc::new(Self::new(handle, kind, true));
        operation.settle(Ok(answer)).await;
        operation
    }

    /// An operation that runs on a task of its own until its first rows are there.
    pub(super) fn spawn(
        handle: Handle,
        has_rows: bool,
        word: &'static str,
        time: Option<Duration>,
        work: impl Future<Output = Result<Answer, HiveError>> + Send + 'static,
    ) -> Arc<Self> {
        let operation = Arc::new(Self::new(handle, Kind::Statement, has_rows));
        let running = Arc::clone(&operation);
        tokio::spawn(async move {
            let mut cancelled = running.cancel.subscribe();
            let done = tokio::select! {
                biased;
                _ = cancelled.wait_for(|c| *c) => Err(HiveError::Cancelled),
                done = work => done,
                () = after(time) => Err(HiveError::TimedOut(time.unwrap_or_default().as_secs())),
            };
            let end = if done.is_ok() { "done" } else { "failed" };
            ::metrics::counter!(metrics::STATEMENTS, "kind" => word, "end" => end).increment(1);
            running.settle(done).await;
        });
        operation
    }

    /// Takes the answer, and its first rows: what fails at once is the statement's failure, not a fetch's.
    async fn settle(&self, done: Result<Answer, HiveError>) {
        let done = match done {
            Ok(mut answer) => {
                let mut source = self.rows.lock().await;
                match std::mem::replace(&mut answer.rows, Rows::Ready(Vec::new())) {
                    Rows::Ready(batches) => {
                        batches.into_iter().for_each(|batch| source.push(batch));
                        Ok(answer)
                    }
                    Rows::Stream(mut stream) => match self.next(&mut stream).await {
                        Ok(Some(batch)) => {
                            source.push(batch);
                            source.stream = Some(stream);
                            Ok(answer)
                        }
                        Ok(None) => Ok(answer),
                        Err(error) => Err(error),
                    },
                }
            }
            Err(error) => Err(error),
        };
        let mut state = self.state.lock();
        state.ended_at = Some(SystemClock.now().millis());
        match done {
            Ok(answer) => {
                state.phase = Phase::Finished;
                if let Some(query) = &answer.query {
                    state.log.push(format!("query {} runs", query.id()));
                }
                if let Some(written) = answer.written {
                    state.log.push(format!("{written} rows written"));
                }
                state.columns = answer.columns;
                state.written = answer.written;
                state.query = answer.query;
            }
            Err(error) => {
                tracing::debug!(operation = ?self.handle, %error, "a statement failed");
                let cancelled = matches!(error, HiveError::Cancelled | HiveError::Lake(LakeError::Cancelled));
                state.phase = if cancelled { Phase::Cancelled } else { Phase::Failed };
                state.log.push(error.to_string());
                state.failure = Some(Failure::from(&error));
            }
        }
        drop(state);
        self.over.send_replace(true);
    }

    async fn next(
        &self,
        stream: &mut datafusion::execution::SendableRecordBatchStream,
    ) -> Result<Option<RecordBatch>, HiveError> {
        let mut cancelled = self.cancel.subscribe();
        loop {
            let batch = tokio::select! {
                biased;
                _ = cancelled.wait_for(|c| *c) => return Err(HiveError::Cancelled),
                batch = stream.next() => batch,
            };
            match batch {
                None => return Ok(None),
                Some(Ok(batch)) if batch.num_rows() == 0 => {}
                Some(Ok(batch)) => return Ok(Some(batch)),
                Some(Err(error)) => return Err(LakeError::from(error).into()),
            }
        }
    }

    /// Waits until it is no longer running.
    pub(super) async fn settled(&self) {
        let mut over = self.over.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = over.wait_for(|o| *o).await;
    }

    /// Calls it off. It stops using CPU within a batch of rows.
    pub(super) fn cancel(&self) {
        self.cancel.send_replace(true);
        if let Some(query) = &self.state.lock().query {
            query.cancel();
        }
    }

    /// Gives its rows up when nobody wanted them for `idle`: they hold a place among the running queries.
    pub(super) fn give_up_after(&self, idle: Duration) {
        if self.wanted_at.lock().elapsed() < idle || !*self.over.borrow() {
            return;
        }
        // Who fetches just now holds it, and wants them.
        let Ok(mut source) = self.rows.try_lock() else { return };
        if source.stream.take().is_none() {
            return;
        }
        source.ready.clear();
        drop(source);
        ::metrics::counter!(metrics::GIVEN_UP).increment(1);
        let error = HiveError::GivenUp(idle.as_secs());
        let mut state = self.state.lock();
        state.phase = Phase::Failed;
        state.log.push(error.to_string());
        state.failure = Some(Failure::from(&error));
        if let Some(query) = &state.query {
            query.cancel();
        }
    }

    /// A client asks for it.
    pub(super) fn wanted(&self) {
        *self.wanted_at.lock() = monotonic();
    }

    pub(super) fn phase(&self) -> Phase {
        self.state.lock().phase
    }

    pub(super) fn failure(&self) -> Option<Failure> {
        self.state.lock().failure.clone()
    }

    pub(super) fn columns(&self) -> Vec<ColumnShown> {
        self.state.lock().columns.clone()
    }

    pub(super) fn written(&self) -> Option<u64> {
        self.state.lock().written
    }

    pub(super) fn ended_at(&self) -> Option<i64> {
        self.state.lock().ended_at
    }

    pub(super) fn query_id(&self) -> String {
        self.state.lock().query.as_ref().map_or_else(|| self.handle.id(), |q| q.id().to_owned())
    }

    /// The lines of its log that were not asked for yet.
    pub(super) fn log(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().log)
    }

    /// The next rows: at most `rows`, and about `bytes`.
    pub(super) async fn fetch(&self, rows: usize, bytes: usize, first: bool) -> Result<Fetched, HiveError> {
        self.settled().await;
        if let Some(Failure { state, code, message }) = self.failure() {
            return Err(HiveError::Before { state, code, message });
        }
        let mut source = self.rows.lock().await;
        if first && source.handed_out > 0 {
            return Err(HiveError::ForwardOnly);
        }
        if source.ready.is_empty()
            && let Some(mut stream) = source.stream.take()
            && let Some(batch) = self.next(&mut stream).await?
        {
            source.push(batch);
            source.stream = Some(stream);
        }
        let from = source.handed_out;
        let Some((batch, each)) = source.ready.pop_front() else {
            return Ok(Fetched { from, batch: None, more: false });
        };
        let take = rows.min(bytes / each).clamp(1, batch.num_rows().max(1)).min(batch.num_rows());
        let part = batch.slice(0, take);
        if take < batch.num_rows() {
            source.ready.push_front((batch.slice(take, batch.num_rows() - take), each));
        }
        source.handed_out += take as u64;
        ::metrics::counter!(metrics::ROWS).increment(take as u64);
        let more = !source.ready.is_empty() || source.stream.is_some();
        Ok(Fetched { from, batch: Some(part), more })
    }
}

impl Drop for Operation {
    fn drop(&mut self) {
        if let Some(query) = &self.state.lock().query {
            query.cancel();
        }
    }
}

async fn after(time: Option<Duration>) {
    match time {
        Some(time) => tokio::time::sleep(time).await,
        None => std::future::pending().await,
    }
}
