//! Functions are made, taken away and shown. What a call of one is stands in [`super::functions`].

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::common::DFSchema;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{ExprSchemable as _, LogicalPlan, LogicalPlanBuilder};
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::{self, Expr as Written, Value};

use super::ddl::{may_create, type_of};
use super::functions::{Shelf, known, planned, shown, weigh};
use super::local::LocalEngine;
use super::scope::Scope;
use super::session::Session;
use super::statements::{self, ident, nothing};
use crate::LakeError;
use crate::catalog::{FunctionDef, nearest};

/// Arguments that a function may have.
const MOST_ARGUMENTS: usize = 64;
/// Functions of one session.
const MOST_TEMPORARY: usize = 100;

/// A function that is to be made.
#[derive(Clone, Debug)]
pub struct NewFunction {
    /// The database; the session's without one.
    pub database: Option<String>,
    /// The name.
    pub name: String,
    /// Arguments by name, in order.
    pub arguments: Vec<(String, DataType)>,
    /// The type of its value; that of its expression without one.
    pub returns: Option<DataType>,
    /// The expression, in the engine's own SQL.
    pub body: String,
    /// As it was written, if that was in another dialect.
    pub written: Option<String>,
    /// For this session alone.
    pub temporary: bool,
    /// In the place of another.
    pub or_replace: bool,
    /// Do nothing when there is one.
    pub if_absent: bool,
}

/// Makes a function of the catalogue or of the session.
pub(super) async fn define(scope: &Arc<Scope>, new: NewFunction) -> Result<(), LakeError> {
    if !new.temporary {
        may_create(scope)?;
    }
    crate::catalog::check_name("function", &new.name)?;
    let template = scope.engine.template.read().clone();
    let taken = template.scalar_functions().contains_key(&new.name)
        || template.aggregate_functions().contains_key(&new.name)
        || template.window_functions().contains_key(&new.name);
    if taken || new.name.starts_with("hive_") {
        let reason = format!("{} is the name of a built-in function", new.name);
        return Err(LakeError::invalid("name", reason, "choose another name"));
    }
    if new.arguments.len() > MOST_ARGUMENTS {
        let reason = format!("there are {}, more than {MOST_ARGUMENTS}", new.arguments.len());
        return Err(LakeError::invalid("arguments", reason, "use fewer"));
    }
    let mut seen = std::collections::HashSet::new();
    if let Some((twice, _)) = new.arguments.iter().find(|(name, _)| !seen.insert(name.as_str())) {
        let reason = format!("the argument {twice} stands there twice");
        return Err(LakeError::invalid("arguments", reason, "give each a name of its own"));
    }
    let database = new.database.clone().unwrap_or_else(|| scope.database.clone());
    let own = (database.clone(), new.name.clone());
    let mut functions = if new.temporary { known(scope) } else { scope.holdings.functions.clone() };
    if functions.contains_key(&own) && new.if_absent {
        return Ok(());
    }
    let mut function = FunctionDef {
        database,
        name: new.name,
        arguments: new.arguments,
        returns: DataType::Null,
        body: new.body,
        written: new.written,
        comment: String::new(),
        volatile: false,
    };
    functions.insert(own.clone(), Arc::new(function.clone()));
    weigh(&own, &functions)?;
    functions.remove(&own);
    // Its type is that of its expression until another was asked for.
    let shelf = Arc::new(Shelf { template, functions });
    let state = shelf.state(&function.database, 1);
    let fields = function.arguments.iter().map(|(name, kind)| Field::new(name, kind.clone(), true));
    let schema = DFSchema::try_from(Schema::new(fields.collect::<Vec<_>>()))?;
    let bare = state.create_logical_expr(&function.body, &schema)?;
    function.returns = match new.returns {
        Some(returns) => returns,
        None => match bare.get_type(&schema)? {
            DataType::Null => DataType::Utf8,
            kind => kind,
        },
    };
    let body = planned(&state, &function)?;
    body.expr.get_type(&body.schema)?;
    function.volatile = body.expr.is_volatile();
    if new.temporary {
        if scope.session.functions().len() >= MOST_TEMPORARY {
            let reason = format!("the session has {MOST_TEMPORARY} already");
            return Err(LakeError::invalid("functions", reason, "drop some first"));
        }
        scope.session.define(own, Some(Arc::new(function)));
        return Ok(());
    }
    let catalog = &scope.engine.catalog;
    catalog.create_function(scope.session.tenant(), &function, new.or_replace, new.if_absent).await.map(|_| ())
}

/// Takes a function away: the session's own if there is one, else the catalogue's.
pub(super) async fn undefine(
    scope: &Arc<Scope>,
    database: Option<&str>,
    name: &str,
    temporary: bool,
    if_exists: bool,
) -> Result<(), LakeError> {
    let database = database.unwrap_or(&scope.database);
    let own = (database.to_owned(), name.to_owned());
    if scope.session.functions().contains_key(&own) {
        scope.session.define(own, None);
        return Ok(());
    }
    if !temporary {
        may_create(scope)?;
        if scope.engine.catalog.drop_function(scope.session.tenant(), database, name).await? {
            return Ok(());
        }
    }
    if if_exists { Ok(()) } else { Err(unknown(scope, database, name)) }
}

