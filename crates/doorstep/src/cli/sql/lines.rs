//! What the terminal's line editor completes: keywords, tables, columns.

use rustyline::{Context, Helper, completion::Completer, highlight::Highlighter, hint::Hinter, validate::Validator};
use serde_json::Value;

/// Words that begin statements or stand in them often.
const KEYWORDS: &[&str] = &[
    "SELECT",
    "FROM",
    "WHERE",
    "GROUP BY",
    "ORDER BY",
    "LIMIT",
    "HAVING",
    "JOIN",
    "LEFT JOIN",
    "ON",
    "USING",
    "WITH",
    "AS",
    "AND",
    "OR",
    "NOT",
    "IN",
    "BETWEEN",
    "LIKE",
    "IS NULL",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "DISTINCT",
    "UNION ALL",
    "CREATE TABLE",
    "CREATE EXTERNAL TABLE",
    "CREATE VIEW",
    "CREATE DATABASE",
    "DROP TABLE",
    "DROP VIEW",
    "INSERT INTO",
    "INSERT OVERWRITE",
    "ALTER TABLE",
    "EXPLAIN",
    "EXPLAIN ANALYZE",
    "SHOW TABLES",
    "SHOW DATABASES",
    "DESCRIBE",
    "USE",
    "SET",
    "PARTITIONED BY",
    "STORED AS PARQUET",
    "LOCATION",
    "INTERVAL",
    "TIMESTAMP",
];

/// Completes words.
#[derive(Debug, Default)]
pub(super) struct Words(Vec<String>);

impl Words {
    /// Keywords and the names of what is there.
    pub(super) fn of(tables: &Value) -> Self {
        let mut words: Vec<String> = KEYWORDS.iter().map(|word| (*word).to_owned()).collect();
        for table in tables.as_array().into_iter().flatten() {
            words.extend(table["name"].as_str().map(str::to_owned));
            words.extend(table["database"].as_str().map(str::to_owned));
            for column in table["columns"].as_array().into_iter().flatten() {
                words.extend(column["name"].as_str().map(str::to_owned));
            }
        }
        words.sort();
        words.dedup();
        Self(words)
    }

    /// Where the word before `at` begins, and what it may become. Keywords take the case of what is written.
    fn complete_word(&self, line: &str, at: usize) -> (usize, Vec<String>) {
        let before = &line[..at];
        let start = before
            .rfind(|c: char| !c.is_alphanumeric() && c != '_')
            .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8));
        let word = &before[start..];
        if word.is_empty() {
            return (start, Vec::new());
        }
        let small = word.to_lowercase();
        let written_small = word.chars().all(|c| !c.is_uppercase());
        let fitting = self.0.iter().filter(|known| known.to_lowercase().starts_with(&small)).map(|known| {
            let keyword = known.chars().all(|c| !c.is_lowercase());
            if keyword && written_small { known.to_lowercase() } else { known.clone() }
        });
        (start, fitting.take(50).collect())
    }
}

impl Completer for Words {
    type Candidate = String;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(self.complete_word(line, at))
    }
}

impl Hinter for Words {
    type Hint = String;
}

impl Highlighter for Words {}
impl Validator for Words {}
impl Helper for Words {}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn words_are_completed_where_they_stand() {
        let words = Words::of(&json!([{"database": "doorstep", "name": "orders", "columns": [{"name": "order_id"}]}]));
        assert_eq!(
            words.complete_word("select * from ord", 17),
            (14, vec!["order by".into(), "order_id".into(), "orders".into()])
        );
        assert_eq!(words.complete_word("SEL", 3), (0, vec!["SELECT".into()]));
        assert_eq!(words.complete_word("größe, wher", 13), (9, vec!["where".into()]));
        assert_eq!(words.complete_word("", 0), (0, vec![]));
    }
}
