//! `FROM … INSERT … SELECT … INSERT … SELECT …`: one source, several targets.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

use super::{Insert, parse};
use crate::HiveError;

/// Targets of one statement.
const MAX_INSERTS: usize = 100;

/// The inserts of a statement that begins with FROM, or with WITH … FROM; `None` for every other statement.
pub(super) fn split(tokens: &[TokenWithSpan]) -> Result<Option<Vec<Insert>>, HiveError> {
    let (starts, from) = outer(tokens);
    let Some((&first, from)) = starts.first().zip(from) else { return Ok(None) };
    if from > first || !(from == 0 || parse::is_word(tokens.first(), "with")) {
        return with_insert(tokens, &starts);
    }
    if starts.len() > MAX_INSERTS {
        return Err(HiveError::syntax(format!("more than {MAX_INSERTS} inserts"), tokens[starts[MAX_INSERTS]].span));
    }
    let mut inserts = Vec::with_capacity(starts.len());
    for (nth, &start) in starts.iter().enumerate() {
        let end = starts.get(nth + 1).copied().unwrap_or(tokens.len());
        let (mut insert, select) = parse::whole_head(&tokens[start + 1..end])?;
        // `FROM source` goes behind this part's list of columns: the parser reads FROM first as well.
        let mut query = tokens[..first].to_vec();
        query.extend(select);
        insert.source = parse::whole(query, |parser| Ok(parser.parse_query()?))?;
        inserts.push(insert);
    }
    Ok(Some(inserts))
}

/// `WITH a AS (…) INSERT INTO t SELECT …`: the query's own WITH, written before the word INSERT.
fn with_insert(tokens: &[TokenWithSpan], starts: &[usize]) -> Result<Option<Vec<Insert>>, HiveError> {
    let [start] = starts else { return Ok(None) };
    if *start == 0 || !parse::is_word(tokens.first(), "with") {
        return Ok(None);
    }
    let (mut insert, select) = parse::whole_head(&tokens[start + 1..])?;
    let mut query = tokens[..*start].to_vec();
    query.extend(select);
    insert.source = parse::whole(query, |parser| Ok(parser.parse_query()?))?;
    Ok(Some(vec![insert]))
}

/// Where INSERT stands outside of parentheses, and the first FROM there.
fn outer(tokens: &[TokenWithSpan]) -> (Vec<usize>, Option<usize>) {
    let (mut depth, mut starts, mut from) = (0_usize, Vec::new(), None);
    for (at, token) in tokens.iter().enumerate() {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            _ if parse::is_word(Some(token), "insert") => starts.push(at),
            _ if from.is_none() && parse::is_word(Some(token), "from") => from = Some(at),
            _ => {}
        }
    }
    (starts, from)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::super::{Statement, parse};

    fn sources(text: &str) -> Vec<String> {
        let Statement::Insert(inserts) = parse(text).unwrap() else { panic!("{text}") };
        inserts.iter().map(|i| i.source.to_string()).collect()
    }

    #[test]
    fn each_part_reads_the_source() {
        let text = "from (select 1 k) s insert into a select k where k > 0 insert overwrite table b partition (p = 1) select k + 1";
        let sources = sources(text);
        assert_eq!(sources.len(), 2);
        assert!(sources[0].contains("k > 0") && sources[0].contains("FROM"), "{sources:?}");
        assert!(sources[1].contains("k + 1") && !sources[1].contains("k > 0"), "{sources:?}");
    }

    #[test]
    fn with_may_stand_in_front() {
        assert!(self::sources("with q as (select 1 x) insert into t select x from q")[0].starts_with("WITH q"));
        assert_eq!(
            self::sources("with q as (select 1 x) from q insert into t select x insert into u select x").len(),
            2
        );
    }
}
