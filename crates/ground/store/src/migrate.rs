//! Schema changes: ordered, applied once, guarded by a checksum.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_clock::{Clock, SystemClock};
use sha2::{Digest, Sha256};

use crate::{Backend, StoreError, Tx, idempotency, kv, lease, outbox, params};

/// One schema change. Its text must never change once released: add another migration instead.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Unique name, `owner/number_what`, such as `orders/0001_orders`.
    pub id: &'static str,
    /// The statements for SQLite.
    pub sqlite: &'static str,
    /// The statements for PostgreSQL.
    pub postgres: &'static str,
}

impl Migration {
    /// A migration whose text suits both backends.
    pub const fn same(id: &'static str, sql: &'static str) -> Migration {
        Migration { id, sqlite: sql, postgres: sql }
    }

    fn sql(&self, backend: Backend) -> &'static str {
        match backend {
            Backend::Sqlite => self.sqlite,
            Backend::Postgres => self.postgres,
        }
    }
}

/// A transaction that also takes several statements at once.
pub(crate) trait Batch: Tx {
    /// Runs statements separated by semicolons.
    fn batch(&mut self, sql: &str) -> Result<(), StoreError>;
}

/// A connection that can migrate. Steps of different processes take turns.
pub(crate) trait Migrator {
    /// Runs `work` in one transaction.
    fn step(&mut self, work: &mut dyn FnMut(&mut dyn Batch) -> Result<(), StoreError>) -> Result<(), StoreError>;
}

const LEDGER: &str = "CREATE TABLE IF NOT EXISTS doorstep_migrations(\
    id TEXT PRIMARY KEY, checksum TEXT NOT NULL, applied_at BIGINT NOT NULL)";

/// The store's own tables come first, then the caller's in the order given.
pub(crate) fn migrate(db: &mut dyn Migrator, migrations: &[Migration]) -> Result<(), StoreError> {
    let all: Vec<Migration> = [outbox::MIGRATIONS, lease::MIGRATIONS, idempotency::MIGRATIONS, kv::MIGRATIONS]
        .concat()
        .into_iter()
        .chain(migrations.iter().copied())
        .collect();
    let mut seen = BTreeSet::new();
    if let Some(twice) = all.iter().find(|m| !seen.insert(m.id)) {
        return Err(StoreError::MigrationRepeated { id: twice.id.to_owned() });
    }

    // All checks before any change: a refused database is left exactly as it was.
    let mut applied: BTreeMap<String, String> = BTreeMap::new();
    db.step(&mut |tx| {
        tx.batch(LEDGER)?;
        for row in tx.query("SELECT id, checksum FROM doorstep_migrations", &[])? {
            applied.insert(row.text("id")?, row.text("checksum")?);
        }
        let changed = all.iter().find(|m| applied.get(m.id).is_some_and(|sum| *sum != checksum(m.sql(tx.backend()))));
        changed.map_or(Ok(()), |m| Err(StoreError::MigrationChanged { id: m.id.to_owned() }))
    })?;
    for unknown in applied.keys().filter(|id| !seen.contains(id.as_str())) {
        tracing::warn!(migration = %unknown, "the database has a migration this build does not know");
    }
    for migration in all.iter().filter(|m| !applied.contains_key(m.id)) {
        db.step(&mut |tx| apply(tx, migration))
            .map_err(|e| StoreError::Migration { id: migration.id.to_owned(), reason: e.to_string() })?;
    }
    Ok(())
}

fn apply(tx: &mut dyn Batch, migration: &Migration) -> Result<(), StoreError> {
    // Another process may have been faster since the ledger was read.
    if tx.query_opt("SELECT id FROM doorstep_migrations WHERE id = $1", params![migration.id])?.is_some() {
        return Ok(());
    }
    let sql = migration.sql(tx.backend());
    tx.batch(sql)?;
    tx.execute(
        "INSERT INTO doorstep_migrations(id, checksum, applied_at) VALUES ($1, $2, $3)",
        params![migration.id, checksum(sql), SystemClock.now()],
    )?;
    tracing::info!(migration = migration.id, "migration applied");
    Ok(())
}

fn checksum(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().map(|b| format!("{b:02x}")).collect()
}
