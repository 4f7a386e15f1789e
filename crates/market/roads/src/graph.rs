//! The road graph: corners, the arcs between them, and what driving along each takes.

use std::collections::HashMap;

use doorstep_geo::{BoundingBox, Point};
use serde::{Deserialize, Serialize};

/// A corner's place in the graph: dense, from 0.
pub type NodeIx = u32;
/// An arc's place in the graph: dense, from 0, in the order of their tails.
pub type ArcIx = u32;

/// How important a road is, in the words of OpenStreetMap's `highway` tag.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RoadClass {
    /// Motorways and their ramps.
    Motorway,
    /// The most important roads that are no motorways.
    Trunk,
    /// Roads between large towns.
    Primary,
    /// Roads between towns.
    Secondary,
    /// Roads between villages, through streets.
    Tertiary,
    /// Streets with homes on them.
    #[default]
    Residential,
    /// Service roads and other minor ways.
    Service,
}

impl RoadClass {
    /// Its stable name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Motorway => "motorway",
            Self::Trunk => "trunk",
            Self::Primary => "primary",
            Self::Secondary => "secondary",
            Self::Tertiary => "tertiary",
            Self::Residential => "residential",
            Self::Service => "service",
        }
    }

    /// A guess from the speed alone, for tables that know nothing else.
    #[must_use]
    pub const fn from_speed(kmh: f64) -> Self {
        if kmh >= 60.0 {
            Self::Motorway
        } else if kmh >= 35.0 {
            Self::Primary
        } else if kmh >= 22.0 {
            Self::Secondary
        } else if kmh >= 15.0 {
            Self::Tertiary
        } else {
            Self::Residential
        }
    }
}

/// One arc as an importer hands it over.
#[derive(Clone, Debug, PartialEq)]
pub struct ArcRow {
    /// Index of the corner where it begins.
    pub tail: NodeIx,
    /// Index of the corner where it ends.
    pub head: NodeIx,
    /// Length in metres.
    pub length_m: f32,
    /// Driving time in milliseconds.
    pub time_ms: u32,
    /// How important the road is.
    pub class: RoadClass,
    /// The road's course between its two corners, without them.
    pub shape: Vec<Point>,
    /// Its name, empty when unknown.
    pub name: String,
}

/// A directed road graph in compressed form: the arcs of node `u` are `first_out[u]..first_out[u + 1]`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RoadGraph {
    points: Vec<(f64, f64)>,
    external: Vec<i64>,
    first_out: Vec<u32>,
    tail: Vec<NodeIx>,
    head: Vec<NodeIx>,
    time_ms: Vec<u32>,
    length_m: Vec<f32>,
    class: Vec<RoadClass>,
    shape_first: Vec<u32>,
    shape: Vec<(f64, f64)>,
    name_of: Vec<u32>,
    names: Vec<String>,
}

/// What was left out while a graph was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Dropped {
    /// Corners from which one cannot reach all others and come back.
    pub nodes: usize,
    /// Arcs at such corners.
    pub arcs: usize,
    /// Arcs that a faster one between the same two corners makes useless, and arcs from a corner to itself.
    pub useless_arcs: usize,
}

impl RoadGraph {
    /// Makes a graph of `points` (with their outside ids) and `arcs`: keeps the largest part in which every
    /// corner can be reached from every other, and the fastest of parallel arcs.
    #[must_use]
    pub fn build(points: &[(i64, Point)], mut arcs: Vec<ArcRow>) -> (Self, Dropped) {
        let mut dropped = Dropped::default();
        let before = arcs.len();
        arcs.retain(|a| a.tail != a.head);
        arcs.sort_by_key(|a| (a.tail, a.head, a.time_ms));
        arcs.dedup_by(|b, a| (a.tail, a.head) == (b.tail, b.head));
        dropped.useless_arcs = before - arcs.len();

        let core = largest_component(points.len(), &arcs);
        let mut renumbered = vec![u32::MAX; points.len()];
        let mut graph = Self::default();
        for (old, (id, point)) in points.iter().enumerate() {
            if core[old] {
                renumbered[old] = graph.external.len() as u32;
                graph.external.push(*id);
                graph.points.push((point.lat(), point.lon()));
            }
        }
        dropped.nodes = points.len() - graph.external.len();
        let kept = arcs.len();
        arcs.retain(|a| core[a.tail as usize] && core[a.head as usize]);
        dropped.arcs = kept - arcs.len();

        let mut names: HashMap<String, u32> = HashMap::new();
        graph.names.push(String::new());
        names.insert(String::new(), 0);
        graph.first_out = vec![0; graph.external.len() + 1];
        for arc in arcs {
            let tail = renumbered[arc.tail as usize];
            graph.first_out[tail as usize + 1] += 1;
            graph.tail.push(tail);
            graph.head.push(renumbered[arc.head as usize]);
            graph.time_ms.push(arc.time_ms);
            graph.length_m.push(arc.length_m);
            graph.class.push(arc.class);
            graph.shape_first.push(graph.shape.len() as u32);
            graph.shape.extend(arc.shape.iter().map(|p| (p.lat(), p.lon())));
            let fresh = graph.names.len() as u32;
            let name = *names.entry(arc.name.clone()).or_insert(fresh);
            if name == fresh {
                graph.names.push(arc.name);
            }
            graph.name_of.push(name);
        }
        graph.shape_first.push(graph.shape.len() as u32);
        for node in 0..graph.external.len() {
            graph.first_out[node + 1] += graph.first_out[node];
        }
        (graph, dropped)
    }

