//! Tables over a tenant's own buckets: what is put there by the API or S3 is rows, within grants, quotas and bounds.

use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use doorstep::roles::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    child::{self, Running},
    support::{Answer, Client, Server},
};

async fn start() -> Server {
    Server::with(|config| {
        config.roles.extend([Role::Lake, Role::Objects]);
        config.lake.flight_listen = ([127, 0, 0, 1], 0).into();
        config.objects.listen = ([127, 0, 0, 1], 0).into();
    })
    .await
}

async fn put(client: &Client, path: &str, body: impl Into<reqwest::Body>) -> Answer {
    let request = client.request(Method::PUT, path).header("content-type", "application/octet-stream").body(body);
    Answer::of(request.send().await.unwrap()).await
}

async fn set(client: &Client, bucket: &str, wish: Value) {
    let request = client.request(Method::PUT, &format!("/v1/buckets/{bucket}")).json(&wish);
    assert!(request.send().await.unwrap().status().is_success());
}

async fn object(client: &Client, bucket: &str, key: &str, body: impl Into<reqwest::Body>) {
    let key = key.replace('%', "%25").replace('/', "%2F").replace(' ', "%20");
    put(client, &format!("/v1/buckets/{bucket}/objects/{key}"), body).await.done();
}

async fn sql(client: &Client, statement: &str) -> Answer {
    client.post("/v1/sql", json!({"statement": statement})).await
}

