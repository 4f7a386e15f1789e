//! A transaction on PostgreSQL.

use std::collections::HashMap;
use std::sync::Arc;

use postgres::error::SqlState;
use postgres::types::ToSql;
use postgres::{Client, Statement};

use super::cell::{Cell, Parameter};
use super::connection::{STATEMENT_CACHE, explain, is_clash, is_lost};
use crate::error::head;
use crate::migrate::Batch;
use crate::{Backend, Constraint, Row, StoreError, Tx, Value};

pub(crate) struct PgTx<'c> {
    client: &'c mut Client,
    statements: &'c mut HashMap<String, Statement>,
    end: End,
}

/// How the closure left the transaction.
#[derive(Default)]
pub(super) struct End {
    /// The first failure: the server refuses everything after it.
    pub(super) failed: Option<String>,
    /// That failure was a clash or a lost connection; nothing was written, run again.
    pub(super) retry: bool,
}

impl<'c> PgTx<'c> {
    pub(super) fn new(client: &'c mut Client, statements: &'c mut HashMap<String, Statement>) -> Self {
        PgTx { client, statements, end: End::default() }
    }

    pub(super) fn into_end(self) -> End {
        self.end
    }

    fn guarded<T>(&mut self, run: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(cause) = &self.end.failed {
            return Err(StoreError::Aborted { cause: cause.clone() });
        }
        let result = run(self);
        if let Err(error) = &result {
            self.end.failed = Some(error.to_string());
        }
        result
    }

    fn failure(&mut self, sql: &str, error: &postgres::Error) -> StoreError {
        if is_clash(error) {
            self.statements.clear();
            self.end.retry = true;
        } else if is_lost(error) || self.client.is_closed() {
            self.end.retry = true;
        }
        statement_error(sql, error)
    }

    fn statement(&mut self, sql: &str) -> Result<Statement, StoreError> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let statement = self.client.prepare(sql).map_err(|e| self.failure(sql, &e))?;
        if self.statements.len() >= STATEMENT_CACHE {
            self.statements.clear();
        }
        self.statements.insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    fn rows(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        let statement = self.statement(sql)?;
        let parameters = checked(&statement, sql, params)?;
        let rows = self.client.query(&statement, &as_dyn(&parameters)).map_err(|e| self.failure(sql, &e))?;
        let columns: Arc<[String]> = statement.columns().iter().map(|c| c.name().to_owned()).collect();
        rows.iter()
            .map(|row| {
                let mut values = Vec::with_capacity(columns.len());
                for (at, name) in columns.iter().enumerate() {
                    let cell: Cell = row.try_get(at).map_err(|e| StoreError::Column {
                        column: name.clone(),
                        wanted: "a number, text or bytes",
                        found: format!("type {} ({})", statement.columns()[at].type_(), explain(&e)),
                    })?;
                    values.push(cell.0);
                }
                Ok(Row::new(Arc::clone(&columns), values))
            })
            .collect()
    }
}

impl Tx for PgTx<'_> {
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError> {
        self.guarded(|tx| {
            let statement = tx.statement(sql)?;
            let parameters = checked(&statement, sql, params)?;
            tx.client.execute(&statement, &as_dyn(&parameters)).map_err(|e| tx.failure(sql, &e))
        })
    }

    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError> {
        self.guarded(|tx| tx.rows(sql, params))
    }

    fn backend(&self) -> Backend {
        Backend::Postgres
    }
}

impl Batch for PgTx<'_> {
    fn batch(&mut self, sql: &str) -> Result<(), StoreError> {
        self.guarded(|tx| tx.client.batch_execute(sql).map_err(|e| tx.failure(sql, &e)))
    }
}

fn checked<'v>(statement: &Statement, sql: &str, params: &'v [Value]) -> Result<Vec<Parameter<'v>>, StoreError> {
    let wrong = |index: usize, reason: String| StoreError::Parameter { index, statement: head(sql), reason };
    let types = statement.params();
    if params.len() < types.len() {
        return Err(wrong(types.len(), format!("missing, {} were given", params.len())));
    }
    if params.len() > types.len() {
        return Err(wrong(params.len(), format!("{} were given, the statement uses {}", params.len(), types.len())));
    }
    params
        .iter()
        .zip(types)
        .enumerate()
        .map(|(at, (value, ty))| Parameter::new(value, ty).map_err(|reason| wrong(at + 1, reason)))
        .collect()
}

fn as_dyn<'p>(parameters: &'p [Parameter<'_>]) -> Vec<&'p (dyn ToSql + Sync)> {
    parameters.iter().map(|p| p as &(dyn ToSql + Sync)).collect()
}

pub(super) fn statement_error(sql: &str, error: &postgres::Error) -> StoreError {
    let statement = head(sql);
    let code = error.code();
    let is = |state: &SqlState| code == Some(state);
    if is(&SqlState::READ_ONLY_SQL_TRANSACTION) {
        return StoreError::ReadOnly { statement };
    }
    if is(&SqlState::DISK_FULL) {
        return StoreError::Full { reason: explain(error) };
    }
    let kind = if is(&SqlState::UNIQUE_VIOLATION) {
        Some(Constraint::Unique)
    } else if is(&SqlState::FOREIGN_KEY_VIOLATION) {
        Some(Constraint::ForeignKey)
    } else if is(&SqlState::NOT_NULL_VIOLATION) {
        Some(Constraint::NotNull)
    } else if is(&SqlState::CHECK_VIOLATION) {
        Some(Constraint::Check)
    } else {
        None
    };
    match kind {
        Some(kind) => StoreError::Constraint { kind, statement, detail: explain(error) },
        None => StoreError::Statement { statement, reason: explain(error) },
    }
}
