//! From text to the tokens that the parser reads: texts unescaped, names in lower case, and the few forms of
//! HiveQL replaced that the parser does not know.

use datafusion::sql::sqlparser::{
    keywords::Keyword,
    tokenizer::{Span, Token, TokenWithSpan, Tokenizer, Word},
};

use super::dialect::HiveQl;
use crate::HiveError;

/// Longest statement, in bytes.
const MAX_STATEMENT: usize = 1 << 20;
/// Parentheses, brackets and angle brackets inside each other: the parser and planner recurse.
const MAX_DEPTH: usize = 40;
/// Operators in a row, and joins or unions: each is a level of the tree.
const MAX_CHAIN: usize = 200;

/// The tokens of a statement.
///
/// # Errors
/// [`HiveError::Syntax`] with the place of the first character that fits nothing.
pub(super) fn tokens(text: &str) -> Result<Vec<TokenWithSpan>, HiveError> {
    if text.len() > MAX_STATEMENT {
        return Err(HiveError::TooLong { bytes: text.len(), most: MAX_STATEMENT });
    }
    let raw = Tokenizer::new(&HiveQl, text).with_unescape(false).tokenize_with_location()?;
    let raw: Vec<TokenWithSpan> = raw.into_iter().filter(|t| !matches!(t.token, Token::Whitespace(_))).collect();
    check_depth(&raw)?;
    Ok(orders(names(literals(raw))))
}

/// Refuses what would make the parser, the rewriter or the planner recurse too deeply.
fn check_depth(tokens: &[TokenWithSpan]) -> Result<(), HiveError> {
    // For each open parenthesis: operators in a row, and parts of a union or a join.
    let mut open = vec![(0_usize, 0_usize)];
    let mut prefixes = 0_usize;
    for token in tokens {
        let prefix = match &token.token {
            Token::Minus | Token::Plus | Token::Tilde | Token::ExclamationMark => true,
            Token::Word(word) => matches!(word.keyword, Keyword::NOT | Keyword::CASE | Keyword::EXPLAIN),
            _ => false,
        };
        prefixes = if prefix { prefixes + 1 } else { 0 };
        match &token.token {
            Token::LParen => open.push((0, 0)),
            Token::RParen if open.len() > 1 => drop(open.pop()),
            _ => {}
        }
        let depth = open.len();
        if let Some((chain, parts)) = open.last_mut() {
            match &token.token {
                Token::Comma | Token::SemiColon => *chain = 0,
                Token::Word(word) if word.quote_style.is_none() => match word.keyword {
                    Keyword::SELECT | Keyword::FROM | Keyword::WHERE | Keyword::ON | Keyword::WHEN | Keyword::THEN => {
                        *chain = 0;
                    }
                    Keyword::UNION
                    | Keyword::EXCEPT
                    | Keyword::INTERSECT
                    | Keyword::MINUS
                    | Keyword::JOIN
                    | Keyword::LATERAL => *parts += 1,
                    Keyword::AND
                    | Keyword::OR
                    | Keyword::DIV
                    | Keyword::LIKE
                    | Keyword::RLIKE
                    | Keyword::IS
                    | Keyword::BETWEEN
                    | Keyword::IN => *chain += 1,
                    _ => {}
                },
                Token::Number(..)
                | Token::SingleQuotedString(_)
                | Token::DoubleQuotedString(_)
                | Token::Word(_)
                | Token::Period
                | Token::LParen
                | Token::RParen
                | Token::RBracket
                | Token::EOF => {}
                _ => *chain += 1,
            }
            if *chain > MAX_CHAIN || *parts > MAX_CHAIN {
                let reason = format!("more than {MAX_CHAIN} operators, joins or unions in a row");
                return Err(HiveError::syntax(reason, token.span));
            }
        }
        if depth > MAX_DEPTH || prefixes > MAX_DEPTH {
            return Err(HiveError::syntax(format!("more than {MAX_DEPTH} levels inside each other"), token.span));
        }
    }
    Ok(())
}

