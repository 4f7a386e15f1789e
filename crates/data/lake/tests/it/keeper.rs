//! Two processes on one store: one keeps the lake, the other takes over and goes on with its own journal.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::{SharedClock, SystemClock};
use doorstep_identity::Scope;
use doorstep_journal::{Journal, Options};
use doorstep_lake::{
    CareOptions, Catalog, Engine as _, EngineOptions, IngestOptions, Keeper, LakeError, Limits, LocalEngine, Statement,
    Tables, journal_id,
};
use doorstep_store::Store;
use serde_json::json;

use crate::support::{EVENTS, csv, event, session};

struct Process {
    engine: LocalEngine,
    journal: Journal,
    keeper: Keeper,
}

impl Process {
    async fn start(store: &Store, dir: &Path, name: &str) -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        let own = dir.join(name);
        let journal = Journal::open(&own, Options::default(), clock.clone()).unwrap();
        let catalog = Catalog::new(store.clone(), clock.clone()).of_journal(journal_id(&own).unwrap());
        let tables = Arc::new(Tables::open(&dir.join("lake"), &catalog, &[&EVENTS], &[]).await.unwrap());
        let engine = LocalEngine::new(catalog, tables, clock, EngineOptions::new(own.join("spill"), 2)).unwrap();
        let (ingest, care) = (IngestOptions::default(), CareOptions::default());
        let keeper = Keeper::start(engine.clone(), journal.clone(), name, ingest, care).await.unwrap();
        Self { engine, journal, keeper }
    }

    async fn tell(&self, id: &str) {
        self.journal.append("events.porto", vec![event(id, 1, json!({"n": 1}))]).await.unwrap();
    }

    async fn ids(&self) -> Result<String, LakeError> {
        let statement = Statement::Sql("SELECT id FROM events ORDER BY id".to_owned());
        let boss = session("main", "boss", Scope::Admin);
        Ok(csv(&self.engine.execute(&boss, statement, Limits::default()).await?.collect(100).await?))
    }

    async fn sees(&self, expected: &str) {
        for _ in 0..1_000 {
            if self.ids().await.is_ok_and(|ids| ids == expected) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(self.ids().await.unwrap(), expected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_keeps_the_lake_and_another_takes_over() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", dir.path().join("store.db").display());
    let store = Store::open(&url, doorstep_lake::MIGRATIONS).unwrap();
    let first = Process::start(&store, dir.path(), "first").await;
    let second = Process::start(&store, dir.path(), "second").await;
    first.tell("a").await;
    second.tell("b").await;
    first.sees("a").await;
    let refused = second.ids().await;
    assert!(matches!(&refused, Err(LakeError::Elsewhere { owner }) if owner == "first"), "{refused:?}");

    // The first goes; the second takes its files over, and its own journal from the beginning.
    first.keeper.stop().await;
    assert!(matches!(first.engine.catalog().require(), Err(LakeError::Elsewhere { .. })));
    second.sees("a\nb").await;
    second.keeper.stop().await;
    drop((first.journal, first.engine));

    // The first again: it goes on where it was, with what came meanwhile.
    let third = loop {
        let own = dir.path().join("first");
        match Journal::open(&own, Options::default(), Arc::new(SystemClock)) {
            Ok(journal) => {
                drop(journal);
                break Process::start(&store, dir.path(), "first").await;
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
        }
    };
    third.tell("c").await;
    third.sees("a\nb\nc").await;
    third.keeper.stop().await;
}
