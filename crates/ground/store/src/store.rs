//! The handle: opens a backend, queues transactions, awaits their durable answers.

use std::sync::Arc;
use std::thread::JoinHandle;

use parking_lot::Mutex;
use tokio::sync::oneshot;

use crate::job::{Job, TypedJob};
use crate::metrics::{self, Kind};
use crate::queue::{Queue, Refused};
use crate::url::{self, Address};
use crate::{Backend, Migration, StoreError, Tx, postgresql, sqlite};

/// Sizes of a store. The defaults suit one city on two cores.
#[derive(Clone, Debug)]
pub struct StoreOptions {
    /// Transactions that may wait before [`StoreError::Overloaded`]; default 4096.
    pub queue_limit: usize,
    /// SQLite: most transactions that share one commit; default 256.
    pub group_limit: usize,
    /// SQLite: reader threads with a connection each; default 2.
    pub readers: usize,
    /// PostgreSQL: worker threads with a connection each; default 8.
    pub connections: usize,
}

impl Default for StoreOptions {
    fn default() -> Self {
        StoreOptions { queue_limit: 4096, group_limit: 256, readers: 2, connections: 8 }
    }
}

/// One queued transaction.
pub(crate) struct Work {
    pub(crate) kind: Kind,
    pub(crate) job: Box<dyn Job>,
}

/// The threads of an opened backend and the queues that feed them.
pub(crate) struct Engine {
    pub(crate) backend: Backend,
    pub(crate) write: Arc<Queue<Work>>,
    pub(crate) read: Arc<Queue<Work>>,
    pub(crate) threads: Vec<JoinHandle<()>>,
}

/// A handle to the store; clones share it. The last one dropped finishes the queued
/// transactions, then closes the connections.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    backend: Backend,
    write: Arc<Queue<Work>>,
    read: Arc<Queue<Work>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    /// Dropped after the last connection is closed.
    kept: Mutex<Option<Box<dyn std::any::Any + Send>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("backend", &self.inner.backend).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the store at `url` and brings its schema up to `migrations`.
    ///
    /// `sqlite:///abs/path.db` (made if missing), `sqlite::memory:` (gone with the handle) or
    /// `postgres://user@host/database`. Blocks while connecting and migrating; safe to call
    /// from async code at start-up.
    pub fn open(url: &str, migrations: &[Migration]) -> Result<Store, StoreError> {
        Store::open_with(url, migrations, &StoreOptions::default())
    }

    /// [`Store::open`] with chosen sizes.
    pub fn open_with(url: &str, migrations: &[Migration], options: &StoreOptions) -> Result<Store, StoreError> {
        let engine = match url::parse(url)? {
            Address::SqliteFile(path) => sqlite::open_file(&path, migrations, options)?,
            Address::SqliteMemory => sqlite::open_memory(migrations, options)?,
            Address::Postgres(url) => postgresql::open(&url, migrations, options)?,
        };
        Ok(Store {
            inner: Arc::new(Inner {
                backend: engine.backend,
                write: engine.write,
                read: engine.read,
                threads: Mutex::new(engine.threads),
                kept: Mutex::new(None),
            }),
        })
    }

    /// Runs one durable transaction: when `Ok` comes back it is on disk; an `Err` or a panic of
    /// the closure rolls it back. The closure may run more than once (clashes with concurrent
    /// transactions are retried), so it must do nothing but work on the transaction.
    pub async fn write<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.ask(Kind::Write, f).await
    }

    /// Runs a read-only transaction on one consistent snapshot; a write in it is
    /// [`StoreError::ReadOnly`].
    pub async fn read<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.ask(Kind::Read, f).await
    }

    /// [`Store::write`] for code outside an async runtime; blocks the thread.
    pub fn write_blocking<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.ask_blocking(Kind::Write, f)
    }

    /// [`Store::read`] for code outside an async runtime; blocks the thread.
    pub fn read_blocking<T, E, F>(&self, f: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.ask_blocking(Kind::Read, f)
    }

    /// The database behind this handle.
    pub fn backend(&self) -> Backend {
        self.inner.backend
    }

    /// Asks the database for a trivial answer through the ordinary queue.
    pub async fn ping(&self) -> Result<(), StoreError> {
        self.read(|tx| tx.query("SELECT 1 AS one", &[]).map(|_| ())).await
    }

    /// Drops `thing` only after this store is closed.
    pub(crate) fn keep(&self, thing: Box<dyn std::any::Any + Send>) {
        *self.inner.kept.lock() = Some(thing);
    }

    async fn ask<T, E, F>(&self, kind: Kind, f: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.submit(
            kind,
            Box::new(TypedJob::new(f, move |result| {
                // A caller that stopped waiting does not undo the transaction.
                let _ = reply.send(result);
            })),
        )?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    fn ask_blocking<T, E, F>(&self, kind: Kind, f: F) -> Result<T, E>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let (reply, answer) = std::sync::mpsc::sync_channel(1);
        self.submit(
            kind,
            Box::new(TypedJob::new(f, move |result| {
                let _ = reply.send(result);
            })),
        )?;
        answer.recv().unwrap_or_else(|_| Err(StoreError::Closed.into()))
    }

    fn submit(&self, kind: Kind, job: Box<dyn Job>) -> Result<(), StoreError> {
        let queue = match kind {
            Kind::Write => &self.inner.write,
            Kind::Read => &self.inner.read,
        };
        match queue.push(Work { kind, job }) {
            Ok(depth) => {
                metrics::depth(kind, depth);
                Ok(())
            }
            Err((Refused::Closed, _)) => Err(StoreError::Closed),
            Err((Refused::Full, _)) => {
                metrics::overloaded(kind);
                Err(StoreError::Overloaded { limit: queue.limit() })
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.write.close();
        self.read.close();
        let me = std::thread::current().id();
        for thread in self.threads.lock().drain(..) {
            // A closure may hold the last handle; its own thread must not wait for itself.
            if thread.thread().id() != me && thread.join().is_err() {
                tracing::error!("a store thread ended by panic");
            }
        }
    }
}