/// Texts unescaped and neighbours joined; numbers with a suffix or an exponent as casts.
fn literals(raw: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(raw.len());
    let mut raw = raw.into_iter().peekable();
    while let Some(TokenWithSpan { token, span }) = raw.next() {
        match token {
            Token::SingleQuotedString(text) | Token::DoubleQuotedString(text) => {
                let text = unescaped(&text);
                match out.last_mut() {
                    Some(TokenWithSpan { token: Token::SingleQuotedString(before), .. }) => before.push_str(&text),
                    _ => out.push(TokenWithSpan::new(Token::SingleQuotedString(text), span)),
                }
            }
            Token::Number(digits, long) => {
                let suffix = raw.next_if(|next| {
                    next.span.start == span.end
                        && matches!(&next.token, Token::Word(w) if w.quote_style.is_none() && number_type(&w.value).is_some())
                });
                let word = suffix.and_then(|t| if let Token::Word(w) = t.token { number_type(&w.value) } else { None });
                let exponent = digits.contains(['e', 'E']).then_some("double");
                match word.or(exponent) {
                    Some(kind) => cast(&mut out, &digits, kind, span),
                    None => out.push(TokenWithSpan::new(Token::Number(digits, long), span)),
                }
            }
            // Hive has no shift by sign, and `array<array<int>>` ends with two brackets.
            Token::ShiftRight => out.extend([Token::Gt, Token::Gt].map(|t| TokenWithSpan::new(t, span))),
            token => out.push(TokenWithSpan::new(token, span)),
        }
    }
    out
}

/// The type of a number by the letters behind it.
fn number_type(suffix: &str) -> Option<&'static str> {
    Some(match suffix.to_ascii_uppercase().as_str() {
        "Y" => "tinyint",
        "S" => "smallint",
        "L" => "bigint",
        "D" => "double",
        "F" => "float",
        "BD" => "decimal",
        _ => return None,
    })
}

fn cast(out: &mut Vec<TokenWithSpan>, digits: &str, kind: &str, span: Span) {
    let number = Token::Number(digits.to_owned(), false);
    if kind == "decimal" {
        out.push(TokenWithSpan::new(number, span));
        return;
    }
    let text = Token::SingleQuotedString(digits.to_owned());
    let value = if matches!(kind, "double" | "float") { text } else { number };
    let word = |w: &str| Token::make_word(w, None);
    let parts = [word("cast"), Token::LParen, value, word("as"), word(kind), Token::RParen];
    out.extend(parts.map(|token| TokenWithSpan::new(token, span)));
}

/// Hive's escapes in a text: `\n`, `\u00e9`, `\047`, a doubled quote; `\%` and `\_` stay for LIKE.
fn unescaped(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                // The reader lets a quote pass only doubled or of the other kind.
                chars.next_if_eq(&c);
                out.push(c);
            }
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some('t') => out.push('\t'),
                Some('r') => out.push('\r'),
                Some('b') => out.push('\u{8}'),
                Some('Z') => out.push('\u{1a}'),
                Some('u') => {
                    let digits: String = chars.clone().take(4).collect();
                    match u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32) {
                        Some(c) if digits.len() == 4 => {
                            out.push(c);
                            chars.by_ref().take(4).for_each(drop);
                        }
                        _ => out.push('u'),
                    }
                }
                Some(first @ '0'..='3') => {
                    let rest: String = chars.clone().take(2).collect();
                    match u32::from_str_radix(&format!("{first}{rest}"), 8).ok().and_then(char::from_u32) {
                        Some(c) if rest.len() == 2 => {
                            out.push(c);
                            chars.by_ref().take(2).for_each(drop);
                        }
                        _ => out.push(if first == '0' { '\0' } else { first }),
                    }
                }
                Some(wild @ ('%' | '_')) => out.extend(['\\', wild]),
                Some(other) => out.push(other),
                None => out.push('\\'),
            },
            other => out.push(other),
        }
    }
    out
}

/// Names in lower case, as Hive's are whether quoted or not; `array(` by the name of the function.
fn names(mut tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    for at in 0..tokens.len() {
        let call = tokens.get(at + 1).is_some_and(|next| next.token == Token::LParen);
        if let Token::Word(word) = &mut tokens[at].token {
            if word.quote_style.is_some() {
                word.value = word.value.to_lowercase();
            } else if call && word.keyword == Keyword::ARRAY {
                tokens[at].token = Token::make_word("make_array", None);
            }
        }
    }
    tokens
}

