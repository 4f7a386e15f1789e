//! From one corner to another: climbing the elimination tree from both ends, and unpacking the way.
//!
//! No queue is needed: all that can be reached upward from a corner are its ancestors in the tree, and they
//! are met in the order of their ranks (Dibbelt, Strasser, Wagner, section 7.2).

use std::cell::RefCell;

use crate::metric::{FAR, Kept, Metric};
use crate::{NodeIx, UNREACHABLE};

/// What a thread keeps between queries: all times are [`FAR`] at rest.
#[derive(Default)]
struct Scratch {
    ahead: Vec<u32>,
    back: Vec<u32>,
    ahead_from: Vec<u32>,
    back_from: Vec<u32>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl Scratch {
    fn grow(&mut self, nodes: usize) {
        if self.ahead.len() < nodes {
            self.ahead.resize(nodes, FAR);
            self.back.resize(nodes, FAR);
            self.ahead_from.resize(nodes, 0);
            self.back_from.resize(nodes, 0);
        }
    }
}

/// Hands the time at rank `v` to what lies above it.
#[inline]
fn relax<const WAY: bool>(kept: &Kept, v: u32, times: &mut [u32], from: &mut [u32]) {
    let time = times[v as usize];
    for (x, weight) in kept.of(v) {
        let there = time + weight;
        if there < times[*x as usize] {
            times[*x as usize] = there;
            if WAY {
                from[*x as usize] = v;
            }
        }
    }
}

impl Metric {
    /// The fastest time from `from` to `to`, milliseconds; [`UNREACHABLE`] when there is no way.
    ///
    /// # Panics
    /// When there is no such corner.
    #[must_use]
    pub fn time_ms(&self, from: NodeIx, to: NodeIx) -> u32 {
        SCRATCH.with_borrow_mut(|scratch| {
            let (time, _) = self.meet::<false>(from, to, scratch);
            self.rest(from, to, scratch);
            time
        })
    }

    /// The corners of the fastest way from `from` to `to`, both included; `None` when there is no way.
    ///
    /// # Panics
    /// When there is no such corner.
    #[must_use]
    pub fn path(&self, from: NodeIx, to: NodeIx) -> Option<Vec<NodeIx>> {
        let h = &*self.hierarchy;
        let ranks = SCRATCH.with_borrow_mut(|scratch| {
            let (time, meeting) = self.meet::<true>(from, to, scratch);
            let mut ranks = Vec::new();
            if time != UNREACHABLE {
                let mut at = meeting;
                while at != h.rank_of[from as usize] {
                    ranks.push(at);
                    at = scratch.ahead_from[at as usize];
                }
                ranks.push(at);
                ranks.reverse();
                at = meeting;
                while at != h.rank_of[to as usize] {
                    at = scratch.back_from[at as usize];
                    ranks.push(at);
                }
            }
            self.rest(from, to, scratch);
            ranks
        });
        if ranks.is_empty() {
            return None;
        }
        let mut path = vec![from];
        for step in ranks.windows(2) {
            self.unpack(step[0], step[1], &mut path);
        }
        Some(path)
    }

