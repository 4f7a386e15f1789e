//! SQL over HTTP and on the command line: rows in every form, mistakes, jobs, tables, tenants.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Server, corner};

async fn lake() -> Server {
    Server::with(|config| {
        config.roles.push(doorstep::roles::Role::Lake);
        config.lake.flight_listen = ([127, 0, 0, 1], 0).into();
    })
    .await
}

async fn ask(client: &Client, statement: &str) -> Value {
    let body = json!({"statement": statement});
    let response = client.request(Method::POST, "/v1/sql").json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200, "{statement}: {}", response.text().await.unwrap());
    response.json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_in_the_city_can_be_asked() {
    let server = lake().await;
    let quote = json!({"pickup": corner(1, 1), "dropoff": corner(8, 8), "seats": 1});
    let quoted = server.admin.request(Method::POST, "/v1/cities/grid/quotes").json(&quote).send().await.unwrap();
    let token = quoted.json::<Value>().await.unwrap()["token"].clone();
    let order = json!({"quote": token, "rider": {"name": "Ada", "ref": "ada"}});
    let ordered = server.admin.request(Method::POST, "/v1/orders").json(&order).send().await.unwrap();
    assert_eq!(ordered.status(), 201);
    let id = ordered.json::<Value>().await.unwrap()["id"].clone();
    let wait = async |sql: &str, expected: Value| {
        for _ in 0..250 {
            if ask(&server.admin, sql).await["rows"] == expected {
                return;
            }
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
        assert_eq!(ask(&server.admin, sql).await["rows"], expected, "{sql}");
    };
    wait("SELECT order_id, rider_ref FROM orders", json!([{"order_id": id, "rider_ref": "ada"}])).await;
    wait(
        "SELECT count(*) AS n, sum(fare_minor - base_minor - coalesce(distance_minor, 0) - coalesce(time_minor, 0) \
          - coalesce(minimum_minor, 0) - coalesce(booking_minor, 0)) AS rest FROM quotes",
        json!([{"n": 1, "rest": 0}]),
    )
    .await;
    wait(
        "SELECT count(*) > 0 AS seen FROM access_log WHERE route = '/v1/orders' AND status = 201",
        json!([{"seen": true}]),
    )
    .await;
    wait(
        "SELECT count(*) > 0 AS seen FROM queries WHERE statement LIKE '%FROM quotes' AND state = 'done'",
        json!([{"seen": true}]),
    )
    .await;

    // Another company on the same Doorstep sees none of it.
    let other = server.tenant("night-cabs");
    assert_eq!(ask(&other, "SELECT count(*) AS n FROM orders").await["rows"], json!([{"n": 0}]));
    let seen = ask(&other, "SELECT count(*) AS n FROM queries WHERE statement LIKE '%quotes%'").await;
    assert_eq!(seen["rows"], json!([{"n": 0}]), "not even what others ask");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_may_take_longer_than_other_requests() {
    let server = Server::with(|config| {
        config.roles.push(doorstep::roles::Role::Lake);
        config.lake.flight_listen = ([127, 0, 0, 1], 0).into();
        config.limits.request_timeout_s = 0.4;
    })
    .await;
    let pairs = |n: u32| {
        let series = format!("generate_series(1, {n})");
        format!("SELECT count(*) AS n FROM {series} a, {series} b WHERE a.value * b.value % 7 = 8")
    };
    let began = std::time::Instant::now();
    assert_eq!(ask(&server.admin, &pairs(20_000)).await["rows"], json!([{"n": 0}]));
    assert!(began.elapsed() > Duration::from_millis(400), "it was no long one");
    // Waiting for another's end is a request like others.
    let job = server.admin.post("/v1/sql", json!({"statement": pairs(200_000), "async": true})).await;
    let path = format!("/v1/sql/queries/{}?wait_s=20", job.body["id"].as_str().unwrap());
    let waited = server.admin.get(&path).await;
    assert_eq!(waited.status, 504, "{}", waited.body);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_come_in_the_form_that_is_asked_for() {
    let server = lake().await;
    let send = async |accept: &str, body: Value| {
        server.admin.request(Method::POST, "/v1/sql").header("accept", accept).json(&body).send().await.unwrap()
    };
    let two =
        json!({"statement": "SELECT * FROM (VALUES (1, 'a'), (2, NULL)) AS t (n, s) ORDER BY n", "statistics": true});
    let answer: Value = send("application/json", two.clone()).await.json().await.unwrap();
    assert_eq!(answer["columns"][0]["type"], "BIGINT");
    assert_eq!(answer["rows"], json!([{"n": 1, "s": "a"}, {"n": 2, "s": null}]));
    assert_eq!((&answer["truncated"], &answer["statistics"]["rows"]), (&json!(false), &json!(2)));
    assert_eq!(send("text/csv", two.clone()).await.text().await.unwrap(), "n,s\n1,a\n2,\n");
    let lines = send("application/x-ndjson", two.clone()).await.text().await.unwrap();
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((lines.len(), &lines[2]["rows"]), (3, &json!(2)));
    let arrow = send("application/vnd.apache.arrow.stream", two).await;
    assert_eq!(arrow.headers()["content-type"], "application/vnd.apache.arrow.stream");
    assert!(arrow.headers()["doorstep-query"].to_str().unwrap().starts_with("qry_"));
    assert!(arrow.bytes().await.unwrap().starts_with(&[0xff, 0xff, 0xff, 0xff]), "the stream's mark");
    assert_eq!(send("image/png", json!({"statement": "SELECT 1"})).await.status(), 400);

    let cut: Value = send("*/*", json!({"statement": "SELECT value FROM generate_series(1, 100)", "max_rows": 7}))
        .await
        .json()
        .await
        .unwrap();
    assert_eq!((cut["rows"].as_array().unwrap().len(), &cut["truncated"]), (7, &json!(true)));

    let wrong: Value = send("*/*", json!({"statement": "SELECT 1\nFORM x y"})).await.json().await.unwrap();
    assert_eq!((&wrong["code"], &wrong["line"]), (&json!("invalid_sql"), &json!(2)), "{wrong}");
    let wrong: Value = send("*/*", json!({"statement": "SELECT * FROM ordrs"})).await.json().await.unwrap();
    assert_eq!(wrong["errors"][0]["fix"], "did you mean orders?");
    let endless =
        "SELECT sum(a.value * b.value % 7) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b";
    let ended: Value =
        send("*/*", json!({"statement": endless, "limits": {"time_s": 0.2}})).await.json().await.unwrap();
    assert_eq!((&ended["code"], &ended["limit"]), (&json!("query_limit"), &json!("time")));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_watched_fetched_and_called_off() {
    let server = lake().await;
    let start = async |statement: &str| -> Value {
        let body = json!({"statement": statement, "async": true});
        let response = server.admin.request(Method::POST, "/v1/sql").json(&body).send().await.unwrap();
        assert_eq!(response.status(), 202);
        response.json().await.unwrap()
    };
    let job = start("SELECT value AS v FROM generate_series(1, 30000)").await;
    let place = format!("/v1/sql/queries/{}", job["id"].as_str().unwrap());
    let done: Value =
        server.admin.request(Method::GET, &format!("{place}?wait_s=10")).send().await.unwrap().json().await.unwrap();
    assert_eq!((&done["state"], &done["ready"]), (&json!("done"), &json!(true)), "{done}");
    let rows =
        server.admin.request(Method::GET, &format!("{place}/rows")).header("accept", "text/csv").send().await.unwrap();
    assert_eq!(rows.text().await.unwrap().lines().count(), 30_001);
    let other = server.tenant("night-cabs");
    assert_eq!(other.request(Method::GET, &place).send().await.unwrap().status(), 404, "another tenant's");

    let endless =
        start("SELECT sum(a.value * b.value % 7) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b")
            .await;
    let place = format!("/v1/sql/queries/{}", endless["id"].as_str().unwrap());
    let all: Value = server.admin.request(Method::GET, "/v1/sql/queries").send().await.unwrap().json().await.unwrap();
    assert_eq!(all[0]["state"], "running");
    assert_eq!(server.admin.request(Method::DELETE, &place).send().await.unwrap().status(), 204);
    assert_eq!(server.admin.request(Method::GET, &place).send().await.unwrap().status(), 404);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_explain_themselves_and_grants_open_them() {
    let server = lake().await;
    let tables: Value = server.admin.request(Method::GET, "/v1/sql/tables").send().await.unwrap().json().await.unwrap();
    let quotes = tables.as_array().unwrap().iter().find(|t| t["name"] == "quotes").unwrap();
    assert!(
        quotes["columns"].as_array().unwrap().iter().any(|c| c["about"] == "The price, in minor units."),
        "{quotes}"
    );

    let partner = json!({"name": "partner", "scopes": ["partner"]});
    let key: Value =
        server.admin.request(Method::POST, "/v1/keys").json(&partner).send().await.unwrap().json().await.unwrap();
    let pair = format!("{}:{}", key["access"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let client = Client::new(server.admin.base.clone(), pair);
    let denied = client
        .request(Method::POST, "/v1/sql")
        .json(&json!({"statement": "SELECT * FROM rides"}))
        .send()
        .await
        .unwrap();
    assert_eq!(denied.status(), 403);
    let grant = json!({"key": key["id"], "database": "doorstep", "table": "rides", "columns": ["city", "wait_s"], "rows": "city = 'grid'"});
    assert_eq!(server.admin.request(Method::POST, "/v1/sql/grants").json(&grant).send().await.unwrap().status(), 204);
    let seen = ask(&client, "SELECT * FROM rides").await;
    assert_eq!(seen["columns"].as_array().unwrap().len(), 2);
    assert_eq!(client.request(Method::POST, "/v1/sql/grants").json(&grant).send().await.unwrap().status(), 403);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_asks_a_server_or_the_data_itself() {
    let server = lake().await;
    let (address, key) = (server.admin.base.clone(), server.admin.key.clone());
    let run = |args: Vec<String>| async move {
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_doorstep"));
        let out = command.arg("sql").args(args).env_clear().output().await.unwrap();
        (out.status.code().unwrap(), String::from_utf8(out.stdout).unwrap(), String::from_utf8(out.stderr).unwrap())
    };
    let remote = |more: &[&str]| {
        let mut args = vec!["--server".to_owned(), address.clone(), "--key".to_owned(), key.clone()];
        args.extend(more.iter().map(|a| (*a).to_owned()));
        args
    };
    let (code, out, err) = run(remote(&["SELECT 1 AS a, 'x' AS b"])).await;
    assert!(code == 0 && out.contains("│ 1 ┆ x │") && out.contains("1 row ("), "{out}{err}");
    let (_, out, _) = run(remote(&["--json", "--stats", "SELECT 1 AS a"])).await;
    let lines: Vec<Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0], json!({"a": 1}));
    assert!(
        lines[1]["cpu_ms"].is_u64()
            && lines[1]["bytes_scanned"] == 0
            && lines[1]["wall_ms"].is_u64()
            && lines[1]["rows"] == 1,
        "{out}"
    );
    let (_, out, _) = run(remote(&["--csv", "CREATE TABLE t AS SELECT 7 AS x; SELECT * FROM t"])).await;
    assert_eq!(out, "count\n1\nx\n7\n");
    let (code, _, err) = run(remote(&["SELECT\n nothing FROM t"])).await;
    assert!(code == 1 && err.contains("nothing FROM t\n") && err.contains('^'), "{err}");

    let dir = server.stop().await;
    let data = dir.path().join("data").display().to_string();
    let own = || vec!["--data".to_owned(), data.clone(), "--csv".to_owned(), "SELECT x + 1 AS y FROM t".to_owned()];
    let (mut code, mut out, mut err) = run(own()).await;
    for _ in 0..50 {
        // A connection of the server may hold the journal a moment longer.
        if !err.contains("a Doorstep runs on") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
        (code, out, err) = run(own()).await;
    }
    assert_eq!((code, out.as_str()), (0, "y\n8\n"), "{err}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_insert_that_is_sent_again_adds_its_rows_once() {
    let server = lake().await;
    let admin = &server.admin;
    ask(admin, "CREATE TABLE t (x BIGINT)").await;
    let insert = json!({"statement": "INSERT INTO t SELECT value FROM generate_series(1, 3)"});
    let first = admin.post_once("/v1/sql", "one", &insert).await;
    assert_eq!((first.header("idempotency-replayed"), &first.body["rows"]), ("", &json!([{"count": 3}])));
    // Again, and several at once under another key.
    let again = admin.post_once("/v1/sql", "one", &insert).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body["rows"]), ("true", &json!([{"count": 3}])));
    let (a, b, c) = tokio::join!(
        admin.post_once("/v1/sql", "two", &insert),
        admin.post_once("/v1/sql", "two", &insert),
        admin.post_once("/v1/sql", "two", &insert),
    );
    for answer in [a, b, c] {
        assert_eq!(answer.done()["rows"], json!([{"count": 3}]));
    }
    assert_eq!(ask(admin, "SELECT count(*) AS n FROM t").await["rows"], json!([{"n": 6}]));
    // Another statement under the key is refused; another tenant's key is another key; without one it is another row.
    let other = json!({"statement": "INSERT INTO t VALUES (9)"});
    admin.post_once("/v1/sql", "one", &other).await.problem(409, "idempotency_mismatch");
    let theirs = server.tenant("night-cabs");
    ask(&theirs, "CREATE TABLE t (x BIGINT)").await;
    theirs.post_once("/v1/sql", "one", &insert).await.done();
    assert_eq!(ask(&theirs, "SELECT count(*) AS n FROM t").await["rows"], json!([{"n": 3}]));
    admin.post("/v1/sql", other).await.done();
    let overwrite = json!({"statement": "INSERT OVERWRITE t SELECT max(x) + 1 FROM t"});
    for _ in 0..2 {
        admin.post_once("/v1/sql", "three", &overwrite).await.done();
    }
    assert_eq!(ask(admin, "SELECT x FROM t").await["rows"], json!([{"x": 10}]), "overwritten once");
    // A refusal is not remembered.
    let missing = json!({"statement": "INSERT INTO later VALUES (1)"});
    admin.post_once("/v1/sql", "four", &missing).await.problem(400, "invalid_sql");
    ask(admin, "CREATE TABLE later (x BIGINT)").await;
    admin.post_once("/v1/sql", "four", &missing).await.done();
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_are_kept_by_key_and_grants_are_listed() {
    let server = lake().await;
    let send = async |client: &Client, method: Method, path: &str, body: Value| {
        let request = client.request(method, path);
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap_or_default())
    };
    let (_, key) = send(&server.admin, Method::POST, "/v1/keys", json!({"name": "anna", "scopes": ["partner"]})).await;
    let pair = format!("{}:{}", key["access"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let anna = Client::new(server.admin.base.clone(), pair);
    let other = server.tenant("night-cabs");
    let list = async |client: &Client, query: &str| {
        let (status, page) = send(client, Method::GET, &format!("/v1/sql/saved{query}"), Value::Null).await;
        assert_eq!(status, 200, "{page}");
        let names: Vec<String> =
            page["items"].as_array().unwrap().iter().map(|i| i["name"].as_str().unwrap().to_owned()).collect();
        (names, page["next_cursor"].as_str().map(str::to_owned))
    };
    for name in ["rides a day", "fares", "tips"] {
        let kept = json!({"statement": format!("SELECT '{name}'")});
        let path = format!("/v1/sql/saved/{}", name.replace(' ', "%20"));
        let (status, saved) = send(&server.admin, Method::PUT, &path, kept).await;
        assert_eq!((status, saved["name"].as_str()), (200, Some(name)), "{saved}");
    }
    let (first, cursor) = list(&server.admin, "?limit=2").await;
    assert_eq!(first, ["fares", "rides a day"]);
    assert_eq!(list(&server.admin, &format!("?cursor={}", cursor.unwrap().replace(' ', "%20"))).await.0, ["tips"]);
    // Another key has a shelf of its own, another tenant too.
    assert_eq!(list(&anna, "").await.0, Vec::<String>::new());
    assert_eq!(list(&other, "").await.0, Vec::<String>::new());
    assert_eq!(send(&anna, Method::PUT, "/v1/sql/saved/fares", json!({"statement": "SELECT 2"})).await.0, 200);
    assert_eq!(send(&anna, Method::DELETE, "/v1/sql/saved/fares", Value::Null).await.0, 204);
    assert_eq!(send(&anna, Method::DELETE, "/v1/sql/saved/fares", Value::Null).await.0, 404);
    assert_eq!(list(&server.admin, "").await.0.len(), 3);
    let unnamed = send(&server.admin, Method::PUT, "/v1/sql/saved/x", json!({"statement": ""})).await;
    assert_eq!(unnamed.0, 400, "{}", unnamed.1);

    ask(&server.admin, "CREATE TABLE fares AS SELECT 1 AS fare, 'porto' AS city").await;
    let of_anna = key["id"].as_str().unwrap();
    ask(&server.admin, &format!("GRANT SELECT (fare) ON TABLE fares TO USER {of_anna}")).await;
    for client in [&server.admin, &anna] {
        let path = format!("/v1/sql/grants?table=fares&key={of_anna}");
        let (status, page) = send(client, Method::GET, &path, Value::Null).await;
        assert_eq!(status, 200, "{page}");
        assert_eq!(page["items"][0]["columns"], json!(["fare"]), "{page}");
        assert_eq!(page["items"].as_array().unwrap().len(), 1);
    }
    let (_, elsewhere) = send(&other, Method::GET, "/v1/sql/grants", Value::Null).await;
    assert_eq!(elsewhere["items"], json!([]));
    assert_eq!(ask(&anna, "SELECT * FROM fares").await["rows"], json!([{"fare": 1}]));
    ask(&server.admin, &format!("REVOKE ALL ON TABLE fares FROM USER {of_anna}")).await;
    assert_eq!(send(&anna, Method::GET, "/v1/sql/grants", Value::Null).await.1["items"], json!([]));
    server.stop().await;
}
