//! Placeholders of a statement: how many, of which types, and literals in their place.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use arrow::datatypes::DataType;
use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::{Expr, LimitClause, Query, Value, Visit as _, Visitor, visit_expressions_mut};
use datafusion::sql::sqlparser::tokenizer::Token;
use postgres_types::Type;

use super::pieces::Piece;
use crate::PgError;
use crate::cells::pg_type;

/// As many as the protocol counts.
const MOST: usize = 65_535;

/// How many parameters a statement takes: as many as its highest number.
///
/// # Errors
/// A placeholder that is none of PostgreSQL's.
pub(crate) fn count(piece: &Piece) -> Result<usize, PgError> {
    let mut most = 0;
    for token in &piece.tokens {
        if let Token::Placeholder(name) = token {
            most = most.max(number(name).ok_or_else(|| {
                PgError::invalid("42P02", format!("{name} is no parameter"), "parameters are $1, $2, …")
            })?);
        }
    }
    Ok(most)
}

fn number(name: &str) -> Option<usize> {
    name.strip_prefix('$')?.parse().ok().filter(|n| (1..=MOST).contains(n))
}

/// The types of `count` parameters: what the client says first, then what the statement tells, text else.
pub(crate) fn type_names(count: usize, said: &[u32], told: &BTreeMap<String, Option<DataType>>) -> Vec<Type> {
    let one = |n: usize| {
        let said = said.get(n).copied().filter(|oid| *oid != 0 && *oid != Type::UNKNOWN.oid());
        let told = || told.get(&format!("${}", n + 1)).and_then(Option::as_ref).map(pg_type);
        said.and_then(Type::from_oid).or_else(told).unwrap_or(Type::TEXT)
    };
    (0..count).map(one).collect()
}

/// Adds what the planner does not tell: placeholders that count rows, behind LIMIT and OFFSET, are whole numbers.
pub(crate) fn count_rows(statement: &Parsed, told: &mut BTreeMap<String, Option<DataType>>) {
    let Parsed::Statement(ast) = statement else { return };
    let flow = ast.visit(&mut Limits(told));
    debug_assert!(flow.is_continue());
}

struct Limits<'a>(&'a mut BTreeMap<String, Option<DataType>>);

impl Visitor for Limits<'_> {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        if let Some(LimitClause::LimitOffset { limit, offset, .. }) = &query.limit_clause {
            for expr in limit.iter().chain(offset.iter().map(|offset| &offset.value)) {
                if let Expr::Value(held) = expr
                    && let Value::Placeholder(name) = &held.value
                {
                    let told = self.0.entry(name.clone()).or_default();
                    told.get_or_insert(DataType::Int64);
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The statement with literals in the place of its placeholders.
///
/// # Errors
/// A placeholder that has no value.
pub(crate) fn bind(statement: &Parsed, values: &[Expr]) -> Result<Parsed, PgError> {
    let mut bound = statement.clone();
    let ast = match &mut bound {
        Parsed::Statement(ast) => ast,
        Parsed::Explain(explain) => {
            *explain.statement = bind(&explain.statement, values)?;
            return Ok(bound);
        }
        _ => return Ok(bound),
    };
    let mut missing = None;
    let flow = visit_expressions_mut(&mut **ast, |expr| {
        if let Expr::Value(held) = expr
            && let Value::Placeholder(name) = &held.value
        {
            match number(name).and_then(|n| values.get(n - 1)) {
                Some(value) => *expr = value.clone(),
                None => missing = Some(name.clone()),
            }
        }
        ControlFlow::<()>::Continue(())
    });
    debug_assert!(flow.is_continue());
    match missing {
        Some(name) => Err(PgError::invalid("42P02", format!("{name} has no value"), "bind as many as there are")),
        None => Ok(bound),
    }
}
