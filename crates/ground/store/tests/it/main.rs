//! The store from outside: the same tests on every backend that is there.
#![allow(clippy::unwrap_used)]

mod crash;
mod migrations;
mod postgresql;
mod rooms;
mod transactions;

use doorstep_store::{Migration, Store};

/// The table most tests write to.
const NOTES: &[Migration] = &[Migration::same(
    "test/0001_notes",
    "CREATE TABLE notes(id TEXT PRIMARY KEY, n BIGINT NOT NULL, ratio DOUBLE PRECISION, body TEXT, raw BYTEA, \
     CHECK (n >= 0)); CREATE TABLE lines(note TEXT NOT NULL REFERENCES notes(id), text TEXT NOT NULL)",
)];

fn stores() -> Vec<Store> {
    doorstep_store::testing::stores(NOTES)
}
