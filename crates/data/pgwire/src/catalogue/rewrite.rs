//! Questions about PostgreSQL's catalogue in words that the lake understands. Pure: trees in, trees out.

use std::ops::ControlFlow;

use datafusion::sql::sqlparser::ast::helpers::attached_token::AttachedToken;
use datafusion::sql::sqlparser::ast::{
    Array, BinaryOperator, CaseWhen, CastKind, DataType, Expr, Function, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, JoinOperator, ObjectName, ObjectNamePart, Query, Select, SelectItem, SetExpr, Statement,
    TableAlias, TableFactor, Value, VisitMut as _, VisitorMut,
};
use doorstep_lake::Listed;
use doorstep_lake::catalog::BUILT_IN_DATABASE;

use super::tables::{oid, type_names};
use super::{About, INFORMATION_SCHEMA, PG_CATALOG};
use crate::face::VERSION;

/// The number of the table `pg_class` in every PostgreSQL.
pub(super) const PG_CLASS: i64 = 1259;

/// Tables of PostgreSQL's of which the lake has nothing to tell.
const NOTHING: &[&str] = &[
    "pg_aggregate",
    "pg_am",
    "pg_attrdef",
    "pg_auth_members",
    "pg_cast",
    "pg_collation",
    "pg_constraint",
    "pg_conversion",
    "pg_db_role_setting",
    "pg_default_acl",
    "pg_depend",
    "pg_enum",
    "pg_event_trigger",
    "pg_extension",
    "pg_foreign_data_wrapper",
    "pg_foreign_server",
    "pg_foreign_table",
    "pg_index",
    "pg_indexes",
    "pg_inherits",
    "pg_init_privs",
    "pg_language",
    "pg_locks",
    "pg_matviews",
    "pg_opclass",
    "pg_operator",
    "pg_opfamily",
    "pg_partitioned_table",
    "pg_policies",
    "pg_policy",
    "pg_proc",
    "pg_publication",
    "pg_publication_namespace",
    "pg_publication_rel",
    "pg_publication_tables",
    "pg_range",
    "pg_rewrite",
    "pg_rules",
    "pg_sequence",
    "pg_sequences",
    "pg_shdescription",
    "pg_stat_activity",
    "pg_stat_user_tables",
    "pg_statistic",
    "pg_statistic_ext",
    "pg_stats",
    "pg_subscription",
    "pg_tablespace",
    "pg_trigger",
    "pg_ts_config",
    "pg_ts_dict",
    "pg_ts_parser",
    "pg_ts_template",
    "pg_user_mapping",
    "pg_user_mappings",
];

/// Functions over many rows: of nothing, they still make a row.
const AGGREGATES: &[&str] = &["count", "sum", "min", "max", "avg", "array_agg", "string_agg", "bool_or", "bool_and"];

/// Rewrites a statement.
pub(super) fn rewrite(ast: &mut Statement, about: &About, database: &str, listed: &[Listed]) {
    let flow = ast.visit(&mut Rewriter { about, database, listed });
    debug_assert!(flow.is_continue());
}

struct Rewriter<'a> {
    about: &'a About,
    database: &'a str,
    listed: &'a [Listed],
}

fn value(value: Value) -> Expr {
    Expr::Value(value.into())
}

fn text(text: impl Into<String>) -> Expr {
    value(Value::SingleQuotedString(text.into()))
}

fn number(number: i64) -> Expr {
    value(Value::Number(number.to_string(), false))
}

fn cast(expr: Expr, data_type: DataType) -> Expr {
    Expr::Cast { kind: CastKind::Cast, expr: Box::new(expr), data_type, array: false, format: None }
}

fn no_text() -> Expr {
    cast(value(Value::Null), DataType::Text)
}

