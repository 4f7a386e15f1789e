//! Rows that go into a bucket: all of them or none, and once for a key. The bucket here only notes what comes.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use doorstep_identity::Scope;
use doorstep_lake::catalog::Once;
use doorstep_lake::{Arrived, Buckets, Engine as _, IngestOptions, LakeError, Session};
use doorstep_store::{Store, Tx, kv};
use object_store::ObjectStore;
use object_store::memory::InMemory;
use tokio::sync::Semaphore;

use crate::support::{Lake, csv, session};

/// A bucket that refuses, or waits, where it is told to.
#[derive(Debug)]
struct Shelf {
    /// Files that came so far, and the one that is refused.
    came: AtomicUsize,
    refused: AtomicUsize,
    /// The one that is refused when it is to become an object.
    not_placed: AtomicUsize,
    /// The one that waits for a permit.
    slow: AtomicUsize,
    gate: Semaphore,
    /// Files that came and are still held.
    held: Arc<AtomicUsize>,
}

const NEVER: usize = usize::MAX;

impl Shelf {
    fn new() -> Arc<Self> {
        let never = || AtomicUsize::new(NEVER);
        let (refused, not_placed, slow) = (never(), never(), never());
        let (came, held) = (AtomicUsize::new(0), Arc::default());
        Arc::new(Self { came, refused, not_placed, slow, gate: Semaphore::new(0), held })
    }

    /// Counts from one again, and has no wishes.
    fn again(&self) {
        self.came.store(0, SeqCst);
        for wish in [&self.refused, &self.not_placed, &self.slow] {
            wish.store(NEVER, SeqCst);
        }
    }
}

#[async_trait]
impl Buckets for Shelf {
    async fn check(&self, _: &str, _: &str) -> Result<(), LakeError> {
        Ok(())
    }

    fn objects(&self, _: &str, _: &str) -> Arc<dyn ObjectStore> {
        Arc::new(InMemory::new())
    }

    async fn bring(&self, _: &str, _: &str, key: &str, file: &Path) -> Result<Arc<dyn Arrived>, LakeError> {
        assert!(file.metadata().unwrap().len() > 0);
        let n = self.came.fetch_add(1, SeqCst) + 1;
        if n == self.slow.load(SeqCst) {
            self.gate.acquire().await.unwrap().forget();
        }
        if n == self.refused.load(SeqCst) {
            return Err(LakeError::Execution("the shelf is full".to_owned()));
        }
        self.held.fetch_add(1, SeqCst);
        let placed = n != self.not_placed.load(SeqCst);
        Ok(Arc::new(Parcel { key: format!("object {key}"), placed, held: Arc::clone(&self.held) }))
    }
}

#[derive(Debug)]
struct Parcel {
    key: String,
    placed: bool,
    held: Arc<AtomicUsize>,
}

impl Arrived for Parcel {
    fn place(&self, tx: &mut dyn Tx) -> Result<(), LakeError> {
        if !self.placed {
            return Err(LakeError::Execution("the shelf gives way".to_owned()));
        }
        Ok(kv::put(tx, &self.key, &true)?)
    }

    fn undone(&self) {}
}

impl Drop for Parcel {
    fn drop(&mut self) {
        self.held.fetch_sub(1, SeqCst);
    }
}

/// The objects that are there.
async fn objects(store: &Store) -> Vec<String> {
    let sql = "SELECT key FROM settings WHERE key LIKE 'object %' ORDER BY key";
    let rows = store.read(move |tx| tx.query(sql, &[])?.iter().map(|row| row.text("key")).collect());
    rows.await.unwrap_or_else(|error: doorstep_store::StoreError| panic!("{error}"))
}

async fn until(what: &str, is: impl Fn() -> bool) {
    for _ in 0..1000 {
        if is() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what}");
}

/// Data files of the lake's own folder.
fn files(dir: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(dir) else { return 0 };
    entries.flatten().map(|e| if e.path().is_dir() { files(&e.path()) } else { 1 }).sum()
}

async fn open(dir: &Path) -> (Arc<Lake>, Arc<Shelf>) {
    let lake = Arc::new(Lake::with(dir, IngestOptions::default(), |options| options.running = 4).await);
    let shelf = Shelf::new();
    lake.engine.read_buckets(Arc::clone(&shelf) as Arc<dyn Buckets>);
    let made = "CREATE EXTERNAL TABLE out (n BIGINT, p BIGINT) STORED AS PARQUET PARTITIONED BY (p) LOCATION 's3://shelf/out/'";
    lake.run(made).await.unwrap();
    (lake, shelf)
}

