//! From tokens to a [`Statement`]: which kind it is, and what is refused by its name.

use datafusion::sql::sqlparser::{
    ast::{Expr, Query, Value},
    parser::Parser,
    tokenizer::{Token, TokenWithSpan},
};

use doorstep_lake::Permission;

use super::{
    Explained, Insert, LoadData, Name, PartitionSpec, Statement, ddl, dialect::HiveQl, multi, show, tokens::tokens,
};
use crate::HiveError;

/// The stack on which statements are read and rewritten, bytes.
const STACK: usize = 16 << 20;

/// Reads one statement; a semicolon may end it.
///
/// # Errors
/// [`HiveError::Syntax`] with the place, [`HiveError::Unsupported`] with the name of what cannot be had.
pub fn parse(text: &str) -> Result<Statement, HiveError> {
    with_room(|| read(text))
}

/// Runs what recurses by the depth of a statement on a stack of its own: those of the runtime's threads are small.
pub(super) fn with_room<T: Send>(work: impl FnOnce() -> Result<T, HiveError> + Send) -> Result<T, HiveError> {
    std::thread::scope(|scope| match std::thread::Builder::new().stack_size(STACK).spawn_scoped(scope, work) {
        Ok(thread) => thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
        Err(error) => Err(HiveError::Lake(doorstep_lake::LakeError::Execution(format!("no thread: {error}")))),
    })
}

fn read(text: &str) -> Result<Statement, HiveError> {
    if let Some(setting) = settings(text)? {
        return Ok(setting);
    }
    if let Some(asked) = Permission::read(text) {
        return Ok(Statement::Grants(asked?));
    }
    let mut tokens = tokens(text)?;
    while matches!(tokens.last().map(|t| &t.token), Some(Token::SemiColon | Token::EOF)) {
        tokens.pop();
    }
    if tokens.is_empty() {
        return Err(HiveError::Empty);
    }
    refuse(&tokens)?;
    if let Some(inserts) = multi::split(&tokens)? {
        return Ok(Statement::Insert(inserts));
    }
    whole(tokens, |parser| statement(parser, text))
}

/// Parses all of these tokens by `read`.
pub(super) fn whole<T>(
    tokens: Vec<TokenWithSpan>,
    read: impl FnOnce(&mut Parser) -> Result<T, HiveError>,
) -> Result<T, HiveError> {
    let mut parser = Parser::new(&HiveQl).with_tokens_with_locations(tokens);
    let read = read(&mut parser)?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        return Err(HiveError::syntax(format!("did not expect `{}`", next.token), next.span));
    }
    Ok(read)
}

/// Reads a text that is a query.
///
/// # Errors
/// [`HiveError::Syntax`].
pub fn query(text: &str) -> Result<Box<Query>, HiveError> {
    with_room(|| read_query(text))
}

pub(super) fn read_query(text: &str) -> Result<Box<Query>, HiveError> {
    let mut tokens = tokens(text)?;
    while matches!(tokens.last().map(|t| &t.token), Some(Token::SemiColon | Token::EOF)) {
        tokens.pop();
    }
    whole(tokens, |parser| Ok(parser.parse_query()?))
}

/// Reads the head of an INSERT from the front of these tokens; the rest is its query.
pub(super) fn whole_head(tokens: &[TokenWithSpan]) -> Result<(Insert, Vec<TokenWithSpan>), HiveError> {
    let mut parser = Parser::new(&HiveQl).with_tokens_with_locations(tokens.to_vec());
    let head = insert_head(&mut parser)?;
    Ok((head, tokens[parser.index().min(tokens.len())..].to_vec()))
}

/// `SET` and `RESET` are not made of tokens: a value may hold anything.
fn settings(text: &str) -> Result<Option<Statement>, HiveError> {
    let text = text.trim().trim_end_matches(';').trim_end();
    let Some(word) = text.split_whitespace().next() else { return Err(HiveError::Empty) };
    if word.eq_ignore_ascii_case("reset") {
        return Ok(Some(Statement::Reset));
    }
    if !word.eq_ignore_ascii_case("set") {
        return Ok(None);
    }
    let rest = text[word.len()..].trim();
    Ok(Some(match rest.split_once('=') {
        Some((name, value)) => {
            let (name, value) = (name.trim(), value.trim());
            let good = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "._-:".contains(c));
            if !good {
                return Err(HiveError::Unsupported {
                    what: format!("SET {name}"),
                    fix: "write SET name=value, with letters, digits, dots, _ and - in the name".to_owned(),
                });
            }
            Statement::Set { name: Some(name.to_owned()), value: Some(value.to_owned()) }
        }
        None if rest.is_empty() || rest.eq_ignore_ascii_case("-v") => Statement::Set { name: None, value: None },
        None if rest.split_whitespace().next().is_some_and(|w| w.eq_ignore_ascii_case("role")) => {
            return Err(HiveError::unsupported("SET ROLE", "rights come from the access key"));
        }
        None => Statement::Set { name: Some(rest.to_owned()), value: None },
    }))
}

