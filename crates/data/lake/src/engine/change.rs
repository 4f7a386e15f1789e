//! `UPDATE`, `DELETE` and `MERGE` as plans: which rows go, and which come in their place.
//!
//! Such a plan has three columns before those of the table: the file that a row is in, its place there, and whether
//! what follows is a row to be written. [`super::rewrite`] carries it out. So a condition is worked out once for each
//! row, whatever it holds.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, FieldRef, SchemaRef};
use datafusion::common::{Column, ScalarValue, TableReference};
use datafusion::execution::SessionState;
use datafusion::logical_expr::{
    DmlStatement, Expr, ExprSchemable as _, LogicalPlan, LogicalPlanBuilder, TableSource, WriteOp, cast, lit, when,
};
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    self, AssignmentTarget, CaseWhen, Expr as Written, Ident, Join, JoinConstraint, JoinOperator, MergeAction,
    MergeClauseKind, MergeInsertKind, ObjectName, Query, Select, SelectItem, SelectItemQualifiedWildcardKind, SetExpr,
    Statement as Ast, TableAlias, TableFactor, TableWithJoins, UpdateTableFromKind, WildcardAdditionalOptions,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::Parser;

use super::full_names;
use super::local::{LocalEngine, with_nearest};
use super::scope::Scope;
use super::session::Session;
use super::statements::{ident, resolve, writable};
use crate::LakeError;
use crate::catalog::{Right, TableDef, TableKind, counted, nearest};

/// The file that a row is in: its number among those that the plan reads.
pub(super) const FILE: &str = "__file";
/// A row's place in its file.
pub(super) const ROW: &str = "__row";
/// Whether there is a row to be written.
const NEW: &str = "__new";

/// Whether a column has a name that the plan of a change gives its own columns.
fn is_ours(column: &str) -> bool {
    [FILE, ROW, NEW].contains(&column)
}

/// Behind the name of a table whose rows say where they are, and of columns that stand beside a source's. Nobody can
/// write it.
static MARK: LazyLock<String> = LazyLock::new(|| format!("@{}", uuid::Uuid::now_v7().simple()));

/// The clause of a MERGE that a row falls under, from 1.
static DOES: LazyLock<String> = LazyLock::new(|| format!("does{}", MARK.as_str()));
/// Set where a MERGE's source has a row.
static SOURCE: LazyLock<String> = LazyLock::new(|| format!("source{}", MARK.as_str()));

/// The column with the value of an assignment.
fn assigned(at: usize) -> String {
    format!("set_{at}{}", MARK.as_str())
}

/// A name without the mark, and whether it had it.
pub(super) fn unmarked(name: &str) -> (&str, bool) {
    name.strip_suffix(MARK.as_str()).map_or((name, false), |bare| (bare, true))
}

/// Whether a statement changes rows that are there.
pub(super) const fn is_change(ast: &Ast) -> bool {
    matches!(ast, Ast::Update(_) | Ast::Delete(_) | Ast::Merge(_))
}

/// The plan of an UPDATE, DELETE or MERGE.
pub(super) async fn plan(scope: &Arc<Scope>, state: &SessionState, mut ast: Ast) -> Result<LogicalPlan, LakeError> {
    full_names::shorten(&mut ast);
    match ast {
        Ast::Update(update) => self::update(scope, state, update).await,
        Ast::Delete(delete) => self::delete(scope, state, delete).await,
        Ast::Merge(merge) => self::merge(scope, state, merge).await,
        other => Err(LakeError::unsupported(other.to_string(), "write UPDATE, DELETE or MERGE")),
    }
}

impl LocalEngine {
    /// The plan of an UPDATE, DELETE or MERGE that a face has read itself, planned with `state` of the same session.
    ///
    /// # Errors
    /// Whatever is wrong with the statement, or that the session may not change the table.
    pub async fn change(&self, session: &Session, state: &SessionState, ast: Ast) -> Result<LogicalPlan, LakeError> {
        let scope = self.0.scope(session).await?;
        plan(&scope, state, ast).await.map_err(|error| with_nearest(error, &scope))
    }
}

/// The table that is changed.
struct Target {
    table: Arc<TableDef>,
    database: String,
    relation: TableFactor,
    alias: Ident,
    rights: Vec<Right>,
}

