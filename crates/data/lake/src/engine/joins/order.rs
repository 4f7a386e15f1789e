//! The rule that joins the tables of a query in the cheapest order.

use std::sync::Arc;

use datafusion::common::tree_node::Transformed;
use datafusion::common::{Column, NullEquality};
use datafusion::error::Result;
use datafusion::logical_expr::utils::{conjunction, split_conjunction_owned};
use datafusion::logical_expr::{Expr, Filter, Join, JoinConstraint, JoinType, LogicalPlan, Projection};
use datafusion::optimizer::{ApplyOrder, OptimizerConfig, OptimizerRule};

use super::estimate;
use super::search::{Class, Graph, MOST, Set, Tree};

/// An order must cost less than this share of the query's own: estimates are not worth more.
const WORTH: f64 = 0.9;

/// Puts inner joins of three tables and more in the order that costs least. `SET datafusion.optimizer.join_reordering =
/// false` leaves them as the query lists them.
#[derive(Debug)]
pub(super) struct JoinOrder;

impl OptimizerRule for JoinOrder {
    fn name(&self) -> &str {
        "join_order"
    }

    fn apply_order(&self) -> Option<ApplyOrder> {
        Some(ApplyOrder::TopDown)
    }

    fn supports_rewrite(&self) -> bool {
        true
    }

    fn rewrite(&self, plan: LogicalPlan, config: &dyn OptimizerConfig) -> Result<Transformed<LogicalPlan>> {
        if !config.options().optimizer.join_reordering || !is_inner(&plan) {
            return Ok(Transformed::no(plan));
        }
        match Region::of(&plan).and_then(|region| region.better()) {
            Some((region, tree)) => Ok(Transformed::yes(region.joined(&tree, &plan)?)),
            None => Ok(Transformed::no(plan)),
        }
    }
}

fn is_inner(plan: &LogicalPlan) -> bool {
    matches!(plan, LogicalPlan::Join(join) if join.join_type == JoinType::Inner
        && join.null_equality == NullEquality::NullEqualsNothing && !join.null_aware)
}

/// Expressions that are equal, each with the relation that it is of.
type Equal = Vec<(usize, Expr)>;

/// Relations under nothing but inner joins.
struct Region {
    leaves: Vec<LogicalPlan>,
    equal: Vec<Equal>,
    /// Other conditions, each with the relations that it speaks of.
    rest: Vec<(Set, Expr)>,
    /// The order that they stand in.
    tree: Tree,
}

impl Region {
    /// What lies under a join; nothing if it is too little or too much to put in order, or not to be taken apart.
    fn of(plan: &LogicalPlan) -> Option<Self> {
        let (mut leaves, mut keys, mut rest) = (Vec::new(), Vec::new(), Vec::new());
        let tree = flatten(plan, &mut leaves, &mut keys, &mut rest);
        if !(3..=MOST).contains(&leaves.len()) || rest.iter().any(Expr::is_volatile) {
            return None;
        }
        let mut region = Self { leaves, equal: Vec::new(), rest: Vec::new(), tree };
        for (left, right) in keys {
            let left = (region.owner(&left)?, left);
            let right = (region.owner(&right)?, right);
            region.hold_equal(left, right)?;
        }
        for condition in rest {
            let set = condition
                .column_refs()
                .into_iter()
                .try_fold(0, |set, column| Some(set | 1 << region.relation(column)?))?;
            // A condition on nothing belongs nowhere.
            if set == 0 {
                return None;
            }
            region.rest.push((set, condition));
        }
        Some(region)
    }

    /// The relation of a column, if no other could be meant.
    fn relation(&self, column: &Column) -> Option<usize> {
        let mut having = self.leaves.iter().enumerate().filter(|(_, leaf)| leaf.schema().has_column(column));
        let (ix, _) = having.next()?;
        having.next().is_none().then_some(ix)
    }

    fn owner(&self, key: &Expr) -> Option<usize> {
        if key.is_volatile() {
            return None;
        }
        let mut owners = key.column_refs().into_iter().map(|column| self.relation(column));
        let first = owners.next()??;
        owners.all(|owner| owner == Some(first)).then_some(first)
    }

    /// Notes that two expressions are equal. Nothing if that makes two of one relation equal: a join by one of them
    /// would forget the other.
    fn hold_equal(&mut self, left: (usize, Expr), right: (usize, Expr)) -> Option<()> {
        let has = |class: &Equal, key: &(usize, Expr)| class.contains(key);
        let (with, others): (Vec<Equal>, Vec<Equal>) =
            std::mem::take(&mut self.equal).into_iter().partition(|class| has(class, &left) || has(class, &right));
        let mut class: Equal = with.into_iter().flatten().collect();
        for key in [left, right] {
            if !class.contains(&key) {
                class.push(key);
            }
        }
        let members = class.iter().fold(0, |set: Set, (ix, _)| set | 1 << ix);
        let whole = members.count_ones() as usize == class.len();
        self.equal = others;
        self.equal.push(class);
        whole.then_some(())
    }