/// What cannot be had: the words that begin it, and what to do instead.
const REFUSED: &[(&str, &str, &str)] = &[
    ("export", "EXPORT", "read the table over the SQL API and store what you get"),
    ("import", "IMPORT", "create the table and LOAD DATA"),
    ("lock", "LOCK", "each statement sees one state of its tables; no lock is needed"),
    ("unlock", "UNLOCK", "there are no locks"),
    ("create role", "CREATE ROLE", "rights come from access keys"),
    ("drop role", "DROP ROLE", "rights come from access keys"),
    ("show roles", "SHOW ROLES", "rights come from access keys"),
    ("show current roles", "SHOW CURRENT ROLES", "rights come from access keys"),
    ("reload function", "RELOAD FUNCTION", "no Java classes run here; functions of the catalogue need no reload"),
    ("create index", "CREATE INDEX", "files keep statistics by themselves"),
    ("drop index", "DROP INDEX", "there are no indexes"),
    ("create materialized view", "CREATE MATERIALIZED VIEW", "use CREATE TABLE … AS SELECT"),
    ("alter database", "ALTER DATABASE", "make another database and rename the tables into it"),
    ("alter schema", "ALTER SCHEMA", "make another database and rename the tables into it"),
    ("insert overwrite directory", "INSERT OVERWRITE DIRECTORY", "insert into a table"),
    ("insert overwrite local directory", "INSERT OVERWRITE LOCAL DIRECTORY", "read the rows with your client"),
    ("add jar", "ADD JAR", "no Java classes run here"),
    ("add file", "ADD FILE", "no scripts run here"),
    ("start transaction", "START TRANSACTION", "each statement is a transaction of its own"),
    ("commit", "COMMIT", "each statement is a transaction of its own"),
    ("rollback", "ROLLBACK", "each statement is a transaction of its own"),
    ("abort", "ABORT TRANSACTIONS", "each statement is a transaction of its own"),
    ("show locks", "SHOW LOCKS", "there are no locks"),
    ("show transactions", "SHOW TRANSACTIONS", "each statement is a transaction of its own"),
    ("show compactions", "SHOW COMPACTIONS", "files are merged by themselves"),
];

/// The words with which statements begin.
const BEGINNINGS: &[&str] = &[
    "select", "with", "from", "values", "insert", "create", "drop", "alter", "truncate", "msck", "analyze", "load",
    "show", "describe", "desc", "use", "set", "reset", "explain", "grant", "revoke", "update", "delete", "merge",
];

fn refuse(tokens: &[TokenWithSpan]) -> Result<(), HiveError> {
    let begins = |words: &str| words.split(' ').enumerate().all(|(at, w)| is_word(tokens.get(at), w));
    if let Some((_, what, fix)) = REFUSED.iter().find(|(words, _, _)| begins(words)) {
        return Err(HiveError::unsupported(what, fix));
    }
    for (at, token) in tokens.iter().enumerate() {
        let selects = is_word(Some(token), "select") && is_word(tokens.get(at + 1), "transform");
        let maps = (is_word(Some(token), "map") || is_word(Some(token), "reduce")) && {
            let end = tokens.iter().skip(at).take(40).any(|t| is_word(Some(t), "using"));
            end && !matches!(tokens.get(at + 1).map(|t| &t.token), Some(Token::LParen | Token::Lt))
        };
        if selects || maps {
            return Err(HiveError::unsupported("TRANSFORM", "no scripts run inside a query; use functions"));
        }
    }
    Ok(())
}

/// Whether a token is this word, unquoted.
pub(super) fn is_word(token: Option<&TokenWithSpan>, word: &str) -> bool {
    matches!(token.map(|t| &t.token), Some(Token::Word(w)) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word))
}

