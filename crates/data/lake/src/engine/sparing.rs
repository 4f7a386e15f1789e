//! Joins that do not fit into a query's memory are done again by sorting, which spills.
//!
//! A hash join is quicker but holds one side whole; DataFusion's cannot spill. Which side is small is an estimate, so
//! it is tried first: it fails, if it fails, before its first row, while it still collects that side.

use std::sync::Arc;
use std::time::Duration;

use datafusion::execution::memory_pool::MemoryPool as _;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::HashJoinExec;

use super::memory::Budget;
use crate::{LakeError, Limit};

/// How long tasks of a plan that is gone may take to give back their memory.
const PATIENCE: Duration = Duration::from_secs(5);

/// Whether a plan that ended with `error` may come through with joins that spill.
pub(super) fn helps(error: &LakeError, plan: &Arc<dyn ExecutionPlan>) -> bool {
    matches!(error, LakeError::Limit { limit: Limit::Memory, .. }) && joins_by_hash(plan)
}

fn joins_by_hash(plan: &Arc<dyn ExecutionPlan>) -> bool {
    plan.downcast_ref::<HashJoinExec>().is_some() || plan.children().into_iter().any(joins_by_hash)
}

/// The same state, but it plans joins by sorting and merging, with rows in portions that many sorts can hold at once.
pub(super) fn state(state: &SessionState, budget: &Budget) -> SessionState {
    let portion = (budget.bytes() >> 17).clamp(512, 8_192).min(state.config().batch_size());
    let mut config = state.config().clone().with_batch_size(portion);
    // One partition alone is always joined by hash.
    let partitions = config.target_partitions().max(2);
    let options = config.options_mut();
    options.execution.target_partitions = partitions;
    options.optimizer.prefer_hash_join = false;
    SessionStateBuilder::new_from_existing(state.clone()).with_config(config).build()
}

/// Waits until the tasks of the failed plan, which end by themselves, hold nothing more.
pub(super) async fn all_is_given_back(budget: &Budget) {
    let gone = async {
        while budget.reserved() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let _ = tokio::time::timeout(PATIENCE, gone).await;
}
