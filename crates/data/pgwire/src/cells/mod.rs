//! Arrow's values as PostgreSQL's, in its text and its binary format.
//!
//! Written by hand rather than by `arrow-pg`: numbers keep all of their digits, and a row costs no look at its types.

mod column;
mod number;
mod time;
mod types;

pub(crate) use column::Rows;
pub(crate) use number::decimal_of_binary;
pub(crate) use time::{day_of, day_text, moment_text, of_day};
pub(crate) use types::{modifier, pg_type};

/// How a value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Text,
    Binary,
}

impl Format {
    /// The formats of `count` columns: none for text, one for all, or one each.
    pub(crate) fn all(codes: &[i16], count: usize) -> Option<Vec<Self>> {
        let one = |code: &i16| match code {
            0 => Some(Self::Text),
            1 => Some(Self::Binary),
            _ => None,
        };
        match codes {
            [] => Some(vec![Self::Text; count]),
            [code] => Some(vec![one(code)?; count]),
            all if all.len() == count => all.iter().map(one).collect(),
            _ => None,
        }
    }
}