/// Takes these words if they come next.
pub(super) fn eat(parser: &mut Parser, words: &str) -> bool {
    let there = words.split(' ').enumerate().all(|(at, word)| is_word(Some(parser.peek_nth_token_ref(at)), word));
    if there {
        words.split(' ').for_each(|_| drop(parser.next_token()));
    }
    there
}

/// Takes these words, or says that they were expected.
pub(super) fn want(parser: &mut Parser, words: &str) -> Result<(), HiveError> {
    if eat(parser, words) {
        return Ok(());
    }
    let next = parser.peek_token();
    Err(HiveError::syntax(format!("expected {}, found `{}`", words.to_uppercase(), next.token), next.span))
}

/// A name without a database.
pub(super) fn word(parser: &mut Parser) -> Result<String, HiveError> {
    Ok(parser.parse_identifier()?.value.to_lowercase())
}

/// A name with or without its database.
pub(super) fn name(parser: &mut Parser) -> Result<Name, HiveError> {
    let first = word(parser)?;
    if parser.consume_token(&Token::Period) {
        return Ok(Name { database: Some(first), name: word(parser)? });
    }
    Ok(Name { database: None, name: first })
}

/// A text in quotes.
pub(super) fn text(parser: &mut Parser) -> Result<String, HiveError> {
    let next = parser.next_token();
    match next.token {
        Token::SingleQuotedString(text) => Ok(text),
        other => Err(HiveError::syntax(format!("expected a text in quotes, found `{other}`"), next.span)),
    }
}

/// `PARTITION (a = 1, b)`, behind the word.
pub(super) fn partition(parser: &mut Parser) -> Result<PartitionSpec, HiveError> {
    parser.expect_token(&Token::LParen)?;
    let mut spec = Vec::new();
    loop {
        let column = word(parser)?;
        let value = if parser.consume_token(&Token::Eq) { Some(partition_value(parser)?) } else { None };
        spec.push((column, value));
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    parser.expect_token(&Token::RParen)?;
    Ok(spec)
}

/// A constant, as the text that stands in the folder's name.
pub(super) fn partition_value(parser: &mut Parser) -> Result<String, HiveError> {
    let at = parser.peek_token().span;
    let value = parser.parse_expr()?;
    constant(&value)
        .ok_or_else(|| HiveError::syntax("a partition's value must be a number, a text or a date".to_owned(), at))
}

fn constant(value: &Expr) -> Option<String> {
    match value {
        Expr::Value(value) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.clone()),
            Value::Number(digits, _) => Some(digits.clone()),
            Value::Boolean(flag) => Some(flag.to_string()),
            _ => None,
        },
        Expr::UnaryOp { op: datafusion::sql::sqlparser::ast::UnaryOperator::Minus, expr } => {
            constant(expr).map(|digits| format!("-{digits}"))
        }
        Expr::TypedString(typed) => typed.value.value.clone().into_string(),
        Expr::Identifier(word) => Some(word.value.clone()),
        Expr::Cast { expr, .. } => constant(expr),
        _ => None,
    }
}

