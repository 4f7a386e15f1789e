//! Exact motion of a car with a plan of stops: node by node along fastest roads, turning at any node.

use doorstep_pooling::fleet::Stop;
use doorstep_roads::{NodeIx, TravelTimes};

use super::motion::Streets;

/// One car: the corner it reached last or reaches next, and its stops.
#[derive(Debug, Clone)]
pub(super) struct Van {
    /// The corner where it can change its course, and when it is (or was) there and ready to go on.
    pub(super) at: (NodeIx, i64),
    /// The last corner that the trace speaks of.
    told: NodeIx,
    /// Where it is going.
    goal: Option<NodeIx>,
    /// What it will do, in order.
    pub(super) stops: Vec<Stop>,
    /// Riders aboard.
    pub(super) aboard: usize,
    /// All driving so far, and that without anybody aboard.
    pub(super) drive_ms: i64,
    pub(super) empty_ms: i64,
}

/// Something a car did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// It leaves its course here, or ends a drive.
    Turned(NodeIx),
    /// It is at a stop.
    Stopped(Stop, NodeIx),
}

/// What all cars drive in.
#[derive(Clone, Copy)]
pub(super) struct World<'a> {
    pub(super) boarding_ms: i64,
    pub(super) streets: &'a Streets,
    pub(super) times: &'a dyn TravelTimes,
}

/// How much longer a road takes than thought: a factor from the car and the moment.
pub(super) type Roughness<'a> = &'a dyn Fn(i64) -> f64;

impl Van {
    pub(super) fn new(node: NodeIx) -> Self {
        Self { at: (node, 0), told: node, goal: None, stops: Vec::new(), aboard: 0, drive_ms: 0, empty_ms: 0 }
    }

    /// Neither stops nor a place to go to.
    pub(super) fn idle(&self) -> bool {
        self.goal.is_none()
    }

    /// Takes a new plan, and a place to wait at where the plan is empty.
    pub(super) fn send(
        &mut self,
        stops: Vec<Stop>,
        corner_of: &impl Fn(Stop) -> NodeIx,
        wait_at: Option<NodeIx>,
        now_ms: i64,
        tell: &mut impl FnMut(i64, Deed),
    ) {
        self.stops = stops;
        let goal = self.stops.first().map_or(wait_at, |&stop| Some(corner_of(stop)));
        if goal == self.goal {
            return;
        }
        if self.at.0 != self.told {
            tell(self.at.1, Deed::Turned(self.at.0));
            self.told = self.at.0;
        }
        self.at.1 = self.at.1.max(now_ms);
        self.goal = goal;
    }

    /// Lets everything happen up to `now_ms`.
    pub(super) fn advance(
        &mut self,
        now_ms: i64,
        world: World<'_>,
        corner_of: &impl Fn(Stop) -> NodeIx,
        rough: Option<Roughness<'_>>,
        tell: &mut impl FnMut(i64, Deed),
    ) {
        while let Some(goal) = self.goal {
            if self.at.1 > now_ms {
                return;
            }
            if self.at.0 != goal {
                let (head, planned_ms) = world.streets.next(self.at.0, goal, world.times);
                let ms = match rough {
                    Some(rough) => (f64::from(planned_ms) * rough(self.at.1)).round() as i64,
                    None => i64::from(planned_ms),
                };
                self.drive_ms += ms;
                if self.aboard == 0 {
                    self.empty_ms += ms;
                }
                self.at = (head, self.at.1 + ms);
                continue;
            }
            if self.stops.is_empty() {
                if self.told != goal {
                    tell(self.at.1, Deed::Turned(goal));
                }
                (self.told, self.goal) = (goal, None);
                return;
            }
            let stop = self.stops.remove(0);
            tell(self.at.1, Deed::Stopped(stop, goal));
            self.told = goal;
            if stop.pickup {
                self.aboard += 1;
                self.at.1 += world.boarding_ms;
            } else {
                self.aboard -= 1;
            }
            self.goal = self.stops.first().map(|&next| corner_of(next));
        }
    }
}
