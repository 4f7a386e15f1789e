//! Who is promised which car: from a batch to an assignment problem and back.

use doorstep_pooling::fleet::Room;
use doorstep_roads::TravelTimes;

use super::assignment::Problem;
use super::view::{Columns, FAR_MS, Shortlist, View};
use super::{Assign, Method, Rider, SoloPolicy};

/// Price of breaking a promise: more than all other prices of a batch together can weigh.
const BROKEN_PROMISE: i64 = 1 << 50;
/// Price of leaving a rider out who holds no promise: more than any chain of changes in one batch can
/// save, so that as many as possible are served; far below a broken promise.
const LEFT_OUT: i64 = 1 << 34;
/// Candidates of a rider at first; the prices of the solution tell where that was too few.
pub(super) const FIRST_CANDIDATES: usize = 24;

/// The best set of promises that keeps every old one. `first` candidates of a rider are looked at before the
/// prices are asked whether that was enough; it changes the work, not the worth of the answer.
pub(super) fn promise(view: &View<'_>, times: &dyn TravelTimes, policy: &SoloPolicy, first: usize) -> Vec<Assign> {
    let chain_ms = i32::try_from(policy.chain_ms).unwrap_or(FAR_MS);
    let open = view.columns(|index, car| {
        (policy.rematch || car.assigned.is_none()) && (!car.on_trip || view.ready_ms(index) <= chain_ms)
    });
    let mut rows = Rows { view, times, policy, open, list: Shortlist::default(), drives: Vec::new() };
    // Promised riders first: until the others come they have the cars to themselves.
    let mut order: Vec<&Rider> = view.riders.clone();
    match policy.method {
        Method::Optimal => order.sort_by_key(|r| (r.assigned.is_none(), r.id)),
        Method::Greedy => order.sort_by_key(|r| (r.assigned.is_none(), r.requested_ms, r.id)),
    }
    let column_of = match policy.method {
        Method::Optimal => rows.optimal(&order, first),
        Method::Greedy => rows.greedy(&order),
    };
    let mut promises = Vec::new();
    for (rider, column) in order.iter().zip(column_of) {
        let Some(car) = column.map(|column| view.cars[column as usize]) else { continue };
        let drive_ms = i64::from(times.time_ms(car.node, rider.node));
        let pickup_ms = car.free_at_ms.max(view.now_ms) + drive_ms;
        promises.push(Assign { rider: rider.id, car: car.id, pickup_ms });
    }
    promises.sort_unstable_by_key(|p| p.rider);
    promises
}

/// Makes the rows of the problem.
struct Rows<'a> {
    view: &'a View<'a>,
    times: &'a dyn TravelTimes,
    policy: &'a SoloPolicy,
    /// Cars that riders may be promised who have not got them already.
    open: Columns,
    list: Shortlist,
    drives: Vec<u32>,
}

impl Rows<'_> {
    fn optimal(&mut self, order: &[&Rider], first: usize) -> Vec<Option<u32>> {
        let mut most = vec![first; order.len()];
        loop {
            let mut problem = Problem::default();
            let mut dropped_from = Vec::with_capacity(order.len());
            for (rider, &most) in order.iter().zip(&most) {
                self.candidates(rider, most);
                let left_out = self.price_left_out(rider);
                let (edges, next) = self.list.finish();
                problem.push_row(edges, left_out);
                dropped_from.push(next);
            }
            let solution = problem.solve(self.view.cars.len());
            // What was left off a short list costs at least `next`, and column prices never rise above
            // zero: a row that pays no more than `next` could not gain by it, and when that holds for all
            // rows the solution is optimal over all pairs. Any other row gets its whole list.
            let mut proven = true;
            for ((most, &next), &price) in most.iter_mut().zip(&dropped_from).zip(&solution.row_price) {
                if price > i64::from(next) && next != i32::MAX {
                    *most = usize::MAX;
                    proven = false;
                }
            }
            if proven {
                return solution.column_of;
            }
        }
    }

    fn greedy(&mut self, order: &[&Rider]) -> Vec<Option<u32>> {
        let mut taken = vec![false; self.view.cars.len()];
        let mut column_of = Vec::with_capacity(order.len());
        for rider in order {
            self.candidates(rider, usize::MAX);
            let (edges, _) = self.list.finish();
            let nearest = edges.iter().map(|e| e.column).find(|&column| !taken[column as usize]);
            if let Some(column) = nearest {
                taken[column as usize] = true;
            }
            column_of.push(nearest);
        }
        column_of
    }

    /// What it costs that this rider gets no car now.
    fn price_left_out(&self, rider: &Rider) -> i64 {
        if rider.assigned.is_some() {
            return BROKEN_PROMISE;
        }
        let age_ms = -self.view.until_ms(rider.requested_ms);
        LEFT_OUT + (self.policy.age_weight * f64::from(age_ms.max(0))) as i64
    }

    /// Fills the list with the cars that can come to this rider in time.
    fn candidates(&mut self, rider: &Rider, most: usize) {
        let Self { view, times, policy, open, list, drives } = self;
        list.start(most);
        let own = rider.assigned.and_then(|id| view.car(id));
        let price = |pickup_ms: i32, drive_ms: i32| {
            (f64::from(pickup_ms) + policy.drive_weight * f64::from(drive_ms)).min(f64::from(FAR_MS)) as i32
        };
        let mut latest_ms = view.until_ms(rider.latest_pickup_ms);
        let mut surcharge = 0;
        if let Some(own) = own {
            // A promise that has become late is kept, late; a car that comes no later may take it over.
            let drive_ms = times.time_ms(view.cars[own].node, rider.node).min(FAR_MS as u32) as i32;
            let pickup_ms = view.ready_ms(own).saturating_add(drive_ms);
            if drive_ms < FAR_MS {
                latest_ms = latest_ms.max(pickup_ms);
                surcharge = i32::try_from(policy.switch_ms).unwrap_or(FAR_MS);
                list.offer(price(pickup_ms, drive_ms), own as u32);
                if !policy.rematch {
                    return;
                }
            }
        }
        times.times_to(rider.node, &open.node, drives);
        let by_drive = policy.drive_weight > 0.0;
        let room = Room::new(rider.seats, rider.extras);
        for (at, &drive_ms) in drives.iter().enumerate() {
            let pickup_ms = open.ready_ms[at].saturating_add_unsigned(drive_ms);
            if pickup_ms > latest_ms || !room.fits(open.room[at]) || rider.needs & !open.offers[at] != 0 {
                continue;
            }
            let cost = if by_drive { price(pickup_ms, drive_ms as i32) } else { pickup_ms };
            if own != Some(open.index[at] as usize) {
                list.offer(cost.saturating_add(surcharge), open.index[at]);
            }
        }
    }
}
