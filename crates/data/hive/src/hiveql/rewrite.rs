//! From HiveQL's syntax tree to one that DataFusion plans with Hive's meaning.
//!
//! What comes out is plain SQL of the engine: types are spelled out, the order of NULLs is written down, and
//! functions go by the engine's names. So a view can be kept in it and read through every face. The one
//! exception is LATERAL VIEW, which [`LateralViews`](super::LateralViews) plans.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::{
    BinaryOperator, CastKind, DataType, Expr, GroupByExpr, GroupByWithModifier, Ident, LimitClause, NamedWindowExpr,
    Offset, OffsetRows, OrderBy, OrderByExpr, OrderByKind, Parens, Query, Select, SelectFlavor, SelectItem, SetExpr,
    SetOperator, Statement, TableFactor, Value, VisitMut, VisitorMut, WindowType,
};

use super::{calls, dialect::call, lateral, parse, rules, sample};
use crate::HiveError;

/// Who asks: what some functions answer.
#[derive(Clone, Debug, Default)]
pub struct Asker {
    /// The access key.
    pub user: String,
    /// The session's database.
    pub database: String,
}

/// Rewrites a query in place.
///
/// # Errors
/// [`HiveError::Unsupported`] by the name of what cannot be had.
pub fn rewrite(query: &mut Query, asker: &Asker) -> Result<(), HiveError> {
    parse::with_room(|| match VisitMut::visit(query, &mut Rewriter { asker }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    })
}

/// Rewrites an UPDATE, DELETE or MERGE in place.
///
/// # Errors
/// As [`rewrite`].
pub fn rewrite_change(change: &mut Statement, asker: &Asker) -> Result<(), HiveError> {
    parse::with_room(|| match VisitMut::visit(change, &mut Rewriter { asker }) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(error) => Err(*error),
    })
}

struct Rewriter<'a> {
    asker: &'a Asker,
}

type Flow = ControlFlow<Box<HiveError>>;

fn flow(result: Result<(), HiveError>) -> Flow {
    result.map_or_else(|error| ControlFlow::Break(Box::new(error)), ControlFlow::Continue)
}

