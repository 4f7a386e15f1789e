//! One run as a film: where every car was at every moment, who asked, who was served and who was lost. What a map
//! needs to play it, and nothing else.

use std::collections::HashMap;

use doorstep_roads::NodeIx;
use serde::{Deserialize, Serialize};

use super::record::Day;
use crate::replay::{Event, Outcome, Replay};

/// Most points of all cars together; cars beyond are left out and counted.
const MOST_POINTS: usize = 1_500_000;

/// One run, to be played on a map. Seconds count from the start of the period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Film {
    /// Seed of the run.
    pub seed: u64,
    /// When the period starts, RFC 3339.
    pub start: String,
    /// When the last ride ended, seconds.
    pub end_s: u32,
    /// The corners that cars and requests name by their place in this list: `[lon, lat]` in millionths of a degree.
    pub corners: Vec<[i32; 2]>,
    /// Cars.
    pub cars: Vec<FilmCar>,
    /// Cars that the film leaves out because it would be too long.
    pub cars_left_out: usize,
    /// Requests, in the order in which they were made.
    pub requests: Vec<FilmRequest>,
}

/// One car of a [`Film`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilmCar {
    /// Pairs: seconds since the pair before, and a corner. Between two of them the car drives straight on.
    pub path: Vec<u32>,
    /// Pairs: seconds since the pair before, and what it does from then on: 0 free, 1 on the way to a rider, 2 with
    /// riders.
    pub states: Vec<u32>,
}

/// One request of a [`Film`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FilmRequest {
    /// When it was made.
    pub at_s: u32,
    /// The corner of the pickup.
    pub from: u32,
    /// The corner of the drop-off.
    pub to: u32,
    /// When a car was promised first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promised_s: Option<u32>,
    /// When the rider was picked up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picked_up_s: Option<u32>,
    /// When the rider was set down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub set_down_s: Option<u32>,
    /// When it was given up because no car came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost_s: Option<u32>,
    /// The rider heard the price and left.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
}

impl Film {
    /// Of an outcome in which those of the day's riders took part who had not `left`.
    pub(super) fn of(replay: &Replay, day: &Day, left: &[bool], outcome: &Outcome, seed: u64) -> Self {
        let mut corners = Corners::default();
        let mut fates = outcome.fates.iter();
        let requests = day.requests.iter().zip(left).map(|(request, &left)| {
            let fate = if left { None } else { fates.next() }.copied().unwrap_or_default();
            FilmRequest {
                at_s: seconds(request.at_ms),
                from: corners.of(request.node),
                to: corners.of(request.to),
                promised_s: fate.accepted_ms.map(seconds),
                picked_up_s: fate.pickup_ms.map(seconds),
                set_down_s: fate.dropoff_ms.map(seconds),
                lost_s: fate.expired_ms.map(seconds),
                left,
            }
        });
        let requests: Vec<FilmRequest> = requests.collect();
        let (mut cars, mut points, mut left_out) = (Vec::new(), 0, 0);
        for events in by_car(outcome, day.fleet.len()) {
            if points > MOST_POINTS {
                left_out += 1;
                continue;
            }
            let car = car(replay, &events, &mut corners);
            points += car.path.len() / 2;
            cars.push(car);
        }
        Self {
            seed,
            start: day.start.to_string(),
            end_s: outcome.events.last().map_or(0, |&(at_ms, _)| seconds(at_ms)),
            corners: corners.list.iter().map(|&node| micro(replay, node)).collect(),
            cars,
            cars_left_out: left_out,
            requests,
        }
    }
}

fn micro(replay: &Replay, node: NodeIx) -> [i32; 2] {
    let point = replay.graph().point(node);
    [(point.lon() * 1e6).round() as i32, (point.lat() * 1e6).round() as i32]
}

fn seconds(ms: i64) -> u32 {
    u32::try_from(ms.max(0) / 1000).unwrap_or(u32::MAX)
}

/// Corners by the order in which they are named.
#[derive(Default)]
struct Corners {
    list: Vec<NodeIx>,
    known: HashMap<NodeIx, u32>,
}

