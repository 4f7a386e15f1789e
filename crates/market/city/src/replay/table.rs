//! Rows of a CSV table by column name, with errors that name file, line and column.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use csv::StringRecord;
use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use doorstep_orders::WomenRides;
use doorstep_roads::import::maybe_gzip;

use super::ReplayError;

/// Most rows of one table: a month of a large city, far above what a replay is for.
const MAX_ROWS: usize = 20_000_000;

/// An open table.
pub(super) struct Table {
    path: PathBuf,
    reader: csv::Reader<Box<dyn Read>>,
    header: StringRecord,
    record: StringRecord,
    rows: usize,
}

impl Table {
    /// Opens a CSV file, gzip or plain: its first bytes tell.
    pub(super) fn open(path: &Path) -> Result<Self, ReplayError> {
        let io = |source| ReplayError::Io { path: path.to_owned(), source };
        let input = maybe_gzip(BufReader::new(File::open(path).map_err(io)?)).map_err(io)?;
        Self::from_reader(path, input)
    }

    /// Reads from bytes; `path` is for messages.
    pub(super) fn from_reader(path: &Path, input: Box<dyn Read>) -> Result<Self, ReplayError> {
        let mut reader = csv::Reader::from_reader(input);
        let header = reader.headers().map_err(|e| broken(path, &e))?.clone();
        Ok(Self { path: path.to_owned(), reader, header, record: StringRecord::new(), rows: 0 })
    }

    /// The position of the first of `names` that the header has.
    pub(super) fn column(&self, names: &[&'static str], meaning: &'static str) -> Result<usize, ReplayError> {
        self.optional_column(names).ok_or_else(|| ReplayError::NoColumn {
            path: self.path.clone(),
            column: names.first().copied().unwrap_or_default(),
            meaning,
            header: self.header.iter().take(20).collect::<Vec<_>>().join(","),
        })
    }

    pub(super) fn optional_column(&self, names: &[&'static str]) -> Option<usize> {
        names.iter().find_map(|name| self.header.iter().position(|h| h.trim() == *name))
    }

    /// Goes to the next row; false at the end.
    pub(super) fn advance(&mut self) -> Result<bool, ReplayError> {
        if !self.reader.read_record(&mut self.record).map_err(|e| broken(&self.path, &e))? {
            return Ok(false);
        }
        self.rows += 1;
        if self.rows > MAX_ROWS {
            return Err(ReplayError::TooLarge { path: self.path.clone(), limit: MAX_ROWS });
        }
        Ok(true)
    }

    fn text(&self, column: usize) -> &str {
        self.record.get(column).unwrap_or_default().trim()
    }

    /// The moment in `column`; without a zone its clock is taken as it stands.
    pub(super) fn moment(&self, column: usize) -> Result<Timestamp, ReplayError> {
        let text = self.text(column);
        Timestamp::parse_local_as_utc(text)
            .or_else(|_| Timestamp::parse(text))
            .map_err(|_| self.wrong(column, "is not a time: write it like 2013-11-18T16:00:00".to_owned()))
    }

    /// The moment in `column`, where there is one.
    pub(super) fn optional_moment(&self, column: Option<usize>) -> Result<Option<Timestamp>, ReplayError> {
        column.filter(|&column| !self.text(column).is_empty()).map(|column| self.moment(column)).transpose()
    }

    /// A count in a column that may be missing or empty, up to 60.
    pub(super) fn optional_count(&self, column: Option<usize>) -> Result<Option<u8>, ReplayError> {
        let Some(column) = column.filter(|&column| !self.text(column).is_empty()) else { return Ok(None) };
        let count = self.text(column).parse().ok().filter(|count| *count <= 60);
        count.map(Some).ok_or_else(|| self.wrong(column, "is no count: write 0 to 60".to_owned()))
    }

    /// A yes or no in a column that may be missing or empty.
    pub(super) fn optional_flag(&self, column: Option<usize>) -> Result<Option<bool>, ReplayError> {
        let Some(column) = column.filter(|&column| !self.text(column).is_empty()) else { return Ok(None) };
        match self.text(column) {
            "1" | "true" => Ok(Some(true)),
            "0" | "false" => Ok(Some(false)),
            _ => Err(self.wrong(column, "is neither yes nor no: write 1 or 0".to_owned())),
        }
    }

    /// A driver's word on rides among women, in a column that may be missing or empty.
    pub(super) fn optional_women(&self, column: Option<usize>) -> Result<Option<WomenRides>, ReplayError> {
        let Some(column) = column.filter(|&column| !self.text(column).is_empty()) else { return Ok(None) };
        let word = WomenRides::parse(self.text(column));
        word.map(Some).ok_or_else(|| self.wrong(column, "is unknown: write none, takes or only".to_owned()))
    }

    /// The place in the two columns.
    pub(super) fn place(&self, lat: usize, lon: usize) -> Result<Point, ReplayError> {
        let (y, x) = (self.number(lat)?, self.number(lon)?);
        Point::new(y, x)
            .map_err(|e| self.wrong(if y.abs() > 90.0 || !y.is_finite() { lat } else { lon }, e.to_string()))
    }

    fn number(&self, column: usize) -> Result<f64, ReplayError> {
        self.text(column)
            .parse()
            .map_err(|_| self.wrong(column, "is not a number: write degrees like -73.9857".to_owned()))
    }

    fn wrong(&self, column: usize, reason: String) -> ReplayError {
        ReplayError::Row {
            path: self.path.clone(),
            line: self.record.position().map_or(0, csv::Position::line),
            column: self.header.get(column).unwrap_or_default().to_owned(),
            value: self.text(column).chars().take(40).collect(),
            reason,
        }
    }
}

fn broken(path: &Path, error: &csv::Error) -> ReplayError {
    let at = error.position().map_or_else(|| "the start".to_owned(), |p| format!("line {}", p.line()));
    ReplayError::Broken { path: path.to_owned(), at, reason: error.to_string() }
}
