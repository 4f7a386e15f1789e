//! The handle of a live city: what the API calls.

use std::sync::Arc;

use doorstep_clock::{SharedClock, Timestamp};
use doorstep_dispatch::matching::SoloPolicy;
use doorstep_dispatch::supply::{DriverState, Filter, Report, Supply, SupplyConfig};
use doorstep_geo::{BoundingBox, Point};
use doorstep_journal::Journal;
use doorstep_orders::{
    Actor, Command, Driver, DriverId, NewOrder, Order, OrderId, Orders, OrdersError, Shift, ShiftChange, StoryLine,
};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::AbortHandle;

use crate::live::clock::CityClock;
use crate::live::config::{LiveConfig, ms};
use crate::live::counters::{Counters, Stats};
use crate::live::desk::Desk;
use crate::live::error::LiveError;
use crate::live::frame::{DriverLive, MapFrame, driver_line, word};
use crate::live::garage::Garage;
use crate::live::map::CityMap;
use crate::live::positions::{PositionRefusal, PositionReport};
use crate::live::quote::{QuoteAnswer, Wanted};
use crate::live::relay::Relay;
use crate::live::roster::{Entry, Roster};
use crate::live::routes::{Book, DriverRoute, Outlooks, Touched};
use crate::live::run::{Ask, COMPARE_MS, Runner};
use crate::live::suggestions::{Recents, Suggestion, Suggestions};
use crate::live::surge::{self, Surge, Watchers};
use crate::live::tenure::{Standing, Tenure};
use crate::live::windows::Windows;

/// What the loop and all callers share; nothing here waits for the loop.
pub(crate) struct Shared {
    pub(crate) map: CityMap,
    pub(crate) config: LiveConfig,
    pub(crate) clock: CityClock,
    pub(crate) wall: SharedClock,
    pub(crate) orders: Orders,
    pub(crate) journal: Journal,
    pub(crate) supply: Supply,
    pub(crate) roster: Roster,
    pub(crate) garage: Garage,
    pub(crate) book: Book,
    pub(crate) suggestions: Suggestions,
    pub(crate) surge: Surge,
    pub(crate) counters: Counters,
    pub(crate) standing: Standing,
    pub(crate) relay_wake: Arc<Notify>,
}

impl Shared {
    /// The matching policy in offer mode: nobody is promised anything before a driver accepts.
    pub(crate) fn policy(&self) -> SoloPolicy {
        SoloPolicy { rebalance: None, rematch: self.config.better_car_s.is_some(), ..SoloPolicy::default() }
    }

    /// Shows a driver on the map as he stands; a silent one stays away until he speaks.
    pub(crate) fn show(&self, entry: &Entry) {
        let stands = entry.stands();
        let shown = self.supply.get(entry.ix).map(|d| d.state);
        let silent = shown == Some(DriverState::Offline) && stands != DriverState::Offline;
        if shown != Some(stands)
            && !silent
            && let Err(error) = self.supply.set_state(entry.ix, stands, self.clock.now())
        {
            tracing::error!(driver = %entry.reference.id, %error, "the supply refused a state");
        }
    }
}

/// Ends the tasks with the last handle.
struct Tasks(Vec<AbortHandle>);

impl Drop for Tasks {
    fn drop(&mut self) {
        self.0.iter().for_each(AbortHandle::abort);
    }
}

/// A running city. Cheap to clone; it stops with the last clone.
#[derive(Clone)]
pub struct LiveCity {
    shared: Arc<Shared>,
    asks: mpsc::UnboundedSender<Ask>,
    _tasks: Arc<Tasks>,
}

