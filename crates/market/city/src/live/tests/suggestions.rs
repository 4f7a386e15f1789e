//! Idle drivers hear where they had best wait.

use doorstep_orders::State;

use crate::live::LiveConfig;
use crate::live::tests::sandbox::{Sandbox, Street as _, TENANT, corner, reports, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_drivers_are_told_where_requests_are_expected() {
    let sandbox = Sandbox::new().await;
    // Nobody is matched for a while: the riders' places alone tell where more will come.
    let config = LiveConfig { batch_s: 600.0, rebalance_s: 10.0, heartbeat_s: 600.0, ..LiveConfig::default() };
    let city = sandbox.city_with("grid", "one", config).await;
    let near = city.driver("Near", corner(9, 8)).await;
    let far = city.driver("Far", corner(0, 0)).await;
    sandbox.advance(1);
    let order = city.ride(corner(9, 9), corner(5, 5)).await;
    sandbox.advance(10);
    // An earlier decision may have come before; this is the one of now.
    let ends = sandbox.clock_now().plus_ms(20_000);
    let live = async || city.driver_live(far.id).unwrap().suggestion.filter(|told| told.expires_at == ends);
    assert_eq!(until("a suggestion", live).await.place, corner(9, 9));
    assert!(city.driver_live(near.id).unwrap().suggestion.is_some());

    // With the answer to his position, once.
    let both = [far.id, near.id];
    assert!(city.tell_suggestions("ten_other", &[]).is_empty());
    let news = city.tell_suggestions(TENANT, &both);
    assert_eq!(news.iter().map(|(driver, _)| *driver).collect::<Vec<_>>(), both);
    assert!(city.tell_suggestions(TENANT, &both).is_empty());
    sandbox.advance(10);
    until("a new one", async || (city.tell_suggestions(TENANT, &[far.id]).len() == 1).then_some(())).await;

    // Who has come there is told nothing more; and it ends.
    let heard = city.report_positions(TENANT, &reports(&[(far.id, corner(9, 9)), (near.id, corner(9, 9))]));
    assert!(heard.iter().all(Result::is_ok));
    sandbox.advance(10);
    until("the end", async || city.driver_live(far.id).unwrap().suggestion.is_none().then_some(())).await;
    city.orders().get(TENANT, order.id).await.map(|order| assert_eq!(order.state, State::Searching)).unwrap();
    city.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_offered_a_ride_is_not_sent_elsewhere() {
    let sandbox = Sandbox::new().await;
    let config = LiveConfig { rebalance_s: 5.0, heartbeat_s: 600.0, ..LiveConfig::default() };
    let city = sandbox.city_with("grid", "one", config).await;
    let driver = city.driver("Lee", corner(0, 0)).await;
    sandbox.advance(5);
    let order = city.ride(corner(3, 3), corner(5, 5)).await;
    sandbox.advance(5);
    city.reaches(order.id, State::Offered).await;
    until("the driver to hear of it", async || (city.driver_live(driver.id)?.state == "offered").then_some(())).await;
    sandbox.advance(5);
    tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    assert_eq!(city.driver_live(driver.id).unwrap().suggestion, None);
    assert!(city.tell_suggestions(TENANT, &[driver.id]).is_empty());
    city.shutdown().await;
}