impl Target {
    fn of(scope: &Scope, relation: TableFactor, rights: &[Right]) -> Result<Self, LakeError> {
        let TableFactor::Table { name, alias, args: None, version: None, sample: None, .. } = relation else {
            return Err(LakeError::unsupported("a change of what is no table", "name a table of your own"));
        };
        let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(ident).collect();
        let Some((bare, before)) = parts.split_last() else {
            return Err(LakeError::unsupported("a table without a name", "name a table of your own"));
        };
        let database = before.last().cloned().unwrap_or_else(|| scope.database.clone());
        let table = Arc::clone(permitted(scope, &database, bare, rights)?);
        if table.kind != TableKind::Managed {
            let fix = "its files are somebody else's: CREATE TABLE … AS SELECT makes a table of the lake's own";
            return Err(LakeError::unsupported(format!("a change of rows of {bare}"), fix));
        }
        if let Some(odd) = table.schema.fields().iter().map(|field| field.name()).find(|name| is_ours(name)) {
            let fix = "rename the column by CREATE TABLE … AS SELECT";
            return Err(LakeError::unsupported(format!("a change of a table with a column {odd}"), fix));
        }
        let alias = match alias {
            Some(alias) if !alias.columns.is_empty() => {
                return Err(LakeError::unsupported(
                    "names for the columns of the changed table",
                    "use their own names",
                ));
            }
            Some(alias) => alias.name,
            None => Ident::with_quote('"', bare),
        };
        let marked = format!("{bare}{}", MARK.as_str());
        let name = ObjectName::from([&database, &marked].map(|part| Ident::with_quote('"', part)).to_vec());
        let relation = TableFactor::Table {
            name,
            alias: Some(named(alias.clone())),
            args: None,
            with_hints: Vec::new(),
            version: None,
            with_ordinality: false,
            partitions: Vec::new(),
            json_path: None,
            sample: None,
            index_hints: Vec::new(),
        };
        Ok(Self { table, database, relation, alias, rights: rights.to_vec() })
    }

    /// A column of it, as a plan knows it.
    fn column(&self, name: &str) -> Expr {
        Expr::Column(Column::new(Some(TableReference::bare(ident(&self.alias))), name))
    }

    /// The same as it is written.
    fn written(&self, name: &str) -> Written {
        Written::CompoundIdentifier(vec![self.alias.clone(), Ident::with_quote('"', name)])
    }

    /// The place of a column that is given a value, which is put to those that got one before.
    fn new_place(
        &self,
        places: &mut Vec<usize>,
        target: &AssignmentTarget,
        clause: &'static str,
    ) -> Result<usize, LakeError> {
        let place = self.place(target)?;
        if places.contains(&place) {
            let reason = format!("the column {} gets two values", self.table.schema.field(place).name());
            return Err(LakeError::invalid(clause, reason, "give it one"));
        }
        places.push(place);
        Ok(place)
    }

    /// The place of a column that is given a value.
    fn place(&self, target: &AssignmentTarget) -> Result<usize, LakeError> {
        let AssignmentTarget::ColumnName(name) = target else {
            return Err(LakeError::unsupported("SET of several columns at once", "write SET a = …, b = …"));
        };
        let parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(ident).collect();
        let (column, of) = parts.split_last().map_or(("", None), |(last, before)| (last.as_str(), before.last()));
        if of.is_some_and(|of| *of != ident(&self.alias) && *of != self.table.name) {
            return Err(LakeError::invalid(
                "SET",
                format!("{name} is no column of the changed table"),
                "change its own",
            ));
        }
        self.place_of(column)
    }

    fn place_of(&self, column: &str) -> Result<usize, LakeError> {
        self.table.schema.index_of(column).map_err(|_| {
            let near = nearest(column, self.table.schema.fields().iter().map(|f| f.name().as_str()));
            LakeError::Unknown { what: "column", name: column.to_owned(), near }
        })
    }

    /// The plan, with what belongs before the table's columns, as a statement.
    fn changed(&self, plan: LogicalPlan, new: Expr, rows: Vec<Expr>) -> Result<LogicalPlan, LakeError> {
        let mut columns = vec![self.column(FILE).alias(FILE), self.column(ROW).alias(ROW), new.alias(NEW)];
        columns.extend(rows);
        let plan = LogicalPlanBuilder::from(plan).project(columns)?.build()?;
        let name = TableReference::partial(self.database.as_str(), self.table.name.as_str());
        let target = Arc::new(Planned { table: Arc::clone(&self.table), rights: self.rights.clone() });
        Ok(LogicalPlan::Dml(DmlStatement::new(name, target, WriteOp::Update, Arc::new(plan))))
    }
}

