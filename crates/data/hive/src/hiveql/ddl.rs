//! CREATE, DROP and ALTER.

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::sql::sqlparser::{
    parser::Parser,
    tokenizer::{Location, Token},
};

use super::{
    AlterTable, Change, ColumnSpec, CreateFunction, CreateTable, DropWhat, Name, Statement, TextFormat,
    parse::{eat, name, partition, partition_value, text, want, word},
    types,
};
use crate::HiveError;

/// Behind CREATE.
pub(super) fn create(parser: &mut Parser, source: &str) -> Result<Statement, HiveError> {
    let or_replace = eat(parser, "or replace");
    let external = eat(parser, "external");
    if eat(parser, "database") || eat(parser, "schema") {
        return database(parser);
    }
    let _ = eat(parser, "global");
    let temporary = eat(parser, "temporary") || eat(parser, "temp");
    if eat(parser, "macro") {
        if !temporary {
            return Err(HiveError::unsupported("CREATE MACRO", "write CREATE TEMPORARY MACRO, or CREATE FUNCTION"));
        }
        return function(parser, source, Kind::Macro);
    }
    if eat(parser, "function") {
        return function(parser, source, Kind::Function { temporary, or_replace });
    }
    if eat(parser, "view") {
        if temporary {
            return Err(HiveError::unsupported("CREATE TEMPORARY VIEW", "use a WITH query, or a view and drop it"));
        }
        return view(parser, source, or_replace);
    }
    let external = external || eat(parser, "external");
    if temporary && external {
        return Err(HiveError::unsupported("CREATE TEMPORARY EXTERNAL TABLE", "make an external table and drop it"));
    }
    if or_replace {
        return Err(HiveError::unsupported("CREATE OR REPLACE TABLE", "drop the table first"));
    }
    let _ = eat(parser, "transactional");
    want(parser, "table")?;
    table(parser, external, temporary)
}

/// Which of the two forms of functions.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `CREATE TEMPORARY MACRO f(x INT) x + 1`
    Macro,
    /// `CREATE FUNCTION f(x INT) RETURNS INT RETURN x + 1`
    Function { temporary: bool, or_replace: bool },
}

fn function(parser: &mut Parser, source: &str, kind: Kind) -> Result<Statement, HiveError> {
    let if_not_exists = eat(parser, "if not exists");
    let name = name(parser)?;
    if kind != Kind::Macro && eat(parser, "as") {
        return Err(HiveError::unsupported(
            "CREATE FUNCTION with a class",
            "no Java classes run here: write CREATE FUNCTION f(x INT) RETURNS INT RETURN x + 1",
        ));
    }
    parser.expect_token(&Token::LParen)?;
    let none = parser.peek_token_ref().token == Token::RParen;
    let arguments = if none { Vec::new() } else { columns(parser)? };
    parser.expect_token(&Token::RParen)?;
    let mut returns = None;
    if kind != Kind::Macro {
        if eat(parser, "returns") {
            returns = Some(types::data_type(parser)?.0);
        }
        want(parser, "return")?;
    }
    let start = parser.peek_token().span;
    let from =
        offset(source, start.start).ok_or_else(|| HiveError::syntax("expected an expression".to_owned(), start))?;
    let body = parser.parse_expr()?;
    let written = source[from..].trim().trim_end_matches(';').trim_end().to_owned();
    let (temporary, or_replace) = match kind {
        Kind::Macro => (true, true),
        Kind::Function { temporary, or_replace } => (temporary, or_replace),
    };
    let made = CreateFunction { name, arguments, returns, body, written, temporary, or_replace, if_not_exists };
    Ok(Statement::CreateFunction(Box::new(made)))
}

fn database(parser: &mut Parser) -> Result<Statement, HiveError> {
    let if_not_exists = eat(parser, "if not exists");
    let name = word(parser)?;
    let mut comment = String::new();
    loop {
        if eat(parser, "comment") {
            comment = text(parser)?;
        } else if eat(parser, "with dbproperties") {
            properties(parser)?;
        } else if eat(parser, "location") || eat(parser, "managedlocation") {
            return Err(HiveError::unsupported("LOCATION of a database", "the lake keeps its tables' files"));
        } else {
            return Ok(Statement::CreateDatabase { name, comment, if_not_exists });
        }
    }
}

/// The rest of the text from where the parser stands: views keep their query as it was written.
fn rest(parser: &mut Parser, source: &str) -> Result<String, HiveError> {
    let next = parser.peek_token();
    let from =
        offset(source, next.span.start).ok_or_else(|| HiveError::syntax("expected a query".to_owned(), next.span))?;
    parser.parse_query()?;
    Ok(source[from..].trim().trim_end_matches(';').trim_end().to_owned())
}

