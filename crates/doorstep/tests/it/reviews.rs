//! Reviews over HTTP: both sides, hidden until both wrote, moderated, blocked.

use serde_json::{Value, json};

use crate::support::{Client, Server};

/// Drives one ride to its end; its id and its driver's.
async fn completed(rider: &Client, driver: &Client, reference: &str) -> (String, String) {
    let car = driver.driver_at(1, 2).await;
    let quote = rider.quote().await;
    let body = json!({"quote": quote["token"], "rider": {"name": "Ada", "ref": reference}});
    let order = rider.post("/v1/orders", body).await.made()["id"].as_str().unwrap().to_owned();
    rider.until(&order, "offered").await;
    for what in ["accept", "depart", "arrive", "pickup", "complete"] {
        driver.post(&format!("/v1/orders/{order}/{what}"), json!({"driver": car})).await.done();
    }
    (order, car)
}

fn items(page: &Value) -> &Vec<Value> {
    page["items"].as_array().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn both_write_then_both_read() {
    let server = Server::start().await;
    let (rider, driver) = (server.client(&["rider"]).await, server.client(&["driver"]).await);
    let operator = server.client(&["operator"]).await;
    let (order, car) = completed(&rider, &driver, "r-1").await;
    let path = format!("/v1/orders/{order}/reviews");

    let words =
        json!({"by": "rider", "stars": 2, "dimensions": {"route": 1}, "comment": "a detour", "private": "he smoked"});
    let first = rider.post_once(&path, "review-1", &words).await;
    let again = rider.post_once(&path, "review-1", &words).await;
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.body, again.body, "the same key gives the same answer");
    let made = first.made();
    assert_eq!(
        (&made["revealed"], &made["about"], &made["moderation"]),
        (&json!(false), &json!(car), &json!("visible"))
    );
    assert!(items(&driver.get(&path).await.done()).is_empty(), "the driver sees nothing yet");
    assert!(items(&driver.get(&format!("/v1/drivers/{car}/reviews")).await.done()).is_empty());
    let changed = rider.post(&path, json!({"by": "rider", "stars": 3, "private": "he smoked"})).await.done();
    assert_eq!((&changed["version"], &changed["stars"]), (&json!(2), &json!(3)));

    driver.post(&path, json!({"by": "driver", "driver": car, "stars": 5, "dimensions": {"care": 5}})).await.made();
    let seen = driver.get(&path).await.done();
    assert_eq!(items(&seen).len(), 2);
    let of_rider = items(&seen).iter().find(|r| r["by"] == "rider").unwrap();
    assert_eq!(
        (&of_rider["stars"], &of_rider["private"], &of_rider["revealed"]),
        (&json!(3), &Value::Null, &json!(true))
    );
    let all = operator.get(&path).await.done();
    assert!(items(&all).iter().any(|r| r["private"] == "he smoked"), "{all}");
    let late = rider.post(&path, json!({"by": "rider", "stars": 1})).await.problem(409, "illegal_transition");
    assert_eq!(late["reason"], "review_revealed");

    let about = rider.get(&format!("/v1/drivers/{car}/reviews?limit=1")).await.done();
    assert_eq!((items(&about).len(), &items(&about)[0]["stars"]), (1, &json!(3)));
    assert_eq!(items(&driver.get("/v1/riders/r-1/reviews").await.done()).len(), 1);
    let standing = rider.get(&format!("/v1/drivers/{car}/reputation")).await.done();
    assert_eq!((&standing["reviews"], &standing["status"]), (&json!(1), &json!("good")));
    assert!(standing["lower"].as_f64().unwrap() < standing["score"].as_f64().unwrap());
    assert!(standing["reasons"][0].as_str().unwrap().contains("nobody is judged by fewer"), "{standing}");
    let nobody = driver.get("/v1/riders/r-9/reputation").await.done();
    assert_eq!((&nobody["reviews"], &nobody["score"]), (&json!(0), &Value::Null));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_two_of_a_completed_order_write() {
    let server = Server::start().await;
    let (rider, driver) = (server.client(&["rider"]).await, server.client(&["driver"]).await);
    let open = rider.order().await["id"].as_str().unwrap().to_owned();
    let early = rider.post(&format!("/v1/orders/{open}/reviews"), json!({"by": "rider", "stars": 5})).await;
    assert_eq!(early.problem(409, "illegal_transition")["from"], "searching");
    rider.post(&format!("/v1/orders/{open}/cancel"), json!({"reason": "x"})).await.done();

    let (order, car) = completed(&rider, &driver, "r-2").await;
    let path = format!("/v1/orders/{order}/reviews");
    rider.post(&path, json!({"by": "driver", "driver": car, "stars": 5})).await.problem(403, "forbidden");
    driver.post(&path, json!({"by": "rider", "stars": 5})).await.problem(403, "forbidden");
    driver.post(&path, json!({"by": "driver", "stars": 5})).await.names(400, "invalid_field", "/driver");
    let other = driver.driver_at(5, 5).await;
    driver.post(&path, json!({"by": "driver", "driver": other, "stars": 5})).await.problem(409, "wrong_driver");
    rider.post(&path, json!({"by": "rider", "stars": 6})).await.names(400, "invalid_field", "/stars");
    let odd = json!({"by": "rider", "stars": 5, "dimensions": {"hair": 5}});
    rider.post(&path, odd).await.names(400, "invalid_field", "/dimensions/hair");
    rider.post(&path, json!({"by": "rider", "stars": 5, "score": 5})).await.names(400, "unknown_field", "/score");
    let none = "/v1/orders/ord_0193523c9d6a7b1e8f00112233445566/reviews";
    rider.get(none).await.problem(404, "not_found");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn appeals_decisions_and_blocks() {
    let server = Server::start().await;
    let (rider, driver) = (server.client(&["rider"]).await, server.client(&["driver"]).await);
    let operator = server.client(&["operator"]).await;
    let (order, car) = completed(&rider, &driver, "r-3").await;
    let path = format!("/v1/orders/{order}/reviews");
    rider.post(&path, json!({"by": "rider", "stars": 1, "comment": "an insult"})).await.made();
    driver.post(&path, json!({"by": "driver", "driver": car, "stars": 4})).await.made();

    let reason = json!({"reason": "that is an insult"});
    rider.post(&format!("{path}/rider/appeal"), reason.clone()).await.problem(403, "forbidden");
    let appealed = driver.post(&format!("{path}/rider/appeal"), reason.clone()).await.done();
    assert_eq!((&appealed["moderation"], &appealed["steps"][0]["reason"]), (&json!("under_appeal"), &reason["reason"]));
    let twice = driver.post(&format!("{path}/rider/appeal"), reason).await.problem(409, "illegal_transition");
    assert_eq!(twice["reason"], "illegal_transition");
    let removed = json!({"to": "removed", "reason": "rule 4"});
    driver.post(&format!("{path}/rider/moderate"), removed.clone()).await.problem(403, "forbidden");
    operator.post(&format!("{path}/nobody/moderate"), removed.clone()).await.problem(404, "not_found");
    operator.post(&format!("{path}/rider/moderate"), json!({"to": "hidden", "reason": ""})).await.names(
        400,
        "invalid_field",
        "/reason",
    );
    assert_eq!(operator.post(&format!("{path}/rider/moderate"), removed).await.done()["moderation"], "removed");
    assert!(items(&rider.get(&format!("/v1/drivers/{car}/reviews")).await.done()).is_empty());
    assert_eq!(rider.get(&format!("/v1/drivers/{car}/reputation")).await.done()["reviews"], 0);
    assert!(items(&operator.post("/v1/reputations/assess", json!({"side": "driver"})).await.done()).is_empty());

    let block = format!("/v1/orders/{order}/block");
    assert_eq!(rider.post(&block, json!({"by": "rider"})).await.done()["items"], json!([car]));
    assert_eq!(driver.get(&format!("/v1/drivers/{car}/blocks")).await.done()["items"], json!(["r-3"]));
    assert_eq!(rider.get("/v1/riders/r-3/blocks").await.done()["items"], json!([car]));
    let unblock = format!("/v1/orders/{order}/unblock");
    assert_eq!(driver.post(&unblock, json!({"by": "driver", "driver": car})).await.done()["items"], json!(["r-3"]));
    assert_eq!(rider.post(&unblock, json!({"by": "rider"})).await.done()["items"], json!([]));
    server.stop().await;
}
