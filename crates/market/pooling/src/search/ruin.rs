//! Ruin: takes strings of neighbouring stops out of tours that are near each other, or single rides.
//!
//! Slack induction by string removals (Christiaens and Vanden Berghe 2020), for rides of two stops: a string
//! is cut out of a tour and every ride that has a stop in it leaves the tour.

use rand::{Rng, RngExt as _};

use super::near::Near;
use super::state::{ABSENT, State};

/// How much is ruined at once.
#[derive(Clone, Copy, Debug)]
pub(super) struct Strings {
    /// Stops taken out on average.
    pub(super) mean: f64,
    /// Longest string.
    pub(super) longest: f64,
    /// How often single rides near each other are taken out instead.
    pub(super) scattered: f64,
}

/// Buffers of one ruin.
#[derive(Debug, Default)]
pub(super) struct Ruin {
    ruined: Vec<u32>,
    leaving: Vec<bool>,
}

impl Ruin {
    /// Takes out some rides around a random one.
    pub(super) fn apply(&mut self, state: &mut State<'_, '_>, near: &Near, strings: Strings, rng: &mut impl Rng) {
        let rides = state.rides.len();
        self.leaving.resize(state.model.rides.len(), false);
        self.ruined.clear();
        if state.used.is_empty() {
            return;
        }
        if rng.random_bool(strings.scattered) {
            self.scatter(state, near, strings, rng);
            return;
        }
        let served = rides - state.absent.len();
        let mean_length = 2.0 * served as f64 / state.used.len() as f64;
        let longest = strings.longest.min(mean_length).max(1.0);
        let most = (4.0 * strings.mean / (1.0 + longest) - 1.0).max(1.0);
        let count = rng.random_range(1.0..most + 1.0).floor() as usize;
        let seed = &state.model.rides[seed_of(state, rng)];
        let seed = if rng.random_bool(0.5) { seed.pickup } else { seed.delivery };
        for stop in near.of(seed) {
            if self.ruined.len() >= count {
                break;
            }
            let request = state.model.node(*stop).request;
            let route = state.route_of[request as usize];
            if route == ABSENT || self.ruined.contains(&route) {
                continue;
            }
            self.ruined.push(route);
            self.cut(state, route, *stop, longest, rng);
        }
    }

    /// Takes out single rides that are near a random one, whatever tours they are in.
    fn scatter(&mut self, state: &mut State<'_, '_>, near: &Near, strings: Strings, rng: &mut impl Rng) {
        let seed = &state.model.rides[seed_of(state, rng)];
        let seed = if rng.random_bool(0.5) { seed.pickup } else { seed.delivery };
        let most = rng.random_range(1..=(strings.mean as usize).max(1));
        let mut leaving = std::mem::take(&mut self.leaving);
        let mut count = 0;
        for stop in near.of(seed) {
            if count == most {
                break;
            }
            let request = state.model.node(*stop).request;
            let route = state.route_of[request as usize];
            if route == ABSENT || leaving[request as usize] || (count > 0 && rng.random_bool(0.4)) {
                continue;
            }
            leaving[request as usize] = true;
            count += 1;
            if !self.ruined.contains(&route) {
                self.ruined.push(route);
            }
        }
        for route in &self.ruined {
            state.remove(*route, |r| leaving[r as usize]);
        }
        for request in &state.absent {
            leaving[*request as usize] = false;
        }
        self.leaving = leaving;
    }

    fn cut(&mut self, state: &mut State<'_, '_>, route: u32, stop: u32, longest: f64, rng: &mut impl Rng) {
        let tour = &state.routes[route as usize].at;
        let stops = tour.len() - 2;
        let most = longest.min(stops as f64);
        let length = (rng.random_range(1.0..most + 1.0).floor() as usize).min(stops);
        let position = state.position[stop as usize] as usize;
        // A split string keeps some stops in its middle.
        let mut kept = 0;
        if length > 1 && length < stops && rng.random_bool(0.5) {
            kept = 1;
            while length + kept < stops && rng.random_bool(0.01) {
                kept += 1;
            }
        }
        let span = length + kept;
        let first = position.saturating_sub(span - 1).max(1);
        let last = position.min(stops + 1 - span);
        let from = rng.random_range(first..=last.max(first));
        let gap = if kept > 0 { from + rng.random_range(1..length.max(2)) } else { usize::MAX };
        let mut leaving = std::mem::take(&mut self.leaving);
        for (k, at) in tour.iter().enumerate().skip(from).take(span) {
            if kept == 0 || k < gap || k >= gap + kept {
                leaving[state.model.node(at.stop).request as usize] = true;
            }
        }
        state.remove(route, |r| leaving[r as usize]);
        for request in &state.absent {
            leaving[*request as usize] = false;
        }
        self.leaving = leaving;
    }
}

/// The ride around which is ruined: often one that has no place, since a place for it is what is looked for.
fn seed_of(state: &State<'_, '_>, rng: &mut impl Rng) -> usize {
    let among = if !state.absent.is_empty() && rng.random_bool(0.5) { &state.absent } else { &state.rides };
    among[rng.random_range(0..among.len())] as usize
}
