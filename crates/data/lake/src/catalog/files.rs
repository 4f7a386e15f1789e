//! Which data files make up a table. A change is one transaction: a table is never half there.

use std::collections::{BTreeMap, BTreeSet};

use doorstep_clock::Timestamp;
use doorstep_store::{Backend, Row, StoreError, Tx, params};

use super::{Catalog, DataFile, TableDef, Unseen, changes};
use crate::LakeError;

/// A change of a table's files.
#[derive(Clone, Debug, Default)]
pub struct Commit {
    /// Files that are there now.
    pub add: Vec<DataFile>,
    /// Paths of files that are no part of it any more. If one of them is gone already, nothing happens.
    pub remove: Vec<String>,
    /// Everything else goes as well, except what another statement added meanwhile: that is a conflict.
    pub replace_all: bool,
    /// Partitions whose present files go.
    pub replace_specs: Vec<String>,
    /// The paths of all files that the table must have, no more and no fewer: else it is a conflict.
    pub unchanged: Option<Vec<String>>,
}

/// What one transaction did to a table's files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    /// When.
    pub(crate) at: Timestamp,
    /// Files that came.
    pub(crate) files_added: u64,
    /// Rows in them.
    pub(crate) rows_added: u64,
    /// Files that went.
    pub(crate) files_removed: u64,
    /// Rows in them.
    pub(crate) rows_removed: u64,
}

impl Catalog {
    /// The data files of a table.
    ///
    /// # Errors
    /// The store's.
    pub async fn files(&self, tenant: &str, table_id: &str) -> Result<Vec<DataFile>, LakeError> {
        let (tenant, id) = (tenant.to_owned(), table_id.to_owned());
        Ok(self.store().read(move |tx| read(tx, &tenant, &id)).await?)
    }

