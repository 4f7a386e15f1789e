//! A city in numbers: riders come as they like, drivers decline, give back and are told other routes, and a judge who
//! knows nothing of the planner looks at what became of each promise.

#![allow(clippy::unwrap_used)]

use std::collections::HashSet;

use doorstep_clock::Timestamp;
use doorstep_dispatch::sharing::SharedPolicy;
use doorstep_geo::Point;
use doorstep_money::Currency;
use doorstep_orders::{
    Actor, CarKind, CarProfile, Command, DriverId, DriverRef, Order, OrderId, QuoteClaims, QuoteId, ReassignReason,
    RideNeeds, RideWishes, RiderRef, RouteStop, ShareClaims, SharePromise, State, WomenRides, machine,
};
use doorstep_pooling::fleet::PooledPolicy;
use doorstep_pricing::{SurgeMap, Tariff, Trip, price};
use doorstep_roads::{NodeIx, TravelTimes};
use proptest::prelude::*;

use super::mend::{Rules, corner, mend};
use super::scene::{CarSeen, Scene, Terms};

const SIDE: u32 = 8;
const EDGE_MS: i64 = 30_000;
const MAX_WAIT_MS: u32 = 240_000;
const MAX_DELAY_MS: u32 = 300_000;
const START: Timestamp = Timestamp::from_millis(1_384_790_400_000);

/// Eight by eight corners, half a minute from one to the next.
struct Grid;

impl TravelTimes for Grid {
    fn time_ms(&self, from: NodeIx, to: NodeIx) -> u32 {
        let apart = |a: u32, b: u32| a.abs_diff(b);
        (apart(from % SIDE, to % SIDE) + apart(from / SIDE, to / SIDE)) * EDGE_MS as u32
    }
}

/// One street further towards a corner.
fn step(from: NodeIx, to: NodeIx) -> NodeIx {
    let towards = |a: u32, b: u32| if a < b { a + 1 } else { a.saturating_sub(u32::from(a > b)) };
    let (x, y) = (towards(from % SIDE, to % SIDE), from / SIDE);
    if x == from % SIDE { towards(y, to / SIDE) * SIDE + x } else { y * SIDE + x }
}

#[derive(Debug, Clone)]
struct Asked {
    from: u32,
    to: u32,
    seats: u8,
    share: bool,
    needs: RideNeeds,
    wishes: RideWishes,
    /// Calls off in the tick after.
    cancels: bool,
}

struct Car {
    driver: DriverRef,
    kind: CarKind,
    node: NodeIx,
    stops: Vec<RouteStop>,
}

struct Town {
    now: Timestamp,
    terms: Terms,
    cars: Vec<Car>,
    orders: Vec<Order>,
    rests: HashSet<(OrderId, DriverId)>,
    shared_rides: usize,
}

fn order(asked: &Asked, now: Timestamp) -> Order {
    let (from, to) = (asked.from % (SIDE * SIDE), asked.to % (SIDE * SIDE));
    let to = if from == to { (to + 1) % (SIDE * SIDE) } else { to };
    let place = Point::new(40.7, -74.0).unwrap();
    let trip_ms = Grid.time_ms(from, to);
    let trip = Trip { pickup: place, dropoff: place, distance_m: 1_000, trip_ms, at: now, route: Vec::new() };
    let book = Tariff::standard(Currency::USD, "America/New_York").compile().unwrap();
    let price = price(&book, &SurgeMap::off(), &trip);
    let promise = SharePromise { max_wait_ms: MAX_WAIT_MS, max_delay_ms: MAX_DELAY_MS };
    let claims = QuoteClaims {
        id: QuoteId::generate(now),
        tenant: "ten".to_owned(),
        city: "grid".to_owned(),
        industry: "rides".to_owned(),
        pickup: place,
        dropoff: place,
        pickup_node: from,
        dropoff_node: to,
        seats: asked.seats,
        needs: asked.needs,
        wishes: asked.wishes,
        trip_ms,
        pickup_eta_ms: None,
        expires_at: now,
        share: Some(ShareClaims { price: price.clone(), promise, terms: None }),
        price,
    };
    let mut order = Order::from_quote(claims, RiderRef { name: "Ada".to_owned(), reference: None }, None, now);
    order.share = asked.share.then_some(promise);
    order
}

