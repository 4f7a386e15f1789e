//! One connection: made when first needed, made again when it broke.

use std::collections::HashMap;
use std::thread;
use std::time::Duration;

use postgres::error::SqlState;
use postgres::{Client, Config, NoTls, Statement};

use super::tx::PgTx;
use crate::metrics::Kind;
use crate::migrate::{Batch, Migrator, migrate};
use crate::{Migration, StoreError};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection; beyond it the cache starts afresh.
pub(super) const STATEMENT_CACHE: usize = 512;
/// Bounds on the server side, so that a stuck peer cannot hold a worker thread for ever.
const SESSION: &str = "SET statement_timeout = '30s'; SET lock_timeout = '10s'; \
                       SET idle_in_transaction_session_timeout = '60s'; SET client_min_messages = 'warning'";
/// One number for all processes of the project: who holds it migrates.
const MIGRATION_LOCK: i64 = 0x0d00_7573_7465_7001;

pub(crate) struct Connection {
    config: Config,
    client: Option<Client>,
    statements: HashMap<String, Statement>,
}

impl Connection {
    pub(super) fn new(mut config: Config) -> Self {
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        if config.get_application_name().is_none() {
            config.application_name("doorstep");
        }
        Connection { config, client: None, statements: HashMap::new() }
    }

    pub(super) fn connect(&mut self) -> Result<(), StoreError> {
        if self.client.as_ref().is_some_and(|client| !client.is_closed()) {
            return Ok(());
        }
        self.forget();
        let unavailable = |e: postgres::Error| StoreError::Unavailable { reason: explain(&e) };
        let mut client = self.config.connect(NoTls).map_err(unavailable)?;
        client.batch_execute(SESSION).map_err(unavailable)?;
        self.client = Some(client);
        Ok(())
    }

    pub(super) fn migrate(&mut self, migrations: &[Migration]) -> Result<(), StoreError> {
        migrate(self, migrations)
    }

    /// Opens a transaction; `None` if the connection turned out to be dead.
    pub(super) fn begin(&mut self, kind: Kind) -> Result<Option<PgTx<'_>>, StoreError> {
        self.connect()?;
        let sql = match kind {
            Kind::Write => "BEGIN",
            Kind::Read => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        };
        let client = self.client.as_mut().expect("connect() left a client");
        if let Err(error) = client.batch_execute(sql) {
            let stale = client.is_closed() || is_lost(&error);
            self.forget();
            return if stale { Ok(None) } else { Err(StoreError::Unavailable { reason: explain(&error) }) };
        }
        Ok(self.client.as_mut().map(|client| PgTx::new(client, &mut self.statements)))
    }

    /// `Ok(false)`: rolled back by a clash or, for a read, lost; run the closure again.
    pub(super) fn commit(&mut self, kind: Kind) -> Result<bool, StoreError> {
        let Some(client) = self.client.as_mut() else {
            return Err(StoreError::CommitUnknown { reason: "the connection is gone".to_owned() });
        };
        match client.batch_execute("COMMIT") {
            Ok(()) => Ok(true),
            Err(error) if is_clash(&error) => {
                self.rollback();
                Ok(false)
            }
            Err(error) => {
                let reported = error.as_db_error().is_some() && !is_lost(&error);
                let mapped = super::tx::statement_error("COMMIT", &error);
                self.forget();
                match (reported, kind) {
                    // The server itself said no, for example a deferred constraint.
                    (true, _) => Err(mapped),
                    (false, Kind::Read) => Ok(false),
                    (false, Kind::Write) => Err(StoreError::CommitUnknown { reason: explain(&error) }),
                }
            }
        }
    }

    /// Ends the open transaction; a connection that cannot do that is given up.
    pub(super) fn rollback(&mut self) {
        let ended = self.client.as_mut().is_some_and(|client| client.batch_execute("ROLLBACK").is_ok());
        if !ended {
            self.forget();
        }
    }

    fn forget(&mut self) {
        self.client = None;
        self.statements.clear();
    }
}

impl Migrator for Connection {
    fn step(&mut self, work: &mut dyn FnMut(&mut dyn Batch) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let Some(mut tx) = self.begin(Kind::Write)? else {
            return Err(StoreError::Unavailable { reason: "the connection closed".to_owned() });
        };
        let done = tx
            .batch(&format!("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0; SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"))
            .and_then(|()| work(&mut tx));
        match done {
            Ok(()) => match self.commit(Kind::Write)? {
                true => Ok(()),
                false => Err(StoreError::Conflict { attempts: 1 }),
            },
            Err(error) => {
                self.rollback();
                Err(error)
            }
        }
    }
}

/// Whether running the same closure again may succeed.
pub(super) fn is_clash(error: &postgres::Error) -> bool {
    match error.code() {
        Some(code) if *code == SqlState::T_R_SERIALIZATION_FAILURE || *code == SqlState::T_R_DEADLOCK_DETECTED => true,
        // A migration by another process changed a table under a prepared statement.
        Some(code) if *code == SqlState::FEATURE_NOT_SUPPORTED => {
            error.as_db_error().is_some_and(|e| e.message().contains("cached plan"))
        }
        _ => false,
    }
}

/// Whether the server ended the session, so that nothing of the transaction remains.
pub(super) fn is_lost(error: &postgres::Error) -> bool {
    match error.code() {
        Some(code) => code.code().starts_with("08") || code.code().starts_with("57P"),
        None => error.is_closed(),
    }
}

/// The client's message with its cause: the outer one alone says only "db error".
pub(super) fn explain(error: &postgres::Error) -> String {
    if let Some(db) = error.as_db_error() {
        return match db.detail() {
            Some(detail) => format!("{} ({detail})", db.message()),
            None => db.message().to_owned(),
        };
    }
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Runs a few statements on a connection of their own, on a thread of their own.
pub(crate) fn run_alone(url: &str, batch: &str) -> Result<(), StoreError> {
    let (url, batch) = (url.to_owned(), batch.to_owned());
    let unavailable = |reason: String| StoreError::Unavailable { reason };
    thread::spawn(move || {
        let mut client = Client::connect(&url, NoTls).map_err(|e| unavailable(explain(&e)))?;
        client.batch_execute(&batch).map_err(|e| super::tx::statement_error(&batch, &e))
    })
    .join()
    .unwrap_or_else(|_| Err(unavailable("the client panicked".to_owned())))
}
