//! From a batch to an assignment problem: who can reach whom, and at what price.

use doorstep_roads::{NodeIx, TravelTimes};

use super::assignment::{Edge, Problem, Solution};
use super::{Assign, Batch, Car, Rider, SoloPolicy};

/// Price of breaking a promise: more than all other prices of a batch together can weigh.
const PROMISE: i64 = 1 << 44;
/// Candidates of a rider in the first attempt; the prices say where that was too few.
const FIRST_CANDIDATES: usize = 24;

/// The batch in a fixed order, whatever order it came in.
pub(super) struct View<'a> {
    pub(super) now_ms: i64,
    pub(super) riders: Vec<&'a Rider>,
    pub(super) cars: Vec<&'a Car>,
    pub(super) car_nodes: Vec<NodeIx>,
    pub(super) recent: &'a [super::Recent],
}

impl<'a> View<'a> {
    pub(super) fn new(batch: &Batch<'a>) -> Self {
        let mut riders: Vec<&Rider> = batch.riders.iter().collect();
        riders.sort_unstable_by_key(|r| r.id);
        let mut cars: Vec<&Car> = batch.cars.iter().collect();
        cars.sort_unstable_by_key(|c| c.id);
        let car_nodes = cars.iter().map(|c| c.node).collect();
        Self { now_ms: batch.now_ms, riders, cars, car_nodes, recent: batch.recent }
    }

    fn car_index(&self, id: u32) -> Option<usize> {
        self.cars.binary_search_by_key(&id, |c| c.id).ok()
    }
}

/// The cheapest set of promises that keeps every old one.
pub(super) fn assign(view: &View<'_>, times: &dyn TravelTimes, policy: &SoloPolicy) -> Vec<Assign> {
    // Promised riders first: their rows have a feasible cover from the start.
    let mut order: Vec<usize> = (0..view.riders.len()).collect();
    order.sort_by_key(|&i| (view.riders[i].assigned.is_none(), i));
    let mut lists = Vec::with_capacity(order.len());
    let mut row = Vec::new();
    for &i in &order {
        times.times_to(view.riders[i].node, &view.car_nodes, &mut row);
        let all = candidates(view, view.riders[i], &row, policy);
        lists.push(List::new(all));
    }
    if policy.greedy {
        let mut used = vec![false; view.cars.len()];
        let mut column_of = vec![None; order.len()];
        let mut by_age: Vec<usize> = (0..order.len()).collect();
        by_age.sort_by_key(|&k| {
            let r = view.riders[order[k]];
            (r.assigned.is_none(), r.requested_ms, r.id)
        });
        for k in by_age {
            if let Some(e) = lists[k].all.iter().filter(|e| !used[e.column as usize]).min() {
                used[e.column as usize] = true;
                column_of[k] = Some(e.column);
            }
        }
        return promises(view, times, &order, &Solution { column_of, row_price: vec![] });
    }
    let solution = loop {
        let mut problem = Problem::default();
        for (list, &i) in lists.iter().zip(&order) {
            let rider = view.riders[i];
            let stay_out = if rider.assigned.is_some() { PROMISE } else { policy.stay_out_ms };
            problem.push_row(&list.all[..list.open], stay_out);
        }
        let solution = problem.solve(view.cars.len());
        // A column outside the list costs at least `next`; column prices never rise above zero, so a row
        // that pays no more than that cannot gain by it. Any other row gets its whole list.
        let mut grown = false;
        for (list, &price) in lists.iter_mut().zip(&solution.row_price) {
            if list.open < list.all.len() && price > i64::from(list.all[list.open].cost) {
                list.open_all();
                grown = true;
            }
        }
        if !grown {
            break solution;
        }
    };
    promises(view, times, &order, &solution)
}

/// The candidates of one rider, the first `open` of them in the problem.
struct List {
    all: Vec<Edge>,
    open: usize,
}

impl List {
    fn new(mut all: Vec<Edge>) -> Self {
        let open = all.len().min(FIRST_CANDIDATES);
        if open < all.len() {
            all.select_nth_unstable(open);
        }
        Self { all, open }
    }

    fn open_all(&mut self) {
        self.open = self.all.len();
    }
}

fn candidates(view: &View<'_>, rider: &Rider, drive_ms: &[u32], policy: &SoloPolicy) -> Vec<Edge> {
    let mut edges = Vec::new();
    let age_ms = view.now_ms - rider.requested_ms;
    let reach_ms = policy.reach_ms + (policy.reach_per_age * age_ms as f64) as i64;
    let mut own = rider.assigned.and_then(|id| view.car_index(id));
    if !policy.rematch {
        if let Some(own) = own {
            return vec![Edge { cost: 0, column: own as u32 }];
        }
    }
    // A promise that has become late is kept, late; any car that comes no later may take it over.
    let latest_ms = own.map_or(rider.latest_pickup_ms, |j| {
        rider.latest_pickup_ms.max(view.cars[j].free_at_ms.max(view.now_ms).saturating_add(i64::from(drive_ms[j])))
    });
    for (j, (&drive, car)) in drive_ms.iter().zip(&view.cars).enumerate() {
        if drive == u32::MAX {
            continue;
        }
        let drive = i64::from(drive);
        let pickup_ms = car.free_at_ms.max(view.now_ms) + drive;
        if pickup_ms > latest_ms || car.seats < rider.seats {
            continue;
        }
        let is_own = own == Some(j);
        if is_own {
            own = None;
        } else {
            if drive > reach_ms || car.free_at_ms - view.now_ms > policy.chain_ms {
                continue;
            }
            if !policy.rematch && car.assigned.is_some() {
                continue;
            }
        }
        let wait_ms = pickup_ms - rider.requested_ms;
        let mut cost = (pickup_ms - view.now_ms) as f64 + policy.drive_weight * drive as f64;
        if policy.convex_s > 0.0 {
            cost += (wait_ms * wait_ms) as f64 / (2000.0 * policy.convex_s);
        }
        cost -= policy.age_weight * age_ms as f64;
        cost += policy.trip_weight * f64::from(rider.direct_ms);
        if rider.assigned.is_some() && !is_own {
            cost += policy.switch_ms as f64;
        }
        let cost = cost as i32;
        edges.push(Edge { cost, column: j as u32 });
    }
    edges
}

fn promises(view: &View<'_>, times: &dyn TravelTimes, order: &[usize], solution: &Solution) -> Vec<Assign> {
    let mut assign = Vec::new();
    for (&i, column) in order.iter().zip(&solution.column_of) {
        let Some(column) = *column else { continue };
        let (rider, car) = (view.riders[i], view.cars[column as usize]);
        let drive = i64::from(times.time_ms(car.node, rider.node));
        assign.push(Assign { rider: rider.id, car: car.id, pickup_ms: car.free_at_ms.max(view.now_ms) + drive });
    }
    assign.sort_unstable_by_key(|a| a.rider);
    assign
}
