//! The demo afternoon: riders are served through the public API, and a crash does not end it.

use std::process::Command;
use std::time::{Duration, Instant};

use doorstep_tests::{Client, Node, places};
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
    shops_have_pictures(&node).await;
    let stats = until(&client, "serving", 120, |s| s["served"].as_u64() >= Some(20)).await;
    assert!(stats["mean_wait_s"].as_f64().unwrap() < 300.0, "{stats}");
    let order = &client.get("/v1/orders?city=manhattan&state=completed&limit=1").await.unwrap()["items"][0];
    let events = client.get(&format!("/v1/orders/{}/events", order["id"].as_str().unwrap())).await.unwrap();
    let kinds: Vec<_> =
        events["items"].as_array().unwrap().iter().map(|e| e["kind"].as_str().unwrap().to_owned()).collect();
    for kind in ["requested", "offered", "accepted", "arriving", "arrived", "picked_up", "completed"] {
        assert!(kinds.iter().any(|k| k == kind), "{kind} is missing in {kinds:?}");
    }
    the_readme_asks_the_city(&node).await;
    let served = stats["served"].as_u64().unwrap();
    node.kill().unwrap();

    let mut node = Node::start(dir.path(), SMALL).await.unwrap();
    let client = node.client().unwrap();
    let stats = until(&client, "going on", 120, |s| s["served"].as_u64() >= Some(served + 10)).await;
    assert!(stats["drivers_online"].as_u64().unwrap() >= 250, "{stats}");
    shops_have_pictures(&node).await;
    assert_eq!(node.stop().await.unwrap(), Some(0), "{}", node.log_end());
}

/// The statements of the README's guide, word for word, by the command that stands there.
async fn the_readme_asks_the_city(node: &Node) {
    let readme = std::fs::read_to_string(places::root().join("README.md")).unwrap();
    let statements: Vec<&str> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("doorstep sql \"")?.strip_suffix('"'))
        .filter(|statement| statement.starts_with("SELECT"))
        .collect();
    assert_eq!(statements.len(), 3, "{statements:?}");
    let text = |at: &str| node.ready.pointer(at).and_then(Value::as_str).unwrap().to_owned();
    let key = format!("{}:{}", text("/admin_key/access"), text("/admin_key/secret"));
    let ask = |statement: &str| -> Vec<Value> {
        let mut command = Command::new(places::binary());
        command.args(["sql", "--json", statement]).env("DOORSTEP_SERVER", format!("http://{}", text("/api")));
        let done = command.env("DOORSTEP_KEY", &key).output().unwrap();
        assert!(done.status.success(), "{statement}: {}", String::from_utf8_lossy(&done.stderr));
        let lines = String::from_utf8(done.stdout).unwrap();
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    // What happens is a row seconds later.
    let rows = async |statement: &str, enough: &dyn Fn(&[Value]) -> bool| {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            let rows = ask(statement);
            if enough(&rows) {
                return;
            }
            assert!(Instant::now() < end, "{statement}: {rows:?}");
            tokio::time::sleep(Duration::from_millis(250)).await;
        }
    };
    rows(statements[0], &|rows| rows.iter().any(|row| row["kind"] == "completed")).await;
    rows(statements[1], &|rows| {
        rows.len() == 5 && rows.iter().all(|row| row["rides"].as_i64() > Some(0) && row["dollars"].as_i64() > Some(0))
    })
    .await;
    rows(statements[2], &|rows| !rows.is_empty() && rows.iter().all(|row| row["drivers_idle"].is_number())).await;
}

/// The demo's shops are in their bucket, and their pictures come out of the objects port in the sizes that are asked.
async fn shops_have_pictures(node: &Node) {
    let client = node.client().unwrap();
    let end = Instant::now() + Duration::from_secs(60);
    let list = loop {
        match client.get("/v1/buckets/demo-shops/objects/shops.json").await {
            Ok(list) => break list,
            Err(error) => assert!(Instant::now() < end, "no shops within a minute: {error:#}"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    let shops = list["shops"].as_array().unwrap();
    let bucket = client.get("/v1/buckets/demo-shops").await.unwrap();
    assert_eq!(
        (bucket["objects"].as_u64(), bucket["public_read"].as_bool()),
        (Some(shops.len() as u64 + 1), Some(true))
    );
    let base = format!("http://{}/demo-shops", node.ready["objects"].as_str().unwrap());
    let picture = shops[0]["picture"].as_str().unwrap();
    let get = async |query: &str| {
        let answer = reqwest::get(format!("{base}/{picture}?{query}")).await.unwrap();
        assert_eq!(answer.status(), 200, "{query}");
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        (kind, answer.bytes().await.unwrap())
    };
    let (kind, jpeg) = get("iopcmd=thumbnail&type=4&width=640%7Ciopcmd=convert&dst=jpg").await;
    assert_eq!((kind.as_str(), jpeg_size(&jpeg)), ("image/jpeg", Some((640, 480))));
    for style in ["card", "pin"] {
        let (kind, webp) = get(&format!("iopstyle={style}")).await;
        assert_eq!((kind.as_str(), &webp[..4], &webp[8..12]), ("image/webp", &b"RIFF"[..], &b"WEBP"[..]), "{style}");
        assert!(webp.len() < 30_000, "{style} has {} bytes", webp.len());
    }
}

/// Width and height out of a JPEG's frame header.
fn jpeg_size(jpeg: &[u8]) -> Option<(u16, u16)> {
    let mut at = 2;
    while jpeg.get(at) == Some(&0xff) {
        let word = |ix: usize| Some(u16::from_be_bytes([*jpeg.get(ix)?, *jpeg.get(ix + 1)?]));
        if matches!(jpeg[at + 1], 0xc0..=0xc2) {
            return Some((word(at + 7)?, word(at + 5)?));
        }
        at += 2 + usize::from(word(at + 2)?);
    }
    None
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_objects_the_demo_has_no_shops_and_runs() {
    let dir = tempfile::tempdir().unwrap();
    let mut node = Node::start(dir.path(), &[SMALL, &["--roles", "city,api"]].concat()).await.unwrap();
    until(&node.client().unwrap(), "serving", 120, |s| s["served"].as_u64() >= Some(1)).await;
    assert!(node.log_end().contains("no shops in this demo"), "{}", node.log_end());
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
