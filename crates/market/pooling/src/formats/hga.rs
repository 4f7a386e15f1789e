//! The 2-HGA paper's Manhattan problem (Luo, Florio, Das and Guo, PVLDB 16(5), 2023).
//!
//! As in the authors' program: a driver starts at a node, serves any number of requests and stops at the last
//! delivery; at most `capacity` requests are aboard at once; there are no windows and no longest rides. The
//! cost of driving is the mean of the shortest ways there and back in metres, so it is symmetric. The cost of
//! a plan is the sum over its routes.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::FormatError;
use super::fields::{Line, lines};
use crate::instance::{Features, Fleet, Instance, Objective, Parts, ROOMS, Request, Stop, Travel};

const REQUESTS: &str = "the requests' file";
const DRIVERS: &str = "the drivers' file";
const ROADS: &str = "the roads' file";
const MAX_NODES: usize = 12_000;
const MAX_ROADS: usize = 1_000_000;
/// Window of every stop: none.
const EVER: f64 = 1e15;

/// How much of the files is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The first so many requests.
    pub requests: usize,
    /// The first so many drivers.
    pub drivers: usize,
    /// Requests aboard at once.
    pub capacity: u32,
}

impl Default for Limits {
    /// The row that the paper's repository prints.
    fn default() -> Self {
        Self { requests: 10_000, drivers: 200, capacity: 8 }
    }
}

/// Reads requests (`id from to`), drivers (`id node`) and roads (their number, then `from to metres`).
///
/// The pickup of the i-th of n requests is stop i, its delivery stop n + i, as in dial-a-ride files; a
/// vehicle's id is the driver's.
pub fn read(requests: &str, drivers: &str, roads: &str, limits: Limits) -> Result<Instance, FormatError> {
    let (nodes, arcs) = read_roads(roads)?;
    let mut rides = Vec::new();
    for line in lines(REQUESTS, requests).take(limits.requests.min(100_000)) {
        let [_id, from, to] = line.numbers("id from to")?;
        rides.push((line.index("from", from, nodes)? as u32, line.index("to", to, nodes)? as u32));
    }
    let half = rides.len() as u32;
    let stop =
        |id, place, demand| Stop { id, place, earliest: 0.0, latest: EVER, service: 0.0, demand: [demand, 0, 0, 0] };
    let anywhere = nodes as u32;
    let mut stops = vec![stop(0, anywhere, 0)];
    stops.extend(rides.iter().enumerate().map(|(i, r)| stop(i as u32 + 1, r.0, 1)));
    stops.extend(rides.iter().enumerate().map(|(i, r)| stop(half + i as u32 + 1, r.1, -1)));
    let requests = (1..=half).map(|i| Request { pickup: i, delivery: half + i, max_ride: None }).collect();

    let mut fleets = Vec::new();
    let capacity = i32::try_from(limits.capacity).unwrap_or(i32::MAX);
    for line in lines(DRIVERS, drivers).take(limits.drivers.min(100_000)) {
        let [id, node] = line.numbers("id node")?;
        let id = line.index("id", id, u32::MAX as usize)? as u32;
        let start = stops.len() as u32;
        stops.push(stop(0, line.index("node", node, nodes)? as u32, 0));
        let mut room = [0; ROOMS];
        room[0] = capacity;
        fleets.push(Fleet { id, start, end: 0, capacity: room, count: 1, max_duration: None });
    }
    let mut used: Vec<u32> = stops.iter().map(|s| s.place).filter(|p| *p != anywhere).collect();
    used.sort_unstable();
    used.dedup();
    for stop in &mut stops {
        stop.place = used.partition_point(|node| *node < stop.place) as u32;
    }
    let travel = Travel::from_table(used.len() + 1, table(nodes, &arcs, &used)?)?;
    let features = Features::default();
    Ok(Instance::new(Parts { stops, requests, fleets, travel, features, objective: Objective::Cost })?)
}

type Arc = (u32, u32, f64);

fn read_roads(text: &str) -> Result<(usize, Vec<Arc>), FormatError> {
    let mut rows = lines(ROADS, text);
    let missing = |what: &str| FormatError::Missing { file: ROADS, what: what.into() };
    let head = rows.next().ok_or_else(|| missing("the number of roads"))?;
    let [count] = head.numbers("the number of roads")?;
    let count = head.index("number of roads", count, MAX_ROADS)?;
    let mut arcs = Vec::new();
    let mut nodes = 0;
    for _ in 0..count {
        let line: Line<'_> = rows.next().ok_or_else(|| missing("roads: there are fewer than it says"))?;
        let [from, to, metres] = line.numbers("from to metres")?;
        let (from, to) = (line.index("from", from, MAX_NODES)?, line.index("to", to, MAX_NODES)?);
        if metres < 0.0 {
            return Err(line.wrong(format!("a road is {metres} m long; it must be from 0 up")));
        }
        nodes = nodes.max(from + 1).max(to + 1);
        arcs.push((from as u32, to as u32, metres));
    }
    Ok((nodes, arcs))
}

/// Half the shortest way there and back between the nodes that are used, in their order, and one place more
/// that is everywhere at once: a driver's tour may end where it likes.
fn table(nodes: usize, arcs: &[Arc], used: &[u32]) -> Result<Vec<f64>, FormatError> {
    let mut first = vec![0_usize; nodes + 1];
    for arc in arcs {
        first[arc.0 as usize + 1] += 1;
    }
    for i in 0..nodes {
        first[i + 1] += first[i];
    }
    let mut next = first.clone();
    let mut heads = vec![(0_u32, 0.0); arcs.len()];
    for (from, to, metres) in arcs {
        heads[next[*from as usize]] = (*to, *metres);
        next[*from as usize] += 1;
    }
    let width = used.len() + 1;
    let mut ways = vec![0.0; width * width];
    let mut row = vec![0.0; nodes];
    for (a, from) in used.iter().enumerate() {
        shortest(*from as usize, &first, &heads, &mut row);
        for (b, to) in used.iter().enumerate() {
            let way = row[*to as usize];
            if !way.is_finite() {
                return Err(FormatError::Missing { file: ROADS, what: format!("a way from node {from} to node {to}") });
            }
            ways[a * width + b] = way;
        }
    }
    for a in 0..used.len() {
        for b in 0..a {
            let both = f64::midpoint(ways[a * width + b], ways[b * width + a]);
            ways[a * width + b] = both;
            ways[b * width + a] = both;
        }
    }
    Ok(ways)
}

#[derive(PartialEq)]
struct Reached(f64, u32);

impl Eq for Reached {}
impl PartialOrd for Reached {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Reached {
    fn cmp(&self, other: &Self) -> Ordering {
        other.0.total_cmp(&self.0).then(other.1.cmp(&self.1))
    }
}

/// Dijkstra from one node.
fn shortest(from: usize, first: &[usize], heads: &[(u32, f64)], ways: &mut [f64]) {
    ways.fill(f64::INFINITY);
    ways[from] = 0.0;
    let mut queue = BinaryHeap::from([Reached(0.0, from as u32)]);
    while let Some(Reached(way, node)) = queue.pop() {
        let node = node as usize;
        if way > ways[node] {
            continue;
        }
        for (to, metres) in &heads[first[node]..first[node + 1]] {
            let on = way + metres;
            if on < ways[*to as usize] {
                ways[*to as usize] = on;
                queue.push(Reached(on, *to));
            }
        }
    }
}
