//! How many rows a plan is likely to give, from row counts, least and greatest values, and rules of thumb.
//!
//! The shares are those of Selinger et al., "Access Path Selection in a Relational Database Management System", 1979,
//! where nothing better is known.

use datafusion::common::stats::Precision;
use datafusion::common::{Column, ScalarValue};
use datafusion::datasource::source_as_provider;
use datafusion::logical_expr::expr::InList;
use datafusion::logical_expr::{BinaryExpr, Expr, JoinType, LogicalPlan, Operator, TableScan};

/// Share of rows that have a certain value.
const EQUAL: f64 = 0.05;
/// Share of rows above, or below, a value.
const BEYOND: f64 = 0.3;
/// Share of rows with a text like a pattern.
const LIKE: f64 = 0.1;
/// Share of rows for which some other condition holds.
const OTHER: f64 = 0.25;
/// Share of rows that find a partner in a filtered set, and in an unfiltered one.
const PARTNERED: (f64, f64) = (0.2, 0.8);
/// Groups of a row.
const GROUPS: f64 = 0.3;

/// Rows of a plan.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rows {
    /// That it is likely to give.
    pub(super) rows: f64,
    /// That it would give without filters.
    pub(super) base: f64,
}

/// How many rows a plan is likely to give; nothing if one of its tables does not tell how many it has.
pub(super) fn rows(plan: &LogicalPlan) -> Option<Rows> {
    Some(match plan {
        LogicalPlan::TableScan(scan) => {
            let base = counted(scan)?;
            let share: f64 = scan.filters.iter().map(|filter| share(filter, plan)).product();
            Rows { rows: base * share, base }
        }
        LogicalPlan::Filter(filter) => {
            let mut below = rows(&filter.input)?;
            // What a table's scan is told of a filter stands above it as well.
            if let LogicalPlan::TableScan(_) = *filter.input {
                below.rows = below.base;
            }
            Rows { rows: below.rows * share(&filter.predicate, &filter.input), base: below.base }
        }
        LogicalPlan::Aggregate(aggregate) if aggregate.group_expr.is_empty() => Rows { rows: 1.0, base: 1.0 },
        LogicalPlan::Aggregate(aggregate) => {
            let groups = (rows(&aggregate.input)?.rows * GROUPS).max(1.0);
            Rows { rows: groups, base: groups }
        }
        LogicalPlan::Distinct(distinct) => {
            let groups = (rows(distinct.input())?.rows * GROUPS).max(1.0);
            Rows { rows: groups, base: groups }
        }
        LogicalPlan::Join(join) => {
            let (left, right) = (rows(&join.left)?, rows(&join.right)?);
            let found = if is_filtered(&join.right) { PARTNERED.0 } else { PARTNERED.1 };
            match join.join_type {
                JoinType::LeftSemi | JoinType::LeftMark => Rows { rows: left.rows * found, base: left.base },
                JoinType::LeftAnti => Rows { rows: left.rows * (1.0 - found), base: left.base },
                JoinType::RightSemi | JoinType::RightAnti | JoinType::RightMark => right,
                _ => Rows { rows: left.rows.max(right.rows), base: left.base.max(right.base) },
            }
        }
        LogicalPlan::Limit(limit) => {
            let below = rows(&limit.input)?;
            let most = match limit.get_fetch_type() {
                Ok(datafusion::logical_expr::FetchType::Literal(Some(most))) => most as f64,
                _ => below.rows,
            };
            Rows { rows: below.rows.min(most), base: below.base.min(most) }
        }
        LogicalPlan::Values(values) => {
            let rows = values.values.len() as f64;
            Rows { rows, base: rows }
        }
        LogicalPlan::EmptyRelation(_) => Rows { rows: 1.0, base: 1.0 },
        LogicalPlan::Union(union) => {
            let each = union.inputs.iter().map(|input| rows(input)).collect::<Option<Vec<_>>>()?;
            Rows { rows: each.iter().map(|r| r.rows).sum(), base: each.iter().map(|r| r.base).sum() }
        }
        LogicalPlan::Projection(_)
        | LogicalPlan::SubqueryAlias(_)
        | LogicalPlan::Sort(_)
        | LogicalPlan::Window(_)
        | LogicalPlan::Repartition(_) => rows(plan.inputs().first()?)?,
        _ => return None,
    })
}

/// Whether something in a plan leaves rows out.
pub(super) fn is_filtered(plan: &LogicalPlan) -> bool {
    match plan {
        LogicalPlan::Filter(_) | LogicalPlan::Limit(_) => true,
        LogicalPlan::TableScan(scan) => !scan.filters.is_empty() || scan.fetch.is_some(),
        LogicalPlan::Join(join) if join.join_type != JoinType::Inner => true,
        _ => plan.inputs().into_iter().any(is_filtered),
    }
}

fn counted(scan: &TableScan) -> Option<f64> {
    let provider = source_as_provider(&scan.source).ok()?;
    match provider.statistics()?.num_rows {
        Precision::Exact(rows) | Precision::Inexact(rows) => Some((rows as f64).max(1.0)),
        Precision::Absent => None,
    }
}

