//! Backtests over HTTP: asked for, followed, read, called off, found again after a restart.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::{Answer, CITY, Client, Server, corner};

const PATH: &str = "/v1/cities/grid/backtests";

/// Twenty minutes of requests and thirty taxis as tables.
fn tables() -> Value {
    let place = |row: usize, column: usize| {
        let at = corner(row % 12, column % 12);
        format!("{},{}", at["lon"], at["lat"])
    };
    let mut requests = "request_time,pu_lon,pu_lat,do_lon,do_lat\n".to_owned();
    let mut taxis = "lon,lat\n".to_owned();
    for i in 0..120 {
        let (from, to) = (place(i * 7, i * 5), place(i * 3 + 4, i * 11 + 6));
        requests += &format!("2013-11-18T16:{:02}:00,{from},{to}\n", i / 6);
    }
    for i in 0..30 {
        taxis += &format!("{}\n", place(i * 5, i * 7));
    }
    json!({"requests": requests, "taxis": taxis})
}

fn wish() -> Value {
    json!({
        "a": {"name": "greedy", "dispatch": {"kind": "greedy"}},
        "b": "name = \"shared\"\nseats = 4\n[dispatch]\nkind = \"pooled\"\n",
        "tables": tables(), "fleet": 12, "seeds": 3
    })
}

