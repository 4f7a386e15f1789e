//! A plan that does not fit into a query's memory is done again sparingly: joins by sorting, which spills, and rows in
//! portions so small that many sorts can hold one each.
//!
//! A hash join is quicker but holds one side whole; DataFusion's cannot spill. Which side is small is an estimate, so
//! it is tried first: it fails, if it fails, while it still collects that side, mostly before the plan's first row.
//! Then those joins are done by sorting whose side is large as far as statistics tell; if that fails too, all of them.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use arrow::array::RecordBatch;
use arrow::compute::SortOptions;
use datafusion::common::tree_node::{Transformed, TreeNode as _};
use datafusion::config::ConfigOptions;
use datafusion::error::DataFusionError;
use datafusion::execution::memory_pool::MemoryPool as _;
use datafusion::execution::{SendableRecordBatchStream, SessionState, SessionStateBuilder};
use datafusion::logical_expr::LogicalPlan;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::joins::{HashJoinExec, SortMergeJoinExec};
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::{EmptyRecordBatchStream, ExecutionPlan, execute_stream};
use futures::StreamExt as _;

use super::answer::Work;
use super::memory::Budget;
use crate::{LakeError, Limit, metrics};

/// How long tasks of a plan that is gone may take to give back their memory.
const PATIENCE: Duration = Duration::from_secs(5);

/// DataFusion's rule that chooses the sides of joins.
const JOIN_SELECTION: &str = "join_selection";
/// A side that is less than this part of the budget (one of so many) is small.
const SMALL: usize = 16;
/// Bytes of a hash table for a row, and of a text whose length nobody knows.
const ENTRY: usize = 24;
const TEXT: usize = 32;

/// The rows of a plan, done again sparingly if it does not fit.
pub(super) struct Rows<'a> {
    work: &'a Work,
    state: &'a SessionState,
    logical: &'a LogicalPlan,
    physical: Arc<dyn ExecutionPlan>,
    stream: SendableRecordBatchStream,
    /// What may be tried next if the plan does not fit; nothing once a row came.
    next: Option<Sparing>,
}

/// How little memory a plan is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sparing {
    /// Joins by sorting where statistics do not tell that a side is small.
    LargeJoins,
    /// All joins by sorting.
    AllJoins,
}

impl<'a> Rows<'a> {
    /// Begins `physical`, which was planned from `logical`.
    pub(super) fn begin(
        work: &'a Work,
        state: &'a SessionState,
        logical: &'a LogicalPlan,
        physical: Arc<dyn ExecutionPlan>,
    ) -> Result<Self, LakeError> {
        let stream = execute_stream(Arc::clone(&physical), state.task_ctx())?;
        Ok(Self { work, state, logical, physical, stream, next: Some(Sparing::LargeJoins) })
    }

    /// Some more rows; `None` is the end.
    pub(super) async fn next(&mut self) -> Result<Option<RecordBatch>, LakeError> {
        let item = loop {
            match (self.step().await, self.next) {
                (Err(error), Some(sparing)) if helps(&error, &self.physical) => {
                    tracing::debug!(query = self.work.query.id(), %error, ?sparing, "the query is done again");
                    self.restart(sparing).await?;
                }
                (item, _) => break item,
            }
        };
        self.next = None;
        item
    }

    async fn step(&mut self) -> Result<Option<RecordBatch>, LakeError> {
        // Other parts of the plan may wait for a join that failed, and never ask it how it went.
        tokio::select! {
            biased;
            refused = self.work.budget.join_refused() => Err(refused.into()),
            batch = self.stream.next() => Ok(batch.transpose()?),
        }
    }

    async fn restart(&mut self, sparing: Sparing) -> Result<(), LakeError> {
        self.next = (sparing == Sparing::LargeJoins).then_some(Sparing::AllJoins);
        self.stream = Box::pin(EmptyRecordBatchStream::new(self.physical.schema()));
        let budget = &self.work.budget;
        all_is_given_back(budget).await;
        budget.forget_refusal();
        metrics::spared();
        self.work.query.misfits.store(0, Ordering::Relaxed);
        let state = sparing.state(self.state, budget);
        self.physical = self.work.physical(&state, self.logical).await?;
        self.stream = execute_stream(Arc::clone(&self.physical), state.task_ctx())?;
        Ok(())
    }

    /// The plan whose rows these are, which knows what it spilled.
    pub(super) fn plan(&self) -> &Arc<dyn ExecutionPlan> {
        &self.physical
    }
}