fn unknown(scope: &Scope, database: &str, name: &str) -> LakeError {
    let all = known(scope);
    let names = all.keys().filter(|(of, _)| of == database).map(|(_, name)| name.as_str());
    LakeError::Unknown { what: "function", near: nearest(name, names), name: format!("{database}.{name}") }
}

/// `CREATE FUNCTION name(a INT, …) RETURNS … RETURN …`.
pub(super) async fn create(
    scope: &Arc<Scope>,
    state: &SessionState,
    create: ast::CreateFunction,
) -> Result<RecordBatch, LakeError> {
    const WRITE: &str = "write CREATE FUNCTION name(a INT, b VARCHAR) RETURNS INT RETURN a + length(b)";
    let odd = create.or_alter
        || create.behavior.is_some()
        || create.called_on_null.is_some()
        || create.parallel.is_some()
        || create.security.is_some()
        || !create.set_params.is_empty()
        || create.using.is_some()
        || create.determinism_specifier.is_some()
        || create.options.is_some()
        || create.remote_connection.is_some();
    let sql = create.language.as_ref().is_none_or(|language| language.value.eq_ignore_ascii_case("sql"));
    let Some(ast::CreateFunctionBody::Return(mut body)) = create.function_body.filter(|_| sql && !odd) else {
        return Err(LakeError::unsupported("a function that is no expression", WRITE));
    };
    let mut arguments = Vec::new();
    for (at, argument) in create.args.unwrap_or_default().into_iter().enumerate() {
        if argument.default_expr.is_some() || matches!(argument.mode, Some(ast::ArgMode::Out | ast::ArgMode::InOut)) {
            return Err(LakeError::unsupported("DEFAULT, OUT and INOUT of an argument", WRITE));
        }
        let name = argument.name.as_ref().map_or_else(|| format!("arg{}", at + 1), ident);
        arguments.push((name, type_of(state, &argument.data_type).await?));
    }
    let returns = match create.return_type {
        None => None,
        Some(ast::FunctionReturnType::DataType(kind)) => Some(type_of(state, &kind).await?),
        Some(ast::FunctionReturnType::SetOf(_)) => {
            return Err(LakeError::unsupported("a function that returns a set", "write a view"));
        }
    };
    // `$1` is the first argument, as PostgreSQL has it.
    let mut missing = None;
    let _: ControlFlow<()> = ast::visit_expressions_mut(&mut body, |expr| {
        if let Written::Value(held) = expr
            && let Value::Placeholder(place) = &held.value
        {
            let number = place.strip_prefix('$').and_then(|n| n.parse::<usize>().ok()).and_then(|n| n.checked_sub(1));
            match number.and_then(|n| arguments.get(n)) {
                Some((name, _)) => *expr = Written::Identifier(ast::Ident::with_quote('"', name)),
                None => missing = Some(place.clone()),
            }
        }
        ControlFlow::Continue(())
    });
    if let Some(place) = missing {
        return Err(LakeError::invalid("RETURN", format!("{place} is no argument"), WRITE));
    }
    let (database, name) = parts(&create.name);
    let new = NewFunction {
        database,
        name,
        arguments,
        returns,
        body: body.to_string(),
        written: None,
        temporary: create.temporary,
        or_replace: create.or_replace,
        if_absent: create.if_not_exists,
    };
    define(scope, new).await?;
    Ok(nothing())
}

fn parts(name: &ast::ObjectName) -> (Option<String>, String) {
    let mut parts: Vec<String> = name.0.iter().filter_map(|part| part.as_ident()).map(ident).collect();
    let last = parts.pop().unwrap_or_default();
    (parts.pop(), last)
}

/// `DROP FUNCTION [IF EXISTS] a, b`.
pub(super) async fn drop(scope: &Arc<Scope>, drop: ast::DropFunction) -> Result<RecordBatch, LakeError> {
    for function in &drop.func_desc {
        let (database, name) = parts(&function.name);
        undefine(scope, database.as_deref(), &name, false, drop.if_exists).await?;
    }
    Ok(nothing())
}