impl VisitorMut for Rewriter<'_> {
    type Break = Box<HiveError>;

    fn pre_visit_query(&mut self, query: &mut Query) -> Flow {
        if let Some(OrderBy { kind: OrderByKind::Expressions(orders), .. }) = &mut query.order_by {
            orders.iter_mut().for_each(nulls);
        }
        if let Some(LimitClause::OffsetCommaLimit { offset, limit }) = &query.limit_clause {
            query.limit_clause = Some(LimitClause::LimitOffset {
                limit: Some(limit.clone()),
                offset: Some(Offset { value: offset.clone(), rows: OffsetRows::None }),
                limit_by: Vec::new(),
            });
        }
        minus(&mut query.body);
        if let SetExpr::Values(values) = &mut *query.body {
            doubles(&mut values.rows);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &mut Select) -> Flow {
        flow(self.select(select))
    }

    fn post_visit_select(&mut self, select: &mut Select) -> Flow {
        // Only now, so that what a function became is not taken for what the user named.
        for (place, item) in select.projection.iter_mut().enumerate() {
            if let SelectItem::UnnamedExpr(expr) = item
                && let Some(name) = name_of(expr, place)
            {
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> Flow {
        flow(sample::replace(factor))
    }

    fn pre_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        flow(rules::before(expr))
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> Flow {
        flow(rules::after(expr, self.asker))
    }
}

impl Rewriter<'_> {
    fn select(&self, select: &mut Select) -> Result<(), HiveError> {
        if !select.cluster_by.is_empty() || !select.distribute_by.is_empty() || !select.sort_by.is_empty() {
            return Err(HiveError::unsupported("this order of clauses", "write HAVING before SORT BY"));
        }
        if matches!(select.flavor, SelectFlavor::FromFirst) {
            select.flavor = SelectFlavor::Standard;
        }
        for window in &mut select.named_window {
            if let NamedWindowExpr::WindowSpec(spec) = &mut window.1 {
                spec.order_by.iter_mut().for_each(nulls);
            }
        }
        groups(select)?;
        lateral::from_projection(select)?;
        lateral::into_from(select)
    }
}

/// `GROUP BY a, b WITH ROLLUP` and `… GROUPING SETS (…)` in the standard's form, and GROUPING__ID.
fn groups(select: &mut Select) -> Result<(), HiveError> {
    let GroupByExpr::Expressions(keys, modifiers) = &mut select.group_by else { return Ok(()) };
    let plain: Vec<Expr> = keys
        .iter()
        .flat_map(|key| match key {
            Expr::Rollup(sets) | Expr::Cube(sets) | Expr::GroupingSets(sets) => sets.concat(),
            other => vec![other.clone()],
        })
        .collect();
    for modifier in std::mem::take(modifiers) {
        let sets = || plain.iter().map(|key| vec![key.clone()]).collect();
        *keys = vec![match modifier {
            GroupByWithModifier::Rollup => Expr::Rollup(sets()),
            GroupByWithModifier::Cube => Expr::Cube(sets()),
            GroupByWithModifier::GroupingSets(sets) => {
                let (sets, only) = with_all(sets, &plain);
                if only {
                    // The set that was added to name every key is left out again.
                    let added = Expr::BinaryOp {
                        left: Box::new(call("grouping", plain.clone())),
                        op: BinaryOperator::NotEq,
                        right: Box::new(Expr::Value(Value::Number("0".to_owned(), false).into())),
                    };
                    select.having = Some(match select.having.take() {
                        Some(having) => Expr::BinaryOp {
                            left: Box::new(Expr::Nested(Box::new(having))),
                            op: BinaryOperator::And,
                            right: Box::new(added),
                        },
                        None => added,
                    });
                }
                sets
            }
            GroupByWithModifier::Totals => {
                return Err(HiveError::unsupported("WITH TOTALS", "use WITH ROLLUP"));
            }
        }];
    }
    let mut seen: Vec<Expr> = Vec::new();
    for key in plain {
        if !seen.contains(&key) {
            seen.push(key);
        }
    }
    let id = |expr: &mut Expr| {
        if matches!(expr, Expr::Identifier(word) if word.value.eq_ignore_ascii_case("grouping__id")) {
            *expr = call("grouping", seen.clone());
        }
    };
    for item in &mut select.projection {
        if let SelectItem::UnnamedExpr(expr) = item
            && matches!(expr, Expr::Identifier(word) if word.value.eq_ignore_ascii_case("grouping__id"))
        {
            let alias = Ident::new("grouping__id");
            id(expr);
            *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias };
        } else if let SelectItem::ExprWithAlias { expr, .. } = item {
            id(expr);
        }
    }
    Ok(())
}

/// Sets that name every key, since the engine knows no key that none of them has: Hive shows it as NULL. Whether one
/// was added for that.
fn with_all(sets: Expr, keys: &[Expr]) -> (Expr, bool) {
    let Expr::GroupingSets(mut sets) = sets else { return (sets, false) };
    let missing = keys.iter().any(|key| !sets.iter().any(|set| set.contains(key)));
    if missing {
        sets.push(keys.to_vec());
    }
    (Expr::GroupingSets(sets), missing)
}

/// Hive puts NULLs first when it goes up, last when it goes down.
pub(super) fn nulls(order: &mut OrderByExpr) {
    if order.options.nulls_first.is_none() {
        order.options.nulls_first = Some(order.options.asc.unwrap_or(true));
    }
}

/// The same inside a window.
pub(super) fn window_nulls(window: &mut WindowType) {
    if let WindowType::WindowSpec(spec) = window {
        spec.order_by.iter_mut().for_each(nulls);
    }
}

/// MINUS is EXCEPT.
fn minus(body: &mut SetExpr) {
    if let SetExpr::SetOperation { op, left, right, .. } = body {
        if matches!(op, SetOperator::Minus) {
            *op = SetOperator::Except;
        }
        minus(left);
        minus(right);
    }
}

/// In a column of VALUES that has a double, every number is one: beside decimals `1e100` would not fit. The tokens
/// have made a cast of it already.
fn doubles(rows: &mut [Parens<Vec<Expr>>]) {
    fn is_double(expr: &Expr) -> bool {
        match expr {
            Expr::Cast { data_type, .. } => matches!(data_type, DataType::Double(_) | DataType::DoublePrecision),
            Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => is_double(expr),
            _ => false,
        }
    }
    fn widen(expr: &mut Expr) {
        match expr {
            Expr::Value(value) => {
                if let Value::Number(digits, _) = &value.value {
                    *expr = rules::double(digits);
                }
            }
            Expr::UnaryOp { expr, .. } | Expr::Nested(expr) => widen(expr),
            _ => {}
        }
    }
    for column in 0..rows.first().map_or(0, |row| row.content.len()) {
        if rows.iter().any(|row| row.content.get(column).is_some_and(is_double)) {
            rows.iter_mut().filter_map(|row| row.content.get_mut(column)).for_each(widen);
        }
    }
}

/// The name of a column that got none: the field's, or `_c` and its place as Hive has it.
fn name_of(expr: &Expr, place: usize) -> Option<String> {
    match expr {
        Expr::Identifier(_) | Expr::CompoundIdentifier(_) => None,
        Expr::Function(function) if function.name.to_string() == "get_field" => match &function.args {
            datafusion::sql::sqlparser::ast::FunctionArguments::List(list) => match list.args.last() {
                Some(datafusion::sql::sqlparser::ast::FunctionArg::Unnamed(
                    datafusion::sql::sqlparser::ast::FunctionArgExpr::Expr(Expr::Value(value)),
                )) => match &value.value {
                    Value::SingleQuotedString(name) => Some(name.clone()),
                    _ => Some(format!("_c{place}")),
                },
                _ => Some(format!("_c{place}")),
            },
            _ => Some(format!("_c{place}")),
        },
        _ => Some(format!("_c{place}")),
    }
}

/// A cast of the engine's own, for constants whose type is to be written down.
pub(super) fn engine_cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

/// Whether a function makes rows.
pub(super) fn makes_rows(name: &str) -> bool {
    calls::find(name).is_some()
        && matches!(name, "explode" | "posexplode" | "inline" | "stack" | "json_tuple" | "parse_url_tuple")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::hiveql::{Statement, parse};

    fn rewritten(text: &str) -> String {
        let Statement::Query(mut query) = parse(text).unwrap() else { panic!("{text}") };
        rewrite(&mut query, &Asker { user: "key_1".to_owned(), database: "db".to_owned() }).unwrap();
        query.to_string()
    }

    #[test]
    fn meaning_is_written_down() {
        for (hive, sql) in [
            ("select a from t order by a, b desc", "SELECT a FROM t ORDER BY a NULLS FIRST, b DESC NULLS LAST"),
            ("select a / b x from t", "SELECT hive_divide(a, b) AS x FROM t"),
            ("select a div b x from t", "SELECT hive_div(a, b) AS x FROM t"),
            ("select a % b x from t", "SELECT a % nullif(b, 0) AS x FROM t"),
            ("select cast(a as int) from t", "SELECT hive_int(a) AS \"_c0\" FROM t"),
            ("select b, upper(a) from t", "SELECT b, upper(a) AS \"_c1\" FROM t"),
            ("select a from t limit 2, 3", "SELECT a FROM t LIMIT 3 OFFSET 2"),
            ("select a from t minus select b from u", "SELECT a FROM t EXCEPT SELECT b FROM u"),
            ("select a[0].b from t", "SELECT get_field(hive_index(a, 0), 'b') AS \"b\" FROM t"),
            ("select if(a, 1, 2) x from t", "SELECT CASE WHEN a THEN 1 ELSE 2 END AS x FROM t"),
            ("select current_database() d", "SELECT 'db' AS d"),
            ("select a from t where b rlike 'x'", "SELECT a FROM t WHERE hive_rlike(b, 'x')"),
            ("select count(*) c from t group by a with rollup", "SELECT count(*) AS c FROM t GROUP BY ROLLUP (a)"),
            (
                "select a, b from t group by a, b grouping sets ((a), ())",
                "SELECT a, b FROM t GROUP BY GROUPING SETS ((a), (), (a, b)) HAVING grouping(a, b) <> 0",
            ),
            (
                "values (1.5, 2.5), (1e100, 3)",
                "VALUES (hive_double('1.5'), CAST('2.5' AS DECIMAL(2,1))), (hive_double('1e100'), 3)",
            ),
            ("from t select a", "SELECT a FROM t"),
        ] {
            assert_eq!(rewritten(hive), sql);
        }
    }

    #[test]
    fn functions_that_are_not_there_are_named() {
        let Statement::Query(mut query) = parse("select reflect('a', 'b')").unwrap() else { panic!() };
        let error = rewrite(&mut query, &Asker::default()).unwrap_err().to_string();
        assert!(error.contains("reflect"), "{error}");
    }
}
