//! `GRANT`, `REVOKE` and `SHOW GRANT`: who may see and change what, in SQL.
//!
//! The same grants as those of the API. The part that lets a key read (columns, rows) is one: granting it again puts
//! the new one in its place; rights to change rows add up.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::error::DataFusionError;
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use super::local::LocalEngine;
use super::scope::Scope;
use super::session::Session;
use super::statements::{self, ident};
use crate::LakeError;
use crate::catalog::{BUILT_IN_DATABASE, Grant, Right};

/// All tables of a database.
const ALL: &str = "*";
/// Keys that one statement may name.
const KEYS: usize = 100;

/// What a statement about grants asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Permission {
    what: What,
    /// The SQL condition of rows behind `WHERE`, as it was written.
    pub condition: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Grant(Rights, Target, Vec<String>),
    Revoke(Rights, Target, Vec<String>),
    Show { key: Option<String>, target: Option<Target> },
}

/// Which rights. `read` holds the columns, if some were named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rights {
    read: Option<Option<Vec<String>>>,
    change: BTreeSet<Right>,
}

/// A table, or all of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Target {
    database: Option<String>,
    table: String,
}

/// One grant, for lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// Whose.
    pub key: String,
    /// The database.
    pub database: String,
    /// The table or view; `*` for all of the database.
    pub table: String,
    /// What of it.
    pub grant: Grant,
}

impl Permission {
    /// Reads a statement, if it is one about grants.
    ///
    /// # Errors
    /// [`LakeError::Sql`] with the place, [`LakeError::Unsupported`] for what cannot be granted.
    #[must_use]
    pub fn read(text: &str) -> Option<Result<Self, LakeError>> {
        let begins = |words: &[&str]| statements::behind(words, text).is_some();
        let ours = begins(&["GRANT"]) || begins(&["REVOKE"]) || shows(text);
        ours.then(|| parse(text))
    }

    /// Whether it asks for rows.
    #[must_use]
    pub const fn has_rows(&self) -> bool {
        matches!(self.what, What::Show { .. })
    }
}

/// Whether a statement is `SHOW GRANT …` or `SHOW GRANTS …`.
fn shows(text: &str) -> bool {
    let mut words = text.split(|c: char| c.is_whitespace() || c == ';').filter(|word| !word.is_empty());
    let grant = |word: &str| word.eq_ignore_ascii_case("grant") || word.eq_ignore_ascii_case("grants");
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("show")) && words.next().is_some_and(grant)
}

fn unread(error: ParserError) -> LakeError {
    DataFusionError::from(error).into()
}

fn parse(text: &str) -> Result<Permission, LakeError> {
    let bare = text.trim_end().trim_end_matches(';');
    let dialect = GenericDialect {};
    let tokens = Tokenizer::new(&dialect, bare).tokenize_with_location().map_err(|e| unread(e.into()))?;
    let mut reader = Reader { parser: Parser::new(&dialect).with_tokens_with_locations(tokens), text: bare };
    let permission = reader.permission()?;
    if reader.parser.peek_token_ref().token != Token::EOF {
        return Err(reader.expected("the end of the statement"));
    }
    Ok(permission)
}

struct Reader<'a> {
    parser: Parser<'a>,
    text: &'a str,
}