/// `SHOW FUNCTIONS [LIKE …]`: the engine's own, and beside them the users'.
pub(super) async fn show(
    scope: &Scope,
    state: &SessionState,
    filter: Option<ast::ShowStatementFilter>,
) -> Result<LogicalPlan, LakeError> {
    let like = match &filter {
        Some(ast::ShowStatementFilter::Like(like)) => format!("WHERE function_name LIKE {}", quoted(like)),
        _ => String::new(),
    };
    let asked = ast::Statement::ShowFunctions { filter };
    let built_in = state.statement_to_plan(Parsed::Statement(Box::new(asked))).await?;
    let own = known(scope);
    if own.is_empty() {
        return Ok(built_in);
    }
    let rows: Vec<String> = own
        .values()
        .map(|function| {
            let list = |texts: Vec<String>| {
                let texts: Vec<String> = texts.iter().map(|text| quoted(text)).collect();
                if texts.is_empty() { "NULL".to_owned() } else { format!("make_array({})", texts.join(", ")) }
            };
            format!(
                "({}, {}, {}, {}, 'SCALAR', {}, {})",
                quoted(&format!("{}.{}", function.database, function.name)),
                quoted(&function.returns.to_string()),
                list(function.arguments.iter().map(|(name, _)| name.clone()).collect()),
                list(function.arguments.iter().map(|(_, kind)| kind.to_string()).collect()),
                quoted(function.written.as_ref().unwrap_or(&function.body)),
                quoted(&shown(function)),
            )
        })
        .collect();
    let columns = "function_name, return_type, parameters, parameter_types, function_type, description, syntax_example";
    let text = format!("SELECT * FROM (VALUES {}) AS own ({columns}) {like}", rows.join(", "));
    let own = state.create_logical_plan(&text).await?;
    Ok(LogicalPlanBuilder::from(built_in).union(own)?.build()?)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The name behind `DESCRIBE FUNCTION [EXTENDED]`.
pub(super) fn asks_to_describe(text: &str) -> Option<&str> {
    let behind = |words: &[&str]| statements::behind(words, text);
    let name = behind(&["DESCRIBE", "FUNCTION", "EXTENDED"])
        .or_else(|| behind(&["DESC", "FUNCTION", "EXTENDED"]))
        .or_else(|| behind(&["DESCRIBE", "FUNCTION"]))
        .or_else(|| behind(&["DESC", "FUNCTION"]))?;
    Some(name.trim().trim_end_matches(';').trim_end())
}

/// What is known of a function.
pub(super) fn describe(scope: &Scope, state: &SessionState, name: &str) -> Result<RecordBatch, LakeError> {
    let name = name.trim_matches(['"', '`', '\'']).to_lowercase();
    let (database, bare) = name.rsplit_once('.').unwrap_or((&scope.database, &name));
    let lines = match known(scope).get(&(database.to_owned(), bare.to_owned())) {
        Some(function) => described(function),
        None => {
            let documentation = state
                .scalar_functions()
                .get(&name)
                .map(|f| f.documentation().cloned())
                .or_else(|| state.aggregate_functions().get(&name).map(|f| f.documentation().cloned()))
                .or_else(|| state.window_functions().get(&name).map(|f| f.documentation().cloned()))
                .ok_or_else(|| unknown(scope, database, bare))?;
            let mut lines = vec![("function", name.clone()), ("kind", "built in".to_owned())];
            if let Some(documentation) = documentation {
                lines.push(("syntax", documentation.syntax_example));
                lines.push(("about", documentation.description));
            }
            lines
        }
    };
    let (what, told): (Vec<&str>, Vec<String>) = lines.into_iter().unzip();
    let fields = ["info", "value"].map(|name| Field::new(name, DataType::Utf8, false));
    let columns: Vec<ArrayRef> = vec![Arc::new(StringArray::from(what)), Arc::new(StringArray::from(told))];
    RecordBatch::try_new(Arc::new(Schema::new(fields.to_vec())), columns)
        .map_err(|e| LakeError::Execution(e.to_string()))
}

fn described(function: &FunctionDef) -> Vec<(&'static str, String)> {
    let mut lines = vec![
        ("function", shown(function)),
        ("returns", function.returns.to_string()),
        ("body", function.written.clone().unwrap_or_else(|| function.body.clone())),
    ];
    if function.volatile {
        lines.push(("volatile", "equal arguments may give other values".to_owned()));
    }
    lines
}

impl LocalEngine {
    /// Makes a function that a face has read itself.
    ///
    /// # Errors
    /// What is wrong with it, that the session may not, the store's.
    pub async fn define(&self, session: &Session, new: NewFunction) -> Result<(), LakeError> {
        let (inner, session) = (Arc::clone(&self.0), session.clone());
        self.on_a_large_stack(async move { define(&inner.scope(&session).await?, new).await }).await
    }

    /// Takes a function away; `temporary` looks among the session's own alone.
    ///
    /// # Errors
    /// [`LakeError::Unknown`] unless `if_exists`, that the session may not, the store's.
    pub async fn undefine(
        &self,
        session: &Session,
        database: Option<&str>,
        name: &str,
        temporary: bool,
        if_exists: bool,
    ) -> Result<(), LakeError> {
        undefine(&self.0.scope(session).await?, database, name, temporary, if_exists).await
    }

    /// The functions of the tenant and of the session, sorted by database and name.
    ///
    /// # Errors
    /// The store's.
    pub async fn functions(&self, session: &Session) -> Result<Vec<Arc<FunctionDef>>, LakeError> {
        Ok(known(&*self.0.scope(session).await?).into_values().collect())
    }
}
