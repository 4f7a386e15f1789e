//! The relational store: SQLite or PostgreSQL; migrations, transactions, outbox, leases.
//!
//! A [`Store`] owns its threads and connections. A transaction is a synchronous closure over
//! [`Tx`], sent to one of those threads; the handle awaits the answer, which comes after the
//! commit is on disk. On SQLite one writer thread runs many queued closures inside one
//! transaction (each in its own savepoint) and pays one fsync for all of them.
//!
//! ```no_run
//! use doorstep_store::{params, Migration, Store, StoreError};
//! # async fn demo() -> Result<(), StoreError> {
//! const MIGRATIONS: &[Migration] = &[Migration::same("demo/0001_notes", "CREATE TABLE notes(id TEXT PRIMARY KEY, n BIGINT NOT NULL)")];
//! let store = Store::open("sqlite::memory:", MIGRATIONS)?;
//! store.write(|tx| tx.execute("INSERT INTO notes(id, n) VALUES ($1, $2)", params!["a", 1])).await?;
//! let n: i64 = store.read(|tx| tx.query("SELECT n FROM notes", &[])?[0].int("n")).await?;
//! # let _ = n; Ok(()) }
//! ```
//!
//! The SQL both backends share: `$1..$n` placeholders, `BIGINT`, `TEXT`, `DOUBLE PRECISION`,
//! `BYTEA`, `ON CONFLICT … DO NOTHING/UPDATE`, `RETURNING`. Truth values are `BIGINT` 0/1.
//! A statement that fails ends its transaction on both backends: later statements answer
//! [`StoreError::Aborted`] and the whole is rolled back. Use `ON CONFLICT` where a clash is expected.

mod error;
pub mod idempotency;
mod job;
pub mod kv;
pub mod lease;
pub mod metrics;
mod migrate;
pub mod outbox;
mod postgresql;
mod queue;
mod row;
mod sqlite;
mod store;
pub mod testing;
mod tx;
mod url;
mod value;

pub use error::{Constraint, StoreError};
pub use migrate::Migration;
pub use row::Row;
pub use store::{Store, StoreOptions};
pub use tx::{Backend, Tx};
pub use value::Value;
