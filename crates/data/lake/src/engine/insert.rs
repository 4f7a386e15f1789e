//! Statements that write rows: `INSERT`, `INSERT OVERWRITE`, `CREATE TABLE … AS`.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, RecordBatch, StringArray, UInt32Array, UInt64Array};
use arrow::compute::{cast, take_record_batch};
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr, LogicalPlan, LogicalPlanBuilder, TryCast};
use doorstep_store::Tx;

use super::answer::Work;
use super::buckets::{Arrived, Location, is_bucket};
use super::external;
use super::files::{LakeFiles, no_buckets};
use super::scope::Scope;
use super::sparing::Rows;
use super::urls::is_url;
use super::write::{ParquetFile, Pending};
use crate::LakeError;
use crate::catalog::{Commit, DataFile, FileKind, Once, TableDef, TableKind, partition_spec};

/// A file is closed and the next begun at this size, bytes.
const FILE_BYTES: usize = 512 << 20;
/// Partitions written at once; more must be sorted by the statement or inserted in several.
const OPEN_PARTITIONS: usize = 256;

/// Objects that one statement makes: they are written down in one transaction.
const OBJECTS: usize = 2000;

/// What a statement does to a table beside adding rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Adds rows to those there.
    Append,
    /// In place of all rows, or of those in the partitions that it writes.
    Overwrite,
    /// A new table; or none if one was there and this is set.
    Create {
        /// `IF NOT EXISTS`.
        if_absent: bool,
        /// `OR REPLACE`: the id of the old one.
        replace: Option<String>,
    },
}

/// Where rows go.
#[derive(Clone, Debug)]
pub(super) struct Target {
    pub(super) table: TableDef,
    pub(super) mode: Mode,
}

/// Runs the query and makes its rows part of the table; the answer tells how many there were.
pub(super) async fn write(
    work: &Work,
    scope: &Arc<Scope>,
    state: &SessionState,
    target: Target,
    plan: &LogicalPlan,
) -> Result<RecordBatch, LakeError> {
    let Target { table, mode } = target;
    if table.kind == TableKind::External && table.files != FileKind::Parquet {
        let what = format!("writing into the {} table {}", table.files.as_str(), table.name);
        return Err(LakeError::unsupported(what, "write into a managed table (CREATE TABLE … AS SELECT …)"));
    }
    if table.kind == TableKind::External && mode != Mode::Append {
        let fix = "drop the files yourself, or use a managed table";
        return Err(LakeError::unsupported("INSERT OVERWRITE of an external table", fix));
    }
    if table.location.as_deref().is_some_and(is_url) {
        return Err(LakeError::unsupported("writing to somebody else's address", "write into a managed table"));
    }
    let tenant = scope.session.tenant();
    let bucket = table.location.as_deref().filter(|location| is_bucket(location)).map(Location::parse).transpose()?;
    let folder = match table.kind {
        TableKind::External if bucket.is_none() => external::folder(tenant, &table)?,
        _ => table_folder(tenant, &table.id),
    };
    let once = scope.session.once().filter(|_| matches!(mode, Mode::Append | Mode::Overwrite));
    if once.is_some() && table.kind == TableKind::External && bucket.is_none() {
        let reason = format!("{} is a folder of files, which take no part in a transaction", table.name);
        let fix = "leave the key out, or write into a table of the lake's own or one over a bucket";
        return Err(LakeError::invalid("Idempotency-Key", reason, fix));
    }
    if let Some(once) = &once
        && let Some(rows) = scope.engine.catalog.added(once).await?
    {
        scope.session.repeats();
        return count(rows);
    }
    let plan = in_order(&table, plan)?;
    let physical = work.physical(state, &plan).await?;
    let mut rows = Rows::begin(work, state, &plan, physical)?;
    let mut sink = Sink::new(&scope.engine.files, folder, &table);
    while let Some(batch) = rows.next().await? {
        sink.write(&conform(batch, &table.schema)?)?;
        if bucket.is_some() && sink.begun() > OBJECTS {
            let reason = format!("its rows go into more than {OBJECTS} objects, which all come at once");
            return Err(LakeError::invalid("INSERT", reason, "write fewer partitions at once"));
        }
    }
    work.note_spills(rows.plan());
    let written = sink.rows;
    let (mut pending, specs) = sink.finish()?;
    if let Some(bucket) = bucket {
        // Written here first; what lies here goes with `pending`.
        let arrived = bring(scope, &bucket, &table, pending.files()).await?;
        let specs = specs.into_iter().filter(|s| !s.is_empty()).collect();
        return placed(scope, &table, arrived, specs, once.as_ref(), written).await;
    }
    let files = pending.keep();
    let catalog = &scope.engine.catalog;
    match (&table.kind, mode) {
        (TableKind::External, _) => {
            let specs = specs.into_iter().filter(|s| !s.is_empty()).map(|s| (s, None)).collect();
            catalog.add_partitions(&table, specs).await?;
        }
        (_, Mode::Append) => {
            let commit = Commit { add: files, ..Commit::default() };
            return committed(scope, &table, commit, once.as_ref(), written).await;
        }
        (_, Mode::Overwrite) => {
            let by_partition = !table.partition_by.is_empty();
            let replace_specs = if by_partition { specs.into_iter().collect() } else { Vec::new() };
            let commit = Commit { add: files, replace_all: !by_partition, replace_specs, ..Commit::default() };
            return committed(scope, &table, commit, once.as_ref(), written).await;
        }
        (_, Mode::Create { if_absent, replace }) => {
            if !catalog.create_filled(tenant, &table, files, replace).await? && !if_absent {
                return Err(LakeError::Exists { what: "table", name: table.name });
            }
        }
    }
    count(written)
}