    /// How many corners there are.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.external.len()
    }

    /// How many arcs there are.
    #[must_use]
    pub fn arc_count(&self) -> usize {
        self.head.len()
    }

    /// Where a corner is.
    ///
    /// # Panics
    /// When there is no such corner.
    #[must_use]
    pub fn point(&self, node: NodeIx) -> Point {
        place(self.points[node as usize])
    }

    /// The id that the imported tables give to a corner.
    ///
    /// # Panics
    /// When there is no such corner.
    #[must_use]
    pub fn external_id(&self, node: NodeIx) -> i64 {
        self.external[node as usize]
    }

    /// The corner with an outside id. Looks through all; for many look-ups make a map of [`Self::external_id`].
    #[must_use]
    pub fn by_external(&self, id: i64) -> Option<NodeIx> {
        self.external.iter().position(|e| *e == id).map(|ix| ix as NodeIx)
    }

    /// The arcs that begin at `node`.
    ///
    /// # Panics
    /// When there is no such corner.
    #[must_use]
    pub fn arcs_of(&self, node: NodeIx) -> std::ops::Range<ArcIx> {
        self.first_out[node as usize]..self.first_out[node as usize + 1]
    }

    /// Where an arc begins.
    #[must_use]
    pub fn tail(&self, arc: ArcIx) -> NodeIx {
        self.tail[arc as usize]
    }

    /// Where an arc ends.
    #[must_use]
    pub fn head(&self, arc: ArcIx) -> NodeIx {
        self.head[arc as usize]
    }

    /// Driving time along an arc, milliseconds.
    #[must_use]
    pub fn arc_time_ms(&self, arc: ArcIx) -> u32 {
        self.time_ms[arc as usize]
    }

    /// Driving times along all arcs, milliseconds.
    #[must_use]
    pub fn arc_times_ms(&self) -> &[u32] {
        &self.time_ms
    }

    /// Length of an arc, metres.
    #[must_use]
    pub fn arc_length_m(&self, arc: ArcIx) -> f32 {
        self.length_m[arc as usize]
    }

    /// How important the arc's road is.
    #[must_use]
    pub fn arc_class(&self, arc: ArcIx) -> RoadClass {
        self.class[arc as usize]
    }

    /// The arc's name, empty when unknown.
    #[must_use]
    pub fn arc_name(&self, arc: ArcIx) -> &str {
        &self.names[self.name_of[arc as usize] as usize]
    }

    /// The arc's whole course, both corners included.
    pub fn arc_points(&self, arc: ArcIx) -> impl Iterator<Item = Point> + '_ {
        let inner = self.shape_first[arc as usize] as usize..self.shape_first[arc as usize + 1] as usize;
        std::iter::once(self.point(self.tail(arc)))
            .chain(self.shape[inner].iter().copied().map(place))
            .chain(std::iter::once(self.point(self.head(arc))))
    }

    /// The corners with their places.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeIx, Point)> + '_ {
        self.points.iter().enumerate().map(|(ix, p)| (ix as NodeIx, place(*p)))
    }

    /// The smallest box around all corners; `None` for an empty graph.
    #[must_use]
    pub fn bounds(&self) -> Option<BoundingBox> {
        BoundingBox::of(self.nodes().map(|(_, p)| p))
    }

    /// Whether every index in it points at something and every place is on the globe: asked of a graph that
    /// was read from a file.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let (nodes, arcs) = (self.external.len(), self.head.len());
        let ascending = |first: &[u32], end: usize| {
            first.first() == Some(&0) && first.last() == Some(&(end as u32)) && first.windows(2).all(|w| w[0] <= w[1])
        };
        let on_globe = |p: &(f64, f64)| Point::new(p.0, p.1).is_ok();
        self.points.len() == nodes
            && self.first_out.len() == nodes + 1
            && ascending(&self.first_out, arcs)
            && self.shape_first.len() == arcs + 1
            && ascending(&self.shape_first, self.shape.len())
            && [self.tail.len(), self.time_ms.len(), self.length_m.len(), self.class.len(), self.name_of.len()]
                == [arcs; 5]
            && self.head.iter().chain(&self.tail).all(|n| (*n as usize) < nodes)
            && (0..nodes as u32).all(|n| self.arcs_of(n).all(|a| self.tail(a) == n && self.head(a) != n))
            && (1..arcs).all(|a| self.tail[a - 1] != self.tail[a] || self.head[a - 1] < self.head[a])
            && self.length_m.iter().all(|m| m.is_finite() && *m >= 0.0)
            && self.name_of.iter().all(|n| (*n as usize) < self.names.len())
            && self.points.iter().chain(&self.shape).all(on_globe)
    }
}

