//! What a statement asks for: rows, a change of the catalogue, or rows to be written.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::{ScalarValue, TableReference};
use datafusion::config::Dialect;
use datafusion::execution::SessionState;
use datafusion::logical_expr::dml::InsertOp;
use datafusion::logical_expr::{DdlStatement, DmlStatement, LogicalPlan, Statement as Control, WriteOp};
use datafusion::sql::parser::Statement as ParsedStatement;
use datafusion::sql::sqlparser::ast::{self, Statement as Ast};

use super::grants::{self, Permission};
use super::insert::{Mode, Target};
use super::scope::Scope;
use super::{Statement, change, ddl, defining, depth, fitting, metering, settings, travel};
use crate::LakeError;
use crate::catalog::{BUILT_IN_DATABASE, Right, TableDef, TableKind, counted, nearest};

/// Characters that a statement may have.
const LONGEST: usize = 1 << 20;

/// What is left to do.
pub(super) enum Step {
    /// Run this and hand over its rows.
    Rows(LogicalPlan),
    /// It is done; this is its answer.
    Done(RecordBatch),
    /// Run this and write its rows.
    Write(Box<Target>, LogicalPlan),
    /// Run this, which tells of rows that go and come, and change the table.
    Change(Box<TableDef>, LogicalPlan),
}

/// Reads a statement, checks who asks, and carries out what changes the catalogue alone.
pub(super) async fn begin(scope: &Arc<Scope>, state: &SessionState, statement: &Statement) -> Result<Step, LakeError> {
    let parsed = match statement {
        Statement::Planned { plan, .. } => return planned(scope, state, (**plan).clone(), Layout::default()).await,
        Statement::Sql(text) => match by_text(scope, state, text).await? {
            Some(answer) => return Ok(Step::Done(answer)),
            None => parse(state, text)?,
        },
        Statement::Parsed { statement, .. } => (**statement).clone(),
        Statement::Bound { text, values } => {
            let plan = bound(scope, state, text, values).await?;
            return planned(scope, state, plan, Layout::default()).await;
        }
    };
    let (parsed, layout) = match parsed {
        ParsedStatement::Statement(ast) => match *ast {
            Ast::Use(to) => return use_database(scope, &to),
            Ast::ShowDatabases { .. } | Ast::ShowSchemas { .. } => {
                let mut names: Vec<String> = scope.holdings.databases.keys().cloned().collect();
                names.push(BUILT_IN_DATABASE.to_owned());
                return Ok(Step::Done(texts("database_name", names)?));
            }
            Ast::Drop {
                object_type: ast::ObjectType::Database,
                if_exists,
                names,
                cascade,
                restrict,
                purge,
                temporary,
                table,
            } => {
                // The same thing under the name that DataFusion plans.
                let object_type = ast::ObjectType::Schema;
                let drop = Ast::Drop { object_type, if_exists, names, cascade, restrict, purge, temporary, table };
                (ParsedStatement::Statement(Box::new(drop)), Layout::default())
            }
            change @ (Ast::Update(_) | Ast::Delete(_) | Ast::Merge(_)) => {
                let plan = change::plan(scope, state, change).await?;
                return planned(scope, state, plan, Layout::default()).await;
            }
            Ast::CreateFunction(create) => return defining::create(scope, state, create).await.map(Step::Done),
            Ast::ShowFunctions { filter } => return defining::show(scope, state, filter).await.map(Step::Rows),
            Ast::DropFunction(drop) => return defining::drop(scope, drop).await.map(Step::Done),
            Ast::AlterTable(alter) => return ddl::alter(scope, state, alter).await.map(Step::Done),
            Ast::CreateTable(mut create) => {
                let layout = Layout::take_from(&mut create)?;
                (ParsedStatement::Statement(Box::new(Ast::CreateTable(create))), layout)
            }
            other => (ParsedStatement::Statement(Box::new(other)), Layout::default()),
        },
        other => (other, Layout::default()),
    };
    let plan = state.statement_to_plan(parsed).await?;
    planned(scope, state, plan, layout).await
}

/// Whether a statement is one of those that are read here alone, since no parser knows them, and whether it has rows.
#[must_use]
pub fn reads_itself(text: &str) -> Option<bool> {
    let told = metering::asks_for_cost(text).or_else(|| travel::asks_for_history(text));
    if told.or_else(|| defining::asks_to_describe(text)).is_some() {
        return Some(true);
    }
    Permission::read(text).map(|asked| asked.is_ok_and(|asked| asked.has_rows()))
}