/// The rows in the order that the table asks for, its partitions one after another: that makes what a statement writes
/// as easy to prune as what is merged later.
fn in_order(table: &TableDef, plan: &LogicalPlan) -> Result<LogicalPlan, LakeError> {
    if table.sort_by.is_empty() {
        return Ok(plan.clone());
    }
    // By place: the statement's own names may be others. By the table's types: texts sort otherwise than numbers.
    let columns = plan.schema().columns();
    let by = table.partition_by.iter().chain(&table.sort_by).filter_map(|name| {
        let at = table.schema.index_of(name).ok()?;
        let column = Expr::Column(columns.get(at)?.clone());
        let given = plan.schema().field(at).data_type();
        let wanted = table.schema.field(at).data_type();
        Some(if given == wanted { column } else { Expr::TryCast(TryCast::new(Box::new(column), wanted.clone())) })
    });
    let by: Vec<_> = by.map(|column| column.sort(true, true)).collect();
    Ok(LogicalPlanBuilder::from(plan.clone()).sort(by)?.build()?)
}

/// Brings finished files to the table's bucket, where nobody sees them yet.
async fn bring(
    scope: &Scope,
    bucket: &Location,
    table: &TableDef,
    files: &[DataFile],
) -> Result<Vec<Arc<dyn Arrived>>, LakeError> {
    let door = scope.engine.buckets().ok_or_else(no_buckets)?;
    let tenant = scope.session.tenant();
    let folder = format!("{}/", table_folder(tenant, &table.id));
    let mut arrived = Vec::with_capacity(files.len());
    for file in files {
        let key = bucket.key(file.path.strip_prefix(&folder).unwrap_or(&file.path));
        arrived.push(door.bring(tenant, &bucket.bucket, &key, &scope.engine.files.on_disk(&file.path)).await?);
    }
    Ok(arrived)
}

/// Makes files that were brought objects of the table's bucket: all of them in one transaction, once if the session
/// says so; the answer tells how many rows were added.
async fn placed(
    scope: &Scope,
    table: &TableDef,
    arrived: Vec<Arc<dyn Arrived>>,
    specs: Vec<String>,
    once: Option<&Once>,
    rows: u64,
) -> Result<RecordBatch, LakeError> {
    let all = arrived.clone();
    let place = move |tx: &mut dyn Tx| all.iter().try_for_each(|file| file.place(tx));
    let done = scope.engine.catalog.place_once(scope.session.tenant(), table, (specs, place), once, rows).await;
    if matches!(done, Ok((true, _)) | Err(LakeError::Store(_))) {
        // Where the store failed it may have been done all the same.
        return count(done?.1);
    }
    arrived.iter().for_each(|file| file.undone());
    let (_, rows) = done?;
    // Another of the same key was faster.
    scope.session.repeats();
    count(rows)
}

/// Makes files part of a table, once if the session says so; the answer tells how many rows were added.
pub(super) async fn committed(
    scope: &Scope,
    table: &TableDef,
    commit: Commit,
    once: Option<&Once>,
    rows: u64,
) -> Result<RecordBatch, LakeError> {
    let (catalog, tenant) = (&scope.engine.catalog, scope.session.tenant());
    let mut pending = Pending::new(&scope.engine.files);
    commit.add.iter().for_each(|file| pending.push(file.clone()));
    match catalog.commit_once(tenant, table, commit, once, rows).await {
        Ok((true, rows)) => {
            pending.keep();
            count(rows)
        }
        Ok((false, rows)) => {
            // Another of the same key was faster; these files go.
            scope.session.repeats();
            count(rows)
        }
        // Nothing was done, and these files go.
        Err(error @ LakeError::Conflict { .. }) => Err(error),
        Err(error) => {
            // It may have been done all the same: what no table names is swept later.
            pending.keep();
            Err(error)
        }
    }
}

/// The folder of a managed table, below the lake's.
pub(crate) fn table_folder(tenant: &str, id: &str) -> String {
    format!("tables/{tenant}/{id}")
}

/// The answer of a statement that wrote rows.
pub(super) fn count(rows: u64) -> Result<RecordBatch, LakeError> {
    let schema = Arc::new(Schema::new(vec![Field::new("count", DataType::UInt64, false)]));
    RecordBatch::try_new(schema, vec![Arc::new(UInt64Array::from(vec![rows]))])
        .map_err(|e| LakeError::Execution(e.to_string()))
}

