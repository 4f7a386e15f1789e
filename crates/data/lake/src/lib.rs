//! Everything is a table: catalogue, ingest from the journal, SQL on DataFusion.
//!
//! A [`Catalog`] keeps databases, tables, partitions, views and the list of data files in
//! the relational store; the files are Parquet in one folder. An [`Engine`] runs a [`Statement`] for
//! the [`Session`] of a principal and answers with a stream of record batches; [`LocalEngine`] does so
//! with DataFusion in this process. [`Ingest`] carries the journal into the built-in tables.
//!
//! *Invariant*: a statement reaches files through its tenant's catalogue alone, never by a path.
//! *Invariant*: which files make up a table is decided by the catalogue; a file that it does not name
//! is no part of any table, so no half table is ever seen.

pub mod catalog;
pub mod encode;
mod engine;
mod error;
pub mod flight;
mod ingest;
mod jobs;
pub mod metrics;
pub mod replies;

pub use catalog::{Catalog, MIGRATIONS};
pub use engine::{
    Arrived, Buckets, Context, Cost, Engine, EngineOptions, Granted, HISTORY, Limits, Listed, Listener, LocalEngine,
    NewFunction, Outcome, Permission, Plan, Prepared, Query, QueryEnd, QueryId, ReadOnly, Reads, Running, SPEED,
    Session, Settings, Statement, Statistics, Tries, check_setting, fitted, no_view_of, reads_itself,
};
pub use error::{LakeError, Limit, Place};
pub use ingest::{CARETAKER, CareOptions, Ingest, IngestOptions, Keeper, Snapshot, Tables, ViewSpec, journal_id};
pub use jobs::{Job, Jobs};

/// The columns of an answer.
pub type Columns = arrow::datatypes::SchemaRef;
/// Some rows of an answer.
pub type Batch = arrow::array::RecordBatch;
