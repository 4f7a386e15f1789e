//! Counts by day, half hour and cell, from tables of trips.

use std::io::Read;

use doorstep_clock::Timestamp;
use doorstep_geo::{Cell, Point, Resolution};
use hashbrown::HashMap;

use super::SLOTS;
use crate::PricingError;

const HALF_HOUR_MS: i64 = 1_800_000;

/// Pickups: local half hours since 1970 and places.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trips(Vec<(i64, Point)>);

impl Trips {
    /// Reads a table in CSV with the columns `pickup` (or `pickup_datetime`, `request_time`), `pu_lon`, `pu_lat`.
    ///
    /// # Errors
    /// [`PricingError::Row`] with file and line.
    pub fn read(source_name: &str, from: impl Read) -> Result<Self, PricingError> {
        let mut reader = csv::Reader::from_reader(from);
        let row =
            |line, problem: String, fix| PricingError::Row { source_name: source_name.to_owned(), line, problem, fix };
        let readable = "write a CSV table in UTF-8 with a heading";
        let heads = reader.headers().map_err(|error| row(1, error.to_string(), readable))?.clone();
        let column = |names: &[&str]| {
            let found = heads.iter().position(|head| names.contains(&head.trim()));
            let columns = "name the columns pickup, pu_lon and pu_lat in the first line";
            found.ok_or_else(|| row(1, format!("there is no column `{}`", names[0]), columns))
        };
        let at = column(&["pickup", "pickup_datetime", "request_time"])?;
        let (lon, lat) = (column(&["pu_lon", "pickup_longitude"])?, column(&["pu_lat", "pickup_latitude"])?);
        let (mut trips, mut record) = (Vec::new(), csv::StringRecord::new());
        while reader.read_record(&mut record).map_err(|error| {
            let line = error.position().map_or(0, csv::Position::line);
            row(line, error.to_string(), readable)
        })? {
            let line = record.position().map_or(0, csv::Position::line);
            let text = |column: usize| record.get(column).unwrap_or_default();
            let moment = Timestamp::parse_local_as_utc(text(at))
                .map_err(|error| row(line, error.to_string(), "write local time like 2013-08-03T07:30:00"))?;
            let degrees = |column: usize| {
                let wanted = "write degrees like -73.98";
                text(column)
                    .trim()
                    .parse::<f64>()
                    .map_err(|_| row(line, format!("`{}` is no number", text(column)), wanted))
            };
            let place = Point::new(degrees(lat)?, degrees(lon)?)
                .map_err(|error| row(line, error.to_string(), "write degrees of WGS 84"))?;
            trips.push((moment.millis().div_euclid(HALF_HOUR_MS), place));
        }
        Ok(Self(trips))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// One day's counts, `SLOTS` times the number of cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayCounts {
    /// By half hour, then cell.
    counts: Vec<u32>,
    cells: usize,
    /// Whether the day is one of the test file's.
    pub in_test: bool,
    /// Whether any file has a row of the day; a gap in the tables is no day on which nobody rode.
    pub counted: bool,
}

impl DayCounts {
    /// The counts of a half hour by cell.
    #[must_use]
    pub fn slot(&self, slot: usize) -> &[u32] {
        &self.counts[slot * self.cells..(slot + 1) * self.cells]
    }

    #[cfg(test)]
    pub(super) fn copy_from(&mut self, other: &Self, slot: usize) {
        self.counts[slot * self.cells..].copy_from_slice(&other.counts[slot * self.cells..]);
    }
}

/// Days in a row, the first of them `first` days after 1970-01-01, and the cells of their counts.
#[derive(Clone, Debug)]
pub struct History {
    /// The first day.
    pub first: i64,
    /// All days to the last.
    pub days: Vec<DayCounts>,
    /// Cells with any demand in the file for fitting, in the order of their index.
    pub cells: Vec<Cell>,
    /// Pickups of the test file in other cells, which nobody could forecast.
    pub outside: usize,
}

impl History {
    /// Counts two files, one for fitting and one for testing, whose days may be interleaved but not shared. Days
    /// without a row in either are gaps: nothing is learned from them.
    ///
    /// # Errors
    /// [`PricingError::NoHistory`] when a file has no rows or both have rows of the same day.
    pub fn count(fit: &Trips, test: &Trips, resolution: Resolution) -> Result<Self, PricingError> {
        let day = |half_hour: i64| half_hour.div_euclid(SLOTS as i64);
        if fit.is_empty() {
            return Err(PricingError::NoHistory("the file for fitting has no trips: give one that has"));
        }
        if test.is_empty() {
            return Err(PricingError::NoHistory("the file for testing has no trips: give one that has"));
        }
        let mut cells: Vec<Cell> = fit.0.iter().map(|(_, place)| Cell::at(*place, resolution)).collect();
        cells.sort_unstable();
        cells.dedup();
        let number: HashMap<Cell, usize> = cells.iter().enumerate().map(|(ix, cell)| (*cell, ix)).collect();
        let all = || fit.0.iter().chain(&test.0).map(|(half_hour, _)| day(*half_hour));
        let first = all().min().unwrap_or_default();
        let last = all().max().unwrap_or_default();
        if last - first > 4_000 {
            return Err(PricingError::NoHistory("the trips span more than ten years: some dates must be wrong"));
        }
        let empty =
            DayCounts { counts: vec![0; SLOTS * cells.len()], cells: cells.len(), in_test: false, counted: false };
        // At most 4,000 days, so the casts hold.
        let mut days = vec![empty; (last - first) as usize + 1];
        let mut outside = 0;
        for (file, in_test) in [(test, true), (fit, false)] {
            for (half_hour, place) in &file.0 {
                let counts = &mut days[(day(*half_hour) - first) as usize];
                if counts.in_test && !in_test {
                    let both = "the two files have trips of the same day: split them by whole days";
                    return Err(PricingError::NoHistory(both));
                }
                (counts.in_test, counts.counted) = (in_test, true);
                let slot = half_hour.rem_euclid(SLOTS as i64) as usize;
                match number.get(&Cell::at(*place, resolution)) {
                    Some(cell) => counts.counts[slot * cells.len() + cell] += 1,
                    None => outside += 1,
                }
            }
        }
        Ok(Self { first, days, cells, outside })
    }
}
