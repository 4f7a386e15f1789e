//! Stores for tests of this crate and of those above: one test body, every backend.
//!
//! SQLite always; PostgreSQL as well when `DOORSTEP_TEST_POSTGRES` holds the `postgres://` URL
//! of a server whose user may create schemas. Every database made here is empty, belongs to one
//! test and is removed when its handle is dropped.

use std::path::PathBuf;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Migration, Store, StoreOptions, postgresql};

/// The environment variable that names a PostgreSQL server for tests.
pub const POSTGRES_VARIABLE: &str = "DOORSTEP_TEST_POSTGRES";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// An empty database of its own; dropping it removes it.
#[derive(Debug)]
pub struct TestDatabase {
    url: String,
    remove: Remove,
}

#[derive(Debug)]
enum Remove {
    Folder(PathBuf),
    Schema { server: String, name: String },
}

impl TestDatabase {
    /// A SQLite file in a new folder of the system's temporary one.
    ///
    /// # Panics
    /// When the folder cannot be made.
    pub fn sqlite() -> TestDatabase {
        let folder = std::env::temp_dir().join(unique_name());
        std::fs::create_dir_all(&folder).expect("the temporary folder is writable");
        TestDatabase { url: format!("sqlite://{}/store.db", folder.display()), remove: Remove::Folder(folder) }
    }

    /// A schema on the PostgreSQL server for tests, or `None` (with one line on standard
    /// error) when none is named.
    ///
    /// # Panics
    /// When the server is named but the schema cannot be made.
    pub fn postgres() -> Option<TestDatabase> {
        let Ok(server) = std::env::var(POSTGRES_VARIABLE) else {
            static TOLD: Once = Once::new();
            TOLD.call_once(|| eprintln!("skipped on PostgreSQL: {POSTGRES_VARIABLE} is not set"));
            return None;
        };
        let name = unique_name();
        postgresql::run_alone(&server, &format!("CREATE SCHEMA {name}"))
            .unwrap_or_else(|e| panic!("{POSTGRES_VARIABLE} is set but a schema cannot be made there: {e}"));
        let joint = if server.contains('?') { '&' } else { '?' };
        let url = format!("{server}{joint}options=-csearch_path%3D{name}");
        Some(TestDatabase { url, remove: Remove::Schema { server, name } })
    }

    /// One database of each available backend.
    pub fn each() -> Vec<TestDatabase> {
        std::iter::once(TestDatabase::sqlite()).chain(TestDatabase::postgres()).collect()
    }

    /// The address for [`Store::open`].
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let removed = match &self.remove {
            Remove::Folder(folder) => std::fs::remove_dir_all(folder).map_err(|e| e.to_string()),
            Remove::Schema { server, name } => {
                postgresql::run_alone(server, &format!("DROP SCHEMA {name} CASCADE")).map_err(|e| e.to_string())
            }
        };
        if let Err(reason) = removed {
            eprintln!("a test database was left behind: {reason}");
        }
    }
}

/// A fresh, empty, migrated store of each available backend: SQLite in memory, and PostgreSQL.
///
/// # Panics
/// When a store cannot be opened: a test has nothing to go on with.
pub fn stores(migrations: &[Migration]) -> Vec<Store> {
    std::iter::once(memory(migrations)).chain(postgres(migrations)).collect()
}

/// A fresh store on the PostgreSQL server for tests, or `None` when none is named.
///
/// # Panics
/// When one is named but cannot be opened.
pub fn postgres(migrations: &[Migration]) -> Option<Store> {
    let database = TestDatabase::postgres()?;
    let options = StoreOptions { connections: 4, ..StoreOptions::default() };
    let store = Store::open_with(database.url(), migrations, &options).expect("the migrations suit PostgreSQL");
    store.keep(Box::new(database));
    Some(store)
}

/// What a test of [`on_each_store`](crate::on_each_store) opens its store with: [`memory`] or [`postgres`].
pub type Opener = fn(&[Migration]) -> Option<Store>;

/// Makes two tests of each `async fn name(open: Opener)`: one on SQLite, one on PostgreSQL, which passes where no
/// server is named.
#[macro_export]
macro_rules! on_each_store {
    ($($name:ident),+ $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(|migrations| Some($crate::testing::memory(migrations))).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test]
            async fn $name() {
                if std::env::var_os($crate::testing::POSTGRES_VARIABLE).is_some() {
                    super::$name($crate::testing::postgres).await;
                }
            })+
        }
    };
}

/// A fresh in-memory SQLite store.
///
/// # Panics
/// When it cannot be opened.
pub fn memory(migrations: &[Migration]) -> Store {
    Store::open("sqlite::memory:", migrations).expect("an in-memory store opens with valid migrations")
}

fn unique_name() -> String {
    let started = std::time::UNIX_EPOCH.elapsed().map_or(0, |d| d.as_micros());
    format!("doorstep_test_{}_{}_{started}", std::process::id(), COUNTER.fetch_add(1, Ordering::Relaxed))
}