/// Two rows in each of three partitions.
fn insert(from: i64) -> String {
    format!("INSERT INTO out SELECT value, value % 3 + {from} FROM generate_series(1, 6)")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_insert_into_a_bucket_is_there_as_a_whole_or_not_at_all() {
    let dir = tempfile::tempdir().unwrap();
    let (lake, shelf) = open(dir.path()).await;
    assert_eq!(lake.rows(&insert(0)).await, "6");
    let first = objects(&lake.store).await;
    assert!(first.len() == 3 && first[2].starts_with("object out/p=2/"), "{first:?}");
    let table = async |name: &str| {
        (**lake.engine.catalog().holdings("main").await.unwrap().require("default", name).unwrap()).clone()
    };
    let partitions = async || lake.engine.catalog().partitions(&table("out").await).await.unwrap().len();
    assert_eq!(partitions().await, 3);

    let nothing = async |what: &str| {
        until(what, || shelf.held.load(SeqCst) == 0).await;
        assert_eq!((objects(&lake.store).await, partitions().await), (first.clone(), 3), "{what}");
        let tables = dir.path().join("lake/tables/main");
        until(what, || files(&tables) == 0).await;
        shelf.again();
    };
    shelf.again();
    shelf.refused.store(3, SeqCst);
    assert!(lake.run(&insert(3)).await.unwrap_err().to_string().contains("full"));
    nothing("a file is refused").await;
    shelf.not_placed.store(3, SeqCst);
    assert!(lake.run(&insert(3)).await.unwrap_err().to_string().contains("gives way"));
    nothing("the last cannot become an object").await;

    // Called off, and given up by its caller.
    for called_off in [true, false] {
        shelf.slow.store(2, SeqCst);
        let (asked, sql) = (Arc::clone(&lake), insert(3));
        let running = tokio::spawn(async move { asked.run(&sql).await });
        until("the second file comes", || shelf.came.load(SeqCst) == 2 && shelf.held.load(SeqCst) == 1).await;
        if called_off {
            lake.engine.queries().iter().for_each(|query| query.cancel());
            assert!(matches!(running.await.unwrap(), Err(LakeError::Cancelled)));
        } else {
            running.abort();
        }
        nothing("it was called off").await;
    }

    // The table goes meanwhile.
    shelf.slow.store(2, SeqCst);
    let (asked, sql) = (Arc::clone(&lake), insert(3));
    let running = tokio::spawn(async move { asked.run(&sql).await });
    until("the second file comes", || shelf.came.load(SeqCst) == 2).await;
    lake.run("DROP TABLE out").await.unwrap();
    shelf.gate.add_permits(1);
    let gone = running.await.unwrap();
    assert!(matches!(gone, Err(LakeError::Conflict { .. })), "{gone:?}");
    until("nothing is held", || shelf.held.load(SeqCst) == 0).await;
    assert_eq!(objects(&lake.store).await, first);
    Arc::into_inner(lake).unwrap().stop().await;
}

fn keyed(key: &str, hash: u8) -> Session {
    let session = session("main", "boss", Scope::Admin);
    session.only_once(Once { scope: "boss".to_owned(), key: key.to_owned(), hash: vec![hash] });
    session
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_adds_rows_to_a_bucket_once() {
    let dir = tempfile::tempdir().unwrap();
    let (lake, shelf) = open(dir.path()).await;
    // One that failed has done nothing; the same key does it then.
    shelf.not_placed.store(1, SeqCst);
    lake.run_as(&keyed("a", 1), &insert(0)).await.unwrap_err();
    shelf.again();
    for repeated in [false, true, true] {
        let session = keyed("a", 1);
        assert_eq!(csv(&lake.run_as(&session, &insert(0)).await.unwrap()), "6");
        assert_eq!((session.repeated(), objects(&lake.store).await.len()), (repeated, 3));
    }
    assert!(lake.run_as(&keyed("a", 2), "INSERT INTO out VALUES (1, 1)").await.is_err(), "another statement");
    assert_eq!(objects(&lake.store).await.len(), 3);

    // Two at once: both bring their files, one of them has them placed. The first waits until the other has come.
    shelf.again();
    shelf.slow.store(1, SeqCst);
    let send = || {
        let lake = Arc::clone(&lake);
        tokio::spawn(async move {
            let session = keyed("b", 1);
            let rows = csv(&lake.run_as(&session, &insert(0)).await.unwrap());
            (rows, session.repeated())
        })
    };
    let both = [send(), send()];
    until("both have come", || shelf.came.load(SeqCst) == 4).await;
    shelf.gate.add_permits(1);
    let mut answers = Vec::new();
    for one in both {
        answers.push(one.await.unwrap());
    }
    answers.sort_unstable();
    assert_eq!(answers, [("6".to_owned(), false), ("6".to_owned(), true)]);
    assert_eq!(objects(&lake.store).await.len(), 6);
    until("nothing is held", || shelf.held.load(SeqCst) == 0).await;

    // Files of a folder are in no transaction.
    lake.run("CREATE EXTERNAL TABLE folder (n BIGINT) STORED AS PARQUET LOCATION 'folder'").await.unwrap();
    let refused = lake.run_as(&keyed("c", 1), "INSERT INTO folder VALUES (1)").await.unwrap_err();
    assert!(matches!(&refused, LakeError::Invalid { field, .. } if field == "Idempotency-Key"), "{refused}");
    assert_eq!(lake.rows("SELECT count(*) FROM folder").await, "0");
    Arc::into_inner(lake).unwrap().stop().await;
}
