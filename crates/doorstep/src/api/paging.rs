//! Lists come in pages: `{items, next_cursor}`, asked for with `?limit=&cursor=`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::problem::{Answer, Problem};

/// A page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Page<T> {
    /// The page's entries.
    pub items: Vec<T>,
    /// Ask again with `?cursor=` this; `null` at the end.
    pub next_cursor: Option<String>,
}

/// Entries of a page when the caller names no number.
const USUAL: usize = 50;
/// Most entries of a page.
pub(crate) const MOST: usize = 200;

/// Checks a page's size.
pub(crate) fn limit(asked: Option<usize>) -> Answer<usize> {
    match asked {
        None => Ok(USUAL),
        Some(limit @ 1..=MOST) => Ok(limit),
        Some(other) => {
            Err(Problem::field("?limit", format!("{other} is out of range"), format!("choose from 1 to {MOST}")))
        }
    }
}
