//! The customizable contraction hierarchy (Dibbelt, Strasser, Wagner, JEA 2016).
//!
//! Made once per city: the corners renumbered in the order of contraction ("rank"), and every edge that
//! contracting them one by one would ever add, whatever the travel times. A [`Metric`](crate::Metric) then
//! puts times on those edges in milliseconds of work, once per hour of the week or whenever the roads were
//! learned anew.

use serde::{Deserialize, Serialize};

use crate::order::nested_dissection;
use crate::{NodeIx, RoadGraph};

/// The edges of the hierarchy. Nodes are ranks here: 0 is contracted first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hierarchy {
    pub(crate) rank_of: Vec<u32>,
    pub(crate) node_of: Vec<NodeIx>,
    /// Upward edges of rank `v`: `first[v]..first[v + 1]`, heads ascending. The first head is `v`'s parent
    /// in the elimination tree.
    pub(crate) first: Vec<u32>,
    pub(crate) head: Vec<u32>,
    /// The same edges seen from their upper end: `low_first[x]..low_first[x + 1]` gives (lower rank, edge).
    pub(crate) low_first: Vec<u32>,
    pub(crate) low: Vec<(u32, u32)>,
    /// For each arc of the road graph: its edge, and whether it goes upward along it.
    pub(crate) edge_of_arc: Vec<(u32, bool)>,
}

impl Hierarchy {
    /// Orders and completes the hierarchy of `graph`.
    #[must_use]
    pub fn build(graph: &RoadGraph) -> Self {
        Self::with_order(graph, nested_dissection(graph))
    }

    /// Completes the hierarchy of `graph` for an order that was made before.
    ///
    /// # Panics
    /// When `order` does not name every corner once; [`CityFile::load`](crate::CityFile::load) checks that.
    #[must_use]
    pub fn with_order(graph: &RoadGraph, order: Vec<NodeIx>) -> Self {
        let node_of = order;
        let n = node_of.len();
        assert_eq!(n, graph.node_count(), "an order names every corner once");
        let mut rank_of = vec![0; n];
        for (rank, node) in node_of.iter().enumerate() {
            rank_of[*node as usize] = rank as u32;
        }
        let mut up: Vec<Vec<u32>> = vec![Vec::new(); n];
        for arc in 0..graph.arc_count() as u32 {
            let (a, b) = (rank_of[graph.tail(arc) as usize], rank_of[graph.head(arc) as usize]);
            up[a.min(b) as usize].push(a.max(b));
        }
        // Contracting v joins its upper neighbours with each other; it is enough to hand them to the lowest
        // of them, which hands them on in its turn.
        for v in 0..n {
            let mut heads = std::mem::take(&mut up[v]);
            heads.sort_unstable();
            heads.dedup();
            if let Some((parent, rest)) = heads.split_first() {
                up[*parent as usize].extend_from_slice(rest);
            }
            up[v] = heads;
        }
        let mut hierarchy = Self {
            rank_of,
            node_of,
            first: vec![0; n + 1],
            head: Vec::new(),
            low_first: vec![0; n + 1],
            low: Vec::new(),
            edge_of_arc: Vec::new(),
        };
        for (v, heads) in up.into_iter().enumerate() {
            hierarchy.head.extend(heads);
            hierarchy.first[v + 1] = hierarchy.head.len() as u32;
        }
        hierarchy.invert();
        hierarchy.edge_of_arc = (0..graph.arc_count() as u32)
            .map(|arc| {
                let a = hierarchy.rank_of[graph.tail(arc) as usize];
                let b = hierarchy.rank_of[graph.head(arc) as usize];
                (hierarchy.edge(a.min(b), a.max(b)).expect("every arc has its edge"), a < b)
            })
            .collect();
        hierarchy
    }

    fn invert(&mut self) {
        let n = self.node_of.len();
        for head in &self.head {
            self.low_first[*head as usize + 1] += 1;
        }
        for x in 0..n {
            self.low_first[x + 1] += self.low_first[x];
        }
        let mut next = self.low_first.clone();
        self.low = vec![(0, 0); self.head.len()];
        for v in 0..n as u32 {
            for edge in self.edges(v) {
                let slot = &mut next[self.head[edge] as usize];
                self.low[*slot as usize] = (v, edge as u32);
                *slot += 1;
            }
        }
    }

    /// The order it was made with: all corners, the least important first.
    #[must_use]
    pub fn order(&self) -> &[NodeIx] {
        &self.node_of
    }

    /// How many edges the hierarchy has.
    #[must_use]
    pub fn edge_count(&self) -> usize {
        self.head.len()
    }

    pub(crate) fn node_count(&self) -> usize {
        self.node_of.len()
    }

    /// The upward edges of rank `v`.
    pub(crate) fn edges(&self, v: u32) -> std::ops::Range<usize> {
        self.first[v as usize] as usize..self.first[v as usize + 1] as usize
    }

    pub(crate) fn lower(&self, x: u32) -> &[(u32, u32)] {
        &self.low[self.low_first[x as usize] as usize..self.low_first[x as usize + 1] as usize]
    }

    /// The edge between two ranks, the lower one first.
    pub(crate) fn edge(&self, low: u32, high: u32) -> Option<u32> {
        let range = self.edges(low);
        self.head[range.clone()].binary_search(&high).ok().map(|ix| (range.start + ix) as u32)
    }

    /// The parent in the elimination tree.
    pub(crate) fn parent(&self, v: u32) -> Option<u32> {
        self.edges(v).next().map(|e| self.head[e])
    }

    /// Whether this is the hierarchy of `graph`: asked of one that was read from a file. Completing its order
    /// anew is the surest test of all, and takes milliseconds for a city.
    #[must_use]
    pub fn fits(&self, graph: &RoadGraph) -> bool {
        let mut seen = vec![false; graph.node_count()];
        let fresh = |node: &NodeIx| seen.get_mut(*node as usize).is_some_and(|s| !std::mem::replace(s, true));
        self.node_of.len() == graph.node_count()
            && self.node_of.iter().all(fresh)
            && *self == Self::with_order(graph, self.node_of.clone())
    }
}
