//! The town: real corners, travel times and journeys, and what can be measured from them once.

use std::sync::Arc;

use doorstep_geo::{Cell, Point, Resolution, haversine_m};
use doorstep_roads::{CityFile, NodeIx, Roads, TravelMatrix, UNREACHABLE};

use super::SimulateError;
use crate::replay::Request;

/// A journey that people of this town make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Journey {
    pub(super) from: NodeIx,
    pub(super) to: NodeIx,
    pub(super) trip_ms: u32,
    pub(super) distance_m: u32,
}

/// A city with the journeys of a recorded period.
#[derive(Clone, Debug)]
pub struct Town {
    times: Arc<TravelMatrix>,
    points: Vec<Point>,
    /// Cell of each corner at the surge model's resolution.
    cells: Vec<Cell>,
    pub(super) journeys: Vec<Journey>,
    /// Where cars begin.
    pub(super) homes: Vec<NodeIx>,
    /// Recorded rides per minute.
    pub(super) per_min: f64,
    /// Metres of the crow's way per second, on ways as long as pickups are.
    pub(super) crow_mps: f64,
}

impl Town {
    /// From an imported city, the requests recorded in it and the places of its taxis. `resolution` is that of
    /// the surge cells.
    ///
    /// # Errors
    /// [`SimulateError::City`] when there is too little to draw from.
    pub fn new(
        city: CityFile,
        requests: &[Request],
        homes: Vec<NodeIx>,
        resolution: Resolution,
    ) -> Result<Self, SimulateError> {
        if city.graph.node_count() > TravelMatrix::MAX_NODES {
            return Err(SimulateError::City("the city has more than 6,000 corners: simulate a part of it"));
        }
        let roads = Roads::assemble(Arc::new(city.graph), Arc::new(city.hierarchy));
        let times = Arc::new(roads.metric().matrix());
        let points: Vec<Point> = roads.graph().nodes().map(|(_, point)| point).collect();
        let cells = points.iter().map(|p| Cell::at(*p, resolution)).collect();
        let journeys: Vec<Journey> = requests
            .iter()
            .filter_map(|r| {
                let route = roads.route(r.node, r.to)?;
                // Inside one city, so the cast holds.
                let distance_m = route.length_m.round() as u32;
                Some(Journey { from: r.node, to: r.to, trip_ms: route.time_ms, distance_m })
            })
            .collect();
        let span_ms = match requests {
            [first, .., last] => last.at_ms - first.at_ms,
            _ => 0,
        };
        if journeys.len() < 100 || span_ms < 60_000 {
            return Err(SimulateError::City("at least 100 recorded requests over a minute or more are needed"));
        }
        if homes.len() < 10 {
            return Err(SimulateError::City("at least 10 places of taxis are needed"));
        }
        let per_min = journeys.len() as f64 / (span_ms as f64 / 60_000.0);
        let mut town = Self { times, points, cells, journeys, homes, per_min, crow_mps: 0.0 };
        town.crow_mps = town.measured_crow_mps();
        Ok(town)
    }

    /// How fast a pickup comes nearer as the crow flies, over ways of 300 to 2,000 m between recorded pickups.
    fn measured_crow_mps(&self) -> f64 {
        let (mut metres, mut seconds) = (0.0, 0.0);
        let step = (self.journeys.len() / 200).max(1);
        for a in self.journeys.iter().step_by(step) {
            for b in self.journeys.iter().step_by(step) {
                let crow = haversine_m(self.point(a.from), self.point(b.from));
                let time = self.ms(a.from, b.from);
                if (300.0..2_000.0).contains(&crow) && time != UNREACHABLE {
                    metres += crow;
                    seconds += f64::from(time) / 1000.0;
                }
            }
        }
        if seconds > 0.0 { metres / seconds } else { 4.0 }
    }

    pub(super) fn ms(&self, from: NodeIx, to: NodeIx) -> u32 {
        self.times.row_to(to)[from as usize]
    }

    /// Times from every corner to `to`.
    pub(super) fn row_to(&self, to: NodeIx) -> &[u32] {
        self.times.row_to(to)
    }

    pub(super) fn point(&self, node: NodeIx) -> Point {
        self.points[node as usize]
    }

    pub(super) fn cell(&self, node: NodeIx) -> Cell {
        self.cells[node as usize]
    }

    /// Every cell with a corner.
    pub(super) fn all_cells(&self) -> impl Iterator<Item = Cell> + '_ {
        self.cells.iter().copied()
    }

    /// Mean driving time of a journey, seconds.
    #[must_use]
    pub fn mean_trip_s(&self) -> f64 {
        self.journeys.iter().map(|j| f64::from(j.trip_ms) / 1000.0).sum::<f64>() / self.journeys.len() as f64
    }

    /// Recorded rides per minute.
    #[must_use]
    pub const fn recorded_per_min(&self) -> f64 {
        self.per_min
    }

    /// How many journeys people draw from.
    #[must_use]
    pub fn journeys(&self) -> usize {
        self.journeys.len()
    }
}
