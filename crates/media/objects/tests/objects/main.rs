//! The engine against real stores and a real disk: SQLite always, PostgreSQL when `DOORSTEP_TEST_POSTGRES` is set.

#![allow(clippy::unwrap_used, missing_docs)]

mod age;
mod clean;
mod disk;
mod encryption;
mod events;
mod listing;
mod multipart;
mod setting;
mod together;
mod ufile;
mod versions;
mod writes;
