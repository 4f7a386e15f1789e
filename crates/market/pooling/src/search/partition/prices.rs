//! Prices of riders: the multipliers of the rule that each is in one tour.

use super::{Columns, Limits, by_cost};

/// How much work pricing is.
#[derive(Clone, Copy, Debug)]
struct Effort {
    /// Rounds, each with the columns that are cheapest at its beginning.
    rounds: usize,
    /// Steps of a round.
    steps: usize,
    /// Columns of a round for each row.
    each: usize,
}

const ALL: Effort = Effort { rounds: 4, steps: 60, each: 40 };
const REST: Effort = Effort { rounds: 1, steps: 50, each: usize::MAX };
/// After so many steps without a better bound they get shorter.
const STALE: usize = 10;

/// Prices, and what they say.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Prices {
    /// Of each row.
    pub(in super::super) rows: Vec<f64>,
    /// No choice costs less.
    pub(in super::super) bound: f64,
    /// How often the relaxation takes each column, late steps counting most.
    pub(in super::super) shares: Vec<f64>,
}

impl Prices {
    /// Better prices for all columns, from a first guess.
    pub(in super::super) fn of(
        guess: Vec<f64>,
        columns: &Columns,
        limits: Limits,
        late: &mut dyn FnMut() -> bool,
    ) -> Self {
        let need = vec![true; guess.len()];
        ascend(guess, &need, columns, limits, ALL, late)
    }

    /// The same where only some rows are needed.
    pub(super) fn of_rest(
        guess: Vec<f64>,
        need: &[bool],
        columns: &Columns,
        limits: Limits,
        late: &mut dyn FnMut() -> bool,
    ) -> Self {
        ascend(guess, need, columns, limits, REST, late)
    }
}

fn ascend(
    mut prices: Vec<f64>,
    need: &[bool],
    columns: &Columns,
    limits: Limits,
    effort: Effort,
    late: &mut dyn FnMut() -> bool,
) -> Prices {
    let rows = prices.len();
    let mut best = Prices { rows: prices.clone(), bound: f64::NEG_INFINITY, shares: vec![0.0; columns.all().len()] };
    let mut order: Vec<(f64, u32)> = Vec::with_capacity(columns.all().len());
    let (mut slope, mut push) = (vec![0.0; rows], vec![0.0; rows]);
    let (mut scale, mut weight) = (1.0_f64, 1.0);
    for round in 0..=effort.rounds {
        order.clear();
        order.extend(columns.all().map(|column| (columns.over(column, &prices), column)));
        let most = effort.each.saturating_mul(rows).max(limits.count.saturating_add(1));
        if order.len() > most {
            order.select_nth_unstable_by(most, by_cost);
            order.truncate(most);
        }
        // The columns left out are dearer than these, so this is the bound of all.
        let bound = relax(columns, &mut order, limits.count, &prices, need, &mut slope);
        if bound > best.bound {
            best.bound = bound;
            best.rows.clone_from(&prices);
        }
        if round == effort.rounds || best.bound >= limits.cost || late() {
            break;
        }
        let mut inner = (f64::NEG_INFINITY, prices.clone());
        let mut stale = 0;
        for _ in 0..effort.steps {
            for (over, column) in &mut order {
                *over = columns.over(*column, &prices);
            }
            let bound = relax(columns, &mut order, limits.count, &prices, need, &mut slope);
            weight *= 1.1;
            for (_, column) in order.iter().take(limits.count).filter(|(over, _)| *over < 0.0) {
                best.shares[*column as usize] += weight;
            }
            if bound > inner.0 + 1e-9 {
                inner = (bound, prices.clone());
                stale = 0;
            } else {
                stale += 1;
                if stale == STALE {
                    (scale, stale) = (0.6 * scale, 0);
                    prices.copy_from_slice(&inner.1);
                }
            }
            let mut norm = 0.0;
            for (push, slope) in push.iter_mut().zip(&slope) {
                *push = 0.6 * slope + 0.4 * *push;
                norm += *push * *push;
            }
            if norm < 1e-9 || late() {
                break;
            }
            // Polyak's step; a little further than the best plan known, so that it does not stop short.
            let step = scale * (1.001 * limits.cost - bound).max(0.0) / norm;
            for (price, push) in prices.iter_mut().zip(&push) {
                *price += step * push;
            }
        }
        prices.copy_from_slice(&inner.1);
        scale = (2.0 * scale).min(1.0);
    }
    best
}

/// The value of the relaxation at these prices: the cheapest columns, `count` at most, that cost less than their
/// rows are priced at. They stand first in `order` then; `slope` says how often each row is missing.
fn relax(
    columns: &Columns,
    order: &mut [(f64, u32)],
    count: usize,
    prices: &[f64],
    need: &[bool],
    slope: &mut [f64],
) -> f64 {
    for (slope, need) in slope.iter_mut().zip(need) {
        *slope = f64::from(u8::from(*need));
    }
    let mut bound: f64 = prices.iter().sum();
    if order.len() > count {
        order.select_nth_unstable_by(count, by_cost);
    }
    for (over, column) in order.iter().take(count).filter(|(over, _)| *over < 0.0) {
        bound += over;
        for row in columns.rows(*column) {
            slope[*row as usize] -= 1.0;
        }
    }
    bound
}

/// Lowers prices until no column costs less than its rows, then raises them where that is possible.
pub(super) fn settle(columns: &Columns, prices: &mut [f64]) {
    let mut under: Vec<(f64, u32)> =
        columns.all().map(|column| (columns.over(column, prices), column)).filter(|(over, _)| *over < 0.0).collect();
    under.sort_unstable_by(by_cost);
    for (_, column) in under {
        let over = columns.over(column, prices);
        if over < 0.0 {
            let rows = columns.rows(column);
            for row in rows {
                prices[*row as usize] += over / rows.len() as f64;
            }
        }
    }
    let mut over: Vec<f64> = columns.all().map(|column| columns.over(column, prices)).collect();
    let mut of_row: Vec<Vec<u32>> = vec![Vec::new(); prices.len()];
    for column in columns.all() {
        for row in columns.rows(column) {
            of_row[*row as usize].push(column);
        }
    }
    for (price, columns) in prices.iter_mut().zip(&of_row) {
        let room = columns.iter().map(|column| over[*column as usize]).fold(f64::INFINITY, f64::min);
        if room.is_finite() && room > 0.0 {
            *price += room;
            for column in columns {
                over[*column as usize] -= room;
            }
        }
    }
}
