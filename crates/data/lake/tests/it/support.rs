//! A lake in a scratch directory, and rows as text.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::{SharedClock, SystemClock, Timestamp};
use doorstep_identity::{KeyId, Keys, Principal, Scope, TenantId};
use doorstep_journal::table::{ColumnKind, ColumnSpec, Source, TableSpec, column};
use doorstep_journal::{Journal, NewRecord, Options};
use doorstep_lake::encode::{Encoder, Form};
use doorstep_lake::{
    Catalog, Engine as _, EngineOptions, Ingest, IngestOptions, LakeError, Limits, LocalEngine, Outcome, Session,
    Statement, Tables, ViewSpec,
};
use doorstep_store::{Migration, Store};

pub(crate) const EVENTS: TableSpec = TableSpec {
    name: "events",
    about: "Something happened.",
    streams: "events.",
    kinds: &[],
    columns: &[
        ColumnSpec { name: "place", kind: ColumnKind::Text, from: Source::Stream, about: "Where." },
        ColumnSpec { name: "at", kind: ColumnKind::Time, from: Source::At, about: "When." },
        ColumnSpec { name: "id", kind: ColumnKind::Text, from: Source::Key, about: "Which." },
        column("n", ColumnKind::Int, "/n", "How many."),
    ],
    time: "at",
    keep_days: None,
    clock: Some("place"),
};

const VIEWS: &[ViewSpec] =
    &[ViewSpec { name: "busy", about: "Events of more than one.", query: "SELECT * FROM events WHERE n > 1" }];

pub(crate) struct Lake {
    pub(crate) engine: LocalEngine,
    pub(crate) journal: Journal,
    pub(crate) keys: Keys,
    pub(crate) store: Store,
    ingest: Option<Ingest>,
}

impl Lake {
    pub(crate) async fn open(dir: &Path) -> Self {
        Self::with(dir, IngestOptions::default(), |_| {}).await
    }

    pub(crate) async fn with(dir: &Path, ingest: IngestOptions, change: impl FnOnce(&mut EngineOptions)) -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        let url = format!("sqlite://{}", dir.join("store.db").display());
        let migrations: Vec<Migration> =
            [doorstep_lake::MIGRATIONS, doorstep_identity::MIGRATIONS].into_iter().flatten().copied().collect();
        let store = Store::open(&url, &migrations).unwrap();
        let catalog = Catalog::new(store.clone(), clock.clone());
        // A connection of an earlier lake may hold the journal a moment longer.
        let journal = loop {
            match Journal::open(&dir.join("journal"), Options::default(), clock.clone()) {
                Ok(journal) => break journal,
                Err(doorstep_journal::JournalError::Locked { .. }) => {
                    tokio::time::sleep(Duration::from_millis(5)).await
                }
                Err(error) => panic!("{error}"),
            }
        };
        let tables = Arc::new(Tables::open(&dir.join("lake"), &catalog, &[&EVENTS], VIEWS).await.unwrap());
        let mut options = EngineOptions::new(dir.join("spill"), 2);
        options.memory_bytes = 256 << 20;
        change(&mut options);
        let engine = LocalEngine::new(catalog.clone(), tables.clone(), clock.clone(), options).unwrap();
        let ingest = Ingest::start(tables, catalog, journal.clone(), ingest);
        Self { engine, journal, keys: Keys::new(store.clone(), clock), store, ingest: Some(ingest) }
    }

    pub(crate) async fn stop(mut self) {
        self.ingest.take().unwrap().stop().await;
    }

    /// Runs a statement as the admin of `main`.
    pub(crate) async fn run(&self, sql: &str) -> Result<Outcome, LakeError> {
        self.run_as(&session("main", "boss", Scope::Admin), sql).await
    }

    pub(crate) async fn run_as(&self, session: &Session, sql: &str) -> Result<Outcome, LakeError> {
        let statement = Statement::Sql(sql.to_owned());
        self.engine.execute(session, statement, Limits::default()).await?.collect(1_000_000).await
    }

    /// Its rows as CSV without the line of names.
    pub(crate) async fn rows(&self, sql: &str) -> String {
        csv(&self.run(sql).await.unwrap_or_else(|e| panic!("{sql}: {e}")))
    }

    pub(crate) async fn rows_as(&self, session: &Session, sql: &str) -> String {
        csv(&self.run_as(session, sql).await.unwrap_or_else(|e| panic!("{sql}: {e}")))
    }

    /// Asks until the answer is as expected, for ten seconds.
    pub(crate) async fn wait(&self, sql: &str, expected: &str) {
        for _ in 0..500 {
            if self.rows(sql).await == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(self.rows(sql).await, expected, "{sql}");
    }
}

pub(crate) fn session(tenant: &str, key: &str, scope: Scope) -> Session {
    Session::new(Principal {
        tenant: TenantId::new(tenant),
        key: KeyId::new(key),
        name: key.to_owned(),
        scopes: [scope].into_iter().collect(),
    })
}

pub(crate) fn csv(outcome: &Outcome) -> String {
    let mut encoder = Encoder::new(Form::Csv, outcome.schema.clone());
    let mut text = Vec::new();
    for batch in &outcome.batches {
        text.extend_from_slice(&encoder.rows(batch).unwrap());
    }
    text.extend_from_slice(&encoder.finish().unwrap());
    let text = String::from_utf8(text).unwrap();
    text.split_once('\n').map(|(_, rows)| rows.trim_end().to_owned()).unwrap_or_default()
}

pub(crate) fn event(id: &str, at: i64, payload: serde_json::Value) -> NewRecord {
    NewRecord {
        kind: "seen".to_owned(),
        key: id.to_owned(),
        at: Timestamp(at),
        payload: payload.to_string().into_bytes().into(),
        dedupe: None,
    }
}
