//! Exact motion of one car: always on a fastest road, always somewhere between two nodes.
//!
//! Times are milliseconds from the period's start. A car that is under way can change its course at the
//! next node of its way and nowhere else; every place where it does is written to the trace, so that
//! between two written events of a car lies the fastest road.

use doorstep_roads::{NodeIx, TravelTimes};

/// The arcs of the road graph with their times: all that motion needs of it.
#[derive(Debug, Clone)]
pub(crate) struct Streets {
    starts: Vec<u32>,
    arcs: Vec<(NodeIx, u32)>,
}

impl Streets {
    /// Takes the arcs out of each node as `(head, milliseconds)`.
    pub(crate) fn new<I: IntoIterator<Item = (NodeIx, u32)>>(
        nodes: usize,
        mut arcs_of: impl FnMut(NodeIx) -> I,
    ) -> Self {
        let (mut starts, mut arcs) = (Vec::with_capacity(nodes + 1), Vec::new());
        starts.push(0);
        for node in 0..nodes {
            arcs.extend(arcs_of(node as NodeIx));
            starts.push(arcs.len() as u32);
        }
        Self { starts, arcs }
    }

    /// How many corners there are.
    pub(crate) fn nodes(&self) -> usize {
        self.starts.len() - 1
    }

    /// The next node of the fastest road from `at` to `to`, and the time there.
    pub(crate) fn next(&self, at: NodeIx, to: NodeIx, times: &dyn TravelTimes) -> (NodeIx, u32) {
        let arcs = &self.arcs[self.starts[at as usize] as usize..self.starts[at as usize + 1] as usize];
        arcs.iter()
            .copied()
            .filter(|&(head, _)| head != at)
            .min_by_key(|&(head, ms)| (u64::from(ms) + u64::from(times.time_ms(head, to)), head))
            .expect("invariant: the travel times know a road, so an arc leads out")
    }
}

/// What a car is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Errand {
    /// Waiting at a node (from the moment it gets there).
    Stand,
    /// Driving empty to wait elsewhere.
    Move { to: NodeIx },
    /// Driving empty to a rider.
    Fetch { rider: u32, to: NodeIx },
    /// A rider is aboard until `end_ms`; `next` is promised to somebody after that.
    Trip { rider: u32, to: NodeIx, end_ms: i64, next: Option<(u32, NodeIx)> },
}

/// One car: where its present leg began, and its errand.
#[derive(Debug, Clone)]
pub(crate) struct Cab {
    /// Node and time at which the leg begins; may lie ahead, when the course changes at the next node.
    pub(crate) from: NodeIx,
    pub(crate) from_ms: i64,
    pub(crate) errand: Errand,
    /// A point of the leg already passed or reached next: where the walk along the road goes on.
    step: (NodeIx, i64),
    /// Empty driving so far.
    pub(crate) empty_ms: i64,
}

/// Something a car did, in its own order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Happening {
    Turned {
        node: NodeIx,
    },
    /// `drive_ms`: all empty driving since the last rider; `leg_ms`: the drive since the last turn.
    Pickup {
        rider: u32,
        node: NodeIx,
        drive_ms: i64,
        leg_ms: i64,
    },
    Dropoff {
        rider: u32,
        node: NodeIx,
    },
}

impl Cab {
    pub(crate) fn new(node: NodeIx) -> Self {
        Self { from: node, from_ms: 0, errand: Errand::Stand, step: (node, 0), empty_ms: 0 }
    }

    /// Where the car can next change its course, and when it is there and free.
    pub(crate) fn next_free(&mut self, now_ms: i64, streets: &Streets, times: &dyn TravelTimes) -> (NodeIx, i64) {
        match self.errand {
            Errand::Stand => (self.from, self.from_ms.max(now_ms)),
            Errand::Trip { to, end_ms, .. } => (to, end_ms),
            Errand::Move { to } | Errand::Fetch { to, .. } => {
                while self.step.1 < now_ms && self.step.0 != to {
                    let (head, ms) = streets.next(self.step.0, to, times);
                    self.step = (head, self.step.1 + i64::from(ms));
                }
                self.step
            }
        }
    }

    /// Starts an empty errand at the place of `next_free`, and tells where the old course was left.
    ///
    /// The same errand again changes nothing: the car keeps its leg.
    pub(crate) fn send(
        &mut self,
        errand: Errand,
        now_ms: i64,
        streets: &Streets,
        times: &dyn TravelTimes,
        tell: &mut impl FnMut(i64, Happening),
    ) {
        if self.errand == errand {
            return;
        }
        if let (
            Errand::Move { to: a } | Errand::Fetch { to: a, .. },
            Errand::Move { to: b } | Errand::Fetch { to: b, .. },
        ) = (self.errand, errand)
            && a == b
        {
            self.errand = errand;
            return;
        }
        let (node, at_ms) = self.next_free(now_ms, streets, times);
        if node != self.from {
            tell(at_ms, Happening::Turned { node });
            self.empty_ms += i64::from(times.time_ms(self.from, node));
        }
        (self.from, self.from_ms, self.step) = (node, at_ms, (node, at_ms));
        self.errand = errand;
    }

    /// Lets everything happen that happens up to `now_ms`.
    pub(crate) fn advance(
        &mut self,
        now_ms: i64,
        boarding_ms: i64,
        times: &dyn TravelTimes,
        goal: &impl Fn(u32) -> NodeIx,
        tell: &mut impl FnMut(i64, Happening),
    ) {
        loop {
            match self.errand {
                Errand::Stand => return,
                Errand::Move { to } => {
                    let drive_ms = i64::from(times.time_ms(self.from, to));
                    let at_ms = self.from_ms + drive_ms;
                    if at_ms > now_ms {
                        return;
                    }
                    self.empty_ms += drive_ms;
                    if to != self.from {
                        tell(at_ms, Happening::Turned { node: to });
                    }
                    (self.from, self.from_ms, self.errand) = (to, at_ms, Errand::Stand);
                }
                Errand::Fetch { rider, to } => {
                    let drive_ms = i64::from(times.time_ms(self.from, to));
                    let at_ms = self.from_ms + drive_ms;
                    if at_ms > now_ms {
                        return;
                    }
                    self.empty_ms += drive_ms;
                    tell(at_ms, Happening::Pickup { rider, node: to, drive_ms: self.empty_ms, leg_ms: drive_ms });
                    self.empty_ms = 0;
                    let goal = goal(rider);
                    let end_ms = at_ms + boarding_ms + i64::from(times.time_ms(to, goal));
                    (self.from, self.from_ms) = (to, at_ms);
                    self.errand = Errand::Trip { rider, to: goal, end_ms, next: None };
                }
                Errand::Trip { rider, to, end_ms, next } => {
                    if end_ms > now_ms {
                        return;
                    }
                    tell(end_ms, Happening::Dropoff { rider, node: to });
                    (self.from, self.from_ms, self.step) = (to, end_ms, (to, end_ms));
                    self.errand = next.map_or(Errand::Stand, |(rider, to)| Errand::Fetch { rider, to });
                }
            }
        }
    }
}
