//! In which order corners are contracted: nested dissection by inertial flow (Schild and Sommer, SEA 2015).
//!
//! A set of corners is laid out along a line in four directions; the first and the last quarter are tied to
//! the two ends of a unit-capacity flow; the smallest cut found that way is where the city falls apart. The
//! corners at the cut are contracted last, and so on inside both halves. Travel times play no part, so one
//! order serves every hour of the week.

use crate::RoadGraph;

/// Sets this small are not cut any more.
const SMALL: usize = 6;
/// The share of corners tied to each end of the flow.
const TIED: f64 = 0.25;

/// The corners in the order of contraction: the least important first.
pub(crate) fn nested_dissection(graph: &RoadGraph) -> Vec<u32> {
    let n = graph.node_count();
    let mut neighbours: Vec<Vec<u32>> = vec![Vec::new(); n];
    for arc in 0..graph.arc_count() as u32 {
        let (a, b) = (graph.tail(arc), graph.head(arc));
        neighbours[a as usize].push(b);
        neighbours[b as usize].push(a);
    }
    for list in &mut neighbours {
        list.sort_unstable();
        list.dedup();
    }
    let places: Vec<(f64, f64)> = graph.nodes().map(|(_, p)| (p.lon() * p.lat().to_radians().cos(), p.lat())).collect();
    let mut cutter = Cutter { neighbours: &neighbours, places: &places, local: vec![u32::MAX; n] };
    let mut order = vec![0; n];
    // Work from the most important end: each set fills its own stretch of the order from the back.
    let mut open = vec![((0..n as u32).collect::<Vec<_>>(), 0_usize)];
    while let Some((set, start)) = open.pop() {
        if set.len() <= SMALL {
            order[start..start + set.len()].copy_from_slice(&set);
            continue;
        }
        let (left, separator, right) = cutter.cut(&set);
        let behind = start + left.len() + right.len();
        order[behind..behind + separator.len()].copy_from_slice(&separator);
        let middle = start + left.len();
        open.push((left, start));
        open.push((right, middle));
    }
    order
}

struct Cutter<'a> {
    neighbours: &'a [Vec<u32>],
    places: &'a [(f64, f64)],
    /// A corner's index inside the set at hand.
    local: Vec<u32>,
}

type Parts = (Vec<u32>, Vec<u32>, Vec<u32>);

impl Cutter<'_> {
    /// Cuts `set` into two parts and the corners that keep them apart. Never returns the whole set as a part.
    fn cut(&mut self, set: &[u32]) -> Parts {
        for (ix, node) in set.iter().enumerate() {
            self.local[*node as usize] = ix as u32;
        }
        let edges = self.local_edges(set);
        let mut best: Option<Parts> = None;
        for (dx, dy) in [(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, -1.0)] {
            let mut line: Vec<u32> = (0..set.len() as u32).collect();
            let along = |l: u32| {
                let (x, y) = self.places[set[l as usize] as usize];
                x * dx + y * dy
            };
            line.sort_by(|a, b| along(*a).total_cmp(&along(*b)).then(a.cmp(b)));
            let parts = split(&edges, &line, set);
            let better = |(l, s, r): &Parts, (bl, bs, br): &Parts| {
                (s.len(), l.len().abs_diff(r.len())) < (bs.len(), bl.len().abs_diff(br.len()))
            };
            if best.as_ref().is_none_or(|b| better(&parts, b)) {
                best = Some(parts);
            }
        }
        for node in set {
            self.local[*node as usize] = u32::MAX;
        }
        best.expect("four directions were tried")
    }

    fn local_edges(&self, set: &[u32]) -> Vec<Vec<u32>> {
        set.iter()
            .map(|node| {
                let inside = self.neighbours[*node as usize].iter().map(|m| self.local[*m as usize]);
                let mut inside: Vec<u32> = inside.filter(|m| *m != u32::MAX).collect();
                inside.sort_unstable();
                inside
            })
            .collect()
    }
}

/// Cuts along one direction: `line` holds the set's corners sorted along it.
fn split(edges: &[Vec<u32>], line: &[u32], set: &[u32]) -> Parts {
    let tied = ((line.len() as f64 * TIED) as usize).max(1);
    let mut flow = Flow::new(edges);
    for l in &line[..tied] {
        flow.source[*l as usize] = true;
    }
    for l in &line[line.len() - tied..] {
        flow.sink[*l as usize] = true;
    }
    while flow.augment() {}
    // After the last search, what it reached is the source's side of a smallest cut.
    let inside = |l: usize| flow.seen[l] == flow.round;
    let border = |side: bool| -> Vec<u32> {
        (0..edges.len())
            .filter(|l| inside(*l) == side && edges[*l].iter().any(|m| inside(*m as usize) != side))
            .map(|l| l as u32)
            .collect()
    };
    let (near, far) = (border(true), border(false));
    let separator = if near.len() <= far.len() { near } else { far };
    let mut is_separator = vec![false; edges.len()];
    for l in &separator {
        is_separator[*l as usize] = true;
    }
    let global = |l: u32| set[l as usize];
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for l in 0..edges.len() {
        if !is_separator[l] {
            if inside(l) { left.push(set[l]) } else { right.push(set[l]) }
        }
    }
    (left, separator.into_iter().map(global).collect(), right)
}

/// Unit flow on undirected edges by shortest augmenting paths (Edmonds and Karp).
struct Flow<'a> {
    edges: &'a [Vec<u32>],
    /// Net flow along `edges[a][i]` as seen from `a`: -1, 0 or 1.
    flow: Vec<Vec<i8>>,
    source: Vec<bool>,
    sink: Vec<bool>,
    seen: Vec<u32>,
    round: u32,
    from: Vec<(u32, u32)>,
    queue: Vec<u32>,
}

impl<'a> Flow<'a> {
    fn new(edges: &'a [Vec<u32>]) -> Self {
        let n = edges.len();
        Self {
            edges,
            flow: edges.iter().map(|e| vec![0; e.len()]).collect(),
            source: vec![false; n],
            sink: vec![false; n],
            seen: vec![0; n],
            round: 0,
            from: vec![(u32::MAX, 0); n],
            queue: Vec::with_capacity(n),
        }
    }

    /// Sends one more unit; `false` when none can pass, and then `seen` marks what the source reaches.
    fn augment(&mut self) -> bool {
        self.round += 1;
        self.queue.clear();
        for node in 0..self.edges.len() {
            if self.source[node] {
                self.seen[node] = self.round;
                self.from[node] = (u32::MAX, 0);
                self.queue.push(node as u32);
            }
        }
        let mut next = 0;
        while next < self.queue.len() {
            let node = self.queue[next] as usize;
            next += 1;
            for (ix, to) in self.edges[node].iter().enumerate() {
                let to = *to as usize;
                if self.flow[node][ix] < 1 && self.seen[to] != self.round {
                    self.seen[to] = self.round;
                    self.from[to] = (node as u32, ix as u32);
                    if self.sink[to] {
                        self.push_back(to);
                        return true;
                    }
                    self.queue.push(to as u32);
                }
            }
        }
        false
    }

    fn push_back(&mut self, mut node: usize) {
        while self.from[node].0 != u32::MAX {
            let (before, ix) = (self.from[node].0 as usize, self.from[node].1 as usize);
            self.flow[before][ix] += 1;
            let back = self.edges[node].binary_search(&(before as u32)).expect("edges go both ways and are sorted");
            self.flow[node][back] -= 1;
            node = before;
        }
    }
}
