//! From ways and places to a graph: ways are cut where they meet, pieces that merely follow each other are
//! joined again, and what would vanish in a graph without parallel arcs gets a corner of its own.

use std::collections::HashSet;

use doorstep_geo::{Point, haversine_m};

use super::{Drivable, NOWHERE, Place, RoadWay, Roads};
use crate::graph::ArcRow;
use crate::import::Imported;
use crate::{ImportError, RoadGraph};

/// A road gets a corner at least about this often, metres, so that a place is never far from one.
const LONGEST_M: f64 = 500.0;

/// Two nodes of a way that lie farther apart than this, metres, are a mistake: no road leads between them.
const JUMP_M: f64 = 100_000.0;

/// A stretch of road between two nodes, which are indices into [`Roads::ids`].
#[derive(Clone, Debug)]
struct Stretch {
    a: u32,
    b: u32,
    /// The nodes between, from `a` to `b`.
    shape: Vec<u32>,
    length_m: f64,
    /// Not rounded: that is done once, when it becomes an arc.
    time_ms: f64,
    drivable: Drivable,
    name: u32,
}

impl Stretch {
    fn turned(mut self) -> Self {
        std::mem::swap(&mut self.a, &mut self.b);
        self.shape.reverse();
        let d = &mut self.drivable;
        std::mem::swap(&mut d.forward, &mut d.backward);
        self
    }

    /// Whether `next`, which begins where this ends, is the same road.
    fn goes_on_as(&self, next: &Self) -> bool {
        let (d, e) = (self.drivable, next.drivable);
        (d.class, d.forward, d.backward, self.name) == (e.class, e.forward, e.backward, next.name)
            && self.length_m + next.length_m <= LONGEST_M
            && self.a != next.b
    }

    fn append(&mut self, next: Self) {
        self.shape.push(self.b);
        self.shape.extend(next.shape);
        self.b = next.b;
        self.length_m += next.length_m;
        self.time_ms += next.time_ms;
    }
}

/// Makes the graph of the roads that were read.
pub(super) fn graph(roads: Roads) -> Result<Imported, ImportError> {
    let pieces = pieces(&roads);
    let stretches = with_own_corners(&roads, joined(pieces, roads.ids.len()));
    let mut corners: Vec<u32> = stretches.iter().flat_map(|s| [s.a, s.b]).collect();
    corners.sort_unstable();
    corners.dedup();
    let point = |node: u32| place(roads.places[node as usize]);
    let corner = |node: u32| corners.binary_search(&node).expect("every end of a stretch was listed") as u32;
    let points: Vec<(i64, Point)> = corners.iter().map(|n| (roads.ids[*n as usize], point(*n))).collect();
    let mut arcs = Vec::with_capacity(stretches.len() * 2);
    for stretch in stretches {
        let back = stretch.drivable.backward.then(|| stretch.clone().turned());
        let ahead = stretch.drivable.forward.then_some(stretch);
        arcs.extend(ahead.into_iter().chain(back).map(|s| ArcRow {
            tail: corner(s.a),
            head: corner(s.b),
            length_m: s.length_m as f32,
            time_ms: s.time_ms.round() as u32,
            class: s.drivable.class,
            shape: s.shape.iter().map(|n| point(*n)).collect(),
            name: roads.names[s.name as usize].clone(),
        }));
    }
    let (nodes, count) = (points.len(), arcs.len());
    let (graph, dropped) = RoadGraph::build(&points, arcs);
    if graph.arc_count() == 0 {
        return Err(ImportError::Empty { nodes, arcs: count });
    }
    Ok(Imported { graph, dropped })
}

fn place((lat, lon): Place) -> Point {
    Point::new(f64::from(lat) / 1e7, f64::from(lon) / 1e7).expect("a node's place was checked when it was read")
}

/// The nodes of a way by index, cut into runs where a node is missing or far off; repeated nodes are taken once.
fn runs(roads: &Roads, way: &RoadWay) -> Vec<Vec<u32>> {
    let mut runs = vec![Vec::new()];
    for id in &roads.refs[way.first_ref..way.first_ref + way.refs] {
        match roads.index(*id).filter(|ix| roads.places[*ix] != NOWHERE) {
            None => runs.push(Vec::new()),
            Some(ix) => {
                let run = runs.last_mut().expect("there is always a run");
                match run.last() {
                    Some(last) if *last == ix as u32 => {}
                    Some(last)
                        if haversine_m(place(roads.places[*last as usize]), place(roads.places[ix])) > JUMP_M =>
                    {
                        runs.push(vec![ix as u32]);
                    }
                    _ => run.push(ix as u32),
                }
            }
        }
    }
    runs.retain(|run| run.len() > 1);
    runs
}

