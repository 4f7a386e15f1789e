//! Whole rides, quotes, frames, figures, two cities.

use doorstep_geo::Point;
use doorstep_orders::{Actor, Command, OrdersError, Shift, State};
use doorstep_store::outbox;

use crate::live::tests::sandbox::{Sandbox, Street, TENANT, corner, reports, until};
use crate::live::{LiveError, PositionRefusal, Wanted};

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_from_quote_to_drop_off() {
    for sandbox in Sandbox::each().await {
        let city = sandbox.city("grid", "one").await;
        let empty = city.quote(TENANT, &Wanted::plain(corner(2, 2), corner(7, 2), 1)).unwrap();
        assert_eq!(empty.quote.pickup_eta_s, None);
        let d = city.driver("Lee", corner(0, 2)).await.id;
        let quote = city.quote(TENANT, &Wanted::plain(corner(2, 2), corner(7, 2), 1)).unwrap();
        assert_eq!((quote.quote.pickup_eta_s, quote.quote.trip_s, quote.quote.distance_m), (Some(60.0), 150.0, 1_000));
        assert_eq!(quote.geometry.len(), 6);

        let order = city.ride(corner(2, 2), corner(7, 2)).await;
        assert_eq!(order.state, State::Searching);
        sandbox.advance(5);
        let offered = city.reaches(order.id, State::Offered).await;
        assert_eq!(offered.driver.as_ref().unwrap().id, d);
        assert_eq!(offered.pickup_eta_ms, Some(60_000));
        let frame = city.map_frame(TENANT, None).await.unwrap();
        assert_eq!(
            (frame.drivers.len(), frame.drivers[0].4, frame.orders.len(), frame.stats.waiting),
            (1, "offered", 1, 1)
        );

        city.drive(order.id, Command::Accept { driver: d }).await;
        city.drive(order.id, Command::Depart { driver: d }).await;
        sandbox.advance(20);
        city.drive(order.id, Command::Arrive { driver: d }).await;
        city.drive(order.id, Command::Pickup { driver: d }).await;
        until("the driver to be on the trip", async || (city.driver_live(d).unwrap().state == "on_trip").then_some(()))
            .await;
        assert!(city.report_positions(TENANT, &reports(&[(d, corner(7, 2))]))[0].is_ok());
        sandbox.advance(15);
        city.drive(order.id, Command::Complete { driver: d }).await;
        until("the driver to be free", async || (city.driver_live(d).unwrap().state == "idle").then_some(())).await;

        let stats = city.stats(TENANT);
        assert_eq!((stats.requests, stats.served, stats.waiting, stats.drivers_idle), (1, 1, 0, 1));
        assert_eq!((stats.mean_wait_s, stats.mean_delay_s), (Some(25.0), Some(-110.0)));
        assert!(stats.batch_ms_p50.is_some());
        until("the relay", async || (city.journal().last(&city.stream()) == 7).then_some(())).await;
        let records = city.journal().read(&city.stream(), 0, 100).unwrap();
        let kinds: Vec<&str> = records.iter().map(|r| r.kind.as_str()).collect();
        assert_eq!(kinds, ["requested", "offered", "accepted", "arriving", "arrived", "picked_up", "completed"]);
        until("the outbox to be empty", async || {
            (sandbox.store.read(outbox::waiting).await.unwrap() == 0).then_some(())
        })
        .await;
        assert_eq!(city.driver_story(TENANT, d, 20).await.unwrap().len(), 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_frees_the_car_for_the_next_rider() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    let d = city.driver("Lee", corner(0, 0)).await.id;
    let first = city.ride(corner(1, 0), corner(5, 0)).await;
    sandbox.advance(5);
    city.reaches(first.id, State::Offered).await;
    city.drive(first.id, Command::Accept { driver: d }).await;
    let second = city.ride(corner(2, 0), corner(5, 0)).await;
    sandbox.advance(5);
    city.command(TENANT, first.id, Command::Cancel { reason: "walked".to_owned() }, Actor::Rider, None).await.unwrap();
    // The decision that is due may have the car before anybody looks.
    let let_go = async || (city.driver_live(d).unwrap().state != "en_route").then_some(());
    until("the driver to be let go", let_go).await;
    sandbox.advance(5);
    assert_eq!(city.reaches(second.id, State::Offered).await.driver.unwrap().id, d);
    assert_eq!(city.stats(TENANT).cancelled, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn points_and_positions_that_cannot_be_are_named() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    let far = Point::new(51.5, -0.1).unwrap();
    assert!(matches!(
        city.quote(TENANT, &Wanted::plain(far, corner(1, 1), 1)),
        Err(LiveError::OutsideArea { field: "/pickup", .. })
    ));
    assert!(matches!(
        city.quote(TENANT, &Wanted::plain(corner(1, 1), far, 1)),
        Err(LiveError::OutsideArea { field: "/dropoff", .. })
    ));
    assert!(matches!(city.quote(TENANT, &Wanted::plain(corner(1, 1), corner(1, 1), 1)), Err(LiveError::SamePlace)));
    assert!(matches!(
        city.quote(TENANT, &Wanted::plain(corner(1, 1), corner(2, 2), 0)),
        Err(LiveError::Orders(OrdersError::InvalidField { field: "/seats", .. }))
    ));
    let driver = city.driver("Lee", corner(0, 0)).await;
    let (d, stranger) = (driver.id, doorstep_orders::DriverId::generate(city.clock().now()));
    let answers = city.report_positions(TENANT, &reports(&[(d, corner(1, 1)), (stranger, corner(1, 1)), (d, far)]));
    assert_eq!(answers, [Ok(()), Err(PositionRefusal::UnknownDriver), Err(PositionRefusal::OutsideArea)]);
    assert_eq!(
        city.report_positions("ten_other", &reports(&[(d, corner(1, 1))])),
        [Err(PositionRefusal::UnknownDriver)]
    );
    city.set_shift(TENANT, d, Shift::Offline, None).await.unwrap();
    assert_eq!(city.report_positions(TENANT, &reports(&[(d, corner(1, 1))])), [Err(PositionRefusal::Offline)]);
    assert!(matches!(
        city.set_shift(TENANT, d, Shift::Online, Some(far)).await,
        Err(LiveError::OutsideArea { field: "/position", .. })
    ));
    let answers =
        city.drivers_online(TENANT, vec![(d, corner(3, 3)), (stranger, corner(3, 3)), (d, far)]).await.unwrap();
    assert!(answers[0].is_ok());
    assert!(matches!(answers[1], Err(LiveError::Orders(OrdersError::NotFound { .. }))));
    assert!(matches!(answers[2], Err(LiveError::OutsideArea { .. })));
    assert_eq!(city.driver_live(d).unwrap().state, "idle");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_cities_in_one_process_do_not_mix() {
    for sandbox in Sandbox::each().await {
        let (east, west) = (sandbox.city("east", "one").await, sandbox.city("west", "one").await);
        let in_west = west.driver("Lee", corner(0, 0)).await.id;
        let order = east.ride(corner(1, 0), corner(5, 0)).await;
        let served = west.ride(corner(1, 0), corner(5, 0)).await;
        sandbox.advance(5);
        west.reaches(served.id, State::Offered).await;
        sandbox.advance(5);
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        assert_eq!(east.orders().get(TENANT, order.id).await.unwrap().state, State::Searching);
        assert!(east.driver_live(in_west).is_none());
        assert!(matches!(
            east.set_shift(TENANT, in_west, Shift::Online, Some(corner(0, 0))).await,
            Err(LiveError::OtherCity { .. })
        ));
        until("both streams", async || {
            let count = |city: &crate::live::LiveCity| city.journal().last(&city.stream());
            ((count(&east), count(&west)) == (1, 2)).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_do_not_get_each_others_cars() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    city.driver("Lee", corner(0, 0)).await;
    let answer = city.quote("ten_other", &Wanted::plain(corner(1, 0), corner(5, 0), 1)).unwrap();
    assert_eq!(answer.quote.pickup_eta_s, None);
    let rider = doorstep_orders::RiderRef { name: "Bob".to_owned(), reference: None };
    let new = doorstep_orders::NewOrder { rider, note: None, share: false };
    let order = city.create("ten_other", &answer.quote.token, new, Actor::Rider).await.unwrap();
    for _ in 0..3 {
        sandbox.advance(5);
        tokio::time::sleep(std::time::Duration::from_millis(60)).await;
    }
    assert_eq!(city.orders().get("ten_other", order.id).await.unwrap().state, State::Searching);
}
