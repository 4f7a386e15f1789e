//! Rows that a join has no use for are left out as soon as they are read.
//!
//! A hash join tells the scans under its other side what its hash table holds (DataFusion's dynamic filters). A scan
//! leaves out row groups by that; single rows only if all its filters are applied while it decodes, which costs more
//! than it saves where few rows go. Here such a filter is applied to what was read before it is grouped, and only as
//! long as it leaves out enough.

use std::fmt;
use std::sync::Arc;

use arrow::array::{AsArray as _, RecordBatch};
use arrow::compute::filter_record_batch;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::datasource::physical_plan::FileScanConfig;
use datafusion::datasource::source::DataSourceExec;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::expressions::{Column, DynamicFilterPhysicalExpr, Literal};
use datafusion::physical_expr::projection::ProjectionExpr;
use datafusion::physical_expr::utils::{collect_columns, reassign_expr_columns};
use datafusion::physical_expr::{PhysicalExpr, split_conjunction};
use datafusion::physical_plan::aggregates::AggregateExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PlanProperties};
use futures::{StreamExt as _, future};

/// Rows after which it is judged whether a filter is worth its time.
const TRIAL: usize = 32_768;
/// Rows that are let through before a filter that was not worth it is tried again: it may have become narrower.
const PAUSE: usize = 1 << 20;
/// A filter that keeps more of its rows than this is not worth its time.
const KEPT: f64 = 0.7;

/// Leaves out rows that filters made while the query runs have no use for.
#[derive(Debug)]
pub(super) struct SiftExec {
    input: Arc<dyn ExecutionPlan>,
    /// All of them must hold.
    filters: Vec<Arc<dyn PhysicalExpr>>,
}

impl SiftExec {
    /// `aggregate` over rows that are sifted before they are grouped, if they come from a scan that has such filters.
    ///
    /// Below a join alone it does not pay: there the join itself looks each row up, at about the same price.
    pub(super) fn under(aggregate: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let [input] = aggregate.children()[..] else { return Ok(None) };
        if aggregate.downcast_ref::<AggregateExec>().is_none() {
            return Ok(None);
        }
        match Self::above_scan(input)? {
            Some(sifted) => replace_children_if_necessary(Arc::clone(aggregate), vec![sifted]).map(Some),
            None => Ok(None),
        }
    }

    /// Over a scan, behind what the query itself leaves out.
    fn above_scan(node: &Arc<dyn ExecutionPlan>) -> Result<Option<Arc<dyn ExecutionPlan>>> {
        let scan = match node.downcast_ref::<FilterExec>() {
            Some(filter) => filter.input(),
            None => node,
        };
        if let Some(scan) = scan.downcast_ref::<DataSourceExec>() {
            let sifted = Self::of(Arc::clone(node), &filters_of(scan))?;
            return Ok(sifted.map(|sifted| Arc::new(sifted) as Arc<dyn ExecutionPlan>));
        }
        match node.children()[..] {
            [input] if node.name() == "ProjectionExec" || node.name() == "RepartitionExec" => {
                let sifted = Self::above_scan(input)?;
                sifted.map(|sifted| replace_children_if_necessary(Arc::clone(node), vec![sifted])).transpose()
            }
            _ => Ok(None),
        }
    }

    /// With those of the filters whose columns the input has.
    fn of(input: Arc<dyn ExecutionPlan>, filters: &[Arc<dyn PhysicalExpr>]) -> Result<Option<Self>> {
        let schema = input.schema();
        let has = |filter: &&Arc<dyn PhysicalExpr>| {
            collect_columns(filter).iter().all(|column| schema.index_of(column.name()).is_ok())
        };
        let filters = filters.iter().filter(has).map(|filter| reassign_expr_columns(Arc::clone(filter), &schema));
        let filters: Vec<_> = filters.collect::<Result<_>>()?;
        Ok((!filters.is_empty()).then_some(Self { input, filters }))
    }
}

/// The filters of a scan that are made while the query runs.
fn filters_of(scan: &DataSourceExec) -> Vec<Arc<dyn PhysicalExpr>> {
    let Some(config) = scan.data_source().downcast_ref::<FileScanConfig>() else { return Vec::new() };
    // Its filters speak of the table's columns. What the scan gives out under another name, or works out, is another.
    let by_its_name =
        |one: &ProjectionExpr| one.expr.downcast_ref::<Column>().is_some_and(|column| column.name() == one.alias);
    if !config.file_source().projection().is_none_or(|given| given.iter().all(by_its_name)) {
        return Vec::new();
    }
    let Some(filter) = config.file_source().filter() else { return Vec::new() };
    let made_later = |part: &&Arc<dyn PhysicalExpr>| part.downcast_ref::<DynamicFilterPhysicalExpr>().is_some();
    split_conjunction(&filter).into_iter().filter(made_later).cloned().collect()
}

