//! Keys, scopes, rates, origins.

use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, CITY, Client, Server, corner};

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_wanted_and_its_scopes_count() {
    let server = Server::start().await;
    let (admin, rider) = (&server.admin, server.client(&["rider"]).await);

    let me: doorstep::api::Me = serde_json::from_value(rider.get("/v1/me").await.done()).unwrap();
    assert_eq!((me.tenant.as_str(), me.scopes.as_slice()), ("main", &["rider".to_owned()][..]));
    let (access, secret) = rider.key.split_once(':').unwrap();
    let basic = rider.http.get(format!("{}/v1/me", rider.base)).basic_auth(access, Some(secret));
    assert_eq!(Answer::of(basic.send().await.unwrap()).await.done()["key"], me.key);

    let stranger = Client::new(admin.base.clone(), format!("{access}:wrong"));
    let refused = stranger.get("/v1/me").await;
    assert!(refused.header("www-authenticate").starts_with("Bearer"));
    refused.problem(401, "unauthorized");
    let nobody = admin.http.get(format!("{}/v1/me", admin.base)).send().await.unwrap();
    Answer::of(nobody).await.problem(401, "unauthorized");

    let refused = rider.get("/v1/keys").await.problem(403, "forbidden");
    assert_eq!(refused["needed"], json!(["admin"]));
    let driver = json!({"city": CITY, "name": "Bea", "plate": "B 1", "seats": 4});
    rider.post("/v1/drivers", driver).await.problem(403, "forbidden");
    server
        .client(&["driver"])
        .await
        .post(&format!("/v1/cities/{CITY}/quotes"), json!({}))
        .await
        .problem(403, "forbidden");
    server.client(&["merchant"]).await.get("/v1/orders").await.problem(403, "forbidden");

    // Roads, health and the description are open.
    for path in ["/healthz", "/readyz", "/openapi.json", &format!("/v1/cities/{CITY}/tiles/14/4823/6160.mvt")] {
        let answer = admin.http.get(format!("{}{path}", admin.base)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_made_listed_and_revoked_at_once() {
    let server = Server::start().await;
    let admin = &server.admin;
    let made = admin.post("/v1/keys", json!({"name": "app", "scopes": ["rider", "partner"]})).await;
    assert_eq!(made.header("location"), format!("/v1/keys/{}", made.body["id"].as_str().unwrap()));
    let key = made.made();
    let app = Client::new(
        admin.base.clone(),
        format!("{}:{}", key["access"].as_str().unwrap(), key["secret"].as_str().unwrap()),
    );
    app.get("/v1/me").await.done();

    let listed = admin.get("/v1/keys?limit=1").await.done();
    assert!(listed["items"][0]["secret"].is_null());
    let next = admin.get(&format!("/v1/keys?limit=1&cursor={}", listed["next_cursor"].as_str().unwrap())).await.done();
    assert_eq!(next["items"][0]["id"], key["id"]);

    let revoked = admin.delete(&format!("/v1/keys/{}", key["id"].as_str().unwrap())).await.done();
    assert!(revoked["revoked_at"].is_string());
    app.get("/v1/me").await.problem(401, "unauthorized");
    admin.delete("/v1/keys/key_none").await.problem(404, "not_found");
    admin.post("/v1/keys", json!({"name": "x", "scopes": ["rider", "root"]})).await.names(
        400,
        "invalid_field",
        "/scopes/1",
    );
    admin.post("/v1/keys", json!({"name": " ", "scopes": ["rider"]})).await.names(400, "invalid_field", "/name");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_asks_too_often_is_told_when_to_come_again() {
    let server = Server::with(|config| (config.limits.requests_per_s, config.limits.burst) = (1, 5)).await;
    let admin = &server.admin;
    let first = admin.get("/v1/me").await;
    assert_eq!((first.header("ratelimit-limit"), first.header("ratelimit-remaining")), ("5", "4"));
    assert_eq!(first.header("ratelimit-reset"), "1");
    let mut last = first;
    for _ in 0..6 {
        last = admin.get("/v1/me").await;
    }
    assert!(last.header("retry-after").parse::<u64>().unwrap() >= 1);
    last.problem(429, "rate_limited");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_named_origins_may_call_from_a_browser() {
    let server = Server::with(|config| config.api.cors_origins = vec!["https://app.example.com".to_owned()]).await;
    let ask = |origin: &'static str| {
        let request = server.admin.request(Method::OPTIONS, "/v1/orders").header("origin", origin);
        request
            .header("access-control-request-method", "POST")
            .header("access-control-request-headers", "authorization,idempotency-key")
            .send()
    };
    let allowed = ask("https://app.example.com").await.unwrap();
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://app.example.com");
    assert!(allowed.headers()["access-control-allow-headers"].to_str().unwrap().contains("idempotency-key"));
    let refused = ask("https://evil.example.com").await.unwrap();
    assert!(!refused.headers().contains_key("access-control-allow-origin"));
    // Problems carry the header too, or the browser could not read them.
    let problem =
        server.admin.http.get(format!("{}/v1/me", server.admin.base)).header("origin", "https://app.example.com");
    assert!(problem.send().await.unwrap().headers().contains_key("access-control-allow-origin"));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_keeps_its_id() {
    let server = Server::start().await;
    let given = server.admin.request(Method::GET, "/v1/me").header("x-request-id", "my-id.1").send().await.unwrap();
    assert_eq!(given.headers()["x-request-id"], "my-id.1");
    let forged = server.admin.request(Method::GET, "/v1/me").header("x-request-id", "a b").send().await.unwrap();
    assert_eq!(forged.headers()["x-request-id"].len(), 32);
    assert_eq!(forged.headers()["x-content-type-options"], "nosniff");
    server
        .admin
        .post(&format!("/v1/cities/{CITY}/route"), json!({"from": corner(0, 0), "to": corner(1, 1)}))
        .await
        .done();
    server.stop().await;
}