impl Town {
    fn new(cars: &[(u32, CarKind)], boarding_ms: i64) -> Self {
        let car = |(n, &(node, kind)): (usize, &(u32, CarKind))| Car {
            driver: DriverRef {
                id: DriverId::parse(&format!("drv_{n:032x}")).unwrap(),
                name: format!("Driver {n}"),
                plate: format!("T{n}"),
            },
            kind,
            node: node % (SIDE * SIDE),
            stops: Vec::new(),
        };
        Self {
            now: START,
            terms: Terms { boarding_ms, max_wait_ms: i64::from(MAX_WAIT_MS), seats: 4 },
            cars: cars.iter().enumerate().map(car).collect(),
            orders: Vec::new(),
            rests: HashSet::new(),
            shared_rides: 0,
        }
    }

    fn held(&self, driver: DriverId) -> Vec<&Order> {
        self.orders.iter().filter(|order| order.holder() == Some(driver)).collect()
    }

    fn give(&mut self, id: OrderId, command: &Command, actor: Actor) {
        let at = self.orders.iter().position(|order| order.id == id).unwrap();
        let before = self.orders[at].clone();
        let (after, _) = machine::apply(&before, command, actor, self.now).unwrap();
        // Who was accepted goes on having a car, whatever the planner thinks of next.
        if before.accepted_at.is_some() && actor == Actor::Dispatcher {
            assert!(after.holder().is_some() && after.accepted_at.is_some(), "an accepted rider was dropped");
            assert_eq!((before.pickup_by(), before.dropoff_by()), (after.pickup_by(), after.dropoff_by()));
        }
        if let Some(driver) = after.holder().filter(|driver| before.holder() != Some(*driver)) {
            let car = self.cars.iter().find(|car| car.driver.id == driver).unwrap();
            assert_eq!(car.kind.lacks(&after.asked()), [], "a car that lacks something");
        }
        self.orders[at] = after;
    }

    fn mend(&mut self, car: usize) {
        let Car { driver, node, stops, .. } = &self.cars[car];
        let mut held = self.held(driver.id);
        held.retain(|order| order.state != State::Offered);
        let rules = Rules {
            now: self.now,
            start: Some(*node),
            boarding_ms: self.terms.boarding_ms,
            max_wait_ms: self.terms.max_wait_ms,
            drive: &|from, to| i64::from(Grid.time_ms(from, to)),
        };
        self.cars[car].stops = mend(stops, &held, &rules);
    }

    fn mend_all(&mut self) {
        (0..self.cars.len()).for_each(|car| self.mend(car));
    }

    /// The live decision, and what drivers say to it.
    fn decide(&mut self, says: &mut impl FnMut() -> bool) {
        let cars = self.cars.iter().map(|car| CarSeen {
            driver: car.driver.clone(),
            kind: car.kind,
            node: car.node,
            held: self.held(car.driver.id).iter().map(|order| order.id).collect(),
            stops: car.stops.clone(),
        });
        let open: Vec<Order> = self.orders.iter().filter(|order| order.state.is_open()).cloned().collect();
        let scene = Scene::new("ten", self.now, cars.collect(), open, &self.rests, self.terms);
        let plan = PooledPolicy { work: 2_000, most_stops: 16, ..PooledPolicy::default() };
        let policy = SharedPolicy { plan, rebalance: None, ..SharedPolicy::default() };
        let proposals = scene.decide(&Grid, &policy, &mut || false);
        let changes = {
            let find = |id: OrderId| self.orders.iter().find(|order| order.id == id && order.state.is_open());
            let held = |driver| self.held(driver).iter().map(|order| order.id).collect();
            scene.changes(&proposals, self.now.plus_ms(15_000), find, held).expect("nothing happened since")
        };
        for (order, command) in &changes.commands {
            if let Command::Offer { driver, .. } = command {
                assert!(self.held(driver.id).is_empty(), "only an empty car is asked");
            }
            self.give(order.id, command, Actor::Dispatcher);
        }
        for route in changes.routes {
            let car = self.cars.iter_mut().find(|car| car.driver.id == route.driver).unwrap();
            car.stops = route.stops;
        }
        self.mend_all();
        for (order, command) in changes.commands {
            let Command::Offer { driver, .. } = command else { continue };
            if says() {
                self.give(order.id, &Command::Accept { driver: driver.id }, Actor::Driver);
            } else {
                self.give(order.id, &Command::Decline { driver: driver.id, reason: None }, Actor::Driver);
                self.rests.insert((order.id, driver.id));
            }
        }
        self.mend_all();
    }