/// A table whose rows the session may change in these ways. Who changes rows must see all of them.
fn permitted<'a>(
    scope: &'a Scope,
    database: &str,
    name: &str,
    rights: &[Right],
) -> Result<&'a Arc<TableDef>, LakeError> {
    let table = writable(scope, database, name, rights)?;
    if !scope.grant(database, name).is_some_and(|grant| grant.sees_all()) {
        return Err(LakeError::Denied { action: format!("change rows of {database}.{name} that it may not see") });
    }
    Ok(table)
}

/// The target of a plan that was made here, and of no other: what it was planned with, and what it does.
struct Planned {
    table: Arc<TableDef>,
    rights: Vec<Right>,
}

impl TableSource for Planned {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.table.schema)
    }
}

/// The table of a plan that changes rows: one that [`plan`] made of the table as it is now, run by who may do so.
pub(super) fn checked(scope: &Scope, dml: &DmlStatement) -> Result<TableDef, LakeError> {
    let Some(planned) = dml.target.downcast_ref::<Planned>() else {
        return Err(LakeError::unsupported("this plan of a change", "write UPDATE, DELETE or MERGE as a statement"));
    };
    let (database, name) = resolve(scope, &dml.table_name);
    let table = permitted(scope, &database, &name, &planned.rights)?;
    if (&table.id, table.version) != (&planned.table.id, planned.table.version) {
        return Err(LakeError::Conflict { table: name });
    }
    Ok((**table).clone())
}

fn named(name: Ident) -> TableAlias {
    TableAlias { explicit: true, name, columns: Vec::new(), at: None }
}

fn aliased(expr: Written, name: &str) -> SelectItem {
    SelectItem::ExprWithAlias { expr, alias: Ident::with_quote('"', name) }
}

fn plain(relation: TableFactor) -> TableWithJoins {
    TableWithJoins { relation, joins: Vec::new() }
}

/// A query of these parts.
fn query(
    projection: Vec<SelectItem>,
    from: Vec<TableWithJoins>,
    selection: Option<Written>,
) -> Result<Query, LakeError> {
    let parsed = Parser::new(&GenericDialect {}).try_with_sql("SELECT 1").and_then(|mut parser| parser.parse_query());
    let mut query = *parsed.map_err(|error| LakeError::Execution(error.to_string()))?;
    if let SetExpr::Select(select) = &mut *query.body {
        let parts: &mut Select = select;
        (parts.projection, parts.from, parts.selection) = (projection, from, selection);
    }
    Ok(query)
}

async fn planned(state: &SessionState, query: Query) -> Result<LogicalPlan, LakeError> {
    Ok(state.statement_to_plan(Parsed::Statement(Box::new(Ast::Query(Box::new(query))))).await?)
}

/// A value in exactly a column's type.
fn typed(value: Expr, field: &FieldRef, plan: &LogicalPlan) -> Result<Expr, LakeError> {
    let same = value.get_type(plan.schema())? == *field.data_type();
    Ok(if same { value } else { cast(value, field.data_type().clone()) })
}

fn null(kind: &DataType) -> Result<Expr, LakeError> {
    Ok(Expr::Literal(ScalarValue::try_from(kind)?, None))
}

/// Refuses the parts of a statement that are for other databases.
fn refuse(odd: &[(bool, &str, &str)]) -> Result<(), LakeError> {
    match odd.iter().find(|(there, ..)| *there) {
        Some((_, what, fix)) => Err(LakeError::unsupported(*what, *fix)),
        None => Ok(()),
    }
}

/// Reading the rows again tells what became of them.
const RETURNING: (&str, &str) = ("RETURNING", "select the rows after the change");
const LIMIT: (&str, &str) = ("ORDER BY and LIMIT of a change", "choose the rows in WHERE: id IN (SELECT … LIMIT 10)");

