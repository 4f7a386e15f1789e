//! Buckets and objects over the JSON API, as the console uses them.

use doorstep::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server};

async fn start() -> Server {
    Server::with(|config| {
        config.roles = vec![Role::Api, Role::Objects];
        config.cities.clear();
        config.objects.listen = ([127, 0, 0, 1], 0).into();
    })
    .await
}

async fn put(client: &Client, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = client.request(Method::PUT, path).header("content-type", kind).body(body);
    Answer::of(request.send().await.unwrap()).await
}

async fn set(client: &Client, name: &str, wish: Value) -> Answer {
    put(client, &format!("/v1/buckets/{name}"), "application/json", wish.to_string()).await
}

fn names(folder: &Value) -> Vec<&str> {
    folder["items"].as_array().unwrap().iter().map(|item| item["key"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shop_keeps_its_photos() {
    let server = start().await;
    let ours = &server.admin;
    let made = set(ours, "shop-photos", json!({})).await.made();
    assert_eq!((made["public_read"].as_bool(), made["objects"].as_u64()), (Some(false), Some(0)));

    let menu = "/v1/buckets/shop-photos/objects/menu%2F%E5%8C%85%E5%AD%90%20%26%20tea.jpg";
    let stored = put(ours, menu, "image/jpeg", "not really a picture").await.done();
    assert_eq!((stored["key"].as_str(), stored["size"].as_u64()), (Some("menu/包子 & tea.jpg"), Some(20)));
    put(ours, "/v1/buckets/shop-photos/objects/door.jpg", "image/jpeg", "door").await.done();
    // Far more than the limit of JSON bodies, and in pieces of unknown number.
    let large = vec![7_u8; 9 << 20];
    let pieces = large.chunks(100_000).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect::<Vec<_>>();
    let streamed = reqwest::Body::wrap_stream(futures::stream::iter(pieces));
    put(ours, "/v1/buckets/shop-photos/objects/film.bin", "application/octet-stream", streamed).await.done();

    let top = ours.get("/v1/buckets/shop-photos/objects").await.done();
    assert_eq!((names(&top), top["folders"].clone()), (vec!["door.jpg", "film.bin"], json!(["menu/"])));
    let inside = ours.get("/v1/buckets/shop-photos/objects?prefix=menu/").await.done();
    assert_eq!(names(&inside), ["menu/包子 & tea.jpg"]);
    let first = ours.get("/v1/buckets/shop-photos/objects?deep=true&limit=2").await.done();
    let rest = first["next_cursor"].as_str().unwrap();
    let rest = ours.get(&format!("/v1/buckets/shop-photos/objects?deep=true&cursor={rest}")).await.done();
    assert_eq!((names(&first), names(&rest)), (vec!["door.jpg", "film.bin"], vec!["menu/包子 & tea.jpg"]));

    let read = ours.request(Method::GET, menu).send().await.unwrap();
    let header = |name: &str| read.headers()[name].to_str().unwrap().to_owned();
    assert_eq!((header("content-type"), header("content-disposition")), ("image/jpeg".into(), "attachment".into()));
    assert!(header("content-security-policy").contains("sandbox"), "an upload must not run as a page");
    assert_eq!(read.text().await.unwrap(), "not really a picture");
    let film = ours.request(Method::GET, "/v1/buckets/shop-photos/objects/film.bin").send().await.unwrap();
    assert_eq!(film.bytes().await.unwrap(), large);

    let bucket = ours.get("/v1/buckets/shop-photos").await.done();
    assert_eq!(bucket["bytes"], 24 + (9 << 20));
    assert_eq!(set(ours, "shop-photos", json!({"public_read": true})).await.done()["public_read"], true);
    // A setting that is not named stays.
    assert_eq!(set(ours, "shop-photos", json!({"quota_bytes": 9_437_300})).await.done()["public_read"], true);
    let more = "/v1/buckets/shop-photos/objects/more.bin";
    put(ours, more, "application/octet-stream", vec![1_u8; 200]).await.problem(413, "too_large");
    ours.get(more).await.problem(404, "not_found");
    // Numbers of objects have a limit of their own, and each limit goes alone.
    let set_to = set(ours, "shop-photos", json!({"quota_bytes": 0, "quota_objects": 3})).await.done();
    assert_eq!((&set_to["quota_bytes"], &set_to["quota_objects"]), (&Value::Null, &json!(3)));
    put(ours, more, "application/octet-stream", "x").await.problem(413, "too_large");
    put(ours, menu, "image/jpeg", "another picture").await.done();
    let freed = set(ours, "shop-photos", json!({"quota_objects": 0})).await.done();
    assert_eq!((&freed["quota_objects"], &freed["objects"]), (&Value::Null, &json!(3)));
    put(ours, more, "application/octet-stream", "x").await.done();
    assert_eq!(ours.delete(more).await.status, 204);

    // The console may show pictures of buckets, from its own host and the objects port alone.
    let page = ours.http.get(&ours.base).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap();
    let source = format!("img-src 'self' data: blob: 127.0.0.1:{}; connect-src", server.objects().port());
    assert!(policy.contains(&source), "{policy}");

    ours.delete("/v1/buckets/shop-photos").await.problem(409, "wrong_state");
    for key in ["door.jpg", "film.bin", "menu%2F%E5%8C%85%E5%AD%90%20%26%20tea.jpg"] {
        assert_eq!(ours.delete(&format!("/v1/buckets/shop-photos/objects/{key}")).await.status, 204);
    }
    assert_eq!(ours.delete("/v1/buckets/shop-photos").await.status, 204);
    ours.get("/v1/buckets/shop-photos").await.problem(404, "not_found");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_are_their_tenants() {
    let server = start().await;
    let (ours, theirs) = (&server.admin, server.tenant("night-cabs"));
    set(ours, "ours", json!({})).await.made();
    put(ours, "/v1/buckets/ours/objects/a", "text/plain", "a").await.done();
    assert_eq!(theirs.get("/v1/buckets").await.done()["items"], json!([]));
    for path in ["/v1/buckets/ours", "/v1/buckets/ours/objects", "/v1/buckets/ours/objects/a"] {
        theirs.get(path).await.problem(404, "not_found");
    }
    theirs.delete("/v1/buckets/ours/objects/a").await.problem(404, "not_found");
    put(&theirs, "/v1/buckets/ours/objects/a", "text/plain", "b").await.problem(404, "not_found");
    theirs.delete("/v1/buckets/ours").await.problem(404, "not_found");
    // The name is taken, and they cannot change what it is.
    set(&theirs, "ours", json!({"public_read": true})).await.names(400, "invalid_field", "bucket");
    assert_eq!(ours.get("/v1/buckets/ours").await.done()["public_read"], false);

    // A merchant works with objects; buckets are the operator's.
    let merchant = server.client(&["merchant"]).await;
    put(&merchant, "/v1/buckets/ours/objects/b", "text/plain", "b").await.done();
    set(&merchant, "another", json!({})).await.problem(403, "forbidden");
    server.client(&["rider"]).await.get("/v1/buckets").await.problem(403, "forbidden");

    set(ours, "Ours", json!({})).await.names(400, "invalid_field", "bucket");
    set(ours, "ours", json!({"public": true})).await.names(400, "unknown_field", "/public");
    ours.get("/v1/buckets/ours/objects?limit=0").await.names(400, "invalid_field", "?limit");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_without_objects_says_so() {
    let server = Server::with(|config| {
        config.roles = vec![Role::Api];
        config.cities.clear();
    })
    .await;
    server.admin.get("/v1/buckets").await.problem(503, "unavailable");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_may_take_longer_than_other_requests() {
    let server = Server::with(|config| {
        config.roles = vec![Role::Api, Role::Objects];
        config.cities.clear();
        config.objects.listen = ([127, 0, 0, 1], 0).into();
        config.limits.request_timeout_s = 0.5;
    })
    .await;
    set(&server.admin, "slow", json!({})).await.made();
    let pieces = futures::stream::unfold(0_u8, async |piece| {
        tokio::time::sleep(std::time::Duration::from_millis(150)).await;
        (piece < 6).then(|| (Ok::<_, std::io::Error>(vec![piece; 1000]), piece + 1))
    });
    let path = "/v1/buckets/slow/objects/film.bin";
    let stored = put(&server.admin, path, "video/mp4", reqwest::Body::wrap_stream(pieces)).await.done();
    assert_eq!(stored["size"], 6000);
    server.stop().await;
}