/// The least and the greatest value of a column, as numbers, where they are known.
pub(super) fn span(plan: &LogicalPlan, column: &Column) -> Option<(f64, f64)> {
    match plan {
        LogicalPlan::TableScan(scan) => {
            let provider = source_as_provider(&scan.source).ok()?;
            let ix = provider.schema().index_of(&column.name).ok()?;
            let known = provider.statistics()?.column_statistics.get(ix)?.clone();
            Some((number(known.min_value.get_value()?)?, number(known.max_value.get_value()?)?))
        }
        LogicalPlan::Filter(_) | LogicalPlan::Sort(_) | LogicalPlan::Limit(_) => span(plan.inputs().first()?, column),
        LogicalPlan::SubqueryAlias(alias) => span(&alias.input, &Column::new_unqualified(column.name.clone())),
        LogicalPlan::Projection(projection) => {
            let field = projection.schema.maybe_index_of_column(column)?;
            match projection.expr.get(field)? {
                Expr::Column(below) => span(&projection.input, below),
                _ => None,
            }
        }
        LogicalPlan::Join(join) if join.join_type == JoinType::LeftSemi => span(&join.left, column),
        _ => None,
    }
}

/// How many values a column can have at most: whole numbers no more than lie in their span.
pub(super) fn domain(plan: &LogicalPlan, key: &Expr) -> Option<f64> {
    let Expr::Column(column) = key else { return None };
    let whole = plan.schema().qualified_field_from_column(column).ok()?.1.data_type().is_integer();
    let (least, most) = span(plan, column)?;
    whole.then_some(most - least + 1.0)
}

/// The share of a plan's rows for which a condition holds.
fn share(condition: &Expr, plan: &LogicalPlan) -> f64 {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match op {
            Operator::And => share(left, plan) * share(right, plan),
            Operator::Or => {
                let (a, b) = (share(left, plan), share(right, plan));
                a + b - a * b
            }
            _ => match (&**left, &**right) {
                (Expr::Column(column), Expr::Literal(value, _)) => compared(column, *op, value, plan),
                (Expr::Literal(value, _), Expr::Column(column)) => {
                    op.swap().map_or(OTHER, |op| compared(column, op, value, plan))
                }
                _ => of_operator(*op),
            },
        },
        Expr::Not(inner) => 1.0 - share(inner, plan),
        Expr::Between(between) => {
            if between.negated {
                1.0 - BEYOND
            } else {
                BEYOND
            }
        }
        Expr::InList(InList { list, negated, .. }) => {
            let found = (list.len() as f64 * EQUAL).min(0.5);
            if *negated { 1.0 - found } else { found }
        }
        Expr::Like(like) => {
            if like.negated {
                1.0 - LIKE
            } else {
                LIKE
            }
        }
        Expr::IsNull(_) => EQUAL,
        Expr::IsNotNull(_) => 1.0 - EQUAL,
        Expr::Literal(ScalarValue::Boolean(Some(true)), _) => 1.0,
        _ => OTHER,
    }
}

fn of_operator(op: Operator) -> f64 {
    match op {
        Operator::Eq => EQUAL,
        Operator::NotEq => 1.0 - EQUAL,
        Operator::Lt | Operator::LtEq | Operator::Gt | Operator::GtEq => BEYOND,
        Operator::LikeMatch | Operator::ILikeMatch => LIKE,
        _ => OTHER,
    }
}

/// The share of rows whose column compares so with a value: by where it lies in the column's span.
fn compared(column: &Column, op: Operator, value: &ScalarValue, plan: &LogicalPlan) -> f64 {
    if op == Operator::Eq
        && let Some(values) = domain(plan, &Expr::Column(column.clone()))
    {
        return 1.0 / values.max(1.0);
    }
    let known = span(plan, column).zip(number(value)).filter(|((least, most), _)| most > least);
    let Some(((least, most), value)) = known else { return of_operator(op) };
    let below = ((value - least) / (most - least)).clamp(0.0, 1.0);
    match op {
        Operator::Lt | Operator::LtEq => below,
        Operator::Gt | Operator::GtEq => 1.0 - below,
        _ => of_operator(op),
    }
}

fn number(value: &ScalarValue) -> Option<f64> {
    Some(match value {
        ScalarValue::Decimal128(Some(value), _, scale) => *value as f64 / 10_f64.powi(i32::from(*scale)),
        ScalarValue::Date32(Some(days)) => f64::from(*days),
        ScalarValue::Date64(Some(at)) => *at as f64,
        ScalarValue::TimestampSecond(Some(at), _)
        | ScalarValue::TimestampMillisecond(Some(at), _)
        | ScalarValue::TimestampMicrosecond(Some(at), _)
        | ScalarValue::TimestampNanosecond(Some(at), _) => *at as f64,
        other if other.data_type().is_numeric() => match other.cast_to(&arrow::datatypes::DataType::Float64).ok()? {
            ScalarValue::Float64(value) => value?,
            _ => return None,
        },
        _ => return None,
    })
}
