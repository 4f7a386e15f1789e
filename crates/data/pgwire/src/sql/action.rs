//! What a statement asks for. Statements about the session are read here; the lake has none of them.

use datafusion::sql::parser::Statement as Parsed;
use datafusion::sql::sqlparser::ast::{ObjectType, SetExpr, Statement as Ast};
use datafusion::sql::sqlparser::tokenizer::Token;

use super::pieces::Piece;
use crate::PgError;

/// How many rows of a cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Count {
    /// At most so many.
    Rows(usize),
    /// Those that are left.
    All,
}

/// See the module's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Nothing is asked.
    Empty,
    /// A transaction begins.
    Begin,
    /// It ends well.
    Commit,
    /// It ends, and what it wrote should be undone.
    Rollback,
    /// What was written since a savepoint should be undone.
    RollbackTo,
    /// A setting gets a value.
    Set(String, String),
    /// A setting gets its default back; all do without a name.
    Reset(Option<String>),
    /// A setting is asked for; all are without a name.
    Show(Option<String>),
    /// Everything of the session is forgotten.
    Discard,
    /// A prepared statement is forgotten; all are without a name.
    Deallocate(Option<String>),
    /// A cursor over a query.
    Declare {
        /// Its name.
        name: String,
        /// The byte of the statement at which its query begins.
        query: usize,
        /// Whether it outlives the transaction.
        hold: bool,
    },
    /// Rows of a cursor.
    Fetch(String, Count),
    /// A cursor goes on without handing its rows out.
    Move(String, Count),
    /// A cursor is closed; all are without a name.
    Close(Option<String>),
    /// It is done by doing nothing; with the words that say so.
    Nothing(&'static str),
    /// The lake's.
    Run,
}

/// Names of settings that are the lake's own.
fn is_the_lakes(name: &str) -> bool {
    name == doorstep_lake::SPEED || name.starts_with("datafusion.")
}

/// Reads what a statement asks for.
///
/// # Errors
/// A statement about the session that is none, or that is not offered.
pub(crate) fn read(piece: &Piece) -> Result<Action, PgError> {
    let word = |at: usize| piece.word(at).unwrap_or_default();
    let third = word(2);
    Ok(match (word(0).as_str(), word(1).as_str()) {
        ("BEGIN", _) | ("START", "TRANSACTION") => Action::Begin,
        ("COMMIT", "PREPARED") | ("ROLLBACK", "PREPARED") | ("PREPARE", "TRANSACTION") => return Err(no_two_phases()),
        ("COMMIT" | "END", _) => Action::Commit,
        ("ROLLBACK", "TO") => Action::RollbackTo,
        ("ROLLBACK", "WORK" | "TRANSACTION") if third == "TO" => Action::RollbackTo,
        ("ROLLBACK" | "ABORT", _) => Action::Rollback,
        ("SAVEPOINT", _) => Action::Nothing("SAVEPOINT"),
        ("RELEASE", _) => Action::Nothing("RELEASE"),
        ("SET", "SESSION") if third == "CHARACTERISTICS" => Action::Nothing("SET"),
        ("SET", "TRANSACTION" | "CONSTRAINTS") => Action::Nothing("SET"),
        ("SET", "SESSION" | "LOCAL") => set(piece, 2)?,
        ("SET", _) => set(piece, 1)?,
        ("RESET", "ALL") => Action::Reset(None),
        ("RESET", _) => match dotted(piece, 1) {
            Some((name, _)) if !is_the_lakes(&name) => Action::Reset(Some(name)),
            _ => Action::Run,
        },
        ("SHOW", "ALL") => Action::Show(None),
        ("SHOW", "TRANSACTION") => Action::Show(Some("transaction_isolation".to_owned())),
        ("SHOW", "SESSION") => Action::Show(Some("session_authorization".to_owned())),
        ("SHOW", "TIME") => Action::Show(Some("timezone".to_owned())),
        ("SHOW", "TABLES" | "COLUMNS" | "DATABASES" | "SCHEMAS" | "FUNCTIONS" | "CREATE" | "GRANT" | "GRANTS") => {
            Action::Run
        }
        ("SHOW", _) => match dotted(piece, 1) {
            Some((name, _)) if !is_the_lakes(&name) => Action::Show(Some(name)),
            _ => Action::Run,
        },
        ("DISCARD", _) => Action::Discard,
        ("DEALLOCATE", second) => {
            let at = if second == "PREPARE" { 2 } else { 1 };
            Action::Deallocate(piece.name(at).filter(|_| word(at) != "ALL"))
        }
        ("DECLARE", _) => declare(piece)?,
        ("FETCH", _) => {
            let (name, count) = cursor(piece)?;
            Action::Fetch(name, count)
        }
        ("MOVE", _) => {
            let (name, count) = cursor(piece)?;
            Action::Move(name, count)
        }
        ("CLOSE", "ALL") => Action::Close(None),
        ("CLOSE", _) => Action::Close(Some(piece.name(1).ok_or_else(|| expected("the name of a cursor"))?)),
        ("UNLISTEN", _) => Action::Nothing("UNLISTEN"),
        ("LISTEN" | "NOTIFY", _) => return Err(unsupported("LISTEN and NOTIFY", "ask for the state of things again")),
        ("PREPARE" | "EXECUTE", _) => {
            return Err(unsupported("PREPARE as a statement", "prepare by your driver, with the extended protocol"));
        }
        ("COPY", _) => return Err(unsupported("COPY", "use INSERT … SELECT, or fetch the answer over HTTP")),
        ("VACUUM", _) => Action::Nothing("VACUUM"),
        ("ANALYZE", _) => Action::Nothing("ANALYZE"),
        _ => Action::Run,
    })
}

