//! What a ride costs and why: legible, the same for everybody, kept with the order.

use doorstep::api::{Page, schema};
use serde_json::{Value, json};

use crate::support::{CITY, Client, Server, corner};

fn trip() -> Value {
    json!({"pickup": corner(1, 1), "dropoff": corner(9, 9)})
}

async fn quote(client: &Client) -> schema::Quote {
    let asked = client.post(&format!("/v1/cities/{CITY}/quotes"), trip()).await.done();
    serde_json::from_value(asked).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_trip_costs_everybody_the_same() {
    let server = Server::with(|config| config.pricing.surge = true).await;
    server.admin.driver_at(1, 2).await;
    let mut prices = Vec::new();
    for (scope, name, reference, note) in [
        ("rider", "Ada", Some("gold-member"), None),
        ("rider", "Bob", None, Some("new phone, battery at 2 %")),
        ("partner", "李雷", Some("r-2"), Some("+1 212 555 0100")),
        ("operator", "Zoë, 71", None, None),
    ] {
        let client = server.client(&[scope]).await;
        let quote = quote(&client).await;
        let rider = json!({"name": name, "ref": reference});
        let body = json!({"quote": quote.token, "rider": rider, "note": note});
        let order: schema::Order = serde_json::from_value(client.post("/v1/orders", body).await.made()).unwrap();
        assert_eq!(order.fare, quote.fare);
        prices.push((quote.fare, quote.parts, quote.why.multiplier, quote.why.tariff_version));
    }
    assert!(prices.windows(2).all(|pair| pair[0] == pair[1]), "{prices:?}");
    // Nor can anything about a person be said when a price is asked for.
    let rider = server.client(&["rider"]).await;
    for personal in ["rider", "name", "phone", "age", "sex", "device", "battery", "rating", "ref"] {
        let mut body = trip();
        body[personal] = json!(1);
        let refused = rider.post(&format!("/v1/cities/{CITY}/quotes"), body).await;
        refused.names(400, "unknown_field", &format!("/{personal}"));
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_price_says_why_before_the_ride_and_long_after() {
    let server = Server::with(|config| config.pricing.surge = true).await;
    let (rider, other) = (server.client(&["rider"]).await, server.tenant("other"));
    server.admin.driver_at(1, 2).await;
    let quote = quote(&rider).await;
    let before: schema::Price =
        serde_json::from_value(rider.get(&format!("/v1/quotes/{}/price", quote.token)).await.done()).unwrap();
    assert_eq!((&before.total, &before.parts, &before.why), (&quote.fare, &quote.parts, &quote.why));
    assert_eq!((before.why.model.as_str(), before.why.tariff.as_str()), ("pickup-clearing", "Standard"));
    assert!(!before.why.sentence.is_empty() && !before.why.law.is_empty());
    let body = json!({"quote": quote.token, "rider": {"name": "Ada"}});
    let order = rider.post("/v1/orders", body).await.made();
    let path = format!("/v1/orders/{}/price", order["id"].as_str().unwrap());
    rider.post(&format!("/v1/orders/{}/cancel", order["id"].as_str().unwrap()), json!({"reason": "x"})).await.done();
    let after: schema::Price = serde_json::from_value(rider.get(&path).await.done()).unwrap();
    assert_eq!(after, before);
    assert_eq!(order["fare"]["minor"], after.parts.iter().map(|part| part.amount.minor).sum::<i64>());

    other.get(&path).await.problem(404, "not_found");
    other.get(&format!("/v1/quotes/{}/price", quote.token)).await.problem(400, "quote_altered");
    rider.get("/v1/quotes/v1.1.x.y/price").await.problem(400, "quote_altered");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_see_the_map_and_switch_it_with_a_reason() {
    let server = Server::with(|config| {
        config.pricing.surge = true;
        config.pricing.surge_s = 0.2;
    })
    .await;
    let (operator, driver) = (server.client(&["operator"]).await, server.client(&["driver"]).await);
    driver.driver_at(1, 2).await;
    let (surge, heat) = (format!("/v1/cities/{CITY}/surge"), format!("/v1/cities/{CITY}/heat"));
    let map: schema::SurgeMap = loop {
        let map: schema::SurgeMap =
            serde_json::from_value(operator.get(&format!("{surge}?boundaries=true")).await.done()).unwrap();
        if map.as_of.is_some() && map.cells.iter().any(|cell| cell.idle > 0.0) {
            break map;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert!(map.on && map.switch.is_none() && map.basis == "warming_up", "{map:?}");
    let idle: f64 = map.cells.iter().map(|cell| cell.idle).sum();
    assert!((idle - 1.0).abs() < 1e-3, "one car, spread over the cells: {idle}");
    for cell in &map.cells {
        assert!(cell.boundary.as_ref().is_some_and(|corners| corners.len() >= 6));
        assert!(cell.multiplier == 1.0 && cell.in_15_min.is_none() && cell.in_30_min.is_none());
    }
    let part = operator.get(&format!("{surge}?bbox=-74.0,40.70,-73.995,40.705")).await.done();
    assert!(part["cells"].as_array().unwrap().len() < map.cells.len());
    assert!(part["cells"].as_array().unwrap().iter().all(|cell| cell.get("boundary").is_none()));
    operator.get(&format!("{surge}?bbox=1,2,3")).await.names(400, "invalid_field", "?bbox");
    let shown: schema::HeatMap = serde_json::from_value(driver.get(&heat).await.done()).unwrap();
    assert_eq!(shown.cells.len(), map.cells.len());
    driver.get(&surge).await.problem(403, "forbidden");

    let switch = format!("{surge}/switch");
    operator.post(&switch, json!({"on": false, "reason": " "})).await.names(400, "invalid_field", "/reason");
    driver.post(&switch, json!({"on": false, "reason": "x"})).await.problem(403, "forbidden");
    let body = json!({"on": false, "reason": "the feed of positions is out of order"});
    let said = operator.post_once(&switch, "switch-1", &body).await.done();
    assert_eq!(operator.post_once(&switch, "switch-1", &body).await.done(), said);
    let off = operator.get(&surge).await.done();
    assert_eq!((&off["on"], &off["basis"], &off["switch"]), (&json!(false), &json!("off"), &said));
    assert_eq!(quote(&server.client(&["rider"]).await).await.why.basis, "off");

    let lines: Page<Value> = loop {
        let page: Page<Value> = serde_json::from_value(operator.get(&format!("{surge}/log")).await.done()).unwrap();
        if !page.items.is_empty() {
            break page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    };
    assert_eq!((&lines.items[0]["kind"], &lines.items[0]["reason"]), (&json!("surge_switched"), &body["reason"]));
    assert_eq!(lines.items.len(), 1, "the same word twice is said once");
    server.stop().await;
}
