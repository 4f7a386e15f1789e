//! Recreate: puts absent rides back, one after the other, each where it costs least, now and then blinking.

use rand::{Rng, RngExt as _};

use super::insertion::Place;
use super::near::Near;
use super::regret::Regret;
use super::state::{ABSENT, State};

/// With more rides than this only tours that pass near a ride are tried, all of them when none of these takes it.
pub(super) const TRY_ALL: usize = 150;
/// Near stops whose tours are tried then.
const NEIGHBOURS: usize = 24;
/// With more rides than this nobody is put back by regret.
const MOST_BY_REGRET: usize = 2_500;

/// How rides are put back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manner {
    /// How often half of a tour is overlooked.
    pub(super) blink: f64,
    /// Open a new tour only for who fits nowhere else.
    pub(super) spare_vehicles: bool,
    /// How often rides are put back by regret instead of in an order.
    pub(super) regret: f64,
}

/// With few tours one of them is looked at with a blink more often, since there is little else to vary.
pub(super) fn blinking(blink: f64, tours: usize) -> f32 {
    if blink > 0.0 { blink.max(0.1 / tours.max(1) as f64) as f32 } else { 0.0 }
}

/// Buffers of one recreation.
#[derive(Debug, Default)]
pub(super) struct Recreate {
    order: Vec<(f64, u32)>,
    left: Vec<u32>,
    tours: Vec<u32>,
    passing: Passing,
    regret: Regret,
}

impl Recreate {
    /// Puts back whom it can; the others stay absent. Stops when `late` says so.
    pub(super) fn apply(
        &mut self,
        state: &mut State<'_, '_>,
        near: &Near,
        manner: Manner,
        rng: &mut impl Rng,
        mut late: impl FnMut() -> bool,
    ) {
        if manner.regret > 0.0 && state.model.rides.len() <= MOST_BY_REGRET && rng.random_bool(manner.regret) {
            self.regret.apply(state, near, !manner.spare_vehicles, manner.blink, rng, &mut late);
            if state.absent.is_empty() || state.model.rides.len() <= TRY_ALL && state.idle().next().is_none() {
                return;
            }
        }
        self.sort(state, rng);
        self.left.clear();
        let order = std::mem::take(&mut self.order);
        for (n, (_, request)) in order.iter().enumerate() {
            if n % 64 == 63 && late() {
                self.left.extend(order[n..].iter().map(|o| o.1));
                break;
            }
            match self.best(state, near, *request, manner, rng) {
                Some((route, place)) => state.insert(*request, route, place),
                None => self.left.push(*request),
            }
        }
        self.order = order;
        state.absent.clone_from(&self.left);
    }

    fn sort(&mut self, state: &State<'_, '_>, rng: &mut impl Rng) {
        let model = state.model;
        let kind = rng.random_range(0..15_u32);
        let depot = model.instance.fleets()[0].start;
        let key = |request: u32, rng: &mut dyn FnMut() -> f64| {
            let ride = &model.rides[request as usize];
            let (p, d) = (model.node(ride.pickup), model.node(ride.delivery));
            match kind {
                0..4 => rng(),
                4..6 => -f64::from(p.demand[0]),
                6..8 => -model.cost(depot, ride.pickup),
                8 => model.cost(depot, ride.pickup),
                9..11 => (p.latest - p.earliest).min(d.latest - d.earliest),
                11 => p.earliest,
                12 => -d.latest,
                13 => -model.cost(ride.pickup, ride.delivery),
                _ => p.latest,
            }
        };
        self.order.clear();
        for request in &state.absent {
            let value = key(*request, &mut || rng.random());
            self.order.push((value, *request));
        }
        self.order.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    }

    fn best(
        &mut self,
        state: &mut State<'_, '_>,
        near: &Near,
        request: u32,
        manner: Manner,
        rng: &mut impl Rng,
    ) -> Option<(u32, Place)> {
        let mut best: Option<(u32, Place)> = None;
        let mut bound = f64::INFINITY;
        let everywhere = state.model.rides.len() <= TRY_ALL;
        if everywhere {
            self.tours.clone_from(&state.used);
        } else {
            self.passing.of(state, near, request, &mut self.tours);
        }
        let blink = blinking(manner.blink, self.tours.len());
        for route in &self.tours {
            let place = if rng.random::<f32>() < blink {
                state.glimpse(request, *route, bound, rng.random())
            } else {
                state.cheapest(request, *route, bound)
            };
            if let Some(place) = place {
                bound = place.cost;
                best = Some((*route, place));
            }
        }
        if best.is_none() || !manner.spare_vehicles {
            self.tours.clear();
            self.tours.extend(state.idle());
            for route in &self.tours {
                if let Some(place) = state.cheapest(request, *route, bound) {
                    bound = place.cost;
                    best = Some((*route, place));
                }
            }
        }
        if best.is_none() && !everywhere {
            self.tours.clone_from(&state.used);
            for route in &self.tours {
                if let Some(place) = state.cheapest(request, *route, bound) {
                    bound = place.cost;
                    best = Some((*route, place));
                }
            }
        }
        best
    }
}

/// The tours that pass near a ride.
#[derive(Debug, Default)]
pub(super) struct Passing {
    seen: Vec<u64>,
    round: u64,
}

impl Passing {
    /// The tours of the stops near either end of the ride.
    pub(super) fn of(&mut self, state: &State<'_, '_>, near: &Near, request: u32, tours: &mut Vec<u32>) {
        self.seen.resize(state.routes.len(), 0);
        self.round += 1;
        tours.clear();
        let ride = &state.model.rides[request as usize];
        for stop in [ride.pickup, ride.delivery] {
            let mut met = 0;
            for other in near.of(stop) {
                let route = state.route_of[state.model.node(*other).request as usize];
                if route == ABSENT {
                    continue;
                }
                met += 1;
                if met > NEIGHBOURS {
                    break;
                }
                if std::mem::replace(&mut self.seen[route as usize], self.round) != self.round {
                    tours.push(route);
                }
            }
        }
    }

    /// Whether the tour was among those found last.
    pub(super) fn has(&self, route: u32) -> bool {
        self.seen[route as usize] == self.round
    }
}
