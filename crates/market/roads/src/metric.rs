//! Travel times on a hierarchy: customization, and the searches that use it.

use std::sync::Arc;

use crate::{Hierarchy, NodeIx, TravelMatrix, UNREACHABLE};

/// How many targets one sweep of the matrix serves at once; their times lie side by side in vector registers.
const LANES: usize = 16;

/// Farther than anything real (12 days) and small enough that two of it add up without overflow: what is
/// unreachable costs this inside the searches, so that their inner loops need neither test nor saturation.
const FAR: u32 = 1 << 30;

/// A hierarchy with the travel times of one hour (or of one state of knowledge).
#[derive(Clone, Debug)]
pub struct Metric {
    hierarchy: Arc<Hierarchy>,
    /// Milliseconds along each edge from its lower end to its upper.
    up: Vec<u32>,
    /// Milliseconds along each edge from its upper end to its lower.
    down: Vec<u32>,
    /// The same for the road itself where the edge is one, [`FAR`] elsewhere: (upward, downward).
    road: Vec<(u32, u32)>,
}

impl Metric {
    /// Puts `arc_times_ms` (one for each arc of the road graph) on `hierarchy`: every edge gets the fastest
    /// time over the corners that were contracted before its two ends.
    ///
    /// # Panics
    /// When there is not one time for each arc.
    #[must_use]
    pub fn customize(hierarchy: Arc<Hierarchy>, arc_times_ms: &[u32]) -> Self {
        assert_eq!(arc_times_ms.len(), hierarchy.edge_of_arc.len(), "one time for each arc");
        let (mut up, mut down) = (vec![FAR; hierarchy.edge_count()], vec![FAR; hierarchy.edge_count()]);
        for ((edge, upward), time) in hierarchy.edge_of_arc.iter().zip(arc_times_ms) {
            let slot = if *upward { &mut up[*edge as usize] } else { &mut down[*edge as usize] };
            *slot = (*slot).min(*time);
        }
        let road = up.iter().copied().zip(down.iter().copied()).collect();
        // Lower triangles: v below x below y. All of v's upper neighbours above x are also x's.
        for v in 0..hierarchy.node_count() as u32 {
            let edges = hierarchy.edges(v);
            for vx in edges.clone() {
                let x = hierarchy.head[vx];
                let mut xy = hierarchy.edges(x).start;
                for vy in vx + 1..edges.end {
                    let y = hierarchy.head[vy];
                    while hierarchy.head[xy] != y {
                        xy += 1;
                    }
                    up[xy] = (up[xy].min(down[vx] + up[vy]));
                    down[xy] = (down[xy].min(down[vy] + up[vx]));
                }
            }
        }
        Self { hierarchy, up, down, road }
    }

    /// The fastest time from `from` to `to`, milliseconds; [`UNREACHABLE`] when there is no way.
    #[must_use]
    pub fn time_ms(&self, from: NodeIx, to: NodeIx) -> u32 {
        self.meet(from, to).0
    }

    /// The corners of the fastest way from `from` to `to`, both included; `None` when there is no way.
    #[must_use]
    pub fn path(&self, from: NodeIx, to: NodeIx) -> Option<Vec<NodeIx>> {
        let (time, meeting, forward, backward) = self.meet(from, to);
        if time == UNREACHABLE {
            return None;
        }
        let h = &*self.hierarchy;
        let mut ranks = climbed(&forward, meeting, h.rank_of[from as usize]);
        ranks.reverse();
        ranks.extend(climbed(&backward, meeting, h.rank_of[to as usize]).into_iter().skip(1));
        let mut path = vec![from];
        for step in ranks.windows(2) {
            self.unpack(step[0], step[1], &mut path);
        }
        Some(path)
    }

