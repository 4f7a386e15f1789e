//! One to all, all to all, many to many: after climbing from each start, one walk over the ranks from the
//! top down settles everything (PHAST, Delling et al. 2011), for [`LANES`] starts at a time whose times lie
//! side by side. Tables walk only over the ancestors of their far ends (RPHAST).

use crate::metric::{FAR, Kept, Metric};
use crate::{NodeIx, TravelMatrix, UNREACHABLE};

/// How many starts share a walk.
const LANES: usize = 16;
type Lanes = [u32; LANES];

/// What is unreachable has its one number outside.
#[inline]
fn outside(time: u32) -> u32 {
    if time < FAR { time } else { UNREACHABLE }
}

/// Settles one rank for all lanes.
#[inline]
fn settle(times: &mut [Lanes], v: usize, edges: &[(u32, u32)]) {
    let mut best = times[v];
    for (x, weight) in edges {
        let above = &times[*x as usize];
        for lane in 0..LANES {
            best[lane] = best[lane].min(above[lane] + weight);
        }
    }
    times[v] = best;
}

impl Metric {
    /// The fastest times from `source` to every corner, milliseconds, indexed by corner.
    ///
    /// # Panics
    /// When there is no such corner.
    pub fn times_from(&self, source: NodeIx, out: &mut Vec<u32>) {
        self.one_to_all(source, &self.climbs, &self.falls, out);
    }

    /// The fastest times from every corner to `target`, milliseconds, indexed by corner.
    ///
    /// # Panics
    /// When there is no such corner.
    pub fn times_to(&self, target: NodeIx, out: &mut Vec<u32>) {
        self.one_to_all(target, &self.falls, &self.climbs, out);
    }

    fn one_to_all(&self, start: NodeIx, climbs: &Kept, falls: &Kept, out: &mut Vec<u32>) {
        let h = &*self.hierarchy;
        let mut times = vec![FAR; h.node_count()];
        self.climb(start, climbs, |v, time| times[v as usize] = time);
        for v in (0..times.len()).rev() {
            let best = falls.of(v as u32).iter().fold(times[v], |best, (x, w)| best.min(times[*x as usize] + w));
            times[v] = best;
        }
        out.clear();
        out.extend(h.rank_of.iter().map(|rank| outside(times[*rank as usize])));
    }

    /// The travel times of all pairs.
    #[must_use]
    pub fn matrix(&self) -> TravelMatrix {
        let h = &*self.hierarchy;
        let n = h.node_count();
        let mut rows = vec![0; n * n];
        let mut times: Vec<Lanes> = vec![[FAR; LANES]; n];
        for (group, chunk) in rows.chunks_mut(LANES * n.max(1)).enumerate() {
            times.fill([FAR; LANES]);
            let lanes = chunk.len() / n;
            (0..lanes).for_each(|lane| {
                self.climb((group * LANES + lane) as NodeIx, &self.falls, |v, time| times[v as usize][lane] = time);
            });
            for v in (0..n).rev() {
                settle(&mut times, v, self.climbs.of(v as u32));
            }
            for (node, rank) in h.rank_of.iter().enumerate() {
                for (lane, time) in times[*rank as usize][..lanes].iter().enumerate() {
                    chunk[lane * n + node] = outside(*time);
                }
            }
        }
        TravelMatrix::from_rows_by_target(n, rows)
    }

    /// The times from each of `sources` to each of `targets`, row-major by source.
    ///
    /// # Panics
    /// When there is no such corner.
    #[must_use]
    pub fn table(&self, sources: &[NodeIx], targets: &[NodeIx]) -> Vec<u32> {
        let mut times = vec![UNREACHABLE; sources.len() * targets.len()];
        // A walk over few ancestors for many lanes beats one over many ancestors for few.
        if sources.len() >= targets.len() {
            let walk = Walk::below(self, targets, &self.falls);
            walk.run(self, sources, &self.climbs, |s, t, time| times[s * targets.len() + t] = time);
        } else {
            let walk = Walk::below(self, sources, &self.climbs);
            walk.run(self, targets, &self.falls, |t, s, time| times[s * targets.len() + t] = time);
        }
        times
    }
}

/// The part of a hierarchy that leads down to some corners: their ancestors, renumbered from the top.
struct Walk {
    /// New number of each rank; `u32::MAX` outside.
    number: Vec<u32>,
    falls: Kept,
    /// The new number of each far end.
    ends: Vec<u32>,
}

impl Walk {
    fn below(metric: &Metric, ends: &[NodeIx], falls: &Kept) -> Self {
        let h = &*metric.hierarchy;
        let mut number = vec![u32::MAX; h.node_count()];
        for end in ends {
            let mut next = Some(h.rank_of[*end as usize]);
            // Whose number is set, its ancestors' are set.
            while let Some(v) = next.filter(|v| number[*v as usize] == u32::MAX) {
                number[v as usize] = 0;
                next = h.parent(v);
            }
        }
        let mut kept = Kept { first: vec![0], edge: Vec::new() };
        for v in (0..number.len()).rev().filter(|v| number[*v] == 0).collect::<Vec<_>>() {
            number[v] = kept.first.len() as u32 - 1;
            kept.edge.extend(falls.of(v as u32).iter().map(|(x, weight)| (number[*x as usize], *weight)));
            kept.first.push(kept.edge.len() as u32);
        }
        let ends = ends.iter().map(|end| number[h.rank_of[*end as usize] as usize]).collect();
        Self { number, falls: kept, ends }
    }

    /// Calls `put(start, end, time)` for all pairs.
    fn run(&self, metric: &Metric, starts: &[NodeIx], climbs: &Kept, mut put: impl FnMut(usize, usize, u32)) {
        let mut times: Vec<Lanes> = vec![[FAR; LANES]; self.falls.first.len() - 1];
        for (group, chunk) in starts.chunks(LANES).enumerate() {
            times.fill([FAR; LANES]);
            for (lane, start) in chunk.iter().enumerate() {
                metric.climb(*start, climbs, |v, time| {
                    if let Some(slot) = times.get_mut(self.number[v as usize] as usize) {
                        slot[lane] = time;
                    }
                });
            }
            for v in 0..times.len() {
                settle(&mut times, v, self.falls.of(v as u32));
            }
            for (end, at) in self.ends.iter().enumerate() {
                for (lane, time) in times[*at as usize][..chunk.len()].iter().enumerate() {
                    put(group * LANES + lane, end, outside(*time));
                }
            }
        }
    }
}
