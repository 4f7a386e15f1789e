//! The search: last batch's plan, new riders where they cost least, then ruin and recreate.

use doorstep_roads::TravelTimes;
use rand::rngs::SmallRng;
use rand::{RngExt as _, SeedableRng as _};

use super::board::{Board, Halt};
use super::insertion::{self, NOWHERE, Place};
use super::route::Route;
use super::{Batch, Decision, Plan, PooledPolicy, Stop};

const NO_CAR: u32 = u32::MAX;
/// Riders that are thought of as near one another.
const NEAR: usize = 24;
/// Work between two looks at the clock: some hundred microseconds.
const WORK_PER_LOOK: u64 = 512;
/// A look at something known, as a share of a fresh insertion.
const LOOKS_PER_WORK: u64 = 16;

/// What is known of one rider in one car.
#[derive(Debug, Clone, Copy)]
struct Known {
    car: u32,
    /// No insertion costs less.
    at_least: i32,
    state: u32,
    place: Place,
}

/// Finds the plans.
pub(super) fn plan(
    batch: &Batch<'_>,
    times: &dyn TravelTimes,
    policy: &PooledPolicy,
    late: &mut dyn FnMut() -> bool,
) -> Decision {
    let mut rider_order: Vec<usize> = (0..batch.riders.len()).collect();
    rider_order.sort_unstable_by_key(|&at| batch.riders[at].id);
    let mut car_order: Vec<usize> = (0..batch.cars.len()).collect();
    car_order.sort_unstable_by_key(|&at| batch.cars[at].id);
    let board = Board::new(batch, times, policy, &rider_order, &car_order);
    let index_of = |id: u32| rider_order.binary_search_by_key(&id, |&at| batch.riders[at].id).ok();

    let mut search = Search::new(board, policy);
    for (car, &at) in car_order.iter().enumerate() {
        search.take_over(car, &batch.cars[at].stops, index_of);
    }
    search.find_cars();
    search.add_new(late);
    search.improve(policy, late);

    let id = |rider: usize| batch.riders[rider_order[rider]].id;
    let plans = car_order.iter().zip(&search.routes).map(|(&at, route)| Plan {
        car: batch.cars[at].id,
        stops: route.halts().iter().map(|h| Stop { rider: id(h.rider()), pickup: h.is_pickup() }).collect(),
    });
    Decision { plans: plans.collect(), work: search.work, cut: search.cut }
}

struct Search<'a> {
    board: Board<'a>,
    routes: Vec<Route>,
    /// The car that each rider is planned for.
    car_of: Vec<u32>,
    /// Riders who may change the car.
    free: Vec<u32>,
    known: Vec<Vec<Known>>,
    near: Vec<Vec<u32>>,
    candidates: usize,
    states: u32,
    work: u64,
    looks: u64,
    next_look: u64,
    cut: bool,
    rng: SmallRng,
}

