//! Keeping tables in shape: small files become large sorted ones, old rows go, what nobody names is deleted.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use arrow::datatypes::{DataType, SchemaRef, TimeUnit};
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::{Expr, LogicalPlanBuilder, SortExpr, lit};
use doorstep_clock::Timestamp;
use doorstep_identity::{KeyId, Principal, Scope, TenantId};
use doorstep_journal::table::TableSpec;
use futures::StreamExt as _;
use tokio::sync::watch;

use super::reader::{beside, built_in_folder};
use super::retention::{self, Fate, Rule};
use crate::catalog::{Commit, DataFile, TableDef, built_in_id};
use crate::engine::write::{ParquetFile, Pending};
use crate::engine::{Engine as _, HISTORY, Limits, LocalEngine, Session, Statement, table_folder, urls};
use crate::{LakeError, metrics};

/// The key's name under which the lake's own work runs.
pub const CARETAKER: &str = "lake";

/// The longest that a table is there which was to be there for a while only: of a session, or while it is filled. A
/// session that lives longer loses it; what a killed process left is gone by then.
const LONGEST_FOR_A_WHILE_MS: i64 = 86_400_000;

/// When files are merged and deleted.
#[derive(Clone, Debug)]
pub struct CareOptions {
    /// Time between two looks.
    pub every: Duration,
    /// So many small files of a table and partition are merged.
    pub small_files: usize,
    /// A file below this is small, bytes.
    pub small_bytes: u64,
    /// A merged file is at most about this large, bytes.
    pub merged_bytes: u64,
    /// Files that are no part of a table any more are kept this long, for queries that read them still.
    pub grace: Duration,
    /// Those of managed tables are kept this long, so that their past can be read.
    pub history: Duration,
    /// Days that rows of built-in tables are kept, by the table's name, in place of the tables' own; `None` for ever.
    pub keep_days: BTreeMap<String, Option<u32>>,
}

impl Default for CareOptions {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(60),
            small_files: 8,
            small_bytes: 64 << 20,
            merged_bytes: 512 << 20,
            grace: Duration::from_secs(15 * 60),
            history: HISTORY,
            keep_days: BTreeMap::new(),
        }
    }
}

/// What the files of a table have in common.
struct Shape {
    id: String,
    folder: String,
    schema: SchemaRef,
    /// The columns by which rows are sorted; the first is the one of time.
    order: Vec<String>,
    /// The column that names whose time it is.
    clock: Option<&'static str>,
}

/// The name under which a plan reads files to be written again.
const MERGED: &str = "merged";

/// Somebody may be writing files so young that no table names yet.
const MAKING: Duration = Duration::from_secs(3600);

impl LocalEngine {
    /// Looks after all tables until `stop`.
    pub async fn care(&self, options: CareOptions, mut stop: watch::Receiver<bool>) {
        if let Err(error) = self.sweep_strangers().await {
            tracing::warn!(%error, "files left over by a crash could not be swept");
        }
        loop {
            if tokio::time::timeout(options.every, stop.wait_for(|s| *s)).await.is_ok() {
                return;
            }
            if let Err(error) = self.care_once(&options).await {
                tracing::warn!(%error, "the lake's tables could not be looked after; trying again later");
            }
        }
    }

    /// One look: merges, expires, deletes.
    ///
    /// # Errors
    /// The first that a table gave; the others were looked after all the same.
    pub async fn care_once(&self, options: &CareOptions) -> Result<(), LakeError> {
        let mut first = None;
        for spec in self.tables().specs().to_vec() {
            if let Some(days) = options.keep_days.get(spec.name).copied().unwrap_or(spec.keep_days) {
                for (tenant, files) in self.tables().all_files(spec.name) {
                    if let Err(error) = self.expire(spec, &tenant, files, days).await {
                        first = first.or(Some(error));
                    }
                }
            }
            for (tenant, files) in self.tables().all_files(spec.name) {
                for group in groups(files, options) {
                    let Some(shape) = self.shape(spec, &tenant) else { continue };
                    match self.merge(&tenant, &shape, &group).await {
                        Ok(Some(new)) => {
                            let gone: Vec<String> = group.into_iter().map(|f| f.path).collect();
                            self.tables().swapped(spec.name, &tenant, &gone, vec![new]);
                        }
                        Ok(None) => {}
                        Err(error) => first = first.or(Some(error)),
                    }
                }
            }
        }
        for (tenant, id) in self.catalog().crowded(options.small_files, options.small_bytes).await? {
            if let Err(error) = self.merge_managed(&tenant, &id, options).await {
                first = first.or(Some(error));
            }
        }
        self.drop_left_behind().await?;
        self.delete_removed(options).await?;
        self.sweep_fetched().await?;
        first.map_or(Ok(()), Err)
    }

