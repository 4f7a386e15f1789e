//! Simulated annealing over ruin and recreate: the same number of vehicles or fewer, at less cost.

use rand::{Rng, RngExt as _};

use super::clock::Budget;
use super::near::Near;
use super::recreate::{Manner, Recreate};
use super::ruin::{Ruin, Strings};
use super::state::{Snapshot, State};

/// The annealing's numbers, relative to the cost of one stop in the plan that it starts from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cooling {
    pub(super) from: f64,
    pub(super) to: f64,
    pub(super) strings: Strings,
    pub(super) blink: f64,
}

/// What is better: fewer left out, then (if so wished) fewer vehicles, then less cost.
pub(super) fn better(vehicles_first: bool, a: &Snapshot, b: &Snapshot) -> bool {
    let vehicles = |s: &Snapshot| if vehicles_first { s.tours.len() } else { 0 };
    (a.absent.len(), vehicles(a)).cmp(&(b.absent.len(), vehicles(b))).then(a.cost.total_cmp(&b.cost)).is_lt()
}

/// Anneals the state; gives the best plan seen.
pub(super) fn run(
    state: &mut State<'_, '_>,
    near: &Near,
    budget: &Budget,
    cooling: Cooling,
    rng: &mut impl Rng,
) -> Snapshot {
    let vehicles_first = state.model.vehicles_first;
    let mut best = state.snapshot();
    let (mut ruin, mut recreate) = (Ruin::default(), Recreate::default());
    let stops = (2 * state.model.rides.len()) as f64;
    let unit = state.cost.max(1e-9) / stops;
    let manner = Manner { blink: cooling.blink, spare_vehicles: false };
    while let Some(share) = budget.step() {
        let heat = unit * cooling.from * (cooling.to / cooling.from).powf(share.min(1.0));
        let before = (state.absent.len(), state.cost);
        let vehicles_before = state.used.len();
        state.begin();
        ruin.apply(state, near, cooling.strings, rng);
        recreate.apply(state, near, manner, rng, || budget.late());
        let luck: f64 = rng.random();
        let fewer = vehicles_first && state.used.len() < vehicles_before;
        let allowed = before.1 - heat * luck.max(1e-300).ln();
        let accepted = match state.absent.len().cmp(&before.0) {
            std::cmp::Ordering::Less => true,
            std::cmp::Ordering::Greater => false,
            std::cmp::Ordering::Equal => fewer || state.cost < allowed,
        };
        if !accepted {
            state.rollback();
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
