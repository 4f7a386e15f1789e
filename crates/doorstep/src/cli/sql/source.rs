//! Who answers: a running Doorstep, or its data directory opened here.

use std::{io::Write as _, sync::Arc};

use anyhow::{Context as _, bail};
use doorstep_clock::{SharedClock, SystemClock};
use doorstep_identity::{KeyId, Principal, Scope, TenantId};
use doorstep_journal::{Journal, JournalError};
use doorstep_lake::{Engine as _, IngestOptions, Keeper, LakeError, Limits, Session, Statement, encode, replies};
use futures::StreamExt as _;
use serde_json::Value;

use super::{Args, remote::Remote, table};
use crate::{
    config::Loader,
    node,
    roles::lake::{Lake, care},
};

/// How rows are shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// A table, for people.
    Table {
        /// So many rows at most.
        max_rows: usize,
    },
    /// JSON lines.
    Json,
    /// CSV.
    Csv,
}

/// Who answers.
pub(super) enum Source {
    /// A running Doorstep.
    Remote(Remote),
    /// Its data directory.
    Here {
        /// The engine.
        lake: Lake,
        /// Takes in what the journal holds.
        keeper: Keeper,
        /// As the owner of the data directory.
        session: Session,
    },
}

impl Source {
    pub(super) async fn open(args: &Args) -> anyhow::Result<Self> {
        if let Some(server) = &args.server {
            return Ok(Self::Remote(Remote::new(
                server,
                args.key.as_deref(),
                args.database.clone(),
                args.speed.clone(),
            )?));
        }
        let loaded =
            Loader::from_environment().file(args.config.as_deref()).flag("--data", "data", args.data.clone()).load()?;
        let config = loaded.config;
        let wall: SharedClock = Arc::new(SystemClock);
        let store = node::open_store(&config)?;
        let journal =
            match Journal::open(&config.journal_dir(), doorstep_journal::Options::default(), Arc::clone(&wall)) {
                Ok(journal) => journal,
                Err(JournalError::Locked { .. }) => bail!(
                    "a Doorstep runs on {}; ask it with --server http://… --key access:secret",
                    config.data.display()
                ),
                Err(error) => return Err(error).context("cannot open the journal"),
            };
        let lake = Lake::open(&config, store, wall).await?;
        let (owner, engine) = (node::owner_name(&config), lake.engine.clone());
        let keeper = Keeper::start(engine, journal.clone(), &owner, IngestOptions::default(), care(&config)).await?;
        lake.engine.catalog().require().context("a running Doorstep has this store; ask it with --server")?;
        lake.engine.tables().caught_up(&journal).await;
        let session = lake.engine.session(Principal {
            tenant: TenantId::new(&args.tenant),
            key: KeyId::new("command-line"),
            name: "command line".to_owned(),
            scopes: [Scope::Admin].into_iter().collect(),
        });
        if let Some(database) = &args.database {
            session.use_database(database);
        }
        if let Some(speed) = &args.speed {
            session.set(doorstep_lake::SPEED, speed);
        }
        Ok(Self::Here { lake, keeper, session })
    }

    pub(super) async fn close(self) {
        if let Self::Here { keeper, session, .. } = self {
            session.let_tables_go().await;
            keeper.stop().await;
        }
    }

    /// Runs a statement and shows its rows.
    pub(super) async fn run(&self, statement: &str, form: Form, stats: bool) -> anyhow::Result<()> {
        match form {
            Form::Table { max_rows } => {
                let answer = self.object(statement, max_rows).await?;
                table::show(&answer, stats);
                Ok(())
            }
            Form::Json | Form::Csv => self.stream(statement, matches!(form, Form::Json), stats).await,
        }
    }

    /// The answer as one JSON object.
    pub(super) async fn object(&self, statement: &str, max_rows: usize) -> anyhow::Result<Value> {
        match self {
            Self::Remote(remote) => remote.object(statement, max_rows).await,
            Self::Here { lake, session, .. } => {
                let asked = Statement::Sql(statement.to_owned());
                let explain = |error| explained(&error, statement);
                let running = lake.engine.execute(session, asked, Limits::default()).await.map_err(explain)?;
                let text = replies::object(running, max_rows).await.map_err(explain)?;
                Ok(serde_json::from_slice(&text)?)
            }
        }
    }

    async fn stream(&self, statement: &str, json: bool, stats: bool) -> anyhow::Result<()> {
        match self {
            Self::Remote(remote) => remote.stream(statement, json, stats).await,
            Self::Here { lake, session, .. } => {
                let asked = Statement::Sql(statement.to_owned());
                let explain = |error| explained(&error, statement);
                let running = lake.engine.execute(session, asked, Limits::default()).await.map_err(explain)?;
                let form = if json { encode::Form::JsonLines } else { encode::Form::Csv };
                let mut rows = Box::pin(replies::stream(running, form, stats && json));
                let mut out = std::io::stdout().lock();
                while let Some(bytes) = rows.next().await {
                    out.write_all(&bytes.map_err(explain)?).context("cannot write to standard output")?;
                }
                Ok(())
            }
        }
    }

    /// Databases, tables and their columns, as `GET /v1/sql/tables` tells them.
    pub(super) async fn tables(&self) -> anyhow::Result<Value> {
        match self {
            Self::Remote(remote) => remote.tables().await,
            Self::Here { lake, session, .. } => {
                let listed = lake.engine.list(session).await?;
                let row = |table: &doorstep_lake::Listed| {
                    let columns = encode::columns(&table.schema).into_iter().map(
                        |c| serde_json::json!({"name": c.name, "type": c.r#type, "about": table.columns.get(&c.name)}),
                    );
                    serde_json::json!({"database": table.database, "name": table.name, "kind": table.kind.as_str(),
                                       "about": table.about, "columns": columns.collect::<Vec<_>>(),
                                       "rows": table.size.map(|(rows, _)| rows)})
                };
                Ok(listed.iter().map(row).collect())
            }
        }
    }
}

/// The error with the place in the statement under it.
fn explained(error: &LakeError, statement: &str) -> anyhow::Error {
    let mut told = error.to_string();
    if let LakeError::Sql { fix: Some(fix), .. } = error {
        told = format!("{told}; {fix}");
    }
    match error.place() {
        Some(place) => anyhow::anyhow!("{}", pointed(&told, statement, place.line, place.column)),
        None => anyhow::anyhow!("{told}"),
    }
}

/// A message with the line that it is about and a mark under the place.
pub(super) fn pointed(told: &str, statement: &str, line: u64, column: u64) -> String {
    let (line, column) = (usize::try_from(line).unwrap_or(1), usize::try_from(column).unwrap_or(1));
    match statement.lines().nth(line.saturating_sub(1)) {
        Some(text) => format!("{told}\n  {text}\n  {}^", " ".repeat(column.saturating_sub(1))),
        None => told.to_owned(),
    }
}
