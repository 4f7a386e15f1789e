//! Lists in pages, cities, roads.

use std::collections::HashSet;

use doorstep::api::{City, Page, Route, Times};
use serde_json::json;

use crate::support::{CITY, Client, Server, corner};

/// All ids of a list, page by page.
async fn all(client: &Client, path: &str, limit: usize) -> Vec<String> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("{path}limit={limit}{cursor}")).await.done();
        let items = page["items"].as_array().unwrap();
        assert!(items.len() <= limit);
        ids.extend(items.iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return ids,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_whole_and_once_in_pages() {
    let server = Server::start().await;
    let client = &server.admin;
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(client.order().await["id"].as_str().unwrap().to_owned());
    }
    let listed = all(client, "/v1/orders?", 3).await;
    assert_eq!(listed.len(), 7);
    assert_eq!(listed.iter().collect::<HashSet<_>>(), made.iter().collect());
    client.post(&format!("/v1/orders/{}/cancel", made[0]), json!({"reason": "x"})).await.done();
    assert_eq!(all(client, "/v1/orders?state=cancelled&", 3).await, made[..1]);
    assert_eq!(all(client, &format!("/v1/orders?open=true&city={CITY}&"), 200).await.len(), 6);
    assert_eq!(all(client, "/v1/orders?city=elsewhere&", 3).await.len(), 0);

    let car = client.driver_at(3, 3).await;
    assert_eq!(all(client, "/v1/drivers?shift=online&", 1).await, [car]);
    assert!(all(client, "/v1/drivers?shift=break&", 1).await.is_empty());
    client.get("/v1/drivers?shift=night").await.names(400, "invalid_field", "?shift");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_tells_what_it_is_and_where_its_roads_lead() {
    let server = Server::start().await;
    let client = &server.admin;
    let cities: Page<City> = serde_json::from_value(client.get("/v1/cities").await.done()).unwrap();
    let city = &cities.items[0];
    assert_eq!((city.id.as_str(), city.roads.nodes, city.roads.arcs), (CITY, 144, 528));
    assert!(!city.clock.controllable && city.bbox.south < city.bbox.north);

    let roads = |what: &str| format!("/v1/cities/{CITY}/{what}");
    let route: Route = serde_json::from_value(
        client.post(&roads("route"), json!({"from": corner(0, 0), "to": corner(0, 3)})).await.done(),
    )
    .unwrap();
    // Three blocks of 169 m at 30 km/h.
    assert!((route.time_s - 60.84).abs() < 0.1 && (506..=508).contains(&route.distance_m), "{route:?}");
    assert_eq!(route.geometry.len(), 4);
    let table = json!({"sources": [corner(0, 0), corner(5, 5)], "targets": [corner(0, 3), corner(0, 0), corner(5, 5)]});
    let times: Times = serde_json::from_value(client.post(&roads("table"), table).await.done()).unwrap();
    assert_eq!((times.times_s.len(), times.times_s[0][0], times.times_s[1][2]), (2, Some(route.time_s), Some(0.0)));

    let tile = client.get(&roads("tiles/14/4823/6160.mvt")).await;
    assert_eq!((tile.status, tile.header("content-type")), (200, "application/vnd.mapbox-vector-tile"));
    let request = client
        .http
        .get(format!("{}{}", client.base, roads("tiles/14/4823/6160")))
        .header("if-none-match", tile.header("etag"));
    assert_eq!(request.send().await.unwrap().status(), 304);
    server.stop().await;
}