fn statement(parser: &mut Parser, source: &str) -> Result<Statement, HiveError> {
    if eat(parser, "explain") {
        let what = match () {
            () if eat(parser, "analyze") => Explained::Run,
            () if eat(parser, "cost") => Explained::Cost,
            () => Explained::Plan,
        };
        while ["extended", "formatted", "dependency", "authorization", "logical", "ast", "cbo", "codegen"]
            .iter()
            .any(|w| eat(parser, w))
        {}
        return Ok(Statement::Explain { what, of: Box::new(statement(parser, source)?) });
    }
    if eat(parser, "use") {
        return Ok(Statement::Use(word(parser)?));
    }
    if eat(parser, "insert") {
        return Ok(Statement::Insert(vec![insert(parser)?]));
    }
    if eat(parser, "create") {
        return ddl::create(parser, source);
    }
    if eat(parser, "drop") {
        return ddl::drop_statement(parser);
    }
    if eat(parser, "alter") {
        return ddl::alter(parser, source);
    }
    if eat(parser, "truncate table") || eat(parser, "truncate") {
        let name = name(parser)?;
        let partition = if eat(parser, "partition") { partition(parser)? } else { Vec::new() };
        return Ok(Statement::Truncate { name, partition });
    }
    if eat(parser, "msck repair table") || eat(parser, "msck table") || eat(parser, "repair table") {
        let name = name(parser)?;
        let _ = eat(parser, "add partitions") || eat(parser, "sync partitions");
        return Ok(Statement::Repair(name));
    }
    if eat(parser, "analyze table") {
        let name = name(parser)?;
        if eat(parser, "partition") {
            partition(parser)?;
        }
        want(parser, "compute statistics")?;
        if eat(parser, "for columns") {
            while parser.peek_token_ref().token != Token::EOF {
                word(parser)?;
                let _ = parser.consume_token(&Token::Comma);
            }
        }
        let _ = eat(parser, "noscan") || eat(parser, "for all columns");
        return Ok(Statement::Analyze(name));
    }
    if eat(parser, "load data") {
        return load(parser).map(Statement::LoadData);
    }
    if eat(parser, "show") {
        return show::show(parser).map(Statement::Show);
    }
    if eat(parser, "describe") || eat(parser, "desc") {
        return show::describe(parser).map(Statement::Describe);
    }
    if ["update", "delete", "merge"].iter().any(|word| is_word(Some(parser.peek_token_ref()), word)) {
        return Ok(Statement::Change(Box::new(parser.parse_statement()?)));
    }
    let first = parser.peek_token();
    let query = matches!(&first.token, Token::LParen)
        || ["select", "with", "from", "values", "table"].iter().any(|w| is_word(Some(&first), w));
    if !query {
        let written = first.token.to_string();
        let near = doorstep_lake::catalog::nearest(&written, BEGINNINGS.iter().copied());
        let near = near.map(|near| format!("; did you mean {}?", near.to_uppercase())).unwrap_or_default();
        return Err(HiveError::syntax(format!("syntax error: no statement begins with `{written}`{near}"), first.span));
    }
    Ok(Statement::Query(parser.parse_query()?))
}

/// Behind the word INSERT, up to the end of its query.
pub(super) fn insert(parser: &mut Parser) -> Result<Insert, HiveError> {
    let mut head = insert_head(parser)?;
    let source = parser.parse_query()?;
    head.source = source;
    Ok(head)
}

/// Behind the word INSERT, up to its query, which stands empty.
pub(super) fn insert_head(parser: &mut Parser) -> Result<Insert, HiveError> {
    let overwrite = eat(parser, "overwrite");
    if !overwrite {
        want(parser, "into")?;
    }
    let _ = eat(parser, "table");
    let table = name(parser)?;
    let mut columns = columns(parser)?;
    let partition = if eat(parser, "partition") { partition(parser)? } else { Vec::new() };
    let if_not_exists = eat(parser, "if not exists");
    if columns.is_empty() {
        columns = self::columns(parser)?;
    }
    let source = read_query("select 1")?;
    Ok(Insert { table, overwrite, partition, columns, if_not_exists, source })
}

/// `(a, b)` if it comes next and is no query in parentheses.
fn columns(parser: &mut Parser) -> Result<Vec<String>, HiveError> {
    let list = parser.peek_token_ref().token == Token::LParen
        && matches!(parser.peek_nth_token_ref(2).token, Token::Comma | Token::RParen)
        && !is_word(Some(parser.peek_nth_token_ref(1)), "select");
    if !list {
        return Ok(Vec::new());
    }
    let idents =
        parser.parse_parenthesized_column_list(datafusion::sql::sqlparser::parser::IsOptional::Mandatory, false)?;
    Ok(idents.into_iter().map(|i| i.value.to_lowercase()).collect())
}

fn load(parser: &mut Parser) -> Result<LoadData, HiveError> {
    let local = eat(parser, "local");
    want(parser, "inpath")?;
    let path = text(parser)?;
    let overwrite = eat(parser, "overwrite");
    want(parser, "into table")?;
    let table = name(parser)?;
    let partition = if eat(parser, "partition") { partition(parser)? } else { Vec::new() };
    Ok(LoadData { local, path, overwrite, table, partition })
}

