//! What a transaction's closure may do.

use crate::{Row, StoreError, Value};

/// Which database stands behind a store.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Backend {
    /// One file, in this process.
    Sqlite,
    /// A PostgreSQL server.
    Postgres,
}

impl Backend {
    /// The stable name used in metrics and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Backend::Sqlite => "sqlite",
            Backend::Postgres => "postgres",
        }
    }
}

/// An open transaction. It ends when the closure returns: `Ok` commits, `Err` rolls back.
pub trait Tx {
    /// Runs one statement and returns how many rows it changed.
    fn execute(&mut self, sql: &str, params: &[Value]) -> Result<u64, StoreError>;
    /// Runs one statement and returns its rows, all of them: put a `LIMIT` on what can grow.
    fn query(&mut self, sql: &str, params: &[Value]) -> Result<Vec<Row>, StoreError>;
    /// The database behind, for the few places where the SQL must differ.
    fn backend(&self) -> Backend;

    /// The only row of a query, or `None`; further rows are ignored.
    fn query_opt(&mut self, sql: &str, params: &[Value]) -> Result<Option<Row>, StoreError> {
        Ok(self.query(sql, params)?.into_iter().next())
    }
}
