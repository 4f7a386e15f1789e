//! Tables as they were: `FROM t FOR SYSTEM_TIME AS OF …` (SQL:2011), also `TIMESTAMP AS OF …` as Delta has it.
//!
//! Neither who reads statements for us nor who plans them knows such words, so the moment moves into the table's name
//! before: `t@<milliseconds>`, which no table can be called.

use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, TimestampMillisecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::common::{DFSchema, ScalarValue, TableReference};
use datafusion::error::DataFusionError;
use datafusion::execution::SessionState;
use datafusion::logical_expr::{Expr as Planned, LogicalPlanBuilder, cast};
use datafusion::sql::parser::{DFParserBuilder, ExplainStatement, Statement as Parsed};
use datafusion::sql::sqlparser::ast::{
    Expr, Ident, ObjectNamePart, TableAlias, TableFactor, VisitMut as _, VisitorMut,
};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Word};
use doorstep_clock::Timestamp;

use super::scope::Scope;
use crate::LakeError;
use crate::catalog::{BUILT_IN_DATABASE, TableKind};

/// Between a table's name and a moment.
const MARK: char = '@';

/// Moments that one statement may name: each is worked out, and what stands behind it is copied for that.
const MOMENTS: usize = 64;

/// What the user is told to write.
const WRITE: &str = "write FOR SYSTEM_TIME AS OF TIMESTAMP '2026-01-31 12:00:00'";

/// Whether a statement may speak of the past. Others are read as ever, so that `at` stays a good name.
pub(super) fn asked(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).any(|pair| pair[0].eq_ignore_ascii_case("as") && pair[1].eq_ignore_ascii_case("of"))
}

/// Reads a statement and moves its moments into the names.
pub(super) fn parse(state: &SessionState, text: &str) -> Result<Parsed, LakeError> {
    let depth = state.config().options().sql_parser.recursion_limit.get();
    let tokens = Tokenizer::new(&GENERIC, text).tokenize_with_location().map_err(|e| unread(e.into()))?;
    let tokens = moved(state, tokens)?;
    let mut parser = DFParserBuilder::new(tokens).with_dialect(&GENERIC).with_recursion_limit(depth).build()?;
    let mut statements = parser.parse_statements()?;
    match (statements.pop_front(), statements.is_empty()) {
        (Some(mut statement), true) => {
            name(&mut statement);
            Ok(statement)
        }
        _ => {
            let reason = "this is more than one statement".to_owned();
            Err(LakeError::Sql { reason, place: None, fix: Some("send one at a time".to_owned()) })
        }
    }
}

const GENERIC: GenericDialect = GenericDialect {};

fn unread(error: ParserError) -> LakeError {
    DataFusionError::from(error).into()
}

/// The words that begin a moment behind a table's name.
const CLAUSES: [&[&str]; 3] =
    [&["FOR", "SYSTEM_TIME", "AS", "OF"], &["TIMESTAMP", "AS", "OF"], &["VERSION", "AS", "OF"]];

/// Which clause `tokens` begin with, and how many tokens it has.
fn clause(tokens: &[TokenWithSpan]) -> Option<(usize, usize)> {
    CLAUSES.iter().enumerate().find_map(|(ix, words)| {
        let mut words = words.iter().peekable();
        for (n, token) in tokens.iter().enumerate() {
            match (&token.token, words.peek()) {
                (_, None) => return Some((ix, n)),
                (Token::Whitespace(_), _) if n > 0 => {}
                (Token::Word(word), Some(wanted))
                    if word.quote_style.is_none() && word.value.eq_ignore_ascii_case(wanted) =>
                {
                    words.next();
                }
                _ => return None,
            }
        }
        None
    })
}

/// The tokens with each moment moved into the name before it. Places in the text stay as they are.
fn moved(state: &SessionState, tokens: Vec<TokenWithSpan>) -> Result<Vec<TokenWithSpan>, LakeError> {
    let (mut out, mut at, mut moments) = (Vec::with_capacity(tokens.len()), 0, 0);
    while at < tokens.len() {
        let table = out.iter().rposition(|t: &TokenWithSpan| !matches!(t.token, Token::Whitespace(_)));
        let table = table.filter(|ix| matches!(out[*ix].token, Token::Word(_)));
        let (Some(table), Some((which, length))) = (table, clause(&tokens[at..])) else {
            out.push(tokens[at].clone());
            at += 1;
            continue;
        };
        if which == 2 {
            return Err(LakeError::unsupported("a version's number", WRITE));
        }
        moments += 1;
        if moments > MOMENTS {
            let reason = format!("the statement names more than {MOMENTS} moments");
            return Err(LakeError::invalid("AS OF", reason, "ask for fewer at once"));
        }
        let mut parser = Parser::new(&GENERIC).with_tokens_with_locations(tokens[at + length..].to_vec());
        let moment = moment(state, &parser.parse_expr().map_err(unread)?)?;
        at += length + parser.index();
        if let Token::Word(word) = &mut out[table].token {
            let bare = if word.quote_style.is_some() { word.value.clone() } else { word.value.to_lowercase() };
            *word =
                Word { value: format!("{bare}{MARK}{moment}"), quote_style: Some('"'), keyword: Keyword::NoKeyword };
        }
    }
    Ok(out)
}

