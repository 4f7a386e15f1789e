//! Times change at the full hour: quotes, pickups and matching go by the new ones.

use std::time::Duration;

use doorstep_clock::Clock as _;
use doorstep_roads::{HOURS, Roads, WeekProfile};

use crate::live::CityRoads;
use crate::live::LiveConfig;
use crate::live::Wanted;
use crate::live::tests::sandbox::{NOON, Sandbox, Street as _, TENANT, corner, grid, map, reports, until};

/// The grid; from Monday 12:00 in New York on it takes twice the time, at 13:00 thrice.
fn rush() -> (Roads, WeekProfile) {
    let roads = Roads::build(grid());
    let arcs = roads.graph().arc_count();
    let class_of_hour = (0..HOURS).map(|hour| [0, 1, 2][hour.saturating_sub(11).min(2)]).collect();
    let permille = vec![vec![1000; arcs], vec![2000; arcs], vec![3000; arcs]];
    (roads, WeekProfile::new(class_of_hour, permille, arcs).unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_hour_changes_quotes_and_pickup_times() {
    let sandbox = Sandbox::new().await;
    // It is 16:00 UTC on a Monday: 11:00 in New York.
    let (roads, week) = rush();
    let mut ground = map("hours");
    ground.roads = CityRoads::by_week(roads, week, "America/New_York", NOON).unwrap();
    let config = LiveConfig { heartbeat_s: 80_000.0, ..LiveConfig::default() };
    let city = sandbox.city_on(ground, "one", config).await;
    let driver = city.driver("Bo", corner(0, 0)).await;
    let quote = || city.quote(TENANT, &Wanted::plain(corner(2, 0), corner(6, 0), 1)).unwrap().quote;
    let across = || city.quote(TENANT, &Wanted::plain(corner(0, 0), corner(9, 9), 1)).unwrap().quote.fare.minor;
    let (first, price) = (quote(), across());
    assert_eq!((first.pickup_eta_s, first.trip_s), (Some(60.0), 120.0));

    sandbox.clock.advance(Duration::from_secs(3_600 - 1));
    assert!(!city.map().roads.begin_switch(sandbox.clock.now()), "the hour is not over");
    sandbox.clock.advance(Duration::from_secs(1));
    until("the second hour", async || (quote().trip_s == 240.0).then_some(())).await;
    assert_eq!(quote().pickup_eta_s, Some(120.0));
    sandbox.clock.advance(Duration::from_secs(3_600));
    until("the third hour", async || (quote().trip_s == 360.0).then_some(())).await;
    assert!(across() > price, "time is part of the price");

    // The offer's pickup time comes out of the matching.
    city.report_positions(TENANT, &reports(&[(driver.id, corner(0, 0))])).pop().unwrap().unwrap();
    let order = city.ride(corner(2, 0), corner(6, 0)).await;
    sandbox.advance(5);
    let offered = city.reaches(order.id, doorstep_orders::State::Offered).await;
    assert_eq!((offered.pickup_eta_ms, offered.direct_ms), (Some(180_000), 360_000));
    city.shutdown().await;
}

#[tokio::test]
async fn a_flat_week_gives_fixed_roads() {
    let roads = Roads::build(grid());
    let flat = WeekProfile::flat(roads.graph().arc_count());
    assert!(!CityRoads::by_week(roads, flat, "Nowhere/Known", NOON).unwrap().hourly());
    let (roads, week) = rush();
    assert!(CityRoads::by_week(roads, week, "Nowhere/Known", NOON).is_err());
}