impl Reader<'_> {
    /// Takes these words if they come next.
    fn eat(&mut self, words: &str) -> bool {
        let is = |token: &Token, word: &str| matches!(token, Token::Word(w) if w.quote_style.is_none() && w.value.eq_ignore_ascii_case(word));
        let there = words.split(' ').enumerate().all(|(at, word)| is(&self.parser.peek_nth_token_ref(at).token, word));
        if there {
            words.split(' ').for_each(|_| drop(self.parser.next_token()));
        }
        there
    }

    fn want(&mut self, words: &str) -> Result<(), LakeError> {
        if self.eat(words) { Ok(()) } else { Err(self.expected(words)) }
    }

    fn expected(&self, what: &str) -> LakeError {
        let found = self.parser.peek_token_ref();
        let place = crate::Place { line: found.span.start.line, column: found.span.start.column };
        LakeError::Sql {
            reason: format!("expected {what}, found {}", found.token),
            place: Some(place),
            fix: Some("write GRANT SELECT (a, b) ON TABLE t TO USER key_… WHERE condition".to_owned()),
        }
    }

    fn name(&mut self) -> Result<String, LakeError> {
        self.parser.parse_identifier().map(|name| ident(&name)).map_err(unread)
    }

    fn permission(&mut self) -> Result<Permission, LakeError> {
        if self.eat("show") {
            let _ = self.eat("grants") || self.eat("grant");
            return Ok(Permission { what: self.show()?, condition: None });
        }
        let granting = self.eat("grant");
        if !granting {
            self.want("revoke")?;
            if self.eat("grant option for") {
                return Err(no_option());
            }
        }
        let rights = self.rights()?;
        self.want("on")?;
        let target = self.target()?;
        self.want(if granting { "to" } else { "from" })?;
        let keys = self.keys()?;
        if self.eat("with grant option") {
            return Err(no_option());
        }
        let mut condition = None;
        if granting && self.eat("where") {
            let from = self.parser.peek_token_ref().span.start;
            condition = Some(self.rest(from.line, from.column).ok_or_else(|| self.expected("a condition"))?);
            self.parser.parse_expr().map_err(unread)?;
        }
        let what = if granting { What::Grant(rights, target, keys) } else { What::Revoke(rights, target, keys) };
        Ok(Permission { what, condition })
    }

    /// The text from a place on.
    fn rest(&self, line: u64, column: u64) -> Option<String> {
        let (line, column) = (usize::try_from(line).ok()?, usize::try_from(column).ok()?);
        let from: usize = self.text.split_inclusive('\n').take(line.checked_sub(1)?).map(str::len).sum();
        let within = self.text.get(from..)?.char_indices().nth(column.checked_sub(1)?)?.0;
        Some(self.text.get(from + within..)?.trim().to_owned())
    }

    fn show(&mut self) -> Result<What, LakeError> {
        let mut key = None;
        if self.eat("role") {
            return Err(no_roles());
        }
        if !matches!(&self.parser.peek_token_ref().token, Token::EOF)
            && (self.eat("user") || self.eat("for user") || self.eat("for"))
        {
            key = Some(self.name_as_written()?);
        }
        let mut target = None;
        if self.eat("on") && !self.eat("all") {
            target = Some(self.target()?);
        }
        Ok(What::Show { key, target })
    }

    fn rights(&mut self) -> Result<Rights, LakeError> {
        let mut rights = Rights::default();
        if self.eat("all") {
            let _ = self.eat("privileges");
            let change = Right::ALL.into_iter().collect();
            return Ok(Rights { read: Some(None), change });
        }
        loop {
            if self.eat("select") {
                rights.read = Some(self.columns()?);
            } else if self.eat("insert") {
                rights.change.insert(Right::Insert);
            } else if self.eat("update") {
                rights.change.insert(Right::Update);
            } else if self.eat("delete") {
                rights.change.insert(Right::Delete);
            } else {
                return Err(self.expected("SELECT, INSERT, UPDATE, DELETE or ALL"));
            }
            if self.parser.peek_token_ref().token == Token::LParen {
                let fix = "name columns behind SELECT; who may change a table may change all of a row";
                return Err(LakeError::unsupported("a right to change some columns", fix));
            }
            if !self.parser.consume_token(&Token::Comma) {
                return Ok(rights);
            }
        }
    }

    fn columns(&mut self) -> Result<Option<Vec<String>>, LakeError> {
        if !self.parser.consume_token(&Token::LParen) {
            return Ok(None);
        }
        let mut columns = vec![self.name()?];
        while self.parser.consume_token(&Token::Comma) {
            columns.push(self.name()?);
        }
        self.parser.expect_token(&Token::RParen).map_err(unread)?;
        Ok(Some(columns))
    }

    fn target(&mut self) -> Result<Target, LakeError> {
        let all = self.eat("all tables in schema") || self.eat("all tables in database");
        if all || self.eat("database") || self.eat("schema") {
            return Ok(Target { database: Some(self.name()?), table: ALL.to_owned() });
        }
        let _ = self.eat("table") || self.eat("view");
        let first = self.name()?;
        if !self.parser.consume_token(&Token::Period) {
            return Ok(Target { database: None, table: first });
        }
        if self.parser.consume_token(&Token::Mul) {
            return Ok(Target { database: Some(first), table: ALL.to_owned() });
        }
        Ok(Target { database: Some(first), table: self.name()? })
    }

    fn keys(&mut self) -> Result<Vec<String>, LakeError> {
        let mut keys = Vec::new();
        loop {
            if self.eat("role") || self.eat("group") {
                return Err(no_roles());
            }
            let _ = self.eat("user");
            keys.push(self.name_as_written()?);
            if keys.len() > KEYS {
                return Err(LakeError::invalid(
                    "keys",
                    format!("there are more than {KEYS}"),
                    "write several statements",
                ));
            }
            if !self.parser.consume_token(&Token::Comma) {
                return Ok(keys);
            }
        }
    }

    /// A key's id: its letters count.
    fn name_as_written(&mut self) -> Result<String, LakeError> {
        if let Token::SingleQuotedString(text) = &self.parser.peek_token_ref().token {
            let text = text.clone();
            self.parser.next_token();
            return Ok(text);
        }
        self.parser.parse_identifier().map(|name| name.value).map_err(unread)
    }
}

