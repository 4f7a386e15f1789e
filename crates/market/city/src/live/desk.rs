//! The desk: open orders as the loop knows them, and what is due. Pure; the store is the truth.

use std::collections::{BTreeMap, HashMap, HashSet};

use doorstep_clock::Timestamp;
use doorstep_orders::{Command, DriverId, EventKind, Order, OrderId, ReassignReason, State};

/// For how many changes the ends of orders are remembered, so that late news of them is known
/// to be old.
const CLOSED_KEPT: usize = 65_536;

/// What a change of an order meant.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    /// What happened, seen from the last known version.
    pub(crate) news: Vec<EventKind>,
    /// The driver who is not with this order any more.
    pub(crate) left: Option<DriverId>,
    /// The driver it is with now.
    pub(crate) holds: Option<DriverId>,
}

/// Open orders, holders, and who shall not be asked again for a while.
#[derive(Default)]
pub(crate) struct Desk {
    orders: BTreeMap<OrderId, Order>,
    /// By driver: the order he serves, and perhaps the one that follows it.
    holds: HashMap<DriverId, Vec<OrderId>>,
    rests: HashMap<OrderId, Vec<(DriverId, Timestamp)>>,
    silent: HashSet<DriverId>,
    closed: HashMap<OrderId, i64>,
    closed_order: std::collections::VecDeque<OrderId>,
    waiting: BTreeMap<String, usize>,
}

impl Desk {
    /// Starts from what the store holds.
    pub(crate) fn from_open(orders: Vec<Order>) -> Self {
        let mut desk = Self::default();
        for order in orders {
            if let Some(driver) = order.holder() {
                desk.holds.entry(driver).or_default().push(order.id);
            }
            desk.count(&order, 0, usize::from(waits(&order)));
            desk.orders.insert(order.id, order);
        }
        desk
    }

    /// Takes news of an order. News may come late or twice: only a higher version counts.
    pub(crate) fn learn(&mut self, order: Order) -> Option<Change> {
        if self.closed.get(&order.id).is_some_and(|v| *v >= order.version) {
            return None;
        }
        let before = self.orders.get(&order.id);
        if before.is_some_and(|b| b.version >= order.version) {
            return None;
        }
        let held = before.and_then(Order::holder);
        let waited = usize::from(before.is_some_and(waits));
        let holds = order.holder();
        let change = Change { news: news(before, &order), left: held.filter(|d| holds != Some(*d)), holds };
        self.count(&order, waited, usize::from(waits(&order)));
        if let Some(driver) = change.left
            && let Some(held) = self.holds.get_mut(&driver)
        {
            held.retain(|id| *id != order.id);
            if held.is_empty() {
                self.holds.remove(&driver);
            }
        }
        if let Some(driver) = holds {
            let held = self.holds.entry(driver).or_default();
            if !held.contains(&order.id) {
                held.push(order.id);
            }
        }
        if order.state.is_open() {
            self.orders.insert(order.id, order);
        } else {
            self.orders.remove(&order.id);
            self.close(order.id, order.version);
        }
        Some(change)
    }

    fn close(&mut self, id: OrderId, version: i64) {
        if self.closed.insert(id, version).is_none() {
            self.closed_order.push_back(id);
        }
        if self.closed_order.len() > CLOSED_KEPT
            && let Some(oldest) = self.closed_order.pop_front()
        {
            self.closed.remove(&oldest);
        }
        self.rests.remove(&id);
    }

    /// A driver who is spared from an order until then.
    pub(crate) fn rest(&mut self, order: OrderId, driver: DriverId, until: Timestamp) {
        let rests = self.rests.entry(order).or_default();
        rests.retain(|(who, _)| *who != driver);
        rests.push((driver, until));
    }

    pub(crate) fn rests(&self, order: OrderId, driver: DriverId, now: Timestamp) -> bool {
        self.rests.get(&order).is_some_and(|rests| rests.iter().any(|(who, until)| *who == driver && *until > now))
    }

    /// Whether anybody rests, or ever rested, from this open order.
    pub(crate) fn was_declined(&self, order: OrderId) -> bool {
        self.rests.contains_key(&order)
    }

    /// The order that a driver serves now: of two the one that is further on.
    pub(crate) fn order_of(&self, driver: DriverId) -> Option<&Order> {
        let held = self.holds.get(&driver)?.iter().filter_map(|id| self.orders.get(id));
        held.max_by_key(|order| (order.state, std::cmp::Reverse(order.id)))
    }