impl LiveCity {
    /// Starts a city and goes on from what its store holds.
    ///
    /// `wall` is real time: leases run by it. `owner` names this process to others that could run
    /// the same city; a name that survives a restart gets the city back at once.
    pub async fn start(
        map: CityMap,
        config: LiveConfig,
        clock: CityClock,
        wall: SharedClock,
        orders: Orders,
        journal: Journal,
        owner: &str,
    ) -> Result<Self, LiveError> {
        config.check()?;
        let watchers = Watchers::new(&map)?;
        let supply = Supply::new(SupplyConfig { heartbeat_ms: ms(config.heartbeat_s), ..SupplyConfig::default() })?;
        let shared = Arc::new(Shared {
            standing: Standing::new(map.id()),
            roster: Roster::default(),
            garage: Garage::default(),
            book: Book::default(),
            suggestions: Suggestions::default(),
            surge: Surge::new(&map, &config),
            counters: Counters::default(),
            relay_wake: Arc::new(Notify::new()),
            supply,
            map,
            config,
            clock,
            wall: Arc::clone(&wall),
            orders,
            journal,
        });
        let mut tenure = Tenure::new(shared.map.id(), owner, ms(shared.config.lease_wall_s), wall);
        let desk = match tenure.look_after(&shared.orders, &shared.standing).await {
            crate::live::tenure::Turn::Without => Desk::default(),
            _ => shared.recover().await?,
        };
        shared.counters.resume_waiting(desk.waiting());
        let (sender, asks) = mpsc::unbounded_channel();
        surge::read_history(&shared, sender.downgrade());
        let never = Timestamp::from_millis(i64::MIN);
        let wall_now = shared.wall.now();
        let runner = Runner {
            shared: Arc::clone(&shared),
            asks,
            tenure,
            recents: Recents::from_open(desk.open()),
            outlooks: Outlooks::new(),
            touched: Touched::new(),
            desk,
            next_batch: never,
            windows: Windows::default(),
            next_spread: never,
            next_surge: never,
            watchers,
            tell: sender.downgrade(),
            next_compare: wall_now.plus_ms(COMPARE_MS),
            pause_until: never,
        };
        let relay = Relay {
            city: shared.map.id().to_owned(),
            stream: stream(shared.map.id()),
            store: shared.orders.store().clone(),
            journal: shared.journal.clone(),
            wake: Arc::clone(&shared.relay_wake),
        };
        // Reviews come seldom: nobody wakes their relay, it looks by itself.
        let reviews = Relay {
            city: relay.city.clone(),
            stream: doorstep_ratings::stream(&relay.city),
            store: relay.store.clone(),
            journal: relay.journal.clone(),
            wake: Arc::default(),
        };
        let prices = Relay {
            city: relay.city.clone(),
            stream: surge::stream(&relay.city),
            store: relay.store.clone(),
            journal: relay.journal.clone(),
            wake: Arc::default(),
        };
        let owns = |shared: &Arc<Shared>| {
            let shared = Arc::clone(shared);
            move || shared.standing.is_owner()
        };
        let tasks = vec![
            tokio::spawn(runner.run()).abort_handle(),
            tokio::spawn(relay.run(owns(&shared))).abort_handle(),
            tokio::spawn(reviews.run(owns(&shared))).abort_handle(),
            tokio::spawn(prices.run(owns(&shared))).abort_handle(),
        ];
        Ok(Self { shared, asks: sender, _tasks: Arc::new(Tasks(tasks)) })
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    /// The city's id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.shared.map.id()
    }

    /// Roads, names, prices.
    #[must_use]
    pub fn map(&self) -> &CityMap {
        &self.shared.map
    }

    /// How it is run.
    #[must_use]
    pub fn config(&self) -> &LiveConfig {
        &self.shared.config
    }

    /// Its time.
    #[must_use]
    pub fn clock(&self) -> &CityClock {
        &self.shared.clock
    }

    /// The orders it works on.
    #[must_use]
    pub fn orders(&self) -> &Orders {
        &self.shared.orders
    }

    /// Where its events go.
    #[must_use]
    pub fn journal(&self) -> &Journal {
        &self.shared.journal
    }

    /// The journal stream of its order events.
    #[must_use]
    pub fn stream(&self) -> String {
        stream(self.id())
    }

    /// Whether this process runs the city.
    #[must_use]
    pub fn is_owner(&self) -> bool {
        self.shared.standing.is_owner()
    }

    /// Refuses, naming the owner, when another process runs the city.
    pub fn require_owner(&self) -> Result<(), LiveError> {
        self.shared.standing.require()
    }

    /// Takes positions of drivers; one answer for each, in their order. Waits for nothing.
    #[must_use]
    pub fn report_positions(&self, tenant: &str, reports: &[PositionReport]) -> Vec<Result<(), PositionRefusal>> {
        self.shared.report(tenant, reports)
    }

    /// Where drivers had best wait, as far as they were not told so yet: to be told with the answer to their positions.
    #[must_use]
    pub fn tell_suggestions(&self, tenant: &str, drivers: &[DriverId]) -> Vec<(DriverId, Suggestion)> {
        self.shared.tell_suggestions(tenant, drivers)
    }

    /// A signed price with the pickup time; refuses a ride that no car of the tenant's can ever serve. Reads only
    /// memory and waits for nothing.
    pub fn quote(&self, tenant: &str, wanted: &Wanted) -> Result<QuoteAnswer, LiveError> {
        self.require_owner()?;
        self.shared.quote(tenant, wanted)
    }

