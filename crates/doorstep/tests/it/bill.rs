//! What is used comes into the bill: S3 requests, what they send, what lies there, and requests of the API.

use std::time::{Duration, Instant};

use doorstep::{api::schema, roles::Role};
use object_store::{ObjectStoreExt as _, PutPayload, aws::AmazonS3Builder, path::Path, signer::Signer as _};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server};

async fn put(client: &Client, path: &str, body: Value) -> Answer {
    Answer::of(client.request(Method::PUT, path).json(&body).send().await.unwrap()).await
}

fn units<'a>(bill: &'a Value, resource: &str) -> &'a str {
    let line = bill["lines"].as_array().unwrap().iter().find(|line| line["resource"] == resource);
    line.map_or("none", |line| line["units"].as_str().unwrap())
}

fn with_objects(config: &mut doorstep::config::Config) {
    config.roles = vec![Role::City, Role::Api, Role::Objects];
    config.objects.listen = ([127, 0, 0, 1], 0).into();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_comes_into_its_owners_bill() {
    let server = Server::with(with_objects).await;
    let admin = &server.admin;
    let (access, secret) = admin.key.split_once(':').unwrap();
    let s3 = AmazonS3Builder::new()
        .with_endpoint(format!("http://{}", server.objects()))
        .with_allow_http(true)
        .with_bucket_name("photos")
        .with_region("us-east-1")
        .with_access_key_id(access)
        .with_secret_access_key(secret)
        .build()
        .unwrap();
    let bucket = s3.signed_url(Method::PUT, &Path::from(""), Duration::from_secs(60)).await.unwrap();
    assert_eq!(admin.http.put(bucket).send().await.unwrap().status(), 200);
    let path = Path::from("cat.jpg");
    s3.put(&path, PutPayload::from(vec![7_u8; 1 << 20])).await.unwrap();
    for _ in 0..3 {
        assert_eq!(s3.get(&path).await.unwrap().bytes().await.unwrap().len(), 1 << 20);
    }
    s3.get_range(&path, 0..1024).await.unwrap();
    assert!(s3.get(&Path::from("dog.jpg")).await.is_err());
    s3.delete(&path).await.unwrap();
    s3.put(&path, PutPayload::from(vec![7_u8; 2 << 20])).await.unwrap();
    let stranger = admin.http.get(format!("http://{}/photos/cat.jpg", server.objects())).send().await.unwrap();
    assert_eq!(stranger.status(), 403);

    // Making the bucket, two puts; three gets, a range and one in vain.
    let bill = admin.get("/v1/bill").await.done();
    let _: schema::Bill = serde_json::from_value(bill.clone()).unwrap();
    assert_eq!((units(&bill, "requests_write"), units(&bill, "requests_read")), ("0.003", "0.005"));
    let egress = bill["lines"].as_array().unwrap().iter().find(|line| line["resource"] == "egress").unwrap();
    // An answer to a delete may have a few bytes, too.
    let sent = egress["quantity"].as_i64().unwrap();
    assert!(((3 << 20) + 1024..(3 << 20) + 4096).contains(&sent), "{sent}");
    assert_eq!((&bill["final"], &bill["currency"]), (&json!(false), &json!("USD")));
    let month = bill["month"].as_str().unwrap().to_owned();
    assert_eq!(bill["months"], json!([month]));

    let records = admin.get("/v1/usage?source=photos&resource=requests_read").await.done();
    let record: schema::UsageRecord = serde_json::from_value(records["items"][0].clone()).unwrap();
    assert_eq!(
        (record.source.as_str(), record.amount.as_str(), record.units.as_str()),
        ("photos", "0.000002", "0.005")
    );
    assert!(record.id.starts_with("hour/") && records["next_cursor"].is_null(), "{records}");

    // What lies there is sampled when a process starts, and once an hour.
    let mut server = Server::on(server.stop().await, with_objects).await;
    let mut storage = 0;
    for restart in 0..2 {
        let began = Instant::now();
        loop {
            let bill = server.admin.get(&format!("/v1/bill?month={month}")).await.done();
            let line = bill["lines"].as_array().unwrap().iter().find(|line| line["resource"] == "storage").cloned();
            if let Some(line) = line {
                // The hour may turn during the test.
                storage = line["quantity"].as_i64().unwrap() / line["records"].as_i64().unwrap();
                assert!(line["records"].as_i64().unwrap() <= 2);
                assert_eq!(units(&bill, "requests_write"), "0.003");
                break;
            }
            assert!(began.elapsed() < Duration::from_secs(20), "storage was never sampled: {bill}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        if restart == 0 {
            server = Server::on(server.stop().await, with_objects).await;
        }
    }
    assert_eq!(storage, 2 << 20);

    // The command line tells the same, beside the running server.
    let told = server.command(&["bill", "--json", "--month", &month]);
    let lines: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let (total, lines) = lines.split_last().unwrap();
    assert!(lines.iter().any(|line| line["resource"] == "egress" && line["quantity"] == sent));
    assert_eq!(total["month"], month.as_str());
    let text = server.command(&["bill", "--month", &month]);
    assert!(text.contains("requests_read") && text.contains("to pay 0.00 USD"), "{text}");
    let text = server.command(&["bill", "--records", "--source", "photos", "--month", &month]);
    assert!(text.lines().count() >= 4 && text.lines().all(|line| line.contains("photos")), "{text}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn prices_are_put_by_admins_and_told_to_all() {
    let server = Server::start().await;
    let admin = &server.admin;
    let rider = server.client(&["rider"]).await;
    let book = rider.get("/v1/price-book").await.done();
    let _: schema::PriceBook = serde_json::from_value(book.clone()).unwrap();
    assert_eq!((&book["name"], &book["prices"]["query_cpu"]["price"]), (&json!("standard"), &json!("0.05")));

    let ours = json!({"name": "ours", "currency": "CNY",
        "speeds": [{"name": "standard", "cores": 2, "priority": 5, "factor": "1"}],
        "prices": {"api_requests": {"price": "1000"}}});
    rider.get("/v1/bill").await.problem(403, "forbidden");
    put(&rider, "/v1/price-book", ours.clone()).await.problem(403, "forbidden");
    let theirs = server.tenant("night-cabs");
    let refused = put(&theirs, "/v1/price-book", ours.clone()).await.problem(403, "forbidden");
    assert!(refused["detail"].as_str().unwrap().contains("main"), "{refused}");

    // Every mistake at once, each with its field.
    let broken =
        json!({"name": "ours", "currency": "yuan", "speeds": [], "prices": {"gold": {}, "egress": {"price": 1}}});
    let refused = put(admin, "/v1/price-book", broken).await.problem(400, "invalid_field");
    let fields: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|error| error["field"].as_str().unwrap()).collect();
    assert_eq!(fields, ["/currency", "/speeds", "/prices/egress/price", "/prices/gold"]);

    let put_book = put(admin, "/v1/price-book", ours.clone()).await.done();
    assert_eq!(put_book["prices"], json!({"api_requests": {"price": "1000.00"}}));
    assert_eq!(rider.get("/v1/price-book").await.done(), put_book);
    assert_eq!(rider.get("/v1/price-book?at=2020-01-01T00:00:00Z").await.done()["name"], "standard");
    rider.get("/v1/price-book?at=soon").await.names(400, "invalid_field", "?at");

    // A yuan for each request, to whoever asked; in a month that was free until now.
    for _ in 0..5 {
        theirs.get("/v1/me").await.done();
    }
    let bill = theirs.get("/v1/bill").await.done();
    assert_eq!(bill["currency"], "CNY");
    assert!(bill["due"]["minor"].as_i64().unwrap() >= 500, "{bill}");
    let usd = json!({"name": "late", "currency": "USD", "speeds": ours["speeds"], "prices": {}});
    put(admin, "/v1/price-book", usd).await.names(400, "invalid_field", "/currency");
    let past = json!({"name": "late", "currency": "CNY", "from": "2026-11-02T00:00:00Z", "speeds": ours["speeds"], "prices": {}});
    let answer = put(admin, "/v1/price-book", past).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    for (path, field) in [
        ("/v1/bill?month=2026-13", "?month"),
        ("/v1/usage?resource=gold", "?resource"),
        ("/v1/usage?cursor=x", "?cursor"),
        ("/v1/usage?limit=0", "?limit"),
    ] {
        admin.get(path).await.names(400, "invalid_field", field);
    }
    let twice = admin.request(Method::PUT, "/v1/caps").header("idempotency-key", "a");
    let first = Answer::of(twice.try_clone().unwrap().json(&json!({"month": "5"})).send().await.unwrap()).await.done();
    let again = Answer::of(twice.json(&json!({"month": "5"})).send().await.unwrap()).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body), ("true", &first));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn caps_are_each_tenants_own() {
    let server = Server::start().await;
    let (admin, theirs) = (&server.admin, server.tenant("night-cabs"));
    let caps = admin.get("/v1/caps").await.done();
    assert_eq!(caps, json!({"currency": "USD", "query": null, "month": null, "query_scan_bytes": null}));
    let wish = json!({"query": "0.50", "month": "200", "query_scan_bytes": 1_i64 << 40});
    let set = put(admin, "/v1/caps", wish).await.done();
    assert_eq!(set, json!({"currency": "USD", "query": "0.50", "month": "200.00", "query_scan_bytes": 1_i64 << 40}));
    assert_eq!(admin.get("/v1/caps").await.done(), set);
    assert_eq!(theirs.get("/v1/caps").await.done()["month"], Value::Null);
    put(admin, "/v1/caps", json!({"month": "lots"})).await.names(400, "invalid_field", "/month");
    put(admin, "/v1/caps", json!({"month": 5})).await.names(400, "invalid_field", "/month");
    put(admin, "/v1/caps", json!({"query_scan_bytes": -1})).await.names(400, "invalid_field", "/query_scan_bytes");
    put(admin, "/v1/caps", json!({"query": "1", "currency": "EUR"})).await.names(400, "invalid_field", "/query");
    put(admin, "/v1/caps", json!({"day": "1"})).await.names(400, "unknown_field", "/day");
    let operator = server.client(&["operator"]).await;
    assert_eq!(operator.get("/v1/caps").await.done(), set);
    put(&operator, "/v1/caps", json!({})).await.problem(403, "forbidden");
    server.stop().await;
}
