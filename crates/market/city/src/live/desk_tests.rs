//! The desk alone: news in any order, and what is due.

#![allow(clippy::unwrap_used)]

use doorstep_geo::Point;
use doorstep_money::Currency;
use doorstep_orders::{Actor, DriverRef, QuoteClaims, QuoteId, RideNeeds, RideWishes, RiderRef, machine};
use doorstep_pricing::{SurgeMap, Tariff, Trip, price};

use super::*;

const NOON: Timestamp = Timestamp::from_millis(1_384_790_400_000);
const MAX_WAIT: i64 = 300_000;

fn order() -> Order {
    let (pickup, dropoff) = (Point::new(40.75, -73.98).unwrap(), Point::new(40.71, -74.0).unwrap());
    let trip = Trip { pickup, dropoff, distance_m: 4_000, trip_ms: 600_000, at: NOON, route: Vec::new() };
    let book = Tariff::standard(Currency::USD, "America/New_York").compile().unwrap();
    let claims = QuoteClaims {
        id: QuoteId::generate(NOON),
        tenant: "ten".to_owned(),
        city: "grid".to_owned(),
        industry: "rides".to_owned(),
        pickup,
        dropoff,
        pickup_node: 1,
        dropoff_node: 2,
        seats: 1,
        needs: RideNeeds::default(),
        wishes: RideWishes::default(),
        price: price(&book, &SurgeMap::off(), &trip),
        trip_ms: 600_000,
        pickup_eta_ms: None,
        share: None,
        expires_at: NOON.plus_ms(300_000),
    };
    Order::from_quote(claims, RiderRef { name: "Ada".to_owned(), reference: None }, None, NOON)
}

fn driver() -> DriverRef {
    DriverRef { id: DriverId::generate(NOON), name: "Lee".to_owned(), plate: "T1".to_owned() }
}

fn after(order: &Order, command: Command, actor: Actor, now: Timestamp) -> Order {
    machine::apply(order, &command, actor, now).unwrap().0
}

fn offered(order: &Order, driver: &DriverRef) -> Order {
    let offer = Command::Offer { driver: driver.clone(), expires_at: NOON.plus_ms(15_000), pickup_eta_ms: None };
    after(order, offer, Actor::Dispatcher, NOON)
}

#[test]
fn late_and_repeated_news_change_nothing() {
    let mut desk = Desk::default();
    let (first, driver) = (order(), driver());
    let second = offered(&first, &driver);
    let third = after(&second, Command::Cancel { reason: "no".to_owned() }, Actor::Rider, NOON);
    assert_eq!(desk.learn(second.clone()).unwrap().holds, Some(driver.id));
    assert_eq!(desk.learn(first.clone()), None);
    let end = desk.learn(third.clone()).unwrap();
    assert_eq!((end.left, end.news), (Some(driver.id), vec![EventKind::Cancelled]));
    for old in [first, second, third] {
        assert_eq!(desk.learn(old), None);
    }
    assert!(desk.order_of(driver.id).is_none() && desk.open().count() == 0);
}

#[test]
fn a_driver_who_moved_on_is_not_freed_by_late_news() {
    let mut desk = Desk::default();
    let (driver, old, new) = (driver(), order(), order());
    let old_offered = offered(&old, &driver);
    let old_again = after(&old_offered, Command::Decline { driver: driver.id, reason: None }, Actor::Driver, NOON);
    desk.learn(old_offered).unwrap();
    desk.learn(offered(&new, &driver)).unwrap();
    desk.learn(old_again).unwrap();
    assert_eq!(desk.order_of(driver.id).unwrap().id, new.id);
}

#[test]
fn what_is_due_when() {
    let mut desk = Desk::default();
    let (driver, order) = (driver(), order());
    desk.learn(order.clone()).unwrap();
    let due = |desk: &Desk, ms: i64, on_shift: bool| {
        desk.due(NOON.plus_ms(ms), MAX_WAIT, |_| on_shift).into_iter().map(|(_, c)| c).collect::<Vec<_>>()
    };
    assert_eq!(due(&desk, MAX_WAIT - 1, true), []);
    assert_eq!(due(&desk, MAX_WAIT, true), [Command::GiveUp]);
    let offered = offered(&order, &driver);
    desk.learn(offered.clone()).unwrap();
    assert_eq!(due(&desk, 14_999, true), []);
    assert_eq!(due(&desk, 15_000, true), [Command::Timeout]);
    assert_eq!(due(&desk, 1, false), [Command::Withdraw { reason: ReassignReason::DriverOffline }]);
    desk.silent(driver.id);
    assert_eq!(due(&desk, 1, true), [Command::Withdraw { reason: ReassignReason::DriverSilent }]);
    desk.learn(after(&offered, Command::Accept { driver: driver.id }, Actor::Driver, NOON)).unwrap();
    assert_eq!(due(&desk, 1, true), [Command::Release { driver: None, reason: ReassignReason::DriverSilent }]);
    desk.keep_silent(|_| false);
    assert_eq!(due(&desk, 1, true), []);
}

#[test]
fn rests_end_with_time_and_with_the_order() {
    let mut desk = Desk::default();
    let (driver, order) = (driver(), order());
    desk.learn(order.clone()).unwrap();
    desk.rest(order.id, driver.id, NOON.plus_ms(60_000));
    assert!(desk.rests(order.id, driver.id, NOON.plus_ms(59_999)));
    assert!(!desk.rests(order.id, driver.id, NOON.plus_ms(60_000)));
    desk.learn(after(&order, Command::Cancel { reason: "no".to_owned() }, Actor::Rider, NOON)).unwrap();
    assert!(!desk.was_declined(order.id));
}