async fn rows(client: &Client, statement: &str) -> Value {
    sql(client, statement).await.done()["rows"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_the_own_buckets_are_rows() {
    let server = start().await;
    let ours = &server.admin;
    set(ours, "trips", json!({})).await;
    object(ours, "trips", "in/day=2026-01-01/a.csv", "id,city\n1,porto\n2,faro\n").await;
    object(ours, "trips", "in/day=2026-01-02/h=10%3A30/b b.csv", "id,city\n9,nowhere\n").await;
    object(ours, "trips", "in/day=2026-01-02/b b.csv", "id,city\n3,lyon\n").await;
    object(ours, "trips", "in/day=2026-01-02/_temporary/c.csv", "id,city\n7,nowhere\n").await;
    object(ours, "trips", "inside/day=2026-01-03/a.csv", "id,city\n8,nowhere\n").await;
    object(ours, "trips", "one.json", "{\"n\": 5}\n{\"n\": 6}\n").await;
    object(ours, "trips", "empty/", "").await;

    sql(ours, "CREATE EXTERNAL TABLE one STORED AS JSON LOCATION 's3://trips/one.json'").await.done();
    assert_eq!(rows(ours, "SELECT sum(n) AS n FROM one").await, json!([{"n": 11}]));
    let made = "CREATE EXTERNAL TABLE trips (id BIGINT, city VARCHAR, day DATE) STORED AS CSV PARTITIONED BY (day)
                LOCATION 's3a://trips/in/' OPTIONS ('has_header' 'true')";
    sql(ours, made).await.done();
    let asked = "SELECT id, city, CAST(day AS VARCHAR) AS day FROM trips WHERE id < 9 ORDER BY id";
    let day = |n: i64, city: &str, day: &str| json!({"id": n, "city": city, "day": day});
    let wanted = json!([day(1, "porto", "2026-01-01"), day(2, "faro", "2026-01-01"), day(3, "lyon", "2026-01-02")]);
    assert_eq!(rows(ours, asked).await, wanted, "hidden files and neighbours' are left out");

    // What is read counts, and is bounded; partitions that cannot matter are not read.
    let one = sql(ours, "SELECT city FROM trips WHERE day = DATE '2026-01-01'").await.done();
    assert_eq!(one["statistics"]["bytes_scanned"], 23, "{one}");
    let bounded = json!({"statement": "SELECT * FROM trips", "limits": {"scan_bytes": 10}});
    let ended = ours.post("/v1/sql", bounded).await.problem(422, "query_limit");
    assert_eq!(ended["limit"], "bytes");

    // Rows that are written become objects: columns of statistics, folders of partitions.
    let out = "CREATE EXTERNAL TABLE out (n BIGINT, t VARCHAR) STORED AS PARQUET PARTITIONED BY (t) LOCATION 's3://trips/out'";
    sql(ours, out).await.done();
    sql(
        ours,
        "INSERT INTO out SELECT value, CASE WHEN value % 2 = 0 THEN '10:30' ELSE NULL END FROM generate_series(1, 10)",
    )
    .await
    .done();
    let put_there = ours.get("/v1/buckets/trips/objects?prefix=out/&deep=true").await.done();
    let keys: Vec<&str> = put_there["items"].as_array().unwrap().iter().map(|o| o["key"].as_str().unwrap()).collect();
    assert!(keys.len() == 2 && keys[0].starts_with("out/t=10%3A30/") && keys[0].ends_with(".parquet"), "{keys:?}");
    assert_eq!(rows(ours, "SELECT sum(n) AS n FROM out WHERE t = '10:30'").await, json!([{"n": 30}]));
    assert_eq!(rows(ours, "SELECT count(*) AS n FROM out").await, json!([{"n": 10}]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bucket_of_another_tenant_is_not_there() {
    let server = start().await;
    let (ours, theirs) = (&server.admin, server.tenant("night-cabs"));
    set(ours, "our-secrets", json!({})).await;
    object(ours, "our-secrets", "x/a.csv", "word\nsesame\n").await;
    let make =
        |bucket: &str| format!("CREATE EXTERNAL TABLE x (word VARCHAR) STORED AS CSV LOCATION 's3://{bucket}/x/'");
    let other = sql(&theirs, &make("our-secrets")).await.problem(400, "invalid_sql");
    let nowhere = sql(&theirs, &make("no-such-bucket")).await.problem(400, "invalid_sql");
    let words = |problem: &Value| {
        problem["detail"].as_str().unwrap().replace("our-secrets", "B").replace("no-such-bucket", "B")
    };
    assert_eq!(words(&other), words(&nowhere), "nothing tells that it is there");
    sql(&theirs, &make("s3")).await.problem(400, "invalid_sql");

    // The same name later, in other hands: what was read of the first is not shown by the second.
    sql(ours, &make("our-secrets")).await.done();
    assert_eq!(rows(ours, "SELECT word FROM x").await, json!([{"word": "sesame"}]));
    assert_eq!(ours.delete("/v1/buckets/our-secrets/objects/x%2Fa.csv").await.status, 204);
    assert_eq!(ours.delete("/v1/buckets/our-secrets").await.status, 204);
    set(&theirs, "our-secrets", json!({})).await;
    object(&theirs, "our-secrets", "x/a.csv", "word\nopen!!\n").await;
    let gone = sql(ours, "SELECT word FROM x").await.problem(400, "invalid_sql");
    assert!(gone["detail"].as_str().unwrap().contains("there is no bucket"), "{gone}");
    for path in ["s3://our-secrets/../x", "s3:///x", "gs://our-secrets/x"] {
        let made = format!("CREATE EXTERNAL TABLE y (a INT) STORED AS CSV LOCATION '{path}'");
        sql(ours, &made).await.problem(400, "invalid_sql");
    }

    // Grants and quotas hold.
    set(ours, "small", json!({"quota_bytes": 100})).await;
    object(ours, "small", "in/a.csv", "n,city\n1,porto\n2,faro\n").await;
    let small = "CREATE EXTERNAL TABLE small (n BIGINT, city VARCHAR) STORED AS CSV LOCATION 's3://small/in'";
    sql(ours, small).await.done();
    let key = ours.post("/v1/keys", json!({"name": "partner", "scopes": ["partner"]})).await.made();
    let text = |name: &str| key[name].as_str().unwrap().to_owned();
    let partner = Client::new(ours.base.clone(), format!("{}:{}", text("access"), text("secret")));
    sql(&partner, "SELECT * FROM small").await.problem(403, "forbidden");
    let grant = json!({"key": text("id"), "table": "small", "columns": ["city"], "rows": "n = 2"});
    assert_eq!(ours.post("/v1/sql/grants", grant).await.status, 204);
    assert_eq!(rows(&partner, "SELECT * FROM small").await, json!([{"city": "faro"}]));
    sql(ours, "CREATE EXTERNAL TABLE full (n BIGINT) STORED AS PARQUET LOCATION 's3://small/full/'").await.done();
    let full =
        sql(ours, "INSERT INTO full SELECT value FROM generate_series(1, 1000)").await.problem(400, "invalid_sql");
    assert!(full["detail"].as_str().unwrap().contains("quota"), "{full}");
    let left = ours.get("/v1/buckets/small/objects?deep=true").await.done();
    assert_eq!(left["items"].as_array().unwrap().len(), 1, "{left}");

    // A key that is no path of files is told.
    object(ours, "small", "in//b", "").await;
    let told = sql(ours, "SELECT * FROM small").await;
    assert!(told.body["detail"].as_str().unwrap().contains("in//b"), "{}", told.body);
    server.stop().await;
}

/// What an INSERT makes of a bucket is there as a whole or not at all, and once for a key.
#[tokio::test(flavor = "multi_thread")]
async fn inserts_into_buckets_are_whole_and_done_once() {
    let server = start().await;
    let ours = &server.admin;
    set(ours, "ledger", json!({})).await;
    let made = "CREATE EXTERNAL TABLE out (n BIGINT, p BIGINT) STORED AS PARQUET PARTITIONED BY (p) LOCATION 's3://ledger/out/'";
    sql(ours, made).await.done();
    let insert = |from: i64| json!({"statement": format!("INSERT INTO out SELECT value, value % 3 + {from} FROM generate_series(1, 6)")});
    let objects = async || rows(ours, "SELECT count(*) AS n, sum(size) AS bytes FROM object_inventory").await;
    let first = ours.post_once("/v1/sql", "one", &insert(0)).await;
    assert_eq!((first.header("idempotency-replayed"), &first.body["rows"]), ("", &json!([{"count": 6}])));
    let there = objects().await;
    assert_eq!(there[0]["n"], 3);
    let again = ours.post_once("/v1/sql", "one", &insert(0)).await;
    assert_eq!((again.header("idempotency-replayed"), &again.body["rows"]), ("true", &json!([{"count": 6}])));
    ours.post_once("/v1/sql", "one", &insert(1)).await.problem(409, "idempotency_mismatch");
    assert_eq!(objects().await, there);
    assert_eq!(rows(ours, "SELECT count(*) AS n, sum(n) AS s FROM out").await, json!([{"n": 6, "s": 21}]));

    // There is room for one more object and not for three: nothing of them stays.
    let used = there[0]["bytes"].as_u64().unwrap();
    set(ours, "ledger", json!({"quota_bytes": used + used / 2})).await;
    for _ in 0..2 {
        let full = ours.post_once("/v1/sql", "two", &insert(3)).await.problem(400, "invalid_sql");
        assert!(full["detail"].as_str().unwrap().contains("quota"), "{full}");
        assert_eq!(objects().await, there);
    }
    // What failed may be sent again under its key; several at once are one.
    set(ours, "ledger", json!({"quota_bytes": used * 10})).await;
    let send = || async { ours.post_once("/v1/sql", "two", &insert(3)).await.done()["rows"].clone() };
    let (a, b, c) = tokio::join!(send(), send(), send());
    for answer in [a, b, c] {
        assert_eq!(answer, json!([{"count": 6}]));
    }
    assert_eq!(objects().await[0]["n"], 6);
    assert_eq!(rows(ours, "SELECT count(*) AS n, sum(n) AS s FROM out").await, json!([{"n": 12, "s": 42}]));

    sql(ours, "CREATE EXTERNAL TABLE folder (n BIGINT) STORED AS PARQUET LOCATION 'folder'").await.done();
    let one = json!({"statement": "INSERT INTO folder VALUES (1)"});
    let refused = ours.post_once("/v1/sql", "three", &one).await.problem(400, "invalid_sql");
    assert!(refused["detail"].as_str().unwrap().contains("Idempotency-Key"), "{refused}");
    sql(ours, "INSERT INTO folder VALUES (1)").await.done();
    assert_eq!(rows(ours, "SELECT count(*) AS n FROM folder").await, json!([{"n": 1}]));
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_leaves_whole_statements() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let start = async || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
        command.args(child::up(&data, "api,objects,lake"));
        let running = Running::start(command, data.join("ready.json"), dir.path().join("log")).await;
        let ours = Client::new(format!("http://{}", running.api.unwrap()), running.admin.key.clone());
        (running, ours)
    };
    let (mut running, mut ours) = start().await;
    set(&ours, "ledger", json!({})).await;
    let made = "CREATE EXTERNAL TABLE out (n BIGINT, batch BIGINT, p BIGINT) STORED AS PARQUET PARTITIONED BY (p) LOCATION 's3://ledger/out/'";
    sql(&ours, made).await.done();
    let acknowledged = AtomicU64::new(0);
    for patience_ms in [60, 140, 250, 400, 600] {
        let insert = async {
            loop {
                let batch = acknowledged.load(Ordering::SeqCst);
                let rows =
                    "SELECT value, batch, value % 3 FROM generate_series(1, 300)".replace("batch", &batch.to_string());
                sql(&ours, &format!("INSERT INTO out {rows}")).await.done();
                acknowledged.fetch_add(1, Ordering::SeqCst);
            }
        };
        let killed = async {
            tokio::time::sleep(Duration::from_millis(patience_ms)).await;
            running.kill();
        };
        tokio::select! {
            // An answer that breaks off is not looked at: the kill comes first.
            biased;
            () = killed => {}
            () = insert => unreachable!("it goes on for ever"),
        }
        (running, ours) = start().await;
        let counts = rows(
            &ours,
            "SELECT batch, count(*) AS n, count(DISTINCT p) AS parts FROM out GROUP BY batch ORDER BY batch",
        )
        .await;
        let counts = counts.as_array().unwrap();
        let whole = |n: usize| json!({"batch": n, "n": 300, "parts": 3});
        assert_eq!(*counts, (0..counts.len()).map(whole).collect::<Vec<_>>(), "after {patience_ms} ms");
        // What was acknowledged is there; the one that was on its way may be.
        let known = usize::try_from(acknowledged.load(Ordering::SeqCst)).unwrap();
        assert!(counts.len() == known || counts.len() == known + 1, "{} of {known}", counts.len());
        acknowledged.store(counts.len() as u64, Ordering::SeqCst);
        // And nothing lies there that is no row.
        let listed = ours.get("/v1/buckets/ledger/objects?deep=true&limit=200").await.done();
        assert_eq!(listed["items"].as_array().unwrap().len(), 3 * counts.len());
    }
}