fn unsupported(what: &str, fix: &str) -> PgError {
    PgError::invalid("0A000", format!("{what} is not supported"), fix)
}

fn no_two_phases() -> PgError {
    unsupported("a transaction in two phases", "each statement is a transaction of its own")
}

fn expected(what: &str) -> PgError {
    PgError::Syntax { reason: format!("expected {what}"), place: None, fix: None }
}

/// A name with points in it, and where it ends.
fn dotted(piece: &Piece, from: usize) -> Option<(String, usize)> {
    let (mut name, mut at) = (piece.name(from)?.to_lowercase(), from + 1);
    while matches!(piece.tokens.get(at), Some(Token::Period)) {
        name = format!("{name}.{}", piece.name(at + 1)?.to_lowercase());
        at += 2;
    }
    Some((name, at))
}

fn set(piece: &Piece, from: usize) -> Result<Action, PgError> {
    if piece.word(from).as_deref() == Some("TIME") && piece.word(from + 1).as_deref() == Some("ZONE") {
        return value(piece, "timezone".to_owned(), from + 2);
    }
    if piece.word(from).as_deref() == Some("NAMES") {
        return value(piece, "client_encoding".to_owned(), from + 1);
    }
    let (name, at) = dotted(piece, from).ok_or_else(|| expected("the name of a setting"))?;
    if is_the_lakes(&name) {
        return Ok(Action::Run);
    }
    let sign = matches!(piece.tokens.get(at), Some(Token::Eq)) || piece.word(at).as_deref() == Some("TO");
    if !sign {
        return Err(expected("= or TO behind the name of the setting"));
    }
    value(piece, name, at + 1)
}

fn value(piece: &Piece, name: String, from: usize) -> Result<Action, PgError> {
    if piece.word(from).as_deref() == Some("DEFAULT") {
        return Ok(Action::Reset(Some(name)));
    }
    let mut value = String::new();
    for (at, token) in piece.tokens.iter().enumerate().skip(from) {
        match token {
            Token::Comma => value.push_str(", "),
            Token::Minus | Token::Plus => value.push_str(&token.to_string()),
            _ => value.push_str(&piece.name(at).ok_or_else(|| expected("a value of the setting"))?),
        }
    }
    if value.is_empty() && piece.tokens.len() <= from {
        return Err(expected("a value of the setting"));
    }
    Ok(Action::Set(name, value))
}

fn declare(piece: &Piece) -> Result<Action, PgError> {
    let name = piece.name(1).ok_or_else(|| expected("the name of a cursor"))?;
    let words: Vec<String> = (2..piece.tokens.len()).map_while(|at| piece.word(at)).collect();
    let before_for = words.iter().position(|w| w == "FOR").ok_or_else(|| expected("CURSOR FOR and a query"))?;
    let options = &words[..before_for];
    if let Some(at) = options.iter().position(|w| w == "SCROLL")
        && options.get(at.wrapping_sub(1)).map(String::as_str) != Some("NO")
    {
        return Err(unsupported("a cursor that goes back", "declare it with NO SCROLL, or run the query again"));
    }
    if !options.iter().any(|w| w == "CURSOR") {
        return Err(expected("CURSOR FOR and a query"));
    }
    let hold = options.windows(2).any(|two| two == ["WITH", "HOLD"]);
    Ok(Action::Declare { name, query: piece.ends[2 + before_for], hold })
}

/// `[FORWARD] [count | ALL | NEXT] [FROM | IN] name`.
fn cursor(piece: &Piece) -> Result<(String, Count), PgError> {
    let (mut at, mut count, mut found) = (1, Count::Rows(1), None);
    while at < piece.tokens.len() {
        match (piece.word(at).as_deref(), piece.tokens.get(at)) {
            (Some("FORWARD" | "NEXT" | "FROM" | "IN"), _) => {}
            (Some("ALL"), _) => count = Count::All,
            (Some("BACKWARD" | "PRIOR" | "FIRST" | "LAST" | "ABSOLUTE" | "RELATIVE"), _) | (_, Some(Token::Minus)) => {
                return Err(unsupported("a cursor that goes back or jumps", "run the query again, with OFFSET"));
            }
            (_, Some(Token::Number(number, _))) => {
                count = Count::Rows(number.parse().map_err(|_| expected("a count of rows"))?);
            }
            _ => found = piece.name(at),
        }
        at += 1;
    }
    Ok((found.ok_or_else(|| expected("the name of a cursor"))?, count))
}

