//! Pages: a list in the order of ids, continued by an opaque cursor.

use serde::{Deserialize, Serialize};

use crate::error::OrdersError;

/// The most items one page has.
pub const MAX_PAGE: usize = 200;

/// Items and where to go on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Pass it back for the next page; `None` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Cuts a page out of `limit + 1` items read.
    pub(crate) fn cut(mut items: Vec<T>, limit: usize, key: impl Fn(&T) -> String) -> Self {
        let more = items.len() > limit;
        items.truncate(limit);
        let next_cursor = if more { items.last().map(key) } else { None };
        Self { items, next_cursor }
    }

    /// The same page of something else.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(f).collect(), next_cursor: self.next_cursor }
    }
}

/// A limit that was asked for, brought into 1 to [`MAX_PAGE`].
pub(crate) fn limit(asked: usize) -> usize {
    asked.clamp(1, MAX_PAGE)
}

/// Cursors are ids of the listed kind; anything else is refused rather than read as a start.
pub(crate) fn check<I: std::str::FromStr + std::fmt::Display>(
    cursor: Option<&str>,
) -> Result<Option<String>, OrdersError> {
    cursor
        .map(|text| {
            text.parse::<I>()
                .map(|id| id.to_string())
                .map_err(|_| OrdersError::BadCursor { cursor: text.chars().take(64).collect() })
        })
        .transpose()
}

/// Conditions of a query with numbered parameters.
pub(crate) struct Conditions {
    sql: String,
    params: Vec<doorstep_store::Value>,
}

impl Conditions {
    pub(crate) fn tenant(tenant: &str) -> Self {
        Self { sql: "tenant = $1".to_owned(), params: vec![tenant.into()] }
    }

    /// Adds `clause`, in which `?` stands for the value.
    pub(crate) fn and(&mut self, clause: &str, value: impl Into<doorstep_store::Value>) {
        self.params.push(value.into());
        self.sql.push_str(" AND ");
        self.sql.push_str(&clause.replace('?', &format!("${}", self.params.len())));
    }

    pub(crate) fn and_if<V: Into<doorstep_store::Value>>(&mut self, clause: &str, value: Option<V>) {
        if let Some(value) = value {
            self.and(clause, value);
        }
    }

    pub(crate) fn and_fixed(&mut self, clause: &str) {
        self.sql.push_str(" AND ");
        self.sql.push_str(clause);
    }

    pub(crate) fn sql(&self) -> &str {
        &self.sql
    }

    pub(crate) fn params(&self) -> &[doorstep_store::Value] {
        &self.params
    }
}
