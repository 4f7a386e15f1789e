//! The loop: one task owns the desk, looks after what is due and decides the batches.

use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::{Timestamp, monotonic};
use doorstep_dispatch::matching::SoloPolicy;
use doorstep_dispatch::supply::DriverState;
use doorstep_geo::BoundingBox;
use doorstep_orders::{Command, DriverId, EventKind, Order, OrdersError, Shift, State};
use doorstep_store::StoreError;
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;

use crate::live::batch::{MANY_OFFERS, Pair};
use crate::live::config::ms;
use crate::live::desk::Desk;
use crate::live::frame::{OrderLine, order_line};
use crate::live::metrics;
use crate::live::offers::{self, Outcome};
use crate::live::routes::{Outlooks, Touched};
use crate::live::service::Shared;
use crate::live::suggestions::Recents;
use crate::live::surge::{self, Asking, Watchers};
use crate::live::tenure::{Tenure, Turn};
use crate::live::windows::Windows;

/// How often the loop looks at the clock, wall time. The city's clock may run 60 times as fast.
const LOOK: Duration = Duration::from_millis(25);
/// Rest after a failure of the store, wall milliseconds.
pub(crate) const PAUSE_MS: i64 = 500;

/// How often the desk is compared with the store, wall milliseconds: news can get lost when the
/// answer to a commit does.
pub(crate) const COMPARE_MS: i64 = 15_000;

/// What the loop is told and asked.
pub(crate) enum Ask {
    /// Orders that were changed in the store.
    Changed(Vec<Order>),
    /// Open orders of a tenant, inside a box if one is given.
    Lines(String, Option<BoundingBox>, oneshot::Sender<Vec<OrderLine>>),
    /// What was asked for in the past weeks, oldest first.
    History(Vec<Asking>),
    /// Give the city back and end.
    Stop(oneshot::Sender<()>),
}

/// The loop's own things.
pub(crate) struct Runner {
    pub(crate) shared: Arc<Shared>,
    pub(crate) asks: mpsc::UnboundedReceiver<Ask>,
    pub(crate) tenure: Tenure,
    pub(crate) desk: Desk,
    pub(crate) recents: Recents,
    pub(crate) outlooks: Outlooks,
    /// Drivers whose orders have changed and whose stops were not looked at yet.
    pub(crate) touched: Touched,
    pub(crate) next_batch: Timestamp,
    pub(crate) windows: Windows,
    pub(crate) next_spread: Timestamp,
    pub(crate) next_surge: Timestamp,
    pub(crate) watchers: Watchers,
    pub(crate) tell: mpsc::WeakUnboundedSender<Ask>,
    pub(crate) next_compare: Timestamp,
    pub(crate) pause_until: Timestamp,
}