    /// The data files that a table had at a moment, as far back as removed files are kept.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn files_at(
        &self,
        tenant: &str,
        table_id: &str,
        at: Timestamp,
    ) -> Result<Vec<DataFile>, LakeError> {
        let (tenant, id) = (tenant.to_owned(), table_id.to_owned());
        let read = move |tx: &mut dyn Tx| {
            let sql = "SELECT * FROM lake_files WHERE table_id = $1 AND tenant = $2 AND created_at <= $3
                       AND (removed_at IS NULL OR removed_at > $3) ORDER BY path";
            tx.query(sql, params![&id, &tenant, at])?.iter().map(decode).collect::<Result<_, StoreError>>()
        };
        Ok(self.store().read(read).await?)
    }

    /// The changes of a table's files that are still known, the newest first.
    ///
    /// # Errors
    /// The store's.
    pub(crate) async fn history(&self, tenant: &str, table_id: &str) -> Result<Vec<Change>, LakeError> {
        let (tenant, id) = (tenant.to_owned(), table_id.to_owned());
        let read = move |tx: &mut dyn Tx| {
            let mut changes: BTreeMap<Timestamp, Change> = BTreeMap::new();
            for (column, removed) in [("created_at", false), ("removed_at", true)] {
                let sql = format!(
                    "SELECT {column} AS at, COUNT(*) AS files, CAST(SUM(rows_in) AS BIGINT) AS rows_in FROM lake_files
                     WHERE table_id = $1 AND tenant = $2 AND {column} IS NOT NULL
                     GROUP BY {column} ORDER BY {column} DESC LIMIT 10000"
                );
                for row in tx.query(&sql, params![&id, &tenant])? {
                    let whole = |column: &str| row.int(column).map(|n| u64::try_from(n).unwrap_or(0));
                    let at = Timestamp(row.int("at")?);
                    let change = changes.entry(at).or_insert(Change { at, ..Change::default() });
                    let (files, rows) = (whole("files")?, whole("rows_in")?);
                    if removed {
                        (change.files_removed, change.rows_removed) = (files, rows);
                    } else {
                        (change.files_added, change.rows_added) = (files, rows);
                    }
                }
            }
            Ok::<_, StoreError>(changes.into_values().rev().collect())
        };
        Ok(self.store().read(read).await?)
    }

    /// Changes the files of a table that was read as `table`.
    ///
    /// # Errors
    /// [`LakeError::Conflict`] if the table is gone or a file to remove is; the store's.
    pub async fn commit(&self, tenant: &str, table: &TableDef, commit: Commit) -> Result<(), LakeError> {
        let (t, table, now) = (tenant.to_owned(), table.clone(), self.now());
        self.write(move |tx| change(tx, &t, &table, &commit, now)).await
    }

    /// Makes a table together with its first files; false (and nothing done) when one was there and `if_absent`.
    ///
    /// # Errors
    /// [`LakeError::Exists`], the store's.
    pub async fn create_filled(
        &self,
        tenant: &str,
        table: &TableDef,
        files: Vec<DataFile>,
        replace: Option<String>,
    ) -> Result<bool, LakeError> {
        let (t, table_, now) = (tenant.to_owned(), table.clone(), self.now());
        let write = move |tx: &mut dyn Tx| {
            if let Some(old) = &replace {
                changes::remove(tx, &t, old, now)?;
            }
            if changes::insert(tx, &t, &table_)? == 0 {
                return Ok(false);
            }
            let commit = Commit { add: files.clone(), ..Commit::default() };
            apply(tx, &t, &table_.id, &commit, now)?;
            Ok::<_, StoreError>(true)
        };
        let made = self.write(write).await?;
        self.forget(tenant);
        Ok(made)
    }

    /// Adds a micro-batch and moves the position, if the position is still where the batch begins.
    ///
    /// # Errors
    /// [`LakeError::Conflict`] when another process was faster; the store's.
    pub(crate) async fn commit_batch(
        &self,
        table: &'static str,
        stream: &str,
        from: u64,
        to: u64,
        files: Vec<(String, DataFile)>,
    ) -> Result<(), LakeError> {
        let (stream, now) = (self.source(stream), self.now());
        let write = move |tx: &mut dyn Tx| {
            let at = position(tx, table, &stream)?;
            if at != from {
                return Err(LakeError::Conflict { table: table.to_owned() });
            }
            let to = i64::try_from(to).unwrap_or(i64::MAX);
            tx.execute(
                "INSERT INTO lake_positions(table_name, stream, seq) VALUES ($1, $2, $3)
                 ON CONFLICT (table_name, stream) DO UPDATE SET seq = excluded.seq",
                params![table, &stream, to],
            )?;
            for (tenant, file) in &files {
                insert(tx, tenant, &built_in_id(table), file, now)?;
            }
            Ok(())
        };
        self.write(write).await
    }

    /// Puts merged files in the place of their parts; false (and nothing done) when a part is gone already.
    pub(crate) async fn swap(&self, tenant: &str, table_id: &str, commit: Commit) -> Result<bool, LakeError> {
        let (t, id, now) = (tenant.to_owned(), table_id.to_owned(), self.now());
        self.write(move |tx| apply(tx, &t, &id, &commit, now)).await
    }

    /// Tenants and ids of managed tables that have at least `files` files below `bytes` in one partition.
    pub(crate) async fn crowded(&self, files: usize, bytes: u64) -> Result<Vec<(String, String)>, LakeError> {
        let (files, bytes) = (i64::try_from(files).unwrap_or(i64::MAX), i64::try_from(bytes).unwrap_or(i64::MAX));
        let read = move |tx: &mut dyn Tx| {
            let sql = "SELECT DISTINCT tenant, table_id FROM (
                           SELECT tenant, table_id, spec FROM lake_files
                           WHERE removed_at IS NULL AND bytes < $1 AND table_id NOT LIKE $2
                           GROUP BY tenant, table_id, spec HAVING COUNT(*) >= $3) AS crowded LIMIT 1000";
            let rows = tx.query(sql, params![bytes, format!("{}.%", super::BUILT_IN_DATABASE), files])?;
            rows.iter().map(|row| Ok((row.text("tenant")?, row.text("table_id")?))).collect::<Result<_, StoreError>>()
        };
        Ok(self.store().read(read).await?)
    }

    /// Tables made before a moment that were only to be there for a while, with their tenants: nobody ended them.
    pub(crate) async fn left_behind(&self, before: Timestamp) -> Result<Vec<(String, TableDef)>, LakeError> {
        let read = |tx: &mut dyn Tx| {
            let sql = "SELECT id, tenant, body FROM lake_tables WHERE substr(name, 1, 2) = '__' LIMIT 10000";
            let rows = tx.query(sql, params![])?;
            let table =
                |row: &Row| Ok((row.text("tenant")?, super::decode::<TableDef>(&row.text("id")?, &row.text("body")?)?));
            rows.iter().map(table).collect::<Result<Vec<_>, StoreError>>()
        };
        let mut tables = self.store().read(read).await?;
        tables.retain(|(_, table)| Unseen::is(&table.name) && table.created_at < before);
        Ok(tables)
    }

    /// How far a table has come in a stream.
    pub(crate) async fn position(&self, table: &'static str, stream: &str) -> Result<u64, LakeError> {
        let stream = self.source(stream);
        Ok(self.store().read(move |tx| position(tx, table, &stream)).await?)
    }

    /// All tenants' live files of a built-in table.
    pub(crate) async fn built_in_files(&self, table: &'static str) -> Result<Vec<(String, DataFile)>, LakeError> {
        let read = move |tx: &mut dyn Tx| {
            let sql = "SELECT * FROM lake_files WHERE table_id = $1 AND removed_at IS NULL ORDER BY path";
            let rows = tx.query(sql, params![built_in_id(table)])?;
            rows.iter().map(|row| Ok((row.text("tenant")?, decode(row)?))).collect::<Result<_, StoreError>>()
        };
        Ok(self.store().read(read).await?)
    }

    /// Of these paths those that no table has and none had lately: left over by a crash.
    pub(crate) async fn strangers(&self, paths: Vec<String>) -> Result<Vec<String>, LakeError> {
        let read = move |tx: &mut dyn Tx| {
            let mut out = Vec::new();
            for path in &paths {
                if tx.query_opt("SELECT path FROM lake_files WHERE path = $1", params![path])?.is_none() {
                    out.push(path.clone());
                }
            }
            Ok::<_, StoreError>(out)
        };
        Ok(self.store().read(read).await?)
    }

    /// At most `limit` files that nobody reads any more: removed before `past`, or before `before` if they are of a
    /// built-in table or of one that is gone.
    pub(crate) async fn removed(
        &self,
        before: Timestamp,
        past: Timestamp,
        limit: u32,
    ) -> Result<Vec<String>, LakeError> {
        let read = move |tx: &mut dyn Tx| {
            // The id of a managed table is in `lake_tables` while the table is there; a built-in one's never is.
            let sql = "SELECT path FROM lake_files WHERE removed_at < $1 AND (removed_at < $2
                           OR NOT EXISTS (SELECT 1 FROM lake_tables WHERE lake_tables.id = lake_files.table_id))
                       ORDER BY removed_at LIMIT $3";
            tx.query(sql, params![before, past, limit])?
                .iter()
                .map(|row| row.text("path"))
                .collect::<Result<_, StoreError>>()
        };
        Ok(self.store().read(read).await?)
    }

    /// Whether any tenant has a table with this id.
    pub(crate) async fn has_table(&self, id: String) -> Result<bool, LakeError> {
        let read = move |tx: &mut dyn Tx| {
            Ok::<_, StoreError>(tx.query_opt("SELECT id FROM lake_tables WHERE id = $1", params![&id])?.is_some())
        };
        Ok(self.store().read(read).await?)
    }

    /// Forgets files that are deleted.
    pub(crate) async fn forget_files(&self, paths: Vec<String>) -> Result<(), LakeError> {
        let write = move |tx: &mut dyn Tx| {
            for path in &paths {
                let sql = "DELETE FROM lake_files WHERE path = $1 AND removed_at IS NOT NULL";
                tx.execute(sql, params![path])?;
            }
            Ok::<_, StoreError>(())
        };
        self.write(write).await
    }
}

