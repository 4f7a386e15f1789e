//! Statements are charged: what they used is in the bill to the record, failures are free, and caps end them.

use std::time::Duration;

use doorstep::{api::schema, roles::Role};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Client, Server};

const MEASURED: [&str; 3] = ["query_cpu", "query_memory", "query_scan"];
const ENDLESS: &str =
    "SELECT sum(a.value * b.value % 7) FROM generate_series(1, 10000000) a, generate_series(1, 10000000) b";

async fn lake() -> Server {
    Server::with(|config| {
        config.roles.push(Role::Lake);
        config.lake.flight_listen = ([127, 0, 0, 1], 0).into();
    })
    .await
}

async fn ask(client: &Client, statement: &str) -> Answer {
    client.post("/v1/sql", json!({"statement": statement})).await
}

async fn put(client: &Client, path: &str, body: Value) -> Value {
    Answer::of(client.request(Method::PUT, path).json(&body).send().await.unwrap()).await.done()
}

/// All single records of one resource.
async fn records(client: &Client, resource: &str) -> Vec<schema::UsageRecord> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client.get(&format!("/v1/usage?resource={resource}&limit=2{cursor}")).await.done();
        all.extend(serde_json::from_value::<Vec<schema::UsageRecord>>(page["items"].clone()).unwrap());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

/// A decimal in billionths.
fn nanos(decimal: &str) -> i64 {
    let (whole, part) = decimal.split_once('.').unwrap_or((decimal, ""));
    format!("{whole}{part:0<9}").parse().unwrap()
}

fn line<'a>(bill: &'a Value, resource: &str) -> &'a Value {
    bill["lines"].as_array().unwrap().iter().find(|line| line["resource"] == resource).unwrap_or(&Value::Null)
}

