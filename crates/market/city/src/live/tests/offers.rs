//! Offers that are declined, ignored, or whose driver falls silent.

use doorstep_orders::{Actor, Command, EventKind, OrdersError, Shift, State};

use crate::live::tests::sandbox::{Sandbox, Street, TENANT, corner, reports, until};
use crate::live::{LiveConfig, LiveError};

#[tokio::test(flavor = "multi_thread")]
async fn who_declines_is_spared_and_another_is_asked() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    let near = city.driver("Near", corner(1, 0)).await.id;
    let far = city.driver("Far", corner(6, 0)).await.id;
    let order = city.ride(corner(0, 0), corner(0, 5)).await;
    sandbox.advance(5);
    assert_eq!(city.reaches(order.id, State::Offered).await.holder(), Some(near));
    city.drive(order.id, Command::Decline { driver: near, reason: Some("too far".to_owned()) }).await;
    sandbox.advance(5);
    assert_eq!(city.reaches(order.id, State::Offered).await.holder(), Some(far));
    city.drive(order.id, Command::Decline { driver: far, reason: None }).await;
    let drivers = [(near, corner(1, 0)), (far, corner(6, 0))];
    sandbox.advance_reporting(&city, 40, &drivers).await;
    assert_eq!(city.orders().get(TENANT, order.id).await.unwrap().state, State::Searching);
    sandbox.advance_reporting(&city, 30, &drivers).await;
    city.reaches(order.id, State::Offered).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ignored_offer_goes_to_another() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    let near = city.driver("Near", corner(1, 0)).await.id;
    let far = city.driver("Far", corner(6, 0)).await.id;
    let order = city.ride(corner(0, 0), corner(0, 5)).await;
    sandbox.advance(5);
    assert_eq!(city.reaches(order.id, State::Offered).await.holder(), Some(near));
    sandbox.advance(15);
    until("the other to be asked", async || {
        (city.orders().get(TENANT, order.id).await.unwrap().holder() == Some(far)).then_some(())
    })
    .await;
    let kinds: Vec<EventKind> =
        city.orders().events(TENANT, order.id, 0, 10).await.unwrap().iter().map(|e| e.kind).collect();
    assert_eq!(kinds, [EventKind::Requested, EventKind::Offered, EventKind::TimedOut, EventKind::Offered]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_driver_loses_the_order_and_comes_back_free() {
    for sandbox in Sandbox::each().await {
        let city = sandbox.city("grid", "one").await;
        let near = city.driver("Near", corner(1, 0)).await.id;
        let far = city.driver("Far", corner(6, 0)).await.id;
        let order = city.ride(corner(0, 0), corner(0, 5)).await;
        sandbox.advance(5);
        city.reaches(order.id, State::Offered).await;
        city.drive(order.id, Command::Accept { driver: near }).await;
        sandbox.advance_reporting(&city, 40, &[(far, corner(6, 0))]).await;
        let offered = city.reaches(order.id, State::Offered).await;
        assert_eq!((offered.holder(), offered.reassigned), (Some(far), 1));
        assert_eq!(city.driver_live(near).unwrap().state, "offline");
        assert!(city.report_positions(TENANT, &reports(&[(near, corner(1, 1))]))[0].is_ok());
        assert_eq!(city.driver_live(near).unwrap().state, "idle");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_driver_keeps_the_rider_who_is_aboard() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    let d = city.driver("Lee", corner(0, 0)).await.id;
    let order = city.ride(corner(0, 0), corner(0, 5)).await;
    sandbox.advance(5);
    city.reaches(order.id, State::Offered).await;
    for command in [Command::Accept { driver: d }, Command::Arrive { driver: d }, Command::Pickup { driver: d }] {
        city.drive(order.id, command).await;
    }
    until("the trip", async || (city.driver_live(d).unwrap().state == "on_trip").then_some(())).await;
    sandbox.advance(60);
    until("the silence", async || (city.driver_live(d).unwrap().state == "offline").then_some(())).await;
    assert!(city.report_positions(TENANT, &reports(&[(d, corner(0, 4))]))[0].is_ok());
    assert_eq!(city.driver_live(d).unwrap().state, "on_trip");
    city.drive(order.id, Command::Complete { driver: d }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_found_in_time() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    let order = city.ride(corner(0, 0), corner(0, 5)).await;
    sandbox.advance(299);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(city.orders().get(TENANT, order.id).await.unwrap().state, State::Searching);
    sandbox.advance(1);
    city.reaches(order.id, State::NoDriver).await;
    until("the count", async || (city.stats(TENANT).lost == 1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ending_the_shift_takes_the_offer_back() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    let near = city.driver("Near", corner(1, 0)).await.id;
    let far = city.driver("Far", corner(6, 0)).await.id;
    let order = city.ride(corner(0, 0), corner(0, 5)).await;
    sandbox.advance(5);
    city.reaches(order.id, State::Offered).await;
    city.set_shift(TENANT, near, Shift::Offline, None).await.unwrap();
    assert_eq!(city.driver_live(near).unwrap().state, "offline");
    sandbox.advance(5);
    assert_eq!(city.reaches(order.id, State::Offered).await.holder(), Some(far));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clearly_better_car_replaces_one_on_its_way_only_if_asked_to() {
    for better_car_s in [None, Some(60.0)] {
        let sandbox = Sandbox::new().await;
        let city = sandbox.city_with("grid", "one", LiveConfig { better_car_s, ..LiveConfig::default() }).await;
        let far = city.driver("Far", corner(9, 0)).await.id;
        let order = city.ride(corner(0, 0), corner(0, 5)).await;
        sandbox.advance(5);
        city.reaches(order.id, State::Offered).await;
        city.drive(order.id, Command::Accept { driver: far }).await;
        let near = city.driver("Near", corner(1, 0)).await.id;
        sandbox.advance(5);
        if better_car_s.is_some() {
            assert_eq!(city.reaches(order.id, State::Offered).await.holder(), Some(near));
            until("the far car to be free", async || (city.driver_live(far).unwrap().state == "idle").then_some(()))
                .await;
        } else {
            tokio::time::sleep(std::time::Duration::from_millis(150)).await;
            assert_eq!(city.orders().get(TENANT, order.id).await.unwrap().holder(), Some(far));
        }
    }
}

/// A car one minute from its drop-off next to the rider is waited for; far away it is not.
#[tokio::test(flavor = "multi_thread")]
async fn a_car_that_is_free_soon_is_offered_the_next_rider() {
    let sandbox = Sandbox::new().await;
    let city = sandbox.city("grid", "one").await;
    let busy = city.driver("Busy", corner(0, 0)).await.id;
    let first = city.ride(corner(0, 0), corner(2, 0)).await;
    sandbox.advance(5);
    city.reaches(first.id, State::Offered).await;
    for command in
        [Command::Accept { driver: busy }, Command::Arrive { driver: busy }, Command::Pickup { driver: busy }]
    {
        city.drive(first.id, command).await;
    }
    until("the trip", async || (city.driver_live(busy).unwrap().state == "on_trip").then_some(())).await;
    assert!(city.report_positions(TENANT, &reports(&[(busy, corner(1, 0))]))[0].is_ok());
    city.driver("Far", corner(7, 3)).await;
    let second = city.ride(corner(2, 1), corner(9, 1)).await;
    sandbox.advance(5);
    assert_eq!(city.reaches(second.id, State::Offered).await.holder(), Some(busy));
    let accepted = city.drive(second.id, Command::Accept { driver: busy }).await;
    assert_eq!(accepted.pickup_eta_ms, Some(60_000), "the rest of the trip and the way from there");
    assert_eq!(city.driver_live(busy).unwrap().state, "on_trip");

    // First things first, and no third rider.
    let depart = |id| city.command(TENANT, id, Command::Depart { driver: busy }, Actor::Driver, None);
    assert!(matches!(
        depart(second.id).await,
        Err(LiveError::Orders(OrdersError::DriverBusy { order: Some(id), .. })) if id == first.id
    ));
    let third = city.ride(corner(2, 0), corner(9, 1)).await;
    sandbox.advance(5);
    assert_ne!(city.reaches(third.id, State::Offered).await.holder(), Some(busy));

    assert!(city.report_positions(TENANT, &reports(&[(busy, corner(2, 0))]))[0].is_ok());
    city.drive(first.id, Command::Complete { driver: busy }).await;
    until("the way to the next", async || (city.driver_live(busy).unwrap().state == "en_route").then_some(())).await;
    depart(second.id).await.unwrap();
    city.drive(second.id, Command::Arrive { driver: busy }).await;

    // The same after a restart, in the midst of it.
    drop(city);
    let city = sandbox.city("grid", "one").await;
    assert_eq!(city.driver_live(busy).unwrap().state, "arrived");
    city.drive(second.id, Command::Pickup { driver: busy }).await;
    city.drive(second.id, Command::Complete { driver: busy }).await;
    until("the car to be free", async || (city.driver_live(busy).unwrap().state == "idle").then_some(())).await;
}
