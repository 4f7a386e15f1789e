//! Fewer vehicles: one tour is dissolved, and who has no place is put in until everybody has one.
//!
//! As in SISR, each request counts how often it was left out. A change is taken when those who are left out
//! now were left out less often; so hard requests find a place sooner or later.

use rand::{Rng, RngExt as _};

use super::Phase;
use super::clock::Budget;
use super::near::Near;
use super::pool::Pool;
use super::recreate::{Manner, Recreate};
use super::ruin::Ruin;
use super::state::{Snapshot, State};

/// Tries to serve everybody with fewer and fewer tours; gives the best whole plan.
pub(super) fn run(
    state: &mut State<'_, '_>,
    near: &Near,
    budget: &Budget,
    phase: &Phase,
    _pool: Option<&mut Pool>,
    rng: &mut impl Rng,
) -> Snapshot {
    let cooling = phase.cooling;
    let mut best = state.snapshot();
    if !state.absent.is_empty() || state.used.len() < 2 {
        return best;
    }
    let (mut ruin, mut recreate) = (Ruin::default(), Recreate::default());
    let mut left_out = vec![0_u64; state.model.rides.len()];
    let unit = state.cost / (2 * state.rides.len()) as f64;
    let manner = Manner { blink: cooling.blink, regret: cooling.regret, spare_vehicles: true };
    dissolve(state, &left_out);
    let sum = |state: &State<'_, '_>, left_out: &[u64]| -> u64 {
        state.absent.iter().map(|r| left_out[*r as usize] + 1).sum()
    };
    let (mut begun, mut nearest) = (0.0, usize::MAX);
    while let Some(share) = budget.step() {
        if hopeless(share, begun, nearest) {
            break;
        }
        let heat = unit * cooling.from * (cooling.to / cooling.from).powf(share.min(1.0));
        let (count, sum_before, cost) = (state.absent.len(), sum(state, &left_out), state.cost);
        state.begin();
        ruin.apply(state, near, cooling.strings, rng);
        recreate.apply(state, near, manner, rng, || budget.late());
        let luck: f64 = rng.random();
        let now = sum(state, &left_out);
        let accepted = state.absent.len() < count
            || now < sum_before
            || (now == sum_before && state.cost < cost - heat * luck.max(1e-300).ln());
        for request in &state.absent {
            left_out[*request as usize] += 1;
        }
        if !accepted {
            state.rollback();
            continue;
        }
        nearest = nearest.min(state.absent.len());
        if state.absent.is_empty() {
            best = state.snapshot();
            if state.used.len() < 2 {
                break;
            }
            dissolve(state, &left_out);
            (begun, nearest) = (share, usize::MAX);
        }
    }
    best
}

/// Whether the time is better spent on the cost: with the tour dissolved at `begun` of the time there were never
/// fewer than `nearest` rides without a place. A tour that can be spared is nearly spared soon; the last ride takes
/// long to find its place.
fn hopeless(share: f64, begun: f64, nearest: usize) -> bool {
    (share > begun + 0.2 && nearest > 4) || (share > (begun + 0.1).max(0.7) && nearest > 2)
}

/// Takes the riders out of the tour whose riders were left out least often, and closes it.
fn dissolve(state: &mut State<'_, '_>, left_out: &[u64]) {
    let weight = |route: u32| -> u64 {
        let stops = state.routes[route as usize].stops();
        stops.map(|s| left_out[state.model.node(s).request as usize] + 1).sum()
    };
    if let Some(route) = state.used.iter().copied().min_by_key(|r| weight(*r)) {
        state.begin();
        state.remove(route, |_| true);
        state.begin();
    }
    state.cap = state.used.len();
}

#[cfg(test)]
mod tests {
    use super::hopeless;

    #[test]
    fn a_tour_is_given_up_when_it_never_came_near_to_be_spared() {
        assert!(!hopeless(0.15, 0.0, 50), "it has just begun");
        assert!(hopeless(0.25, 0.0, 50));
        assert!(!hopeless(0.65, 0.0, 1) && !hopeless(0.95, 0.0, 1), "one ride may find its place at last");
        assert!(!hopeless(0.65, 0.0, 4) && hopeless(0.75, 0.0, 4));
        assert!(!hopeless(0.72, 0.7, usize::MAX), "another tour was just dissolved");
        assert!(hopeless(0.95, 0.7, 26));
    }
}