/// Prices under which only the CPU of queries costs something: `per_s` dollars a second.
async fn only_cpu_costs(server: &Server, per_s: u32) {
    let book = json!({"name": "cpu", "currency": "USD",
        "speeds": [{"name": "standard", "cores": 2, "priority": 5, "factor": "1"},
                   {"name": "double", "cores": 2, "priority": 6, "factor": "2"}],
        "prices": {"query_cpu": {"price": (per_s * 3600).to_string()}}});
    put(&server.admin, "/v1/price-book", book).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bill_of_statements_adds_up_to_their_records() {
    let server = lake().await;
    let admin = &server.admin;
    let mut answers = Vec::new();
    for statement in [
        "CREATE TABLE big AS SELECT value AS x, md5(CAST(value AS VARCHAR)) AS h FROM generate_series(1, 100000)",
        "SELECT count(DISTINCT h) AS n FROM big",
        "SELECT max(x) AS n FROM big",
    ] {
        answers.push(ask(admin, statement).await.done());
    }
    let bill = admin.get("/v1/bill").await.done();
    let mut cents = 0;
    for resource in MEASURED {
        let (line, records) = (line(&bill, resource), records(admin, resource).await);
        assert!(!records.is_empty() && line["records"] == records.len(), "{resource}: {line} {records:?}");
        assert_eq!(line["quantity"], records.iter().map(|record| record.quantity).sum::<i64>(), "{resource}");
        let sum: i64 = records.iter().map(|record| nanos(&record.amount)).sum();
        assert_eq!(nanos(line["amount"].as_str().unwrap()), sum, "{resource}: {line}");
        cents += sum;
        for record in &records {
            assert_eq!((record.service.as_str(), record.outcome.as_str()), ("sql", "done"), "{record:?}");
        }
    }
    assert!(cents > 0);
    // Each answer told what its records say.
    let cpu = records(admin, "query_cpu").await;
    for answer in &answers {
        let statistics = &answer["statistics"];
        let record = cpu.iter().find(|record| answer["query"] == record.id.as_str());
        assert_eq!(record.map_or(0, |record| record.quantity), statistics["cpu_ms"].as_i64().unwrap(), "{answer}");
    }
    let read: i64 = answers.iter().map(|answer| answer["statistics"]["bytes_scanned"].as_i64().unwrap()).sum();
    assert_eq!(line(&bill, "query_scan")["quantity"], read);

    // What fails is noted, and free.
    let failed = ask(admin, "SELECT sum(x / (x - 50000)) FROM big").await;
    assert_eq!(failed.body["code"], "query_failed", "{}", failed.body);
    let after = admin.get("/v1/bill").await.done();
    for resource in MEASURED {
        assert_eq!(line(&after, resource)["amount"], line(&bill, resource)["amount"], "{resource}");
    }
    let state = "SELECT state, cost FROM queries WHERE statement LIKE 'SELECT sum(x / %'";
    for _ in 0..250 {
        let rows = ask(admin, state).await.done()["rows"].clone();
        if rows != json!([]) {
            assert_eq!(rows, json!([{"state": "failed", "cost": null}]));
            break;
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_statement_costs_is_told_before_and_after() {
    let server = lake().await;
    let admin = &server.admin;
    only_cpu_costs(&server, 1).await;
    ask(admin, "CREATE TABLE big AS SELECT value AS x FROM generate_series(1, 200000)").await.done();
    let done = ask(admin, "SELECT sum(x % 7) AS n FROM big").await.done();
    let statistics = &done["statistics"];
    // A dollar a second: a thousandth for each millisecond.
    let cost = |cpu_ms: &Value| cpu_ms.as_i64().unwrap() * 1_000_000;
    assert_eq!(nanos(statistics["cost"]["amount"].as_str().unwrap()), cost(&statistics["cpu_ms"]), "{statistics}");
    assert_eq!(statistics["cost"]["currency"], "USD");

    let told = ask(admin, "EXPLAIN COST SELECT sum(x % 7) AS n FROM big").await.done();
    let rows = told["rows"].as_array().unwrap();
    let (total, parts) = rows.split_last().unwrap();
    let resources: Vec<&str> = parts.iter().map(|row| row["resource"].as_str().unwrap()).collect();
    assert!(resources.contains(&"query_cpu") && resources.contains(&"query_scan"), "{told}");
    let sum: i64 = parts.iter().map(|row| nanos(row["cost"].as_str().unwrap())).sum();
    assert_eq!((total["resource"].as_str(), nanos(total["cost"].as_str().unwrap())), (Some("total"), sum), "{told}");
    assert!(sum > 0 && rows.iter().all(|row| row["currency"] == "USD"), "{told}");
    let scan = parts.iter().find(|row| row["resource"] == "query_scan").unwrap();
    assert!(scan["quantity"].as_i64().unwrap() > 0 && scan["unit"] == "byte", "{told}");
    // The plan tells the same, and twice as much at twice the price.
    let plan = admin.post("/v1/sql/plan", json!({"statement": "SELECT sum(x % 7) AS n FROM big"})).await.done();
    let dear = json!({"statement": "SELECT sum(x % 7) AS n FROM big", "speed": "double"});
    let dear = admin.post("/v1/sql/plan", dear).await.done();
    let amount = |plan: &Value| nanos(plan["cost"]["amount"].as_str().unwrap());
    assert!(amount(&plan) > 0 && amount(&dear) == 2 * amount(&plan), "{plan} {dear}");

    // The command line tells it behind the rows.
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_doorstep"));
    command.args(["sql", "--server", &admin.base, "--key", &admin.key, "--stats", "--json"]);
    let told = command.arg("SELECT sum(x % 7) AS n FROM big").env_clear().output().unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let text = String::from_utf8(told.stdout).unwrap();
    let last: Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
    assert_eq!(nanos(last["cost"]["amount"].as_str().unwrap()), cost(&last["cpu_ms"]), "{text}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cap_for_a_query_ends_it_and_leaves_others_alone() {
    let server = lake().await;
    let admin = &server.admin;
    let theirs = server.tenant("night-cabs");
    only_cpu_costs(&server, 10).await;
    put(admin, "/v1/caps", json!({"query": "5"})).await;
    // Several at once: each has its own five dollars.
    let (one, two, small) = tokio::join!(ask(admin, ENDLESS), ask(admin, ENDLESS), ask(&theirs, "SELECT 1 AS one"));
    for ended in [one, two] {
        assert_eq!((&ended.body["code"], &ended.body["limit"]), (&json!("query_limit"), &json!("cost")));
        assert!(ended.body["detail"].as_str().unwrap().contains("the cap `query` of 5.00"), "{}", ended.body);
    }
    small.done();
    ask(admin, "SELECT 1 AS one").await.done();
    let bill = admin.get("/v1/bill").await.done();
    let charged = line(&bill, "query_cpu")["amount"].as_str().map_or(0, nanos);
    assert!(charged < 5_000_000_000, "what was ended is free: {bill}");
    // To be in a database is no statement: it stands in no history and costs nothing.
    let here = json!({"statement": "SELECT 2 AS two", "database": "default"});
    admin.post("/v1/sql", here).await.done();
    admin.post("/v1/sql", json!({"statement": "SELECT 1", "database": "nowhere"})).await.names(
        400,
        "invalid_sql",
        "/database",
    );
    for _ in 0..250 {
        let rows =
            ask(admin, "SELECT statement FROM queries WHERE statement LIKE 'SELECT 2%'").await.done()["rows"].clone();
        if rows != json!([]) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
    let uses = ask(admin, "SELECT count(*) AS n FROM queries WHERE statement LIKE 'USE%'").await.done();
    assert_eq!(uses["rows"], json!([{"n": 0}]));
    // The bytes have a cap of their own.
    ask(admin, "CREATE TABLE big AS SELECT md5(CAST(value AS VARCHAR)) AS h FROM generate_series(1, 50000)")
        .await
        .done();
    put(admin, "/v1/caps", json!({"query_scan_bytes": 1000})).await;
    let ended = ask(admin, "SELECT max(h) FROM big").await;
    assert_eq!((&ended.body["code"], &ended.body["limit"]), (&json!("query_limit"), &json!("bytes")), "{}", ended.body);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_short_statements_do_not_pass_the_months_cap_together() {
    let server = lake().await;
    let admin = server.admin.clone();
    // A cent a millisecond.
    only_cpu_costs(&server, 10).await;
    put(&admin, "/v1/caps", json!({"month": "20"})).await;
    let ask_until_the_end = |admin: Client| async move {
        for n in 0..2_000 {
            let answer = ask(&admin, &format!("SELECT {n} AS n")).await;
            match answer.body["code"].as_str() {
                None => {}
                Some("query_limit") => return (n, answer.body),
                Some(_) => panic!("{}", answer.body),
            }
        }
        panic!("the cap was never reached");
    };
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(ask_until_the_end(admin.clone()))).collect();
    let mut done = 0;
    for task in tasks {
        let (ran, refused) = task.await.unwrap();
        done += ran;
        assert_eq!(refused["limit"], "cost");
        assert!(refused["detail"].as_str().unwrap().contains("the cap `month` of 20.00"), "{refused}");
    }
    assert!(done > 0, "some of them ran");
    let bill = admin.get("/v1/bill").await.done();
    let charged = nanos(line(&bill, "query_cpu")["amount"].as_str().unwrap());
    assert!(charged > 0 && charged <= 20_000_000_000, "{bill}");
    // A long one is ended as well, and another tenant does not notice.
    put(&admin, "/v1/caps", json!({"month": "30"})).await;
    let ended = ask(&admin, ENDLESS).await;
    assert!(ended.body["detail"].as_str().unwrap().contains("the cap `month` of 30.00"), "{}", ended.body);
    ask(&server.tenant("night-cabs"), "SELECT 1 AS one").await.done();
    server.stop().await;
}