/// SORT BY and CLUSTER BY as ORDER BY, and DISTRIBUTE BY left out beside them.
///
/// Hive promises an order inside each reducer's share. Here one share holds all rows, so the order of all
/// rows keeps that promise. Inside a window the words mean PARTITION BY and ORDER BY.
fn orders(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let mut out: Vec<TokenWithSpan> = Vec::with_capacity(tokens.len());
    let mut windows = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let here = at;
        let is = |ahead: usize, keyword: Keyword| {
            matches!(tokens.get(here + ahead).map(|t| &t.token),
                Some(Token::Word(Word { keyword: k, quote_style: None, .. })) if *k == keyword)
        };
        let order = |span| TokenWithSpan::new(Token::make_keyword("ORDER"), span);
        let span = tokens[at].span;
        match &tokens[at].token {
            Token::LParen => {
                let over = matches!(out.last().map(|t| &t.token), Some(Token::Word(w)) if w.keyword == Keyword::OVER);
                windows.push(over);
            }
            Token::RParen => drop(windows.pop()),
            _ => {}
        }
        let window = windows.last().copied().unwrap_or(false);
        if (is(0, Keyword::SORT) || is(0, Keyword::CLUSTER)) && is(1, Keyword::BY) {
            out.push(order(span));
            at += 1;
        } else if is(0, Keyword::DISTRIBUTE) && is(1, Keyword::BY) && window {
            out.push(TokenWithSpan::new(Token::make_keyword("PARTITION"), span));
            at += 1;
        } else if is(0, Keyword::DISTRIBUTE) && is(1, Keyword::BY) {
            let end = list_end(&tokens, at + 2);
            let sorted =
                matches!(tokens.get(end).map(|t| &t.token), Some(Token::Word(w)) if w.keyword == Keyword::SORT);
            if sorted {
                at = end;
            } else {
                out.push(order(span));
                at += 1;
            }
        } else {
            out.push(tokens[at].clone());
            at += 1;
        }
    }
    out
}

/// Where a list of expressions ends that begins at `from`.
fn list_end(tokens: &[TokenWithSpan], from: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(from) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen if depth == 0 => return at,
            Token::RParen => depth -= 1,
            Token::SemiColon | Token::EOF => return at,
            Token::Word(word) if depth == 0 && word.quote_style.is_none() => {
                let ends = matches!(
                    word.keyword,
                    Keyword::SORT
                        | Keyword::ORDER
                        | Keyword::LIMIT
                        | Keyword::UNION
                        | Keyword::INTERSECT
                        | Keyword::EXCEPT
                        | Keyword::MINUS
                        | Keyword::INSERT
                        | Keyword::WINDOW
                        | Keyword::HAVING
                );
                if ends {
                    return at;
                }
            }
            _ => {}
        }
    }
    tokens.len()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        tokens(text).unwrap().iter().map(|t| t.token.to_string()).filter(|t| t != "EOF").collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn literals_are_those_of_hive() {
        assert_eq!(shown("\"a\" 'b'"), "'ab'");
        assert_eq!(unescaped(r"a\tb\\d\%\u00e9\047it''s"), "a\tb\\d\\%é'it's");
        assert_eq!(shown("5S"), "cast ( 5 as smallint )");
        assert_eq!(shown("2.5D"), "cast ( '2.5' as double )");
        assert_eq!(shown("1e3"), "cast ( '1e3' as double )");
        assert_eq!(shown("1 L"), "1 L");
        assert_eq!(shown("`Select` Aa"), "`select` Aa");
    }

    #[test]
    fn orders_are_one_share() {
        assert_eq!(shown("distribute by f(a, b) sort by c"), "ORDER by c");
        assert_eq!(shown("distribute by a limit 1"), "ORDER by a limit 1");
        assert_eq!(shown("cluster by a"), "ORDER by a");
        assert_eq!(shown("over (distribute by a sort by b)"), "over ( PARTITION by a ORDER by b )");
    }

    #[test]
    fn depth_and_length_are_bounded() {
        assert!(tokens(&"(".repeat(61)).unwrap_err().to_string().contains("40 levels"));
        assert!(tokens(&"not ".repeat(61)).is_err());
        assert!(tokens(&"1 + ".repeat(300)).unwrap_err().to_string().contains("in a row"));
        assert!(tokens(&"a[0]".repeat(300)).is_err());
        assert!(tokens(&"select 1 union all ".repeat(300)).is_err());
        assert!(tokens(&format!("values {}", "(-1, 'x'), ".repeat(3_000))).is_ok());
        assert!(tokens(&" ".repeat(MAX_STATEMENT + 1)).is_err());
        assert!(tokens("select 'open").unwrap_err().to_string().contains("line 1"));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".{0,200}") {
            let _ = tokens(&text);
        }
    }
}