fn place((lat, lon): (f64, f64)) -> Point {
    Point::new(lat, lon).expect("a graph's places are checked where it is made")
}

/// Marks the nodes of the largest strongly connected component (Tarjan 1972, without recursion).
fn largest_component(nodes: usize, arcs: &[ArcRow]) -> Vec<bool> {
    const UNSEEN: u32 = u32::MAX;
    let mut first = vec![0_usize; nodes + 1];
    for arc in arcs {
        first[arc.tail as usize + 1] += 1;
    }
    for node in 0..nodes {
        first[node + 1] += first[node];
    }
    let (mut order, mut low, mut component) = (vec![UNSEEN; nodes], vec![0_u32; nodes], vec![UNSEEN; nodes]);
    let (mut stack, mut path): (Vec<u32>, Vec<(u32, usize)>) = (Vec::new(), Vec::new());
    let (mut clock, mut sizes) = (0_u32, Vec::<usize>::new());
    for root in 0..nodes as u32 {
        if order[root as usize] != UNSEEN {
            continue;
        }
        path.push((root, first[root as usize]));
        while let Some((node, next)) = path.pop() {
            let at = node as usize;
            if order[at] == UNSEEN {
                (order[at], low[at]) = (clock, clock);
                clock += 1;
                stack.push(node);
            }
            if next < first[at + 1] {
                path.push((node, next + 1));
                let head = arcs[next].head;
                if order[head as usize] == UNSEEN {
                    path.push((head, first[head as usize]));
                } else if component[head as usize] == UNSEEN {
                    low[at] = low[at].min(order[head as usize]);
                }
                continue;
            }
            if let Some((parent, _)) = path.last() {
                low[*parent as usize] = low[*parent as usize].min(low[at]);
            }
            if low[at] == order[at] {
                let mut size = 0;
                while let Some(member) = stack.pop() {
                    component[member as usize] = sizes.len() as u32;
                    size += 1;
                    if member == node {
                        break;
                    }
                }
                sizes.push(size);
            }
        }
    }
    let largest = sizes
        .iter()
        .enumerate()
        .max_by_key(|(ix, size)| (**size, std::cmp::Reverse(*ix)))
        .map_or(UNSEEN, |(ix, _)| ix as u32);
    component.iter().map(|c| *c == largest).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    pub(crate) fn arc(tail: u32, head: u32, time_ms: u32) -> ArcRow {
        ArcRow { tail, head, length_m: 1.0, time_ms, class: RoadClass::Residential, shape: vec![], name: String::new() }
    }

    fn corners(n: i64) -> Vec<(i64, Point)> {
        (0..n).map(|i| (i * 10, Point::new(40.0 + i as f64 * 0.001, -73.0).unwrap())).collect()
    }

    #[test]
    fn dead_ends_and_slow_twins_are_left_out() {
        let arcs = vec![arc(0, 1, 9), arc(0, 1, 5), arc(1, 2, 1), arc(2, 0, 1), arc(2, 3, 1), arc(1, 1, 1)];
        let (graph, dropped) = RoadGraph::build(&corners(4), arcs);
        assert_eq!((graph.node_count(), graph.arc_count()), (3, 3));
        assert_eq!(dropped, Dropped { nodes: 1, arcs: 1, useless_arcs: 2 });
        assert_eq!(graph.arcs_of(0).map(|a| graph.arc_time_ms(a)).collect::<Vec<_>>(), [5]);
        assert_eq!((graph.external_id(2), graph.by_external(20), graph.by_external(30)), (20, Some(2), None));
        assert!(graph.is_sound());
    }

    #[test]
    fn an_empty_graph_is_sound() {
        let (graph, _) = RoadGraph::build(&[], vec![]);
        assert!(graph.is_sound() && graph.bounds().is_none());
    }
}
