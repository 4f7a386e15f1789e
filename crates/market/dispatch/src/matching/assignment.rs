//! Sparse minimum-cost assignment on integers: the kernel under every batch.
//!
//! Rows want one column each; a row may also stay out at a price of its own. The method is the
//! successive shortest augmenting path with column prices (Jonker & Volgenant's second phase) on
//! edge lists instead of a matrix: one Dijkstra per row over reduced costs, which stay non-negative.
//! All arithmetic is `i64`, so the answer is exact and the same on every machine.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// "No column", "no row".
const NONE: u32 = u32::MAX;

/// One assignment problem: edges of each row in one flat list, and the price of staying out.
#[derive(Debug, Default)]
pub(super) struct Problem {
    starts: Vec<u32>,
    edges: Vec<Edge>,
    stay_out: Vec<i64>,
}

/// An edge from the row that holds it to a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Edge {
    /// Price of this pair.
    pub(super) cost: i32,
    /// The column.
    pub(super) column: u32,
}

/// An optimal assignment and the prices that prove it.
#[derive(Debug)]
pub(super) struct Solution {
    /// The column of each row; `None` where the row stays out.
    pub(super) column_of: Vec<Option<u32>>,
    /// Row prices: what the row pays in all, its column's price included.
    pub(super) row_price: Vec<i64>,
}

impl Problem {
    /// Appends a row with its edges and the price of leaving it out.
    pub(super) fn push_row(&mut self, edges: &[Edge], stay_out: i64) {
        if self.starts.is_empty() {
            self.starts.push(0);
        }
        self.edges.extend_from_slice(edges);
        self.starts.push(u32::try_from(self.edges.len()).expect("invariant: fewer than 2^32 edges in a batch"));
        self.stay_out.push(stay_out);
    }

    fn rows(&self) -> usize {
        self.stay_out.len()
    }