/// The last part of a name, in small letters, if what is in front of it is nothing or `pg_catalog`.
fn own(name: &ObjectName) -> Option<String> {
    let mut parts = name.0.iter().map(|part| part.as_ident().map(|ident| ident.value.to_ascii_lowercase()));
    match (parts.next()??, parts.next(), parts.next()) {
        (name, None, None) => Some(name),
        (schema, Some(name), None) if schema == PG_CATALOG => name,
        _ => None,
    }
}

fn is_nothing(name: &ObjectName) -> bool {
    own(name).is_some_and(|name| NOTHING.contains(&name.as_str()))
}

/// Whether a query has no rows because it joins a table that has none.
fn no_rows(body: &SetExpr) -> bool {
    match body {
        SetExpr::Select(select) => no_rows_of(select),
        SetExpr::Query(query) => no_rows(&query.body),
        SetExpr::SetOperation { left, right, .. } => no_rows(left) && no_rows(right),
        _ => false,
    }
}

fn no_rows_of(select: &Select) -> bool {
    let nothing = |factor: &TableFactor| match factor {
        TableFactor::Table { name, .. } => is_nothing(name),
        TableFactor::Derived { subquery, .. } => no_rows(&subquery.body),
        _ => false,
    };
    let empty = select.from.iter().any(|from| {
        let kept = |join: &JoinOperator| {
            matches!(join, JoinOperator::RightOuter(_) | JoinOperator::Right(_) | JoinOperator::FullOuter(_))
        };
        nothing(&from.relation) && !from.joins.iter().any(|join| kept(&join.join_operator))
            || from.joins.iter().any(|join| {
                let inner = matches!(
                    join.join_operator,
                    JoinOperator::Join(_) | JoinOperator::Inner(_) | JoinOperator::CrossJoin(_)
                );
                inner && nothing(&join.relation)
            })
    });
    let aggregates = select.projection.iter().any(|item| {
        let (SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. }) = item else { return false };
        matches!(expr, Expr::Function(call) if own(&call.name).is_some_and(|name| AGGREGATES.contains(&name.as_str())))
    });
    empty && !aggregates
}

/// The names of a query's columns, if it has no rows.
pub(super) fn columns_of_nothing(query: &Query) -> Option<Vec<String>> {
    let mut body = &*query.body;
    if !no_rows(body) {
        return None;
    }
    let select = loop {
        match body {
            SetExpr::Select(select) => break select,
            SetExpr::Query(query) => body = &query.body,
            SetExpr::SetOperation { left, .. } => body = left,
            _ => return None,
        }
    };
    Some(select.projection.iter().map(column_name).collect())
}

fn column_name(item: &SelectItem) -> String {
    match item {
        SelectItem::ExprWithAlias { alias, .. } => alias.value.clone(),
        SelectItem::UnnamedExpr(expr) => name_of(expr).unwrap_or_else(|| "?column?".to_owned()),
        other => other.to_string(),
    }
}

/// The name that PostgreSQL gives to a column.
fn name_of(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(ident) => Some(ident.value.clone()),
        Expr::CompoundIdentifier(parts) => parts.last().map(|ident| ident.value.clone()),
        Expr::Function(call) => call.name.0.last()?.as_ident().map(|ident| ident.value.clone()),
        Expr::Cast { expr, .. } | Expr::Collate { expr, .. } | Expr::Nested(expr) => name_of(expr),
        _ => None,
    }
}

