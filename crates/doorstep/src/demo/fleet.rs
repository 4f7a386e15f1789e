//! The drivers' side of the demo: a fleet company's app with many taxis, as a client of the public API.
//!
//! One loop owns all taxis. It hears the city's order events, wakes each taxi when its drive or its thought
//! ends, and makes the calls that a driver's app would make; answers come back to the loop.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::SeededRng;
use doorstep_geo::{Point, haversine_m};
use rand::RngExt as _;
use serde_json::{Value, json};
use tokio::sync::{Semaphore, mpsc, watch};
use tracing::debug;

use super::client::{CallError, CityTime, Client, OrderEvent, OrderView, RouteView};
use super::motion::Drive;
use super::script::Script;
use super::taxi::{Doing, Next, Stop, Taxi};

/// Calls of drivers under way at once.
const AT_ONCE: usize = 64;
/// Of free taxis that look where to go, beside those: where the machine cannot keep up with the city's speed, answers
/// to offers must not wait behind them.
const WANDERING_AT_ONCE: usize = 8;
/// How long a driver looks at an offer, in milliseconds of city time.
pub(super) const THINKS_MS: std::ops::Range<i64> = 1_000..4_000;
/// How long a rider takes to get in.
pub(super) const BOARDS_MS: std::ops::Range<i64> = 5_000..20_000;
/// How long a driver stands before going where riders are.
const STANDS_MS: std::ops::Range<i64> = 20_000..180_000;
/// How long a driver stays where the city suggested to wait.
const STAYS_MS: std::ops::Range<i64> = 300_000..600_000;
/// A suggestion closer than this to where the taxi stands or drives anyway changes nothing, metres.
const SAME_PLACE_M: f64 = 60.0;
/// How far an idle driver goes, as the crow flies.
const CRUISE_M: f64 = 1_200.0;

/// What an API call brought. Opaque outside: it goes from the fleet's calls back to the fleet's loop.
pub(super) enum Answer {
    Accepted(Result<RouteView, CallError>),
    Arrived(Result<(), CallError>),
    PickedUp(Result<RouteView, CallError>),
    Completed(Result<(), CallError>),
    Corner(Result<RouteView, CallError>),
    Suggested(Result<RouteView, CallError>),
    /// The ride that follows the present one, by its order.
    NextAccepted(String, Result<(), CallError>),
    /// The next stop of the route, and the way there.
    Stop(Result<Option<(Stop, RouteView)>, CallError>),
    /// The car is at the pickup of this stop.
    AtStop(Stop, Result<(), CallError>),
}

/// What the city has still to hear before a taxi is on its way to a rider.
#[derive(Clone, Copy, PartialEq)]
enum Tell {
    AcceptAndDepart,
    Depart,
    Nothing,
}

/// The fleet and all that it needs.
pub(super) struct Fleet {
    client: Client,
    city: String,
    script: Arc<Script>,
    time: watch::Receiver<CityTime>,
    pub(super) rng: SeededRng,
    pub(super) taxis: Vec<Taxi>,
    /// Cars take several riders: the taxis follow their routes, see `pooled`.
    pub(super) pooled: bool,
    pub(super) by_id: HashMap<String, usize>,
    pub(super) by_order: HashMap<String, usize>,
    /// When which taxi has something to do, soonest first. Each entry carries the taxi's turn at the time
    /// of setting: one that a later turn has overtaken is passed over.
    alarms: BinaryHeap<Reverse<(i64, usize, u32)>>,
    turns: Vec<u32>,
    calls: Arc<Semaphore>,
    wandering: Arc<Semaphore>,
    answers: mpsc::UnboundedSender<(usize, u32, Answer)>,
}

/// Where the answers of a fleet's own calls come in. At most one call per taxi is under way, which bounds it.
pub(super) type Answers = mpsc::UnboundedReceiver<(usize, u32, Answer)>;

