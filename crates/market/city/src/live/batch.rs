//! One matching decision: riders and cars in, offers out. The deciding itself is pure.
//!
//! Riders are matched to cars of their own tenant. A driver who rests from an order is not paired
//! with it again: its rider is decided anew among the other cars.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_dispatch::matching::{Batch, Car, Rider, SoloPolicy, decide};
use doorstep_dispatch::supply::{Driver, DriverIx, DriverState, Filter, StateSet};
use doorstep_orders::{Command, Order, ReassignReason, Shift, State};
use doorstep_roads::TravelTimes;

use crate::fit;
use crate::live::config::ms;
use crate::live::desk::Desk;
use crate::live::roster::Entry;
use crate::live::service::Shared;

/// Cars looked at for each rider when there are far more cars than that.
const CARS_PER_RIDER: usize = 48;
/// With fewer free cars than this, all of them are looked at.
pub(crate) const FEW_CARS: usize = 4_096;
/// The most riders of one decision, oldest first, by whether there are few cars or many: a pair
/// costs time and memory, and a flooded city must not stop for either.
const RIDERS_AT_ONCE: usize = 4_000;
const RIDERS_AT_ONCE_OF_MANY_CARS: usize = 500;
/// After a decision with this many offers the next one follows at once: more riders may be left.
pub(crate) const MANY_OFFERS: usize = RIDERS_AT_ONCE_OF_MANY_CARS / 2;
/// How often riders whose car rests from them are decided anew.
const PASSES: usize = 4;

/// Riders and cars of one tenant at one moment.
pub(crate) struct Plan {
    now: Timestamp,
    orders: Vec<Order>,
    drivers: Vec<Arc<Entry>>,
    riders: Vec<Rider>,
    cars: Vec<Car>,
    /// Rider and car, by place: they shall not be paired.
    rests: HashSet<(u32, u32)>,
}

/// A decided pair.
pub(crate) struct Pair {
    pub(crate) order: Order,
    pub(crate) driver: Arc<Entry>,
    pub(crate) pickup_ms: i64,
}

impl Shared {
    /// What there is to decide now, tenant by tenant, of those whose riders are `due`.
    pub(crate) fn plans(&self, desk: &Desk, now: Timestamp, mut due: impl FnMut(&str) -> bool) -> Vec<Plan> {
        let mut searching: BTreeMap<&str, Vec<&Order>> = BTreeMap::new();
        for order in desk.searching() {
            let orders = searching.entry(order.tenant.as_str()).or_default();
            if orders.len() < RIDERS_AT_ONCE {
                orders.push(order);
            }
        }
        if self.config.better_car_s.is_some() {
            for order in desk.open().filter(|o| matches!(o.state, State::Accepted | State::Arriving)) {
                searching.entry(order.tenant.as_str()).or_default();
            }
        }
        let now_due = searching.into_iter().filter(|(tenant, _)| due(tenant));
        now_due.filter_map(|(tenant, orders)| self.plan(desk, tenant, &orders, now)).collect()
    }

    fn plan(&self, desk: &Desk, tenant: &str, searching: &[&Order], now: Timestamp) -> Option<Plan> {
        let mut plan = Plan {
            now,
            orders: Vec::new(),
            drivers: Vec::new(),
            riders: Vec::new(),
            cars: Vec::new(),
            rests: HashSet::new(),
        };
        let free = self.drivers_of(tenant, &Filter::idle(1));
        let at_once = if free.len() > FEW_CARS { RIDERS_AT_ONCE_OF_MANY_CARS } else { RIDERS_AT_ONCE };
        let searching = &searching[..searching.len().min(at_once)];
        self.add_free_cars(&mut plan, desk, tenant, free, searching);
        self.add_finishing_cars(&mut plan, desk, tenant);
        if self.config.better_car_s.is_some() {
            self.add_coming_cars(&mut plan, desk, tenant);
        }
        if plan.cars.is_empty() {
            return None;
        }
        for order in searching {
            let latest = order.searching_since.plus_ms(ms(self.config.max_wait_s));
            plan.add_rider(order, latest, None);
        }
        plan.note_rests(desk);
        Some(plan)
    }

