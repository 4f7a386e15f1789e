//! Costs and times between places, as full tables.

use std::sync::Arc;

/// A table of travel costs and one of travel times; they may be the same.
#[derive(Clone, Debug)]
pub struct Travel {
    places: usize,
    cost: Table,
    time: Table,
}

/// Values by row and, turned over, by column, so that both ways are read in a row. One table where it is
/// symmetric.
#[derive(Clone, Debug)]
struct Table {
    from: Arc<[f64]>,
    to: Arc<[f64]>,
}

impl Table {
    fn new(places: usize, values: Vec<f64>) -> Self {
        let symmetric = (0..places).all(|a| (0..a).all(|b| values[a * places + b] == values[b * places + a]));
        let from: Arc<[f64]> = values.into();
        let to = if symmetric {
            Arc::clone(&from)
        } else {
            (0..places * places).map(|at| from[at % places * places + at / places]).collect()
        };
        Self { from, to }
    }
}

/// Why a table is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TravelError {
    /// Not a square.
    #[error("{values} travel values do not make a square table of {places} places")]
    Shape {
        /// Places.
        places: usize,
        /// Values given.
        values: usize,
    },
    /// Not a finite number from 0 up.
    #[error("travel from place {from} to place {to} is {value}; it must be a finite number from 0 up")]
    Number {
        /// Row.
        from: usize,
        /// Column.
        to: usize,
        /// What it is.
        value: f64,
    },
}

impl Travel {
    /// One table that is cost and time at once, row by row.
    pub fn from_table(places: usize, table: Vec<f64>) -> Result<Self, TravelError> {
        check(places, &table)?;
        let cost = Table::new(places, table);
        Ok(Self { places, time: cost.clone(), cost })
    }

    /// A table of costs and one of times.
    pub fn from_tables(places: usize, cost: Vec<f64>, time: Vec<f64>) -> Result<Self, TravelError> {
        check(places, &cost)?;
        check(places, &time)?;
        Ok(Self { places, cost: Table::new(places, cost), time: Table::new(places, time) })
    }

    /// Straight lines between points, in double precision; cost is time.
    pub fn euclidean(points: &[(f64, f64)]) -> Result<Self, TravelError> {
        let table = points.iter().flat_map(|a| points.iter().map(|b| (a.0 - b.0).hypot(a.1 - b.1))).collect();
        Self::from_table(points.len(), table)
    }

    /// How many places there are.
    #[must_use]
    pub fn places(&self) -> usize {
        self.places
    }

    /// Cost from one place to another.
    #[inline]
    #[must_use]
    pub fn cost(&self, from: u32, to: u32) -> f64 {
        self.cost.from[from as usize * self.places + to as usize]
    }

    /// Time from one place to another.
    #[inline]
    #[must_use]
    pub fn time(&self, from: u32, to: u32) -> f64 {
        self.time.from[from as usize * self.places + to as usize]
    }

    /// All ways from and to one place.
    #[inline]
    #[must_use]
    pub fn around(&self, place: u32) -> Around<'_> {
        let row = place as usize * self.places..(place as usize + 1) * self.places;
        Around {
            cost_from: &self.cost.from[row.clone()],
            cost_to: &self.cost.to[row.clone()],
            time_from: &self.time.from[row.clone()],
            time_to: &self.time.to[row],
        }
    }
}

/// All ways from and to one place, by the other place.
#[derive(Clone, Copy, Debug)]
pub struct Around<'a> {
    /// Cost of leaving for the other place.
    pub cost_from: &'a [f64],
    /// Cost of coming from the other place.
    pub cost_to: &'a [f64],
    /// Time to the other place.
    pub time_from: &'a [f64],
    /// Time from the other place.
    pub time_to: &'a [f64],
}

fn check(places: usize, table: &[f64]) -> Result<(), TravelError> {
    if places.checked_mul(places) != Some(table.len()) {
        return Err(TravelError::Shape { places, values: table.len() });
    }
    match table.iter().position(|v| !v.is_finite() || *v < 0.0) {
        None => Ok(()),
        Some(at) => Err(TravelError::Number { from: at / places, to: at % places, value: table[at] }),
    }
}