    async fn merge_managed(&self, tenant: &str, id: &str, options: &CareOptions) -> Result<(), LakeError> {
        let holdings = self.catalog().holdings(tenant).await?;
        let tables = holdings.databases.values().flat_map(|d| d.tables.values());
        let Some(table) = tables.into_iter().find(|t| t.id == id).cloned() else { return Ok(()) };
        let table: TableDef = (*table).clone();
        for group in groups(self.catalog().files(tenant, id).await?, options) {
            let shape = Shape {
                id: id.to_owned(),
                folder: table_folder(tenant, id),
                schema: table.file_schema(),
                order: table.sort_by.clone(),
                clock: None,
            };
            self.merge(tenant, &shape, &group).await?;
        }
        Ok(())
    }

    fn shape(&self, spec: &TableSpec, tenant: &str) -> Option<Shape> {
        Some(Shape {
            id: built_in_id(spec.name),
            folder: built_in_folder(spec.name, tenant),
            schema: self.tables().schema(spec.name)?,
            order: vec![spec.time.to_owned()],
            clock: spec.clock,
        })
    }

    /// One file in the place of several of one partition; `None` when another was faster.
    async fn merge(&self, tenant: &str, shape: &Shape, group: &[DataFile]) -> Result<Option<DataFile>, LakeError> {
        let was: u64 = group.iter().map(|f| f.rows).sum();
        let new = self.rewrite(tenant, shape, group, None).await?;
        let mut pending = Pending::new(self.tables().files());
        pending.push(new.clone());
        if new.rows != was {
            return Err(LakeError::Execution(format!(
                "{} rows were merged into {}; the merge is given up",
                was, new.rows
            )));
        }
        let remove = group.iter().map(|f| f.path.clone()).collect();
        let commit = Commit { add: pending.keep(), remove, ..Commit::default() };
        let done = self.catalog().swap(tenant, &shape.id, commit).await?;
        if done {
            metrics::compacted(&shape.id, group.len());
        }
        Ok(done.then_some(new))
    }

    /// Writes the rows of files, those for which `kept` holds, into one file that no table names yet.
    async fn rewrite(
        &self,
        tenant: &str,
        shape: &Shape,
        group: &[DataFile],
        kept: Option<Expr>,
    ) -> Result<DataFile, LakeError> {
        let spec = group.first().map_or_else(String::new, |f| f.spec.clone());
        let provider = self.provider_of(Arc::clone(&shape.schema), group.to_vec());
        let mut plan = LogicalPlanBuilder::scan(MERGED, provider_as_source(provider), None)?;
        if let Some(kept) = kept {
            plan = plan.filter(kept)?;
        }
        if !shape.order.is_empty() {
            let by = shape.order.iter().map(|name| SortExpr::new(merged(name), true, true));
            plan = plan.sort(by.collect::<Vec<_>>())?;
        }
        let text = format!("merge {} files of {}", group.len(), shape.id);
        let statement = Statement::Planned { text, plan: Box::new(plan.build()?) };
        let limits = Limits { cores: Some(1), priority: Some(0), ..Limits::default() };
        let mut running = self.execute(&caretaker(tenant), statement, limits).await?;
        let time = shape.order.first().map(String::as_str);
        let schema = Arc::clone(&shape.schema);
        let file = ParquetFile::create(self.tables().files(), &shape.folder, &spec, schema, time)?;
        let mut file = file.owned_by(&shape.schema, shape.clock);
        while let Some(batch) = running.rows.next().await {
            let batch = batch?;
            file = beside(move || file.write(&batch).map(|()| file)).await?;
        }
        beside(move || file.finish()).await
    }

