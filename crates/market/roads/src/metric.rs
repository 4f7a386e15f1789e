//! Travel times on a hierarchy: customization in milliseconds of work, and what is left to search afterwards.

use std::sync::Arc;

use crate::Hierarchy;

/// Farther than anything real (12 days) and small enough that two of it add up without overflow: what is
/// unreachable costs this inside the searches, so that their inner loops need neither test nor saturation.
pub(crate) const FAR: u32 = 1 << 30;

/// A hierarchy with the travel times of one hour (or of one state of knowledge).
#[derive(Clone, Debug)]
pub struct Metric {
    pub(crate) hierarchy: Arc<Hierarchy>,
    /// Milliseconds along each edge from its lower end to its upper, over corners below both.
    pub(crate) up: Vec<u32>,
    /// Milliseconds along each edge from its upper end to its lower, over corners below both.
    pub(crate) down: Vec<u32>,
    /// The same for the road itself where the edge is one, [`FAR`] elsewhere: (upward, downward).
    pub(crate) road: Vec<(u32, u32)>,
    /// The upward edges that a fastest way can use, by their lower end.
    pub(crate) climbs: Kept,
    /// The downward edges that a fastest way can use, by their lower end.
    pub(crate) falls: Kept,
}

/// The edges of one direction that are worth looking at. Those of rank `v`: `first[v]..first[v + 1]`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Kept {
    pub(crate) first: Vec<u32>,
    /// (upper end, milliseconds), upper ends ascending.
    pub(crate) edge: Vec<(u32, u32)>,
}

impl Kept {
    #[inline]
    pub(crate) fn of(&self, v: u32) -> &[(u32, u32)] {
        &self.edge[self.first[v as usize] as usize..self.first[v as usize + 1] as usize]
    }
}

impl Metric {
    /// Puts `arc_times_ms` (one for each arc of the road graph) on `hierarchy`. Times from 2^30 ms (12 days)
    /// on count as closed.
    ///
    /// # Panics
    /// When there is not one time for each arc.
    #[must_use]
    pub fn customize(hierarchy: Arc<Hierarchy>, arc_times_ms: &[u32]) -> Self {
        assert_eq!(arc_times_ms.len(), hierarchy.edge_of_arc.len(), "one time for each arc");
        let mut weights = vec![(FAR, FAR); hierarchy.edge_count()];
        for ((edge, upward), time) in hierarchy.edge_of_arc.iter().zip(arc_times_ms) {
            let (up, down) = &mut weights[*edge as usize];
            let slot = if *upward { up } else { down };
            *slot = (*slot).min(*time);
        }
        let road = weights.clone();
        over_lower_corners(&hierarchy, &mut weights);
        let mut exact = weights.clone();
        over_upper_corners(&hierarchy, &mut exact);
        // An edge that some way over a higher corner beats is on no fastest way. Ties stay: dropping both
        // sides of one would lose the way.
        let keep = |pick: fn((u32, u32)) -> u32| {
            let mut kept = Kept { first: vec![0], edge: Vec::new() };
            for v in 0..hierarchy.node_count() as u32 {
                let worth =
                    hierarchy.edges(v).filter(|e| pick(weights[*e]) < FAR && pick(weights[*e]) == pick(exact[*e]));
                kept.edge.extend(worth.map(|e| (hierarchy.head[e], pick(weights[e]))));
                kept.first.push(kept.edge.len() as u32);
            }
            kept
        };
        let (climbs, falls) = (keep(|w| w.0), keep(|w| w.1));
        let (up, down) = weights.into_iter().unzip();
        Self { hierarchy, up, down, road, climbs, falls }
    }

    /// The hierarchy below.
    #[must_use]
    pub fn hierarchy(&self) -> &Arc<Hierarchy> {
        &self.hierarchy
    }

    /// How many edges searches look at, upward and downward; the hierarchy has
    /// [`Hierarchy::edge_count`] in each direction.
    #[must_use]
    pub fn kept_edges(&self) -> (usize, usize) {
        (self.climbs.edge.len(), self.falls.edge.len())
    }
}

/// Calls `relax(weights, vx, vy, xy)` for each triangle whose lowest corner is `v`: edges by number.
#[inline]
fn triangles_above(h: &Hierarchy, v: u32, mut relax: impl FnMut(usize, usize, usize)) {
    let edges = h.edges(v);
    for vx in edges.clone() {
        // All of v's upper neighbours above x are x's, too, in the same order.
        let mut xy = h.edges(h.head[vx]).start;
        for vy in vx + 1..edges.end {
            let y = h.head[vy];
            while h.head[xy] != y {
                xy += 1;
            }
            relax(vx, vy, xy);
        }
    }
}

/// Basic customization: every edge gets the fastest time over corners that were contracted before its ends.
fn over_lower_corners(h: &Hierarchy, weights: &mut [(u32, u32)]) {
    for v in 0..h.node_count() as u32 {
        triangles_above(h, v, |vx, vy, xy| {
            let ((x_up, x_down), (y_up, y_down)) = (weights[vx], weights[vy]);
            let (up, down) = &mut weights[xy];
            *up = (*up).min(x_down + y_up);
            *down = (*down).min(y_down + x_up);
        });
    }
}

/// Perfect customization: from the top down, every edge gets the fastest time over any corner at all.
fn over_upper_corners(h: &Hierarchy, weights: &mut [(u32, u32)]) {
    for v in (0..h.node_count() as u32).rev() {
        triangles_above(h, v, |vx, vy, xy| {
            let ((x_up, x_down), (y_up, y_down), (up, down)) = (weights[vx], weights[vy], weights[xy]);
            weights[vx] = (x_up.min(y_up + down), x_down.min(up + y_down));
            weights[vy] = (y_up.min(x_up + up), y_down.min(down + x_down));
        });
    }
}