async fn ended(client: &Client, id: &str) -> Value {
    let began = Instant::now();
    loop {
        let seen = client.get(&format!("{PATH}/{id}")).await.done();
        if !["queued", "running"].contains(&seen["state"].as_str().unwrap()) {
            return seen;
        }
        assert!(began.elapsed() < Duration::from_secs(120), "the backtest never ended: {seen}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn id(of: &Value) -> String {
    of["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_are_tried_and_results_outlive_the_process() {
    let server = Server::start().await;
    let operator = server.client(&["operator"]).await;
    let made = operator.post_once(PATH, "once", &wish()).await.made();
    assert_eq!((&made["a"], &made["b"], &made["requests"]), (&json!("greedy"), &json!("shared"), &json!(120)));
    // The same key does nothing twice.
    assert_eq!(operator.post_once(PATH, "once", &wish()).await.made()["id"], made["id"]);
    let id = id(&made);
    let done = ended(&operator, &id).await;
    assert_eq!((&done["state"], &done["progress"]), (&json!("done"), &json!(1.0)), "{done}");

    let report = operator.get(&format!("{PATH}/{id}/report")).await.done();
    assert_eq!(report["metrics"][0]["key"], "served_share");
    assert_eq!(report["metrics"][0]["a_by_seed"].as_array().unwrap().len(), 3);
    let asked: f64 = report["cells"].as_array().unwrap().iter().map(|c| c["asked"].as_f64().unwrap()).sum();
    assert!((asked - report["requests"].as_f64().unwrap()).abs() < 1e-6, "every request lies in a square");
    let served = |side: &str| report["metrics"][0][side].as_f64().unwrap();
    for side in ["a", "b"] {
        let film = operator.get(&format!("{PATH}/{id}/films/{side}")).await.done();
        let requests = film["requests"].as_array().unwrap();
        assert_eq!(
            (requests.len(), film["cars"].as_array().unwrap().len()),
            (report["requests"].as_u64().unwrap() as usize, 12)
        );
        // The film is the run of the first seed, rider by rider.
        let down = requests.iter().filter(|r| r["set_down_s"].is_u64()).count() as f64;
        let of_seed = report["metrics"][0][format!("{side}_by_seed")][0].as_f64().unwrap();
        assert!((100.0 * down / requests.len() as f64 - of_seed).abs() < 1e-6, "{down} of {}", requests.len());
        let corners = film["corners"].as_array().unwrap().len() as u64;
        for car in film["cars"].as_array().unwrap() {
            let path: Vec<u64> = car["path"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap()).collect();
            assert!(path.len() >= 2 && path.chunks(2).all(|pair| pair[1] < corners));
        }
    }
    assert!(served("b") > served("a"), "sharing serves more: {} and {}", served("a"), served("b"));
    let page = operator.request(reqwest::Method::GET, &format!("{PATH}/{id}/report.html")).send().await.unwrap();
    assert!(page.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
    assert!(page.headers()["content-security-policy"].to_str().unwrap().contains("default-src 'none'"));
    assert!(page.text().await.unwrap().contains("<svg"));
    let sent = operator.get(&format!("{PATH}/{id}/request")).await.done();
    assert_eq!(sent["b"], wish()["b"]);

    let server = Server::on(server.stop().await, |_| {}).await;
    let operator = server.client(&["operator"]).await;
    let listed = operator.get(PATH).await.done();
    assert_eq!((&listed["items"][0]["id"], &listed["items"][0]["state"]), (&json!(id), &json!("done")));
    assert_eq!(operator.get(&format!("{PATH}/{id}/report")).await.done()["metrics"], report["metrics"]);
    operator.delete(&format!("{PATH}/{id}")).await.done();
    operator.get(&format!("{PATH}/{id}/report")).await.problem(404, "not_found");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_period_of_the_live_city_is_tried() {
    let server = Server::start().await;
    let (rider, driver) = (server.client(&["rider"]).await, server.client(&["driver"]).await);
    let operator = server.client(&["operator"]).await;
    let began = operator.get(&format!("/v1/cities/{CITY}")).await.done()["clock"]["now"].as_str().unwrap().to_owned();
    for i in 0..3 {
        driver.driver_at(2 * i + 1, 3).await;
    }
    for _ in 0..4 {
        rider.order().await;
    }
    tokio::time::sleep(Duration::from_millis(50)).await;
    let now = operator.get(&format!("/v1/cities/{CITY}")).await.done()["clock"]["now"].as_str().unwrap().to_owned();
    let there = operator.get(&format!("/v1/cities/{CITY}/recording?from={began}&to={now}")).await.done();
    assert_eq!((&there["requests"], &there["shifts"]), (&json!(4), &json!(3)), "{there}");
    let wish = json!({"a": {"max_wait_s": 1}, "b": {}, "recorded": {"from": began, "to": now}, "seeds": 2});
    let made = operator.post(PATH, wish.clone()).await.made();
    assert_eq!((&made["from"], &made["requests"], &made["cars"]), (&json!(began), &json!(4), &json!(3)));
    let done = ended(&operator, &id(&made)).await;
    assert_eq!(done["state"], "done", "{done}");
    let report = operator.get(&format!("{PATH}/{}/report", id(&made))).await.done();
    assert_eq!((&report["recorded_live"], &report["fleet"]), (&json!(true), &json!(3)));
    // Others of the same Doorstep have another past.
    let other = server.tenant("night-cabs");
    assert_eq!(other.get(&format!("/v1/cities/{CITY}/recording?from={began}&to={now}")).await.done()["requests"], 0);
    other.post(PATH, wish).await.names(400, "invalid_field", "/recorded");
    other.get(&format!("{PATH}/{}", id(&made))).await.problem(404, "not_found");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn mistakes_are_told_together_and_work_is_bounded() {
    let server = Server::start().await;
    let operator = server.client(&["operator"]).await;
    let mut wrong = wish();
    wrong["a"] = json!({"seats": 0, "colour": null, "dispatch": {"kind": "best"}});
    wrong["b"] = json!("batch_s = 0\n[surge]\ngain = 9.0\n");
    let told = operator.post(PATH, wrong).await.problem(400, "invalid_field");
    let fields: Vec<&str> = told["errors"].as_array().unwrap().iter().map(|e| e["field"].as_str().unwrap()).collect();
    for field in ["/a/seats", "/a/colour", "/a/dispatch/kind", "/b/batch_s", "/b/surge/gain"] {
        assert!(fields.contains(&field), "{field} is missing in {fields:?}");
    }
    let with = |name: &str, value: Value| {
        let mut wish = wish();
        wish[name] = value;
        wish
    };
    let refused = async |wish: Value, field: &str| operator.post(PATH, wish).await.names(400, "invalid_field", field);
    refused(with("b", json!("seats = ")), "/b").await;
    refused(with("seeds", json!(1)), "/seeds").await;
    refused(with("fleet", json!(31)), "/fleet").await;
    refused(with("recorded", json!({"from": "2013-11-18T16:00:00Z", "to": "2013-11-18T17:00:00Z"})), "/recorded").await;
    refused(with("assumptions", json!({"elasticity": -1})), "/assumptions/elasticity").await;
    refused(with("tables", json!({"requests": "request_time\nsoon\n", "taxis": "lon,lat\n"})), "/tables/requests")
        .await;
    let taxis = json!({"requests": tables()["requests"], "taxis": "lon,lat\n-74,x\n"});
    assert!(refused(with("tables", taxis), "/tables/taxis").await["detail"].as_str().unwrap().contains("line 2"));
    let mut neither = wish();
    neither.as_object_mut().unwrap().remove("tables");
    neither["recorded"] = json!({"from": "2013-11-18T16:00:00Z", "to": "2013-11-18T15:00:00Z"});
    operator.post(PATH, neither).await.names(400, "invalid_field", "/recorded/to");
    operator.post(PATH, with("colour", json!(1))).await.names(400, "unknown_field", "/colour");
    server.client(&["rider"]).await.get(PATH).await.problem(403, "forbidden");
    operator.get("/v1/cities/nowhere/backtests").await.problem(404, "not_found");
    operator.get(&format!("{PATH}?cursor=x")).await.names(400, "invalid_field", "?cursor");

    // More than the queue takes: the first ones stand, the last is told to come again.
    let mut made = Vec::new();
    let full = loop {
        let answer: Answer = operator.post(PATH, with("seeds", json!(30))).await;
        match answer.status {
            201 => made.push(id(&answer.body)),
            _ => break answer,
        }
        assert!(made.len() <= 60, "the queue has no end");
    };
    assert_eq!(full.header("retry-after"), "30");
    full.problem(503, "overloaded");
    let page = operator.get(&format!("{PATH}?limit=3")).await.done();
    assert_eq!((page["items"].as_array().unwrap().len(), &page["items"][0]["id"]), (3, &json!(made.last().unwrap())));
    let next = operator.get(&format!("{PATH}?limit=3&cursor={}", page["next_cursor"].as_str().unwrap())).await.done();
    assert_eq!(next["items"][0]["id"], json!(made[made.len() - 4]));
    for one in made.iter().rev() {
        let answer = operator.post(&format!("{PATH}/{one}/cancel"), json!({})).await;
        assert!(answer.status == 200 || answer.body["code"] == "wrong_state", "{}", answer.body);
    }
    let last = made.last().unwrap();
    assert_eq!(operator.get(&format!("{PATH}/{last}")).await.done()["state"], "cancelled");
    operator.post(&format!("{PATH}/{last}/cancel"), json!({})).await.problem(409, "wrong_state");
    operator.get(&format!("{PATH}/{last}/report")).await.problem(409, "wrong_state");
    server.stop().await;
}