/// `[IN|FROM database] [[LIKE] 'pattern']`.
pub(super) fn scope(parser: &mut Parser) -> Result<(Option<String>, Option<String>), HiveError> {
    let database = if eat(parser, "in") || eat(parser, "from") { Some(word(parser)?) } else { None };
    let _ = eat(parser, "like");
    let pattern = matches!(parser.peek_token_ref().token, Token::SingleQuotedString(_)).then(|| text(parser));
    Ok((database, pattern.transpose()?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_told_apart() {
        for (text, kind) in [
            ("select 1;", "query"),
            ("with a as (select 1) select * from a", "query"),
            ("from t select a", "query"),
            ("(select 1) union all (select 2)", "query"),
            ("set a.b=1;2", "set"),
            ("SET", "set"),
            ("reset", "set"),
            ("use db", "use"),
            ("insert into t values (1)", "insert"),
            ("insert into table t (a, b) select 1, 2", "insert"),
            ("insert overwrite table d.t partition (x = '1', y) if not exists select 1", "insert"),
            ("from t insert into a select x insert into b select y where z", "insert"),
            ("create table t (a int)", "create_table"),
            ("create view v as select 1", "create_view"),
            ("show tables in d 'x*'", "show"),
            ("describe formatted d.t", "describe"),
            ("msck repair table t", "repair"),
            ("analyze table t partition (a = 1) compute statistics for columns a, b", "analyze"),
            ("load data local inpath '/x' overwrite into table t partition (a = 1)", "load_data"),
            ("truncate table t", "truncate"),
            ("explain extended select 1", "explain"),
            ("explain cost select 1", "explain"),
            ("update t set a = 1 where b = 2", "change"),
            ("delete from t where b = 2", "change"),
            ("merge into t using s on t.a = s.a when not matched then insert values (s.a)", "change"),
            ("grant select on table t to user k", "grants"),
            ("create temporary macro twice(x int) x * 2", "create_function"),
            ("create function d.twice(x int) returns bigint return x * 2", "create_function"),
            ("drop temporary macro if exists twice", "drop_function"),
            ("drop function d.twice", "drop_function"),
        ] {
            assert_eq!(parse(text).unwrap().kind(), kind, "{text}");
        }
        let Statement::Set { name, value } = parse("set hive.x = a;b ;").unwrap() else { panic!() };
        assert_eq!((name.as_deref(), value.as_deref()), (Some("hive.x"), Some("a;b")));
    }

    #[test]
    fn what_cannot_be_had_is_named() {
        for (text, what) in [
            ("export table a to 'x'", "EXPORT"),
            ("select transform(a) using 'x' as b from t", "TRANSFORM"),
            ("from (map a using 'x' as b from t) q select b", "TRANSFORM"),
            ("insert overwrite directory '/x' select 1", "INSERT OVERWRITE DIRECTORY"),
            ("create temporary function f as 'c'", "CREATE FUNCTION"),
            ("set role admin", "SET ROLE"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(matches!(&error, HiveError::Unsupported { .. }) && error.to_string().contains(what), "{error}");
        }
    }

    #[test]
    fn mistakes_have_a_place() {
        for (text, place) in [
            ("selec 1", "line 1, column 1"),
            ("select 1\nfrom", "identifier"),
            ("select 1 2", "line 1, column 10"),
            ("insert t", "expected INTO"),
            ("create table t (a blob)", "blob"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.to_lowercase().contains(&place.to_lowercase()), "{text}: {error}");
        }
        assert!(matches!(parse(" ; "), Err(HiveError::Empty)));
        assert!(matches!(parse("-- nothing"), Err(HiveError::Empty)));
    }

    #[test]
    fn the_deepest_statement_that_is_taken_fits_the_stack() {
        let worker = std::thread::Builder::new().stack_size(2 << 20);
        let deep = worker.spawn(|| {
            let nested = format!(
                "select {}1{} from t where {}",
                "(1 + ".repeat(12),
                ")".repeat(12),
                "a = 1 or ".repeat(95) + "b"
            );
            let unions = vec!["select a from t where a > 1"; 200].join(" union all ");
            for text in [nested, unions] {
                let Statement::Query(mut query) = parse(&text).unwrap() else { panic!() };
                super::super::rewrite(&mut query, &super::super::Asker::default()).unwrap();
            }
        });
        deep.unwrap().join().unwrap();
    }

    proptest::proptest! {
        #[test]
        fn no_words_make_it_panic(words in proptest::collection::vec(
            proptest::sample::select(vec!["select", "from", "(", ")", ",", "insert", "into", "table", "partition", "=",
                "'x'", "1", "a", "lateral", "view", "explode", "as", "create", "by", "sort", "over", "array", "<", ">",
                "struct", ":", "int", "`b`", ".", "*", ";", "show", "alter", "add", "drop", "not"]), 0..25)) {
            let _ = parse(&words.join(" ")).map(|s| if let Statement::Query(mut q) = s { let _ = super::super::rewrite(&mut q, &super::super::Asker::default()); });
        }
    }
}
