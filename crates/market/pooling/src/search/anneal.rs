//! Simulated annealing over ruin and recreate: the same number of vehicles or fewer, at less cost.

use rand::{Rng, RngExt as _};

use super::clock::Budget;
use super::near::Near;
use super::pool::Pool;
use super::recreate::{Manner, Recreate};
use super::ruin::{Ruin, Strings};
use super::state::{Snapshot, State};
use super::{Phase, Start};

/// The annealing's numbers, relative to the cost of one stop in the plan that it starts from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cooling {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) strings: Strings,
    pub(super) blink: f64,
    pub(super) regret: f64,
}

/// What is better: fewer left out, then (if so wished) fewer vehicles, then less cost.
pub(super) fn better(vehicles_first: bool, a: &Snapshot, b: &Snapshot) -> bool {
    let vehicles = |s: &Snapshot| if vehicles_first { s.tours.len() } else { 0 };
    (a.absent.len(), vehicles(a)).cmp(&(b.absent.len(), vehicles(b))).then(a.cost.total_cmp(&b.cost)).is_lt()
}

/// After so many iterations with somebody left out the search goes back to the best plan.
const LOST: u32 = 3_000;

/// Tours are kept of plans that are taken, and of those that cost at most so many degrees more than the one before.
const NEARLY: f64 = 2.0;

/// Anneals the state; gives the best plan seen.
pub(super) fn run(
    state: &mut State<'_, '_>,
    near: &Near,
    budget: &Budget,
    phase: &Phase,
    mut pool: Option<&mut Pool>,
    rng: &mut impl Rng,
) -> Snapshot {
    let vehicles_first = state.model.vehicles_first;
    let cooling = phase.cooling;
    let mut best = state.snapshot();
    let stops = (2 * state.rides.len()) as f64;
    let unit = state.cost.max(1e-9) / stops;
    if let Some(pool) = pool.as_deref_mut() {
        let met = !pool.is_empty();
        // The plan may be another thread's.
        state.tours().for_each(|tour| pool.add(state.model, tour));
        if met && best.absent.is_empty() && state.rides.len() == state.model.rides.len() {
            begin(state, pool, budget, phase.start, &mut best);
        }
    }
    let (mut ruin, mut recreate) = (Ruin::default(), Recreate::default());
    let manner = Manner { blink: cooling.blink, regret: cooling.regret, spare_vehicles: false };
    let mut absence = Absence::new(unit, state.model.rides.len());
    while let Some(share) = budget.step() {
        let heat = unit * cooling.from * (cooling.to / cooling.from).powf(share.min(1.0));
        let before = absence.value(state);
        let vehicles_before = state.used.len();
        state.begin();
        ruin.apply(state, near, cooling.strings, rng);
        recreate.apply(state, near, manner, rng, || budget.late());
        let luck: f64 = rng.random();
        let fewer = vehicles_first && state.used.len() < vehicles_before;
        let accepted = fewer && state.absent.is_empty() || absence.value(state) < before - heat * luck.max(1e-300).ln();
        if let Some(pool) = &mut pool
            && (accepted || absence.value(state) < before + NEARLY * heat)
        {
            for tour in state.changed() {
                pool.add(state.model, tour);
            }
        }
        if !accepted {
            state.rollback();
        }
        if !absence.learn(state) && best.absent.is_empty() {
            state.restore(&best);
            absence.found();
        }
        if !accepted {
            continue;
        }
        if vehicles_first && state.absent.is_empty() {
            state.cap = state.cap.min(state.used.len().max(1));
        }
        let vehicles = if vehicles_first { state.used.len() } else { 0 };
        let kept = if vehicles_first { best.tours.len() } else { 0 };
        if (state.absent.len(), vehicles) < (best.absent.len(), kept)
            || ((state.absent.len(), vehicles) == (best.absent.len(), kept) && state.cost < best.cost - 1e-9)
        {
            best = state.snapshot();
        }
    }
    best
}

/// Looks for a better plan among all tours met, and goes to where the phase begins.
fn begin(state: &mut State<'_, '_>, pool: &mut Pool, budget: &Budget, start: Start, best: &mut Snapshot) {
    let count = if state.model.vehicles_first { best.tours.len() } else { state.cap };
    let (better, tours) = pool.plans(state.model, best, count, &mut || budget.late());
    if let Some(better) = better {
        *best = better;
    }
    if start == Start::Tours && !tours.tours.is_empty() {
        state.restore(&tours);
    } else {
        state.restore(best);
    }
}

/// What it costs to leave a ride out for a while. Plans that leave somebody out are ways between plans that do
/// not. The price follows how often the search is on such a way, and who is left out for long gets dearer.
struct Absence {
    price: f64,
    least: f64,
    weights: Vec<f64>,
    whole: u32,
    seen: u32,
    lost: u32,
}

impl Absence {
    fn new(unit: f64, rides: usize) -> Self {
        Self { price: 20.0 * unit, least: unit, weights: vec![1.0; rides], whole: 0, seen: 0, lost: 0 }
    }

    fn value(&self, state: &State<'_, '_>) -> f64 {
        state.cost + self.price * state.absent.iter().map(|r| self.weights[*r as usize]).sum::<f64>()
    }

    /// Looks at the plan that the search stands at; false when it has been on its way for too long.
    fn learn(&mut self, state: &State<'_, '_>) -> bool {
        self.seen += 1;
        self.whole += u32::from(state.absent.is_empty());
        if self.seen.is_multiple_of(16) {
            for request in &state.absent {
                self.weights[*request as usize] *= 1.1;
            }
        }
        if self.seen == 96 {
            if self.whole < 64 {
                self.price *= 1.1;
            } else if self.whole > 80 {
                self.price = (self.price / 1.1).max(self.least);
            }
            (self.seen, self.whole) = (0, 0);
        }
        self.lost = if state.absent.is_empty() { 0 } else { self.lost + 1 };
        self.lost < LOST
    }

    fn found(&mut self) {
        self.lost = 0;
        self.weights.fill(1.0);
    }
}
