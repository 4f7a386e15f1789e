//! The catalogue: databases, tables, partitions, views, grants and data files, in the store.
//!
//! What a tenant has is read once and kept; this process forgets it at each change of its own, and
//! after [`BELIEVED_MS`] in any case, because other processes change it too.

mod changes;
mod files;
mod functions;
mod names;
mod once;
mod saved;
mod schema;
mod table;
mod tenure;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use doorstep_clock::{SharedClock, Timestamp};
use doorstep_store::{Store, StoreError, Tx, params};
use parking_lot::RwLock;

pub use files::Commit;
pub(crate) use files::{Change, built_in_id};
pub use functions::FunctionDef;
pub(crate) use names::counted;
pub use names::{Unseen, check_name, nearest};
pub use once::Once;
pub use saved::Saved;
pub use schema::MIGRATIONS;
pub use table::{
    DataFile, Delimited, FileKind, Grant, NULL_PARTITION, Right, TableDef, TableKind, partition_spec, partition_values,
};

pub(crate) use tenure::{TTL_MS, Turn, identity};

use crate::LakeError;

/// The database that every tenant has.
pub const DEFAULT_DATABASE: &str = "default";
/// The database of the built-in tables; every tenant sees its own rows in it.
pub const BUILT_IN_DATABASE: &str = "doorstep";
/// How long what was read is believed, milliseconds.
const BELIEVED_MS: i64 = 1_000;
/// Tables that a tenant may have.
const MAX_TABLES: i64 = 20_000;

/// A database of a tenant.
#[derive(Clone, Debug, Default)]
pub struct Database {
    /// What its maker says of it.
    pub comment: String,
    /// Its tables and views, by name.
    pub tables: BTreeMap<String, Arc<TableDef>>,
}

/// Everything that a tenant has, at one moment.
#[derive(Clone, Debug, Default)]
pub struct Holdings {
    /// By name; `default` is always there.
    pub databases: BTreeMap<String, Database>,
    /// By key, database and table.
    pub grants: HashMap<(String, String, String), Grant>,
    /// By database and name.
    pub functions: BTreeMap<(String, String), Arc<FunctionDef>>,
}

impl Holdings {
    /// A table or view.
    #[must_use]
    pub fn table(&self, database: &str, name: &str) -> Option<&Arc<TableDef>> {
        self.databases.get(database)?.tables.get(name)
    }

    /// Refuses a table that is not there, naming the nearest.
    ///
    /// # Errors
    /// [`LakeError::Unknown`].
    pub fn require(&self, database: &str, name: &str) -> Result<&Arc<TableDef>, LakeError> {
        self.table(database, name).ok_or_else(|| {
            let near = self.databases.get(database).and_then(|d| nearest(name, d.tables.keys().map(String::as_str)));
            LakeError::Unknown { what: "table", name: format!("{database}.{name}"), near }
        })
    }
}

/// What was read of a tenant, and when.
type Kept = (Arc<Holdings>, Timestamp);

/// The catalogue of all tenants. Cheap to clone.
#[derive(Clone)]
pub struct Catalog {
    store: Store,
    clock: SharedClock,
    kept: Arc<RwLock<HashMap<String, Kept>>>,
    /// Counts what was forgotten, so that nothing read before a change is kept after it.
    changes: Arc<AtomicU64>,
    standing: Arc<RwLock<tenure::Standing>>,
    /// Which journal positions are kept of.
    journal: Arc<str>,
}

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Catalog").field("tenants", &self.kept.read().len()).finish_non_exhaustive()
    }
}

impl Catalog {
    /// A catalogue in `store`, which has [`MIGRATIONS`]. `clock` is real time.
    #[must_use]
    pub fn new(store: Store, clock: SharedClock) -> Self {
        Self {
            store,
            clock,
            kept: Arc::default(),
            changes: Arc::default(),
            standing: Arc::default(),
            journal: "".into(),
        }
    }

    /// Keeps positions under the id of the journal that is read: another process has another journal.
    #[must_use]
    pub fn of_journal(self, id: Arc<str>) -> Self {
        Self { journal: id, ..self }
    }

    /// A stream's name among those of all journals.
    fn source(&self, stream: &str) -> String {
        if self.journal.is_empty() { stream.to_owned() } else { format!("{}/{stream}", self.journal) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) const fn store(&self) -> &Store {
        &self.store
    }

    /// Everything that a tenant has.
    ///
    /// # Errors
    /// The store's.
    pub async fn holdings(&self, tenant: &str) -> Result<Arc<Holdings>, LakeError> {
        let now = self.now();
        if let Some((kept, at)) = self.kept.read().get(tenant)
            && now.ms_since(*at) < BELIEVED_MS
        {
            return Ok(Arc::clone(kept));
        }
        let of = tenant.to_owned();
        let changes = self.changes.load(Ordering::SeqCst);
        let read = self.store.read(move |tx| read_holdings(tx, &of)).await?;
        let read = Arc::new(read);
        let mut kept = self.kept.write();
        if self.changes.load(Ordering::SeqCst) == changes {
            kept.insert(tenant.to_owned(), (Arc::clone(&read), now));
        }
        Ok(read)
    }

    /// Forgets what was read of a tenant.
    pub fn forget(&self, tenant: &str) {
        let mut kept = self.kept.write();
        self.changes.fetch_add(1, Ordering::SeqCst);
        kept.remove(tenant);
    }
}

fn read_holdings(tx: &mut dyn Tx, tenant: &str) -> Result<Holdings, StoreError> {
    let mut all = Holdings::default();
    all.databases.insert(DEFAULT_DATABASE.to_owned(), Database::default());
    for row in tx.query("SELECT name, comment FROM lake_databases WHERE tenant = $1", params![tenant])? {
        let database = Database { comment: row.text("comment")?, tables: BTreeMap::new() };
        all.databases.insert(row.text("name")?, database);
    }
    let sql = "SELECT id, version, body FROM lake_tables WHERE tenant = $1 LIMIT $2";
    for row in tx.query(sql, params![tenant, MAX_TABLES])? {
        let mut table: TableDef = decode(&row.text("id")?, &row.text("body")?)?;
        table.version = row.int("version")?;
        let database = all.databases.entry(table.database.clone()).or_default();
        database.tables.insert(table.name.clone(), Arc::new(table));
    }
    let sql = "SELECT key_id, database_name, table_name, body FROM lake_grants WHERE tenant = $1";
    for row in tx.query(sql, params![tenant])? {
        let at = (row.text("key_id")?, row.text("database_name")?, row.text("table_name")?);
        let grant = decode(&at.2, &row.text("body")?)?;
        all.grants.insert(at, grant);
    }
    let sql = "SELECT database_name, name, body FROM lake_functions WHERE tenant = $1 LIMIT $2";
    for row in tx.query(sql, params![tenant, functions::MAX_FUNCTIONS])? {
        let at = (row.text("database_name")?, row.text("name")?);
        let function = decode(&at.1, &row.text("body")?)?;
        all.functions.insert(at, Arc::new(function));
    }
    Ok(all)
}

fn decode<T: serde::de::DeserializeOwned>(key: &str, body: &str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|e| StoreError::Decode { key: format!("lake {key}"), reason: e.to_string() })
}