impl Runner {
    /// Runs until it is told to stop or nobody can ask any more.
    pub(crate) async fn run(mut self) {
        let mut look = tokio::time::interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                ask = self.asks.recv() => match ask {
                    None => return,
                    Some(Ask::Stop(done)) => return self.stop(done).await,
                    Some(ask) => self.hear(ask),
                },
                _ = look.tick() => if let Some(done) = self.turn().await {
                    return self.stop(done).await;
                },
            }
        }
    }

    async fn stop(mut self, done: oneshot::Sender<()>) {
        self.tenure.give_back(&self.shared.orders, &self.shared.standing).await;
        // Whoever asked may have stopped waiting.
        let _ = done.send(());
    }

    fn hear(&mut self, ask: Ask) {
        match ask {
            Ask::Changed(orders) => {
                orders.into_iter().for_each(|order| self.learn(order));
                self.mend_touched();
            }
            Ask::Lines(tenant, within, reply) => {
                let now = self.shared.clock.now();
                let inside = |o: &&Order| within.is_none_or(|b| b.contains(o.pickup) || b.contains(o.dropoff));
                let ours = |o: &&Order| o.tenant == tenant;
                let lines = self.desk.open().filter(ours).filter(inside).map(|o| order_line(o, now)).collect();
                // Whoever asked may have gone.
                let _ = reply.send(lines);
            }
            Ask::History(past) => self.watchers.look_back(&past),
            Ask::Stop(_) => {}
        }
    }

    /// Takes news of an order: the desk, the drivers it concerns, the counters.
    pub(crate) fn learn(&mut self, order: Order) {
        let seen = order.clone();
        let Some(change) = self.desk.learn(order) else {
            return;
        };
        self.shared.counters.count(&change.news, &seen);
        if change.news.contains(&EventKind::Requested) {
            self.recents.note(&seen);
            self.watchers.ordered(&seen);
        }
        if let Some(driver) = change.left {
            if seen.state == State::Searching {
                let until = self.shared.clock.now().plus_ms(ms(self.shared.config.decline_rest_s));
                self.desk.rest(seen.id, driver, until);
            }
            self.stand(driver);
        }
        if let Some(driver) = change.holds {
            self.stand(driver);
        }
        self.touched.extend(change.left.into_iter().chain(change.holds));
        if self.shared.config.pooled.is_some() && seen.state == State::Accepted && seen.route.is_none() {
            // There is a route now: who else fits on it is decided at once.
            self.next_batch = self.shared.clock.now();
        }
        self.shared.counters.waiting(&seen.tenant, self.desk.waiting_of(&seen.tenant));
    }

    /// Shows a driver in the state that follows from his order and shift.
    fn stand(&self, driver: DriverId) {
        if let Some(entry) = self.shared.roster.find(driver) {
            entry.set_order(self.desk.order_of(driver).map(|o| o.state));
            self.shared.show(&entry);
        }
    }

    /// Drains what was said while something else was done; a wish to stop is handed back.
    pub(crate) fn catch_up(&mut self) -> Option<oneshot::Sender<()>> {
        while let Ok(ask) = self.asks.try_recv() {
            match ask {
                Ask::Stop(done) => return Some(done),
                ask => self.hear(ask),
            }
        }
        None
    }

    /// One look at the clock: the lease, what is due, a batch if it is time for one.
    async fn turn(&mut self) -> Option<oneshot::Sender<()>> {
        self.keep_the_hour();
        match self.tenure.look_after(&self.shared.orders, &self.shared.standing).await {
            Turn::Without => return self.catch_up(),
            Turn::Kept => {}
            Turn::Gained => match self.shared.recover().await {
                Ok(desk) => {
                    self.shared.counters.resume_waiting(desk.waiting());
                    self.recents = Recents::from_open(desk.open());
                    self.outlooks.clear();
                    self.desk = desk;
                    self.watchers.wait_for_past();
                    surge::read_history(&self.shared, self.tell.clone());
                }
                Err(error) => {
                    tracing::error!(city = self.shared.map.id(), %error, "cannot read the city from its store");
                    self.tenure.give_back(&self.shared.orders, &self.shared.standing).await;
                    return None;
                }
            },
        }
        if self.shared.wall.now() < self.pause_until {
            return None;
        }
        // First the time, then the news: what was said before this moment is in.
        let now = self.shared.clock.now();
        let stop = self.catch_up();
        if stop.is_some() {
            return stop;
        }
        if self.shared.wall.now() >= self.next_compare {
            self.next_compare = self.shared.wall.now().plus_ms(COMPARE_MS);
            self.compare().await;
        }
        self.notice_silence(now);
        let due = self.due(now);
        self.write(due, now).await;
        let mut stop = None;
        if now >= self.next_batch {
            self.next_batch = now.plus_ms(ms(self.shared.tick_s()));
            stop = match self.shared.config.pooled {
                Some(pooled) => self.plan_routes(pooled, now).await,
                None => self.batch(now).await,
            };
        }
        if stop.is_none() && self.shared.config.rebalance_s > 0.0 && now >= self.next_spread {
            self.next_spread = now.plus_ms(ms(self.shared.rebalance_s()));
            self.spread(now).await;
        }
        if stop.is_none() && self.shared.config.surge_s > 0.0 && now >= self.next_surge {
            self.next_surge = now.plus_ms(ms(self.shared.surge_s()));
            self.resurge(now).await;
        }
        metrics::waiting(self.shared.map.id(), self.desk.waiting().values().sum::<usize>() as u64);
        stop
    }

    /// Sees to it that the roads have the times of the hour. They are worked out beside the loop, which goes on with
    /// the old ones until then.
    fn keep_the_hour(&self) {
        let (roads, now) = (self.shared.map.roads.clone(), self.shared.clock.now());
        if roads.begin_switch(now) {
            let city = self.shared.map.id().to_owned();
            tokio::task::spawn_blocking(move || {
                let started = monotonic();
                roads.switch(now);
                tracing::info!(city, ms = started.elapsed().as_secs_f64() * 1e3, "a new hour on the roads");
            });
        }
    }

    /// Learns what the store knows and the desk does not.
    async fn compare(&mut self) {
        if let Err(error) = self.shared.renew_garage().await {
            tracing::warn!(city = self.shared.map.id(), %error, "cannot read the kinds of cars, it is done later");
        }
        match self.shared.newer_than(&self.desk).await {
            Ok(orders) => {
                orders.into_iter().for_each(|order| self.learn(order));
                self.mend_touched();
            }
            Err(error) => {
                tracing::warn!(city = self.shared.map.id(), %error, "cannot compare with the store, it is done later")
            }
        }
    }

    /// Drivers who went silent, by city time but never sooner than the wall's least.
    fn notice_silence(&mut self, now: Timestamp) {
        let config = &self.shared.config;
        let least_s = config.heartbeat_wall_s * self.shared.clock.speed();
        let slack_ms = ms((least_s - config.heartbeat_s).max(0.0));
        let roster = &self.shared.roster;
        for gone in self.shared.supply.expire(now.plus_ms(-slack_ms)) {
            if let Some(entry) = roster.at(gone.driver) {
                tracing::debug!(driver = %entry.reference.id, was = gone.was.as_str(), "silent");
                self.desk.silent(entry.reference.id);
            }
        }
        let supply = &self.shared.supply;
        self.desk.keep_silent(|driver| {
            roster.find(driver).and_then(|e| supply.get(e.ix)).is_some_and(|d| d.state == DriverState::Offline)
        });
    }

    fn due(&self, now: Timestamp) -> Vec<(Order, Command)> {
        let roster = &self.shared.roster;
        let on_shift = |driver: DriverId| roster.find(driver).is_some_and(|e| e.shift() == Shift::Online);
        self.desk.due(now, ms(self.shared.config.max_wait_s), on_shift)
    }

    async fn batch(&mut self, now: Timestamp) -> Option<oneshot::Sender<()>> {
        let (shared, windows) = (Arc::clone(&self.shared), &mut self.windows);
        let plans = self.shared.plans(&self.desk, now, |tenant| match shared.window_s(tenant) {
            Some(window_s) => {
                let ends = windows.ends(tenant, now, window_s);
                if ends {
                    metrics::window(shared.map.id(), window_s);
                }
                ends
            }
            None => true,
        });
        if plans.is_empty() {
            return None;
        }
        let started = monotonic();
        let (hour, policy) = (self.shared.map.roads.now(), self.shared.policy());
        let decided = tokio::task::spawn_blocking(move || {
            plans.iter().flat_map(|plan| plan.decide(hour.times().as_ref(), &policy)).collect::<Vec<Pair>>()
        })
        .await;
        let seconds = monotonic().duration_since(started).as_secs_f64();
        let pairs = match decided {
            Ok(pairs) => pairs,
            Err(error) => {
                tracing::error!(city = self.shared.map.id(), %error, "the matching failed, its riders wait for the next one");
                return None;
            }
        };
        let stop = self.catch_up();
        let mut commands: Vec<_> =
            pairs.iter().filter_map(|pair| self.shared.command_for(&self.desk, pair, now)).collect();
        // A car that is released comes before the order that waits for it.
        commands.sort_by_key(|(_, command)| matches!(command, Command::Offer { .. }));
        if commands.len() >= MANY_OFFERS {
            self.windows.cut();
            self.next_batch = now;
        }
        self.shared.counters.batch(seconds * 1_000.0);
        metrics::batch(self.shared.map.id(), seconds, commands.len());
        self.write(commands, now).await;
        stop
    }

    /// Decides where idle drivers had best wait.
    async fn spread(&mut self, now: Timestamp) {
        let policy = SoloPolicy::default();
        let Some(rebalance) = &policy.rebalance else { return };
        let spreads = self.shared.spreads(&self.desk, &mut self.recents, now, rebalance);
        if spreads.is_empty() {
            return;
        }
        let hour = self.shared.map.roads.now();
        let decided = tokio::task::spawn_blocking(move || {
            spreads.iter().map(|spread| spread.decide(hour.times().as_ref(), &policy)).collect::<Vec<_>>()
        });
        match decided.await {
            Ok(decided) => {
                for (looked_at, moves) in decided {
                    metrics::suggested(self.shared.map.id(), moves.len());
                    self.shared.suggest(&looked_at, moves, now);
                }
            }
            Err(error) => tracing::error!(city = self.shared.map.id(), %error, "where idle cars wait was not decided"),
        }
    }

    /// Writes commands in one transaction and takes in what came of them.
    async fn write(&mut self, commands: Vec<(Order, Command)>, now: Timestamp) {
        let Some(lease) = self.tenure.lease().filter(|_| !commands.is_empty()) else {
            return;
        };
        match offers::write(&self.shared.orders, lease, commands, now).await {
            Ok(outcomes) => {
                self.shared.relay_wake.notify_one();
                for outcome in outcomes {
                    match outcome {
                        Outcome::Changed(order) | Outcome::Overtaken(order) => self.learn(order),
                        Outcome::Refused(refusal) => {
                            tracing::debug!(city = self.shared.map.id(), %refusal, "decided too late")
                        }
                    }
                }
                self.mend_touched();
            }
            Err(OrdersError::Store(StoreError::LeaseLost { .. })) => self.tenure.lost(&self.shared.standing),
            Err(error) => {
                tracing::warn!(city = self.shared.map.id(), %error, "the store did not take the decisions, they are made again");
                self.pause_until = self.shared.wall.now().plus_ms(PAUSE_MS);
            }
        }
    }
}