    fn edges_of(&self, row: u32) -> &[Edge] {
        let row = row as usize;
        &self.edges[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// Solves to optimality for `columns` columns.
    pub(super) fn solve(&self, columns: usize) -> Solution {
        let mut search = Search::new(columns);
        for row in search.bid(self) {
            search.insert(self, row);
        }
        let mut column_of = vec![None; self.rows()];
        let mut row_price = self.stay_out.clone();
        for (column, &row) in search.row_of.iter().enumerate() {
            if row != NONE {
                column_of[row as usize] = Some(column as u32);
                row_price[row as usize] = search.paid[column] - search.price[column];
            }
        }
        Solution { column_of, row_price }
    }
}

/// Bids after which the searches take over, for each row: an auction without increments may haggle long
/// over scarce columns.
const BIDS_PER_ROW: usize = 8;

/// A column, or staying out (`None`), and what it costs at present prices.
#[derive(Clone, Copy)]
struct Choice {
    cost: i64,
    edge: Option<Edge>,
}

/// The growing matching and the scratch space of one shortest-path search.
struct Search {
    row_of: Vec<u32>,
    /// Cost of the matched edge of each column.
    paid: Vec<i64>,
    /// Column prices, never above zero; zero while the column is free.
    price: Vec<i64>,
    distance: Vec<i64>,
    /// Where a column was reached from: the column before it, `NONE` from the new row.
    before: Vec<u32>,
    /// Cost of the edge by which it was reached.
    via_cost: Vec<i64>,
    touched: Vec<u32>,
    settled: Vec<u32>,
    is_settled: Vec<bool>,
    heap: BinaryHeap<Reverse<(i64, u32)>>,
}

/// Where a search may end: a free column, or a row that gives up its column and stays out.
#[derive(Clone, Copy)]
enum End {
    Free(u32),
    /// The row that holds this column steps out (`NONE`: the new row itself never gets in).
    StepsOut(u32),
}

impl Search {
    fn new(columns: usize) -> Self {
        Self {
            row_of: vec![NONE; columns],
            paid: vec![0; columns],
            price: vec![0; columns],
            distance: vec![i64::MAX; columns],
            before: vec![NONE; columns],
            via_cost: vec![0; columns],
            touched: Vec::new(),
            settled: Vec::new(),
            is_settled: vec![false; columns],
            heap: BinaryHeap::new(),
        }
    }

    /// Lets rows bid for columns as in an auction without increments ("augmenting row reduction"): most rows
    /// find their place so, and only the rest needs searches. Gives back the rows that still want in.
    ///
    /// A bid lowers the column's price just until the bidder's second choice is as good, so that matched
    /// rows always hold a cheapest column; only columns that are held have a price below zero.
    fn bid(&mut self, problem: &Problem) -> Vec<u32> {
        let mut left = Vec::new();
        let mut bids = BIDS_PER_ROW * problem.rows();
        for first in 0..problem.rows() {
            let mut row = first as u32;
            loop {
                let (best, second) = self.two_cheapest(problem, row);
                // Staying out is cheapest and stays so, since prices only fall: the row is done.
                let Some(mut edge) = best.edge else { break };
                let gain = second.cost - best.cost;
                let held = self.row_of[edge.column as usize] != NONE;
                match second.edge.filter(|other| self.row_of[other.column as usize] == NONE) {
                    Some(other) if gain == 0 && held => edge = other,
                    _ if (gain == 0 && held) || bids == 0 => {
                        left.push(row);
                        break;
                    }
                    _ => self.price[edge.column as usize] -= gain,
                }
                bids = bids.saturating_sub(1);
                let column = edge.column as usize;
                self.paid[column] = i64::from(edge.cost);
                let outbid = std::mem::replace(&mut self.row_of[column], row);
                if outbid == NONE {
                    break;
                }
                row = outbid;
            }
        }
        left.sort_unstable();
        left
    }

    /// The two cheapest choices of a row at present prices, staying out included.
    fn two_cheapest(&self, problem: &Problem, row: u32) -> (Choice, Choice) {
        let mut best = Choice { cost: problem.stay_out[row as usize], edge: None };
        let mut second = Choice { cost: i64::MAX, edge: None };
        for &edge in problem.edges_of(row) {
            let cost = i64::from(edge.cost) - self.price[edge.column as usize];
            if cost < best.cost {
                second = std::mem::replace(&mut best, Choice { cost, edge: Some(edge) });
            } else if cost < second.cost {
                second = Choice { cost, edge: Some(edge) };
            }
        }
        (best, second)
    }

    /// Brings one more row in by the cheapest chain of changes, then restores the prices.
    fn insert(&mut self, problem: &Problem, row: u32) {
        let mut best = problem.stay_out[row as usize];
        let mut end = End::StepsOut(NONE);
        self.relax(problem.edges_of(row), NONE, 0, &mut best, &mut end);
        while let Some(Reverse((distance, column))) = self.heap.pop() {
            if distance >= best {
                break;
            }
            if self.is_settled[column as usize] || distance > self.distance[column as usize] {
                continue;
            }
            self.is_settled[column as usize] = true;
            self.settled.push(column);
            let holder = self.row_of[column as usize];
            // The matched edge has reduced cost zero, so this is distance minus the holder's price.
            let base = distance - (self.paid[column as usize] - self.price[column as usize]);
            let leave = base + problem.stay_out[holder as usize];
            if leave < best {
                best = leave;
                end = End::StepsOut(column);
            }
            self.relax(problem.edges_of(holder), column, base, &mut best, &mut end);
        }
        for &column in &self.settled {
            let c = column as usize;
            self.price[c] += self.distance[c] - best;
        }
        self.augment(row, end);
        for column in self.touched.drain(..) {
            self.distance[column as usize] = i64::MAX;
            self.is_settled[column as usize] = false;
        }
        self.settled.clear();
        self.heap.clear();
    }

    /// Offers every edge of one row; free columns are ends and need not enter the heap.
    fn relax(&mut self, edges: &[Edge], from: u32, base: i64, best: &mut i64, end: &mut End) {
        for edge in edges {
            let c = edge.column as usize;
            let distance = base + i64::from(edge.cost) - self.price[c];
            if distance >= *best || distance >= self.distance[c] {
                continue;
            }
            if self.distance[c] == i64::MAX {
                self.touched.push(edge.column);
            }
            self.distance[c] = distance;
            self.before[c] = from;
            self.via_cost[c] = i64::from(edge.cost);
            if self.row_of[c] == NONE {
                *best = distance;
                *end = End::Free(edge.column);
            } else {
                self.heap.push(Reverse((distance, edge.column)));
            }
        }
    }

    /// Walks the chain back and hands every row its new column.
    fn augment(&mut self, row: u32, end: End) {
        let mut column = match end {
            End::Free(column) => column,
            End::StepsOut(column) => column,
        };
        while column != NONE {
            let before = self.before[column as usize];
            self.row_of[column as usize] = if before == NONE { row } else { self.row_of[before as usize] };
            self.paid[column as usize] = self.via_cost[column as usize];
            column = before;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Every way to serve the rows, by recursion.
    fn brute(rows: &[(Vec<Edge>, i64)], used: u32) -> i64 {
        let Some(((edges, stay_out), rest)) = rows.split_first() else { return 0 };
        let mut best = stay_out + brute(rest, used);
        for edge in edges {
            if used & (1 << edge.column) == 0 {
                best = best.min(i64::from(edge.cost) + brute(rest, used | (1 << edge.column)));
            }
        }
        best
    }

    fn problems() -> impl Strategy<Value = Vec<(Vec<Edge>, i64)>> {
        let edge = (-20i32..100, 0u32..6).prop_map(|(cost, column)| Edge { cost, column });
        let row = (proptest::collection::vec(edge, 0..6), 0i64..150).prop_map(|(mut edges, out)| {
            edges.sort_by_key(|e| (e.column, e.cost));
            edges.dedup_by_key(|e| e.column);
            (edges, out)
        });
        proptest::collection::vec(row, 0..7)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]
        #[test]
        fn matches_brute_force(rows in problems()) {
            let mut problem = Problem::default();
            for (edges, out) in &rows {
                problem.push_row(edges, *out);
            }
            let solution = problem.solve(6);
            let mut seen = [false; 6];
            let mut cost = 0;
            for (row, column) in solution.column_of.iter().enumerate() {
                let (edges, out) = &rows[row];
                match column {
                    None => cost += out,
                    Some(column) => {
                        prop_assert!(!std::mem::replace(&mut seen[*column as usize], true));
                        cost += i64::from(edges.iter().find(|e| e.column == *column).expect("a matched pair is an edge").cost);
                    }
                }
            }
            prop_assert_eq!(cost, brute(&rows, 0));
        }
    }
}