/// Cuts all ways where they meet others or themselves, at their ends, and where they get long.
fn pieces(roads: &Roads) -> Vec<Stretch> {
    let mut uses = vec![0_u8; roads.ids.len()];
    for way in &roads.ways {
        for run in runs(roads, way) {
            for (at, node) in run.iter().enumerate() {
                let end = at == 0 || at + 1 == run.len();
                let count = &mut uses[*node as usize];
                *count = count.saturating_add(if end { 2 } else { 1 });
            }
        }
    }
    let mut pieces = Vec::new();
    for way in &roads.ways {
        let metres_to_ms = 3_600.0 / f64::from(way.drivable.kmh);
        for run in runs(roads, way) {
            let new = |a| Stretch {
                a,
                b: a,
                shape: Vec::new(),
                length_m: 0.0,
                time_ms: 0.0,
                drivable: way.drivable,
                name: way.name,
            };
            let mut open = new(run[0]);
            for step in run.windows(2) {
                let metres = haversine_m(place(roads.places[step[0] as usize]), place(roads.places[step[1] as usize]));
                if open.b != open.a || !open.shape.is_empty() {
                    open.shape.push(open.b);
                }
                open.b = step[1];
                open.length_m += metres;
                open.time_ms += metres * metres_to_ms;
                if uses[step[1] as usize] > 1 || open.length_m > LONGEST_M {
                    pieces.push(std::mem::replace(&mut open, new(step[1])));
                }
            }
            if open.length_m > 0.0 || open.a != open.b {
                pieces.push(open);
            }
        }
    }
    pieces
}

/// Joins stretches at nodes where exactly two of the same road meet.
fn joined(stretches: Vec<Stretch>, nodes: usize) -> Vec<Stretch> {
    // At a node where two stretches meet, the exclusive or of their numbers tells the one from the other.
    let (mut meeting, mut code) = (vec![0_u32; nodes], vec![0_u32; nodes]);
    for (number, stretch) in stretches.iter().enumerate() {
        for end in [stretch.a, stretch.b] {
            meeting[end as usize] += 1;
            code[end as usize] ^= number as u32;
        }
    }
    let mut stretches: Vec<Option<Stretch>> = stretches.into_iter().map(Some).collect();
    for number in 0..stretches.len() {
        let Some(mut stretch) = stretches[number].take() else { continue };
        for _ in 0..2 {
            while meeting[stretch.b as usize] == 2 {
                let middle = stretch.b as usize;
                let other = code[middle] ^ number as u32;
                let Some(next) = stretches[other as usize].take() else { break };
                let next = if next.a == stretch.b { next } else { next.turned() };
                if !stretch.goes_on_as(&next) {
                    stretches[other as usize] = Some(next);
                    break;
                }
                meeting[middle] = 0;
                code[next.b as usize] ^= other ^ number as u32;
                stretch.append(next);
            }
            stretch = stretch.turned();
        }
        stretches[number] = Some(stretch);
    }
    stretches.into_iter().flatten().collect()
}

/// Gives loops and second roads between the same two nodes corners of their own on the way, since a graph
/// keeps one arc from one corner to another.
fn with_own_corners(roads: &Roads, stretches: Vec<Stretch>) -> Vec<Stretch> {
    let mut taken: HashSet<(u32, u32)> = HashSet::new();
    let mut kept = Vec::with_capacity(stretches.len());
    for stretch in stretches {
        let inner = stretch.shape.len();
        if stretch.a == stretch.b {
            let mut at = vec![inner / 3, 2 * inner / 3];
            at.dedup();
            kept.extend(cut(roads, stretch, &at));
        } else if !taken.insert((stretch.a.min(stretch.b), stretch.a.max(stretch.b))) {
            kept.extend(cut(roads, stretch, &[inner / 2]));
        } else {
            kept.push(stretch);
        }
    }
    kept
}

/// Cuts a stretch at some of its inner nodes (ascending); one without inner nodes stays whole.
fn cut(roads: &Roads, stretch: Stretch, at: &[usize]) -> Vec<Stretch> {
    if stretch.shape.is_empty() {
        return vec![stretch];
    }
    let nodes: Vec<u32> = std::iter::once(stretch.a).chain(stretch.shape.iter().copied()).chain([stretch.b]).collect();
    let steps: Vec<f64> = nodes
        .windows(2)
        .map(|step| haversine_m(place(roads.places[step[0] as usize]), place(roads.places[step[1] as usize])))
        .collect();
    let whole: f64 = steps.iter().sum::<f64>().max(f64::MIN_POSITIVE);
    // Inner node `i` of the shape is node `i + 1` of the whole.
    let borders: Vec<usize> = std::iter::once(0).chain(at.iter().map(|i| i + 1)).chain([nodes.len() - 1]).collect();
    borders
        .windows(2)
        .map(|part| {
            let share = steps[part[0]..part[1]].iter().sum::<f64>() / whole;
            Stretch {
                a: nodes[part[0]],
                b: nodes[part[1]],
                shape: nodes[part[0] + 1..part[1]].to_vec(),
                length_m: stretch.length_m * share,
                time_ms: stretch.time_ms * share,
                ..stretch.clone()
            }
        })
        .collect()
}
