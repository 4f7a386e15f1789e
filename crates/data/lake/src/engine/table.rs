//! A table made of the files that the catalogue lists, and of rows too recent to be in one.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, RecordBatch, UInt64Array};
use arrow::datatypes::{DataType, Field, FieldRef, SchemaRef, TimeUnit};
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::pruning::PruningStatistics;
use datafusion::common::stats::Precision;
use datafusion::common::{Column, DFSchema, ScalarValue, Statistics};
use datafusion::datasource::file_format::FileFormat;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::PartitionedFile;
use datafusion::datasource::memory::MemorySourceConfig;
use datafusion::datasource::physical_plan::{FileGroup, FileScanConfigBuilder};
use datafusion::datasource::table_schema::TableSchema;
use datafusion::error::Result;
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::parquet::arrow::RowNumber;
use datafusion::physical_optimizer::pruning::PruningPredicateBuilder;
use datafusion::physical_plan::empty::EmptyExec;
use datafusion::physical_plan::union::UnionExec;
use datafusion::physical_plan::{ExecutionPlan, project_schema};
use futures::future::try_join_all;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore};
use parking_lot::Mutex;

use super::change::{FILE, ROW};
use super::files::LakeFiles;
use crate::LakeError;
use crate::catalog::{DataFile, partition_values};

/// Tables of more files than this are planned by row counts alone.
const LOOK_INTO: usize = 4_096;
/// Tables of more files than this are put in order by row counts alone.
const PLANNED_BY: usize = 64;
/// Files whose statistics are kept; past it the memory starts anew. Files never change.
const REMEMBERED: usize = 50_000;

/// Statistics of data files by path, shared by all queries.
pub(super) type FileStatistics = Arc<Mutex<HashMap<String, Arc<Statistics>>>>;

/// See the module's head.
#[derive(Debug)]
pub(super) struct FilesTable {
    schema: TableSchema,
    files: Vec<DataFile>,
    recent: Vec<RecordBatch>,
    /// The column whose least and greatest value the catalogue knows of each file.
    time: Option<String>,
    known: FileStatistics,
    /// The numbers of files by path, where rows say in which they are.
    numbers: Option<HashMap<String, i64>>,
}

impl FilesTable {
    pub(super) fn new(
        schema: SchemaRef,
        file_schema: SchemaRef,
        partition_by: &[String],
        files: Vec<DataFile>,
        known: FileStatistics,
    ) -> Self {
        let partitions: Vec<FieldRef> = partition_by
            .iter()
            .filter_map(|name| schema.column_with_name(name))
            .map(|(ix, _)| schema.fields()[ix].clone())
            .collect();
        let schema = TableSchema::builder(file_schema).with_table_partition_cols(partitions).build();
        Self { schema, files, recent: Vec::new(), time: None, known, numbers: None }
    }

    /// With the column of which the files' spans tell, and rows that are in no file yet.
    pub(super) fn with_recent(mut self, time: &str, recent: Vec<RecordBatch>) -> Self {
        self.time = Some(time.to_owned());
        self.recent = recent;
        self
    }

    /// With two more columns: the number of the file that a row is in, and the row's place there.
    pub(super) fn with_places(mut self) -> Self {
        let mut partitions: Vec<FieldRef> = self.schema.table_partition_cols().iter().cloned().collect();
        partitions.push(Arc::new(Field::new(FILE, DataType::Int64, false)));
        let row = Field::new(ROW, DataType::Int64, false).with_extension_type(RowNumber);
        let files = SchemaRef::clone(self.schema.file_schema());
        self.schema = TableSchema::builder(files)
            .with_table_partition_cols(partitions)
            .with_virtual_columns(vec![Arc::new(row) as FieldRef])
            .build();
        self.numbers = Some(self.files.iter().map(|file| file.path.clone()).zip(0..).collect());
        self
    }

    /// The files in the order of their numbers, if rows say in which they are.
    pub(super) fn numbered(&self) -> Option<&[DataFile]> {
        self.numbers.as_ref().map(|_| self.files.as_slice())
    }

