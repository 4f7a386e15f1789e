//! PostgreSQL: worker threads with one connection each.
//!
//! The synchronous client drives its own runtime inside, so it lives and dies on these threads
//! and never on a thread of an async runtime. Transactions are READ COMMITTED (reads: one
//! snapshot); a deadlock or serialization failure runs the closure again.

mod cell;
mod connection;
mod tx;

use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use crate::job::{Job, Verdict};
use crate::metrics::{self, Kind};
use crate::queue::Queue;
use crate::store::{Engine, StoreOptions, Work};
use crate::url::redacted;
use crate::{Backend, Migration, StoreError};

use connection::Connection;
pub(crate) use connection::run_alone;

/// Runs of one closure before its clashes are reported to the caller.
const MAX_ATTEMPTS: u32 = 10;

pub(crate) fn open(url: &str, migrations: &[Migration], options: &StoreOptions) -> Result<Engine, StoreError> {
    let failed = |reason: String| StoreError::Open { url: redacted(url), reason };
    let config: postgres::Config = url.parse().map_err(|e: postgres::Error| failed(connection::explain(&e)))?;

    let queue = Arc::new(Queue::new(options.queue_limit));
    let mut threads = Vec::new();
    let (ready, opened) = sync_channel::<Result<(), StoreError>>(1);
    let migrations = migrations.to_vec();
    let mut first = Some(move |connection: &mut Connection| {
        let result = connection.connect().and_then(|()| connection.migrate(&migrations));
        let go_on = result.is_ok();
        // The opener waits for exactly this message.
        let _ = ready.send(result);
        go_on
    });
    for number in 0..options.connections.max(1) {
        let mut connection = Connection::new(config.clone());
        let jobs = Arc::clone(&queue);
        let first = first.take();
        let spawned = thread::Builder::new().name(format!("store-pg-{number}")).spawn(move || {
            if first.is_none_or(|prepare| prepare(&mut connection)) {
                work(&mut connection, &jobs, number as u64);
            }
        });
        match spawned {
            Ok(thread) => threads.push(thread),
            Err(e) => {
                queue.close();
                return Err(failed(format!("cannot start a thread: {e}")));
            }
        }
        if number == 0 {
            match opened.recv() {
                Ok(Ok(())) => {}
                Ok(Err(StoreError::Unavailable { reason })) => return Err(failed(reason)),
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(failed("its thread ended early".to_owned())),
            }
        }
    }
    Ok(Engine { backend: Backend::Postgres, write: Arc::clone(&queue), read: queue, threads })
}

fn work(connection: &mut Connection, queue: &Queue<Work>, number: u64) {
    while let Some(Work { kind, mut job }) = queue.pop() {
        metrics::depth(Kind::Write, queue.depth());
        let outcome = run(connection, kind, job.as_mut(), number);
        metrics::transaction(Backend::Postgres, kind, outcome);
    }
}

/// Runs one transaction to its answer and returns the outcome for the metrics.
fn run(connection: &mut Connection, kind: Kind, job: &mut dyn Job, number: u64) -> &'static str {
    for attempt in 1..=MAX_ATTEMPTS {
        if attempt > 1 {
            metrics::retry(Backend::Postgres);
            // Spread by thread number so that the same pair does not meet again.
            thread::sleep(Duration::from_millis(u64::from(attempt - 1) * (2 + number % 7)));
        }
        let mut tx = match connection.begin(kind) {
            Ok(Some(tx)) => tx,
            // The connection was stale; the next attempt makes a new one.
            Ok(None) => continue,
            Err(error) => {
                job.fail(error);
                return "failed";
            }
        };
        let verdict = job.run(&mut tx);
        let end = tx.into_end();
        if end.retry {
            connection.rollback();
            continue;
        }
        match (verdict, end.failed) {
            (Verdict::Commit, None) => {
                let started = doorstep_clock::monotonic();
                match connection.commit(kind) {
                    Ok(true) => {
                        if kind == Kind::Write {
                            metrics::commit(Backend::Postgres, started.elapsed());
                        }
                        job.finish();
                        return "committed";
                    }
                    Ok(false) => continue,
                    Err(error) => {
                        job.fail(error);
                        return "failed";
                    }
                }
            }
            (Verdict::Commit, Some(cause)) => {
                connection.rollback();
                job.fail(StoreError::Aborted { cause });
                return "failed";
            }
            (Verdict::Rollback, _) => {
                connection.rollback();
                job.finish();
                return "rolled_back";
            }
            (Verdict::Panicked, _) => {
                connection.rollback();
                job.finish();
                return "panicked";
            }
        }
    }
    job.fail(StoreError::Conflict { attempts: MAX_ATTEMPTS });
    "failed"
}
