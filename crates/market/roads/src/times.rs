//! Travel times as dispatch asks for them: a function of two corners, and a dense table of all pairs.

use std::sync::OnceLock;

use crate::{NodeIx, RoadGraph};

/// The time of what cannot be reached.
pub const UNREACHABLE: u32 = u32::MAX;

/// Fastest driving times between corners, in milliseconds; [`UNREACHABLE`] where there is no way.
pub trait TravelTimes: Send + Sync {
    /// From `from` to `to`.
    fn time_ms(&self, from: NodeIx, to: NodeIx) -> u32;

    /// From each of `sources` to `target`, into `out` (cleared first).
    fn times_to(&self, target: NodeIx, sources: &[NodeIx], out: &mut Vec<u32>) {
        out.clear();
        out.extend(sources.iter().map(|s| self.time_ms(*s, target)));
    }

    /// The dense table behind these times, where there is one: hot loops read it without a detour.
    fn matrix(&self) -> Option<&TravelMatrix> {
        None
    }
}

/// The travel times of all pairs of corners: 4 bytes each, so for cities of up to some 6,000 corners.
///
/// Kept by target: one row holds the times from every corner to it, which is how a batch of riders looks at
/// all cars.
#[derive(Clone, Debug)]
pub struct TravelMatrix {
    nodes: usize,
    to: Vec<u32>,
    /// The same by source, made when it is first asked for.
    from: OnceLock<Vec<u32>>,
}

impl TravelMatrix {
    /// The most corners that a matrix is made for: 144 MB.
    pub const MAX_NODES: usize = 6_000;

    /// From rows by target: `rows[t * nodes + s]` is the time from `s` to `t`.
    ///
    /// # Panics
    /// When `rows` is not `nodes` times `nodes` long.
    #[must_use]
    pub fn from_rows_by_target(nodes: usize, rows: Vec<u32>) -> Self {
        assert_eq!(rows.len(), nodes * nodes, "one time for each pair of corners");
        Self { nodes, to: rows, from: OnceLock::new() }
    }

    /// By Dijkstra's algorithm from every corner of `graph`.
    #[must_use]
    pub fn of_graph(graph: &RoadGraph) -> Self {
        let nodes = graph.node_count();
        let mut to = Vec::with_capacity(nodes * nodes);
        for target in 0..nodes as NodeIx {
            to.extend(dijkstra_to(graph, target));
        }
        Self { nodes, to, from: OnceLock::new() }
    }

    /// How many corners it covers.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.nodes
    }

    /// All times by target: `rows()[t * nodes + s]` is the time from `s` to `t`.
    #[must_use]
    pub fn rows_by_target(&self) -> &[u32] {
        &self.to
    }

    /// All times by source: `rows()[s * nodes + t]` is the time from `s` to `t`. Made at the first call, and
    /// kept: it doubles the memory.
    #[must_use]
    pub fn rows_by_source(&self) -> &[u32] {
        self.from.get_or_init(|| transposed(self.nodes, &self.to))
    }

    /// The times from every corner to `target`.
    ///
    /// # Panics
    /// When there is no such corner.
    #[must_use]
    pub fn row_to(&self, target: NodeIx) -> &[u32] {
        &self.to[target as usize * self.nodes..][..self.nodes]
    }
}

/// The other way round, block by block so that both sides stay in the cache.
fn transposed(nodes: usize, rows: &[u32]) -> Vec<u32> {
    const BLOCK: usize = 32;
    let mut turned = vec![0; rows.len()];
    for top in (0..nodes).step_by(BLOCK) {
        for left in (0..nodes).step_by(BLOCK) {
            for row in top..(top + BLOCK).min(nodes) {
                for column in left..(left + BLOCK).min(nodes) {
                    turned[column * nodes + row] = rows[row * nodes + column];
                }
            }
        }
    }
    turned
}

impl TravelTimes for TravelMatrix {
    fn time_ms(&self, from: NodeIx, to: NodeIx) -> u32 {
        self.row_to(to)[from as usize]
    }

    fn times_to(&self, target: NodeIx, sources: &[NodeIx], out: &mut Vec<u32>) {
        let row = self.row_to(target);
        out.clear();
        out.extend(sources.iter().map(|s| row[*s as usize]));
    }

    fn matrix(&self) -> Option<&TravelMatrix> {
        Some(self)
    }
}

/// Times from every corner to `target` by Dijkstra's algorithm over the graph's own arc times: the plain
/// truth that quicker methods are tested and measured against.
#[must_use]
pub fn dijkstra_to(graph: &RoadGraph, target: NodeIx) -> Vec<u32> {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    let mut incoming: Vec<Vec<(NodeIx, u32)>> = vec![Vec::new(); graph.node_count()];
    for arc in 0..graph.arc_count() as u32 {
        incoming[graph.head(arc) as usize].push((graph.tail(arc), graph.arc_time_ms(arc)));
    }
    let mut best = vec![UNREACHABLE; graph.node_count()];
    let mut heap = BinaryHeap::from([Reverse((0_u32, target))]);
    best[target as usize] = 0;
    while let Some(Reverse((time, node))) = heap.pop() {
        if time > best[node as usize] {
            continue;
        }
        for (tail, arc_ms) in &incoming[node as usize] {
            let there = time.saturating_add(*arc_ms);
            if there < best[*tail as usize] {
                best[*tail as usize] = there;
                heap.push(Reverse((there, *tail)));
            }
        }
    }
    best
}