/// The byte at which a place in the text is.
fn offset(source: &str, at: Location) -> Option<usize> {
    let line =
        source.split_inclusive('\n').take(usize::try_from(at.line).ok()?.checked_sub(1)?).map(str::len).sum::<usize>();
    let column = usize::try_from(at.column).ok()?.checked_sub(1)?;
    let within = source.get(line..)?.char_indices().nth(column).map(|(at, _)| at)?;
    Some(line + within)
}

fn view(parser: &mut Parser, source: &str, or_replace: bool) -> Result<Statement, HiveError> {
    let if_not_exists = eat(parser, "if not exists");
    let name = name(parser)?;
    let mut columns = Vec::new();
    if parser.consume_token(&Token::LParen) {
        loop {
            columns.push(word(parser)?);
            if eat(parser, "comment") {
                text(parser)?;
            }
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        parser.expect_token(&Token::RParen)?;
    }
    let mut comment = String::new();
    loop {
        if eat(parser, "comment") {
            comment = text(parser)?;
        } else if eat(parser, "tblproperties") {
            properties(parser)?;
        } else {
            break;
        }
    }
    want(parser, "as")?;
    let query = rest(parser, source)?;
    Ok(Statement::CreateView { name, columns, comment, query, or_replace, if_not_exists })
}

fn table(parser: &mut Parser, external: bool, temporary: bool) -> Result<Statement, HiveError> {
    let if_not_exists = eat(parser, "if not exists");
    let name = name(parser)?;
    if eat(parser, "like") {
        let like = self::name(parser)?;
        while parser.peek_token_ref().token != Token::EOF {
            parser.next_token();
        }
        return Ok(Statement::CreateTableLike { name, like, temporary, if_not_exists });
    }
    let mut made = CreateTable {
        name,
        if_not_exists,
        external,
        temporary,
        columns: Vec::new(),
        partitions: Vec::new(),
        partition_names: Vec::new(),
        comment: String::new(),
        stored_as: None,
        serde: None,
        text: TextFormat::default(),
        location: None,
        properties: BTreeMap::new(),
        sort_by: Vec::new(),
        query: None,
    };
    if parser.consume_token(&Token::LParen) {
        made.columns = columns(parser)?;
        parser.expect_token(&Token::RParen)?;
    }
    while clause(parser, &mut made)? {}
    if eat(parser, "as") || super::parse::is_word(Some(parser.peek_token_ref()), "select") {
        made.query = Some(parser.parse_query()?);
    }
    Ok(Statement::CreateTable(Box::new(made)))
}

/// One clause behind the columns of CREATE TABLE; false when there is none.
fn clause(parser: &mut Parser, made: &mut CreateTable) -> Result<bool, HiveError> {
    if eat(parser, "comment") {
        made.comment = text(parser)?;
    } else if eat(parser, "partitioned by") {
        parser.expect_token(&Token::LParen)?;
        if matches!(parser.peek_nth_token_ref(1).token, Token::Comma | Token::RParen) {
            loop {
                made.partition_names.push(word(parser)?);
                if !parser.consume_token(&Token::Comma) {
                    break;
                }
            }
        } else {
            made.partitions = columns(parser)?;
        }
        parser.expect_token(&Token::RParen)?;
    } else if eat(parser, "clustered by") {
        names(parser)?;
        if eat(parser, "sorted by") {
            made.sort_by = names(parser)?;
        }
        want(parser, "into")?;
        parser.parse_literal_uint()?;
        want(parser, "buckets")?;
    } else if eat(parser, "skewed by") {
        return Err(HiveError::unsupported("SKEWED BY", "files are laid out by themselves; leave it out"));
    } else if eat(parser, "row format delimited") {
        delimited(parser, &mut made.text)?;
    } else if eat(parser, "row format serde") {
        made.serde = Some(text(parser)?);
        if eat(parser, "with serdeproperties") {
            made.properties.extend(properties(parser)?);
        }
    } else if eat(parser, "stored as inputformat") {
        let input = text(parser)?;
        want(parser, "outputformat")?;
        text(parser)?;
        let input = input.to_lowercase();
        let known = ["parquet", "orc", "avro", "sequencefile", "rcfile"].into_iter().find(|word| input.contains(word));
        made.stored_as = Some(known.unwrap_or("textfile").to_owned());
    } else if eat(parser, "stored as") || eat(parser, "using") {
        made.stored_as = Some(word(parser)?);
    } else if eat(parser, "stored by") {
        return Err(HiveError::unsupported("STORED BY", "no storage handlers run here; use STORED AS"));
    } else if eat(parser, "location") {
        made.location = Some(text(parser)?);
    } else if eat(parser, "tblproperties") {
        made.properties.extend(properties(parser)?);
    } else {
        return Ok(false);
    }
    Ok(true)
}

fn delimited(parser: &mut Parser, format: &mut TextFormat) -> Result<(), HiveError> {
    loop {
        if eat(parser, "fields terminated by") {
            format.field = Some(delimiter(parser)?);
            if eat(parser, "escaped by") {
                format.escape = Some(delimiter(parser)?);
            }
        } else if eat(parser, "lines terminated by") {
            let at = parser.peek_token().span;
            if delimiter(parser)? != '\n' {
                return Err(HiveError::syntax("lines end with '\\n' only".to_owned(), at));
            }
        } else if eat(parser, "null defined as") {
            format.null = Some(text(parser)?);
        } else if eat(parser, "collection items terminated by") || eat(parser, "map keys terminated by") {
            delimiter(parser)?;
        } else {
            return Ok(());
        }
    }
}

/// One character, or its number in decimal as Hive allows.
fn delimiter(parser: &mut Parser) -> Result<char, HiveError> {
    let at = parser.peek_token().span;
    let written = text(parser)?;
    one_char(&written).ok_or_else(|| HiveError::syntax(format!("{written:?} is no single ASCII character"), at))
}

/// A delimiter as it is written: itself or its number.
pub(crate) fn one_char(written: &str) -> Option<char> {
    let mut chars = written.chars();
    match (chars.next(), chars.next()) {
        (Some(only), None) if only.is_ascii() => Some(only),
        _ => written.parse::<u8>().ok().filter(u8::is_ascii).map(char::from),
    }
}

/// `a int COMMENT '…', b string …` up to the parenthesis.
fn columns(parser: &mut Parser) -> Result<Vec<ColumnSpec>, HiveError> {
    let mut columns: Vec<ColumnSpec> = Vec::new();
    loop {
        if ["constraint", "primary key", "unique", "foreign key", "check"].iter().any(|w| eat(parser, w)) {
            return Err(HiveError::unsupported(
                "a constraint of a table",
                "leave it out; Hive does not enforce it either",
            ));
        }
        let at = parser.peek_token().span;
        let column = column(parser)?;
        if columns.iter().any(|c| c.name == column.name) {
            return Err(HiveError::syntax(format!("the column {} stands there twice", column.name), at));
        }
        columns.push(column);
        if !parser.consume_token(&Token::Comma) {
            return Ok(columns);
        }
    }
}

fn column(parser: &mut Parser) -> Result<ColumnSpec, HiveError> {
    let name = word(parser)?;
    let (data_type, written) = types::data_type(parser)?;
    if eat(parser, "not null") || eat(parser, "default") || eat(parser, "primary key") {
        return Err(HiveError::unsupported("a constraint of a column", "leave it out; filter when you insert"));
    }
    let comment = if eat(parser, "comment") { Some(text(parser)?) } else { None };
    Ok(ColumnSpec { name, data_type, written, comment })
}

/// `(a, b DESC)`: names only, their directions passed over.
fn names(parser: &mut Parser) -> Result<Vec<String>, HiveError> {
    parser.expect_token(&Token::LParen)?;
    let mut names = Vec::new();
    loop {
        names.push(word(parser)?);
        let _ = eat(parser, "asc") || eat(parser, "desc");
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    parser.expect_token(&Token::RParen)?;
    Ok(names)
}

/// `('a' = 'b', …)`.
fn properties(parser: &mut Parser) -> Result<BTreeMap<String, String>, HiveError> {
    parser.expect_token(&Token::LParen)?;
    let mut pairs = BTreeMap::new();
    loop {
        let key = text(parser)?;
        parser.expect_token(&Token::Eq)?;
        pairs.insert(key, text(parser)?);
        if !parser.consume_token(&Token::Comma) {
            break;
        }
    }
    parser.expect_token(&Token::RParen)?;
    Ok(pairs)
}

/// Behind DROP.
pub(super) fn drop_statement(parser: &mut Parser) -> Result<Statement, HiveError> {
    let temporary = eat(parser, "temporary");
    if eat(parser, "function") || eat(parser, "macro") {
        let if_exists = eat(parser, "if exists");
        return Ok(Statement::DropFunction { name: name(parser)?, temporary, if_exists });
    }
    let what = if eat(parser, "table") {
        DropWhat::Table
    } else if eat(parser, "view") {
        DropWhat::View
    } else if eat(parser, "database") || eat(parser, "schema") {
        DropWhat::Database
    } else {
        let next = parser.peek_token();
        return Err(HiveError::syntax(format!("expected TABLE, VIEW or DATABASE, found `{}`", next.token), next.span));
    };
    let if_exists = eat(parser, "if exists");
    let name = name(parser)?;
    let cascade = eat(parser, "cascade");
    let _ = !cascade && eat(parser, "restrict");
    let _ = eat(parser, "purge");
    Ok(Statement::Drop { what, name, if_exists, cascade })
}

/// Behind ALTER.
pub(super) fn alter(parser: &mut Parser, source: &str) -> Result<Statement, HiveError> {
    if eat(parser, "view") {
        let name = name(parser)?;
        if eat(parser, "as") {
            let query = rest(parser, source)?;
            return Ok(Statement::AlterView { name, query });
        }
        let change = change(parser)?;
        return Ok(Statement::AlterTable(Box::new(AlterTable { name, change })));
    }
    want(parser, "table")?;
    let name = name(parser)?;
    let change = change(parser)?;
    Ok(Statement::AlterTable(Box::new(AlterTable { name, change })))
}

fn change(parser: &mut Parser) -> Result<Change, HiveError> {
    if eat(parser, "rename to") {
        return Ok(Change::Rename(name(parser)?));
    }
    if eat(parser, "add columns") || eat(parser, "add column") {
        return in_parentheses(parser).map(Change::AddColumns);
    }
    if eat(parser, "replace columns") {
        return in_parentheses(parser).map(Change::ReplaceColumns);
    }
    if eat(parser, "change column") || eat(parser, "change") {
        let old = word(parser)?;
        let new = column(parser)?;
        if eat(parser, "first") || eat(parser, "after") {
            return Err(HiveError::unsupported("moving a column", "select the columns in the order you want"));
        }
        let _ = eat(parser, "cascade") || eat(parser, "restrict");
        return Ok(Change::ChangeColumn { old, new });
    }
    if eat(parser, "set tblproperties") {
        return properties(parser).map(Change::SetProperties);
    }
    if eat(parser, "set serdeproperties") {
        return properties(parser).map(Change::SetProperties);
    }
    if eat(parser, "unset tblproperties") {
        let _ = eat(parser, "if exists");
        parser.expect_token(&Token::LParen)?;
        let mut keys = vec![text(parser)?];
        while parser.consume_token(&Token::Comma) {
            keys.push(text(parser)?);
        }
        parser.expect_token(&Token::RParen)?;
        return Ok(Change::UnsetProperties(keys));
    }
    if eat(parser, "add") {
        let if_not_exists = eat(parser, "if not exists");
        let mut partitions = Vec::new();
        while eat(parser, "partition") {
            let spec = partition(parser)?;
            let location = if eat(parser, "location") { Some(text(parser)?) } else { None };
            partitions.push((spec, location));
            let _ = parser.consume_token(&Token::Comma);
        }
        if partitions.is_empty() {
            want(parser, "partition")?;
        }
        return Ok(Change::AddPartitions { partitions, if_not_exists });
    }
    if eat(parser, "drop") {
        return drop_partitions(parser);
    }
    if eat(parser, "partition") {
        let from = partition(parser)?;
        if eat(parser, "rename to partition") {
            return Ok(Change::RenamePartition { from, to: partition(parser)? });
        }
    }
    let next = parser.peek_token();
    Err(HiveError::Unsupported {
        what: format!("ALTER TABLE … {}", next.token.to_string().to_uppercase()),
        fix:
            "there are RENAME TO, ADD|REPLACE COLUMNS, CHANGE COLUMN, SET|UNSET TBLPROPERTIES, ADD|DROP PARTITION and \
              PARTITION … RENAME TO"
                .to_owned(),
    })
}

fn in_parentheses(parser: &mut Parser) -> Result<Vec<ColumnSpec>, HiveError> {
    parser.expect_token(&Token::LParen)?;
    let columns = columns(parser)?;
    parser.expect_token(&Token::RParen)?;
    let _ = eat(parser, "cascade") || eat(parser, "restrict");
    Ok(columns)
}

fn drop_partitions(parser: &mut Parser) -> Result<Change, HiveError> {
    let if_exists = eat(parser, "if exists");
    let mut partitions = Vec::new();
    while eat(parser, "partition") {
        parser.expect_token(&Token::LParen)?;
        let mut conditions = Vec::new();
        loop {
            let column = word(parser)?;
            let next = parser.next_token();
            let comparison = match next.token {
                Token::Eq => "=",
                Token::Neq => "<>",
                Token::Lt => "<",
                Token::LtEq => "<=",
                Token::Gt => ">",
                Token::GtEq => ">=",
                other => return Err(HiveError::syntax(format!("expected a comparison, found `{other}`"), next.span)),
            };
            conditions.push((column, comparison.to_owned(), partition_value(parser)?));
            if !parser.consume_token(&Token::Comma) {
                break;
            }
        }
        parser.expect_token(&Token::RParen)?;
        partitions.push(conditions);
        let _ = parser.consume_token(&Token::Comma);
    }
    if partitions.is_empty() {
        want(parser, "partition")?;
    }
    let _ = eat(parser, "purge");
    Ok(Change::DropPartitions { partitions, if_exists })
}

/// `CREATE TABLE` of a table whose columns are known, to be shown.
pub(crate) fn shown(name: &Name, columns: &[(String, String, Option<String>)]) -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let lines: Vec<String> = columns
        .iter()
        .map(|(column, data_type, comment)| match comment {
            Some(comment) => format!("  `{column}` {data_type} COMMENT '{}'", quoted(comment)),
            None => format!("  `{column}` {data_type}"),
        })
        .collect();
    let database = name.database.as_ref().map(|d| format!("`{d}`.")).unwrap_or_default();
    format!("CREATE TABLE {database}`{}`(\n{})", name.name, lines.join(",\n"))
}

/// Types that a text file cannot hold.
pub(crate) const fn fits_text(data_type: &DataType) -> bool {
    !matches!(data_type, DataType::List(_) | DataType::Map(..) | DataType::Struct(_) | DataType::Binary)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::parse;
    use super::*;

    #[test]
    fn a_table_with_everything() {
        let text = "create external table if not exists d.t (a int comment 'x', `B` map<string,array<int>>) comment 'c'
            partitioned by (p string, q int) clustered by (a) sorted by (a desc) into 4 buckets
            row format delimited fields terminated by '\\001' escaped by '\\\\' collection items terminated by '2'
            lines terminated by '\\n' null defined as 'NIL' stored as textfile location '/in' tblproperties ('k' = 'v')";
        let Statement::CreateTable(made) = parse(text).unwrap() else { panic!() };
        assert!(made.external && made.if_not_exists);
        assert_eq!(made.name.to_string(), "d.t");
        assert_eq!(made.columns[1].name, "b");
        assert_eq!(made.columns[1].written, "map<string,array<int>>");
        assert_eq!(made.partitions.len(), 2);
        assert_eq!(made.text.field, Some('\u{1}'));
        assert_eq!((made.text.escape, made.text.null.as_deref()), (Some('\\'), Some("NIL")));
        assert_eq!(made.sort_by, ["a"]);
        assert_eq!(made.location.as_deref(), Some("/in"));
        assert_eq!(made.properties["k"], "v");
    }

    #[test]
    fn views_keep_their_text() {
        let text = "CREATE VIEW v (a, b) COMMENT 'c' AS\n  SELECT 'é' AS x,\n   2 ;";
        let Statement::CreateView { query, columns, .. } = parse(text).unwrap() else { panic!() };
        assert_eq!(query, "SELECT 'é' AS x,\n   2");
        assert_eq!(columns, ["a", "b"]);
    }

    #[test]
    fn changes_are_read() {
        let change = |text: &str| match parse(text).unwrap() {
            Statement::AlterTable(alter) => alter.change,
            other => panic!("{other:?}"),
        };
        assert!(matches!(change("alter table t rename to d.u"), Change::Rename(n) if n.to_string() == "d.u"));
        assert!(matches!(change("alter table t change a b bigint"), Change::ChangeColumn { old, .. } if old == "a"));
        let Change::DropPartitions { partitions, .. } =
            change("alter table t drop partition (d < '2', h = 1), partition (d = 'x')")
        else {
            panic!()
        };
        assert_eq!(partitions[0][0], ("d".to_owned(), "<".to_owned(), "2".to_owned()));
        assert_eq!(partitions.len(), 2);
        let Change::AddPartitions { partitions, .. } =
            change("alter table t add if not exists partition (d = date '2024-01-01') location '/x' partition (d = 7)")
        else {
            panic!()
        };
        assert_eq!(partitions[0].0, [("d".to_owned(), Some("2024-01-01".to_owned()))]);
        assert!(parse("alter table t archive partition (d = 1)").unwrap_err().to_string().contains("ARCHIVE"));
    }
}