    /// Makes an order from a quote.
    pub async fn create(&self, tenant: &str, token: &str, new: NewOrder, actor: Actor) -> Result<Order, LiveError> {
        self.require_owner()?;
        let order = self.shared.orders.create(tenant, token, new, actor, self.shared.clock.now()).await?;
        self.order_changed(&order);
        Ok(order)
    }

    /// Gives a command to an order.
    pub async fn command(
        &self,
        tenant: &str,
        id: OrderId,
        command: Command,
        actor: Actor,
        expected: Option<i64>,
    ) -> Result<Order, LiveError> {
        self.require_owner()?;
        let order = self.shared.orders.command(tenant, id, command, actor, expected, self.shared.clock.now()).await?;
        self.order_changed(&order);
        Ok(order)
    }

    /// To be called after a transaction of the caller's own has changed an order of this city.
    pub fn order_changed(&self, order: &Order) {
        self.orders_changed(vec![order.clone()]);
    }

    /// The same for several.
    pub fn orders_changed(&self, orders: Vec<Order>) {
        // The loop is gone only when the city has stopped; the store keeps the change.
        let _ = self.asks.send(Ask::Changed(orders));
        self.shared.relay_wake.notify_one();
    }

    /// To be called after a driver of this city was registered, or his car has changed.
    pub fn driver_registered(&self, driver: &Driver) {
        self.shared.garage.note(&driver.tenant, driver.kind());
        let ix = self.shared.supply.intern(&driver.id.to_string(), driver.seats);
        self.shared.roster.note(driver, ix);
    }

    /// Begins, pauses or ends a shift.
    pub async fn set_shift(
        &self,
        tenant: &str,
        driver: DriverId,
        shift: Shift,
        position: Option<Point>,
    ) -> Result<Driver, LiveError> {
        self.require_owner()?;
        self.check_position(position)?;
        let known = self.shared.orders.get_driver(tenant, driver).await?;
        if known.city != self.id() {
            return Err(LiveError::OtherCity { driver: driver.to_string(), city: known.city });
        }
        let change = self.shared.orders.set_shift(tenant, driver, shift, position, self.shared.clock.now()).await?;
        self.shift_changed(&change)?;
        Ok(change.driver)
    }

    /// Many drivers begin their shift where they stand, in one transaction. The answers stand in
    /// the order of the drivers.
    pub async fn drivers_online(
        &self,
        tenant: &str,
        drivers: Vec<(DriverId, Point)>,
    ) -> Result<Vec<Result<Driver, LiveError>>, LiveError> {
        self.require_owner()?;
        let now = self.shared.clock.now();
        let city = self.id().to_owned();
        let owned = tenant.to_owned();
        let checked: Vec<(DriverId, Point, bool)> =
            drivers.into_iter().map(|(id, p)| (id, p, self.shared.map.covers(p))).collect();
        let wanted = checked.clone();
        let changes: Vec<Result<ShiftChange, OrdersError>> = self
            .shared
            .orders
            .write(move |orders, tx| {
                let mut changes = Vec::with_capacity(wanted.len());
                for (id, point, inside) in &wanted {
                    let known = match orders.get_driver_in(tx, &owned, *id) {
                        Err(OrdersError::Store(error)) => return Err(error.into()),
                        Ok(driver) if driver.city == city && *inside => driver,
                        Ok(_) | Err(_) => {
                            changes.push(Err(OrdersError::NotFound { what: "driver", id: id.to_string() }));
                            continue;
                        }
                    };
                    changes.push(Ok(orders.set_shift_in(tx, &owned, known.id, Shift::Online, Some(*point), now)?));
                }
                Ok(changes)
            })
            .await?;
        let mut answers = Vec::with_capacity(changes.len());
        for (change, (_, point, inside)) in changes.into_iter().zip(checked) {
            answers.push(match change {
                Ok(change) => self.shift_changed(&change).map(|()| change.driver),
                Err(_) if !inside => Err(self.outside(point)),
                Err(error) => Err(error.into()),
            });
        }
        Ok(answers)
    }

    /// Refuses a driver's position outside the city.
    pub fn check_position(&self, position: Option<Point>) -> Result<(), LiveError> {
        match position {
            Some(point) if !self.shared.map.covers(point) => Err(self.outside(point)),
            _ => Ok(()),
        }
    }