    /// The files that may hold rows for which all filters hold.
    fn candidates(&self, state: &dyn Session, filters: &[Expr]) -> Vec<&DataFile> {
        let all = || self.files.iter().collect();
        let Some(filter) = conjunction(filters.iter().cloned()) else { return all() };
        let schema = SchemaRef::clone(self.schema.table_schema());
        let keep = DFSchema::try_from(SchemaRef::clone(&schema))
            .and_then(|df| state.create_physical_expr(filter, &df))
            .and_then(|filter| PruningPredicateBuilder::new().with_file_schema(schema).try_build(filter))
            .and_then(|pruning| pruning.prune(&Known(self)));
        match keep {
            Ok(keep) => self.files.iter().zip(keep).filter(|(_, keep)| *keep).map(|(file, _)| file).collect(),
            // A filter that cannot be used to leave files out reads them all.
            Err(_) => all(),
        }
    }

    fn partitioned(&self, file: &DataFile) -> Result<PartitionedFile> {
        // Read as it is: folder names of partitions have their own escapes.
        let location = Path::parse(&file.path).map_err(|e| LakeError::Execution(e.to_string()))?;
        let meta = ObjectMeta {
            location,
            // Never changes, so that what is cached of a file stays good.
            last_modified: std::time::UNIX_EPOCH.into(),
            size: file.bytes,
            e_tag: None,
            version: None,
        };
        let mut part = PartitionedFile::new_from_meta(meta);
        if !self.schema.table_partition_cols().is_empty() {
            let values: HashMap<String, Option<String>> = partition_values(&file.spec).into_iter().collect();
            let number = self.numbers.as_ref().and_then(|numbers| numbers.get(&file.path).copied());
            let typed = self.schema.table_partition_cols().iter().map(|field| {
                if field.name() == FILE
                    && let Some(number) = number
                {
                    return Ok(ScalarValue::Int64(Some(number)));
                }
                let value = values.get(field.name()).cloned().flatten();
                partition_value(field.data_type(), value.as_deref())
            });
            part = part.with_partition_values(typed.collect::<Result<_>>()?);
        }
        Ok(part)
    }

    /// With what is known of its columns.
    async fn described(
        &self,
        state: &dyn Session,
        store: &Arc<dyn ObjectStore>,
        file: &DataFile,
        look: bool,
    ) -> Result<PartitionedFile> {
        let part = self.partitioned(file)?;
        if !look {
            return Ok(part);
        }
        // Those of the time before a column was added do not fit.
        let columns = self.schema.file_schema().fields().len();
        let kept = self.known.lock().get(&file.path).cloned().filter(|k| k.column_statistics.len() == columns);
        let statistics = match kept {
            Some(kept) => kept,
            None => {
                let schema = SchemaRef::clone(self.schema.file_schema());
                let read = ParquetFormat::default().infer_stats(state, store, schema, &part.object_meta).await;
                let read = Arc::new(read.map_err(|error| match LakeError::from(error) {
                    LakeError::Execution(reason) => LakeError::Corrupt { file: file.path.clone(), reason },
                    other => other,
                })?);
                let mut known = self.known.lock();
                if known.len() >= REMEMBERED {
                    known.clear();
                }
                known.insert(file.path.clone(), Arc::clone(&read));
                read
            }
        };
        Ok(part.with_statistics(statistics))
    }

    /// What is known of the columns, if it is of all files and these are few enough to be gone through for a plan.
    fn looked_into(&self) -> Option<Statistics> {
        if self.files.len() > PLANNED_BY || !self.recent.is_empty() || !self.schema.table_partition_cols().is_empty() {
            return None;
        }
        let known = self.known.lock();
        let each = self.files.iter().map(|file| known.get(&file.path).cloned()).collect::<Option<Vec<_>>>()?;
        drop(known);
        Statistics::try_merge_iter(each.iter().map(Arc::as_ref), self.schema.table_schema()).ok()
    }

