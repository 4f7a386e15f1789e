//! Orders against real stores: SQLite always, PostgreSQL when `DOORSTEP_TEST_POSTGRES` is set.

#![allow(clippy::unwrap_used, missing_docs)]

mod needs;
mod recorded;
mod rides;
mod routes;
mod sequences;
mod setting;
mod settled;
