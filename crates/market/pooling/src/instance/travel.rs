//! Costs and times between places, as full tables.

use std::sync::Arc;

/// A table of travel costs and one of travel times; they may be the same.
#[derive(Clone, Debug)]
pub struct Travel {
    places: usize,
    cost: Arc<[f64]>,
    time: Arc<[f64]>,
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
        let cost: Arc<[f64]> = table.into();
        Ok(Self { places, time: Arc::clone(&cost), cost })
    }

    /// A table of costs and one of times.
    pub fn from_tables(places: usize, cost: Vec<f64>, time: Vec<f64>) -> Result<Self, TravelError> {
        check(places, &cost)?;
        check(places, &time)?;
        Ok(Self { places, cost: cost.into(), time: time.into() })
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
        self.cost[from as usize * self.places + to as usize]
    }

    /// Time from one place to another.
    #[inline]
    #[must_use]
    pub fn time(&self, from: u32, to: u32) -> f64 {
        self.time[from as usize * self.places + to as usize]
    }
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
