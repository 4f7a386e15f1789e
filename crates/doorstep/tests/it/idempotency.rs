//! Writes that are sent twice act once.

use futures::future::join_all;
use serde_json::json;

use crate::support::{CITY, Server, corner};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gives_the_same_answer() {
    let server = Server::start().await;
    let rider = server.client(&["rider"]).await;
    let body = json!({"quote": rider.quote().await["token"], "rider": {"name": "Ada"}});
    let first = rider.post_once("/v1/orders", "k1", &body).await;
    let again = rider.post_once("/v1/orders", "k1", &body).await;
    assert_eq!((first.status, &first.body), (201, &again.body));
    assert_eq!(again.status, 201);
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(again.header("location"), format!("/v1/orders/{}", first.body["id"].as_str().unwrap()));

    let other = json!({"quote": rider.quote().await["token"], "rider": {"name": "Bob"}});
    rider.post_once("/v1/orders", "k1", &other).await.problem(409, "idempotency_mismatch");
    // The same key on another path is another request, too.
    let cancel = format!("/v1/orders/{}/cancel", first.body["id"].as_str().unwrap());
    rider.post_once(&cancel, "k1", &json!({"reason": "x"})).await.problem(409, "idempotency_mismatch");
    // Another caller's keys are his own.
    let stranger = server.client(&["rider"]).await;
    stranger.post_once("/v1/orders", "k1", &other).await.made();
    rider.post_once("/v1/orders", &"k".repeat(256), &body).await.names(400, "invalid_field", "Idempotency-Key");
    assert_eq!(rider.get("/v1/orders").await.done()["items"].as_array().unwrap().len(), 2);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_remembered_and_leaves_nothing_behind() {
    let server = Server::start().await;
    let rider = server.client(&["rider"]).await;
    let order = rider.order().await;
    let path = |what: &str| format!("/v1/orders/{}/{what}", order["id"].as_str().unwrap());
    let late = json!({"reason": "late", "expected_version": 99});
    let first = rider.post_once(&path("cancel"), "c", &late).await;
    let again = rider.post_once(&path("cancel"), "c", &late).await;
    assert_eq!(again.body, first.body);
    assert_eq!(again.header("content-type"), "application/problem+json");
    first.problem(409, "version_conflict");
    assert_eq!(rider.get(&path("")[..path("").len() - 1]).await.done()["version"], order["version"]);
    let done = rider.post_once(&path("cancel"), "d", &json!({"reason": "late"})).await.done();
    assert_eq!((done["state"].as_str(), done["cancelled"]["by"].as_str()), (Some("cancelled"), Some("rider")));
    assert_eq!(rider.post_once(&path("cancel"), "d", &json!({"reason": "late"})).await.done(), done);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_in_flight_wait_for_the_first() {
    let server = Server::start().await;
    let rider = server.client(&["rider"]).await;
    let body = json!({"quote": rider.quote().await["token"], "rider": {"name": "Ada"}});
    let answers = join_all((0..20).map(|_| rider.post_once("/v1/orders", "same", &body))).await;
    let first = &answers[0].body;
    assert!(answers.iter().all(|answer| answer.status == 201 && answer.body == *first), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count(), 1);
    assert_eq!(rider.get("/v1/orders").await.done()["items"].as_array().unwrap().len(), 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_write_takes_a_key() {
    let server = Server::start().await;
    let admin = &server.admin;
    let key = admin.post_once("/v1/keys", "a", &json!({"name": "x", "scopes": ["rider"]})).await.made();
    let again = admin.post_once("/v1/keys", "a", &json!({"name": "x", "scopes": ["rider"]})).await.made();
    assert_eq!(again["id"], key["id"]);
    // A secret is not kept, not even to repeat an answer.
    assert!(key["secret"].is_string() && again["secret"].is_null());

    let new = json!({"city": CITY, "name": "B", "plate": "1", "seats": 4});
    let driver = admin.post_once("/v1/drivers", "b", &new).await.made();
    assert_eq!(admin.post_once("/v1/drivers", "b", &new).await.made(), driver);
    let path = |what: &str| format!("/v1/drivers/{}/{what}", driver["id"].as_str().unwrap());
    let online = json!({"position": corner(2, 2)});
    let first = admin.post_once(&path("online"), "c", &online).await.done();
    assert_eq!(admin.post_once(&path("online"), "c", &online).await.done(), first);
    let position = corner(3, 3);
    admin.post_once(&path("position"), "d", &position).await.done();
    admin.post_once(&path("position"), "d", &position).await.done();
    admin.post_once(&path("position"), "d", &corner(4, 4)).await.problem(409, "idempotency_mismatch");
    let trip = json!({"pickup": corner(1, 1), "dropoff": corner(5, 5)});
    let quotes = format!("/v1/cities/{CITY}/quotes");
    let quote = admin.post_once(&quotes, "e", &trip).await.done();
    assert_eq!(admin.post_once(&quotes, "e", &trip).await.done()["token"], quote["token"]);
    server.stop().await;
}
