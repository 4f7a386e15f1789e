//! Shared rides in a live city: from two prices to two riders in one car.

use doorstep_orders::{Actor, Command, DriverId, EventKind, NewOrder, Order, ReassignReason, RiderRef, Shift, State};

use crate::live::tests::sandbox::{Sandbox, Street, TENANT, corner, reports, until};
use crate::live::{DriverRoute, LiveCity, LiveConfig, PooledConfig, Wanted};

fn pooled() -> LiveConfig {
    let pooled = PooledConfig { reserve: 0.0, boarding_s: 0.0, ..PooledConfig::default() };
    LiveConfig { pooled: Some(pooled), ..LiveConfig::default() }
}

async fn share(city: &LiveCity, from: (u32, u32), to: (u32, u32)) -> Order {
    let answer = city.quote(TENANT, &Wanted::plain(corner(from.0, from.1), corner(to.0, to.1), 1)).unwrap();
    let rider = RiderRef { name: format!("Rider {}{}", from.0, from.1), reference: None };
    let new = NewOrder { rider, note: None, share: true };
    city.create(TENANT, &answer.quote.token, new, Actor::Rider).await.unwrap()
}

/// The first rider of an empty car: offered and accepted.
async fn first(sandbox: &Sandbox, city: &LiveCity, driver: DriverId, from: (u32, u32), to: (u32, u32)) -> Order {
    let order = share(city, from, to).await;
    sandbox.advance(5);
    assert_eq!(city.reaches(order.id, State::Offered).await.holder(), Some(driver));
    city.drive(order.id, Command::Accept { driver }).await
}

fn stops(route: &DriverRoute) -> Vec<(String, bool)> {
    route.stops.iter().map(|stop| (stop.rider.clone(), stop.pickup)).collect()
}