    fn add_free_cars(
        &self,
        plan: &mut Plan,
        desk: &Desk,
        tenant: &str,
        mut free: Vec<(Driver, Arc<Entry>)>,
        searching: &[&Order],
    ) {
        if free.len() > FEW_CARS {
            let mut near: BTreeSet<DriverIx> = BTreeSet::new();
            for order in searching {
                let filter = (&Filter::idle(order.seats), &order.asked());
                let cars = self.nearest_of(tenant, order.pickup, CARS_PER_RIDER, f64::INFINITY, filter);
                near.extend(cars.iter().map(|driver| driver.ix));
            }
            free.retain(|(driver, _)| near.contains(&driver.ix));
        }
        for (driver, entry) in free {
            if entry.stands() == DriverState::Online
                && desk.order_of(entry.reference.id).is_none()
                && let Some(node) = self.node_of(&driver)
            {
                plan.add_car(entry, node, plan.now, false);
            }
        }
    }

    fn add_finishing_cars(&self, plan: &mut Plan, desk: &Desk, tenant: &str) {
        let within_ms = ms(self.config.look_ahead_s);
        if within_ms == 0 {
            return;
        }
        for (driver, entry) in self.on_map(tenant, DriverState::OnTrip) {
            let Some(order) = desk.order_of(entry.reference.id) else {
                continue;
            };
            let left = self.node_of(&driver).and_then(|node| self.map.time_ms(node, order.dropoff_node)).map(i64::from);
            if entry.shift() == Shift::Online
                && !desk.has_next(entry.reference.id)
                && let Some(left) = left.filter(|left| *left <= within_ms)
            {
                plan.add_car(entry, order.dropoff_node, plan.now.plus_ms(left), true);
            }
        }
    }

    /// Accepted riders and the cars that come for them.
    fn add_coming_cars(&self, plan: &mut Plan, desk: &Desk, tenant: &str) {
        for (driver, entry) in self.on_map(tenant, DriverState::EnRoute) {
            let Some(order) = desk.order_of(entry.reference.id) else {
                continue;
            };
            if let Some(node) = self.node_of(&driver) {
                let car = plan.add_car(entry, node, plan.now, false);
                // Accepted riders are never given up for the sake of the limit.
                let rider = plan.add_rider(order, Timestamp::from_millis(i64::MAX / 4), Some(car));
                plan.cars[car as usize].assigned = Some(rider);
            }
        }
    }

    pub(crate) fn on_map(&self, tenant: &str, state: DriverState) -> Vec<(Driver, Arc<Entry>)> {
        let filter = Filter { states: StateSet::of(&[state]), min_seats: 0 };
        let mut drivers = self.drivers_of(tenant, &filter);
        drivers.retain(|(_, entry)| entry.stands() == state);
        drivers
    }

    pub(crate) fn node_of(&self, driver: &Driver) -> Option<doorstep_roads::NodeIx> {
        driver.node.or_else(|| self.map.nearest_node(driver.point))
    }

    /// The command a decided pair becomes: nothing when the car is not to be had or when an accepted rider keeps his
    /// car. A driver whose trip ends soon is offered the rider who is to follow.
    pub(crate) fn command_for(&self, desk: &Desk, pair: &Pair, now: Timestamp) -> Option<(Order, Command)> {
        let order = desk.get(pair.order.id).filter(|o| o.version == pair.order.version)?;
        let driver = pair.driver.reference.clone();
        let free = pair.driver.stands() == DriverState::Online && desk.order_of(driver.id).is_none();
        let finishing = pair.driver.stands() == DriverState::OnTrip
            && pair.driver.shift() == Shift::Online
            && !desk.has_next(driver.id)
            && order.state == State::Searching;
        if !free && !finishing {
            return None;
        }
        let expires_at = self.offer_expires(now);
        let drive_ms = pair.pickup_ms - now.millis();
        let pickup_eta_ms = u32::try_from(drive_ms.max(0)).ok();
        let command = match order.state {
            State::Searching => Command::Offer { driver, expires_at, pickup_eta_ms },
            State::Accepted | State::Arriving if self.clearly_better(order, drive_ms) => {
                Command::Reoffer { driver, expires_at, pickup_eta_ms, reason: ReassignReason::BetterCar }
            }
            _ => return None,
        };
        Some((order.clone(), command))
    }

