//! H3 cells (Uber's hexagonal hierarchy), through h3o.

use std::fmt;
use std::str::FromStr;

use h3o::{CellIndex, LatLng, Resolution};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::{GeoError, Point};

/// A cell of the H3 grid. Written as its index in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cell(pub CellIndex);

impl Cell {
    /// The cell of resolution `res` (0 to 15) in which `p` lies.
    ///
    /// # Errors
    /// [`GeoError::NoSuchResolution`].
    pub fn of(p: Point, res: u8) -> Result<Self, GeoError> {
        let res = Resolution::try_from(res).map_err(|_| GeoError::NoSuchResolution(res))?;
        Ok(Self::at(p, res))
    }

    /// The cell of resolution `res` in which `p` lies.
    #[must_use]
    pub fn at(p: Point, res: Resolution) -> Self {
        let latlng = LatLng::new(p.lat(), p.lon()).expect("a point is always finite");
        Self(latlng.to_cell(res))
    }

    /// The cell and all others at most `k` steps away.
    pub fn disk(self, k: u32) -> impl Iterator<Item = Self> {
        self.0.grid_disk::<Vec<_>>(k).into_iter().map(Self)
    }

    /// The cells exactly `k` steps away.
    pub fn ring(self, k: u32) -> impl Iterator<Item = Self> {
        self.0.grid_ring::<Vec<_>>(k).into_iter().map(Self)
    }

    /// Its middle.
    #[must_use]
    pub fn center(self) -> Point {
        let at = LatLng::from(self.0);
        Point::new(at.lat(), at.lng()).expect("a cell's middle lies on the globe")
    }

    /// The cell of the coarser resolution `res` that holds it; `None` when `res` is finer or does not exist.
    #[must_use]
    pub fn parent(self, res: u8) -> Option<Self> {
        self.0.parent(Resolution::try_from(res).ok()?).map(Self)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cell {
    type Err = GeoError;

    fn from_str(text: &str) -> Result<Self, GeoError> {
        text.parse().map(Self).map_err(|_| GeoError::NotACell(text.chars().take(32).collect()))
    }
}

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn cells_read_and_write() {
        let cell = Cell::of(Point::new(40.7580, -73.9855).unwrap(), 9).unwrap();
        assert_eq!(cell.to_string().parse::<Cell>().unwrap(), cell);
        assert_eq!(serde_json::from_str::<Cell>(&serde_json::to_string(&cell).unwrap()).unwrap(), cell);
        assert_eq!((cell.disk(2).count(), cell.ring(2).count()), (19, 12));
        assert_eq!(Cell::of(cell.center(), 9).unwrap(), cell);
        assert_eq!(cell.parent(7), Some(Cell::of(cell.parent(7).unwrap().center(), 7).unwrap()));
    }

    #[test]
    fn what_is_no_cell_is_named() {
        assert!("Times Square".parse::<Cell>().unwrap_err().to_string().contains("Times Square"));
        assert_eq!(Cell::of(Point::new(0.0, 0.0).unwrap(), 16), Err(GeoError::NoSuchResolution(16)));
    }
}
