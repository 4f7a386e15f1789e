//! Where idle drivers had best wait. A suggestion, not an order: it stands for a while, is told with the driver's next
//! position and on his resource, and nothing happens to who does not follow it.

use std::collections::{BTreeMap, HashMap, VecDeque};

use doorstep_clock::Timestamp;
use doorstep_dispatch::matching::{Batch, Car, Rebalance, Recent, SoloPolicy, decide};
use doorstep_dispatch::supply::{DriverState, Filter};
use doorstep_geo::Point;
use doorstep_orders::{DriverId, Order, Shift};
use doorstep_pooling::fleet::Extras;
use doorstep_roads::{NodeIx, TravelTimes};
use parking_lot::RwLock;
use serde::Serialize;

use crate::live::batch::FEW_CARS;
use crate::live::config::ms;
use crate::live::desk::Desk;
use crate::live::service::Shared;

/// Why a driver is sent somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SuggestionReason {
    /// More requests are expected there than cars are near.
    RequestsExpected,
}

impl SuggestionReason {
    /// A stable word for logs and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RequestsExpected => "requests_expected",
        }
    }
}

/// Where a driver had best wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Suggestion {
    /// The place: a street corner.
    pub place: Point,
    /// Why there.
    pub reason: SuggestionReason,
    /// Until then, city time; a newer one may come before.
    pub expires_at: Timestamp,
}

/// The suggestions that stand.
#[derive(Default)]
pub(crate) struct Suggestions {
    /// By driver, and whether it was told with a position.
    standing: RwLock<HashMap<DriverId, (Suggestion, bool)>>,
}

impl Suggestions {
    /// New suggestions for drivers who were looked at; who gets none loses the one he had.
    pub(crate) fn renew(&self, looked_at: &[DriverId], made: Vec<(DriverId, Suggestion)>, now: Timestamp) {
        let mut standing = self.standing.write();
        for driver in looked_at {
            standing.remove(driver);
        }
        standing.retain(|_, (suggestion, _)| suggestion.expires_at > now);
        standing.extend(made.into_iter().map(|(driver, suggestion)| (driver, (suggestion, false))));
    }

    fn of(&self, driver: DriverId, now: Timestamp) -> Option<Suggestion> {
        let standing = self.standing.read();
        standing.get(&driver).map(|(suggestion, _)| *suggestion).filter(|s| s.expires_at > now)
    }

    /// What stands for these drivers and was not told yet; now it is.
    fn tell(&self, drivers: impl Iterator<Item = DriverId>, now: Timestamp) -> Vec<(DriverId, Suggestion)> {
        if self.standing.read().is_empty() {
            return Vec::new();
        }
        let mut standing = self.standing.write();
        let mut told = Vec::new();
        for driver in drivers {
            if let Some((suggestion, was_told)) = standing.get_mut(&driver)
                && !*was_told
                && suggestion.expires_at > now
            {
                *was_told = true;
                told.push((driver, *suggestion));
            }
        }
        told
    }
}

/// The requests of late with their direct trips in milliseconds, tenant by tenant: what is to come is taken to look like them.
#[derive(Default)]
pub(crate) struct Recents(BTreeMap<String, VecDeque<(Recent, u32)>>);

impl Recents {
    /// From the open orders of a city that goes on; those that have ended are not looked up.
    pub(crate) fn from_open<'a>(orders: impl Iterator<Item = &'a Order>) -> Self {
        let mut recents = Self::default();
        orders.for_each(|order| recents.note(order));
        recents
    }

    pub(crate) fn note(&mut self, order: &Order) {
        let recent = Recent { requested_ms: order.requested_at.millis(), node: order.pickup_node };
        self.0.entry(order.tenant.clone()).or_default().push_back((recent, order.direct_ms));
    }

    /// Forgets what is older than the policy looks back.
    fn forget(&mut self, now: Timestamp, policy: &Rebalance) {
        self.forget_before(now.plus_ms(-i64::from(policy.recent_ms)));
    }

    /// Forgets what was asked for at that moment or before.
    pub(crate) fn forget_before(&mut self, since: Timestamp) {
        for recents in self.0.values_mut() {
            while recents.front().is_some_and(|(recent, _)| recent.requested_ms <= since.millis()) {
                recents.pop_front();
            }
        }
        self.0.retain(|_, recents| !recents.is_empty());
    }

    /// The late requests of a tenant.
    pub(crate) fn of(&self, tenant: &str) -> Vec<Recent> {
        self.0.get(tenant).into_iter().flatten().map(|(recent, _)| *recent).collect()
    }

    /// Seconds of direct driving that a tenant's riders ask for in a second, over the last `span_ms` or as far as is
    /// known.
    #[allow(clippy::cast_precision_loss)] // sums of some minutes
    pub(crate) fn asked_s_per_s(&self, tenant: &str, now: Timestamp, span_ms: i64) -> f64 {
        let Some(recents) = self.0.get(tenant) else { return 0.0 };
        let first = recents.front().map_or(now.millis(), |(recent, _)| recent.requested_ms);
        let seen_ms = (now.millis() - first).clamp(60_000, span_ms.max(60_000));
        let since = now.millis() - seen_ms;
        let asked: i64 =
            recents.iter().filter(|(r, _)| r.requested_ms >= since).map(|(_, direct)| i64::from(*direct)).sum();
        asked as f64 / seen_ms as f64
    }
}