async fn update(scope: &Arc<Scope>, state: &SessionState, update: ast::Update) -> Result<LogicalPlan, LakeError> {
    let TableWithJoins { relation, joins } = update.table;
    refuse(&[
        (!joins.is_empty(), "a join in the place of the changed table", "write UPDATE t SET … FROM other WHERE …"),
        (update.returning.is_some() || update.output.is_some(), RETURNING.0, RETURNING.1),
        (update.limit.is_some() || !update.order_by.is_empty(), LIMIT.0, LIMIT.1),
        (update.or.is_some(), "UPDATE OR …", "write UPDATE"),
    ])?;
    let target = Target::of(scope, relation, &[Right::Update])?;
    let mut projection = vec![SelectItem::QualifiedWildcard(
        SelectItemQualifiedWildcardKind::ObjectName(ObjectName::from(vec![target.alias.clone()])),
        WildcardAdditionalOptions::default(),
    )];
    let mut places = Vec::new();
    for (at, assignment) in update.assignments.into_iter().enumerate() {
        target.new_place(&mut places, &assignment.target, "SET")?;
        projection.push(aliased(assignment.value, &assigned(at)));
    }
    let mut from = vec![plain(target.relation.clone())];
    if let Some(UpdateTableFromKind::BeforeSet(more) | UpdateTableFromKind::AfterSet(more)) = update.from {
        from.extend(more);
    }
    let plan = planned(state, query(projection, from, update.selection)?).await?;
    let row = |(at, field): (usize, &FieldRef)| {
        let value = match places.iter().position(|place| *place == at) {
            Some(set) => Expr::Column(Column::from_name(assigned(set))),
            None => target.column(field.name()),
        };
        Ok(typed(value, field, &plan)?.alias(field.name()))
    };
    let rows = target.table.schema.fields().iter().enumerate().map(row).collect::<Result<Vec<_>, LakeError>>()?;
    target.changed(plan, lit(true), rows)
}

async fn delete(scope: &Arc<Scope>, state: &SessionState, delete: ast::Delete) -> Result<LogicalPlan, LakeError> {
    refuse(&[
        (!delete.tables.is_empty(), "DELETE of several tables", "write DELETE FROM t USING others WHERE …"),
        (delete.returning.is_some() || delete.output.is_some(), RETURNING.0, RETURNING.1),
        (delete.limit.is_some() || !delete.order_by.is_empty(), LIMIT.0, LIMIT.1),
    ])?;
    let (ast::FromTable::WithFromKeyword(mut from) | ast::FromTable::WithoutKeyword(mut from)) = delete.from;
    let one = from.pop().filter(|one| from.is_empty() && one.joins.is_empty());
    let Some(TableWithJoins { relation, .. }) = one else {
        return Err(LakeError::unsupported("DELETE of several tables", "write DELETE FROM t USING others WHERE …"));
    };
    let target = Target::of(scope, relation, &[Right::Delete])?;
    let mut from = vec![plain(target.relation.clone())];
    from.extend(delete.using.unwrap_or_default());
    let columns = [FILE, ROW].map(|name| SelectItem::UnnamedExpr(target.written(name)));
    let plan = planned(state, query(columns.to_vec(), from, delete.selection)?).await?;
    let rows = target.table.schema.fields().iter().map(|field| Ok(null(field.data_type())?.alias(field.name())));
    let rows = rows.collect::<Result<Vec<_>, LakeError>>()?;
    target.changed(plan, lit(false), rows)
}

