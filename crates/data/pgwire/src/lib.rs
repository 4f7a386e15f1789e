//! PostgreSQL's protocol over the lake, for psql, psycopg, JDBC and what stands on them.
//!
//! [`Service`] listens; a session reads a client's messages ([`wire`]), takes its texts apart, and hands what is not
//! about the session itself to the lake's engine. Queries about PostgreSQL's own catalogue are answered from the
//! lake's.
//!
//! *Invariant*: a statement reaches tables and files through the lake's engine and catalogue alone.
//! *Invariant*: a parameter's value never becomes text of a statement.
//! *Invariant*: nothing that a client sends is kept before its size is checked, and no answer is gathered.

mod catalogue;
mod cells;
mod config;
mod error;
mod face;
pub mod metrics;
mod service;
mod sql;
pub mod wire;

pub use config::Config;
pub use error::PgError;
pub use service::{Handle, Service};