impl Fleet {
    /// A fleet of `taxis`, all standing.
    pub(super) fn new(
        client: Client,
        city: &str,
        script: Arc<Script>,
        seed: u64,
        time: watch::Receiver<CityTime>,
        taxis: Vec<Taxi>,
    ) -> (Self, Answers) {
        let (answers, incoming) = mpsc::unbounded_channel();
        let mut fleet = Self {
            client,
            city: city.to_owned(),
            script,
            time,
            rng: SeededRng::new(seed, "demo.fleet"),
            turns: vec![0; taxis.len()],
            by_id: taxis.iter().enumerate().map(|(ix, t)| (t.id.clone(), ix)).collect(),
            by_order: HashMap::new(),
            pooled: false,
            taxis,
            alarms: BinaryHeap::new(),
            calls: Arc::new(Semaphore::new(AT_ONCE)),
            wandering: Arc::new(Semaphore::new(WANDERING_AT_ONCE)),
            answers,
        };
        let now = fleet.now();
        for ix in 0..fleet.taxis.len() {
            let after = fleet.rng.random_range(0..STANDS_MS.end);
            fleet.alarms.push(Reverse((now + after, ix, 0)));
        }
        (fleet, incoming)
    }

    /// City time in milliseconds.
    pub(super) fn now(&self) -> i64 {
        self.time.borrow().now_ms()
    }

    /// The taxis, for reporting their positions.
    pub(super) fn taxis(&self) -> &[Taxi] {
        &self.taxis
    }

    /// Takes up the rides that were under way when the demo was stopped.
    pub(super) fn resume(&mut self, mut open: Vec<OrderView>) {
        if self.pooled {
            return self.resume_routes(open);
        }
        // Whose rider is aboard comes first: another order of his is his next.
        open.sort_by_key(|order| order.state != "on_trip");
        for order in open {
            let Some(&ix) = order.driver.as_ref().and_then(|d| self.by_id.get(&d.id)) else { continue };
            let (pickup, dropoff) = (order.pickup, order.dropoff);
            self.by_order.insert(order.id.clone(), ix);
            if self.taxis[ix].order().is_some() {
                self.take_next(ix, order);
                continue;
            }
            let now = self.now();
            match order.state.as_str() {
                "offered" => self.turn(ix, Doing::Thinking { order: order.id, pickup, dropoff }, Some(now + 500)),
                "accepted" => self.call_accept(ix, order.id, pickup, dropoff, Tell::Depart),
                "arriving" => self.call_accept(ix, order.id, pickup, dropoff, Tell::Nothing),
                "arrived" => {
                    self.turn(ix, Doing::Boarding { order: order.id, pickup, dropoff }, Some(now + BOARDS_MS.start))
                }
                "on_trip" => self.call_trip(ix, order.id, pickup, dropoff, false),
                _ => {}
            }
        }
    }

    /// Hears an event of the city.
    pub(super) fn hear(&mut self, event: OrderEvent) {
        if self.pooled {
            return self.hear_of_route(event.order);
        }
        let order = event.order;
        let held = self.by_order.get(&order.id).copied();
        let named = order.driver.as_ref().and_then(|d| self.by_id.get(&d.id)).copied();
        if let Some(ix) = held
            && (named != Some(ix) || matches!(order.state.as_str(), "cancelled" | "no_driver"))
        {
            self.by_order.remove(&order.id);
            if self.taxis[ix].next.as_ref().is_some_and(|next| next.order == order.id) {
                self.taxis[ix].next = None;
            } else if self.taxis[ix].order() == Some(&order.id) {
                self.stand(ix);
            }
        }
        if let (Some(ix), "offered") = (named, order.state.as_str())
            && held != Some(ix)
            && !self.taxis[ix].is_free()
            && self.taxis[ix].next.is_none()
        {
            self.by_order.insert(order.id.clone(), ix);
            self.take_next(ix, order);
        } else if let (Some(ix), "offered") = (named, order.state.as_str())
            && held != Some(ix)
            && self.taxis[ix].is_free()
        {
            self.by_order.insert(order.id.clone(), ix);
            let after = self.rng.random_range(THINKS_MS);
            let at = self.now() + after;
            self.turn(ix, Doing::Thinking { order: order.id, pickup: order.pickup, dropoff: order.dropoff }, Some(at));
        }
    }

