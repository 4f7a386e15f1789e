//! Streams whose records are rows of a table: what the columns are and where in a record they stand.
//!
//! A producer describes its rows here, once, and appends records as ever. Whoever keeps tables (the
//! lake) reads the description; neither knows the other.

use std::pin::Pin;

use crate::Record;

/// A table fed by the streams whose names begin with [`TableSpec::streams`].
#[derive(Clone, Copy, Debug)]
pub struct TableSpec {
    /// Its name in SQL.
    pub name: &'static str,
    /// What a row is, in one sentence.
    pub about: &'static str,
    /// The beginning of its streams' names, such as `orders.`.
    pub streams: &'static str,
    /// Only records of these kinds are rows; empty for all.
    pub kinds: &'static [&'static str],
    /// The columns, in order. One more, `tenant`, comes first by itself.
    pub columns: &'static [ColumnSpec],
    /// The column of time by which rows are sorted and kept; it must be a [`ColumnKind::Time`].
    pub time: &'static str,
    /// Days that rows are kept by that column; `None` for ever.
    pub keep_days: Option<u32>,
    /// The text column that names whose clock that column tells, such as the city: its rows are kept by its own
    /// newest. `None` where it is real time.
    pub clock: Option<&'static str>,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct ColumnSpec {
    /// Its name in SQL.
    pub name: &'static str,
    /// Its type.
    pub kind: ColumnKind,
    /// Where its value stands in a record.
    pub from: Source,
    /// What it says, with its unit.
    pub about: &'static str,
}

/// The type of a column. A value that does not fit its column becomes null and is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// A whole number of 64 bits.
    Int,
    /// A floating-point number.
    Real,
    /// True or false.
    Flag,
    /// A moment: RFC 3339 text or milliseconds since 1970.
    Time,
    /// Any JSON, kept as text.
    Json,
}

/// Where a column's value stands in a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The record's number in its stream.
    Seq,
    /// The record's kind.
    Kind,
    /// The record's key.
    Key,
    /// The record's time.
    At,
    /// What follows [`TableSpec::streams`] in the name of the stream.
    Stream,
    /// A JSON pointer into the payload, such as `/order/fare`.
    Payload(&'static str),
}

/// A column out of the payload, for constant tables.
#[must_use]
pub const fn column(name: &'static str, kind: ColumnKind, pointer: &'static str, about: &'static str) -> ColumnSpec {
    ColumnSpec { name, kind, from: Source::Payload(pointer), about }
}

/// Rows that are kept elsewhere and read when somebody asks for them: described as a [`TableSpec`], of which
/// [`TableSpec::streams`] and [`TableSpec::keep_days`] mean nothing here.
pub trait LiveRows: Send + Sync + std::fmt::Debug {
    /// Some rows of a tenant, from where an earlier page said to go on (`None`: from the beginning), about `limit`.
    fn page<'a>(&'a self, tenant: &'a str, from: Option<String>, limit: usize) -> PageFuture<'a>;
}

/// Some rows, and where to go on; `None` at the end. Or why there are none.
pub type Page = Result<(Vec<Record>, Option<String>), String>;
/// A page to come.
pub type PageFuture<'a> = Pin<Box<dyn Future<Output = Page> + Send + 'a>>;