fn no_roles() -> LakeError {
    LakeError::unsupported("a role", "grant to access keys: TO USER key_…")
}

fn no_option() -> LakeError {
    LakeError::unsupported("GRANT OPTION", "keys with the scope operator grant")
}

impl LocalEngine {
    /// Lets a key see a table, or ends that with `None`. `*` is every table of the database.
    ///
    /// # Errors
    /// [`LakeError::Denied`] unless the session is an operator's, what is wrong with the grant, the store's.
    pub async fn grant(
        &self,
        session: &Session,
        key: &str,
        database: &str,
        table: &str,
        grant: Option<&Grant>,
    ) -> Result<(), LakeError> {
        may_grant(session)?;
        if let Some(grant) = grant.filter(|_| table != ALL) {
            self.0.scope(session).await?.check_grant(database, table, grant).await?;
        }
        self.0.catalog.grant(session.tenant(), key, database, table, grant).await
    }

    /// Carries out what a statement about grants asks for.
    ///
    /// # Errors
    /// [`LakeError::Denied`] unless the session is an operator's, what is wrong with the grant, the store's.
    pub async fn permit(&self, session: &Session, asked: &Permission) -> Result<RecordBatch, LakeError> {
        let (inner, session, asked) = (Arc::clone(&self.0), session.clone(), asked.clone());
        self.on_a_large_stack(async move { carry_out(&inner.scope(&session).await?, &asked).await }).await
    }

    /// The grants of the tenant, sorted by database, table and key; for a key that is no operator's, its own.
    ///
    /// # Errors
    /// The store's.
    pub async fn grants(&self, session: &Session) -> Result<Vec<Granted>, LakeError> {
        Ok(visible(&*self.0.scope(session).await?))
    }
}

fn visible(scope: &Scope) -> Vec<Granted> {
    let own = scope.session.principal().key.as_str();
    let mut all: Vec<Granted> = scope
        .holdings
        .grants
        .iter()
        .filter(|((key, ..), _)| scope.session.runs_the_place() || key == own)
        .map(|((key, database, table), grant)| Granted {
            key: key.clone(),
            database: database.clone(),
            table: table.clone(),
            grant: grant.clone(),
        })
        .collect();
    all.sort_by(|a, b| (&a.database, &a.table, &a.key).cmp(&(&b.database, &b.table, &b.key)));
    all
}

/// See [`LocalEngine::permit`].
pub(super) async fn carry_out(scope: &Arc<Scope>, asked: &Permission) -> Result<RecordBatch, LakeError> {
    match &asked.what {
        What::Show { key, target } => show(scope, key.as_deref(), target.as_ref()),
        What::Grant(rights, target, keys) => {
            may_grant(&scope.session)?;
            let (database, table) = named(scope, target)?;
            let (rights, rows) = (rights.clone(), asked.condition.clone());
            if let Some(columns) = rights.read.clone().filter(|_| table != ALL) {
                let read = Grant { columns, rows: rows.clone(), ..Grant::default() };
                scope.check_grant(&database, &table, &read).await?;
            }
            let name = table.clone();
            let change = move |_: &str, own: Option<&Grant>, all: Option<&Grant>| {
                // Who may read all of the database may read the table.
                let old = own.or(all.filter(|_| rights.read.is_none()));
                widened(old, &rights, rows.as_deref(), &name).map(Some)
            };
            scope.engine.catalog.change_grants(scope.session.tenant(), keys, (&database, &table), change).await?;
            Ok(statements::nothing())
        }
        What::Revoke(rights, target, keys) => {
            may_grant(&scope.session)?;
            let (database, table) = named(scope, target)?;
            let all = match &rights.read {
                Some(Some(_)) => scope.columns(&database, &table).await?,
                _ => Vec::new(),
            };
            let (rights, on) = (rights.clone(), format!("{database}.{table}"));
            let change = move |key: &str, own: Option<&Grant>, _: Option<&Grant>| match own {
                Some(old) => narrowed(old, &rights, &all),
                None => Err(LakeError::Unknown { what: "grant", name: format!("of {key} on {on}"), near: None }),
            };
            scope.engine.catalog.change_grants(scope.session.tenant(), keys, (&database, &table), change).await?;
            Ok(statements::nothing())
        }
    }
}

