//! Reviews from a table: `time,order,rater,subject,stars`, one row each, with a head.

use std::io::Read;

use doorstep_clock::Timestamp;

use crate::names::{self, Names};
use crate::review::{Market, Review};

/// The columns a table must have, in any order, beside others.
pub const COLUMNS: [&str; 5] = ["time", "order", "rater", "subject", "stars"];

/// Steps of time in one unit of a table whose times are numbers.
const STEPS: f64 = 1000.0;

/// What is wrong with a table, and where.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The head lacks a column.
    #[error(
        "the head of the table has no column `{column}`: the first line must name time, order, rater, subject and stars"
    )]
    NoColumn {
        /// The missing one.
        column: &'static str,
    },
    /// The head has a column twice.
    #[error("the head of the table names `{column}` twice: leave one")]
    ColumnTwice {
        /// Which one.
        column: &'static str,
    },
    /// A row that cannot be read.
    #[error("line {line}: {reason}")]
    Row {
        /// Counted from 1, the head included.
        line: u64,
        /// What is wrong.
        reason: String,
    },
    /// A field that cannot be.
    #[error("line {line}: {field} is `{value}`; {fix}")]
    Field {
        /// Counted from 1, the head included.
        line: u64,
        /// Which column.
        field: &'static str,
        /// What stands there, shortened to 40 characters.
        value: String,
        /// What should stand there.
        fix: &'static str,
    },
    /// The file cannot be read.
    #[error("the table cannot be read: {0}")]
    Io(#[from] std::io::Error),
}

/// Reviews with the names of their raters and subjects.
#[derive(Debug)]
pub struct Reviews {
    /// The reviews, in the order of the table.
    pub rows: Vec<Review>,
    /// Raters by number.
    pub raters: Names,
    /// Subjects by number.
    pub subjects: Names,
    /// Per subject, the rater who is the same person; empty when raters and subjects are not the same people.
    twins: Vec<Option<u32>>,
    /// Steps of `Review::time` in one of the table's own units.
    steps: f64,
}

impl Reviews {
    /// What [`score`](crate::score) takes.
    #[must_use]
    pub fn market(&self) -> Market<'_> {
        Market { reviews: &self.rows, raters: self.raters.len(), subjects: self.subjects.len(), twins: &self.twins }
    }

    /// A span of the table's own time in that of the reviews.
    #[must_use]
    pub fn in_units(&self, span: f64) -> f64 {
        span * self.steps
    }

    /// A span of the reviews' time in that of the table.
    #[must_use]
    pub fn from_units(&self, span: f64) -> f64 {
        span / self.steps
    }

    /// Reads a table; refuses it at its first mistake.
    pub fn read(from: impl Read) -> Result<Self, ReadError> {
        let mut table = csv::ReaderBuilder::new().buffer_capacity(1 << 20).from_reader(from);
        let column = columns(table.byte_headers().map_err(broken)?)?;
        let mut reviews = Self {
            rows: Vec::new(),
            raters: Names::default(),
            subjects: Names::default(),
            twins: Vec::new(),
            steps: 1.0,
        };
        let mut record = csv::ByteRecord::new();
        let mut written = None;
        while table.read_byte_record(&mut record).map_err(broken)? {
            let row = row(&record, &column, &mut reviews, &mut written)?;
            reviews.rows.push(row);
        }
        reviews.steps = if written == Some(false) { STEPS } else { 1.0 };
        reviews.settle();
        Ok(reviews)
    }

    /// Numbers names by the alphabet, so that the order of the rows does not show, and finds who is on both sides.
    fn settle(&mut self) {
        let (raters, subjects) = (self.raters.sort(), self.subjects.sort());
        for row in &mut self.rows {
            row.rater = raters[row.rater as usize];
            row.subject = subjects[row.subject as usize];
        }
        self.twins = (0..self.subjects.len() as u32).map(|s| self.raters.find(self.subjects.name(s))).collect();
        // Numbers may be counted from one on both sides and mean different people. Only an order that two
        // people wrote about, each about the other, shows that a name means one person.
        let mut mutual: Vec<(u64, u32, u32)> = self
            .rows
            .iter()
            .filter_map(|r| Some((r.order, r.rater, self.twins[r.subject as usize]?)))
            .map(|(order, a, b)| (order, a.min(b), a.max(b)))
            .collect();
        mutual.sort_unstable();
        if !mutual.windows(2).any(|w| w[0] == w[1]) {
            self.twins.clear();
        }
    }
}