    /// Takes the ride that is to follow; the taxi goes on with the present one meanwhile.
    fn take_next(&mut self, ix: usize, order: OrderView) {
        let accepted = order.state != "offered";
        let next = Next { order: order.id.clone(), pickup: order.pickup, dropoff: order.dropoff, accepted };
        self.taxis[ix].next = Some(next);
        if !accepted {
            self.spawn(ix, move |client, _, driver| async move {
                let done = act(&client, &order.id, "accept", &driver).await;
                Answer::NextAccepted(order.id, done)
            });
        }
    }

    /// Sets out for the next ride, if the city has heard that it was taken.
    fn go_on(&mut self, ix: usize) {
        match self.taxis[ix].next.take() {
            Some(next) if next.accepted => {
                self.call_accept(ix, next.order, next.pickup, next.dropoff, Tell::Depart);
            }
            // The answer is on its way, or there is none.
            next => {
                self.taxis[ix].next = next;
                self.stand(ix);
            }
        }
    }

    /// Wakes every taxi whose time has come and tells when the next one will be (city milliseconds).
    pub(super) fn wake(&mut self) -> Option<i64> {
        let now = self.now();
        while let Some(Reverse((at, ix, turn))) = self.alarms.peek().copied() {
            if at > now {
                return Some(at);
            }
            self.alarms.pop();
            if self.turns[ix] == turn {
                self.act(ix);
            }
        }
        None
    }

    fn act(&mut self, ix: usize) {
        match self.taxis[ix].doing.clone() {
            Doing::Standing if self.taxis[ix].look => self.call_next(ix, None),
            Doing::ToStop { stop, .. } => self.call_stop(ix, stop),
            Doing::AtStop { stop } => self.call_next(ix, Some((stop, "pickup"))),
            Doing::Thinking { order, .. } if self.pooled => self.call_take(ix, order),
            Doing::Standing => self.call_corner(ix),
            Doing::Cruising(_) => self.stand(ix),
            Doing::Following(_) => {
                let until = self.now() + self.rng.random_range(STAYS_MS);
                self.turn(ix, Doing::Standing, Some(until));
            }
            Doing::Thinking { order, pickup, dropoff } => {
                self.call_accept(ix, order, pickup, dropoff, Tell::AcceptAndDepart);
            }
            Doing::ToPickup { order, pickup, dropoff, .. } => self.call_arrive(ix, order, pickup, dropoff),
            Doing::Boarding { order, pickup, dropoff } => self.call_trip(ix, order, pickup, dropoff, true),
            Doing::OnTrip { order, pickup, dropoff, .. } => self.call_complete(ix, order, pickup, dropoff),
            Doing::Calling { .. } => {}
        }
    }