fn may_grant(session: &Session) -> Result<(), LakeError> {
    if session.runs_the_place() { Ok(()) } else { Err(LakeError::Denied { action: "grant".to_owned() }) }
}

/// Database and table, which are there and which the session may see. A bare name that the session's database lacks
/// may be a built-in table's.
fn named(scope: &Scope, target: &Target) -> Result<(String, String), LakeError> {
    let database = target.database.clone().unwrap_or_else(|| scope.database.clone());
    let table = target.table.clone();
    let known = database == BUILT_IN_DATABASE || scope.holdings.databases.contains_key(&database);
    if !known {
        let near = crate::catalog::nearest(&database, scope.holdings.databases.keys().map(String::as_str));
        return Err(LakeError::Unknown { what: "database", name: database, near });
    }
    if table == ALL || database == BUILT_IN_DATABASE && scope.engine.tables.has(&table) {
        return Ok((database, table));
    }
    let built_in = target.database.is_none() && scope.engine.tables.has(&table);
    if built_in && scope.holdings.table(&database, &table).is_none() {
        return Ok((BUILT_IN_DATABASE.to_owned(), table));
    }
    if scope.holdings.table(&database, &table).is_some_and(|own| own.name != table) {
        return Err(LakeError::unsupported(
            "GRANT on a temporary table",
            "nobody else sees it; make a table of its rows",
        ));
    }
    if scope.holdings.table(&database, &table).is_none() || scope.grant(&database, &table).is_none() {
        let names = scope.table_names(&database);
        let near = crate::catalog::nearest(&table, names.iter().map(String::as_str));
        return Err(LakeError::Unknown { what: "table", name: format!("{database}.{table}"), near });
    }
    Ok((database, table))
}

/// What a key has after a GRANT.
fn widened(old: Option<&Grant>, rights: &Rights, rows: Option<&str>, table: &str) -> Result<Grant, LakeError> {
    let mut grant = match (&rights.read, old) {
        (Some(columns), old) => {
            if table == ALL && (columns.is_some() || rows.is_some()) {
                let reason = "columns and rows belong to one table";
                return Err(LakeError::invalid("ON", reason, "write one GRANT for each table"));
            }
            let (columns, rows) = (columns.clone(), rows.map(str::to_owned));
            Grant { columns, rows, ..old.cloned().unwrap_or_default() }
        }
        (None, _) if rows.is_some() => {
            let reason = "rows are chosen for reading";
            return Err(LakeError::invalid("WHERE", reason, "write GRANT SELECT … WHERE …"));
        }
        (None, Some(old)) => old.clone(),
        (None, None) => {
            let reason = "a key that may not read the table cannot change it";
            return Err(LakeError::invalid("GRANT", reason, "grant SELECT as well"));
        }
    };
    for right in &rights.change {
        grant.let_change(*right);
    }
    Ok(grant)
}

/// What a key has left after a REVOKE, of a table with these columns.
fn narrowed(old: &Grant, rights: &Rights, columns: &[String]) -> Result<Option<Grant>, LakeError> {
    let mut grant = old.clone();
    for right in &rights.change {
        grant.forbid_change(*right);
    }
    match &rights.read {
        None => Ok(Some(grant)),
        Some(None) => Ok(None),
        Some(Some(gone)) => {
            let all = grant.columns.clone().unwrap_or_else(|| columns.to_vec());
            if let Some(unknown) = gone.iter().find(|column| !all.contains(column)) {
                let near = crate::catalog::nearest(unknown, all.iter().map(String::as_str));
                return Err(LakeError::Unknown { what: "column", name: unknown.clone(), near });
            }
            let left: Vec<String> = all.into_iter().filter(|column| !gone.contains(column)).collect();
            Ok((!left.is_empty()).then_some(Grant { columns: Some(left), ..grant }))
        }
    }
}

