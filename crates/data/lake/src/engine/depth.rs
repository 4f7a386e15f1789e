//! Statements that would nest too deeply are refused before they are read: who plans them calls itself for each
//! operator of a chain, and a stack that ends takes the whole process with it.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Token, Tokenizer};

use crate::LakeError;

/// Tokens between two commas, with those around them in parentheses.
const TOKENS: usize = 4_000;
/// Tables that are joined or turned and queries that are united, in all.
const JOINED: usize = 500;

/// What is counted inside one pair of parentheses.
#[derive(Clone, Copy, Default)]
struct Level {
    tokens: usize,
    in_from: bool,
}

/// Refuses a chain of operators, joins or unions that is too long. What is no SQL at all is left to the parser.
pub(super) fn check(text: &str) -> Result<(), LakeError> {
    let Ok(tokens) = Tokenizer::new(&GenericDialect {}, text).tokenize() else { return Ok(()) };
    let (mut outside, mut here, mut total, mut joined) = (Vec::new(), Level::default(), 0_usize, 0_usize);
    for token in &tokens {
        match token {
            Token::Whitespace(_) => continue,
            Token::LParen => outside.push(std::mem::take(&mut here)),
            Token::RParen => {
                total -= here.tokens;
                here = outside.pop().unwrap_or_default();
            }
            Token::Comma => {
                joined += usize::from(here.in_from);
                total -= here.tokens;
                here.tokens = 0;
            }
            other => {
                if let Token::Word(word) = other
                    && word.quote_style.is_none()
                {
                    match word.value.to_ascii_uppercase().as_str() {
                        "FROM" => here.in_from = true,
                        "WHERE" | "GROUP" | "ORDER" | "HAVING" | "LIMIT" | "SELECT" => here.in_from = false,
                        "JOIN" | "UNION" | "EXCEPT" | "INTERSECT" | "PIVOT" | "UNPIVOT" => joined += 1,
                        _ => {}
                    }
                }
                here.tokens += 1;
                total += 1;
            }
        }
        if total > TOKENS {
            return Err(too_deep(format!("an expression has more than {TOKENS} words"), "use IN (…), or a table"));
        }
        if joined > JOINED {
            return Err(too_deep(format!("more than {JOINED} tables or queries are joined"), "use tables in between"));
        }
    }
    Ok(())
}

fn too_deep(reason: String, fix: &str) -> LakeError {
    LakeError::Sql { reason, place: None, fix: Some(fix.to_owned()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::check;

    #[test]
    fn chains_are_bounded_and_lists_are_not() {
        check(&format!("INSERT INTO t VALUES {}(1, 'x')", "(1, 'x'), ".repeat(20_000))).unwrap();
        check(&format!("SELECT a FROM t WHERE a IN ({}1)", "1, ".repeat(50_000))).unwrap();
        check(&format!("SELECT {}a FROM t ORDER BY a, b", "a + b, ".repeat(5_000))).unwrap();
        for long in [
            format!("SELECT 1{}", " + 1".repeat(3_000)),
            format!("SELECT 1{0} + (1{0})", " + 1".repeat(1_100)),
            format!("SELECT a{}", "::INT".repeat(3_000)),
            format!("SELECT 1{}", " UNION ALL SELECT 1".repeat(600)),
            format!("SELECT 1, 2{}", " UNION ALL SELECT 1, 2".repeat(600)),
            format!("SELECT 1 FROM t{}", ", t".repeat(600)),
            format!("SELECT 1 FROM t{}", " UNPIVOT(a FOR b IN (c))".repeat(600)),
        ] {
            assert!(check(&long).is_err(), "{}", &long[..40]);
        }
        check("SELECT ) FROM ( 'open").unwrap();
        check("))((").unwrap();
    }
}