async fn until_stops(city: &LiveCity, driver: DriverId, n: usize) -> DriverRoute {
    until(&format!("{n} stops"), async || Some(city.driver_route(driver)).filter(|r| r.stops.len() == n)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_riders_share_a_car_and_only_the_first_is_asked_for() {
    for sandbox in Sandbox::each().await {
        let city = sandbox.city_with("grid", "one", pooled()).await;
        let d = city.driver("Lee", corner(0, 0)).await.id;
        let quote = city.quote(TENANT, &Wanted::plain(corner(1, 0), corner(8, 0), 1)).unwrap().quote;
        let offer = quote.share.unwrap();
        assert!(offer.fare.minor < quote.fare.minor);
        assert_eq!((offer.max_wait_s, offer.max_delay_s), (300.0, 600.0));
        assert_eq!(
            city.quote(TENANT, &Wanted::plain(corner(1, 0), corner(8, 0), 5)).unwrap().quote.share,
            None,
            "no car has five seats"
        );

        let one = first(&sandbox, &city, d, (1, 0), (8, 0)).await;
        assert_eq!(one.fare, offer.fare);
        let route = until_stops(&city, d, 2).await;
        assert_eq!(stops(&route), [("Rider 10".to_owned(), true), ("Rider 10".to_owned(), false)]);
        let etas: Vec<i64> = route.stops.iter().map(|s| s.eta.unwrap().ms_since(route.now)).collect();
        assert_eq!(etas, [30_000, 240_000]);
        assert_eq!(route.stops[0].by, one.pickup_by());
        assert!(route.geometry.len() >= 9);
        assert_eq!(city.tell_routes(TENANT, &[d]), [d]);
        assert_eq!(city.tell_routes(TENANT, &[d]), [], "told once");

        let two = share(&city, (3, 0), (7, 0)).await;
        sandbox.advance(5);
        let two = city.reaches(two.id, State::Accepted).await;
        assert_eq!((two.holder(), two.offered_at), (Some(d), None));
        let route = until_stops(&city, d, 4).await;
        let order = [("Rider 10", true), ("Rider 30", true), ("Rider 30", false), ("Rider 10", false)];
        assert_eq!(stops(&route), order.map(|(rider, pickup)| (rider.to_owned(), pickup)));
        assert_eq!(city.tell_routes(TENANT, &[d]), [d], "the route is another");

        for (id, at) in [(one.id, corner(1, 0)), (two.id, corner(3, 0))] {
            assert!(city.report_positions(TENANT, &reports(&[(d, at)]))[0].is_ok());
            city.drive(id, Command::Arrive { driver: d }).await;
            city.drive(id, Command::Pickup { driver: d }).await;
        }
        until_stops(&city, d, 2).await;
        assert_eq!(city.driver_live(d).unwrap().state, "on_trip");
        city.drive(two.id, Command::Complete { driver: d }).await;
        assert_eq!(city.driver_live(d).unwrap().state, "on_trip");
        city.drive(one.id, Command::Complete { driver: d }).await;
        until("Lee to be free", async || (city.driver_live(d).unwrap().state == "idle").then_some(())).await;
        assert_eq!(city.driver_route(d).stops, []);
        let events = city.orders().events(TENANT, two.id, 0, 20).await.unwrap();
        let kinds: Vec<EventKind> = events.iter().map(|e| e.kind).collect();
        assert_eq!(kinds[..2], [EventKind::Requested, EventKind::Assigned]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_rides_alone_has_the_car_alone() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city_with("grid", "one", pooled()).await;
    let d = city.driver("Lee", corner(0, 0)).await.id;
    let alone = city.ride(corner(1, 0), corner(8, 0)).await;
    sandbox.advance(5);
    city.reaches(alone.id, State::Offered).await;
    city.drive(alone.id, Command::Accept { driver: d }).await;
    let late = share(&city, (3, 0), (7, 0)).await;
    for _ in 0..3 {
        sandbox.advance_reporting(&city, 5, &[(d, corner(0, 0))]).await;
    }
    // In between there is no seat, and behind it the wait would be longer than promised.
    assert_eq!(stops(&city.driver_route(d)), [("Ada".to_owned(), true), ("Ada".to_owned(), false)]);
    assert_eq!(city.orders().get(TENANT, late.id).await.unwrap().state, State::Searching);
}

#[tokio::test(flavor = "multi_thread")]
async fn riders_of_a_driver_who_gives_up_or_falls_silent_get_another_car() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city_with("grid", "one", pooled()).await;
    let (lee, kim) = (city.driver("Lee", corner(0, 0)).await.id, city.driver("Kim", corner(6, 4)).await.id);
    let there = [(lee, corner(0, 0)), (kim, corner(6, 4))];
    let (one, far) = (share(&city, (1, 0), (8, 0)).await, share(&city, (6, 3), (9, 9)).await);
    sandbox.advance(5);
    for (id, driver) in [(one.id, lee), (far.id, kim)] {
        assert_eq!(city.reaches(id, State::Offered).await.holder(), Some(driver));
        city.drive(id, Command::Accept { driver }).await;
    }
    let two = share(&city, (3, 0), (7, 0)).await;
    sandbox.advance(5);
    city.reaches(two.id, State::Accepted).await;
    let holder = city.orders().get(TENANT, two.id).await.unwrap().holder().unwrap();
    assert_eq!(holder, lee);

    // Lee gives one back: Kim's route takes the rider without a question, Lee keeps the other.
    city.drive(two.id, Command::Release { driver: Some(lee), reason: ReassignReason::DriverCancelled }).await;
    sandbox.advance_reporting(&city, 5, &there).await;
    let moved = city.reaches(two.id, State::Accepted).await;
    assert_eq!(moved.holder(), Some(kim));
    assert!(moved.pickup_by() > two.pickup_by(), "who lost the driver is promised anew");
    assert_eq!(city.orders().get(TENANT, one.id).await.unwrap().holder(), Some(lee));

    // Kim falls silent: both her riders are without a car, and Lee's route takes whom it can.
    sandbox.advance_reporting(&city, 40, &[(lee, corner(0, 0))]).await;
    for id in [far.id, two.id] {
        until("Kim to be relieved", async || {
            let order = city.orders().get(TENANT, id).await.unwrap();
            (order.holder() != Some(kim)).then_some(())
        })
        .await;
    }
    until("Kim's route to be empty", async || city.driver_route(kim).stops.is_empty().then_some(())).await;
    let off = city.set_shift(TENANT, lee, Shift::Offline, None).await;
    assert!(off.is_ok(), "nobody is aboard");
    assert_eq!(city.orders().get(TENANT, one.id).await.unwrap().state, State::Searching);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_dropped_without_a_word_goes_on_with_the_same_stops() {
    for sandbox in Sandbox::each().await {
        let city = sandbox.city_with("grid", "one", pooled()).await;
        let d = city.driver("Lee", corner(0, 0)).await.id;
        let one = first(&sandbox, &city, d, (1, 0), (8, 0)).await;
        for from in [(2, 0), (3, 0)] {
            let order = share(&city, from, (7, from.0)).await;
            sandbox.advance_reporting(&city, 5, &[(d, corner(0, 0))]).await;
            city.reaches(order.id, State::Accepted).await;
        }
        until_stops(&city, d, 6).await;
        city.drive(one.id, Command::Arrive { driver: d }).await;
        city.drive(one.id, Command::Pickup { driver: d }).await;
        let before = stops(&until_stops(&city, d, 5).await);
        let kept = sandbox.orders.read(|orders, tx| orders.routes_in(tx, "grid")).await.unwrap();
        let planned: Vec<(String, bool)> =
            city.driver_route(d).stops.iter().map(|s| (s.order.to_string(), s.pickup)).collect();
        let row: Vec<(String, bool)> = kept[0].stops.iter().map(|s| (s.order.to_string(), s.pickup)).collect();
        assert_eq!(row[1..], planned[..], "the stops are kept, the first of them is done since");
        drop(city);

        let city = sandbox.city_with("grid", "one", pooled()).await;
        let sorted = |mut stops: Vec<(String, bool)>| {
            stops.sort();
            stops
        };
        assert_eq!(sorted(stops(&city.driver_route(d))), sorted(before));
        assert_eq!(city.driver_live(d).unwrap().state, "on_trip");
        // The same store, one rider a car: what is under way is brought to its end.
        drop(city);
        let city = sandbox.city("grid", "one").await;
        city.drive(one.id, Command::Complete { driver: d }).await;
        assert_eq!(city.driver_route(d).stops, []);
    }
}