/// The id of a built-in table, the same for all tenants.
pub(crate) fn built_in_id(table: &str) -> String {
    format!("{}.{table}", super::BUILT_IN_DATABASE)
}

/// Holds a table until the transaction ends, if it is still there.
pub(super) fn hold(tx: &mut dyn Tx, tenant: &str, table: &TableDef) -> Result<(), LakeError> {
    // On PostgreSQL transactions run beside each other: one at a time changes a table.
    let sql = match tx.backend() {
        Backend::Sqlite => "SELECT id FROM lake_tables WHERE id = $1 AND tenant = $2",
        Backend::Postgres => "SELECT id FROM lake_tables WHERE id = $1 AND tenant = $2 FOR UPDATE",
    };
    let there = tx.query_opt(sql, params![&table.id, tenant])?.is_some();
    if there { Ok(()) } else { Err(LakeError::Conflict { table: table.name.clone() }) }
}

/// Changes the files of a table that is still there.
pub(super) fn change(
    tx: &mut dyn Tx,
    tenant: &str,
    table: &TableDef,
    commit: &Commit,
    now: Timestamp,
) -> Result<(), LakeError> {
    let conflict = || LakeError::Conflict { table: table.name.clone() };
    hold(tx, tenant, table)?;
    if let Some(unchanged) = &commit.unchanged {
        let sql = "SELECT path FROM lake_files WHERE table_id = $1 AND tenant = $2 AND removed_at IS NULL";
        let rows = tx.query(sql, params![&table.id, tenant])?;
        let there = rows.iter().map(|row| row.text("path")).collect::<Result<BTreeSet<_>, StoreError>>()?;
        if there.len() != unchanged.len() || !unchanged.iter().all(|path| there.contains(path)) {
            return Err(conflict());
        }
    }
    apply(tx, tenant, &table.id, commit, now)?.then_some(()).ok_or_else(conflict)
}