    /// Takes a tenant's rows of a built-in table away that are kept no longer.
    async fn expire(
        &self,
        spec: &'static TableSpec,
        tenant: &str,
        files: Vec<DataFile>,
        days: u32,
    ) -> Result<(), LakeError> {
        let Some(shape) = self.shape(spec, tenant) else { return Ok(()) };
        let now = spec.clock.is_none().then(|| self.catalog().now().millis());
        let fates = retention::judge(&files, Rule { days, now });
        let mut gone = Vec::new();
        for (file, fate) in files.into_iter().zip(fates) {
            match fate {
                Fate::Stays => {}
                Fate::Goes => gone.push(file.path),
                Fate::Shrinks(limits) => {
                    let kept = retained(&shape, &limits)?;
                    let new = self.rewrite(tenant, &shape, std::slice::from_ref(&file), Some(kept)).await?;
                    self.replace(spec, tenant, &shape, vec![file.path], Some(new)).await?;
                }
            }
        }
        if gone.is_empty() { Ok(()) } else { self.replace(spec, tenant, &shape, gone, None).await }
    }

    /// Puts a file, if it has rows, in the place of others.
    async fn replace(
        &self,
        spec: &'static TableSpec,
        tenant: &str,
        shape: &Shape,
        gone: Vec<String>,
        new: Option<DataFile>,
    ) -> Result<(), LakeError> {
        let (add, unwanted): (Vec<_>, Vec<_>) = new.into_iter().partition(|file| file.rows > 0);
        let mut pending = Pending::new(self.tables().files());
        unwanted.into_iter().for_each(|file| pending.push(file));
        let commit = Commit { add: add.clone(), remove: gone.clone(), ..Commit::default() };
        if self.catalog().swap(tenant, &shape.id, commit).await? {
            self.tables().swapped(spec.name, tenant, &gone, add);
            metrics::expired(&shape.id, gone.len());
        } else {
            // A part is gone already; the next look sees how it is now.
            add.into_iter().for_each(|file| pending.push(file));
        }
        Ok(())
    }

    /// Drops tables that were to be there for a while only, and that a killed process left.
    async fn drop_left_behind(&self) -> Result<(), LakeError> {
        let before = Timestamp(self.catalog().now().millis().saturating_sub(LONGEST_FOR_A_WHILE_MS));
        for (tenant, table) in self.catalog().left_behind(before).await? {
            self.catalog().drop_table(&tenant, &table).await?;
            tracing::info!(tenant, table = table.name, "a table that was only to be there for a while was dropped");
        }
        Ok(())
    }

    async fn delete_removed(&self, options: &CareOptions) -> Result<(), LakeError> {
        let back = |time: Duration| {
            let now = self.catalog().now().millis();
            Timestamp(now.saturating_sub(i64::try_from(time.as_millis()).unwrap_or(i64::MAX)))
        };
        let (before, past) = (back(options.grace), back(options.grace.max(options.history)));
        loop {
            let paths = self.catalog().removed(before, past, 500).await?;
            if paths.is_empty() {
                return Ok(());
            }
            let (root, doomed) = (self.tables().files().clone(), paths.clone());
            beside(move || {
                for path in &doomed {
                    let path = root.on_disk(path);
                    match std::fs::remove_file(&path) {
                        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                            return Err(LakeError::io("delete", &path)(error));
                        }
                        _ => {}
                    }
                }
                Ok(())
            })
            .await?;
            self.catalog().forget_files(paths).await?;
        }
    }

    /// Deletes what was brought from the addresses of tables that are gone.
    async fn sweep_fetched(&self) -> Result<(), LakeError> {
        let root = self.tables().files().on_disk(urls::FOLDER);
        let found = beside(move || {
            let folders = |path: &Path| -> Vec<std::path::PathBuf> {
                let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
                entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
            };
            let old = |path: &std::path::PathBuf| {
                let at = path.metadata().and_then(|about| about.modified());
                at.is_ok_and(|at| at.elapsed().is_ok_and(|age| age > MAKING))
            };
            let tenants = folders(&root);
            Ok(tenants.iter().flat_map(|tenant| folders(tenant)).filter(old).collect::<Vec<_>>())
        })
        .await?;
        for folder in found {
            let id = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            if !self.catalog().has_table(id).await? {
                let _ = std::fs::remove_dir_all(&folder);
            }
        }
        Ok(())
    }

    /// Deletes files that a killed process wrote and no table took.
    async fn sweep_strangers(&self) -> Result<(), LakeError> {
        let root = self.tables().files().clone();
        let found = beside(move || {
            let mut found = BTreeMap::new();
            for part in ["built-in", "tables"] {
                walk(&root.on_disk(part), part, &mut found)?;
            }
            Ok(found)
        })
        .await?;
        let old = |at: &SystemTime| at.elapsed().is_ok_and(|age| age > MAKING);
        let old: Vec<String> = found.into_iter().filter(|(_, at)| old(at)).map(|(path, _)| path).collect();
        for chunk in old.chunks(500) {
            let strangers = self.catalog().strangers(chunk.to_vec()).await?;
            for path in strangers {
                let _ = std::fs::remove_file(self.tables().files().on_disk(&path));
                tracing::info!(path, "a file that no table names was deleted");
            }
        }
        Ok(())
    }
}