    /// Climbs the elimination tree from both ends (no queue is needed: all that can be reached upward from a
    /// corner are its ancestors).
    fn meet(&self, from: NodeIx, to: NodeIx) -> (u32, u32, Climb, Climb) {
        let h = &*self.hierarchy;
        let forward = self.climb(h.rank_of[from as usize], &self.up);
        let backward = self.climb(h.rank_of[to as usize], &self.down);
        let (mut best, mut meeting) = (UNREACHABLE, u32::MAX);
        let (mut f, mut b) = (0, 0);
        while let (Some((x, there, _)), Some((y, back, _))) = (forward.get(f), backward.get(b)) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => f += 1,
                std::cmp::Ordering::Greater => b += 1,
                std::cmp::Ordering::Equal => {
                    let time = (there + *back);
                    if time < best {
                        (best, meeting) = (time, *x);
                    }
                    f += 1;
                    b += 1;
                }
            }
        }
        (best, meeting, forward, backward)
    }

    fn climb(&self, start: u32, weights: &[u32]) -> Climb {
        let h = &*self.hierarchy;
        let mut climb: Climb = Vec::with_capacity(64);
        let mut next = Some(start);
        while let Some(v) = next {
            climb.push((v, UNREACHABLE, v));
            next = h.parent(v);
        }
        climb[0].1 = 0;
        for at in 0..climb.len() {
            let (v, time, _) = climb[at];
            if time == UNREACHABLE {
                continue;
            }
            // v's upper neighbours are among its ancestors, in the same order.
            let mut above = at + 1;
            for edge in h.edges(v) {
                let x = h.head[edge];
                while climb[above].0 != x {
                    above += 1;
                }
                let there = (time + weights[edge]);
                if there < climb[above].1 {
                    climb[above].1 = there;
                    climb[above].2 = v;
                }
            }
        }
        climb
    }

    /// Appends the corners behind the edge from rank `a` to rank `b`, without `a`.
    fn unpack(&self, a: u32, b: u32, path: &mut Vec<NodeIx>) {
        let h = &*self.hierarchy;
        let mut open = vec![(a, b)];
        while let Some((a, b)) = open.pop() {
            match self.below(a, b) {
                Some(z) => {
                    open.push((z, b));
                    open.push((a, z));
                }
                None => path.push(h.node_of[b as usize]),
            }
        }
    }

    fn weight(&self, a: u32, b: u32) -> u32 {
        match self.hierarchy.edge(a.min(b), a.max(b)) {
            Some(edge) => if a < b { self.up[edge as usize] } else { self.down[edge as usize] },
            None => UNREACHABLE,
        }
    }

    /// The corner below both ends over which the edge from `a` to `b` is shorter than or as short as
    /// anything else; `None` when the edge is a road itself.
    fn below(&self, a: u32, b: u32) -> Option<u32> {
        let h = &*self.hierarchy;
        let want = self.weight(a, b);
        let (mine, theirs) = (h.lower(a), h.lower(b));
        let (mut i, mut j) = (0, 0);
        while let (Some((x, za)), Some((y, zb))) = (mine.get(i), theirs.get(j)) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    let over = self.down[*za as (usize] + self.up[*zb as usize]);
                    if over == want && want != UNREACHABLE && !self.is_road(a, b) {
                        return Some(*x);
                    }
                    i += 1;
                    j += 1;
                }
            }
        }
        None
    }

    /// Whether a road as quick as the edge itself leads from `a` to `b`.
    fn is_road(&self, a: u32, b: u32) -> bool {
        self.hierarchy.edge(a.min(b), a.max(b)).is_some_and(|edge| {
            let (upward, downward) = self.road[edge as usize];
            (if a < b { upward } else { downward }) == self.weight(a, b)
        })
    }

    /// The fastest times from every corner to `target`, milliseconds, indexed by corner.
    pub fn times_to(&self, target: NodeIx, out: &mut Vec<u32>) {
        self.sweep(target, &self.down, &self.up, out);
    }

    /// The fastest times from `source` to every corner, milliseconds, indexed by corner.
    pub fn times_from(&self, source: NodeIx, out: &mut Vec<u32>) {
        self.sweep(source, &self.up, &self.down, out);
    }

    /// Climbs with `climbing` weights, then walks all ranks from the top down with `falling` weights (PHAST,
    /// Delling et al. 2011).
    fn sweep(&self, start: NodeIx, climbing: &[u32], falling: &[u32], out: &mut Vec<u32>) {
        let h = &*self.hierarchy;
        let mut times = vec![UNREACHABLE; h.node_count()];
        for (v, time, _) in self.climb(h.rank_of[start as usize], climbing) {
            times[v as usize] = time;
        }
        for v in (0..h.node_count() as u32).rev() {
            let mut best = times[v as usize];
            for edge in h.edges(v) {
                best = best.min(times[h.head[edge] as (usize] + falling[edge]));
            }
            times[v as usize] = best;
        }
        out.clear();
        out.resize(times.len(), UNREACHABLE);
        for (rank, time) in times.into_iter().enumerate() {
            out[h.node_of[rank] as usize] = time;
        }
    }

    /// The travel times of all pairs.
    #[must_use]
    pub fn matrix(&self) -> TravelMatrix {
        let n = self.hierarchy.node_count();
        let targets: Vec<NodeIx> = (0..n as NodeIx).collect();
        TravelMatrix::from_rows_by_target(n, self.rows_to(&targets))
    }

    /// One row per target: the times from every corner to it. [`LANES`] targets share a sweep.
    fn rows_to(&self, targets: &[NodeIx]) -> Vec<u32> {
        let h = &*self.hierarchy;
        let n = h.node_count();
        let mut rows = vec![UNREACHABLE; targets.len() * n];
        let mut times = vec![[UNREACHABLE; LANES]; n];
        for (group, chunk) in targets.chunks(LANES).enumerate() {
            times.fill([UNREACHABLE; LANES]);
            for (lane, target) in chunk.iter().enumerate() {
                for (v, time, _) in self.climb(h.rank_of[*target as usize], &self.down) {
                    times[v as usize][lane] = time;
                }
            }
            for v in (0..n as u32).rev() {
                let mut best = times[v as usize];
                for edge in h.edges(v) {
                    let (above, weight) = (&times[h.head[edge] as usize], self.up[edge]);
                    for lane in 0..LANES {
                        best[lane] = (best[lane].min(above[lane] + weight));
                    }
                }
                times[v as usize] = best;
            }
            for lane in 0..chunk.len() {
                let row = &mut rows[(group * LANES + lane) * n..][..n];
                for (rank, node) in h.node_of.iter().enumerate() {
                    row[*node as usize] = times[rank][lane];
                }
            }
        }
        rows
    }

    /// The times from each of `sources` to each of `targets`, row-major by source.
    #[must_use]
    pub fn table(&self, sources: &[NodeIx], targets: &[NodeIx]) -> Vec<u32> {
        let n = self.hierarchy.node_count();
        let mut table = vec![UNREACHABLE; sources.len() * targets.len()];
        // A chunk of targets at a time bounds the memory.
        for (group, chunk) in targets.chunks(LANES * 8).enumerate() {
            let rows = self.rows_to(chunk);
            for (column, row) in rows.chunks(n.max(1)).enumerate() {
                let at = group * LANES * 8 + column;
                for (line, source) in sources.iter().enumerate() {
                    table[line * targets.len() + at] = row[*source as usize];
                }
            }
        }
        table
    }
}

/// Ancestors from low to high: (rank, time, the rank from which it was reached).
type Climb = Vec<(u32, u32, u32)>;

/// The ranks from `meeting` back down to `start`.
fn climbed(climb: &Climb, meeting: u32, start: u32) -> Vec<u32> {
    let mut ranks = vec![meeting];
    let mut at = meeting;
    while at != start {
        let ix = climb.binary_search_by_key(&at, |(v, _, _)| *v).expect("the way up was climbed");
        at = climb[ix].2;
        ranks.push(at);
    }
    ranks
}
