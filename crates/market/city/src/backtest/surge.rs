//! Prices that move, over a recorded run: what the surge model would have published from what it would have seen.

use std::collections::HashMap;
use std::sync::Arc;

use doorstep_pricing::{Supply, SurgeBook, SurgeConfig, SurgeMap};
use doorstep_roads::{NodeIx, RoadGraph};

use super::BacktestError;
use super::record::Day;
use crate::replay::{Event, Outcome, Request, WINDOW_STEP_MS};

/// Time between two maps, milliseconds: a window is chosen with each.
const STEP_MS: i64 = WINDOW_STEP_MS;

/// The maps of a run, one each half minute.
#[derive(Clone)]
pub(super) struct Maps(Vec<Arc<SurgeMap>>);

impl Maps {
    /// The map that holds at a moment of the period.
    pub(super) fn at(&self, at_ms: i64) -> &SurgeMap {
        let ix = usize::try_from(at_ms / STEP_MS).unwrap_or(0);
        &self.0[ix.min(self.0.len() - 1)]
    }

    /// How long riders are gathered, map by map, milliseconds; nothing where that is not chosen with the price.
    pub(super) fn windows(&self) -> Vec<i64> {
        let chosen = self.0.iter().map_while(|map| map.window_s());
        chosen.map(|window_s| (f64::from(window_s) * 1e3).round() as i64).collect()
    }

    /// Takes over the maps of a later run from a moment on; what was published before stays.
    pub(super) fn go_on(&mut self, later: &Self, from_ms: i64) {
        let kept = usize::try_from((from_ms + STEP_MS - 1) / STEP_MS).unwrap_or(0).min(later.0.len());
        self.0.truncate(kept);
        self.0.extend_from_slice(&later.0[self.0.len()..]);
    }

    /// Prices that stay.
    pub(super) fn off() -> Self {
        Self(vec![Arc::new(SurgeMap::off())])
    }

    /// The maps that those who asked and the cars of this run make; `requests` are those of the run.
    pub(super) fn of(
        config: &SurgeConfig,
        all_asked: &[Request],
        requests: &[Request],
        outcome: &Outcome,
        day: &Day,
        graph: &RoadGraph,
    ) -> Result<Self, BacktestError> {
        let mut book = SurgeBook::new(config.clone())?;
        let (cars, start) = (day.fleet.len(), day.start);
        let mut fleet = Fleet { places: vec![None; cars], aboard: vec![Vec::new(); cars], car_of: HashMap::new() };
        let (mut events, mut asked) = (outcome.events.iter().peekable(), all_asked.iter().peekable());
        let last_ms = all_asked.last().map_or(0, |r| r.at_ms);
        let mut maps = Vec::new();
        let mut now_ms = 0;
        while now_ms <= last_ms + STEP_MS {
            while let Some((_, event)) = events.next_if(|(at_ms, _)| *at_ms <= now_ms) {
                fleet.hear(event);
            }
            while let Some(request) = asked.next_if(|r| r.at_ms <= now_ms) {
                book.observe_demand(graph.point(request.node), 1);
            }
            let horizon_ms = now_ms + (config.horizon_s * 1_000.0) as i64;
            let mut supply = Vec::new();
            for (car, (place, aboard)) in fleet.places.iter().zip(&fleet.aboard).enumerate() {
                let Some(place) = *place else { continue };
                if day.shifts.get(car).is_some_and(|shift| now_ms >= shift.until_ms) {
                    continue;
                }
                if aboard.is_empty() {
                    supply.push((book.cell_of(graph.point(place)), Supply { idle: 1, soon_free: 0 }));
                    continue;
                }
                let ends = aboard.iter().filter_map(|&r| Some((outcome.fates[r as usize].dropoff_ms?, r)));
                if let Some((end_ms, request)) = ends.max()
                    && end_ms <= horizon_ms
                {
                    let goal = graph.point(requests[request as usize].to);
                    supply.push((book.cell_of(goal), Supply { idle: 0, soon_free: 1 }));
                }
            }
            book.observe_supply(supply);
            maps.push(book.recompute(start.plus_ms(now_ms)).map);
            now_ms += STEP_MS;
        }
        Ok(Self(maps))
    }
}

/// Where cars are and whom they are promised to.
struct Fleet {
    places: Vec<Option<NodeIx>>,
    aboard: Vec<Vec<u32>>,
    car_of: HashMap<u32, u32>,
}

impl Fleet {
    fn hear(&mut self, event: &Event) {
        match *event {
            Event::Vehicle { vehicle, node, .. }
            | Event::Move { vehicle, node }
            | Event::Pickup { vehicle, node, .. } => {
                self.places[vehicle as usize] = Some(node);
            }
            Event::Assign { request, vehicle, .. } => {
                self.leave(request);
                self.car_of.insert(request, vehicle);
                self.aboard[vehicle as usize].push(request);
            }
            Event::Dropoff { request, vehicle, node } => {
                self.places[vehicle as usize] = Some(node);
                self.leave(request);
            }
            Event::Request { .. } => {}
            Event::Expire { request } => self.leave(request),
        }
    }

    fn leave(&mut self, request: u32) {
        if let Some(car) = self.car_of.remove(&request) {
            self.aboard[car as usize].retain(|r| *r != request);
        }
    }
}