/// Carries out a statement of which [`reads_itself`] tells.
pub(super) async fn by_text(
    scope: &Arc<Scope>,
    state: &SessionState,
    text: &str,
) -> Result<Option<RecordBatch>, LakeError> {
    if let Some(asked) = metering::asks_for_cost(text) {
        let asked = Statement::Sql(asked.to_owned());
        return metering::explain(scope, state, &asked).await.map(Some);
    }
    if let Some(table) = travel::asks_for_history(text) {
        return travel::history(scope, table).await.map(Some);
    }
    if let Some(name) = defining::asks_to_describe(text) {
        return defining::describe(scope, state, name).map(Some);
    }
    match Permission::read(text) {
        Some(asked) => grants::carry_out(scope, &asked?).await.map(Some),
        None => Ok(None),
    }
}

/// What [`by_text`] answers, if that can be told without changing anything.
pub(super) async fn told_by_text(
    scope: &Arc<Scope>,
    state: &SessionState,
    text: &str,
) -> Result<Option<RecordBatch>, LakeError> {
    match reads_itself(text) {
        None => Ok(None),
        Some(true) => by_text(scope, state, text).await,
        Some(false) => Err(no_rows()),
    }
}

fn no_rows() -> LakeError {
    LakeError::unsupported("a plan of a statement that returns no rows", "ask for the plan of a query")
}

/// The plan of a statement that asks for rows or writes some, and whether it writes.
pub(super) async fn logical(
    scope: &Arc<Scope>,
    state: &SessionState,
    statement: &Statement,
) -> Result<(LogicalPlan, bool), LakeError> {
    let parsed = match statement {
        Statement::Planned { .. } | Statement::Bound { .. } => None,
        Statement::Sql(text) => Some(parse(state, text)?),
        Statement::Parsed { statement, .. } => Some((**statement).clone()),
    };
    let plan = match (parsed, statement) {
        (Some(ParsedStatement::Statement(ast)), _) if change::is_change(&ast) => {
            change::plan(scope, state, *ast).await?
        }
        (Some(ParsedStatement::Statement(ast)), _) if matches!(*ast, Ast::CreateFunction(_) | Ast::DropFunction(_)) => {
            return Err(no_rows());
        }
        (Some(parsed), _) => state.statement_to_plan(parsed).await?,
        (None, Statement::Planned { plan, .. }) => (**plan).clone(),
        (None, Statement::Bound { text, values }) => bound(scope, state, text, values).await?,
        (None, _) => return Err(no_rows()),
    };
    match plan {
        LogicalPlan::Dml(dml) => Ok((Arc::unwrap_or_clone(dml.input), true)),
        LogicalPlan::Ddl(_) | LogicalPlan::Statement(_) | LogicalPlan::Copy(_) => Err(no_rows()),
        rows => Ok((rows, false)),
    }
}

/// The plan of a statement with values in the place of its placeholders.
async fn bound(
    scope: &Arc<Scope>,
    state: &SessionState,
    text: &str,
    values: &[ScalarValue],
) -> Result<LogicalPlan, LakeError> {
    let plan = match parse(state, text)? {
        ParsedStatement::Statement(ast) if change::is_change(&ast) => change::plan(scope, state, *ast).await?,
        parsed => state.statement_to_plan(parsed).await?,
    };
    let wanted = plan.get_parameter_types()?.len();
    if wanted != values.len() {
        let (wanted, given) = (counted(wanted, "placeholder"), counted(values.len(), "value"));
        let reason = format!("the statement has {wanted} and got {given}");
        return Err(LakeError::invalid("parameters", reason, "send one for each of $1, $2, …"));
    }
    Ok(plan.replace_params_with_values(&values.to_vec().into())?)
}

/// What stands behind these words, if `text` begins with them.
pub(super) fn behind<'t>(words: &[&str], text: &'t str) -> Option<&'t str> {
    let mut rest = text.trim_start();
    for word in words {
        let end = rest.find(char::is_whitespace)?;
        if !rest[..end].eq_ignore_ascii_case(word) {
            return None;
        }
        rest = rest[end..].trim_start();
    }
    Some(rest)
}