    /// Climbs from both ends; gives the time and the rank where the halves meet.
    fn meet<const WAY: bool>(&self, from: NodeIx, to: NodeIx, scratch: &mut Scratch) -> (u32, u32) {
        let h = &*self.hierarchy;
        let (mut a, mut b) = (h.rank_of[from as usize], h.rank_of[to as usize]);
        scratch.grow(h.node_count());
        scratch.ahead[a as usize] = 0;
        scratch.back[b as usize] = 0;
        // Up both branches until they join; only above that can the halves meet.
        while a != b {
            if a < b {
                if scratch.ahead[a as usize] < FAR {
                    relax::<WAY>(&self.climbs, a, &mut scratch.ahead, &mut scratch.ahead_from);
                }
                let Some(parent) = h.parent(a) else { return (UNREACHABLE, 0) };
                a = parent;
            } else {
                if scratch.back[b as usize] < FAR {
                    relax::<WAY>(&self.falls, b, &mut scratch.back, &mut scratch.back_from);
                }
                let Some(parent) = h.parent(b) else { return (UNREACHABLE, 0) };
                b = parent;
            }
        }
        let (mut best, mut meeting) = (FAR, 0);
        let mut next = Some(a);
        while let Some(v) = next {
            let (there, back) = (scratch.ahead[v as usize], scratch.back[v as usize]);
            if there + back < best {
                (best, meeting) = (there + back, v);
            }
            if there < best {
                relax::<WAY>(&self.climbs, v, &mut scratch.ahead, &mut scratch.ahead_from);
            }
            if back < best {
                relax::<WAY>(&self.falls, v, &mut scratch.back, &mut scratch.back_from);
            }
            next = h.parent(v);
        }
        (if best < FAR { best } else { UNREACHABLE }, meeting)
    }

    /// Brings the scratch back to rest.
    fn rest(&self, from: NodeIx, to: NodeIx, scratch: &mut Scratch) {
        let h = &*self.hierarchy;
        for (end, times) in [(from, &mut scratch.ahead), (to, &mut scratch.back)] {
            let mut next = Some(h.rank_of[end as usize]);
            while let Some(v) = next {
                times[v as usize] = FAR;
                next = h.parent(v);
            }
        }
    }

    /// Calls `see(rank, time)` for what is reached upward from `start` along `kept`, in the order of ranks.
    pub(crate) fn climb(&self, start: NodeIx, kept: &Kept, mut see: impl FnMut(u32, u32)) {
        let h = &*self.hierarchy;
        SCRATCH.with_borrow_mut(|scratch| {
            scratch.grow(h.node_count());
            let start = h.rank_of[start as usize];
            scratch.ahead[start as usize] = 0;
            let mut next = Some(start);
            while let Some(v) = next {
                let time = scratch.ahead[v as usize];
                if time < FAR {
                    relax::<false>(kept, v, &mut scratch.ahead, &mut scratch.ahead_from);
                    scratch.ahead[v as usize] = FAR;
                    see(v, time);
                }
                next = h.parent(v);
            }
        });
    }

    /// Appends the corners behind the edge from rank `a` to rank `b`, without `a`.
    fn unpack(&self, a: u32, b: u32, path: &mut Vec<NodeIx>) {
        let mut open = vec![(a, b)];
        while let Some((a, b)) = open.pop() {
            match self.below(a, b) {
                Some(z) => {
                    open.push((z, b));
                    open.push((a, z));
                }
                None => path.push(self.hierarchy.node_of[b as usize]),
            }
        }
    }

    /// The corner below both ends over which the edge from `a` to `b` leads; `None` when it is a road.
    fn below(&self, a: u32, b: u32) -> Option<u32> {
        let h = &*self.hierarchy;
        let edge = h.edge(a.min(b), a.max(b)).expect("a way is made of edges") as usize;
        let (want, (road_up, road_down)) = (if a < b { self.up[edge] } else { self.down[edge] }, self.road[edge]);
        if want == if a < b { road_up } else { road_down } {
            return None;
        }
        let (mine, theirs) = (h.lower(a), h.lower(b));
        let (mut i, mut j) = (0, 0);
        while let (Some((x, xa)), Some((y, yb))) = (mine.get(i), theirs.get(j)) {
            match x.cmp(y) {
                std::cmp::Ordering::Less => i += 1,
                std::cmp::Ordering::Greater => j += 1,
                std::cmp::Ordering::Equal => {
                    if self.down[*xa as usize] + self.up[*yb as usize] == want {
                        return Some(*x);
                    }
                    i += 1;
                    j += 1;
                }
            }
        }
        unreachable!("an edge is a road or leads over a corner below: customization made it so")
    }
}
