//! The loop's part: scenes from the desk and the supply, proposals into the store, the book kept in step.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use doorstep_clock::{Timestamp, monotonic};
use doorstep_dispatch::sharing::{self, SharedPolicy};
use doorstep_dispatch::supply::{DriverState, Filter};
use doorstep_orders::{DriverId, Order, OrderId, OrdersError, State};
use doorstep_pooling::fleet::{self, Outlook};
use doorstep_roads::TravelTimes;
use doorstep_store::StoreError;
use tokio::sync::oneshot;

use crate::live::config::ms;
use crate::live::desk::Desk;
use crate::live::metrics;
use crate::live::offers::{self, Outcome};
use crate::live::pooled::PooledConfig;
use crate::live::routes::book::Planned;
use crate::live::routes::changes::Changes;
use crate::live::routes::mend::{Rules, mend};
use crate::live::routes::scene::{CarSeen, Proposal, Scene, Terms};
use crate::live::run::{PAUSE_MS, Runner};
use crate::live::service::Shared;
use crate::live::suggestions::Recents;

/// The most riders who are looked for a car in one decision, oldest first.
const RIDERS_AT_ONCE: usize = 1_000;
/// How often places are judged anew, city milliseconds.
const OUTLOOK_MS: i64 = 60_000;
/// A decision is cut short after this part of the wall time between two.
const BUDGET: f64 = 0.4;
/// The least that a decision gets, wall seconds.
const LEAST_BUDGET_S: f64 = 0.05;

/// What places promise, by tenant, and when that was worked out.
pub(crate) type Outlooks = HashMap<String, (Timestamp, Arc<Outlook>)>;

impl Shared {
    pub(crate) fn terms(&self, pooled: &PooledConfig) -> Terms {
        Terms { boarding_ms: ms(pooled.boarding_s), max_wait_ms: ms(self.config.max_wait_s), seats: pooled.seats }
    }

    /// What there is to decide now, tenant by tenant.
    fn scenes(
        &self,
        pooled: &PooledConfig,
        desk: &Desk,
        recents: &Recents,
        outlooks: &Outlooks,
        now: Timestamp,
    ) -> Vec<Scene> {
        let mut searching: BTreeMap<&str, Vec<&Order>> = BTreeMap::new();
        for order in desk.open().filter(|o| matches!(o.state, State::Searching | State::Accepted | State::Arriving)) {
            let orders = searching.entry(order.tenant.as_str()).or_default();
            if order.state == State::Searching && orders.len() < RIDERS_AT_ONCE {
                orders.push(order);
            }
        }
        let scene = |(tenant, searching): (&str, Vec<&Order>)| {
            let mut orders: Vec<Order> = searching.into_iter().cloned().collect();
            let mut rests = HashSet::new();
            let cars = self.cars_seen(desk, tenant);
            // Who has a car comes first: the planner has to know everybody who is on a route.
            let held = cars.iter().flat_map(|car| &car.held).filter_map(|id| desk.get(*id)).cloned();
            orders.splice(0..0, held);
            for order in orders.iter().filter(|order| desk.was_declined(order.id)) {
                let tired = cars.iter().map(|car| car.driver.id).filter(|d| desk.rests(order.id, *d, now));
                rests.extend(tired.map(|driver| (order.id, driver)));
            }
            let mut scene = Scene::new(tenant, now, cars, orders, &rests, self.terms(pooled));
            let policy = SharedPolicy::default();
            let span_ms = i64::from(policy.outlook_recent_ms);
            let asked_s = recents.asked_s_per_s(tenant, now, span_ms);
            scene.load = fleet::load(asked_s, scene.cars.len(), f64::from(pooled.seats));
            scene.recent = recents.of(tenant);
            let known = outlooks.get(tenant).filter(|(at, _)| now.ms_since(*at) < OUTLOOK_MS);
            scene.outlook = known.map(|(_, outlook)| Arc::clone(outlook));
            scene
        };
        searching.into_iter().map(scene).filter(|scene| !scene.cars.is_empty()).collect()
    }

    /// Cars on the map that stand free or drive a route. Who thinks about an offer is left to think.
    fn cars_seen(&self, desk: &Desk, tenant: &str) -> Vec<CarSeen> {
        let mut cars = Vec::new();
        for (driver, entry) in self.drivers_of(tenant, &Filter::any()) {
            let held = desk.orders_of(entry.reference.id);
            let free = held.is_empty() && entry.stands() == DriverState::Online;
            let thinks = held.iter().any(|order| order.state == State::Offered);
            let Some(node) = self.node_of(&driver).filter(|_| free || (!held.is_empty() && !thinks)) else { continue };
            cars.push(CarSeen {
                driver: entry.reference.clone(),
                kind: entry.kind,
                node,
                held: held.iter().map(|order| order.id).collect(),
                stops: self.book.stops(entry.reference.id),
            });
        }
        cars
    }

