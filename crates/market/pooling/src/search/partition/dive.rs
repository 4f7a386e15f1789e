//! The depth-first search for a choice.

use super::{Choice, Columns, Limits, MOST, cheapest, prices};

/// A choice that costs less than the limit: the best that some nodes find. Only needed rows are covered; columns
/// must have no others.
pub(super) fn search(
    columns: &Columns,
    limits: Limits,
    prices: &[f64],
    need: &[bool],
    nodes: usize,
    late: &mut dyn FnMut() -> bool,
) -> Option<Choice> {
    let mut settled = prices.to_vec();
    prices::settle(columns, &mut settled);
    let gap = limits.cost - settled.iter().zip(need).filter(|(_, need)| **need).map(|(price, _)| price).sum::<f64>();
    let mut order = cheapest(columns, &settled, gap);
    order.truncate(MOST.0);
    let words = need.len().div_ceil(64).max(1);
    let mut dive = Dive {
        sets: vec![0; words * order.len()],
        of_row: vec![Vec::new(); need.len()],
        covered: vec![0; words],
        missing: need.iter().filter(|need| **need).count(),
        chosen: Vec::new(),
        best: None,
        count: limits.count,
        order,
        words,
        gap,
        nodes,
    };
    for (at, (_, column)) in dive.order.iter().enumerate() {
        for row in columns.rows(*column) {
            dive.sets[at * words + *row as usize / 64] |= 1 << (row % 64);
            dive.of_row[*row as usize].push(at as u32);
        }
    }
    for (row, _) in need.iter().enumerate().filter(|(_, need)| !**need) {
        dive.covered[row / 64] |= 1 << (row % 64);
    }
    dive.descend(0.0, late);
    let columns_of = |chosen: Vec<u32>| chosen.into_iter().map(|at| dive.order[at as usize].1).collect::<Vec<u32>>();
    dive.best
        .take()
        .map(columns_of)
        .map(|chosen| Choice { cost: chosen.iter().map(|column| columns.cost(*column)).sum(), columns: chosen })
}

struct Dive {
    /// Columns, cheapest first, with what each costs more than its rows.
    order: Vec<(f64, u32)>,
    /// The rows of each as bits.
    words: usize,
    sets: Vec<u64>,
    /// The columns of each row, in order.
    of_row: Vec<Vec<u32>>,
    covered: Vec<u64>,
    missing: usize,
    chosen: Vec<u32>,
    count: usize,
    /// What the columns of a choice may cost too much.
    gap: f64,
    nodes: usize,
    best: Option<Vec<u32>>,
}

impl Dive {
    fn free(&self, at: u32) -> bool {
        let set = &self.sets[at as usize * self.words..][..self.words];
        set.iter().zip(&self.covered).all(|(a, b)| a & b == 0)
    }

    fn flip(&mut self, at: u32) -> usize {
        let set = &self.sets[at as usize * self.words..][..self.words];
        let mut count = 0;
        for (a, b) in set.iter().zip(&mut self.covered) {
            *b ^= a;
            count += a.count_ones() as usize;
        }
        count
    }

    fn descend(&mut self, over: f64, late: &mut dyn FnMut() -> bool) {
        if self.missing == 0 {
            self.gap = over - 1e-7;
            self.best = Some(self.chosen.clone());
            return;
        }
        if self.chosen.len() >= self.count || self.nodes == 0 {
            return;
        }
        self.nodes -= 1;
        if self.nodes.is_multiple_of(64) && late() {
            self.nodes = 0;
            return;
        }
        let Some(row) = self.hardest(over) else { return };
        for k in 0..self.of_row[row].len() {
            let at = self.of_row[row][k];
            let sum = over + self.order[at as usize].0;
            if sum >= self.gap || self.nodes == 0 {
                break;
            }
            if !self.free(at) {
                continue;
            }
            self.missing -= self.flip(at);
            self.chosen.push(at);
            self.descend(sum, late);
            self.chosen.pop();
            self.missing += self.flip(at);
        }
    }

    /// The row that is missing and has the fewest columns left; nothing where one has none.
    fn hardest(&self, over: f64) -> Option<usize> {
        let mut fewest = (usize::MAX, 0);
        for (row, columns) in self.of_row.iter().enumerate() {
            if self.covered[row / 64] >> (row % 64) & 1 != 0 {
                continue;
            }
            let mut count = 0;
            for at in columns {
                if over + self.order[*at as usize].0 >= self.gap || count >= fewest.0 {
                    break;
                }
                count += usize::from(self.free(*at));
            }
            if count == 0 {
                return None;
            }
            if count < fewest.0 {
                fewest = (count, row);
            }
        }
        Some(fewest.1)
    }
}