pub(super) fn parse(state: &SessionState, text: &str) -> Result<ParsedStatement, LakeError> {
    let dialect = state.config().options().sql_parser.dialect;
    parse_as(state, &dialect, text)
}

/// Reads one statement that is neither empty nor too long nor too deep.
pub(super) fn parse_as(state: &SessionState, dialect: &Dialect, text: &str) -> Result<ParsedStatement, LakeError> {
    let bare = text.trim().trim_end_matches(';').trim_end();
    if bare.is_empty() {
        return Err(LakeError::Sql { reason: "the statement is empty".to_owned(), place: None, fix: None });
    }
    if text.len() > LONGEST {
        let reason = format!("the statement has {} bytes, more than {LONGEST}", text.len());
        return Err(LakeError::Sql { reason, place: None, fix: Some("put the data into a table".to_owned()) });
    }
    depth::check(text)?;
    // Cut only behind the text, so that places in it stay true.
    let end = text.len() - text.trim_start().len() + bare.len();
    let text = &text[..end];
    if travel::asked(text) { travel::parse(state, text) } else { Ok(state.sql_to_statement(text, dialect)?) }
}

async fn planned(
    scope: &Arc<Scope>,
    state: &SessionState,
    plan: LogicalPlan,
    layout: Layout,
) -> Result<Step, LakeError> {
    match plan {
        LogicalPlan::Ddl(DdlStatement::CreateMemoryTable(create)) => ddl::create_table(scope, create, layout).await,
        LogicalPlan::Ddl(other) => ddl::change(scope, state, other).await.map(Step::Done),
        LogicalPlan::Dml(dml) => insert(scope, dml),
        LogicalPlan::Analyze(analyze)
            if matches!(*analyze.input, LogicalPlan::Dml(_) | LogicalPlan::Ddl(_) | LogicalPlan::Copy(_)) =>
        {
            let fix = "run the statement; what it took is in the table queries";
            Err(LakeError::unsupported("EXPLAIN ANALYZE of a statement that writes", fix))
        }
        LogicalPlan::Copy(_) => Err(LakeError::unsupported("COPY", "fetch the answer as Arrow or CSV over HTTP")),
        LogicalPlan::Statement(Control::SetVariable(set)) => {
            let value = set.value.trim_matches('\'');
            settings::check(&set.variable, value)?;
            fitting::check_setting(&set.variable, value)?;
            if set.variable == metering::SPEED {
                scope.engine.check_speed(scope.session.tenant(), value).await?;
            }
            scope.session.set(&set.variable, value);
            Ok(Step::Done(nothing()))
        }
        LogicalPlan::Statement(Control::ResetVariable(reset)) => {
            scope.session.reset(&reset.variable);
            Ok(Step::Done(nothing()))
        }
        LogicalPlan::Statement(other) => {
            Err(LakeError::unsupported(other.name(), "each statement is a transaction of its own"))
        }
        rows => Ok(Step::Rows(rows)),
    }
}

fn insert(scope: &Scope, dml: DmlStatement) -> Result<Step, LakeError> {
    let mode = match dml.op {
        WriteOp::Insert(InsertOp::Append) => Mode::Append,
        WriteOp::Insert(InsertOp::Overwrite) => Mode::Overwrite,
        WriteOp::Update => {
            let table = change::checked(scope, &dml)?;
            return Ok(Step::Change(Box::new(table), Arc::unwrap_or_clone(dml.input)));
        }
        other => {
            let fix = "write the wanted rows with INSERT OVERWRITE … SELECT";
            return Err(LakeError::unsupported(other.name(), fix));
        }
    };
    let (database, name) = resolve(scope, &dml.table_name);
    let rights: &[Right] = if mode == Mode::Append { &[Right::Insert] } else { &[Right::Insert, Right::Delete] };
    let table = (**writable(scope, &database, &name, rights)?).clone();
    Ok(Step::Write(Box::new(Target { table, mode }), Arc::unwrap_or_clone(dml.input)))
}