fn broken(error: csv::Error) -> ReadError {
    let line = error.position().map_or(0, csv::Position::line);
    match error.into_kind() {
        csv::ErrorKind::Io(error) => ReadError::Io(error),
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => ReadError::Row {
            line,
            reason: format!("{len} fields where the head has {expected_len}: write one field for each column"),
        },
        _ => ReadError::Row { line, reason: "this is no row of a table: write comma-separated UTF-8 text".to_owned() },
    }
}

/// Where each of [`COLUMNS`] stands.
fn columns(head: &csv::ByteRecord) -> Result<[usize; 5], ReadError> {
    let mut found = [0; 5];
    for (place, column) in found.iter_mut().zip(COLUMNS) {
        let mut places = head.iter().enumerate().filter(|(_, name)| {
            name.strip_prefix(b"\xef\xbb\xbf").unwrap_or(name).trim_ascii().eq_ignore_ascii_case(column.as_bytes())
        });
        *place = places.next().ok_or(ReadError::NoColumn { column })?.0;
        if places.next().is_some() {
            return Err(ReadError::ColumnTwice { column });
        }
    }
    Ok(found)
}

fn row(
    record: &csv::ByteRecord,
    column: &[usize; 5],
    reviews: &mut Reviews,
    written: &mut Option<bool>,
) -> Result<Review, ReadError> {
    let line = record.position().map_or(0, csv::Position::line);
    let refused = |field: &'static str, value: &[u8], fix: &'static str| ReadError::Field {
        line,
        field,
        value: String::from_utf8_lossy(value).chars().take(40).collect(),
        fix,
    };
    let text = |i: usize| {
        let bytes = record.get(column[i]).unwrap_or_default().trim_ascii();
        match std::str::from_utf8(bytes) {
            Ok("") => Err(refused(COLUMNS[i], bytes, "write a name")),
            Ok(text) => Ok(text),
            Err(_) => Err(refused(COLUMNS[i], bytes, "write UTF-8 text")),
        }
    };
    let at = text(0)?;
    let (time, is_written) = time(at)
        .ok_or_else(|| refused("time", at.as_bytes(), "write a number, or a time like 2013-11-18T16:00:00Z"))?;
    if *written.get_or_insert(is_written) != is_written {
        return Err(refused("time", at.as_bytes(), "write numbers in the whole table, or written times"));
    }
    let given = text(4)?;
    let stars = stars(given).ok_or_else(|| refused("stars", given.as_bytes(), "write a whole number from 1 to 5"))?;
    Ok(Review {
        rater: reviews.raters.number(text(2)?),
        subject: reviews.subjects.number(text(3)?),
        time,
        order: names::hash(text(1)?),
        stars,
    })
}

/// A number in any unit, three digits after the point kept, or a written time, and which it is.
fn time(text: &str) -> Option<(i64, bool)> {
    if let Ok(number) = text.parse::<i64>() {
        return Some((number.checked_mul(STEPS as i64)?, false));
    }
    if let Ok(number) = text.parse::<f64>() {
        return (number.abs() < 9e15).then(|| ((number * STEPS).round() as i64, false));
    }
    let written = Timestamp::parse(text)
        .or_else(|_| Timestamp::parse_local_as_utc(text))
        .or_else(|_| Timestamp::parse_local_as_utc(&text.replacen(' ', "T", 1)));
    Some((written.ok()?.millis(), true))
}

fn stars(text: &str) -> Option<u8> {
    let whole = text.strip_suffix(".0").unwrap_or(text);
    match whole.as_bytes() {
        [digit @ b'1'..=b'5'] => Some(digit - b'0'),
        _ => None,
    }
}