    /// Takes in what a call brought. A taxi that was turned to something else in between does not care.
    pub(super) fn answer(&mut self, ix: usize, turn: u32, answer: Answer) {
        if let Answer::NextAccepted(order, done) = answer {
            return self.next_accepted(ix, &order, done);
        }
        if self.turns[ix] != turn {
            return;
        }
        let answer = match answer {
            Answer::Stop(next) => return self.next_stop(ix, next),
            Answer::AtStop(stop, done) => return self.at_stop(ix, stop, done),
            answer => answer,
        };
        let Doing::Calling { order, pickup, dropoff } = self.taxis[ix].doing.clone() else { return };
        let now = self.now();
        let drive = |route: &RouteView| {
            let points = route.geometry.iter().filter_map(|[lon, lat]| Point::new(*lat, *lon).ok()).collect();
            Drive::new(points, now, route.time_s)
        };
        match (answer, order) {
            (Answer::Corner(Ok(route)), _) => {
                let drive = drive(&route);
                let ends = drive.ends_ms();
                self.turn(ix, Doing::Cruising(drive), Some(ends));
            }
            (Answer::Suggested(Ok(route)), _) => {
                let drive = drive(&route);
                let ends = drive.ends_ms();
                self.turn(ix, Doing::Following(drive), Some(ends));
            }
            (Answer::Accepted(Ok(route)), Some(order)) => {
                let drive = drive(&route);
                let ends = drive.ends_ms();
                self.turn(ix, Doing::ToPickup { order, drive, pickup, dropoff }, Some(ends));
            }
            (Answer::Arrived(Ok(())), Some(order)) => {
                let ready = now + self.rng.random_range(BOARDS_MS);
                self.turn(ix, Doing::Boarding { order, pickup, dropoff }, Some(ready));
            }
            (Answer::PickedUp(Ok(route)), Some(order)) => {
                let drive = drive(&route);
                let ends = drive.ends_ms();
                self.turn(ix, Doing::OnTrip { order, drive, pickup, dropoff }, Some(ends));
            }
            (Answer::Completed(Ok(())), Some(order)) => {
                self.by_order.remove(&order);
                self.go_on(ix);
            }
            (
                Answer::Corner(Err(e))
                | Answer::Suggested(Err(e))
                | Answer::Accepted(Err(e))
                | Answer::PickedUp(Err(e))
                | Answer::Arrived(Err(e))
                | Answer::Completed(Err(e)),
                order,
            ) => {
                // A refusal is part of the business: the rider cancelled, or another car was quicker.
                debug!(taxi = self.taxis[ix].id, error = %e, "a call was refused");
                if let Some(order) = order {
                    self.by_order.remove(&order);
                }
                self.stand(ix);
            }
            (_, None) => self.stand(ix),
            (Answer::NextAccepted(..) | Answer::Stop(_) | Answer::AtStop(..), _) => {}
        }
    }

    fn next_accepted(&mut self, ix: usize, order: &str, done: Result<(), CallError>) {
        let Some(next) = self.taxis[ix].next.as_mut().filter(|next| next.order == order) else { return };
        match done {
            Ok(()) => {
                next.accepted = true;
                if self.taxis[ix].is_free() {
                    self.go_on(ix);
                }
            }
            Err(e) => {
                debug!(taxi = self.taxis[ix].id, error = %e, "the next ride was refused");
                self.by_order.remove(order);
                self.taxis[ix].next = None;
            }
        }
    }

    pub(super) fn stand(&mut self, ix: usize) {
        let until = self.now() + self.rng.random_range(STANDS_MS);
        self.turn(ix, Doing::Standing, Some(until));
    }

    pub(super) fn turn(&mut self, ix: usize, doing: Doing, alarm: Option<i64>) {
        let now = self.now();
        self.taxis[ix].turn_to(doing, now);
        self.turns[ix] = self.turns[ix].wrapping_add(1);
        if let Some(at) = alarm {
            self.alarms.push(Reverse((at, ix, self.turns[ix])));
        }
    }

    fn call_corner(&mut self, ix: usize) {
        let (from, _) = self.taxis[ix].place(self.now());
        let Some(to) = self.script.busy_corner(from, CRUISE_M, &mut self.rng) else { return self.stand(ix) };
        self.call(ix, None, from, to, move |client, city, _| async move {
            Answer::Corner(client.route(&city, from, to).await)
        });
    }

    /// The city suggests where to wait: a free taxi goes there.
    pub(super) fn suggest(&mut self, driver: &str, to: Point) {
        let Some(&ix) = self.by_id.get(driver).filter(|ix| self.taxis[**ix].is_free()) else { return };
        let (from, _) = self.taxis[ix].place(self.now());
        let going = match &self.taxis[ix].doing {
            Doing::Following(drive) | Doing::Cruising(drive) => drive.end().unwrap_or(from),
            // It has asked for a way already.
            Doing::Calling { .. } => return,
            _ => from,
        };
        if haversine_m(going, to) > SAME_PLACE_M {
            self.call(ix, None, from, to, move |client, city, _| async move {
                Answer::Suggested(client.route(&city, from, to).await)
            });
        }
    }