/// Rows in exactly the table's columns and types.
pub(super) fn conform(batch: RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, LakeError> {
    if batch.schema_ref() == schema {
        return Ok(batch);
    }
    let failed = |e: arrow::error::ArrowError| LakeError::Execution(e.to_string());
    let columns = schema.fields().iter().zip(batch.columns()).map(|(field, column)| {
        if column.data_type() == field.data_type() { Ok(Arc::clone(column)) } else { cast(column, field.data_type()) }
    });
    let columns: Vec<_> = columns.collect::<Result<_, _>>().map_err(failed)?;
    if let Some((field, _)) = schema.fields().iter().zip(&columns).find(|(f, c)| !f.is_nullable() && c.null_count() > 0)
    {
        let reason = "a row has no value in this column, which is NOT NULL";
        return Err(LakeError::invalid(field.name().clone(), reason, "give it one, with coalesce() perhaps"));
    }
    RecordBatch::try_new(Arc::clone(schema), columns).map_err(failed)
}

/// Sorts rows into the files of their partitions.
pub(super) struct Sink<'a> {
    files: &'a LakeFiles,
    folder: String,
    schema: SchemaRef,
    time: Option<String>,
    /// Indexes of the columns that go into the files, and of those that go into folder names.
    in_files: Vec<usize>,
    in_names: Vec<(String, usize)>,
    open: HashMap<String, ParquetFile>,
    done: Pending,
    specs: HashSet<String>,
    rows: u64,
}

impl<'a> Sink<'a> {
    pub(super) fn new(files: &'a LakeFiles, folder: String, table: &TableDef) -> Self {
        let place = |name: &String| table.schema.index_of(name).ok().map(|ix| (name.clone(), ix));
        let in_names: Vec<(String, usize)> = table.partition_by.iter().filter_map(place).collect();
        let in_files = (0..table.schema.fields().len()).filter(|ix| in_names.iter().all(|(_, at)| at != ix)).collect();
        Self {
            files,
            folder,
            schema: table.file_schema(),
            time: table.sort_by.first().cloned(),
            in_files,
            in_names,
            open: HashMap::new(),
            done: Pending::new(files),
            specs: HashSet::new(),
            rows: 0,
        }
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), LakeError> {
        self.rows += batch.num_rows() as u64;
        if self.in_names.is_empty() {
            return self.write_into("", batch);
        }
        let failed = |e: arrow::error::ArrowError| LakeError::Execution(e.to_string());
        let texts: Vec<_> = self
            .in_names
            .iter()
            .map(|(_, ix)| cast(batch.column(*ix), &DataType::Utf8))
            .collect::<Result<_, _>>()
            .map_err(failed)?;
        let texts: Vec<&StringArray> = texts.iter().filter_map(|t| t.as_any().downcast_ref()).collect();
        let mut by_spec: HashMap<String, Vec<u32>> = HashMap::new();
        for row in 0..batch.num_rows() {
            let values = self
                .in_names
                .iter()
                .zip(&texts)
                .map(|((name, _), text)| (name.as_str(), text.is_valid(row).then(|| text.value(row))));
            let row = u32::try_from(row).unwrap_or(u32::MAX);
            by_spec.entry(partition_spec(values)).or_default().push(row);
        }
        let inner = batch.project(&self.in_files).map_err(failed)?;
        for (spec, rows) in by_spec {
            let part = take_record_batch(&inner, &UInt32Array::from(rows)).map_err(failed)?;
            self.write_into(&spec, &part)?;
        }
        Ok(())
    }

    fn write_into(&mut self, spec: &str, batch: &RecordBatch) -> Result<(), LakeError> {
        if batch.num_rows() == 0 {
            return Ok(());
        }
        if !self.open.contains_key(spec) {
            if self.open.len() >= OPEN_PARTITIONS {
                self.close_all()?;
            }
            let schema = Arc::clone(&self.schema);
            let file = ParquetFile::create(self.files, &self.folder, spec, schema, self.time.as_deref())?;
            self.open.insert(spec.to_owned(), file);
            self.specs.insert(spec.to_owned());
        }
        let Some(file) = self.open.get_mut(spec) else { return Ok(()) };
        file.write(batch)?;
        if file.bytes() >= FILE_BYTES
            && let Some(file) = self.open.remove(spec)
        {
            self.done.push(file.finish()?);
        }
        Ok(())
    }

    fn close_all(&mut self) -> Result<(), LakeError> {
        for (_, file) in self.open.drain() {
            self.done.push(file.finish()?);
        }
        Ok(())
    }

    /// Files that were begun.
    fn begun(&self) -> usize {
        self.done.files().len() + self.open.len()
    }

    pub(super) fn finish(mut self) -> Result<(Pending, HashSet<String>), LakeError> {
        self.close_all()?;
        let empty = Pending::new(self.files);
        Ok((std::mem::replace(&mut self.done, empty), self.specs))
    }
}
