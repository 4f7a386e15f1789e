//! LATERAL VIEW: for each row the rows that a function makes of it.
//!
//! The rewriter folds `FROM f LATERAL VIEW explode(x) t AS c` into one table factor (an UNPIVOT of a marked name,
//! since it can hold a factor, an expression and names); the planner below turns that into an unnest over the columns of
//! `f`, which keep their qualifiers. The factor can be written and read again unless `f` is a join, so a view is kept
//! with it, and every face reads such a view.

use datafusion::common::{Column, DFSchema, NullHandling, Result, UnnestOptions, plan_err};
use datafusion::logical_expr::planner::{PlannedRelation, RelationPlanner, RelationPlannerContext, RelationPlanning};
use datafusion::logical_expr::{Expr as Plan, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::sqlparser::ast::{
    Expr, ExprWithAlias, Function, Ident, LateralView, NullInclusion, ObjectName, Select, SelectItem, TableFactor,
    TableWithJoins,
};

use arrow::datatypes::DataType;
use datafusion::logical_expr::ExprSchemable as _;

use super::{dialect::call, rewrite::makes_rows, rules::arguments};
use crate::HiveError;

/// Tells it from an UNPIVOT that somebody wrote: the name has a blank, so it wants quotes.
const MARK: &str = "lateral view";
/// The column in which the lists stand until they are unnested.
const LISTS: &str = "__lateral_lists";
const PLACES: &str = "__lateral_places";

/// A function that makes rows, alone in the SELECT, becomes a LATERAL VIEW.
pub(super) fn from_projection(select: &mut Select) -> std::result::Result<(), HiveError> {
    let function = |expr: &Expr| match expr {
        Expr::Function(f) if makes_rows(&f.name.to_string().to_lowercase()) => Some(expr.clone()),
        _ => None,
    };
    let found: Vec<(usize, Expr, Vec<Ident>)> = select
        .projection
        .iter()
        .enumerate()
        .filter_map(|(at, item)| match item {
            SelectItem::UnnamedExpr(expr) => function(expr).map(|f| (at, f, Vec::new())),
            SelectItem::ExprWithAlias { expr, alias } => function(expr).map(|f| (at, f, vec![alias.clone()])),
            SelectItem::ExprWithAliases { expr, aliases } => function(expr).map(|f| (at, f, aliases.clone())),
            _ => None,
        })
        .collect();
    let [(at, made, names)] = found.as_slice() else {
        return match found.len() {
            0 => Ok(()),
            _ => Err(HiveError::unsupported("two functions that make rows", "write each in a LATERAL VIEW of its own")),
        };
    };
    let names = if names.is_empty() { usual_names(made)? } else { names.clone() };
    let view = Ident::new("__rows");
    select.lateral_views.push(LateralView {
        lateral_view: made.clone(),
        lateral_view_name: ObjectName::from(vec![view.clone()]),
        lateral_col_alias: names.clone(),
        outer: false,
    });
    let columns =
        names.into_iter().map(|name| SelectItem::UnnamedExpr(Expr::CompoundIdentifier(vec![view.clone(), name])));
    drop(select.projection.splice(*at..=*at, columns));
    Ok(())
}

/// What the columns of a function are called when nobody says it.
fn usual_names(made: &Expr) -> std::result::Result<Vec<Ident>, HiveError> {
    let Expr::Function(function) = made else { return Ok(Vec::new()) };
    let args = arguments(function).unwrap_or_default();
    let is_map = matches!(args.first(), Some(Expr::Function(f)) if f.name.to_string().eq_ignore_ascii_case("map"));
    let names: Vec<String> = match function.name.to_string().to_lowercase().as_str() {
        "explode" if is_map => vec!["key".to_owned(), "value".to_owned()],
        "explode" => vec!["col".to_owned()],
        "posexplode" if is_map => vec!["pos".to_owned(), "key".to_owned(), "value".to_owned()],
        "posexplode" => vec!["pos".to_owned(), "col".to_owned()],
        "json_tuple" | "parse_url_tuple" => (0..args.len().saturating_sub(1)).map(|n| format!("c{n}")).collect(),
        "stack" => {
            let (_, width) = stack_size(&args)?;
            (0..width).map(|n| format!("col{n}")).collect()
        }
        other => {
            return Err(HiveError::unsupported(&format!("{other} without names"), "write AS (a, b, …) behind it"));
        }
    };
    Ok(names.into_iter().map(Ident::new).collect())
}

/// Rows and columns of `stack(n, …)`.
fn stack_size(args: &[Expr]) -> std::result::Result<(usize, usize), HiveError> {
    let rows = args.first().and_then(|n| n.to_string().parse::<usize>().ok()).filter(|n| (1..=1_000).contains(n));
    match rows {
        Some(rows) if args.len() > 1 => Ok((rows, (args.len() - 1).div_ceil(rows))),
        _ => Err(HiveError::Arguments { function: "stack".to_owned(), help: "stack(n, a, b, …) with a constant n" }),
    }
}

/// Folds the LATERAL VIEWs of a SELECT into its FROM.
pub(super) fn into_from(select: &mut Select) -> std::result::Result<(), HiveError> {
    for view in std::mem::take(&mut select.lateral_views) {
        let Expr::Function(function) = &view.lateral_view else {
            return Err(HiveError::unsupported("LATERAL VIEW of an expression", "write a function such as explode(x)"));
        };
        let name = function.name.to_string().to_lowercase();
        if !makes_rows(&name) {
            return Err(HiveError::unsupported(
                &format!("LATERAL VIEW {name}"),
                "there are explode, posexplode, inline, stack, json_tuple and parse_url_tuple",
            ));
        }
        let names = if view.lateral_col_alias.is_empty() {
            usual_names(&view.lateral_view)?
        } else {
            view.lateral_col_alias.clone()
        };
        let value = marked(function.clone(), &name)?;
        let source = std::mem::take(&mut select.from);
        let factor = TableFactor::Unpivot {
            table: Box::new(joined(source)),
            value,
            name: Ident::with_quote('"', MARK),
            columns: std::iter::once(
                view.lateral_view_name.0.last().and_then(|p| p.as_ident()).cloned().unwrap_or_else(|| Ident::new("t")),
            )
            .chain(names)
            .map(|name| ExprWithAlias {
                expr: Expr::Value(datafusion::sql::sqlparser::ast::Value::Null.into()),
                alias: Some(name),
            })
            .collect(),
            null_inclusion: view.outer.then_some(NullInclusion::IncludeNulls),
            alias: None,
        };
        select.from = vec![TableWithJoins { relation: factor, joins: Vec::new() }];
    }
    Ok(())
}

/// The function under a name that the rewriter leaves alone, its arguments in the form that the planner wants.
fn marked(function: Function, name: &str) -> std::result::Result<Expr, HiveError> {
    let args = arguments(&function).unwrap_or_default();
    let of = |name: &str, args: Vec<Expr>| call(name, args);
    Ok(match name {
        "explode" | "posexplode" | "inline" if args.len() == 1 => of(&format!("__{name}"), args),
        "stack" => {
            let (_, width) = stack_size(&args)?;
            let text = |n: usize| {
                Expr::Value(datafusion::sql::sqlparser::ast::Value::SingleQuotedString(format!("col{n}")).into())
            };
            let rows = args[1..].chunks(width).map(|row| {
                let fields = (0..width).flat_map(|n| {
                    let value = row.get(n).cloned();
                    let null = || Expr::Value(datafusion::sql::sqlparser::ast::Value::Null.into());
                    [text(n), value.unwrap_or_else(null)]
                });
                call("named_struct", fields.collect())
            });
            of("__inline", vec![call("make_array", rows.collect())])
        }
        "json_tuple" | "parse_url_tuple" if args.len() > 1 => of(&format!("__{name}"), args),
        _ => {
            let help = super::calls::find(name).map_or("", |f| f.help);
            return Err(HiveError::Arguments { function: name.to_owned(), help });
        }
    })
}

/// `FROM a, b JOIN c` as one factor.
fn joined(mut from: Vec<TableWithJoins>) -> TableFactor {
    use datafusion::sql::sqlparser::ast::{Join, JoinConstraint, JoinOperator};
    if from.is_empty() {
        // A single row to begin with: SELECT explode(…) without FROM.
        return TableFactor::UNNEST {
            alias: None,
            array_exprs: Vec::new(),
            with_offset: false,
            with_offset_alias: None,
            with_ordinality: false,
        };
    }
    let mut first = from.remove(0);
    for other in from {
        let factor = nested(other);
        first.joins.push(Join {
            relation: factor,
            global: false,
            join_operator: JoinOperator::CrossJoin(JoinConstraint::None),
        });
    }
    nested(first)
}

fn nested(table: TableWithJoins) -> TableFactor {
    if table.joins.is_empty() {
        return table.relation;
    }
    TableFactor::NestedJoin { table_with_joins: Box::new(table), alias: None }
}

/// Plans what the rewriter made of LATERAL VIEWs.
#[derive(Debug)]
pub struct LateralViews;

impl RelationPlanner for LateralViews {
    fn plan_relation(
        &self,
        relation: TableFactor,
        context: &mut dyn RelationPlannerContext,
    ) -> Result<RelationPlanning> {
        let (table, value, columns, outer) = match relation {
            TableFactor::Unpivot { table, value, name, columns, null_inclusion, .. } if name.value == MARK => {
                (table, value, columns, null_inclusion.is_some())
            }
            other => return Ok(RelationPlanning::Original(Box::new(other))),
        };
        let input = match *table {
            TableFactor::UNNEST { ref array_exprs, .. } if array_exprs.is_empty() => {
                LogicalPlanBuilder::empty(true).build()?
            }
            table => context.plan(table)?,
        };
        let mut names = columns.into_iter().filter_map(|c| c.alias).map(|name| context.normalize_ident(name));
        let view = names.next().unwrap_or_default();
        let names: Vec<String> = names.collect();
        let plan = planned(context, input, value, &view, &names, outer)?;
        Ok(RelationPlanning::Planned(Box::new(PlannedRelation::new(plan, None))))
    }
}

fn planned(
    context: &mut dyn RelationPlannerContext,
    input: LogicalPlan,
    value: Expr,
    view: &str,
    names: &[String],
    outer: bool,
) -> Result<LogicalPlan> {
    let Expr::Function(function) = value else { return plan_err!("LATERAL VIEW wants a function") };
    let (name, args) = (function.name.to_string(), arguments(&function).unwrap_or_default());
    let schema = input.schema().clone();
    let kept: Vec<Plan> = schema.columns().into_iter().map(Plan::Column).collect();
    if name == "__json_tuple" || name == "__parse_url_tuple" {
        let engine = if name == "__json_tuple" { "hive_json_field" } else { "hive_parse_url" };
        let mut all = kept;
        let Some((text, fields)) = args.split_first() else { return plan_err!("{name} wants a text and fields") };
        want(names, fields.len())?;
        for (field, column) in fields.iter().zip(names) {
            let made = call(engine, vec![text.clone(), field.clone()]);
            all.push(context.sql_to_expr(made, &schema)?.alias_qualified(Some(view), column));
        }
        return LogicalPlanBuilder::from(input).project(all)?.build();
    }
    if !["__explode", "__posexplode", "__inline"].contains(&name.as_str()) {
        return plan_err!("LATERAL VIEW knows no function {name}");
    }
    let [arg] = args.as_slice() else { return plan_err!("{name} takes one argument") };
    let of_map = {
        let expr = context.sql_to_expr(arg.clone(), &schema)?;
        matches!(expr.get_type(schema.as_ref())?, DataType::Map(..))
    };
    let list = if of_map { call("map_entries", vec![arg.clone()]) } else { arg.clone() };
    let list = context.sql_to_expr(list, &schema)?;
    let item = match list.get_type(schema.as_ref())? {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => item.data_type().clone(),
        other => {
            return plan_err!(
                "{} wants an array or a map, not {}",
                name.trim_start_matches('_'),
                super::hive_type(&other)
            );
        }
    };
    let mut before = kept.clone();
    let mut lists = vec![Column::from_name(LISTS)];
    if name == "__posexplode" {
        let length = call("array_length", vec![arg_or_entries(arg, of_map)]);
        let zero = Expr::Value(datafusion::sql::sqlparser::ast::Value::Number("0".to_owned(), false).into());
        let places = context.sql_to_expr(call("range", vec![zero, length]), &schema)?;
        before.push(places.alias(PLACES));
        lists.push(Column::from_name(PLACES));
    }
    before.push(list.alias(LISTS));
    let null_handling = if outer { NullHandling::PreserveAndExpandEmpty } else { NullHandling::Drop };
    let unnested = LogicalPlanBuilder::from(input)
        .project(before)?
        .unnest_columns_with_options(lists, UnnestOptions { null_handling, recursions: Vec::new() })?
        .build()?;
    let found = unnested.schema().clone();
    let mut columns = Vec::new();
    if name == "__posexplode" {
        let place = Plan::Column(Column::from_name(PLACES));
        columns.push(datafusion::logical_expr::cast(place, DataType::Int32));
    }
    let value = Plan::Column(Column::from_name(LISTS));
    let split = of_map || name == "__inline";
    match &item {
        DataType::Struct(fields) if split => {
            for field in fields {
                columns.push(field_of(context, &found, field.name())?);
            }
        }
        _ if name == "__inline" => return plan_err!("inline wants an array of structs"),
        _ => columns.push(value),
    }
    want(names, columns.len())?;
    let made = columns.into_iter().zip(names).map(|(made, name)| made.alias_qualified(Some(view), name));
    LogicalPlanBuilder::from(unnested).project(kept.into_iter().chain(made))?.build()
}

fn arg_or_entries(arg: &Expr, of_map: bool) -> Expr {
    if of_map { call("map_entries", vec![arg.clone()]) } else { arg.clone() }
}

fn field_of(context: &mut dyn RelationPlannerContext, schema: &DFSchema, field: &str) -> Result<Plan> {
    let name = Expr::Value(datafusion::sql::sqlparser::ast::Value::SingleQuotedString(field.to_owned()).into());
    context.sql_to_expr(call("get_field", vec![Expr::Identifier(Ident::new(LISTS)), name]), schema)
}

fn want(names: &[String], columns: usize) -> Result<()> {
    if names.len() == columns {
        return Ok(());
    }
    plan_err!("the LATERAL VIEW makes {columns} columns, and {} names are written", names.len())
}
