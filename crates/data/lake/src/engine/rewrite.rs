//! Rows of a table are changed: files that hold such rows are written again without them, beside the new rows, and
//! one transaction puts the new files in the place of the old.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array as _, AsArray as _, BooleanArray, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::{Int64Type, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::{provider_as_source, source_as_provider};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{LogicalPlan, LogicalPlanBuilder};

use super::answer::Work;
use super::change::{FILE, ROW};
use super::insert::{Sink, committed, conform, count, table_folder};
use super::scope::Scope;
use super::sparing::Rows;
use super::table::FilesTable;
use crate::LakeError;
use crate::catalog::{Commit, DataFile, TableDef};

/// Columns before those of the table: file, place, whether there is a row to be written.
const BEFORE: usize = 3;

/// Rows of one file, a bit each.
#[derive(Default)]
struct Places {
    bits: Vec<u64>,
    count: u64,
}

impl Places {
    /// Notes one; false if it was noted already.
    fn insert(&mut self, row: u64) -> bool {
        let (word, bit) = (usize::try_from(row / 64).unwrap_or(usize::MAX), 1 << (row % 64));
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        let fresh = self.bits[word] & bit == 0;
        self.bits[word] |= bit;
        self.count += u64::from(fresh);
        fresh
    }

    fn contains(&self, row: u64) -> bool {
        let word = usize::try_from(row / 64).ok().and_then(|word| self.bits.get(word));
        word.is_some_and(|word| word & (1 << (row % 64)) != 0)
    }
}

/// Rows of one file that go.
#[derive(Default)]
struct Gone {
    all: Places,
    /// Those in whose place another comes.
    replaced: Places,
}

impl Gone {
    /// Notes one; whether it is the first time. Nothing if it comes again and is to be written either time: which
    /// of the two counts would depend on their order.
    fn note(&mut self, row: u64, written: bool) -> Option<bool> {
        let fresh = self.all.insert(row);
        if !fresh && (written || self.replaced.contains(row)) {
            return None;
        }
        if written {
            self.replaced.insert(row);
        }
        Some(fresh)
    }
}

/// The files whose rows say where they are in a plan.
fn files_of(plan: &LogicalPlan) -> Result<Vec<DataFile>, LakeError> {
    let mut found = None;
    plan.apply_with_subqueries(|node| {
        if let LogicalPlan::TableScan(scan) = node
            && let Ok(provider) = source_as_provider(&scan.source)
            && let Some(files) = provider.downcast_ref::<FilesTable>().and_then(FilesTable::numbered)
        {
            found = Some(files.to_vec());
            return Ok(TreeNodeRecursion::Stop);
        }
        Ok(TreeNodeRecursion::Continue)
    })?;
    found.ok_or_else(|| LakeError::Execution("a change names no rows of its table".to_owned()))
}

/// Carries out a plan of [`super::change`]; the answer tells how many rows were changed.
pub(super) async fn carry_out(
    work: &Work,
    scope: &Arc<Scope>,
    state: &SessionState,
    table: &TableDef,
    plan: &LogicalPlan,
) -> Result<RecordBatch, LakeError> {
    let once = scope.session.once();
    if let Some(once) = &once
        && let Some(rows) = scope.engine.catalog.added(once).await?
    {
        scope.session.repeats();
        return count(rows);
    }
    let files = files_of(plan)?;
    let folder = table_folder(scope.session.tenant(), &table.id);
    let mut sink = Sink::new(&scope.engine.files, folder, table);
    let mut gone: BTreeMap<usize, Gone> = BTreeMap::new();
    let (mut changed, mut inserted) = (0, 0);
    let physical = work.physical(state, plan).await?;
    let mut rows = Rows::begin(work, state, plan, physical)?;
    while let Some(batch) = rows.next().await? {
        let (fresh, news) = note(&batch, &mut gone, table)?;
        (changed, inserted) = (changed + fresh + news, inserted + news);
        sink.write(&new_rows(&batch, &table.schema)?)?;
    }
    work.note_spills(rows.plan());
    drop(rows);
    if gone.is_empty() && changed == 0 {
        // A change of nothing is remembered too: sent again, it must not find rows that came meanwhile.
        return match &once {
            Some(_) => committed(scope, table, Commit::default(), once.as_ref(), 0).await,
            None => count(0),
        };
    }
    keep_others(work, scope, state, table, &files, &gone, &mut sink).await?;
    let (mut pending, _) = sink.finish()?;
    let path = |at: &usize| files.get(*at).map(|file| file.path.clone());
    let remove: Vec<String> = gone.keys().filter_map(path).collect();
    // A row that was not there when it was looked for must not have come meanwhile.
    let unchanged = (inserted > 0).then(|| files.iter().map(|file| file.path.clone()).collect());
    let commit = Commit { add: pending.keep(), remove, unchanged, ..Commit::default() };
    committed(scope, table, commit, once.as_ref(), changed).await
}