/// A tenant's idle cars and its late requests at one moment.
pub(crate) struct Spread {
    now: Timestamp,
    recent: Vec<Recent>,
    drivers: Vec<DriverId>,
    cars: Vec<Car>,
}

impl Spread {
    fn add(&mut self, driver: DriverId, seats: u8, node: NodeIx, free_at: Timestamp, on_trip: bool) {
        let id = u32::try_from(self.cars.len()).expect("fewer than FEW_CARS");
        // Where they wait, not whom they take, is decided here.
        let (extras, offers, free_at_ms) = (Extras::default(), 0, free_at.millis());
        self.cars.push(Car { id, node, free_at_ms, seats, extras, offers, assigned: None, on_trip });
        self.drivers.push(driver);
    }

    /// The idle drivers, and where some of them had best go. Runs on a thread for blocking work.
    pub(crate) fn decide(
        &self,
        times: &dyn TravelTimes,
        policy: &SoloPolicy,
    ) -> (Vec<DriverId>, Vec<(DriverId, NodeIx)>) {
        let batch = Batch { now_ms: self.now.millis(), riders: &[], cars: &self.cars, recent: &self.recent };
        let moves = decide(&batch, times, policy).moves;
        let moves = moves.into_iter().map(|(car, node)| (self.drivers[car as usize], node)).collect();
        (self.drivers.clone(), moves)
    }
}

impl Shared {
    /// Who could be sent where, tenant by tenant. Only idle drivers are sent; those who finish soon count where they
    /// will be.
    pub(crate) fn spreads(
        &self,
        desk: &Desk,
        recents: &mut Recents,
        now: Timestamp,
        policy: &Rebalance,
    ) -> Vec<Spread> {
        recents.forget(now, policy);
        let spread = |(tenant, recent): (&String, &VecDeque<(Recent, u32)>)| {
            let recent = recent.iter().map(|(recent, _)| *recent).collect();
            let mut spread = Spread { now, recent, drivers: Vec::new(), cars: Vec::new() };
            let idle = self.drivers_of(tenant, &Filter::idle(1));
            // Where there are very many, a part of them evenly drawn does.
            let each = idle.len().div_ceil(FEW_CARS).max(1);
            for (driver, entry) in idle.into_iter().step_by(each) {
                let id = entry.reference.id;
                if entry.stands() == DriverState::Online
                    && desk.order_of(id).is_none()
                    && let Some(node) = self.node_of(&driver)
                {
                    spread.add(id, entry.kind.seats, node, now, false);
                }
            }
            for (driver, entry) in self.on_map(tenant, DriverState::OnTrip) {
                if let Some(order) = desk.order_of(entry.reference.id)
                    && entry.shift() == Shift::Online
                    && !desk.has_next(entry.reference.id)
                    && let Some(left) =
                        self.node_of(&driver).and_then(|node| self.map.time_ms(node, order.dropoff_node))
                    && spread.cars.len() < 2 * FEW_CARS
                {
                    let free_at = now.plus_ms(i64::from(left));
                    spread.add(entry.reference.id, entry.kind.seats, order.dropoff_node, free_at, true);
                }
            }
            spread
        };
        recents.0.iter().map(spread).filter(|spread| !spread.cars.is_empty()).collect()
    }

    /// Keeps what was decided.
    pub(crate) fn suggest(&self, looked_at: &[DriverId], moves: Vec<(DriverId, NodeIx)>, now: Timestamp) {
        // Twice the time to the next decision: it is renewed before it ends.
        let expires_at = now.plus_ms(ms(2.0 * self.rebalance_s()));
        let hour = self.map.roads.now();
        let suggestion = |(driver, node)| {
            let place = hour.roads().graph().point(node);
            (driver, Suggestion { place, reason: SuggestionReason::RequestsExpected, expires_at })
        };
        self.suggestions.renew(looked_at, moves.into_iter().map(suggestion).collect(), now);
    }

    /// City seconds between two decisions; at a fast clock they are no closer than a wall second.
    pub(crate) fn rebalance_s(&self) -> f64 {
        self.config.rebalance_s.max(self.clock.speed())
    }

    /// What stands for a driver, as long as he is idle.
    pub(crate) fn suggestion(&self, driver: DriverId) -> Option<Suggestion> {
        let idle = self.roster.find(driver).is_some_and(|entry| entry.stands() == DriverState::Online);
        self.suggestions.of(driver, self.clock.now()).filter(|_| idle)
    }

    /// What idle drivers of a tenant were not told yet.
    pub(crate) fn tell_suggestions(&self, tenant: &str, drivers: &[DriverId]) -> Vec<(DriverId, Suggestion)> {
        let mut told = self.suggestions.tell(drivers.iter().copied(), self.clock.now());
        told.retain(|(driver, _)| {
            let entry = self.roster.find(*driver);
            entry.is_some_and(|entry| *entry.tenant == *tenant && entry.stands() == DriverState::Online)
        });
        told
    }
}