    /// Half a minute goes by: a street is driven, or somebody gets in.
    fn drive(&mut self) {
        self.now = self.now.plus_ms(EDGE_MS);
        for car in 0..self.cars.len() {
            if let Some(stop) = self.cars[car].stops.first().copied() {
                let order = self.orders.iter().find(|order| order.id == stop.order).unwrap();
                let at_door = order.state == State::Arrived;
                let here = corner(order, stop.pickup);
                let driver = self.cars[car].driver.id;
                if at_door {
                    self.give(stop.order, &Command::Pickup { driver }, Actor::Driver);
                    self.mend(car);
                } else {
                    self.cars[car].node = step(self.cars[car].node, here);
                }
            }
            self.stop(car);
        }
        let (now, wait) = (self.now, self.terms.max_wait_ms);
        for at in 0..self.orders.len() {
            let order = &self.orders[at];
            if order.state == State::Searching && now.ms_since(order.searching_since) >= wait {
                let id = order.id;
                self.give(id, &Command::GiveUp, Actor::Dispatcher);
            }
        }
    }

    /// Whatever takes no time at the corner where the car is.
    fn stop(&mut self, car: usize) {
        while let Some(stop) = self.cars[car].stops.first().copied() {
            let order = self.orders.iter().find(|order| order.id == stop.order).unwrap();
            let driver = self.cars[car].driver.id;
            if corner(order, stop.pickup) != self.cars[car].node || order.state == State::Arrived {
                return;
            }
            if !stop.pickup {
                self.give(stop.order, &Command::Complete { driver }, Actor::Driver);
                self.mend(car);
                continue;
            }
            self.give(stop.order, &Command::Arrive { driver }, Actor::Driver);
            if self.terms.boarding_ms > 0 {
                return;
            }
            self.give(stop.order, &Command::Pickup { driver }, Actor::Driver);
            self.mend(car);
        }
    }