/// Lets columns be written with the table's own name.
fn name(statement: &mut Parsed) {
    match statement {
        Parsed::Explain(ExplainStatement { statement, .. }) => name(statement),
        Parsed::Statement(ast) => {
            let _: ControlFlow<()> = ast.visit(&mut Namer);
        }
        _ => {}
    }
}

struct Namer;

impl VisitorMut for Namer {
    type Break = ();

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        if let TableFactor::Table { name, alias: alias @ None, .. } = factor
            && let Some(ObjectNamePart::Identifier(last)) = name.0.last()
            && let (bare, Some(_)) = split(&last.value)
        {
            let name = Ident::with_quote('"', bare);
            *alias = Some(TableAlias { explicit: true, name, columns: Vec::new(), at: None });
        }
        ControlFlow::Continue(())
    }
}

/// The moment of a constant expression, milliseconds.
fn moment(state: &SessionState, at: &Expr) -> Result<i64, LakeError> {
    let told = |error: DataFusionError| {
        // The last line is the cause; those before it are about rules of an optimiser.
        let words = error.strip_backtrace();
        LakeError::invalid("AS OF", words.lines().last().unwrap_or_default(), WRITE)
    };
    let (empty, text) = (DFSchema::empty(), at.to_string());
    let time = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let expr = cast(state.create_logical_expr(&text, &empty).map_err(told)?, time);
    // Whoever optimises knows what now() is, and leaves a constant.
    let plan = LogicalPlanBuilder::empty(true).project([expr]).and_then(LogicalPlanBuilder::build).map_err(told)?;
    let plan = state.optimize(&plan).map_err(told)?;
    match plan.expressions().into_iter().next().map(Planned::unalias) {
        Some(Planned::Literal(ScalarValue::TimestampMillisecond(Some(at), _), _)) => Ok(at),
        _ => Err(LakeError::invalid("AS OF", format!("{text} is no moment"), WRITE)),
    }
}

/// A name and the moment that was moved into it.
pub(super) fn split(name: &str) -> (&str, Option<Timestamp>) {
    match name.rsplit_once(MARK) {
        Some((bare, at)) => at.parse().map_or((name, None), |at| (bare, Some(Timestamp(at)))),
        None => (name, None),
    }
}

/// The name behind `DESCRIBE HISTORY`.
pub(super) fn asks_for_history(text: &str) -> Option<&str> {
    super::statements::behind(&["DESCRIBE", "HISTORY"], text)
}

/// What was written into a table and taken out of it, the newest first.
pub(super) async fn history(scope: &Arc<Scope>, name: &str) -> Result<RecordBatch, LakeError> {
    let reference = TableReference::parse_str(name.trim().trim_end_matches(';').trim_end());
    let database = reference.schema().unwrap_or(&scope.database);
    if database == BUILT_IN_DATABASE {
        return Err(built_in());
    }
    let table = scope.holdings.require(database, reference.table())?;
    if scope.grant(database, reference.table()).is_none() {
        return Err(LakeError::Denied { action: format!("read {database}.{}", reference.table()) });
    }
    if table.kind != TableKind::Managed {
        return Err(LakeError::unsupported("the history of what is no table of the lake's own", "ask for its tables"));
    }
    let changes = scope.engine.catalog.history(scope.session.tenant(), &table.id).await?;
    let whole = |of: fn(&crate::catalog::Change) -> u64| -> ArrayRef {
        Arc::new(changes.iter().map(|c| i64::try_from(of(c)).ok()).collect::<Int64Array>())
    };
    let at: TimestampMillisecondArray = changes.iter().map(|c| Some(c.at.millis())).collect();
    let time = DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into()));
    let counts = ["files_added", "rows_added", "files_removed", "rows_removed"];
    let mut fields = vec![Field::new("at", time, false)];
    fields.extend(counts.map(|name| Field::new(name, DataType::Int64, false)));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(at.with_timezone("UTC")),
        whole(|c| c.files_added),
        whole(|c| c.rows_added),
        whole(|c| c.files_removed),
        whole(|c| c.rows_removed),
    ];
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(DataFusionError::from)?)
}

/// Of a table whose rows are only added to.
pub(super) fn built_in() -> LakeError {
    LakeError::unsupported("the past of a built-in table", "its rows stay as they are: ask for those WHERE at <= …")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_speaks_of_the_past_is_read_so() {
        assert!(asked("SELECT * FROM t FOR SYSTEM_TIME\nas  OF now()"));
        assert!(!asked("SELECT at FROM t at WHERE 'x' = 'as of'"));
        assert!(!asked("SELECT 1 AS of_all"));
    }

    #[test]
    fn a_name_and_its_moment() {
        assert_eq!(split("trips@1700"), ("trips", Some(Timestamp(1700))));
        assert_eq!(split("trips"), ("trips", None));
        assert_eq!(split("a@b"), ("a@b", None));
        assert_eq!(asks_for_history(" describe  History lab.trips"), Some("lab.trips"));
        assert_eq!(asks_for_history("describe trips"), None);
    }
}