fn position(tx: &mut dyn Tx, table: &str, stream: &str) -> Result<u64, StoreError> {
    let sql = "SELECT seq FROM lake_positions WHERE table_name = $1 AND stream = $2";
    let row = tx.query_opt(sql, params![table, stream])?;
    row.map_or(Ok(0), |row| row.int("seq")).map(|seq| u64::try_from(seq).unwrap_or(0))
}

fn read(tx: &mut dyn Tx, tenant: &str, id: &str) -> Result<Vec<DataFile>, StoreError> {
    let sql = "SELECT * FROM lake_files WHERE table_id = $1 AND tenant = $2 AND removed_at IS NULL ORDER BY path";
    tx.query(sql, params![id, tenant])?.iter().map(decode).collect()
}

fn decode(row: &Row) -> Result<DataFile, StoreError> {
    let whole = |column: &str| row.int(column).map(|n| u64::try_from(n).unwrap_or(0));
    Ok(DataFile {
        path: row.text("path")?,
        spec: row.text("spec")?,
        rows: whole("rows_in")?,
        bytes: whole("bytes")?,
        span: row.opt_int("min_at")?.zip(row.opt_int("max_at")?),
        spans: row.opt_text("spans")?.map_or_else(|| Ok(BTreeMap::new()), |spans| super::decode("spans", &spans))?,
    })
}

fn insert(tx: &mut dyn Tx, tenant: &str, id: &str, file: &DataFile, now: Timestamp) -> Result<(), StoreError> {
    let spans = (!file.spans.is_empty()).then(|| serde_json::to_string(&file.spans).unwrap_or_default());
    tx.execute(
        "INSERT INTO lake_files(path, table_id, tenant, spec, rows_in, bytes, min_at, max_at, created_at, spans)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        params![
            &file.path,
            id,
            tenant,
            &file.spec,
            i64::try_from(file.rows).unwrap_or(i64::MAX),
            i64::try_from(file.bytes).unwrap_or(i64::MAX),
            file.span.map(|s| s.0),
            file.span.map(|s| s.1),
            now,
            spans
        ],
    )?;
    Ok(())
}

/// False when a file to remove was not there: the whole must then be given up.
fn apply(tx: &mut dyn Tx, tenant: &str, id: &str, commit: &Commit, now: Timestamp) -> Result<bool, StoreError> {
    if commit.replace_all {
        let sql = "UPDATE lake_files SET removed_at = $1 WHERE table_id = $2 AND tenant = $3 AND removed_at IS NULL";
        tx.execute(sql, params![now, id, tenant])?;
        tx.execute("DELETE FROM lake_partitions WHERE table_id = $1", params![id])?;
    }
    for spec in &commit.replace_specs {
        let sql = "UPDATE lake_files SET removed_at = $1
                   WHERE table_id = $2 AND tenant = $3 AND spec = $4 AND removed_at IS NULL";
        tx.execute(sql, params![now, id, tenant, spec])?;
    }
    // Looked at first: a refusal must leave nothing behind.
    let sql = match tx.backend() {
        Backend::Sqlite => "SELECT path FROM lake_files WHERE path = $1 AND table_id = $2 AND removed_at IS NULL",
        Backend::Postgres => {
            "SELECT path FROM lake_files WHERE path = $1 AND table_id = $2 AND removed_at IS NULL FOR UPDATE"
        }
    };
    for path in &commit.remove {
        if tx.query_opt(sql, params![path, id])?.is_none() {
            return Ok(false);
        }
    }
    for path in &commit.remove {
        tx.execute("UPDATE lake_files SET removed_at = $1 WHERE path = $2", params![now, path])?;
    }
    for file in &commit.add {
        insert(tx, tenant, id, file, now)?;
        if !file.spec.is_empty() {
            changes::note_partition(tx, id, &file.spec, None, now)?;
        }
    }
    Ok(true)
}
