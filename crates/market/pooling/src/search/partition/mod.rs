//! Set partitioning: the cheapest choice of tours out of many so that every rider is in exactly one.
//!
//! Riders get prices by subgradient steps on the Lagrangian dual (Beasley 1990; Caprara, Fischetti and Toth 1999):
//! a tour is worth taking when it costs less than its riders are priced at. With prices that no tour undercuts, a
//! plan costs the sum of the prices and what each of its tours costs too much. A depth-first search takes tours in
//! that order while the sum stays below the best plan known; where that is too much work, the tours that the
//! relaxation takes most often are fixed one after the other, and the search is tried on the rest.

mod dive;
mod prices;
#[cfg(test)]
mod tests;

pub(super) use prices::Prices;

/// Tours to choose from; a row is a rider.
#[derive(Clone, Debug)]
pub(super) struct Columns {
    costs: Vec<f64>,
    /// The rows of column k are `rows[from[k]..from[k + 1]]`.
    from: Vec<u32>,
    rows: Vec<u32>,
}

impl Default for Columns {
    fn default() -> Self {
        Self { costs: Vec::new(), from: vec![0], rows: Vec::new() }
    }
}

impl Columns {
    pub(super) fn push(&mut self, cost: f64, rows: impl IntoIterator<Item = u32>) {
        self.costs.push(cost);
        self.rows.extend(rows);
        self.from.push(self.rows.len() as u32);
    }

    fn all(&self) -> std::ops::Range<u32> {
        0..self.costs.len() as u32
    }

    fn cost(&self, column: u32) -> f64 {
        self.costs[column as usize]
    }

    pub(super) fn rows(&self, column: u32) -> &[u32] {
        &self.rows[self.from[column as usize] as usize..self.from[column as usize + 1] as usize]
    }

    /// What a column costs more than its rows are priced at.
    pub(super) fn over(&self, column: u32, prices: &[f64]) -> f64 {
        self.cost(column) - self.rows(column).iter().map(|r| prices[*r as usize]).sum::<f64>()
    }
}

/// A choice of columns that has every row once.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    pub(super) columns: Vec<u32>,
    pub(super) cost: f64,
}

/// What a choice must keep to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Columns at most.
    pub(super) count: usize,
    /// It must cost less.
    pub(super) cost: f64,
}

/// Nodes of the first search, and of each that is tried on a rest.
const NODES: (usize, usize) = (3_000, 1_000);
/// Columns that a search looks at, at most, and with some of them fixed.
const MOST: (usize, usize) = (20_000, 4_000);

/// The cheapest choice within the limits, as far as it is found before `late` says so.
pub(super) fn choose(
    columns: &Columns,
    limits: Limits,
    prices: &Prices,
    late: &mut dyn FnMut() -> bool,
) -> Option<Choice> {
    let need = vec![true; prices.rows.len()];
    let found = dive::search(columns, limits, &prices.rows, &need, NODES.0, late);
    let cost = found.as_ref().map_or(limits.cost, |choice| choice.cost - 1e-7);
    fix(columns, Limits { cost, ..limits }, prices, late).or(found)
}

/// Takes the column that the relaxation takes most often, prices the rest anew and searches it, and so on.
fn fix(columns: &Columns, limits: Limits, prices: &Prices, late: &mut dyn FnMut() -> bool) -> Option<Choice> {
    let gap = limits.cost - prices.bound;
    let mut order = cheapest(columns, &prices.rows, gap);
    order.truncate(MOST.1);
    let mut alive: Vec<u32> = order.into_iter().map(|(_, column)| column).collect();
    let mut need = vec![true; prices.rows.len()];
    let (mut fixed, mut cost, mut rows) = (Vec::new(), 0.0, prices.rows.clone());
    while fixed.len() < limits.count && !late() {
        let mut rest = Columns::default();
        for column in &alive {
            rest.push(columns.cost(*column), columns.rows(*column).iter().copied());
        }
        let left = Limits { count: limits.count - fixed.len(), cost: limits.cost - cost };
        let again = Prices::of_rest(rows, &need, &rest, left, late);
        if again.bound >= left.cost {
            return None;
        }
        if !fixed.is_empty()
            && let Some(found) = dive::search(&rest, left, &again.rows, &need, NODES.1, late)
        {
            fixed.extend(found.columns.iter().map(|k| alive[*k as usize]));
            return Some(Choice { columns: fixed, cost: cost + found.cost });
        }
        let next = rest.all().max_by(|a, b| again.shares[*a as usize].total_cmp(&again.shares[*b as usize]))?;
        if again.shares[next as usize] <= 0.0 {
            return None;
        }
        let column = alive[next as usize];
        fixed.push(column);
        cost += columns.cost(column);
        rows = again.rows;
        for row in columns.rows(column) {
            need[*row as usize] = false;
            rows[*row as usize] = 0.0;
        }
        if !need.contains(&true) {
            return (cost < limits.cost).then_some(Choice { columns: fixed, cost });
        }
        alive.retain(|column| columns.rows(*column).iter().all(|row| need[*row as usize]));
    }
    None
}

/// Columns that cost less than `gap` too much, cheapest first, with that.
fn cheapest(columns: &Columns, prices: &[f64], gap: f64) -> Vec<(f64, u32)> {
    let mut order: Vec<(f64, u32)> =
        columns.all().map(|column| (columns.over(column, prices), column)).filter(|(over, _)| *over < gap).collect();
    order.sort_unstable_by(by_cost);
    order
}

fn by_cost(a: &(f64, u32), b: &(f64, u32)) -> std::cmp::Ordering {
    a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))
}