async fn merge(scope: &Arc<Scope>, state: &SessionState, merge: ast::Merge) -> Result<LogicalPlan, LakeError> {
    refuse(&[
        (merge.output.is_some(), RETURNING.0, RETURNING.1),
        (merge.clauses.is_empty(), "MERGE without a clause", "write WHEN MATCHED THEN … or WHEN NOT MATCHED THEN …"),
    ])?;
    let rights: Vec<Right> = merge
        .clauses
        .iter()
        .map(|clause| match clause.action {
            MergeAction::Insert(_) => Right::Insert,
            MergeAction::Update(_) => Right::Update,
            MergeAction::Delete { .. } => Right::Delete,
        })
        .collect();
    let target = Target::of(scope, merge.table, &rights)?;
    let has = |kind: fn(MergeClauseKind) -> bool| merge.clauses.iter().any(|clause| kind(clause.clause_kind));
    let by_source = has(|kind| kind == MergeClauseKind::NotMatchedBySource);
    let inserts = has(|kind| matches!(kind, MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget));
    let on = JoinConstraint::On(*merge.on);
    let join_operator = match (by_source, inserts) {
        (true, _) => JoinOperator::FullOuter(on),
        (false, true) => JoinOperator::LeftOuter(on),
        (false, false) => JoinOperator::Inner(on),
    };
    let (source, alias) = if by_source { told(merge.source)? } else { (merge.source, None) };
    let missing = |is: bool| -> Option<Written> {
        let column = Written::CompoundIdentifier(vec![alias.clone()?, Ident::with_quote('"', SOURCE.as_str())]);
        Some(if is { Written::IsNull(Box::new(column)) } else { Written::IsNotNull(Box::new(column)) })
    };
    // Which clause a row falls under: the first that fits.
    let here = || Box::new(target.written(FILE));
    let conditions = merge.clauses.iter().enumerate().map(|(at, clause)| {
        let flag = match clause.clause_kind {
            MergeClauseKind::Matched => and(Written::IsNotNull(here()), missing(false)),
            MergeClauseKind::NotMatchedBySource => and(Written::IsNotNull(here()), missing(true)),
            MergeClauseKind::NotMatched | MergeClauseKind::NotMatchedByTarget => Written::IsNull(here()),
        };
        let condition = and(flag, clause.predicate.clone().map(|predicate| Written::Nested(Box::new(predicate))));
        CaseWhen { condition, result: number(at + 1) }
    });
    let does = Written::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: None,
        conditions: conditions.collect(),
        else_result: None,
    };
    let everything = SelectItem::Wildcard(WildcardAdditionalOptions::default());
    let join = Join { relation: target.relation.clone(), global: false, join_operator };
    let from = vec![TableWithJoins { relation: source, joins: vec![join] }];
    let plan = planned(state, query(vec![everything, aliased(does, &DOES)], from, None)?).await?;
    let does = Expr::Column(Column::from_name(DOES.as_str()));
    let plan = LogicalPlanBuilder::from(plan).filter(does.clone().is_not_null())?.build()?;

    let mut values: Vec<Vec<(i64, Expr)>> = vec![Vec::new(); target.table.schema.fields().len()];
    let mut new = Vec::new();
    for (at, clause) in merge.clauses.into_iter().enumerate() {
        let clause_number = i64::try_from(at + 1).unwrap_or(i64::MAX);
        let Some(row) = row(state, &plan, &target, clause.action)? else { continue };
        new.push(lit(clause_number));
        for (column, value) in row.into_iter().enumerate() {
            values[column].push((clause_number, value));
        }
    }
    let new = if new.is_empty() { lit(false) } else { does.clone().in_list(new, false) };
    let rows = target.table.schema.fields().iter().zip(values).map(|(field, values)| {
        let mut cases = values.into_iter();
        let Some((first, value)) = cases.next() else { return Ok(null(field.data_type())?.alias(field.name())) };
        let mut case = when(does.clone().eq(lit(first)), typed(value, field, &plan)?);
        for (clause, value) in cases {
            case = case.when(does.clone().eq(lit(clause)), typed(value, field, &plan)?);
        }
        Ok(case.end()?.alias(field.name()))
    });
    let rows = rows.collect::<Result<Vec<_>, LakeError>>()?;
    target.changed(plan, new, rows)
}

fn number(n: usize) -> Written {
    Written::Value(ast::Value::Number(n.to_string(), false).into())
}

fn and(left: Written, right: Option<Written>) -> Written {
    match right {
        Some(right) => Written::BinaryOp { left: Box::new(left), op: ast::BinaryOperator::And, right: Box::new(right) },
        None => left,
    }
}

/// A MERGE's source whose rows say that they are there, and its name.
fn told(source: TableFactor) -> Result<(TableFactor, Option<Ident>), LakeError> {
    let alias = match &source {
        TableFactor::Table { alias: Some(alias), .. } | TableFactor::Derived { alias: Some(alias), .. } => {
            alias.name.clone()
        }
        TableFactor::Table { name, .. } => {
            name.0.last().and_then(|part| part.as_ident()).cloned().unwrap_or_else(|| Ident::new("source"))
        }
        _ => return Err(LakeError::unsupported("this source of a MERGE", "write USING (SELECT …) AS s")),
    };
    let everything = SelectItem::Wildcard(WildcardAdditionalOptions::default());
    let there = aliased(Written::Value(ast::Value::Boolean(true).into()), &SOURCE);
    let subquery = Box::new(query(vec![everything, there], vec![plain(source)], None)?);
    let told = TableFactor::Derived { lateral: false, subquery, alias: Some(named(alias.clone())), sample: None };
    Ok((told, Some(alias)))
}