    /// When an offer that is made now runs out.
    pub(crate) fn offer_expires(&self, now: Timestamp) -> Timestamp {
        let least_s = self.config.offer_wall_s * self.clock.speed();
        now.plus_ms(ms(self.config.offer_s.max(least_s)))
    }

    fn clearly_better(&self, order: &Order, drive_ms: i64) -> bool {
        let (Some(gain_s), Some(holder)) = (self.config.better_car_s, order.holder()) else {
            return false;
        };
        let coming = self.roster.find(holder).and_then(|entry| self.supply.get(entry.ix));
        let still_ms = coming.and_then(|d| self.node_of(&d)).and_then(|node| self.map.time_ms(node, order.pickup_node));
        still_ms.is_none_or(|still| i64::from(still) - drive_ms >= ms(gain_s))
    }
}

impl Plan {
    fn add_car(&mut self, entry: Arc<Entry>, node: doorstep_roads::NodeIx, free_at: Timestamp, on_trip: bool) -> u32 {
        let id = place(self.cars.len());
        let fit::CarFit { extras, offers } = fit::of_car(&entry.kind);
        let (seats, free_at_ms) = (entry.kind.seats, free_at.millis());
        self.cars.push(Car { id, node, free_at_ms, seats, extras, offers, assigned: None, on_trip });
        self.drivers.push(entry);
        id
    }

    fn add_rider(&mut self, order: &Order, latest: Timestamp, assigned: Option<u32>) -> u32 {
        let id = place(self.riders.len());
        let fit = fit::of_rider(&order.asked());
        self.riders.push(Rider {
            id,
            node: order.pickup_node,
            to: order.dropoff_node,
            requested_ms: order.requested_at.millis(),
            latest_pickup_ms: latest.millis(),
            assigned,
            direct_ms: order.direct_ms,
            seats: order.seats,
            extras: fit.extras,
            needs: fit.needs,
        });
        self.orders.push(order.clone());
        id
    }

    fn note_rests(&mut self, desk: &Desk) {
        for (rider, order) in self.riders.iter().zip(&self.orders) {
            if !desk.was_declined(order.id) {
                continue;
            }
            for (car, driver) in self.cars.iter().zip(&self.drivers) {
                if desk.rests(order.id, driver.reference.id, self.now) {
                    self.rests.insert((rider.id, car.id));
                }
            }
        }
    }

    /// Decides; runs on a thread for blocking work.
    pub(crate) fn decide(&self, times: &dyn TravelTimes, policy: &SoloPolicy) -> Vec<Pair> {
        let mut pairs = Vec::new();
        let (mut riders, mut cars) = (self.riders.clone(), self.cars.clone());
        for _ in 0..PASSES {
            let batch = Batch { now_ms: self.now.millis(), riders: &riders, cars: &cars, recent: &[] };
            let decision = decide(&batch, times, policy);
            let mut again: HashSet<u32> = HashSet::new();
            let mut taken: HashSet<u32> = HashSet::new();
            for assign in &decision.assign {
                if self.rests.contains(&(assign.rider, assign.car)) {
                    again.insert(assign.rider);
                } else {
                    taken.insert(assign.car);
                    pairs.push(Pair {
                        order: self.orders[assign.rider as usize].clone(),
                        driver: Arc::clone(&self.drivers[assign.car as usize]),
                        pickup_ms: assign.pickup_ms,
                    });
                }
            }
            if again.is_empty() {
                break;
            }
            riders.retain(|r| again.contains(&r.id));
            cars.retain(|c| !taken.contains(&c.id) && !again.iter().any(|r| self.rests.contains(&(*r, c.id))));
        }
        pairs
    }
}

fn place(len: usize) -> u32 {
    u32::try_from(len).expect("a city has fewer than four billion cars")
}