/// Whether a plan that ended with `error` may come through with less.
fn helps(error: &LakeError, plan: &Arc<dyn ExecutionPlan>) -> bool {
    matches!(error, LakeError::Limit { limit: Limit::Memory, .. }) && joins_or_sorts(plan)
}

fn joins_or_sorts(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.downcast_ref::<HashJoinExec>().is_some()
        || plan.downcast_ref::<SortExec>().is_some()
        || plan.children().into_iter().any(joins_or_sorts)
}

impl Sparing {
    /// The same state, but it plans fewer joins by hash, and makes small portions.
    fn state(self, state: &SessionState, budget: &Budget) -> SessionState {
        let portion = (budget.bytes() >> 17).clamp(512, 8_192).min(state.config().batch_size());
        let mut config = state.config().clone().with_batch_size(portion);
        // One partition alone is always joined by hash.
        let partitions = config.target_partitions().max(2);
        let options = config.options_mut();
        options.execution.target_partitions = partitions;
        options.optimizer.prefer_hash_join = self == Self::LargeJoins;
        let mut rules = state.physical_optimizers().to_vec();
        if self == Self::LargeJoins {
            // Sides are chosen by then; rows are not yet brought to where their join wants them.
            let place = rules.iter().position(|rule| rule.name() == JOIN_SELECTION).map_or(0, |ix| ix + 1);
            rules.insert(place, Arc::new(SortLargeJoins { most: budget.bytes() / SMALL }));
        }
        SessionStateBuilder::new_from_existing(state.clone())
            .with_config(config)
            .with_physical_optimizer_rules(rules)
            .build()
    }
}

/// Puts sort-merge joins in place of those hash joins that would hold more than `most` bytes, as far as is known.
#[derive(Debug)]
struct SortLargeJoins {
    most: usize,
}

impl PhysicalOptimizerRule for SortLargeJoins {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _options: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let plan = plan.transform_up(|node| {
            let Some(join) = node.downcast_ref::<HashJoinExec>() else { return Ok(Transformed::no(node)) };
            // Only a hash join knows `NOT IN` with nulls.
            if join.null_aware || held(join)?.is_some_and(|bytes| bytes <= self.most) {
                return Ok(Transformed::no(node));
            }
            Ok(Transformed::yes(by_sorting(join)?))
        })?;
        Ok(plan.data)
    }

    fn name(&self) -> &'static str {
        "sort_large_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

/// Bytes that a hash join will hold; `None` if that cannot be told, as of what comes out of another join.
fn held(join: &HashJoinExec) -> Result<Option<usize>, DataFusionError> {
    if join.left().exists(|node| Ok(node.name().ends_with("JoinExec")))? {
        return Ok(None);
    }
    let statistics = StatisticsContext::new().compute(join.left().as_ref(), &StatisticsArgs::new())?;
    let Some(rows) = statistics.num_rows.get_value().copied() else { return Ok(None) };
    let row = statistics.total_byte_size.get_value().map_or_else(
        || join.left().schema().fields().iter().map(|f| f.data_type().primitive_width().unwrap_or(TEXT)).sum(),
        |bytes| bytes / rows.max(1),
    );
    Ok(Some(rows.saturating_mul(row + ENTRY)))
}

fn by_sorting(join: &HashJoinExec) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let sorted: Arc<dyn ExecutionPlan> = Arc::new(SortMergeJoinExec::try_new(
        Arc::clone(join.left()),
        Arc::clone(join.right()),
        join.on().to_vec(),
        join.filter().cloned(),
        *join.join_type(),
        vec![SortOptions::default(); join.on().len()],
        join.null_equality(),
    )?);
    let Some(kept) = &join.projection else { return Ok(sorted) };
    let schema = sorted.schema();
    let columns = kept.iter().map(|&ix| {
        let name = schema.field(ix).name();
        (Arc::new(Column::new(name, ix)) as Arc<dyn PhysicalExpr>, name.clone())
    });
    Ok(Arc::new(ProjectionExec::try_new(columns.collect::<Vec<_>>(), sorted)?))
}

/// Waits until the tasks of the failed plan, which end by themselves, hold nothing more.
async fn all_is_given_back(budget: &Budget) {
    let gone = async {
        while budget.reserved() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    if tokio::time::timeout(PATIENCE, gone).await.is_err() {
        tracing::warn!(held = budget.reserved(), "a plan that was given up still holds memory");
    }
}
