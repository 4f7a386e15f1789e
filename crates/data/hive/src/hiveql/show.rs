//! SHOW and DESCRIBE.

use datafusion::sql::sqlparser::{parser::Parser, tokenizer::Token};

use super::{
    Describe, Show,
    parse::{eat, name, partition, scope, text, word},
};
use crate::HiveError;

/// Behind SHOW.
pub(super) fn show(parser: &mut Parser) -> Result<Show, HiveError> {
    if eat(parser, "databases") || eat(parser, "schemas") {
        return Ok(Show::Databases(scope(parser)?.1));
    }
    if eat(parser, "tables") {
        let (database, pattern) = scope(parser)?;
        return Ok(Show::Tables { database, pattern });
    }
    if eat(parser, "views") {
        let (database, pattern) = scope(parser)?;
        return Ok(Show::Views { database, pattern });
    }
    if eat(parser, "partitions") {
        let table = name(parser)?;
        let spec = if eat(parser, "partition") { partition(parser)? } else { Vec::new() };
        return Ok(Show::Partitions(table, spec));
    }
    if eat(parser, "columns") {
        if !eat(parser, "in") {
            super::parse::want(parser, "from")?;
        }
        let mut table = name(parser)?;
        if eat(parser, "in") || eat(parser, "from") {
            table.database = Some(word(parser)?);
        }
        return Ok(Show::Columns(table));
    }
    if eat(parser, "create table") || eat(parser, "create view") {
        return Ok(Show::CreateTable(name(parser)?));
    }
    if eat(parser, "tblproperties") {
        let table = name(parser)?;
        let key = if parser.consume_token(&Token::LParen) {
            let key = text(parser)?;
            parser.expect_token(&Token::RParen)?;
            Some(key)
        } else {
            None
        };
        return Ok(Show::Properties(table, key));
    }
    if eat(parser, "functions") {
        let _ = eat(parser, "like");
        let pattern = match &parser.peek_token_ref().token {
            Token::EOF => None,
            Token::SingleQuotedString(_) => Some(text(parser)?),
            _ => Some(word(parser)?),
        };
        return Ok(Show::Functions(pattern));
    }
    let next = parser.peek_token();
    Err(HiveError::Unsupported {
        what: format!("SHOW {}", next.token.to_string().to_uppercase()),
        fix:
            "there are DATABASES, TABLES, VIEWS, PARTITIONS, COLUMNS, CREATE TABLE, TBLPROPERTIES, FUNCTIONS and GRANT"
                .to_owned(),
    })
}

/// Behind DESCRIBE.
pub(super) fn describe(parser: &mut Parser) -> Result<Describe, HiveError> {
    if eat(parser, "function") {
        let _ = eat(parser, "extended");
        let function = match &parser.peek_token_ref().token {
            Token::SingleQuotedString(_) => text(parser)?,
            _ => name(parser)?.to_string(),
        };
        return Ok(Describe::Function(function.to_lowercase()));
    }
    if eat(parser, "database") || eat(parser, "schema") {
        let full = eat(parser, "extended");
        return Ok(Describe::Database { name: word(parser)?, full });
    }
    let _ = eat(parser, "table");
    let full = eat(parser, "extended") || eat(parser, "formatted");
    let name = name(parser)?;
    if eat(parser, "partition") {
        partition(parser)?;
    }
    let column = match &parser.peek_token_ref().token {
        Token::Word(_) => Some(word(parser)?),
        _ => None,
    };
    Ok(Describe::Table { name, column, full })
}

/// Whether a name fits a pattern in which `*` stands for any text and `|` for a choice; `%` and `_` as in LIKE
/// are taken too, since clients send both.
#[must_use]
pub(crate) fn fits(pattern: &str, name: &str) -> bool {
    pattern.to_lowercase().split('|').any(|choice| glob(choice.as_bytes(), name.to_lowercase().as_bytes()))
}

fn glob(pattern: &[u8], name: &[u8]) -> bool {
    // Linear in both: remembers the last star and where it began.
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*' | b'%') => {
                star = Some((p, n));
                p += 1;
            }
            Some(b'.') if pattern.get(p + 1) == Some(&b'*') => p += 1,
            Some(c) if *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, n) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p.min(pattern.len())..].iter().all(|c| matches!(c, b'*' | b'%' | b'.'))
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns_are_those_of_hive() {
        for (pattern, name) in
            [("go*", "goods"), ("*", ""), ("a|b*", "bcd"), ("*od*", "goods"), ("GOODS", "goods"), ("g%", "goods")]
        {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("go", "goods"), ("x*", "goods"), ("", "a"), ("a|b", "c"), ("*d", "goods")] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }
}