/// Notes the rows that go; how many they are, and how many come beside them.
fn note(batch: &RecordBatch, gone: &mut BTreeMap<usize, Gone>, table: &TableDef) -> Result<(u64, u64), LakeError> {
    let odd = || LakeError::Execution("a change has other columns than it should".to_owned());
    let files = batch.column(0).as_primitive_opt::<Int64Type>().ok_or_else(odd)?;
    let rows = batch.column(1).as_primitive_opt::<Int64Type>().ok_or_else(odd)?;
    let new = batch.column(2).as_boolean_opt().ok_or_else(odd)?;
    let (mut fresh, mut news) = (0, 0);
    for at in 0..batch.num_rows() {
        let written = new.is_valid(at) && new.value(at);
        if files.is_null(at) {
            news += u64::from(written);
            continue;
        }
        let file = usize::try_from(files.value(at)).map_err(|_| odd())?;
        let row = u64::try_from(rows.value(at)).map_err(|_| odd())?;
        if let Some(first) = gone.entry(file).or_default().note(row, written) {
            fresh += u64::from(first);
        } else {
            let reason = format!("a row of {} is to be changed by more than one other row", table.name);
            return Err(LakeError::invalid("rows", reason, "make the rows of the source fit one row each"));
        }
    }
    Ok((fresh, news))
}

/// The rows to be written, in the table's columns.
fn new_rows(batch: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, LakeError> {
    let failed = |e: arrow::error::ArrowError| LakeError::Execution(e.to_string());
    let written = batch.column(2).as_boolean();
    let columns: Vec<usize> = (BEFORE..batch.num_columns()).collect();
    let rows = batch.project(&columns).map_err(failed)?;
    conform(filter_record_batch(&rows, written).map_err(failed)?, schema)
}

/// Writes the other rows of the files again.
async fn keep_others(
    work: &Work,
    scope: &Arc<Scope>,
    state: &SessionState,
    table: &TableDef,
    files: &[DataFile],
    gone: &BTreeMap<usize, Gone>,
    sink: &mut Sink<'_>,
) -> Result<(), LakeError> {
    // A file all of whose rows go is not read again.
    let partly = gone.iter().filter_map(|(at, Gone { all: places, .. })| {
        let file = files.get(*at)?;
        (places.count < file.rows).then(|| (file.clone(), places))
    });
    let (files, places): (Vec<DataFile>, Vec<&Places>) = partly.unzip();
    if files.is_empty() {
        return Ok(());
    }
    let failed = |e: arrow::error::ArrowError| LakeError::Execution(e.to_string());
    let provider = Arc::new(scope.files_of(table, files).with_places());
    let plan = LogicalPlanBuilder::scan("kept", provider_as_source(provider), None)?.build()?;
    let physical = work.physical(state, &plan).await?;
    let mut rows = Rows::begin(work, state, &plan, physical)?;
    let place = |schema: &SchemaRef, name: &str| schema.index_of(name).map_err(failed);
    while let Some(batch) = rows.next().await? {
        let schema = batch.schema();
        let columns = table.schema.fields().iter().map(|field| place(&schema, field.name()));
        let columns = columns.collect::<Result<Vec<usize>, _>>()?;
        let files = batch.column(place(&schema, FILE)?).as_primitive::<Int64Type>();
        let at = batch.column(place(&schema, ROW)?).as_primitive::<Int64Type>();
        let stays = |(file, row): (&i64, &i64)| {
            let places = usize::try_from(*file).ok().and_then(|file| places.get(file));
            !places.is_some_and(|places| u64::try_from(*row).is_ok_and(|row| places.contains(row)))
        };
        let keep: BooleanArray = files.values().iter().zip(at.values().iter()).map(stays).map(Some).collect();
        let kept = filter_record_batch(&batch.project(&columns).map_err(failed)?, &keep).map_err(failed)?;
        sink.write(&conform(kept, &table.schema)?)?;
    }
    work.note_spills(rows.plan());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{Gone, Places};

    #[test]
    fn a_place_is_noted_once() {
        let mut places = Places::default();
        assert!(places.insert(3) && places.insert(200) && !places.insert(3));
        assert!(places.contains(3) && places.contains(200) && !places.contains(199) && !places.contains(10_000));
        assert_eq!(places.count, 2);
    }

    #[test]
    fn a_row_goes_twice_only_if_nothing_comes_in_its_place() {
        let mut gone = Gone::default();
        assert_eq!((gone.note(1, false), gone.note(1, false), gone.note(1, true)), (Some(true), Some(false), None));
        assert_eq!((gone.note(2, true), gone.note(2, false)), (Some(true), None));
        assert_eq!((gone.note(3, true), gone.note(3, true)), (Some(true), None));
    }
}