impl DisplayAs for SiftExec {
    fn fmt_as(&self, _form: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SiftExec")
    }
}

impl ExecutionPlan for SiftExec {
    fn name(&self) -> &'static str {
        "SiftExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        of: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for filter in &self.filters {
            if of(filter)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let [input] =
            <[_; 1]>::try_from(children).map_err(|_| DataFusionError::Internal("SiftExec has one input".to_owned()))?;
        Ok(Arc::new(Self { input, filters: self.filters.clone() }))
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context)?;
        let schema: SchemaRef = self.schema();
        let mut sieves: Vec<Sieve> = self.filters.iter().map(|filter| Sieve::new(Arc::clone(filter))).collect();
        let sifted = rows.filter_map(move |batch| {
            let sifted = batch.and_then(|batch| sieves.iter_mut().try_fold(batch, |batch, sieve| sieve.sift(batch)));
            future::ready(match sifted {
                Ok(batch) if batch.num_rows() == 0 => None,
                other => Some(other),
            })
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema, sifted)))
    }
}

/// One filter, and whether it is worth its time on one partition.
struct Sieve {
    filter: Arc<dyn PhysicalExpr>,
    seen: usize,
    kept: usize,
    /// Rows that are still let through untried.
    pause: usize,
}

impl Sieve {
    fn new(filter: Arc<dyn PhysicalExpr>) -> Self {
        Self { filter, seen: 0, kept: 0, pause: 0 }
    }

    fn sift(&mut self, batch: RecordBatch) -> Result<RecordBatch> {
        if self.pause > 0 {
            self.pause = self.pause.saturating_sub(batch.num_rows());
            return Ok(batch);
        }
        let dynamic = self.filter.downcast_ref::<DynamicFilterPhysicalExpr>();
        let filter = dynamic.map_or_else(|| Ok(Arc::clone(&self.filter)), DynamicFilterPhysicalExpr::current)?;
        // Nothing is known yet.
        if filter.downcast_ref::<Literal>().is_some() {
            return Ok(batch);
        }
        let keep = filter.evaluate(&batch)?.into_array(batch.num_rows())?;
        let kept = filter_record_batch(&batch, keep.as_boolean())?;
        self.seen += batch.num_rows();
        self.kept += kept.num_rows();
        if self.seen >= TRIAL {
            if self.kept as f64 > KEPT * self.seen as f64 {
                self.pause = PAUSE;
            }
            (self.seen, self.kept) = (0, 0);
        }
        Ok(kept)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, RecordBatch};
    use datafusion::logical_expr::Operator;
    use datafusion::physical_expr::expressions::{BinaryExpr, lit};

    use super::*;

    fn batch(from: i64, rows: usize) -> RecordBatch {
        let numbers = Arc::new(Int64Array::from_iter_values(from..from + rows as i64));
        RecordBatch::try_from_iter([("n", numbers as arrow::array::ArrayRef)]).unwrap()
    }

    fn less_than(most: i64) -> Arc<dyn PhysicalExpr> {
        Arc::new(BinaryExpr::new(Arc::new(Column::new("n", 0)), Operator::Lt, lit(most)))
    }

    #[test]
    fn a_filter_counts_from_when_it_is_made_and_rests_while_it_leaves_out_little() {
        let made = Arc::new(DynamicFilterPhysicalExpr::new(vec![Arc::new(Column::new("n", 0))], lit(true)));
        let mut sieve = Sieve::new(Arc::clone(&made) as Arc<dyn PhysicalExpr>);
        assert_eq!(sieve.sift(batch(0, 10)).unwrap().num_rows(), 10);
        made.update(less_than(7)).unwrap();
        assert_eq!(sieve.sift(batch(0, 10)).unwrap(), batch(0, 7));
        // It keeps nearly all of these, so the next ones are let through, and later ones are looked at again.
        made.update(less_than(TRIAL as i64)).unwrap();
        assert_eq!(sieve.sift(batch(0, TRIAL + 5)).unwrap().num_rows(), TRIAL);
        assert_eq!(sieve.sift(batch(TRIAL as i64, PAUSE)).unwrap().num_rows(), PAUSE);
        assert_eq!(sieve.sift(batch(TRIAL as i64, 10)).unwrap().num_rows(), 0);
    }
}