/// Whether the lake answers a statement with rows, and the words that say that it is done.
pub(crate) fn kind_of(statement: &Parsed) -> (bool, &'static str) {
    let ast = match statement {
        Parsed::Statement(ast) => ast,
        Parsed::Explain(_) => return (true, "EXPLAIN"),
        Parsed::CreateExternalTable(_) => return (false, "CREATE TABLE"),
        Parsed::CopyTo(_) => return (false, "COPY"),
        Parsed::Reset(_) => return (false, "RESET"),
    };
    match &**ast {
        Ast::Query(query) => match &*query.body {
            SetExpr::Insert(_) => (false, "INSERT"),
            SetExpr::Update(_) => (false, "UPDATE"),
            SetExpr::Delete(_) => (false, "DELETE"),
            SetExpr::Merge(_) => (false, "MERGE"),
            _ => (true, "SELECT"),
        },
        Ast::Explain { .. } | Ast::ExplainTable { .. } => (true, "EXPLAIN"),
        Ast::ShowTables { .. }
        | Ast::ShowColumns { .. }
        | Ast::ShowDatabases { .. }
        | Ast::ShowSchemas { .. }
        | Ast::ShowFunctions { .. }
        | Ast::ShowCreate { .. }
        | Ast::ShowVariable { .. } => (true, "SHOW"),
        Ast::Insert(_) => (false, "INSERT"),
        Ast::Update { .. } => (false, "UPDATE"),
        Ast::Delete(_) => (false, "DELETE"),
        Ast::CreateTable(create) if create.query.is_some() => (false, "SELECT"),
        Ast::CreateTable(_) => (false, "CREATE TABLE"),
        Ast::CreateView { .. } => (false, "CREATE VIEW"),
        Ast::CreateSchema { .. } => (false, "CREATE SCHEMA"),
        Ast::CreateDatabase { .. } => (false, "CREATE DATABASE"),
        Ast::AlterTable { .. } => (false, "ALTER TABLE"),
        Ast::Truncate { .. } => (false, "TRUNCATE TABLE"),
        Ast::Use(_) => (false, "USE"),
        Ast::Drop { object_type, .. } => match object_type {
            ObjectType::View => (false, "DROP VIEW"),
            ObjectType::Schema => (false, "DROP SCHEMA"),
            ObjectType::Database => (false, "DROP DATABASE"),
            _ => (false, "DROP TABLE"),
        },
        _ => (false, "DONE"),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::pieces::pieces;
    use super::*;

    fn action(text: &str) -> Action {
        read(&pieces(text).unwrap()[0]).unwrap()
    }

    #[test]
    fn what_is_said_about_the_session_is_read() {
        let set = |name: &str, value: &str| Action::Set(name.to_owned(), value.to_owned());
        assert_eq!(action("BEGIN ISOLATION LEVEL SERIALIZABLE"), Action::Begin);
        assert_eq!(action("set client_encoding to 'UTF8'"), set("client_encoding", "UTF8"));
        assert_eq!(action("SET extra_float_digits = -3"), set("extra_float_digits", "-3"));
        assert_eq!(action("SET search_path = \"$user\", public"), set("search_path", "$user, public"));
        assert_eq!(action("SET SESSION TIME ZONE 'UTC'"), set("timezone", "UTC"));
        assert_eq!(action("SET LOCAL my.own = 1"), set("my.own", "1"));
        assert_eq!(action("SET speed = 'fast'"), Action::Run);
        assert_eq!(action("SHOW TRANSACTION ISOLATION LEVEL"), Action::Show(Some("transaction_isolation".to_owned())));
        assert_eq!(action("SHOW TABLES"), Action::Run);
        assert_eq!(action("RESET ALL"), Action::Reset(None));
        assert_eq!(action("DEALLOCATE \"s1\""), Action::Deallocate(Some("s1".to_owned())));
        assert_eq!(action("SELECT 1"), Action::Run);
    }

    #[test]
    fn cursors_go_forward() {
        let text = "DECLARE \"for x\" NO SCROLL CURSOR WITH HOLD FOR SELECT 1 FOR";
        let Action::Declare { name, query, hold } = action(text) else { panic!("no cursor") };
        assert_eq!((name.as_str(), &text[query..], hold), ("for x", " SELECT 1 FOR", true));
        assert_eq!(action("FETCH FORWARD 100 FROM \"for x\""), Action::Fetch("for x".to_owned(), Count::Rows(100)));
        assert_eq!(action("FETCH c"), Action::Fetch("c".to_owned(), Count::Rows(1)));
        assert_eq!(action("MOVE ALL IN c"), Action::Move("c".to_owned(), Count::All));
        assert!(read(&pieces("FETCH BACKWARD 1 FROM c").unwrap()[0]).is_err());
        assert!(read(&pieces("DECLARE c SCROLL CURSOR FOR SELECT 1").unwrap()[0]).is_err());
    }
}