fn merged(column: &str) -> Expr {
    Expr::Column(Column::new(Some(MERGED), column))
}

/// True for the rows that stay when those of these owners before a moment go.
fn retained(shape: &Shape, limits: &BTreeMap<String, i64>) -> Result<Expr, LakeError> {
    let time = shape.order.first().map_or("", String::as_str);
    let kind = shape.schema.field_with_name(time).map_err(|e| LakeError::Execution(e.to_string()))?.data_type();
    let zone = if let DataType::Timestamp(TimeUnit::Millisecond, zone) = kind { zone.clone() } else { None };
    let old = limits.iter().map(|(owner, before)| {
        let early = merged(time).lt(lit(ScalarValue::TimestampMillisecond(Some(*before), zone.clone())));
        match shape.clock {
            None => early,
            // A row that names nobody is of an owner without a name.
            Some(clock) if owner.is_empty() => early.and(merged(clock).is_null().or(merged(clock).eq(lit("")))),
            Some(clock) => early.and(merged(clock).eq(lit(owner.as_str()))),
        }
    });
    Ok(old.reduce(Expr::or).unwrap_or_else(|| lit(false)).is_not_true())
}

/// All files below a folder, with their age.
fn walk(folder: &Path, name: &str, found: &mut BTreeMap<String, SystemTime>) -> Result<(), LakeError> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Ok(()) };
    for entry in entries {
        let entry = entry.map_err(LakeError::io("list", folder))?;
        let child = format!("{name}/{}", entry.file_name().to_string_lossy());
        let meta = entry.metadata().map_err(LakeError::io("look at", &entry.path()))?;
        if meta.is_dir() {
            walk(&entry.path(), &child, found)?;
        } else if let Ok(at) = meta.modified() {
            found.insert(child, at);
        }
    }
    Ok(())
}

/// Small files of one partition, in groups worth merging.
fn groups(files: Vec<DataFile>, options: &CareOptions) -> Vec<Vec<DataFile>> {
    let mut by_spec: BTreeMap<String, Vec<DataFile>> = BTreeMap::new();
    for file in files.into_iter().filter(|f| f.bytes < options.small_bytes) {
        by_spec.entry(file.spec.clone()).or_default().push(file);
    }
    let mut out = Vec::new();
    for (_, mut small) in by_spec {
        small.sort_by(|a, b| (a.span, &a.path).cmp(&(b.span, &b.path)));
        let (mut group, mut bytes) = (Vec::new(), 0);
        for file in small {
            if bytes + file.bytes > options.merged_bytes && group.len() >= options.small_files {
                out.push(std::mem::take(&mut group));
                bytes = 0;
            }
            bytes += file.bytes;
            group.push(file);
        }
        if group.len() >= options.small_files {
            out.push(group);
        }
    }
    out
}

fn caretaker(tenant: &str) -> Session {
    Session::new(Principal {
        tenant: TenantId::new(tenant),
        key: KeyId::new(CARETAKER),
        name: CARETAKER.to_owned(),
        scopes: [Scope::Admin].into_iter().collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_hold_whole_partitions_and_stay_below_their_size() {
        let file = |n: u64, spec: &str, bytes| DataFile {
            path: format!("{n}"),
            spec: spec.to_owned(),
            rows: 1,
            bytes,
            span: Some((n as i64, n as i64)),
            spans: BTreeMap::new(),
        };
        let options = CareOptions { small_files: 2, small_bytes: 100, merged_bytes: 120, ..CareOptions::default() };
        let files = vec![file(3, "", 50), file(1, "", 50), file(2, "", 50), file(4, "", 500), file(5, "d=1", 10)];
        let groups = groups(files, &options);
        let paths: Vec<Vec<&str>> = groups.iter().map(|g| g.iter().map(|f| f.path.as_str()).collect()).collect();
        assert_eq!(paths, [vec!["1", "2"]], "the third waits for more, the large one stays, the other day is alone");
    }
}
