//! What surge publishes: multipliers by cell at one moment, never changed afterwards.

use doorstep_clock::Timestamp;
use doorstep_geo::{Cell, Point, Resolution};
use hashbrown::HashMap;
use serde::{Deserialize, Serialize};

use super::model::{MODEL, MODEL_VERSION};
use crate::{Multiplier, Seen};

/// What a multiplier rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// Demand and supply of the cell.
    Measured,
    /// Flat: surge is not running.
    Off,
    /// Flat: nothing is known of the cell.
    NoData,
    /// Flat: what is known is too old.
    Stale,
    /// Flat: the model has not watched long enough.
    WarmingUp,
}

impl Basis {
    /// The stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Off => "off",
            Self::NoData => "no_data",
            Self::Stale => "stale",
            Self::WarmingUp => "warming_up",
        }
    }

    /// The same as a sentence for riders.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::Measured => "The multiplier follows demand and free cars around the pickup.",
            Self::Off => "The fare is flat: surge is not running.",
            Self::NoData => "The fare is flat: nothing is known of demand and cars around the pickup.",
            Self::Stale => "The fare is flat: what is known of demand and cars is too old.",
            Self::WarmingUp => "The fare is flat: demand and cars have not been watched long enough.",
        }
    }
}

/// One cell's multiplier and the counts behind it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CellSurge {
    /// The published multiplier.
    pub multiplier: Multiplier,
    /// What would clear the cell, before smoothing in time and rounding.
    pub cleared: Multiplier,
    /// Riders per minute who ask at the flat fare.
    pub demand_per_min: f32,
    /// Idle cars, pooled with the neighbours'.
    pub idle: f32,
    /// Cars free within the horizon, pooled with the neighbours'.
    pub soon_free: f32,
    /// Expected pickup time with the cars that are idle now, seconds.
    pub pickup_s: f32,
    /// Expected pickup time at the end of the model's horizon if fares were flat, seconds; an hour where no car would be
    /// left.
    pub pickup_flat_s: f32,
}

/// Multipliers of all cells at one moment.
#[derive(Clone, Debug)]
pub struct SurgeMap {
    pub(super) flat: Option<Basis>,
    pub(super) as_of: Timestamp,
    pub(super) max_age_ms: i64,
    pub(super) resolution: Resolution,
    pub(super) target_pickup_s: f32,
    pub(super) window_s: Option<f32>,
    pub(super) cells: HashMap<Cell, CellSurge>,
}

/// What the map says of a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading {
    /// Its cell.
    pub cell: Cell,
    /// The multiplier; one where the basis says that the fare is flat.
    pub multiplier: Multiplier,
    /// On what it rests.
    pub basis: Basis,
    /// The counts, where there are any.
    pub seen: Option<Seen>,
}

impl SurgeMap {
    /// A map on which every fare is flat because surge does not run.
    #[must_use]
    pub fn off() -> Self {
        Self::without_surge(Basis::Off, Resolution::Eight)
    }

    /// A map on which every fare is flat for this reason, in cells of this resolution.
    #[must_use]
    pub fn without_surge(because: Basis, resolution: Resolution) -> Self {
        Self {
            flat: Some(because),
            as_of: Timestamp::default(),
            max_age_ms: 0,
            resolution,
            target_pickup_s: 0.0,
            window_s: None,
            cells: HashMap::new(),
        }
    }

    /// On what its multipliers rest at a moment: too old a map prices nothing.
    #[must_use]
    pub fn state_at(&self, now: Timestamp) -> Basis {
        match self.flat {
            Some(basis) => basis,
            None if now.ms_since(self.as_of).abs() > self.max_age_ms => Basis::Stale,
            None => Basis::Measured,
        }
    }

    /// The pickup time that prices shall keep, seconds.
    #[must_use]
    pub const fn target_pickup_s(&self) -> f32 {
        self.target_pickup_s
    }

    /// How long riders are gathered before they are matched, seconds, where that was chosen together with the prices.
    #[must_use]
    pub const fn window_s(&self) -> Option<f32> {
        self.window_s
    }

    /// What holds at a place and moment.
    #[must_use]
    pub fn at(&self, place: Point, now: Timestamp) -> Reading {
        let cell = Cell::at(place, self.resolution);
        let flat = |basis| Reading { cell, multiplier: Multiplier::ONE, basis, seen: None };
        if let Some(basis) = self.flat {
            return flat(basis);
        }
        if now.ms_since(self.as_of).abs() > self.max_age_ms {
            return flat(Basis::Stale);
        }
        let Some(found) = self.cells.get(&cell) else { return flat(Basis::NoData) };
        let seen = Seen {
            at: self.as_of,
            demand_per_min: found.demand_per_min,
            idle: found.idle,
            soon_free: found.soon_free,
            pickup_s: found.pickup_s,
            pickup_flat_s: Some(found.pickup_flat_s),
            target_pickup_s: self.target_pickup_s,
        };
        Reading { cell, multiplier: found.multiplier, basis: Basis::Measured, seen: Some(seen) }
    }

    /// When it was made.
    #[must_use]
    pub const fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// All cells it knows, in no order.
    pub fn cells(&self) -> impl Iterator<Item = (Cell, &CellSurge)> {
        self.cells.iter().map(|(cell, surge)| (*cell, surge))
    }

    /// One cell.
    #[must_use]
    pub fn cell(&self, cell: Cell) -> Option<&CellSurge> {
        self.cells.get(&cell)
    }

    /// The resolution of its cells.
    #[must_use]
    pub const fn resolution(&self) -> Resolution {
        self.resolution
    }

    /// Name of the model that made it.
    #[must_use]
    pub const fn model(&self) -> &'static str {
        MODEL
    }

    /// The model's version.
    #[must_use]
    pub const fn model_version(&self) -> u32 {
        MODEL_VERSION
    }
}