    /// The region with a better order, if there is one.
    fn better(self) -> Option<(Self, Tree)> {
        let known = self.leaves.iter().map(estimate::rows).collect::<Option<Vec<_>>>()?;
        let classes = self.equal.iter().map(|class| {
            // As many values as the smallest table that has a column of them: that is the one whose key they are.
            let domains = class.iter().map(|(ix, key)| {
                let base = known[*ix].base;
                estimate::domain(&self.leaves[*ix], key).map_or(base, |values| values.min(base))
            });
            let members = class.iter().fold(0, |set, (ix, _)| set | 1 << ix);
            Class { members, domain: domains.fold(f64::INFINITY, f64::min).max(1.0) }
        });
        let graph = Graph {
            classes: classes.collect(),
            rows: known.iter().map(|r| r.rows.max(1.0)).collect(),
            base: known.iter().map(|r| r.base.max(1.0)).collect(),
        };
        let (tree, cost) = graph.search()?;
        let own = graph.cost(&self.tree);
        tracing::debug!(?graph, ?tree, cost, own, "order of joins");
        (cost < own * WORTH).then_some((self, tree))
    }

    /// The relations joined in an order, with the columns of `plan`.
    fn joined(&self, tree: &Tree, plan: &LogicalPlan) -> Result<LogicalPlan> {
        let joined = self.join(tree)?;
        let columns = plan.schema().columns().into_iter().map(Expr::Column).collect();
        Ok(LogicalPlan::Projection(Projection::try_new(columns, joined)?))
    }

    fn join(&self, tree: &Tree) -> Result<Arc<LogicalPlan>> {
        let (left, right) = match tree {
            Tree::Leaf(ix) => return self.leaf(*ix),
            Tree::Join(left, right) => (left, right),
        };
        let (l, r) = (left.set(), right.set());
        let key =
            |class: &Equal, set: Set| class.iter().find(|(ix, _)| set & (1 << ix) != 0).map(|(_, key)| key.clone());
        let on = self.equal.iter().filter_map(|class| Some((key(class, l)?, key(class, r)?))).collect();
        // Those that no half can tell alone.
        let filter = self.conditions(|set| set & !(l | r) == 0 && set & !l != 0 && set & !r != 0);
        let (join_type, constraint) = (JoinType::Inner, JoinConstraint::On);
        let nulls = NullEquality::NullEqualsNothing;
        let join = Join::try_new(self.join(left)?, self.join(right)?, on, filter, join_type, constraint, nulls, false)?;
        Ok(Arc::new(LogicalPlan::Join(join)))
    }

    fn leaf(&self, ix: usize) -> Result<Arc<LogicalPlan>> {
        let leaf = Arc::new(self.leaves[ix].clone());
        match self.conditions(|set| set & !(1 << ix) == 0) {
            Some(condition) => Ok(Arc::new(LogicalPlan::Filter(Filter::try_new(condition, leaf)?))),
            None => Ok(leaf),
        }
    }

    fn conditions(&self, fits: impl Fn(Set) -> bool) -> Option<Expr> {
        conjunction(self.rest.iter().filter(|(set, _)| fits(*set)).map(|(_, condition)| condition.clone()))
    }
}

/// Takes inner joins apart: relations, equal keys, other conditions. Returns the order that they stood in.
fn flatten(
    plan: &LogicalPlan,
    leaves: &mut Vec<LogicalPlan>,
    keys: &mut Vec<(Expr, Expr)>,
    rest: &mut Vec<Expr>,
) -> Tree {
    match plan {
        LogicalPlan::Join(join) if is_inner(plan) => {
            let left = flatten(&join.left, leaves, keys, rest);
            let right = flatten(&join.right, leaves, keys, rest);
            keys.extend(join.on.iter().cloned());
            rest.extend(join.filter.iter().cloned().flat_map(split_conjunction_owned));
            Tree::Join(Box::new(left), Box::new(right))
        }
        LogicalPlan::Projection(projection) if is_inner_below(projection) => {
            flatten(&projection.input, leaves, keys, rest)
        }
        _ => {
            leaves.push(plan.clone());
            Tree::Leaf(leaves.len() - 1)
        }
    }
}

/// Whether a projection only leaves out columns of joins.
fn is_inner_below(projection: &Projection) -> bool {
    let below = &projection.input;
    (is_inner(below) || matches!(&**below, LogicalPlan::Projection(deeper) if is_inner_below(deeper)))
        && passes_through(projection)
}

/// Whether all columns of a projection come through under their names.
pub(super) fn passes_through(projection: &Projection) -> bool {
    projection
        .expr
        .iter()
        .zip(projection.schema.columns())
        .all(|(expr, name)| matches!(expr, Expr::Column(c) if *c == name))
}