    /// The judge: promises, seats, and who rides alone.
    fn judge(&mut self) {
        for order in &self.orders {
            let pickup_by = order.pickup_by().unwrap_or(order.searching_since.plus_ms(i64::from(MAX_WAIT_MS)));
            if let Some(at) = order.arrived_at {
                assert!(at <= pickup_by, "{} was picked up {} ms late", order.id, at.ms_since(pickup_by));
            }
            if let (Some(at), Some(by)) = (order.completed_at, order.dropoff_by()) {
                assert!(at <= by, "{} arrived {} ms late", order.id, at.ms_since(by));
            }
            if let (Some(at), Some(from), None) = (order.completed_at, order.picked_up_at, order.share) {
                assert_eq!(at.ms_since(from), i64::from(order.direct_ms), "who rides alone rides straight");
            }
        }
        for car in &self.cars {
            let aboard: Vec<_> = self.held(car.driver.id).into_iter().filter(|o| o.state == State::OnTrip).collect();
            let seats: u32 = aboard.iter().map(|order| u32::from(order.seats)).sum();
            assert!(seats <= u32::from(car.kind.seats), "{seats} in {} seats", car.kind.seats);
            let sum = |kind: fn(&Order) -> u8| aboard.iter().map(|order| u32::from(kind(order))).sum::<u32>();
            let CarProfile { wheelchairs, child_seats, luggage, pets } = car.kind.car;
            assert!(sum(|o| o.needs.wheelchairs) <= u32::from(wheelchairs), "too many wheelchairs");
            assert!(sum(|o| o.needs.child_seats) <= u32::from(child_seats), "too many children");
            assert!(sum(|o| o.needs.luggage) <= u32::from(luggage), "too much luggage");
            let (pet, among) = (aboard.iter().any(|o| o.needs.pet), aboard.iter().any(|o| o.wishes.women_only));
            assert!(!pet || pets, "a pet in a car without pets");
            assert!(!pet || aboard.iter().all(|o| o.needs.pet || !o.wishes.no_pets), "unwanted pets");
            assert!(!among || aboard.iter().all(|o| o.wishes.women_only), "not among women");
            assert!(!among || car.kind.women_rides != WomenRides::None, "not driven by a woman");
            assert!(aboard.is_empty() || among || car.kind.women_rides != WomenRides::Only, "her word is broken");
            let alone = aboard.iter().any(|order| order.share.is_none());
            assert!(!alone || aboard.len() == 1, "a rider alone has company");
        }
        let crowded = |car: &Car| self.held(car.driver.id).iter().filter(|o| o.state == State::OnTrip).count() > 1;
        self.shared_rides += self.cars.iter().filter(|car| crowded(car)).count();
    }
}

fn run(waves: &[Vec<Asked>], cars: &[(u32, CarKind)], boarding_ms: i64, moods: &[bool]) -> Town {
    let mut town = Town::new(cars, boarding_ms);
    let mut mood = (0..).map(|n: usize| moods[n % moods.len()]);
    let mut cancels: Vec<OrderId> = Vec::new();
    let quiet = std::iter::repeat_n(Vec::new(), 60);
    for wave in waves.iter().cloned().chain(quiet) {
        for id in std::mem::take(&mut cancels) {
            let open = town.orders.iter().any(|o| o.id == id && o.state.is_open() && o.state != State::OnTrip);
            if open {
                town.give(id, &Command::Cancel { reason: "walked".to_owned() }, Actor::Rider);
            }
        }
        // Now and then a driver gives a rider back.
        let back = town.orders.iter().find(|o| o.state == State::Accepted && o.version % 5 == 4);
        if let Some((id, driver)) = back.and_then(|o| Some((o.id, o.holder()?)))
            && !mood.next().unwrap()
        {
            let reason = ReassignReason::DriverCancelled;
            town.give(id, &Command::Release { driver: Some(driver), reason }, Actor::Driver);
            town.rests.insert((id, driver));
        }
        town.mend_all();
        for asked in &wave {
            let made = order(asked, town.now);
            cancels.extend(asked.cancels.then_some(made.id));
            town.orders.push(made);
        }
        town.decide(&mut || mood.next().unwrap());
        (0..town.cars.len()).for_each(|car| town.stop(car));
        town.judge();
        town.drive();
        town.judge();
    }
    let open: Vec<_> = town.orders.iter().filter(|order| order.state.is_open()).map(|o| (o.id, o.state)).collect();
    assert_eq!(open, [], "everybody has arrived, or was told that there is no car");
    town
}

fn asked() -> impl Strategy<Value = Asked> {
    let special = prop_oneof![3 => Just((RideNeeds::default(), RideWishes::default())), 1 => special()];
    (any::<u32>(), any::<u32>(), 1..4_u8, prop::bool::weighted(0.8), prop::bool::weighted(0.1), special).prop_map(
        |(from, to, seats, share, cancels, (needs, wishes))| Asked { from, to, seats, share, needs, wishes, cancels },
    )
}

