//! Bad input: each ends in a typed problem that names the field.

use std::time::Duration;

use doorstep::config::DemoClock;
use doorstep_clock::Timestamp;
use serde_json::json;

use crate::support::{CITY, Server, corner};

#[tokio::test(flavor = "multi_thread")]
async fn points_are_checked() {
    let server = Server::start().await;
    let (rider, quotes) = (server.client(&["rider"]).await, format!("/v1/cities/{CITY}/quotes"));
    let json_text = |body: &str| rider.post_text(&quotes, "application/json", body.to_owned());

    json_text(r#"{"pickup":{"lat":NaN,"lon":1},"dropoff":{"lat":1,"lon":1}}"#).await.names(
        400,
        "invalid_body",
        "/pickup/lat",
    );
    json_text(r#"{"pickup":{"lat":1e999,"lon":1},"dropoff":{"lat":1,"lon":1}}"#).await.names(
        400,
        "invalid_body",
        "/pickup/lat",
    );
    json_text("").await.names(400, "invalid_field", "/pickup");
    json_text("{\"pickup\":").await.problem(400, "invalid_body");
    let there = corner(9, 9);
    let ask = |pickup: serde_json::Value| rider.post(&quotes, json!({"pickup": pickup, "dropoff": there}));
    ask(json!({"lat": "40.7", "lon": -74})).await.names(400, "invalid_field", "/pickup/lat");
    ask(json!({"lat": 95, "lon": -74})).await.names(400, "invalid_field", "/pickup/lat");
    ask(json!({"lat": 40.7})).await.names(400, "invalid_field", "/pickup/lon");
    ask(json!({"lat": 40.7, "lng": -74})).await.names(400, "unknown_field", "/pickup/lng");
    ask(json!({"lat": 48.2, "lon": 16.4})).await.names(422, "outside_area", "/pickup");
    let swapped = ask(json!({"lat": -73.99, "lon": 40.71})).await.names(422, "outside_area", "/pickup");
    assert!(swapped["errors"][0]["fix"].as_str().unwrap().contains("swap"), "{swapped}");
    rider.post(&quotes, json!({"pickup": there, "dropoff": there})).await.names(400, "invalid_field", "/dropoff");
    let many = json!({"pickup": corner(1, 1), "dropoff": there, "seats": 99});
    rider.post(&quotes, many).await.names(400, "invalid_field", "/seats");
    let far = json!({"from": corner(1, 1), "to": {"lat": 0, "lon": 0}});
    rider.post(&format!("/v1/cities/{CITY}/route"), far).await.names(422, "outside_area", "/to");
    let table = json!({"sources": vec![corner(1, 1); 1001], "targets": vec![corner(2, 2); 1000]});
    rider.post(&format!("/v1/cities/{CITY}/table"), table).await.names(400, "invalid_field", "/targets");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bodies_and_paths_are_checked() {
    let server = Server::with(|config| config.limits.ndjson_bytes = 64 << 10).await;
    let admin = &server.admin;
    let unknown = json!({"city": CITY, "name": "B", "plate": "1", "seats": 4, "color": "red"});
    admin.post("/v1/drivers", unknown).await.names(400, "unknown_field", "/color");
    let elsewhere = json!({"city": "atlantis", "name": "B", "plate": "1", "seats": 4});
    admin.post("/v1/drivers", elsewhere).await.names(400, "invalid_field", "/city");
    let big = format!(r#"{{"name":"{}"}}"#, "x".repeat(10 << 20));
    admin.post_text("/v1/keys", "application/json", big).await.problem(413, "too_large");
    let lines = "{}\n".repeat(40_000);
    let positions = format!("/v1/cities/{CITY}/positions");
    admin.post_text(&positions, "application/x-ndjson", lines).await.problem(413, "too_large");
    admin.post_text(&positions, "application/json", "{}").await.problem(415, "unsupported_media_type");
    admin.post_text("/v1/keys", "text/plain", "{}").await.problem(415, "unsupported_media_type");

    admin.get("/v1/nothing").await.problem(404, "not_found");
    admin.delete("/v1/orders").await.problem(405, "method_not_allowed");
    admin.get("/v1/cities/atlantis").await.problem(404, "not_found");
    for path in [
        "/v1/orders/ord_1",
        "/v1/orders/drv_0193523c9d6a7b1e8f00112233445566",
        "/v1/drivers/bob",
        "/v1/orders/ord_0193523c9d6a7b1e8f00112233445566",
        "/v1/orders/ord_0193523c9d6a7b1e8f00112233445566/events",
    ] {
        admin.get(path).await.problem(404, "not_found");
    }
    admin.get(&format!("/v1/cities/{CITY}/tiles/99/0/0")).await.problem(404, "not_found");
    admin.get("/v1/orders?limit=0").await.names(400, "invalid_field", "?limit");
    admin.get("/v1/orders?limit=x").await.names(400, "invalid_field", "?limit");
    admin.get("/v1/orders?state=flying").await.names(400, "invalid_field", "?state");
    admin.get("/v1/orders?colour=red").await.names(400, "invalid_field", "?colour");
    admin.get("/v1/orders?cursor=x").await.names(400, "invalid_field", "?cursor");
    admin.get("/v1/orders?driver=bob").await.names(400, "invalid_field", "?driver");
    admin.post(&format!("/v1/cities/{CITY}/clock"), json!({"speed": 2})).await.problem(409, "clock_fixed");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quotes_pass_only_as_they_were_signed_and_in_time() {
    // Ten city minutes a second: five minutes are over in half a second.
    let start = Timestamp::parse("2030-01-01T12:00:00Z").unwrap();
    let server = Server::with(|config| config.demo_clock = Some(DemoClock { start, speed: 600.0 })).await;
    let rider = server.client(&["rider"]).await;
    let order = |token: String| rider.post("/v1/orders", json!({"quote": token, "rider": {"name": "Ada"}}));

    let token = rider.quote().await["token"].as_str().unwrap().to_owned();
    for at in [0, 3, token.len() / 2, token.len() - 2] {
        let mut altered = token.clone().into_bytes();
        altered[at] = if altered[at] == b'A' { b'B' } else { b'A' };
        order(String::from_utf8(altered).unwrap()).await.problem(400, "quote_altered");
    }
    order("x".to_owned()).await.problem(400, "quote_altered");
    tokio::time::sleep(Duration::from_millis(700)).await;
    let late = order(token).await.problem(409, "quote_expired");
    assert!(late["expired_at"].is_string());

    let body = json!({"quote": rider.quote().await["token"], "rider": {"name": "Ada"}});
    let made = rider.post("/v1/orders", body.clone()).await.made();
    let used = rider.post("/v1/orders", body).await.problem(409, "quote_used");
    assert_eq!(used["order_id"], made["id"]);
    server.stop().await;
}