    /// All open orders of a driver, in the order of their ids.
    pub(crate) fn orders_of(&self, driver: DriverId) -> Vec<&Order> {
        let held = self.holds.get(&driver).into_iter().flatten();
        let mut orders: Vec<&Order> = held.filter_map(|id| self.orders.get(id)).collect();
        orders.sort_unstable_by_key(|order| order.id);
        orders
    }

    /// Whether another order waits for the driver behind the one that he serves.
    pub(crate) fn has_next(&self, driver: DriverId) -> bool {
        self.holds.get(&driver).is_some_and(|held| held.len() > 1)
    }

    pub(crate) fn open(&self) -> impl Iterator<Item = &Order> {
        self.orders.values()
    }

    pub(crate) fn get(&self, id: OrderId) -> Option<&Order> {
        self.orders.get(&id)
    }

    /// Orders that look for a driver, oldest first.
    pub(crate) fn searching(&self) -> impl Iterator<Item = &Order> {
        self.orders.values().filter(|o| o.state == State::Searching)
    }

    fn count(&mut self, order: &Order, waited: usize, waits: usize) {
        if waited != waits {
            let waiting = self.waiting.entry(order.tenant.clone()).or_default();
            *waiting = *waiting + waits - waited;
        }
    }

    /// Riders not picked up yet, by tenant.
    pub(crate) fn waiting(&self) -> &BTreeMap<String, usize> {
        &self.waiting
    }

    /// The same of one tenant.
    pub(crate) fn waiting_of(&self, tenant: &str) -> usize {
        self.waiting.get(tenant).copied().unwrap_or(0)
    }

    /// A driver was not heard of for too long.
    pub(crate) fn silent(&mut self, driver: DriverId) {
        self.silent.insert(driver);
    }

    /// Drops drivers who are heard of again.
    pub(crate) fn keep_silent(&mut self, still: impl Fn(DriverId) -> bool) {
        self.silent.retain(|driver| still(*driver));
    }

    /// Commands the dispatcher owes at this time.
    pub(crate) fn due(
        &self,
        now: Timestamp,
        max_wait_ms: i64,
        on_shift: impl Fn(DriverId) -> bool,
    ) -> Vec<(Order, Command)> {
        let mut due = Vec::new();
        for order in self.orders.values() {
            if let Some(command) = self.due_of(order, now, max_wait_ms, &on_shift) {
                due.push((order.clone(), command));
            }
        }
        due
    }

    fn due_of(
        &self,
        order: &Order,
        now: Timestamp,
        max_wait_ms: i64,
        on_shift: &impl Fn(DriverId) -> bool,
    ) -> Option<Command> {
        let max_wait_ms = order.share.map_or(max_wait_ms, |promise| i64::from(promise.max_wait_ms));
        let silent = || order.holder().is_some_and(|d| self.silent.contains(&d));
        match order.state {
            State::Searching if now.ms_since(order.searching_since) >= max_wait_ms => Some(Command::GiveUp),
            State::Offered if silent() => Some(Command::Withdraw { reason: ReassignReason::DriverSilent }),
            State::Offered if order.holder().is_some_and(|d| !on_shift(d)) => {
                Some(Command::Withdraw { reason: ReassignReason::DriverOffline })
            }
            State::Offered if order.offer_expires_at.is_some_and(|at| at <= now) => Some(Command::Timeout),
            State::Accepted | State::Arriving | State::Arrived if silent() => {
                Some(Command::Release { driver: None, reason: ReassignReason::DriverSilent })
            }
            _ => None,
        }
    }
}

fn waits(order: &Order) -> bool {
    order.state.is_open() && order.state != State::OnTrip
}

/// What happened between two versions, as far as anybody counts it.
fn news(before: Option<&Order>, after: &Order) -> Vec<EventKind> {
    let mut news = Vec::new();
    if before.is_none() {
        news.push(EventKind::Requested);
    }
    if after.picked_up_at.is_some() && before.is_none_or(|b| b.picked_up_at.is_none()) {
        news.push(EventKind::PickedUp);
    }
    match after.state {
        State::Completed => news.push(EventKind::Completed),
        State::Cancelled => news.push(EventKind::Cancelled),
        State::NoDriver => news.push(EventKind::NoDriver),
        _ => {}
    }
    news
}

#[cfg(test)]
#[path = "desk_tests.rs"]
mod tests;
