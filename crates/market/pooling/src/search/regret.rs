//! Recreate by regret: next comes who would lose most by not getting the best tour now.
//!
//! After Ropke and Pisinger (2006). The places of everybody in every tour are kept in a table, of which an
//! insertion changes one column.

use rand::{Rng, RngExt as _};

use super::insertion::Place;
use super::near::Near;
use super::recreate::{Passing, TRY_ALL, blinking};
use super::state::State;

/// Loss of a ride with only one tour left: more than any real loss.
const ONLY: f64 = 1e15;

/// Buffers of one recreation.
#[derive(Debug, Default)]
pub(super) struct Regret {
    rides: Vec<u32>,
    tours: Vec<u32>,
    places: Vec<Option<Place>>,
    left: Vec<u32>,
    near: Vec<u32>,
    passing: Passing,
}

impl Regret {
    /// Puts back whom it can; the others stay absent.
    pub(super) fn apply(
        &mut self,
        state: &mut State<'_, '_>,
        near: &Near,
        open: bool,
        blink: f64,
        rng: &mut impl Rng,
        mut late: impl FnMut() -> bool,
    ) {
        self.rides.clone_from(&state.absent);
        self.tours.clone_from(&state.used);
        if open {
            self.tours.extend(state.idle());
        }
        self.left.clear();
        self.fill(state, near, blink, rng);
        while !self.rides.is_empty() {
            if late() {
                self.left.append(&mut self.rides);
                break;
            }
            let Some((at, tour)) = self.next(rng) else {
                self.left.append(&mut self.rides);
                break;
            };
            let width = self.tours.len();
            let place = self.places[at * width + tour].expect("the next ride has a place");
            let route = self.tours[tour];
            state.insert(self.rides[at], route, place);
            self.drop_row(at);
            if state.used.len() + usize::from(open) * state.idle().count() == width
                && self.tours.iter().all(|t| !state.routes[*t as usize].is_idle() || state.idle().any(|i| i == *t))
            {
                for (row, ride) in self.rides.iter().enumerate() {
                    self.places[row * width + tour] = state.cheapest(*ride, route, f64::INFINITY);
                }
            } else {
                // A tour was opened: other columns.
                self.tours.clone_from(&state.used);
                if open {
                    self.tours.extend(state.idle());
                }
                self.fill(state, near, blink, rng);
            }
        }
        state.absent.clone_from(&self.left);
    }

    fn fill(&mut self, state: &mut State<'_, '_>, near: &Near, blink: f64, rng: &mut impl Rng) {
        self.places.clear();
        let blink = blinking(blink, self.tours.len());
        let everywhere = state.model.rides.len() <= TRY_ALL;
        for ride in &self.rides {
            if !everywhere {
                self.passing.of(state, near, *ride, &mut self.near);
            }
            for tour in &self.tours {
                if !everywhere && !self.passing.has(*tour) && !state.routes[*tour as usize].is_idle() {
                    self.places.push(None);
                    continue;
                }
                self.places.push(if rng.random::<f32>() < blink {
                    state.glimpse(*ride, *tour, f64::INFINITY, rng.random())
                } else {
                    state.cheapest(*ride, *tour, f64::INFINITY)
                });
            }
        }
    }

    /// The row and column of the next insertion; rides without any place leave the table.
    fn next(&mut self, rng: &mut impl Rng) -> Option<(usize, usize)> {
        let width = self.tours.len();
        let mut next: Option<(f64, usize, usize)> = None;
        let mut row = 0;
        while row < self.rides.len() {
            let (mut first, mut second, mut at) = (f64::INFINITY, f64::INFINITY, usize::MAX);
            for (tour, place) in self.places[row * width..(row + 1) * width].iter().enumerate() {
                let Some(place) = place else { continue };
                if place.cost < first {
                    (second, first, at) = (first, place.cost, tour);
                } else {
                    second = second.min(place.cost);
                }
            }
            if at == usize::MAX {
                self.left.push(self.rides[row]);
                self.drop_row(row);
                continue;
            }
            let loss = if second.is_finite() { second - first } else { ONLY - first };
            let loss = loss * rng.random_range(0.8..1.2_f64);
            if next.is_none_or(|(most, ..)| loss > most) {
                next = Some((loss, row, at));
            }
            row += 1;
        }
        next.map(|(_, row, tour)| (row, tour))
    }

    /// Takes a ride out of the table; the last one takes its row.
    fn drop_row(&mut self, row: usize) {
        let width = self.tours.len();
        let last = self.rides.len() - 1;
        self.rides.swap_remove(row);
        if row != last {
            self.places.copy_within(last * width.., row * width);
        }
        self.places.truncate(last * width);
    }
}
