//! Killed under load, twenty times: no acknowledged order is lost or doubled.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use doorstep_tests::{Client, Node, places};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::Mutex;

const KILLS: usize = 20;
const CLIENTS: usize = 8;

/// What the server has acknowledged.
#[derive(Default)]
struct Acknowledged {
    /// Order by the idempotency key and body that made it.
    orders: HashMap<String, (Value, String)>,
    /// The highest version of each order that an answer has shown.
    versions: HashMap<String, i64>,
    /// Keys that were sent and got no answer: done or not, nobody knows.
    unknown: HashMap<String, Value>,
    /// How many of those were asked again.
    retried: usize,
}

pub(crate) fn import(city: &Path) {
    let demo = places::root().join("demo/manhattan");
    let done = Command::new(places::binary())
        .args(["city", "import", "--name", "Manhattan", "--nodes"])
        .arg(demo.join("road_nodes.csv.gz"))
        .arg("--edges")
        .arg(demo.join("road_edges.csv.gz"))
        .arg("--out")
        .arg(city)
        .output()
        .unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_under_load_nothing_acknowledged_is_lost_or_doubled() {
    let dir = tempfile::tempdir().unwrap();
    let city = dir.path().join("manhattan");
    import(&city);
    let data = dir.path().join("data");
    let args = ["--city", city.to_str().unwrap()];
    let known = Arc::new(Mutex::new(Acknowledged::default()));

    let mut key = None;
    for round in 0..KILLS {
        let mut node = Node::start(&data, &args).await.unwrap();
        let client = same_key(&node, &mut key).await;
        check(&client, &known, &node).await;
        drivers_online(&client).await;
        let stop = Arc::new(AtomicBool::new(false));
        let load: Vec<_> = (0..CLIENTS)
            .map(|n| tokio::spawn(load(client.clone(), Arc::clone(&known), Arc::clone(&stop), round * CLIENTS + n)))
            .collect();
        tokio::time::sleep(Duration::from_millis(400 + 97 * (round as u64 % 7))).await;
        node.kill().unwrap();
        stop.store(true, Ordering::SeqCst);
        for task in load {
            task.await.unwrap();
        }
    }
    let node = Node::start(&data, &args).await.unwrap();
    check(&same_key(&node, &mut key).await, &known, &node).await;
    let known = known.lock().await;
    println!(
        "{KILLS} kills, {} orders acknowledged, {} of them only at the second call",
        known.orders.len(),
        known.retried
    );
    assert!(known.orders.len() > KILLS, "the load did nothing: {} orders", known.orders.len());
}

/// A client of `node` with the key that the first call makes: idempotency keys belong to an access key, and an
/// app keeps its own over a crash of the server.
async fn same_key(node: &Node, key: &mut Option<(String, String)>) -> Client {
    let admin = node.client().unwrap();
    if key.is_none() {
        let made =
            admin.post("/v1/keys", json!({"name": "load", "scopes": ["rider", "driver", "operator"]})).await.unwrap();
        let part = |name: &str| made[name].as_str().unwrap().to_owned();
        *key = Some((part("access"), part("secret")));
    }
    let (access, secret) = key.as_ref().unwrap();
    admin.with_key(access, secret)
}

async fn drivers_online(client: &Client) {
    let items: Vec<_> = (0..20)
        .map(|n| json!({"city": "manhattan", "name": format!("D{n}"), "plate": format!("P{n}"), "seats": 4}))
        .collect();
    let made = client.post("/v1/drivers/batch", json!({"items": items})).await.unwrap();
    let ids: Vec<String> =
        made["items"].as_array().unwrap().iter().map(|d| d["id"].as_str().unwrap().to_owned()).collect();
    for id in &ids {
        client
            .post(&format!("/v1/drivers/{id}/online"), json!({"position": {"lat": 40.7484, "lon": -73.9857}}))
            .await
            .unwrap();
    }
}

/// Orders rides and cancels every third one, until the server is gone.
async fn load(client: Client, known: Arc<Mutex<Acknowledged>>, stop: Arc<AtomicBool>, seed: usize) {
    for n in 0.. {
        if stop.load(Ordering::SeqCst) {
            return;
        }
        let from = (40.7484 + (n % 9) as f64 * 0.001, -73.9857);
        let Ok(token) = client.quote("manhattan", from, (40.7614, -73.9776)).await else { return };
        let key = format!("k-{seed}-{}", uuid::Uuid::now_v7());
        let body = json!({"quote": token, "rider": {"name": format!("R{seed}-{n}")}});
        let Ok(answer) = client.call(Method::POST, "/v1/orders", Some(&key), Some(&body)).await else {
            known.lock().await.unknown.insert(key, body);
            return;
        };
        assert_eq!(answer.status, 201, "{}", answer.body);
        let id = answer.body["id"].as_str().unwrap().to_owned();
        {
            let mut known = known.lock().await;
            known.versions.insert(id.clone(), answer.body["version"].as_i64().unwrap());
            known.orders.insert(key, (body, id.clone()));
        }
        if n % 3 == 0 {
            let reason = json!({"reason": "changed my mind"});
            let Ok(answer) = client.call(Method::POST, &format!("/v1/orders/{id}/cancel"), None, Some(&reason)).await
            else {
                return;
            };
            if answer.status == 200 {
                known.lock().await.versions.insert(id, answer.body["version"].as_i64().unwrap());
            }
        }
    }
}

/// Everything that was acknowledged is there, once, and no older than it was shown.
async fn check(client: &Client, known: &Mutex<Acknowledged>, node: &Node) {
    let mut known = known.lock().await;
    let listed = client.all("/v1/orders?city=manhattan").await.unwrap();
    let by_id: HashMap<&str, &Value> = listed.iter().map(|o| (o["id"].as_str().unwrap(), o)).collect();
    assert_eq!(by_id.len(), listed.len(), "an order is listed twice");
    for (id, version) in &known.versions {
        let order =
            by_id.get(id.as_str()).unwrap_or_else(|| panic!("the acknowledged order {id} is lost\n{}", node.log_end()));
        assert!(order["version"].as_i64().unwrap() >= *version, "{id} went back from version {version}: {order}");
    }
    // The same call again gives the same order; a call that got no answer gets one now, and is done once.
    let sample: Vec<_> = known.orders.iter().take(5).map(|(k, (b, id))| (k.clone(), b.clone(), id.clone())).collect();
    for (key, body, id) in sample {
        let again = client.call(Method::POST, "/v1/orders", Some(&key), Some(&body)).await.unwrap();
        assert_eq!((again.status, &again.body["id"]), (201, &json!(id)), "{}", again.body);
    }
    for (key, body) in std::mem::take(&mut known.unknown) {
        let again = client.call(Method::POST, "/v1/orders", Some(&key), Some(&body)).await.unwrap();
        assert_eq!(again.status, 201, "{}", again.body);
        known.retried += 1;
        known.orders.insert(key, (body, again.body["id"].as_str().unwrap().to_owned()));
    }
    let listed = client.all("/v1/orders?city=manhattan").await.unwrap();
    let names: Vec<_> = listed.iter().map(|o| o["rider"]["name"].to_string()).collect();
    let distinct: HashSet<_> = names.iter().collect();
    assert_eq!(distinct.len(), names.len(), "a rider's order was made twice");
    let asked: HashSet<_> = known.orders.values().map(|(b, _)| b["rider"]["name"].to_string()).collect();
    assert_eq!(asked, names.iter().cloned().collect(), "the orders are not those that were asked for");
}
