//! Riders are gathered for a time that is chosen with the price.

use doorstep_orders::State;
use doorstep_pricing::{SurgeConfig, WindowLimits};

use crate::live::LiveConfig;
use crate::live::tests::sandbox::{Sandbox, Street, TENANT, corner, map, until};

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_alone_is_matched_at_once_and_who_comes_next_waits_for_the_window() {
    let sandbox = Sandbox::new().await;
    let mut ground = map("grid");
    let limits = WindowLimits { least_s: 1.0, most_s: 30.0 };
    ground.surge = SurgeConfig { window: Some(limits), warm_up_s: 0.0, ..ground.surge };
    let config = LiveConfig { batch_s: 20.0, offer_s: 600.0, surge_s: 150.0, ..LiveConfig::default() };
    let city = sandbox.city_on(ground, "one", config).await;
    let (bo, cy) = (city.driver("Bo", corner(1, 0)).await, city.driver("Cy", corner(2, 0)).await);
    let places = [(bo.id, corner(1, 0)), (cy.id, corner(2, 0))];
    // The first round may have come before the drivers, when there was nobody to make a map for: the second one has not.
    sandbox.advance_reporting(&city, 151, &places).await;
    // A map of an empty city: its window is the shortest one, until riders are seen.
    until("the first map", async || city.surge(TENANT).map.and_then(|map| map.window_s())).await;
    sandbox.advance_reporting(&city, 2, &places).await;
    let first = city.ride(corner(1, 1), corner(6, 1)).await;
    sandbox.advance_reporting(&city, 2, &places).await;
    city.reaches(first.id, State::Offered).await;
    city.shutdown().await;
}
