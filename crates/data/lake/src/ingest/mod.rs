//! From the journal into tables: rows are seen within moments, and are in files exactly once.
//!
//! A reader per stream turns records into rows, which queries see at once. Every so often they are
//! written into a file; the file becomes part of its table in the same transaction in which the
//! stream's position moves on. Whatever happens in between, a record is in the table once.

mod care;
mod decode;
mod keeper;
mod pick;
mod reader;
mod retention;
mod tables;

pub use care::{CARETAKER, CareOptions};
pub(crate) use decode::decode;
pub use keeper::{Keeper, journal_id};
pub use reader::{Ingest, IngestOptions};
pub(crate) use tables::Live;
pub use tables::{Snapshot, Tables, ViewSpec};
