//! The demo afternoon: riders are served through the public API, and a crash does not end it.

use std::time::{Duration, Instant};

use doorstep_tests::{Client, Node};
use serde_json::Value;

/// Small and quick: a tenth of the taxis and riders at full speed.
const SMALL: &[&str] = &["--demo", "--demo-taxis", "300", "--demo-share", "0.1", "--demo-speed", "30"];

async fn until(client: &Client, what: &str, seconds: u64, met: impl Fn(&Value) -> bool) -> Value {
    let end = Instant::now() + Duration::from_secs(seconds);
    loop {
        let stats = client.get("/v1/cities/manhattan/stats").await.unwrap();
        if met(&stats) {
            return stats;
        }
        assert!(Instant::now() < end, "not {what} within {seconds} s: {stats}");
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_afternoon_in_manhattan_survives_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Node::start(dir.path(), SMALL).await.unwrap();
    let client = node.client().unwrap();
    let stats = until(&client, "serving", 120, |s| s["served"].as_u64() >= Some(20)).await;
    assert!(stats["mean_wait_s"].as_f64().unwrap() < 300.0, "{stats}");
    let order = &client.get("/v1/orders?city=manhattan&state=completed&limit=1").await.unwrap()["items"][0];
    let events = client.get(&format!("/v1/orders/{}/events", order["id"].as_str().unwrap())).await.unwrap();
    let kinds: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect();
    for kind in ["requested", "offered", "accepted", "arriving", "arrived", "picked_up", "completed"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} is missing in {kinds:?}");
    }
    let served = stats["served"].as_u64().unwrap();
    node.kill().unwrap();

    let mut node = Node::start(dir.path(), SMALL).await.unwrap();
    let client = node.client().unwrap();
    let stats = until(&client, "going on", 120, |s| s["served"].as_u64() >= Some(served + 10)).await;
    assert!(stats["drivers_online"].as_u64().unwrap() >= 250, "{stats}");
    assert_eq!(node.stop().await.unwrap(), Some(0), "{}", node.log_end());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_clock_can_be_stopped_and_sped_up() {
    let dir = tempfile::tempdir().unwrap();
    let node = Node::start(dir.path(), SMALL).await.unwrap();
    let client = node.client().unwrap();
    let clock = |c: Client| async move { c.get("/v1/cities/manhattan").await.unwrap()["clock"].clone() };
    client.post("/v1/cities/manhattan/clock", serde_json::json!({"paused": true})).await.unwrap();
    let first = clock(client.clone()).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(clock(client.clone()).await["now"], first["now"]);
    client.post("/v1/cities/manhattan/clock", serde_json::json!({"paused": false, "speed": 60})).await.unwrap();
    tokio::time::sleep(Duration::from_millis(300)).await;
    let last = clock(client.clone()).await;
    assert_ne!(last["now"], first["now"]);
    assert_eq!(last["speed"].as_f64(), Some(60.0));
}
