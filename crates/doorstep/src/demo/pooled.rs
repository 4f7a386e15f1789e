//! Taxis that follow a route of several stops: the same fleet where the city lets riders share.
//!
//! A taxi reads its route, drives to the first stop, does what is to be done there and reads the route again: so it
//! follows every change. That there is one in between, the answer to its position says.

use doorstep_geo::Point;

use super::client::{CallError, Client, OrderView, RouteView, StopsView};
use super::fleet::{Answer, BOARDS_MS, Fleet, THINKS_MS, act};
use super::motion::Drive;
use super::taxi::{Doing, Stop};

/// How long a driver waits before asking again when a call was refused, milliseconds of city time.
const ASKS_AGAIN_MS: i64 = 3_000;

impl Fleet {
    /// Takes up the routes that were under way when the demo was stopped.
    pub(super) fn resume_routes(&mut self, open: Vec<OrderView>) {
        for order in open {
            let Some(&ix) = order.driver.as_ref().and_then(|d| self.by_id.get(&d.id)) else { continue };
            if order.state == "offered" {
                self.think(ix, order);
            } else if !self.taxis[ix].look {
                self.call_next(ix, None);
                self.taxis[ix].look = true;
            }
        }
    }

    /// Hears of an offer, or that it is void. All else is read from the route.
    pub(super) fn hear_of_route(&mut self, order: OrderView) {
        let named = order.driver.as_ref().and_then(|d| self.by_id.get(&d.id)).copied();
        let offered = order.state == "offered";
        if let Some(ix) = self.by_order.get(&order.id).copied()
            && !(offered && named == Some(ix))
        {
            self.by_order.remove(&order.id);
            if matches!(&self.taxis[ix].doing, Doing::Thinking { order: thought, .. } if *thought == order.id) {
                self.stand(ix);
            }
        }
        let Some(ix) = named.filter(|_| offered) else { return };
        if self.taxis[ix].is_free() {
            self.think(ix, order);
        } else {
            // The taxi has set its last rider down and does not know yet that the city knows.
            self.spawn(ix, move |client, _, driver| async move {
                let done = act(&client, &order.id, "accept", &driver).await;
                Answer::NextAccepted(order.id, done)
            });
        }
    }

    fn think(&mut self, ix: usize, order: OrderView) {
        use rand::RngExt as _;
        self.by_order.insert(order.id.clone(), ix);
        let at = self.now() + self.rng.random_range(THINKS_MS);
        self.turn(ix, Doing::Thinking { order: order.id, pickup: order.pickup, dropoff: order.dropoff }, Some(at));
    }

    /// The city says that a driver's route is another.
    pub(super) fn rerouted(&mut self, driver: &str) {
        let Some(&ix) = self.by_id.get(driver) else { return };
        match self.taxis[ix].doing {
            Doing::ToStop { .. } => self.call_next(ix, None),
            _ if self.taxis[ix].is_free() => self.call_next(ix, None),
            // It reads the route anyway when it is done with what it does.
            _ => self.taxis[ix].look = true,
        }
    }

    /// Accepts an offer and sets out.
    pub(super) fn call_take(&mut self, ix: usize, order: String) {
        let (from, _) = self.taxis[ix].place(self.now());
        self.by_order.remove(&order);
        self.call(ix, Some(order.clone()), from, from, move |client, city, driver| async move {
            Answer::Stop(match act(&client, &order, "accept", &driver).await {
                Ok(()) => next(&client, &city, &driver, from).await,
                Err(error) => Err(error),
            })
        });
    }

    /// Does what is to be done at a stop, if anything, and looks up the next one.
    pub(super) fn call_next(&mut self, ix: usize, done: Option<(Stop, &'static str)>) {
        let (from, _) = self.taxis[ix].place(self.now());
        self.taxis[ix].look = false;
        let order = done.as_ref().map_or_else(String::new, |(stop, _)| stop.order.clone());
        self.call(ix, Some(order), from, from, move |client, city, driver| async move {
            if let Some((stop, what)) = done
                && let Err(error) = act(&client, &stop.order, what, &driver).await
            {
                return Answer::Stop(Err(error));
            }
            Answer::Stop(next(&client, &city, &driver, from).await)
        });
    }

    /// The taxi is at a stop.
    pub(super) fn call_stop(&mut self, ix: usize, stop: Stop) {
        if !stop.pickup {
            return self.call_next(ix, Some((stop, "complete")));
        }
        let order = stop.order.clone();
        self.call(ix, Some(order), stop.place, stop.place, move |client, _, driver| async move {
            let done = act(&client, &stop.order, "arrive", &driver).await;
            Answer::AtStop(stop, done)
        });
    }

    pub(super) fn at_stop(&mut self, ix: usize, stop: Stop, done: Result<(), CallError>) {
        use rand::RngExt as _;
        match done {
            // An earlier start of the demo may have been at the door already.
            Err(CallError::Problem { code, .. }) if code != "illegal_transition" => self.ask_again(ix),
            Err(CallError::Lost(_)) => self.ask_again(ix),
            _ => {
                let ready = self.now() + self.rng.random_range(BOARDS_MS);
                self.turn(ix, Doing::AtStop { stop }, Some(ready));
            }
        }
    }

    pub(super) fn next_stop(&mut self, ix: usize, next: Result<Option<(Stop, RouteView)>, CallError>) {
        match next {
            Ok(Some((stop, route))) => {
                let points = route.geometry.iter().filter_map(|[lon, lat]| Point::new(*lat, *lon).ok()).collect();
                let drive = Drive::new(points, self.now(), route.time_s);
                let ends = drive.ends_ms();
                self.turn(ix, Doing::ToStop { stop, drive }, Some(ends));
                if self.taxis[ix].look {
                    self.call_next(ix, None);
                }
            }
            Ok(None) if self.taxis[ix].look => self.call_next(ix, None),
            Ok(None) => self.stand(ix),
            // The rider called off, or the route has changed under way: the city knows.
            Err(error) => {
                tracing::debug!(taxi = self.taxis[ix].id, %error, "a call was refused");
                self.ask_again(ix);
            }
        }
    }

    fn ask_again(&mut self, ix: usize) {
        self.taxis[ix].look = true;
        let at = self.now() + ASKS_AGAIN_MS;
        self.turn(ix, Doing::Standing, Some(at));
    }
}

/// The first stop of a driver's route and the way there; nothing where the route is empty.
async fn next(client: &Client, city: &str, driver: &str, from: Point) -> Result<Option<(Stop, RouteView)>, CallError> {
    let route: StopsView = client.get(&format!("/v1/drivers/{driver}/route")).await?;
    let Some(first) = route.stops.into_iter().next() else { return Ok(None) };
    let way = client.route(city, from, first.place).await?;
    let stop = Stop { order: first.order, pickup: first.kind == "pickup", place: first.place };
    Ok(Some((stop, way)))
}