fn special() -> impl Strategy<Value = (RideNeeds, RideWishes)> {
    (0..2_u8, 0..2_u8, 0..3_u8, any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
        |(wheelchairs, child_seats, luggage, pet, women_only, no_pets)| {
            (RideNeeds { wheelchairs, child_seats, luggage, pet }, RideWishes { women_only, no_pets })
        },
    )
}

fn any_car() -> impl Strategy<Value = CarKind> {
    (3..6_u8, 0..2_u8, 0..3_u8, 0..4_u8, any::<bool>(), prop_oneof![2 => Just(0_usize), 1 => Just(1), 1 => Just(2)])
        .prop_map(|(seats, wheelchairs, child_seats, luggage, pets, word)| CarKind {
            seats,
            car: CarProfile { wheelchairs, child_seats, luggage, pets },
            women_rides: WomenRides::ALL[word],
        })
}

/// Four seats and nothing special.
fn saloon() -> CarKind {
    CarKind { seats: 4, car: CarProfile::default(), women_rides: WomenRides::None }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whoever_gets_in_no_promise_is_broken(
        waves in prop::collection::vec(prop::collection::vec(asked(), 0..5), 1..12),
        cars in prop::collection::vec((any::<u32>(), any_car()), 1..6),
        boarding_ms in prop_oneof![Just(0_i64), Just(EDGE_MS)],
        moods in prop::collection::vec(prop::bool::weighted(0.8), 1..20),
    ) {
        run(&waves, &cars, boarding_ms, &moods);
    }
}

fn plain(from: u32, to: u32, share: bool) -> Asked {
    let (needs, wishes) = (RideNeeds::default(), RideWishes::default());
    Asked { from, to, seats: 1, share, needs, wishes, cancels: false }
}

/// The judge would also be content with a city where nobody with a wish is ever served.
#[test]
fn riders_with_needs_and_wishes_are_served_by_the_car_that_suits() {
    let among = RideWishes { women_only: true, no_pets: false };
    let chair = RideNeeds { wheelchairs: 1, ..RideNeeds::default() };
    let car = |wheelchairs, women_rides| CarKind {
        car: CarProfile { wheelchairs, ..CarProfile::default() },
        women_rides,
        ..saloon()
    };
    let cars = [(0, saloon()), (9, car(1, WomenRides::None)), (18, car(0, WomenRides::Only))];
    let wave = vec![
        plain(0, 60, true),
        Asked { needs: chair, ..plain(1, 61, true) },
        Asked { wishes: among, ..plain(2, 62, true) },
        Asked { wishes: among, ..plain(3, 62, true) },
    ];
    let town = run(&[wave], &cars, 0, &[true]);
    assert!(town.orders.iter().all(|order| order.state == State::Completed));
    let car = |n: usize| town.orders[n].driver.as_ref().map(|driver| driver.name.clone());
    assert_eq!((car(1).as_deref(), car(2).as_deref()), (Some("Driver 1"), Some("Driver 2")));
    assert_eq!(car(2), car(3), "who ride among women share");
    assert_ne!(car(0), car(2));
}

/// The judge above would be content with a city where nobody shares.
#[test]
fn a_crowd_that_goes_one_way_shares() {
    let wave = |n: u32| (0..3).map(|k| plain(n % 3 + 8 * k, 60 + k, true)).collect();
    let town = run(
        &(0..8).map(wave).collect::<Vec<_>>(),
        &[0, 9, 16, 1, 8, 17].map(|node| (node, saloon())),
        EDGE_MS,
        &[true],
    );
    assert!(town.shared_rides > 10, "{}", town.shared_rides);
    let lost = town.orders.iter().filter(|order| order.state == State::NoDriver).count();
    assert!(lost < town.orders.len() / 2, "{lost} of {}", town.orders.len());
}

#[test]
fn a_rider_with_an_empty_car_each_would_rather_not_wait() {
    let town = run(&[vec![plain(0, 63, true), plain(7, 63, false)]], &[1, 6].map(|n| (n, saloon())), 0, &[true]);
    assert!(town.orders.iter().all(|order| order.state == State::Completed));
    assert_eq!(town.shared_rides, 0);
}