impl VisitorMut for Rewriter<'_> {
    type Break = ();

    /// Columns keep the names of what is put in the place of their functions.
    fn pre_visit_select(&mut self, select: &mut Select) -> ControlFlow<()> {
        for item in &mut select.projection {
            if let SelectItem::UnnamedExpr(expr) = item
                && !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_))
                && let Some(name) = name_of(expr)
            {
                *item = SelectItem::ExprWithAlias { expr: expr.clone(), alias: Ident::with_quote('"', name) };
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let TableFactor::Table { name, alias, args: None, .. } = factor else { return ControlFlow::Continue(()) };
        let parts: Vec<String> =
            name.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.to_ascii_lowercase()).collect();
        let part = |name: &str| ObjectNamePart::Identifier(Ident::new(name));
        match parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
            [bare] if bare.starts_with("pg_") && !self.listed.iter().any(|table| table.name == bare) => {
                *name = ObjectName(vec![part(PG_CATALOG), part(bare)]);
            }
            [INFORMATION_SCHEMA, table @ ("tables" | "columns" | "schemata" | "views")] => {
                alias.get_or_insert_with(|| TableAlias {
                    explicit: true,
                    name: Ident::new(table),
                    columns: Vec::new(),
                    at: None,
                });
                *name = ObjectName(vec![part(PG_CATALOG), part(&format!("information_{table}"))]);
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn post_visit_expr(&mut self, expr: &mut Expr) -> ControlFlow<()> {
        let replaced = match expr {
            Expr::Function(call) => self.call(call),
            Expr::Cast { expr: inner, data_type, .. } => self.plain_cast(inner, data_type),
            Expr::Collate { expr: inner, .. } => Some((**inner).clone()),
            Expr::Subquery(query) if no_rows(&query.body) => Some(no_text()),
            Expr::Exists { subquery, negated } if no_rows(&subquery.body) => Some(value(Value::Boolean(*negated))),
            Expr::BinaryOp { left, op, right } => {
                if let BinaryOperator::PGCustomBinaryOperator(parts) = op
                    && let Some(known) = parts.last().and_then(|sign| operator(sign))
                {
                    *op = known;
                }
                // A number in quotes is compared with numbers.
                let numbers = |expr: &Expr| name_of(expr).is_some_and(|name| name.ends_with("id"));
                if numbers(left)
                    && let Expr::Value(held) = &mut **right
                    && let Value::SingleQuotedString(digits) = &held.value
                    && let Ok(found) = digits.parse::<i64>()
                {
                    **right = number(found);
                }
                None
            }
            _ => None,
        };
        if let Some(replaced) = replaced {
            *expr = replaced;
        }
        ControlFlow::Continue(())
    }
}

fn operator(sign: &str) -> Option<BinaryOperator> {
    Some(match sign {
        "=" => BinaryOperator::Eq,
        "<>" | "!=" => BinaryOperator::NotEq,
        "~" => BinaryOperator::PGRegexMatch,
        "~*" => BinaryOperator::PGRegexIMatch,
        "!~" => BinaryOperator::PGRegexNotMatch,
        "!~*" => BinaryOperator::PGRegexNotIMatch,
        "~~" => BinaryOperator::PGLikeMatch,
        "!~~" => BinaryOperator::PGNotLikeMatch,
        _ => return None,
    })
}

fn arguments(call: &Function) -> Vec<&Expr> {
    let FunctionArguments::List(list) = &call.args else { return Vec::new() };
    let plain = list.args.iter().filter_map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    plain.collect()
}

