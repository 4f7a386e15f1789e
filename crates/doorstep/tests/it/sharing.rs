//! Shared rides over HTTP: two prices, one route, a promise.

use doorstep::{
    api::{City, DriverRoute, OrderProgress, schema},
    config::DispatchPolicy,
};
use serde_json::{Value, json};

use super::support::{CITY, Client, Server, corner};

async fn pooled() -> Server {
    Server::with(|config| config.dispatch.policy = DispatchPolicy::Pooled).await
}

async fn price(rider: &Client, from: (usize, usize), to: (usize, usize), seats: u8) -> schema::Quote {
    let trip = json!({"pickup": corner(from.0, from.1), "dropoff": corner(to.0, to.1), "seats": seats});
    serde_json::from_value(rider.post(&format!("/v1/cities/{CITY}/quotes"), trip).await.done()).unwrap()
}

async fn share(rider: &Client, from: (usize, usize), to: (usize, usize), name: &str) -> Value {
    let quote = price(rider, from, to, 1).await;
    rider.post("/v1/orders", json!({"quote": quote.token, "rider": {"name": name}, "share": true})).await.made()
}

async fn act(driver: &Client, order: &str, what: &str, car: &str) -> Value {
    driver.post(&format!("/v1/orders/{order}/{what}"), json!({"driver": car})).await.done()
}

async fn route(driver: &Client, car: &str) -> DriverRoute {
    serde_json::from_value(driver.get(&format!("/v1/drivers/{car}/route")).await.done()).unwrap()
}

fn stops(route: &DriverRoute) -> Vec<(&str, &str)> {
    route.stops.iter().map(|stop| (stop.rider.as_str(), stop.kind.as_str())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_riders_share_a_car_within_what_was_promised() {
    let server = pooled().await;
    let (rider, driver) = (server.client(&["rider"]).await, server.client(&["driver"]).await);
    let city: City = serde_json::from_value(rider.get(&format!("/v1/cities/{CITY}")).await.done()).unwrap();
    assert_eq!(city.policy.shared.map(|shared| (shared.seats, shared.max_delay_s)), Some((4, 600.0)));

    let quote = price(&rider, (1, 1), (9, 1), 1).await;
    let offer = quote.share.unwrap();
    assert!(offer.fare.minor < quote.fare.minor);
    assert_eq!(offer.fare.minor + offer.split.discount.minor, quote.fare.minor);
    let split = &offer.split;
    let paid_out = [&split.driver, &split.tolls, &split.platform, &split.tax].map(|part| part.minor);
    assert_eq!(paid_out.iter().sum::<i64>(), offer.fare.minor);
    assert_eq!((offer.max_wait_s, offer.max_delay_s), (300.0, 600.0));
    assert!(price(&rider, (1, 1), (9, 1), 6).await.share.is_none(), "six do not fit into four seats");

    let car = driver.driver_at(1, 1).await;
    let ada = share(&rider, (1, 1), (9, 1), "Ada").await;
    let ada_id = ada["id"].as_str().unwrap();
    let order: schema::Order = serde_json::from_value(ada.clone()).unwrap();
    assert_eq!((order.shared, order.fare.minor), (true, offer.fare.minor));
    let why = rider.get(&format!("/v1/orders/{ada_id}/price")).await.done();
    assert_eq!(why["total"]["minor"], offer.fare.minor, "the reason is that of the price that is paid");
    assert!(why["parts"].as_array().unwrap().iter().any(|part| part["kind"] == "sharing"), "{why}");
    assert!(order.pickup_by.is_some() && order.dropoff_by.is_some());
    assert_eq!(rider.until(ada_id, "offered").await["driver"]["id"], car.as_str());
    act(&driver, ada_id, "accept", &car).await;

    // Bob is put on the route; nobody is asked.
    let bob = share(&rider, (3, 1), (7, 1), "Bob").await;
    let bob_id = bob["id"].as_str().unwrap();
    let joined = rider.until(bob_id, "accepted").await;
    assert_eq!((&joined["driver"]["id"], &joined["offered_at"]), (&json!(car), &Value::Null));
    let way = route(&driver, &car).await;
    assert_eq!(stops(&way), [("Ada", "pickup"), ("Bob", "pickup"), ("Bob", "dropoff"), ("Ada", "dropoff")]);
    assert!(way.stops.iter().all(|stop| stop.eta.as_ref() <= stop.by.as_ref() && stop.eta.is_some()), "{way:?}");
    assert!(way.geometry.len() >= 9);

    // The answer to a position says that the route is another, once.
    let here = driver.post(&format!("/v1/drivers/{car}/position"), corner(1, 1)).await.done();
    assert_eq!(here["routes"], json!([car]));
    let again = driver.post(&format!("/v1/drivers/{car}/position"), corner(1, 1)).await.done();
    assert_eq!(again.get("routes"), None);

    let progress = rider.get(&format!("/v1/orders/{bob_id}/progress")).await.done();
    let progress: OrderProgress = serde_json::from_value(progress).unwrap();
    assert_eq!(progress.stops_before, 1);
    assert!(progress.pickup_eta.unwrap() < progress.dropoff_eta.unwrap());

    for order in [ada_id, bob_id] {
        act(&driver, order, "arrive", &car).await;
        act(&driver, order, "pickup", &car).await;
    }
    for order in [bob_id, ada_id] {
        let done = act(&driver, order, "complete", &car).await;
        assert_eq!(done["state"], "completed");
        // They were aboard together: both pay less than was quoted, and can read why.
        let price: schema::Price =
            serde_json::from_value(rider.get(&format!("/v1/orders/{order}/price")).await.done()).unwrap();
        let settled = price.settled.unwrap();
        assert_eq!((settled.shared_with, done["fare"]["minor"].as_i64()), (1, Some(price.total.minor)));
        assert_eq!(price.total.minor + settled.saved.minor, settled.quoted.minor);
        assert!(settled.saved.minor > 0 && price.parts.iter().any(|part| part.label == "Shared with 1"));
        if order == ada_id {
            assert_eq!(settled.quoted.minor, offer.fare.minor);
            assert!(price.total.minor >= offer.least.minor && offer.least.minor < offer.fare.minor);
        }
    }
    assert_eq!(stops(&route(&driver, &car).await), []);
    let events = rider.get(&format!("/v1/orders/{bob_id}/events")).await.done();
    let kinds: Vec<&str> = events["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["requested", "assigned", "arrived", "picked_up", "completed"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_rides_are_not_shared_nobody_can_ask_for_it() {
    let server = Server::start().await;
    let rider = server.client(&["rider"]).await;
    let quote = price(&rider, (1, 1), (9, 1), 1).await;
    assert!(quote.share.is_none());
    let asked = json!({"quote": quote.token, "rider": {"name": "Ada"}, "share": true});
    rider.post("/v1/orders", asked).await.names(400, "invalid_field", "/share");
    rider.get("/v1/drivers/drv_0193523c9d6a7b1e8f00112233445566/route").await.problem(403, "forbidden");
    let driver = server.client(&["driver"]).await;
    driver.get("/v1/drivers/drv_0193523c9d6a7b1e8f00112233445566/route").await.problem(404, "not_found");
    server.stop().await;
}