    async fn scan_files(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        files: Vec<&DataFile>,
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        // What is known of files does not tell of places in them.
        let look = files.len() <= LOOK_INTO && self.numbers.is_none();
        let rows: u64 = files.iter().map(|f| f.rows).sum();
        let bytes: u64 = files.iter().map(|f| f.bytes).sum();
        let store = state.runtime_env().object_store(LakeFiles::url())?;
        let described = files.into_iter().map(|file| self.described(state, &store, file, look));
        let parts: Vec<PartitionedFile> = try_join_all(described).await?;
        let mut statistics = Statistics::new_unknown(self.schema.table_schema());
        if look {
            let each = parts.iter().filter_map(|part| part.statistics.as_deref());
            statistics = Statistics::try_merge_iter(each, self.schema.table_schema())?;
        }
        statistics.num_rows = Precision::Exact(usize::try_from(rows).unwrap_or(usize::MAX));
        if statistics.total_byte_size == Precision::Absent {
            statistics.total_byte_size = Precision::Inexact(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        let format = ParquetFormat::default().with_options(state.table_options().parquet.clone());
        let groups = FileGroup::new(parts).split_files(state.config().target_partitions());
        let config = FileScanConfigBuilder::new(LakeFiles::url(), format.file_source(self.schema.clone()))
            .with_file_groups(groups)
            .with_statistics(statistics)
            .with_projection_indices(projection.cloned())?
            .with_limit(limit)
            .build();
        format.create_physical_plan(state, config).await
    }
}

#[async_trait]
impl TableProvider for FilesTable {
    fn schema(&self) -> SchemaRef {
        SchemaRef::clone(self.schema.table_schema())
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        state: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let files = self.candidates(state, filters);
        let limit = if filters.is_empty() { limit } else { None };
        let mut inputs = Vec::new();
        if !files.is_empty() {
            inputs.push(self.scan_files(state, projection, files, limit).await?);
        }
        if !self.recent.is_empty() {
            let recent = vec![self.recent.clone()];
            inputs.push(MemorySourceConfig::try_new_exec(&recent, self.schema(), projection.cloned())?);
        }
        match inputs.len() {
            0 => Ok(Arc::new(EmptyExec::new(project_schema(&self.schema(), projection)?))),
            1 => Ok(inputs.swap_remove(0)),
            _ => UnionExec::try_new(inputs),
        }
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Inexact; filters.len()])
    }

    /// How many rows there are, and of a table of few files what earlier queries found of its columns.
    fn statistics(&self) -> Option<Statistics> {
        let mut statistics = self.looked_into().unwrap_or_else(|| Statistics::new_unknown(self.schema.table_schema()));
        let recent: usize = self.recent.iter().map(RecordBatch::num_rows).sum();
        let rows: u64 = self.files.iter().map(|f| f.rows).sum();
        statistics.num_rows = Precision::Exact(usize::try_from(rows).unwrap_or(usize::MAX).saturating_add(recent));
        Some(statistics)
    }
}

/// A partition's text as a value of its column.
fn partition_value(kind: &DataType, text: Option<&str>) -> Result<ScalarValue> {
    match text {
        Some(text) => ScalarValue::try_from_string(text.to_owned(), kind),
        None => ScalarValue::try_from(kind),
    }
}

/// What the catalogue knows of a table's files, for leaving files out.
struct Known<'a>(&'a FilesTable);

impl Known<'_> {
    fn column(&self, column: &Column, greatest: bool) -> Option<ArrayRef> {
        let table = self.0;
        if table.time.as_deref() == Some(column.name.as_str()) {
            let values = table.files.iter().map(|file| {
                let at = file.span.map(|(least, most)| if greatest { most } else { least });
                ScalarValue::TimestampMillisecond(at, zone(table, &column.name))
            });
            return ScalarValue::iter_to_array(values).ok();
        }
        let field = table.schema.table_partition_cols().iter().find(|f| *f.name() == column.name)?;
        let values = table.files.iter().map(|file| {
            let value = partition_values(&file.spec).into_iter().find(|(name, _)| *name == column.name)?.1;
            partition_value(field.data_type(), value.as_deref()).ok()
        });
        ScalarValue::iter_to_array(values.collect::<Option<Vec<_>>>()?).ok()
    }
}

/// The zone of a column of time.
fn zone(table: &FilesTable, column: &str) -> Option<Arc<str>> {
    match table.schema.table_schema().field_with_name(column).ok()?.data_type() {
        DataType::Timestamp(TimeUnit::Millisecond, zone) => zone.clone(),
        _ => None,
    }
}

impl PruningStatistics for Known<'_> {
    fn min_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(column, false)
    }

    fn max_values(&self, column: &Column) -> Option<ArrayRef> {
        self.column(column, true)
    }

    fn num_containers(&self) -> usize {
        self.0.files.len()
    }

    fn null_counts(&self, _: &Column) -> Option<ArrayRef> {
        None
    }

    fn row_counts(&self) -> Option<ArrayRef> {
        Some(Arc::new(UInt64Array::from_iter_values(self.0.files.iter().map(|f| f.rows))))
    }

    fn contained(&self, _: &Column, _: &HashSet<ScalarValue>) -> Option<BooleanArray> {
        None
    }
}
