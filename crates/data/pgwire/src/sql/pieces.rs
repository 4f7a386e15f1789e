//! A text of several statements, taken apart at its semicolons.

use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::tokenizer::{Location, Token, Tokenizer};
use doorstep_lake::Place;

use crate::PgError;

/// Bytes of a text: as many as the lake takes for one statement.
const LONGEST: usize = 1 << 20;
/// Statements of a text.
const MOST: usize = 10_000;

/// One statement of a text.
#[derive(Clone, Debug)]
pub(crate) struct Piece {
    /// As written, without what stands around it.
    pub(crate) text: String,
    /// Its words and signs, without blanks and comments.
    pub(crate) tokens: Vec<Token>,
    /// Where each of them ends, in bytes of the text.
    pub(crate) ends: Vec<usize>,
    /// Characters in front of it.
    before: usize,
}

impl Piece {
    /// The count, from 1, of the character at a place in the statement, in what the client sent.
    pub(crate) fn position(&self, place: Place) -> usize {
        self.before + characters(&self.text, place.line, place.column) + 1
    }

    /// The word at a place, in capitals; nothing for what is no word.
    pub(crate) fn word(&self, at: usize) -> Option<String> {
        match self.tokens.get(at)? {
            Token::Word(word) if word.quote_style.is_none() => Some(word.value.to_ascii_uppercase()),
            _ => None,
        }
    }

    /// A name or a quoted text at a place.
    pub(crate) fn name(&self, at: usize) -> Option<String> {
        match self.tokens.get(at)? {
            Token::Word(word) if word.quote_style.is_some() => Some(word.value.clone()),
            Token::Word(word) => Some(word.value.to_lowercase()),
            Token::SingleQuotedString(text) => Some(text.clone()),
            Token::Number(text, _) => Some(text.clone()),
            _ => None,
        }
    }
}

/// Characters of a text in front of a place.
fn characters(text: &str, line: u64, column: u64) -> usize {
    let line = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let before: usize = text.split('\n').take(line).map(|l| l.chars().count() + 1).sum();
    before + usize::try_from(column).unwrap_or(1).saturating_sub(1)
}

/// Goes along a text once, from place to place.
struct Walk<'a> {
    text: &'a str,
    rest: std::str::Chars<'a>,
    line: u64,
    column: u64,
    characters: usize,
}

impl Walk<'_> {
    /// Goes on to a place; the byte there.
    fn to(&mut self, place: Location) -> usize {
        while (self.line, self.column) < (place.line, place.column) {
            match self.rest.next() {
                Some('\n') => (self.line, self.column) = (self.line + 1, 1),
                Some(_) => self.column += 1,
                None => break,
            }
            self.characters += 1;
        }
        self.text.len() - self.rest.as_str().len()
    }
}

/// The statements of a text, in order; none when there is nothing but blanks and comments.
///
/// # Errors
/// Where a text or a comment has no end, and when there is more of it than is taken.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece>, PgError> {
    if text.len() > LONGEST {
        let reason = format!("the text has {} bytes, more than {LONGEST}", text.len());
        return Err(PgError::invalid("54000", reason, "send it in pieces, or put the data into a table"));
    }
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location();
    let tokens = tokens.map_err(|e| PgError::Syntax {
        reason: e.message,
        place: Some(Place { line: e.location.line, column: e.location.column }),
        fix: None,
    })?;
    let mut walk = Walk { text, rest: text.chars(), line: 1, column: 1, characters: 0 };
    let (mut all, mut open): (Vec<Piece>, Option<(usize, Piece)>) = (Vec::new(), None);
    let close = |(from, piece): (usize, Piece)| {
        let length = piece.ends.last().copied().unwrap_or(0);
        Piece { text: text[from..from + length].to_owned(), ..piece }
    };
    for token in tokens {
        match token.token {
            Token::Whitespace(_) | Token::EOF => {}
            Token::SemiColon => {
                all.extend(open.take().map(close));
                if all.len() > MOST {
                    let reason = format!("the text has more than {MOST} statements");
                    return Err(PgError::invalid("54000", reason, "send it in pieces"));
                }
            }
            other => {
                let (from, piece) = open.get_or_insert_with(|| {
                    let from = walk.to(token.span.start);
                    let before = walk.characters;
                    (from, Piece { text: String::new(), tokens: Vec::new(), ends: Vec::new(), before })
                });
                piece.ends.push(walk.to(token.span.end).saturating_sub(*from));
                piece.tokens.push(other);
            }
        }
    }
    all.extend(open.take().map(close));
    Ok(all)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_in_texts_and_comments_part_nothing() {
        let text = "SELECT ';' ; -- a; b\n /* ; */ SELECT \"x;y\"\n FROM t;;\n";
        let all = pieces(text).unwrap();
        let texts: Vec<&str> = all.iter().map(|piece| piece.text.as_str()).collect();
        assert_eq!(texts, ["SELECT ';'", "SELECT \"x;y\"\n FROM t"]);
        assert!(pieces(" ; -- nothing\n").unwrap().is_empty());
        assert!(pieces("SELECT 'open").is_err());
    }

    #[test]
    fn places_are_counted_in_what_was_sent() {
        let text = "SELECT 'ü';\nSELECT x\nFROM nowhere";
        let all = pieces(text).unwrap();
        let at = all[1].position(Place { line: 2, column: 6 });
        assert_eq!(text.chars().skip(at - 1).collect::<String>(), "nowhere");
    }

    proptest::proptest! {
        #[test]
        fn any_text_comes_apart(text in "[a-z;'\" \n\\-/*$ü]{0,60}") {
            for piece in pieces(&text).unwrap_or_default() {
                proptest::prop_assert!(text.contains(&piece.text));
            }
        }
    }
}