/// A table whose rows the session may change in these ways.
pub(super) fn writable<'a>(
    scope: &'a Scope,
    database: &str,
    name: &str,
    rights: &[Right],
) -> Result<&'a Arc<TableDef>, LakeError> {
    if database == BUILT_IN_DATABASE
        || (scope.holdings.table(database, name).is_none() && scope.engine.tables.has(name))
    {
        let reason = "the built-in tables are written by Doorstep alone";
        return Err(LakeError::invalid("table", reason, "write into a table of your own"));
    }
    let table = scope.holdings.require(database, name)?;
    let granted = scope.grant(database, name).unwrap_or_default();
    if let Some(right) = rights.iter().find(|right| !granted.lets(**right)) {
        return Err(LakeError::Denied { action: format!("change {database}.{name} by {}", right.as_str()) });
    }
    if table.kind == TableKind::View {
        return Err(LakeError::invalid("table", format!("{name} is a view"), "write into the table below it"));
    }
    Ok(table)
}

fn use_database(scope: &Scope, to: &ast::Use) -> Result<Step, LakeError> {
    let name = match to {
        ast::Use::Schema(name) | ast::Use::Database(name) | ast::Use::Object(name) => last_part(name),
        ast::Use::Default => crate::catalog::DEFAULT_DATABASE.to_owned(),
        other => return Err(LakeError::unsupported(other.to_string(), "write USE and the name of a database")),
    };
    choose_database(scope, &name)?;
    Ok(Step::Done(nothing()))
}

/// Goes to a database that is there.
pub(super) fn choose_database(scope: &Scope, name: &str) -> Result<(), LakeError> {
    let known = &scope.holdings.databases;
    if name != BUILT_IN_DATABASE && !known.contains_key(name) {
        let names = known.keys().map(String::as_str).chain([BUILT_IN_DATABASE]);
        return Err(LakeError::Unknown { what: "database", near: nearest(name, names), name: name.to_owned() });
    }
    scope.session.use_database(name);
    Ok(())
}

pub(super) fn last_part(name: &ast::ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(ident).unwrap_or_default()
}

/// An unquoted name is small, as everywhere in the lake.
pub(super) fn ident(name: &ast::Ident) -> String {
    if name.quote_style.is_some() { name.value.clone() } else { name.value.to_lowercase() }
}

/// Database and name of a reference.
pub(super) fn resolve(scope: &Scope, name: &TableReference) -> (String, String) {
    let database = name.schema().map_or_else(|| scope.database.clone(), str::to_owned);
    (database, name.table().to_owned())
}

/// What `CREATE TABLE` says beyond what DataFusion reads.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout {
    pub(super) partition_by: Vec<String>,
    pub(super) options: Vec<(String, String)>,
    pub(super) temporary: bool,
}

impl Layout {
    /// Takes `TEMPORARY`, `PARTITIONED BY (…)` and `WITH (…)` out of the statement. Columns of a type are added to the table's.
    fn take_from(create: &mut ast::CreateTable) -> Result<Self, LakeError> {
        let mut layout = Self { temporary: std::mem::take(&mut create.temporary), ..Self::default() };
        let none = ast::HiveDistributionStyle::NONE;
        if let ast::HiveDistributionStyle::PARTITIONED { columns } =
            std::mem::replace(&mut create.hive_distribution, none)
        {
            for column in columns {
                layout.partition_by.push(ident(&column.name));
                if column.data_type != ast::DataType::Unspecified {
                    create.columns.push(column);
                }
            }
        }
        if let ast::CreateTableOptions::With(options) =
            std::mem::replace(&mut create.table_options, ast::CreateTableOptions::None)
        {
            for option in options {
                let ast::SqlOption::KeyValue { key, value } = option else {
                    let reason = format!("{option} is no pair of name and value");
                    return Err(LakeError::invalid("WITH", reason, "write WITH (sort_by = 'at')"));
                };
                let value = value.to_string().trim_matches('\'').to_owned();
                layout.options.push((ident(&key), value));
            }
        }
        Ok(layout)
    }
}

/// An answer of one column of text.
pub(super) fn texts(column: &str, values: Vec<String>) -> Result<RecordBatch, LakeError> {
    let schema = Arc::new(Schema::new(vec![Field::new(column, DataType::Utf8, false)]));
    let values: ArrayRef = Arc::new(StringArray::from(values));
    RecordBatch::try_new(schema, vec![values]).map_err(|e| LakeError::Execution(e.to_string()))
}

/// The answer of a statement that has none.
pub(super) fn nothing() -> RecordBatch {
    RecordBatch::new_empty(Arc::new(Schema::empty()))
}