    fn outside(&self, point: Point) -> LiveError {
        let reason = self
            .shared
            .map
            .bbox
            .check(point)
            .err()
            .map_or_else(|| "it is outside the city".to_owned(), |e| e.to_string());
        LiveError::OutsideArea { field: "/position", reason }
    }

    /// To be called after a transaction of the caller's own has changed a driver's shift.
    pub fn shift_changed(&self, change: &ShiftChange) -> Result<(), LiveError> {
        let now = self.shared.clock.now();
        let driver = &change.driver;
        let ix = self.shared.supply.intern(&driver.id.to_string(), driver.seats);
        let entry = self.shared.roster.note(driver, ix);
        if !change.released.is_empty() {
            entry.set_order(None);
        }
        match driver.position {
            Some(point) if driver.shift == Shift::Online && driver.shift_at >= self.last_heard(ix) => {
                self.shared.supply.place(ix, entry.stands(), &Report::at(point, now), now)?;
            }
            _ => {
                self.shared.supply.set_state(ix, entry.stands(), now)?;
            }
        }
        if !change.released.is_empty() {
            self.orders_changed(change.released.clone());
        }
        Ok(())
    }

    fn last_heard(&self, ix: doorstep_dispatch::supply::DriverIx) -> Timestamp {
        self.shared.supply.get(ix).map_or(Timestamp::from_millis(i64::MIN), |d| d.at)
    }

    /// The city in a tenant's figures.
    #[must_use]
    pub fn stats(&self, tenant: &str) -> Stats {
        self.shared.counters.stats(tenant, self.shared.clock.now(), self.shared.heads(tenant))
    }

    /// A picture for a tenant's map, of the whole city or of a box.
    pub async fn map_frame(&self, tenant: &str, within: Option<BoundingBox>) -> Result<MapFrame, LiveError> {
        let (reply, lines) = oneshot::channel();
        let stopped = || LiveError::Stopped { city: self.id().to_owned() };
        self.asks.send(Ask::Lines(tenant.to_owned(), within, reply)).map_err(|_| stopped())?;
        let orders = lines.await.map_err(|_| stopped())?;
        let on_map = match within {
            Some(bbox) => self.shared.supply.within(&bbox, &Filter::any()),
            None => self.shared.supply.drivers(&Filter::any()),
        };
        let entries = self.shared.roster.at_all(on_map.iter().map(|d| d.ix));
        let ours = on_map.iter().zip(entries).filter_map(|(d, e)| e.filter(|e| *e.tenant == *tenant).map(|e| (d, e)));
        let drivers = ours.map(|(d, e)| driver_line(e.reference.id, d)).collect();
        let stats = self.stats(tenant);
        Ok(MapFrame { kind: "frame", now: stats.now, drivers, orders, stats })
    }

    /// A driver as he is at this moment; `None` if this city has not heard of him.
    #[must_use]
    pub fn driver_live(&self, driver: DriverId) -> Option<DriverLive> {
        let entry = self.shared.roster.find(driver)?;
        let seen = self.shared.supply.get(entry.ix);
        let on_map = seen.as_ref().filter(|d| d.state != DriverState::Offline);
        Some(DriverLive {
            position: on_map.map(|d| d.point),
            bearing_deg: on_map.and_then(|d| d.bearing_deg),
            state: on_map.map_or("offline", |d| word(d.state)),
            at: seen.as_ref().map(|d| d.at),
            suggestion: self.shared.suggestion(driver),
        })
    }

    /// Where a driver with shared rides goes, stop by stop; no stops where he has none.
    #[must_use]
    pub fn driver_route(&self, driver: DriverId) -> DriverRoute {
        self.shared.driver_route(driver)
    }

    /// Of these drivers those whose route has changed since they were told: to be told with the answer to their
    /// positions.
    #[must_use]
    pub fn tell_routes(&self, tenant: &str, drivers: &[DriverId]) -> Vec<DriverId> {
        self.shared.tell_routes(tenant, drivers)
    }

    /// What happened to a driver, newest first.
    pub async fn driver_story(
        &self,
        tenant: &str,
        driver: DriverId,
        limit: usize,
    ) -> Result<Vec<StoryLine>, LiveError> {
        Ok(self.shared.orders.driver_story(tenant, driver, limit).await?)
    }

    /// Gives the city back, so that another process can take it at once, and ends.
    pub async fn shutdown(&self) {
        let (done, ended) = oneshot::channel();
        if self.asks.send(Ask::Stop(done)).is_ok() {
            // An error means that the loop ended on its own.
            let _ = ended.await;
        }
    }
}

fn stream(city: &str) -> String {
    format!("orders.{city}")
}