    /// Accepts an offer (unless that is done), sets out and looks up the way.
    fn call_accept(&mut self, ix: usize, order: String, pickup: Point, dropoff: Point, tell: Tell) {
        let (from, _) = self.taxis[ix].place(self.now());
        self.call(ix, Some(order.clone()), pickup, dropoff, move |client, city, driver| async move {
            Answer::Accepted(
                async {
                    if tell == Tell::AcceptAndDepart {
                        act(&client, &order, "accept", &driver).await?;
                    }
                    if tell != Tell::Nothing {
                        act(&client, &order, "depart", &driver).await?;
                    }
                    client.route(&city, from, pickup).await
                }
                .await,
            )
        });
    }

    fn call_arrive(&mut self, ix: usize, order: String, pickup: Point, dropoff: Point) {
        self.call(ix, Some(order.clone()), pickup, dropoff, move |client, _, driver| async move {
            Answer::Arrived(act(&client, &order, "arrive", &driver).await)
        });
    }

    /// The rider is in (unless the ride was under way already): off to the destination.
    fn call_trip(&mut self, ix: usize, order: String, pickup: Point, dropoff: Point, board: bool) {
        let from = if board { pickup } else { self.taxis[ix].place(self.now()).0 };
        self.call(ix, Some(order.clone()), pickup, dropoff, move |client, city, driver| async move {
            Answer::PickedUp(
                async {
                    if board {
                        act(&client, &order, "pickup", &driver).await?;
                    }
                    client.route(&city, from, dropoff).await
                }
                .await,
            )
        });
    }

    fn call_complete(&mut self, ix: usize, order: String, pickup: Point, dropoff: Point) {
        self.call(ix, Some(order.clone()), pickup, dropoff, move |client, _, driver| async move {
            Answer::Completed(act(&client, &order, "complete", &driver).await)
        });
    }

    pub(super) fn call<F>(
        &mut self,
        ix: usize,
        order: Option<String>,
        pickup: Point,
        dropoff: Point,
        make: impl FnOnce(Client, String, String) -> F,
    ) where
        F: Future<Output = Answer> + Send + 'static,
    {
        let places = Arc::clone(if order.is_none() { &self.wandering } else { &self.calls });
        self.turn(ix, Doing::Calling { order, pickup, dropoff }, None);
        self.spawn_in(places, ix, make);
    }

    /// Makes a call beside what the taxi does.
    pub(super) fn spawn<F>(&self, ix: usize, make: impl FnOnce(Client, String, String) -> F)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        self.spawn_in(Arc::clone(&self.calls), ix, make);
    }

    /// Makes a call when one of `places` is free.
    fn spawn_in<F>(&self, places: Arc<Semaphore>, ix: usize, make: impl FnOnce(Client, String, String) -> F)
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let (turn, answers) = (self.turns[ix], self.answers.clone());
        let call = make(self.client.clone(), self.city.clone(), self.taxis[ix].id.clone());
        tokio::spawn(async move {
            let Ok(_place) = places.acquire().await else { return };
            let answer = call.await;
            // Nobody listens any more only when the demo is being stopped.
            let _ = answers.send((ix, turn, answer));
        });
    }
}

pub(super) async fn act(client: &Client, order: &str, what: &str, driver: &str) -> Result<(), CallError> {
    let _: Value = client.post(&format!("/v1/orders/{order}/{what}"), json!({"driver": driver})).await?;
    Ok(())
}

/// Runs the fleet's loop: events in, answers in, taxis woken. Ends when the events end.
pub(super) async fn run(
    fleet: Arc<parking_lot::Mutex<Fleet>>,
    mut answers: Answers,
    mut events: mpsc::Receiver<OrderEvent>,
) {
    loop {
        let next = {
            let mut fleet = fleet.lock();
            let next = fleet.wake();
            let time = fleet.time.borrow();
            let wall_ms = match (next, time.speed()) {
                (Some(at), speed) if speed > 0.0 => (at - time.now_ms()) as f64 / speed,
                _ => 100.0,
            };
            Duration::from_millis(wall_ms.clamp(1.0, 100.0) as u64)
        };
        tokio::select! {
            event = events.recv() => match event {
                Some(event) => fleet.lock().hear(event),
                None => return,
            },
            Some((ix, turn, answer)) = answers.recv() => fleet.lock().answer(ix, turn, answer),
            () = tokio::time::sleep(next) => {}
        }
    }
}
