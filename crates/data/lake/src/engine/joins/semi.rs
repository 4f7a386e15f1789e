//! The rule that lets `IN (a filtered query)` leave rows out before other tables are joined.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::logical_expr::{Expr, Join, JoinType, LogicalPlan, Projection};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use super::estimate::is_filtered;
use super::order::passes_through;

/// Moves a semi join below inner joins, to the side that its keys are of.
///
/// Both give the same rows: whether a row of that side has a partner does not depend on what it is joined with. It is
/// done if the set leaves rows out and the inner join's other side does not, so that the joins have less to do:
/// orders of more than so many pieces first, then their lines and customers (TPC-H's query 18).
#[derive(Debug)]
pub(super) struct SemiJoinsFirst;

impl OptimizerRule for SemiJoinsFirst {
    fn name(&self) -> &str {
        "semi_joins_first"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        let LogicalPlan::Join(semi) = &plan else { return Ok(Transformed::no(plan)) };
        if !config.options().optimizer.join_reordering
            || semi.join_type != JoinType::LeftSemi
            || semi.filter.is_some()
            || semi.on.iter().any(|(left, right)| left.is_volatile() || right.is_volatile())
            || !is_filtered(&semi.right)
        {
            return Ok(Transformed::no(plan));
        }
        let below = match &*semi.left {
            LogicalPlan::Projection(projection) if passes_through(projection) => &projection.input,
            _ => &semi.left,
        };
        let LogicalPlan::Join(inner) = &**below else { return Ok(Transformed::no(plan)) };
        if inner.join_type != JoinType::Inner {
            return Ok(Transformed::no(plan));
        }
        let of = |side: &LogicalPlan, other: &LogicalPlan| {
            let columns = semi.on.iter().flat_map(|(key, _)| key.column_refs());
            let mut columns = columns.peekable();
            columns.peek().is_some()
                && columns.all(|column| side.schema().has_column(column) && !other.schema().has_column(column))
        };
        let (left, right) = if of(&inner.left, &inner.right) && !is_filtered(&inner.right) {
            (moved(semi, &inner.left)?, Arc::clone(&inner.right))
        } else if of(&inner.right, &inner.left) && !is_filtered(&inner.left) {
            (Arc::clone(&inner.left), moved(semi, &inner.right)?)
        } else {
            return Ok(Transformed::no(plan));
        };
        let joined = Join::try_new(
            left,
            right,
            inner.on.clone(),
            inner.filter.clone(),
            inner.join_type,
            inner.join_constraint,
            inner.null_equality,
            inner.null_aware,
        )?;
        let columns = semi.left.schema().columns().into_iter().map(Expr::Column).collect();
        let joined = Projection::try_new(columns, Arc::new(LogicalPlan::Join(joined)))?;
        Ok(Transformed::yes(LogicalPlan::Projection(joined)))
    }
}

/// The semi join over `side` alone.
fn moved(semi: &Join, side: &Arc<LogicalPlan>) -> Result<Arc<LogicalPlan>> {
    let moved = Join::try_new(
        Arc::clone(side),
        Arc::clone(&semi.right),
        semi.on.clone(),
        None,
        semi.join_type,
        semi.join_constraint,
        semi.null_equality,
        semi.null_aware,
    )?;
    Ok(Arc::new(LogicalPlan::Join(moved)))
}