impl<'a> Search<'a> {
    fn new(board: Board<'a>, policy: &PooledPolicy) -> Self {
        let (riders, cars) = (board.riders.len(), board.cars.len());
        let seed = policy.seed ^ (board.batch.now_ms as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Self {
            routes: vec![Route::new(); cars],
            car_of: vec![NO_CAR; riders],
            free: Vec::new(),
            known: vec![Vec::new(); riders],
            near: vec![Vec::new(); riders],
            candidates: policy.candidates.max(1),
            states: 0,
            work: 0,
            looks: 0,
            next_look: WORK_PER_LOOK,
            cut: false,
            rng: SmallRng::seed_from_u64(seed),
            board,
        }
    }

    fn fresh_state(&mut self) -> u32 {
        self.states += 1;
        self.states
    }

    /// Takes over the plan that a car has. A promise that reality has broken is kept, late.
    fn take_over(&mut self, car: usize, stops: &[Stop], index_of: impl Fn(u32) -> Option<usize>) {
        let mut route = Route::new();
        for stop in stops {
            let Some(rider) = index_of(stop.rider) else { continue };
            self.car_of[rider] = car as u32;
            let halt = if stop.pickup { Halt::pickup(rider) } else { Halt::dropoff(rider) };
            self.board.riders[rider].aboard |= !stop.pickup && !route.halts().contains(&Halt::pickup(rider));
            if !route.push(halt) {
                break;
            }
        }
        route.settle(&self.board, car);
        for k in 0..route.len {
            let halt = route.halts[k];
            let rider = &mut self.board.riders[halt.rider()];
            rider.promised |= rider.aboard;
            if halt.is_pickup() {
                rider.latest_pickup = rider.latest_pickup.max(route.arrival[k]);
            } else {
                rider.latest_dropoff = rider.latest_dropoff.max(route.arrival[k]);
                self.board.cars[car].until = self.board.cars[car].until.max(route.arrival[k]);
            }
        }
        route.settle(&self.board, car);
        route.state = self.fresh_state();
        self.routes[car] = route;
    }

    /// Lists the cars that can come to each free rider in time, the one that could be there first first.
    fn find_cars(&mut self) {
        let board = &self.board;
        for (rider, man) in board.riders.iter().enumerate() {
            if man.aboard {
                continue;
            }
            self.free.push(rider as u32);
            let to_rider = board.table.to(man.node);
            let list = &mut self.known[rider];
            for (car, cab) in board.cars.iter().enumerate() {
                let pickup = i64::from(cab.at) + i64::from(to_rider.ms(cab.node));
                let own = self.car_of[rider] == car as u32;
                if own || (pickup <= i64::from(man.latest_pickup) && board.suits(rider, car)) {
                    let at_least = (pickup as i32) + board.boarding + man.direct - man.due;
                    let place = Place { cost: NOWHERE, pickup: 0, dropoff: 0 };
                    list.push(Known { car: car as u32, at_least, state: 0, place });
                }
            }
            list.sort_unstable_by_key(|k| (k.at_least, k.car));
            if list.len() > self.candidates {
                let own = list[self.candidates..].iter().copied().find(|k| k.car == self.car_of[rider]);
                list.truncate(self.candidates);
                list.extend(own);
            }
        }
    }

    /// The cheapest place of a rider and how much dearer the next best car is.
    fn best(&mut self, rider: usize, blink: bool) -> Option<(usize, Place, i64)> {
        let Self { board, routes, known, work, looks, rng, .. } = self;
        let (mut best, mut second) = (None, NOWHERE);
        let mut best_cost = NOWHERE;
        for known in &mut known[rider] {
            if i64::from(known.at_least) >= second {
                break;
            }
            let car = known.car as usize;
            let route = &routes[car];
            *looks += 1;
            if known.state != route.state {
                *work += 1;
                known.state = route.state;
                known.place = insertion::cheapest(board, route, car, rider).unwrap_or(Place {
                    cost: NOWHERE,
                    pickup: 0,
                    dropoff: 0,
                });
            }
            if known.place.cost < second {
                if blink && rng.random_ratio(1, 32) {
                    continue;
                }
                if known.place.cost < best_cost {
                    second = best_cost;
                    best_cost = known.place.cost;
                    best = Some((car, known.place));
                } else {
                    second = known.place.cost;
                }
            }
        }
        best.map(|(car, place)| (car, place, second - place.cost))
    }

    fn put_in(&mut self, rider: usize, car: usize, place: Place) {
        let state = self.fresh_state();
        let route = &mut self.routes[car];
        route.insert(rider, usize::from(place.pickup), usize::from(place.dropoff));
        let fine = route.settle(&self.board, car);
        debug_assert!(fine, "invariant: an insertion that was found keeps all promises");
        route.state = state;
        self.car_of[rider] = car as u32;
    }

    fn take_out(&mut self, rider: usize) {
        let car = self.car_of[rider] as usize;
        let state = self.fresh_state();
        let route = &mut self.routes[car];
        route.remove(rider);
        route.settle(&self.board, car);
        route.state = state;
        self.car_of[rider] = NO_CAR;
    }

    /// The deadline is asked once in a while.
    fn late(&mut self, late: &mut dyn FnMut() -> bool) -> bool {
        let done = self.work + self.looks / LOOKS_PER_WORK;
        if !self.cut && done >= self.next_look {
            self.next_look = done + WORK_PER_LOOK;
            self.cut = late();
        }
        self.cut
    }

    /// Puts riders without a car where they cost least, the oldest request first.
    fn add_new(&mut self, late: &mut dyn FnMut() -> bool) {
        let mut new: Vec<u32> = self.free.iter().copied().filter(|&r| self.car_of[r as usize] == NO_CAR).collect();
        new.sort_by_key(|&r| {
            let man = &self.board.riders[r as usize];
            (!man.promised, man.due - man.direct, r)
        });
        for rider in new {
            let rider = rider as usize;
            if self.late(late) {
                return;
            }
            if let Some((car, place, _)) = self.best(rider, false)
                && (self.board.riders[rider].promised || place.cost < self.board.riders[rider].left_out)
            {
                self.put_in(rider, car, place);
            }
        }
    }

    /// Riders whose rides are like this one's, the most alike first.
    fn near(&mut self, rider: usize) {
        if !self.near[rider].is_empty() {
            return;
        }
        let (riders, board) = (&self.board.riders, &self.board);
        let man = &riders[rider];
        let (to_pickup, to_goal) = (board.table.to(man.node), board.table.to(man.to));
        let mut list: Vec<(i32, u32)> = self
            .free
            .iter()
            .filter(|&&other| other as usize != rider)
            .map(|&other| {
                let o = &riders[other as usize];
                let apart = to_pickup.ms(o.node).saturating_add(to_goal.ms(o.to) / 2);
                (apart, other)
            })
            .collect();
        if list.len() > NEAR {
            list.select_nth_unstable(NEAR - 1);
            list.truncate(NEAR);
        }
        list.sort_unstable();
        self.near[rider] = list.into_iter().map(|(_, other)| other).collect();
        self.looks += self.free.len() as u64 / 2;
    }

    /// Ruin and recreate until the work is done.
    fn improve(&mut self, policy: &PooledPolicy, late: &mut dyn FnMut() -> bool) {
        if self.free.is_empty() {
            return;
        }
        let heat = policy.heat_s * 1e3;
        let mut group: Vec<usize> = Vec::new();
        let mut kept: Vec<(usize, Route)> = Vec::new();
        let mut cars_before: Vec<u32> = Vec::new();
        loop {
            let done = self.work + self.looks / LOOKS_PER_WORK;
            if done >= policy.work || self.late(late) {
                return;
            }
            // Whatever happens, an iteration moves the work on.
            self.looks += 4;
            let heat = heat * (1.0 - done as f64 / policy.work as f64);

            let first = self.free[self.rng.random_range(0..self.free.len())] as usize;
            self.near(first);
            let wanted = self.rng.random_range(1..=policy.ruin.max(1));
            group.clear();
            group.push(first);
            for k in 0..self.near[first].len() {
                if group.len() >= wanted {
                    break;
                }
                if self.rng.random_ratio(2, 3) {
                    group.push(self.near[first][k] as usize);
                }
            }

            kept.clear();
            cars_before.clear();
            let mut before = 0_i64;
            for &rider in &group {
                cars_before.push(self.car_of[rider]);
            }
            for &rider in &group {
                if self.car_of[rider] == NO_CAR {
                    before += self.board.riders[rider].left_out;
                } else {
                    let car = self.car_of[rider] as usize;
                    if !kept.iter().any(|(c, _)| *c == car) {
                        before += self.routes[car].cost;
                        kept.push((car, self.routes[car]));
                    }
                    self.take_out(rider);
                }
            }
            let fine = self.recreate(&mut group, &mut kept, &mut before, &mut cars_before);
            let mut after = 0_i64;
            if fine {
                for (car, _) in &kept {
                    after += self.routes[*car].cost;
                }
                for &rider in &group {
                    if self.car_of[rider] == NO_CAR {
                        after += self.board.riders[rider].left_out;
                    }
                }
            }
            let allowed = if heat > 0.0 { -heat * self.rng.random::<f64>().max(1e-12).ln() } else { 0.0 };
            if !fine || (after - before) as f64 > allowed {
                for (car, route) in &kept {
                    self.routes[*car] = *route;
                }
                for (&rider, &car) in group.iter().zip(&cars_before) {
                    self.car_of[rider] = car;
                }
            }
        }
    }

    /// Puts the group back. False when a promised rider finds no place.
    fn recreate(
        &mut self,
        group: &mut [usize],
        kept: &mut Vec<(usize, Route)>,
        before: &mut i64,
        cars_before: &mut [u32],
    ) -> bool {
        let by_regret = self.rng.random_ratio(1, 2);
        // A random order, with the cars before in the same one.
        for k in (1..group.len()).rev() {
            let other = self.rng.random_range(0..=k);
            group.swap(k, other);
            cars_before.swap(k, other);
        }
        for done in 0..group.len() {
            let mut next = (done, None);
            if by_regret && group.len() - done > 1 {
                let mut most = i64::MIN;
                for (at, &rider) in group.iter().enumerate().skip(done) {
                    let found = self.best(rider, true);
                    let man = &self.board.riders[rider];
                    let regret = match found {
                        Some((_, place, apart)) if man.promised => apart.min(NOWHERE / 2) - place.cost / 16,
                        Some((_, place, apart)) => apart.min(man.left_out - place.cost),
                        None if man.promised => return false,
                        None => i64::MIN + 1,
                    };
                    if regret > most {
                        most = regret;
                        next = (at, found);
                    }
                }
            } else {
                next.1 = self.best(group[done], true);
            }
            let (at, found) = next;
            group.swap(done, at);
            cars_before.swap(done, at);
            let rider = group[done];
            let man = &self.board.riders[rider];
            match found {
                Some((car, place, _)) if man.promised || place.cost < man.left_out => {
                    if !kept.iter().any(|(c, _)| *c == car) {
                        *before += self.routes[car].cost;
                        kept.push((car, self.routes[car]));
                    }
                    self.put_in(rider, car, place);
                }
                _ if man.promised => return false,
                _ => {}
            }
        }
        true
    }
}
