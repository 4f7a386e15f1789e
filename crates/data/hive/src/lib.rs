//! HiveServer2 and HiveQL over the lake.
//!
//! [`hiveql`] reads Hive's SQL and rewrites it into the engine's; [`Runner`] runs it for a session of the
//! lake; [`Service`] speaks HiveServer2 (Thrift over SASL PLAIN) to beeline, JDBC, PyHive and impyla.
//!
//! *Invariant*: a statement reaches tables and files through the lake's engine and catalogue alone.
//! *Invariant*: nothing that a client sends is kept before its size is checked.

mod cells;
mod config;
mod error;
mod face;
mod functions;
pub mod hiveql;
pub mod metrics;
mod run;
pub mod sasl;
mod service;
pub mod thrift;

pub use config::Config;
pub use error::HiveError;
pub use run::{Answer, ColumnShown, Rows, Runner};
pub use service::{Handle, Service};