/// A row for each right.
fn show(scope: &Scope, key: Option<&str>, target: Option<&Target>) -> Result<RecordBatch, LakeError> {
    let wanted = target.map(|target| named(scope, target)).transpose()?;
    let mut rows: Vec<[Option<String>; 6]> = Vec::new();
    for Granted { key: whose, database, table, grant } in visible(scope) {
        let fits = wanted.as_ref().is_none_or(|(d, t)| *d == database && (*t == table || t == ALL));
        if !fits || key.is_some_and(|key| key != whose) {
            continue;
        }
        let mut tell = |right: &str, columns: Option<String>, condition: Option<String>| {
            let text = |text: &str| Some(text.to_owned());
            rows.push([text(&database), text(&table), text(&whose), text(right), columns, condition]);
        };
        tell("SELECT", grant.columns.as_ref().map(|columns| columns.join(", ")), grant.rows.clone());
        Right::ALL.into_iter().filter(|right| grant.lets(*right)).for_each(|right| tell(right.as_str(), None, None));
    }
    let names = ["database", "table", "key", "privilege", "columns", "rows"];
    let fields = names.iter().enumerate().map(|(at, name)| Field::new(*name, DataType::Utf8, at > 3));
    let columns = (0..names.len()).map(|at| {
        let column: StringArray = rows.iter().map(|row| row[at].as_deref()).collect();
        Arc::new(column) as ArrayRef
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    RecordBatch::try_new(schema, columns.collect()).map_err(|e| LakeError::Execution(e.to_string()))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn read(text: &str) -> Permission {
        Permission::read(text).unwrap().unwrap()
    }

    #[test]
    fn grants_are_read() {
        let asked = read(
            "grant SELECT (id, \"City\"), insert ON TABLE lab.trips TO USER key_Ab1, 'key_2'\nWHERE city = 'Porto' ;",
        );
        let What::Grant(rights, target, keys) = &asked.what else { panic!("{asked:?}") };
        assert_eq!(rights.read, Some(Some(vec!["id".to_owned(), "City".to_owned()])));
        assert_eq!(rights.change, [Right::Insert].into());
        assert_eq!((target.database.as_deref(), target.table.as_str()), (Some("lab"), "trips"));
        assert_eq!(keys, &["key_Ab1", "key_2"]);
        assert_eq!(asked.condition.as_deref(), Some("city = 'Porto'"));
        assert!(matches!(read("REVOKE ALL PRIVILEGES ON DATABASE lab FROM k").what, What::Revoke(..)));
        assert!(matches!(&read("GRANT ALL ON lab.* TO k").what, What::Grant(_, t, _) if t.table == ALL));
        assert_eq!(read("SHOW GRANTS").what, What::Show { key: None, target: None });
        let shown = read("show grant user `key_1` on table t");
        assert!(matches!(&shown.what, What::Show { key: Some(k), target: Some(t) } if k == "key_1" && t.table == "t"));
        assert!(Permission::read("SELECT grant FROM t").is_none() && Permission::read("SHOW TABLES").is_none());
    }

    #[test]
    fn what_cannot_be_granted_is_said() {
        for (text, words) in [
            ("GRANT FLY ON t TO k", "SELECT, INSERT"),
            ("GRANT SELECT ON t TO ROLE r", "TO USER"),
            ("GRANT SELECT ON t TO k WITH GRANT OPTION", "GRANT OPTION"),
            ("GRANT UPDATE (a) ON t TO k", "some columns"),
            ("GRANT SELECT ON t", "expected to"),
            ("GRANT SELECT ON t TO k WHERE", "Expected"),
            ("GRANT SELECT ON t TO k WHERE a = 1 b", "end of the statement"),
            ("REVOKE SELECT ON t FROM k WHERE a = 1", "end of the statement"),
        ] {
            let error = Permission::read(text).unwrap().unwrap_err().to_string();
            assert!(error.to_lowercase().contains(&words.to_lowercase()), "{text}: {error}");
        }
    }

    #[test]
    fn rights_add_up_and_reading_is_replaced() {
        let rights = |read, change: &[Right]| Rights { read, change: change.iter().copied().collect() };
        let first =
            widened(None, &rights(Some(Some(vec!["a".to_owned()])), &[Right::Insert]), Some("a > 1"), "t").unwrap();
        let more = widened(Some(&first), &rights(None, &[Right::Delete]), None, "t").unwrap();
        assert!(more.lets(Right::Insert) && more.lets(Right::Delete) && !more.lets(Right::Update) && !more.write);
        let all = widened(Some(&more), &rights(Some(None), &Right::ALL), None, "t").unwrap();
        assert_eq!(all, Grant { write: true, ..Grant::default() });
        assert!(widened(None, &rights(None, &[Right::Insert]), None, "t").is_err());
        assert!(widened(None, &rights(Some(None), &[]), Some("a = 1"), ALL).is_err());
    }
}