/// The row that a clause of a MERGE writes; nothing for DELETE.
fn row(
    state: &SessionState,
    plan: &LogicalPlan,
    target: &Target,
    action: MergeAction,
) -> Result<Option<Vec<Expr>>, LakeError> {
    let fields = target.table.schema.fields();
    let value = |written: Written| -> Result<Expr, LakeError> {
        if has_query(&written) {
            let fix = "join the subquery into the source: USING (SELECT …) AS s";
            return Err(LakeError::unsupported("a subquery as a value of a MERGE", fix));
        }
        let written = ast::ExprWithAlias { expr: written, alias: None };
        Ok(state.create_logical_expr_from_sql_expr(written, plan.schema())?)
    };
    match action {
        MergeAction::Delete { .. } => Ok(None),
        MergeAction::Update(update) => {
            refuse(&[(
                update.update_predicate.is_some() || update.delete_predicate.is_some(),
                "WHERE in a clause of a MERGE",
                "write WHEN MATCHED AND … THEN …",
            )])?;
            let mut row: Vec<Expr> = fields.iter().map(|field| target.column(field.name())).collect();
            let mut places = Vec::new();
            for assignment in update.assignments {
                let place = target.new_place(&mut places, &assignment.target, "SET")?;
                row[place] = value(assignment.value)?;
            }
            Ok(Some(row))
        }
        MergeAction::Insert(insert) => {
            let MergeInsertKind::Values(ast::Values { mut rows, .. }) = insert.kind else {
                return Err(LakeError::unsupported("INSERT ROW", "write INSERT (a, b) VALUES (s.a, s.b)"));
            };
            let given = rows.pop().filter(|_| rows.is_empty() && insert.insert_predicate.is_none());
            let Some(given) = given else {
                let fix = "write WHEN NOT MATCHED AND … THEN INSERT (a, b) VALUES (s.a, s.b)";
                return Err(LakeError::unsupported("this INSERT in a MERGE", fix));
            };
            let mut places: Vec<usize> = (0..fields.len()).collect();
            if !insert.columns.is_empty() {
                places.clear();
                for column in insert.columns {
                    target.new_place(&mut places, &AssignmentTarget::ColumnName(column), "INSERT")?;
                }
            }
            if places.len() != given.content.len() {
                let (given, places) = (counted(given.content.len(), "value"), counted(places.len(), "column"));
                let reason = format!("there are {given} for {places}");
                return Err(LakeError::invalid("INSERT", reason, "give each column a value"));
            }
            let mut row = fields.iter().map(|field| null(field.data_type())).collect::<Result<Vec<_>, _>>()?;
            for (place, written) in places.into_iter().zip(given.content) {
                row[place] = value(written)?;
            }
            Ok(Some(row))
        }
    }
}

/// Whether an expression holds a query.
fn has_query(written: &Written) -> bool {
    use std::ops::ControlFlow;
    let found = ast::visit_expressions(written, |expr| match expr {
        Written::Subquery(_) | Written::InSubquery { .. } | Written::Exists { .. } => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    });
    found.is_break()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_told_from_a_name() {
        let mark = MARK.as_str();
        assert_eq!(unmarked(&format!("trips{mark}")), ("trips", true));
        assert_eq!(unmarked(mark), ("", true));
        let twice = format!("trips{mark}");
        assert_eq!(unmarked(&format!("{twice}{mark}")), (twice.as_str(), true), "one is taken off");
        // What somebody may write who knows what a mark looks like.
        let of_another_run = format!("trips@{}", uuid::Uuid::now_v7().simple());
        let (before, inside) = (format!("{mark}trips"), format!("tr{mark}ips"));
        let cut = format!("trips{}", &mark[..mark.len() - 1]);
        let large = format!("trips{}", mark.to_uppercase());
        for name in ["", "trips", "trips@", "trips@rows", &of_another_run, &before, &inside, &cut, &large] {
            assert_eq!(unmarked(name), (name, false));
        }
        // What those columns are called is no name that a table can have.
        for ours in [DOES.as_str(), SOURCE.as_str(), &assigned(7)] {
            assert!(unmarked(ours).1 && !is_ours(ours) && crate::catalog::check_name("table", ours).is_err());
        }
    }
}
