//! Questions about PostgreSQL's own catalogue, which clients ask to find their way: answered from the lake's.
//!
//! They are rewritten as trees ([`rewrite`]: the server's functions become values, its types plain ones) and planned
//! with a few more tables ([`tables`]); then the lake runs them as any other.

mod rewrite;
mod shelf;
mod tables;

use std::collections::BTreeMap;

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::logical_expr::LogicalPlan;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::Statement as Ast;
use datafusion::sql::sqlparser::tokenizer::Token;
use doorstep_lake::{LakeError, LocalEngine, Session as Lake};

use crate::PgError;

/// The schema of PostgreSQL's own tables.
const PG_CATALOG: &str = "pg_catalog";
/// The schema of the standard's tables.
const INFORMATION_SCHEMA: &str = "information_schema";

/// What a session knows of itself.
#[derive(Clone, Debug)]
pub(crate) struct About {
    /// Its key.
    pub(crate) user: String,
    /// Its number.
    pub(crate) process: i32,
    /// Its settings, by small names.
    pub(crate) settings: BTreeMap<String, String>,
}

/// What a question comes to.
pub(crate) enum Found {
    /// A plan for the lake.
    Plan(Box<LogicalPlan>),
    /// The answer.
    Rows(RecordBatch),
}

/// Functions that only PostgreSQL's clients call; with parentheses behind them.
const CALLED: &[&str] = &[
    "version",
    "current_schema",
    "current_schemas",
    "current_database",
    "current_setting",
    "obj_description",
    "col_description",
    "shobj_description",
    "format_type",
    "has_table_privilege",
    "has_schema_privilege",
    "has_database_privilege",
    "has_column_privilege",
    "has_any_column_privilege",
    "quote_ident",
];
/// Those without.
const NAMED: &[&str] =
    &["current_user", "session_user", "current_catalog", "current_role", "current_schema", "regclass"];

/// Whether a statement's words may ask for PostgreSQL's catalogue.
pub(crate) fn concerns(tokens: &[Token]) -> bool {
    tokens.iter().enumerate().any(|(at, token)| {
        let Token::Word(word) = token else { return false };
        let name = word.value.to_ascii_lowercase();
        let called = || matches!(tokens.get(at + 1), Some(Token::LParen));
        name.starts_with("pg_")
            || name == INFORMATION_SCHEMA
            || word.quote_style.is_none()
                && (NAMED.contains(&name.as_str()) || CALLED.contains(&name.as_str()) && called())
    })
}

/// Answers a question, or plans it.
///
/// # Errors
/// What is wrong with it.
pub(crate) async fn find(engine: &LocalEngine, lake: &Lake, about: About, parsed: Parsed) -> Result<Found, PgError> {
    let Parsed::Statement(mut ast) = parsed else {
        return Err(PgError::invalid("0A000", "this is no query", "ask with SELECT"));
    };
    let listed = engine.list(lake).await?;
    let database = lake.database();
    rewrite::rewrite(&mut ast, &about, &database, &listed);
    if let Ast::Query(query) = &*ast
        && let Some(names) = rewrite::columns_of_nothing(query)
    {
        let fields: Vec<Field> = names.into_iter().map(|name| Field::new(name, DataType::Utf8, true)).collect();
        return Ok(Found::Rows(RecordBatch::new_empty(SchemaRef::new(Schema::new(fields)))));
    }
    let holdings = engine.holdings(lake).await?;
    let shelf = tables::all(&about, &database, &listed, &holdings)?;
    let (context, lake) = (engine.clone(), lake.clone());
    let plan = engine
        .on_a_large_stack(async move {
            let mut state = context.context(&lake).await?.state;
            let list = shelf::with(state.catalog_list().clone(), shelf);
            state.register_catalog_list(list);
            let plan = state.statement_to_plan(Parsed::Statement(ast)).await?;
            Ok::<_, LakeError>(plan)
        })
        .await?;
    Ok(Found::Plan(Box::new(plan)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use crate::sql::pieces;

    #[test]
    fn ordinary_statements_are_left_alone() {
        let concerns = |text: &str| super::concerns(&pieces(text).unwrap()[0].tokens);
        for ordinary in ["SELECT version, n FROM t", "SELECT 'pg_class'", "SELECT * FROM rides WHERE user = 'x'"] {
            assert!(!concerns(ordinary), "{ordinary}");
        }
        for question in ["SELECT version()", "SELECT * FROM pg_catalog.pg_class", "SELECT current_user"] {
            assert!(concerns(question), "{question}");
        }
    }
}
