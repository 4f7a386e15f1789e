//! H3 cells: hexagons that tile the globe, at sixteen sizes.

use std::fmt;
use std::str::FromStr;

use h3o::{CellIndex, LatLng};
use serde::{Deserialize, Serialize};

pub use h3o::Resolution;

use crate::{GeoError, Point};

/// A cell of the H3 grid; in JSON and logs its hexadecimal index.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Cell(CellIndex);

impl Cell {
    /// The cell of size `res` (0 coarsest … 15 finest; more counts as 15) that holds the point.
    ///
    /// At 9 an edge is about 200 m long, at 8 about 530 m, at 7 about 1.4 km.
    #[must_use]
    pub fn of(p: Point, res: u8) -> Self {
        let res = Resolution::try_from(res).unwrap_or(Resolution::Fifteen);
        let at = LatLng::new(p.lat(), p.lon()).expect("invariant: a point is finite");
        Self(at.to_cell(res))
    }

    /// The size, 0..=15.
    #[must_use]
    pub fn resolution(self) -> u8 {
        self.0.resolution().into()
    }

    /// The middle of the cell.
    #[must_use]
    pub fn center(self) -> Point {
        let at = LatLng::from(self.0);
        Point::wrapped(at.lat(), at.lng())
    }

    /// All cells at most `k` steps away, this one included.
    pub fn disk(self, k: u32) -> impl Iterator<Item = Self> {
        self.0.grid_disk_safe(k).map(Self)
    }

    /// The cells exactly `k` steps away; this one for 0.
    pub fn ring(self, k: u32) -> impl Iterator<Item = Self> {
        self.0.grid_ring::<Vec<CellIndex>>(k).into_iter().map(Self)
    }

    /// The coarser cell that holds this one; none when `res` is finer than this.
    #[must_use]
    pub fn parent(self, res: u8) -> Option<Self> {
        self.0.parent(Resolution::try_from(res).ok()?).map(Self)
    }

    /// How many steps apart two cells of one size are, where the grid can tell.
    #[must_use]
    pub fn distance(self, to: Self) -> Option<u32> {
        self.0
            .grid_distance(to.0)
            .ok()
            .and_then(|steps| u32::try_from(steps).ok())
    }

    /// The corners, in order.
    #[must_use]
    pub fn outline(self) -> Vec<Point> {
        self.0
            .boundary()
            .iter()
            .map(|at| Point::wrapped(at.lat(), at.lng()))
            .collect()
    }

    /// The index as a number.
    #[must_use]
    pub fn index(self) -> u64 {
        self.0.into()
    }

    /// The cell of an index.
    ///
    /// # Errors
    /// [`GeoError::BadCell`] when the number is no cell.
    pub fn from_index(index: u64) -> Result<Self, GeoError> {
        CellIndex::try_from(index)
            .map(Self)
            .map_err(|_| GeoError::BadCell {
                text: format!("{index:x}"),
            })
    }

    /// Reads the hexadecimal index.
    ///
    /// # Errors
    /// [`GeoError::BadCell`] when the text is no cell.
    pub fn parse(text: &str) -> Result<Self, GeoError> {
        text.parse().map(Self).map_err(|_| GeoError::BadCell {
            text: text.to_owned(),
        })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cell({})", self.0)
    }
}

impl FromStr for Cell {
    type Err = GeoError;
    fn from_str(text: &str) -> Result<Self, GeoError> {
        Self::parse(text)
    }
}

impl TryFrom<String> for Cell {
    type Error = GeoError;
    fn try_from(text: String) -> Result<Self, GeoError> {
        Self::parse(&text)
    }
}

impl From<Cell> for String {
    fn from(cell: Cell) -> Self {
        cell.to_string()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn knows_a_published_cell() {
        let cell = Cell::of(Point::new(37.769_377, -122.388_903).unwrap(), 9);
        assert_eq!(cell.to_string(), "89283082e73ffff");
        assert_eq!(cell.resolution(), 9);
        assert_eq!(Cell::of(cell.center(), 99).resolution(), 15);
    }

    #[test]
    fn refuses_what_is_no_cell() {
        for text in ["", "zz", "89283082e73fff", "ffffffffffffffff"] {
            assert!(Cell::parse(text).is_err(), "{text}");
        }
        assert!(Cell::from_index(0).is_err());
    }

    proptest! {
        #[test]
        fn text_number_and_json_round_trip(lat in -89.0..89.0f64, lon in -180.0..180.0f64, res in 0u8..16) {
            let cell = Cell::of(Point::new(lat, lon).unwrap(), res);
            prop_assert_eq!(Cell::parse(&cell.to_string()).unwrap(), cell);
            prop_assert_eq!(Cell::from_index(cell.index()).unwrap(), cell);
            let json = serde_json::to_string(&cell).unwrap();
            prop_assert_eq!(serde_json::from_str::<Cell>(&json).unwrap(), cell);
            prop_assert_eq!(Cell::of(cell.center(), res), cell);
        }

        #[test]
        fn a_disk_is_its_rings(lat in -80.0..80.0f64, lon in -180.0..180.0f64, k in 0u32..5) {
            let cell = Cell::of(Point::new(lat, lon).unwrap(), 8);
            let mut disk: Vec<Cell> = cell.disk(k).collect();
            let mut rings: Vec<Cell> = (0..=k).flat_map(|k| cell.ring(k)).collect();
            disk.sort();
            rings.sort();
            prop_assert_eq!(disk, rings);
        }
    }
}