    /// Brings a driver's stops in step with the orders that he has.
    pub(crate) fn mend_route(&self, desk: &Desk, driver: DriverId) {
        let Some(pooled) = &self.config.pooled else { return };
        let mut held = desk.orders_of(driver);
        held.retain(|order| order.state != State::Offered);
        let hour = self.map.roads.now();
        let far = i64::from(u32::MAX);
        let seen = self.roster.find(driver).and_then(|entry| self.supply.get(entry.ix));
        let rules = Rules {
            now: self.clock.now(),
            start: seen.and_then(|d| self.node_of(&d)),
            boarding_ms: ms(pooled.boarding_s),
            max_wait_ms: ms(self.config.max_wait_s),
            drive: &|from, to| hour.time_ms(from, to).map_or(far, i64::from),
        };
        let stops = mend(&self.book.stops(driver), &held, &rules);
        let planned = stops.iter().filter_map(|stop| Some(Planned::of(*stop, desk.get(stop.order)?)));
        self.book.set(driver, planned.collect());
    }
}

/// One scene, decided.
struct Decided {
    scene: Scene,
    proposals: Vec<Proposal>,
    /// Judged anew.
    outlook: Option<Outlook>,
}

impl Runner {
    /// Keeps the book in step with what was learned.
    pub(crate) fn mend_touched(&mut self) {
        for driver in std::mem::take(&mut self.touched) {
            self.shared.mend_route(&self.desk, driver);
        }
    }

    /// One decision on all routes.
    pub(crate) async fn plan_routes(&mut self, pooled: PooledConfig, now: Timestamp) -> Option<oneshot::Sender<()>> {
        self.recents.forget_before(now.plus_ms(-i64::from(SharedPolicy::default().outlook_recent_ms)));
        let scenes = self.shared.scenes(&pooled, &self.desk, &self.recents, &self.outlooks, now);
        if scenes.is_empty() {
            return None;
        }
        let policy = SharedPolicy { plan: pooled.policy(), rebalance: None, ..SharedPolicy::default() };
        let wall_s = self.shared.config.batch_s / self.shared.clock.speed().max(1e-3);
        let budget_s = (wall_s * BUDGET).max(LEAST_BUDGET_S);
        let hour = self.shared.map.roads.now();
        let nodes = hour.roads().graph().node_count();
        let started = monotonic();
        let decided = tokio::task::spawn_blocking(move || {
            let decide = |scene| decided(scene, hour.times().as_ref(), nodes, &policy, budget_s);
            scenes.into_iter().map(decide).collect::<Vec<_>>()
        })
        .await;
        let seconds = monotonic().duration_since(started).as_secs_f64();
        let decided = match decided {
            Ok(decided) => decided,
            Err(error) => {
                tracing::error!(city = self.shared.map.id(), %error, "the planning failed, its riders wait for the next one");
                return None;
            }
        };
        let stop = self.catch_up();
        let mut written = 0;
        for Decided { scene, proposals, outlook } in decided {
            if let Some(outlook) = outlook {
                self.outlooks.insert(scene.tenant.clone(), (now, Arc::new(outlook)));
            }
            let expires_at = self.shared.offer_expires(now);
            let held = |driver| self.desk.orders_of(driver).iter().map(|order| order.id).collect::<Vec<OrderId>>();
            match scene.changes(&proposals, expires_at, |id| self.desk.get(id), held) {
                Some(changes) => {
                    written += changes.commands.len();
                    self.write_routes(changes, now).await;
                }
                None => self.next_batch = now,
            }
        }
        self.shared.counters.batch(seconds * 1_000.0);
        metrics::batch(self.shared.map.id(), seconds, written);
        stop
    }

    /// Writes commands and routes in one transaction, and takes in what came of them.
    async fn write_routes(&mut self, changes: Changes, now: Timestamp) {
        let Some(lease) = self.tenure.lease().filter(|_| !changes.is_empty()) else { return };
        let routes = changes.routes.clone();
        let city = self.shared.map.id().to_owned();
        match offers::write_routes(&self.shared.orders, lease, &city, changes, now).await {
            Ok(outcomes) => {
                self.shared.relay_wake.notify_one();
                for outcome in outcomes {
                    match outcome {
                        Outcome::Changed(order) | Outcome::Overtaken(order) => self.learn(order),
                        Outcome::Refused(refusal) => tracing::debug!(city, %refusal, "decided too late"),
                    }
                }
                for route in routes {
                    let stops = route.stops.iter().filter_map(|s| Some(Planned::of(*s, self.desk.get(s.order)?)));
                    self.shared.book.set(route.driver, stops.collect());
                    self.touched.insert(route.driver);
                }
                self.mend_touched();
            }
            Err(OrdersError::Store(StoreError::LeaseLost { .. })) => self.tenure.lost(&self.shared.standing),
            Err(OrdersError::Store(error)) => {
                tracing::warn!(city, %error, "the store did not take the routes, they are decided again");
                self.pause_until = self.shared.wall.now().plus_ms(PAUSE_MS);
            }
            Err(refusal) => {
                tracing::debug!(city, %refusal, "somebody was quicker, the routes are decided again");
                self.next_batch = now;
            }
        }
    }
}

/// Drivers whose orders have changed.
pub(crate) type Touched = BTreeSet<DriverId>;

fn decided(mut scene: Scene, times: &dyn TravelTimes, nodes: usize, policy: &SharedPolicy, budget_s: f64) -> Decided {
    let mut renewed = None;
    if scene.outlook.is_none() {
        renewed = sharing::outlook(&scene.recent, scene.now.millis(), nodes, policy, times);
        scene.outlook = renewed.clone().map(Arc::new);
    }
    let started = monotonic();
    let proposals = scene.decide(times, policy, &mut || started.elapsed().as_secs_f64() > budget_s);
    Decided { scene, proposals, outlook: renewed }
}
