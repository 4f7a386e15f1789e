//! PostgreSQL's clients meet a lake over a real connection.
#![allow(clippy::unwrap_used)]

mod catalogue;
mod cursors;
mod getting_in;
mod place;
mod types;
mod wire;
