//! A ride from the quote to the drop-off, and the ways it may not go.

use doorstep::api::schema;
use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{CITY, Client, Server};

async fn drive(client: &Client, order: &str, what: &str, driver: &str) -> crate::support::Answer {
    client.post(&format!("/v1/orders/{order}/{what}"), json!({"driver": driver})).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ride_from_quote_to_drop_off() {
    let server = Server::start().await;
    let (rider, driver) = (server.client(&["rider"]).await, server.client(&["driver"]).await);
    let car = driver.driver_at(1, 2).await;

    let quote: schema::Quote = serde_json::from_value(rider.quote().await).unwrap();
    assert!(quote.pickup_eta_s.is_some_and(|eta| eta < 120.0), "{quote:?}");
    assert!(quote.trip_s > 100.0 && quote.geometry.len() > 2);
    assert_eq!(quote.parts.iter().map(|part| part.amount.minor).sum::<i64>(), quote.fare.minor);
    let body = json!({"quote": quote.token, "rider": {"name": "Ada", "ref": "r-1"}, "note": "the red coat"});
    let made = rider.post("/v1/orders", body).await;
    assert!(made.header("location").starts_with("/v1/orders/ord_"));
    let order: schema::Order = serde_json::from_value(made.made()).unwrap();
    assert_eq!((order.fare.clone(), order.version), (quote.fare, 1));

    let offered = rider.until(&order.id, "offered").await;
    assert_eq!(offered["driver"]["id"], car.as_str());
    for (what, state) in [
        ("accept", "accepted"),
        ("depart", "arriving"),
        ("arrive", "arrived"),
        ("pickup", "on_trip"),
        ("complete", "completed"),
    ] {
        assert_eq!(drive(&driver, &order.id, what, &car).await.done()["state"], state);
    }
    let done: schema::Order =
        serde_json::from_value(rider.get(&format!("/v1/orders/{}", order.id)).await.done()).unwrap();
    assert!(done.wait_s.is_some() && done.delay_s.is_some() && done.completed_at.is_some());

    let events: doorstep::api::Page<schema::Event> =
        serde_json::from_value(rider.get(&format!("/v1/orders/{}/events", order.id)).await.done()).unwrap();
    let kinds: Vec<String> = events
        .items
        .iter()
        .map(|event| serde_json::to_value(event.kind).unwrap().as_str().unwrap().to_owned())
        .collect();
    assert_eq!(kinds, ["requested", "offered", "accepted", "arriving", "arrived", "picked_up", "completed"]);
    assert!(events.items.iter().zip(1..).all(|(event, version)| event.version == version));

    let story = driver.get(&format!("/v1/drivers/{car}/story")).await.done();
    let lines: Vec<schema::StoryLine> = serde_json::from_value(story["items"].clone()).unwrap();
    assert_eq!((lines.len(), lines[0].kind), (6, schema::EventKind::Completed));
    let stats: schema::Stats =
        serde_json::from_value(rider.get(&format!("/v1/cities/{CITY}/stats")).await.done()).unwrap();
    assert_eq!((stats.requests, stats.served, stats.drivers_online), (1, 1, 1));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn illegal_steps_name_both_states() {
    let server = Server::start().await;
    let (rider, driver) = (server.client(&["rider"]).await, server.client(&["driver"]).await);
    let order = rider.order().await["id"].as_str().unwrap().to_owned();
    let none = "drv_0193523c9d6a7b1e8f00112233445566";
    let refused = drive(&driver, &order, "pickup", none).await.problem(409, "illegal_transition");
    assert_eq!(
        (&refused["from"], &refused["to"], &refused["command"]),
        (&json!("searching"), &json!("on_trip"), &json!("pickup"))
    );
    assert!(refused["allowed"].as_array().unwrap().contains(&json!("cancel")));
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains("searching") && detail.contains("on_trip"), "{detail}");

    drive(&driver, &order, "accept", "bob").await.names(400, "invalid_field", "/driver");
    let by_operator = json!({"reason": "x", "by": "operator"});
    rider.post(&format!("/v1/orders/{order}/cancel"), by_operator).await.problem(403, "forbidden");
    rider.post(&format!("/v1/orders/{order}/cancel"), json!({})).await.names(400, "invalid_field", "/reason");
    let cancelled = rider.post(&format!("/v1/orders/{order}/cancel"), json!({"reason": "rain"})).await.done();
    assert_eq!(cancelled["cancelled"]["reason"], "rain");
    let refused = drive(&driver, &order, "complete", none).await.problem(409, "illegal_transition");
    assert_eq!((&refused["from"], &refused["allowed"]), (&json!("cancelled"), &json!([])));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_accepts_exactly_one_wins() {
    let server = Server::start().await;
    let (rider, driver) = (server.client(&["rider"]).await, server.client(&["driver"]).await);
    let (car, other) = (driver.driver_at(1, 1).await, driver.driver_at(4, 4).await);
    let order = rider.order().await["id"].as_str().unwrap().to_owned();
    let offered = rider.until(&order, "offered").await;
    assert_eq!(offered["driver"]["id"], car.as_str());

    drive(&driver, &order, "accept", &other).await.problem(409, "wrong_driver");
    let answers = join_all((0..10).map(|_| drive(&driver, &order, "accept", &car))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let lost = answers.iter().find(|answer| answer.status != 200).unwrap();
    assert_eq!((lost.status, &lost.body["code"]), (409, &json!("illegal_transition")));
    assert_eq!(driver.get(&format!("/v1/drivers/{car}")).await.done()["order"], order.as_str());

    // The driver gives it back: the other one gets it.
    let back = driver.post(&format!("/v1/orders/{order}/release"), json!({"driver": car})).await.done();
    assert_eq!((&back["state"], &back["driver"]), (&json!("searching"), &Value::Null));
    let again = rider.until(&order, "offered").await;
    assert_eq!(again["driver"]["id"], other.as_str());
    driver.post(&format!("/v1/orders/{order}/decline"), json!({"driver": other, "reason": "lunch"})).await.done();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_goes_on_where_it_was() {
    let server = Server::start().await;
    let rider = server.client(&["rider"]).await;
    let order = rider.order().await["id"].as_str().unwrap().to_owned();
    let key = rider.key.clone();
    let server = Server::on(server.stop().await, |config| config.dispatch.batch_s = 0.2).await;
    let rider = Client::new(server.admin.base.clone(), key);
    assert_eq!(rider.get(&format!("/v1/orders/{order}")).await.done()["state"], "searching");
    let car = server.client(&["driver"]).await.driver_at(1, 1).await;
    assert_eq!(rider.until(&order, "offered").await["driver"]["id"], car.as_str());
    server.stop().await;
}