impl Rewriter<'_> {
    /// What a call of one of the server's functions comes to.
    fn call(&self, call: &mut Function) -> Option<Expr> {
        let name = own(&call.name)?;
        // `pg_catalog.` in front of a function says nothing here.
        if call.name.0.len() > 1 {
            call.name.0.remove(0);
        }
        if let FunctionArguments::Subquery(query) = &call.args
            && no_rows(&query.body)
        {
            return Some(no_text());
        }
        let given = arguments(call);
        Some(match name.as_str() {
            "version" => text(format!("PostgreSQL {VERSION} (Doorstep {})", env!("CARGO_PKG_VERSION"))),
            "current_schema" | "current_database" | "current_catalog" => text(self.database),
            "current_schemas" => {
                let elem = vec![text(self.database), text(BUILT_IN_DATABASE)];
                Expr::Array(Array { elem, named: true })
            }
            "current_user" | "session_user" | "current_role" | "user" | "pg_get_userbyid" => text(&self.about.user),
            "pg_backend_pid" => number(i64::from(self.about.process)),
            "pg_is_in_recovery" | "pg_relation_is_publishable" | "pg_is_other_temp_schema" => {
                value(Value::Boolean(false))
            }
            "pg_my_temp_schema" => number(0),
            "current_setting" => {
                let Expr::Value(name) = given.first()? else { return None };
                let Value::SingleQuotedString(name) = &name.value else { return None };
                self.about.settings.get(&name.to_ascii_lowercase()).map_or_else(no_text, text)
            }
            "to_regtype" => cast(value(Value::Null), DataType::BigInt(None)),
            "to_regclass" => {
                let Expr::Value(name) = given.first()? else { return None };
                let Value::SingleQuotedString(name) = &name.value else { return None };
                self.number_of(name).map_or_else(|| cast(value(Value::Null), DataType::BigInt(None)), number)
            }
            "pg_encoding_to_char" => text("UTF8"),
            "quote_ident" => (*given.first()?).clone(),
            "pg_size_pretty" => cast((*given.first()?).clone(), DataType::Text),
            "format_type" => type_name((*given.first()?).clone()),
            "pg_total_relation_size"
            | "pg_relation_size"
            | "pg_table_size"
            | "pg_indexes_size"
            | "pg_database_size" => cast(value(Value::Null), DataType::BigInt(None)),
            "obj_description" | "col_description" | "shobj_description" | "pg_advisory_unlock_all" => no_text(),
            visible if visible.ends_with("_is_visible") || visible.starts_with("has_") => value(Value::Boolean(true)),
            got if got.starts_with("pg_get_") => no_text(),
            _ => return None,
        })
    }

    /// A cast to one of the server's types, as one to a type that there is.
    fn plain_cast(&self, inner: &Expr, data_type: &mut DataType) -> Option<Expr> {
        let name = match data_type {
            DataType::Custom(name, _) => own(name)?,
            DataType::Regclass => "regclass".to_owned(),
            _ => return None,
        };
        match name.as_str() {
            "regclass" => {
                if let Expr::Value(held) = inner
                    && let Value::SingleQuotedString(of) = &held.value
                {
                    return Some(
                        self.number_of(of).map_or_else(|| cast(value(Value::Null), DataType::BigInt(None)), number),
                    );
                }
                *data_type = DataType::Text;
            }
            "oid" | "int8" => *data_type = DataType::BigInt(None),
            "int4" => *data_type = DataType::Int(None),
            "int2" => *data_type = DataType::SmallInt(None),
            "bool" => *data_type = DataType::Boolean,
            "text" | "name" | "char" | "varchar" | "regtype" | "regproc" | "regnamespace" | "regrole" | "regoper" => {
                *data_type = DataType::Text;
            }
            _ => {}
        }
        None
    }

    /// The number of a table, by its name with or without its database.
    fn number_of(&self, name: &str) -> Option<i64> {
        let name = name.replace('"', "");
        let (database, table) = name.split_once('.').unwrap_or((self.database, &name));
        match table {
            "pg_class" => Some(PG_CLASS),
            "pg_type" => Some(1247),
            "pg_namespace" => Some(2615),
            "pg_proc" => Some(1255),
            "pg_database" => Some(1262),
            _ => {
                let found = self.listed.iter().find(|listed| listed.name == table && listed.database == database);
                found.map(|listed| oid(&[&listed.database, &listed.name]))
            }
        }
    }
}

/// The name of a type by its number.
fn type_name(number_of: Expr) -> Expr {
    let conditions = type_names().map(|(oid, name)| CaseWhen { condition: number(i64::from(oid)), result: text(name) });
    Expr::Case {
        case_token: AttachedToken::empty(),
        end_token: AttachedToken::empty(),
        operand: Some(Box::new(number_of)),
        conditions: conditions.collect(),
        else_result: Some(Box::new(text("???"))),
    }
}
