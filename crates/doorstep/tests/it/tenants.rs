//! Two companies on one Doorstep: they share the city, and never see one another.

use std::time::Duration;

use serde_json::{Value, json};

use crate::{
    fleet::{connect, next_text},
    streams::listen,
    support::{CITY, Client, Server, corner},
};

fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// The next frame of the map, by whoever's key.
async fn frame(client: &Client) -> Value {
    let mut socket = connect(client, "map/ws").await;
    serde_json::from_str(&next_text(&mut socket).await).unwrap()
}

async fn ids(client: &Client, path: &str) -> Vec<String> {
    client.get(path).await.done()["items"].as_array().unwrap().iter().map(id).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_tenants_never_see_each_other() {
    let server = Server::start().await;
    let (ours, theirs) = (&server.admin, server.tenant("night-cabs"));
    assert_eq!(theirs.get("/v1/me").await.done()["tenant"], "night-cabs");

    // Keys.
    let our_key = ours.key.split_once(':').unwrap().0;
    assert!(!ids(&theirs, "/v1/keys").await.iter().any(|key| key == our_key));
    theirs.delete(&format!("/v1/keys/{our_key}")).await.problem(404, "not_found");

    // Drivers and quotes: our car stands at their rider's door and is not theirs.
    let car = ours.driver_at(1, 1).await;
    assert!(ids(&theirs, "/v1/drivers").await.is_empty());
    for path in ["", "/story"] {
        theirs.get(&format!("/v1/drivers/{car}{path}")).await.problem(404, "not_found");
    }
    theirs.post(&format!("/v1/drivers/{car}/offline"), json!({})).await.problem(404, "not_found");
    let at = corner(2, 2);
    theirs.post(&format!("/v1/drivers/{car}/position"), at.clone()).await.problem(404, "not_found");
    let line = json!({"driver": car, "lat": at["lat"], "lon": at["lon"]}).to_string();
    let path = format!("/v1/cities/{CITY}/positions");
    let refused = theirs.post_text(&path, "application/x-ndjson", line).await.done();
    assert_eq!(refused["rejected"][0]["code"], "unknown_driver");
    assert_eq!(theirs.quote().await["pickup_eta_s"], Value::Null);
    let quote = ours.quote().await;
    assert_eq!(quote["pickup_eta_s"], 0.0);
    let body = json!({"quote": quote["token"], "rider": {"name": "Eve"}});
    theirs.post("/v1/orders", body).await.problem(400, "quote_altered");

    // Orders: each is served by its own drivers. One Idempotency-Key means two things to two callers.
    let body = |quote: Value| json!({"quote": quote["token"], "rider": {"name": "Ada"}});
    let their_order = id(&theirs.post_once("/v1/orders", "tap-1", &body(theirs.quote().await)).await.made());
    let our_order = id(&ours.post_once("/v1/orders", "tap-1", &body(quote)).await.made());
    ours.until(&our_order, "offered").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    theirs.until(&their_order, "searching").await;
    let order = format!("/v1/orders/{our_order}");
    for path in ["", "/events", "/stream"] {
        theirs.get(&format!("{order}{path}")).await.problem(404, "not_found");
    }
    theirs.post(&format!("{order}/cancel"), json!({"reason": "x"})).await.problem(404, "not_found");
    theirs.post(&format!("{order}/accept"), json!({"driver": car})).await.problem(404, "not_found");
    theirs
        .post(&format!("/v1/orders/{their_order}/accept"), json!({"driver": car}))
        .await
        .problem(409, "illegal_transition");
    assert_eq!(ids(&theirs, "/v1/orders").await, [their_order.as_str()]);
    assert_eq!(ids(ours, "/v1/orders").await, [our_order.as_str()]);
    let far = theirs.driver_at(5, 5).await;
    let offered = theirs.until(&their_order, "offered").await;
    assert_eq!(offered["driver"]["id"], far.as_str());

    // Frames, figures, events.
    for (who, driver, order) in [(ours, &car, &our_order), (&theirs, &far, &their_order)] {
        let frame = frame(who).await;
        let firsts = |list: &Value| list.as_array().unwrap().iter().map(|row| row[0].clone()).collect::<Vec<_>>();
        assert_eq!((firsts(&frame["drivers"]), firsts(&frame["orders"])), (vec![json!(driver)], vec![json!(order)]));
        let stats = who.get(&format!("/v1/cities/{CITY}/stats")).await.done();
        for stats in [&stats, &frame["stats"]] {
            let count = |name: &str| stats[name].as_u64().unwrap();
            assert_eq!((count("requests"), count("waiting")), (1, 1), "{stats}");
            assert_eq!((count("drivers_online"), count("drivers_busy")), (1, 1), "{stats}");
        }
        let told = listen(who, &format!("/v1/cities/{CITY}/events?from=0"), None, 2).await;
        let kinds: Vec<&str> = told.iter().map(|event| event.kind.as_str()).collect();
        assert_eq!(kinds, ["requested", "offered"]);
        assert!(told.iter().all(|event| event.data.order_id == *order));
    }
    theirs.post(&format!("/v1/cities/{CITY}/clock"), json!({"speed": 2})).await.problem(403, "forbidden");
    theirs.post(&format!("/v1/orders/{their_order}/cancel"), json!({"reason": "x"})).await.done();

    // And after a restart each goes on from its own.
    let server = Server::on(server.stop().await, |_| {}).await;
    let stats = server.admin.get(&format!("/v1/cities/{CITY}/stats")).await.done();
    assert_eq!((stats["requests"].as_u64(), stats["cancelled"].as_u64()), (Some(1), Some(0)));
    let theirs = Client::new(server.admin.base.clone(), theirs.key);
    let stats = theirs.get(&format!("/v1/cities/{CITY}/stats")).await.done();
    assert_eq!((stats["requests"].as_u64(), stats["cancelled"].as_u64()), (Some(1), Some(1)));
    server.stop().await;
}