impl Corners {
    fn of(&mut self, node: NodeIx) -> u32 {
        *self.known.entry(node).or_insert_with(|| {
            self.list.push(node);
            self.list.len() as u32 - 1
        })
    }
}

/// The events of each car; a promise that goes to another car is told to both.
fn by_car(outcome: &Outcome, cars: usize) -> Vec<Vec<(i64, Deed)>> {
    let mut of: Vec<Vec<(i64, Deed)>> = vec![Vec::new(); cars];
    let mut promised: HashMap<u32, u32> = HashMap::new();
    for &(at_ms, event) in &outcome.events {
        let mut tell = |vehicle: u32, deed| of[vehicle as usize].push((at_ms, deed));
        match event {
            Event::Vehicle { vehicle, node, .. } | Event::Move { vehicle, node } => tell(vehicle, Deed::Passes(node)),
            Event::Assign { request, vehicle, .. } => {
                if let Some(before) = promised.insert(request, vehicle) {
                    tell(before, Deed::Promised(-1));
                }
                tell(vehicle, Deed::Promised(1));
            }
            Event::Pickup { request, vehicle, node } => {
                promised.remove(&request);
                tell(vehicle, Deed::PicksUp(node));
            }
            Event::Dropoff { vehicle, node, .. } => tell(vehicle, Deed::SetsDown(node)),
            Event::Request { .. } | Event::Expire { .. } => {}
        }
    }
    of
}

#[derive(Clone, Copy)]
enum Deed {
    Passes(NodeIx),
    Promised(i32),
    PicksUp(NodeIx),
    SetsDown(NodeIx),
}

fn car(replay: &Replay, events: &[(i64, Deed)], corners: &mut Corners) -> FilmCar {
    let mut path: Vec<(u32, u32)> = Vec::new();
    let mut states: Vec<(u32, u32)> = Vec::new();
    let (mut at, mut promised, mut aboard) = (None::<NodeIx>, 0, 0);
    for &(at_ms, deed) in events {
        let node = match deed {
            Deed::Promised(more) => {
                promised += more;
                None
            }
            Deed::Passes(node) => Some(node),
            Deed::PicksUp(node) => {
                (promised, aboard) = ((promised - 1).max(0), aboard + 1);
                Some(node)
            }
            Deed::SetsDown(node) => {
                aboard -= 1;
                Some(node)
            }
        };
        if let Some(node) = node {
            match at {
                None => path.push((seconds(at_ms), corners.of(node))),
                Some(before) => drive(replay, (before, node), at_ms, corners, &mut path),
            }
            at = Some(node);
        }
        let state = if aboard > 0 { 2 } else { u32::from(promised > 0) };
        let second = seconds(at_ms);
        if let Some(last) = states.last_mut().filter(|last| last.0 == second) {
            last.1 = state;
        } else if states.last().is_none_or(|last| last.1 != state) {
            states.push((second, state));
        }
    }
    FilmCar { path: deltas(&path), states: deltas(&states) }
}

/// The fastest way that ends at `end_ms`; before it the car stood.
fn drive(
    replay: &Replay,
    (from, to): (NodeIx, NodeIx),
    end_ms: i64,
    corners: &mut Corners,
    path: &mut Vec<(u32, u32)>,
) {
    let way = replay.way(from, to);
    let Some(&(_, whole_ms)) = way.last() else { return };
    let earliest = path.last().map_or(0, |last| last.0);
    let starts_ms = end_ms - whole_ms;
    if seconds(starts_ms) > earliest {
        path.push((seconds(starts_ms), corners.of(from)));
    }
    for (node, ms) in way {
        let point = (seconds(starts_ms + ms).max(earliest), corners.of(node));
        match path.last_mut().filter(|last| last.0 == point.0) {
            Some(last) => *last = point,
            None => path.push(point),
        }
    }
}

fn deltas(pairs: &[(u32, u32)]) -> Vec<u32> {
    let mut before = 0;
    let mut all = Vec::with_capacity(2 * pairs.len());
    for &(second, what) in pairs {
        all.extend([second - before, what]);
        before = second;
    }
    all
}
