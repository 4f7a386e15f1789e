//! Functions of the users' own.

use doorstep_identity::Scope;
use doorstep_lake::LakeError;

use crate::support::{Lake, session};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_are_kept_and_called() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE FUNCTION net(gross DOUBLE, rate DOUBLE) RETURNS DOUBLE RETURN gross / (1 + rate)").await.unwrap();
    lake.run("CREATE FUNCTION greet(who VARCHAR, BIGINT) RETURN concat('hello ', who, repeat('!', $2))").await.unwrap();
    assert_eq!(lake.rows("SELECT round(net(119, 0.19)), greet('Ada', 2)").await, "100.0,hello Ada!!");
    lake.run("CREATE TABLE fares AS SELECT value AS id, CAST(value AS DOUBLE) AS fare FROM generate_series(1, 100)")
        .await
        .unwrap();
    // In every place of a statement, in other functions, in views, and over what must be worked out once.
    lake.run("CREATE FUNCTION twice_net(x DOUBLE) RETURNS DOUBLE RETURN net(x, 1) + net(x, 1)").await.unwrap();
    lake.run("CREATE VIEW nets AS SELECT id, twice_net(fare) AS n FROM fares WHERE net(fare, 0) > 50").await.unwrap();
    assert_eq!(lake.rows("SELECT count(*), sum(n) FROM nets").await, "50,3775.0");
    assert_eq!(lake.rows("SELECT count(*) FROM fares GROUP BY net(fare, 0) > 50 ORDER BY 1").await, "50\n50");
    assert_eq!(lake.rows("SELECT count(*) FROM fares WHERE twice_net(random()) BETWEEN 0 AND 1").await, "100");
    assert_eq!(
        lake.rows("SELECT max(d) FROM (SELECT twice_net(r) - r AS d FROM (SELECT random() AS r FROM fares))").await,
        "0.0"
    );
    assert_eq!(lake.rows("UPDATE fares SET fare = twice_net(fare) WHERE net(fare, 0) <= 1").await, "1");
    assert_eq!(lake.rows("SELECT net(NULL, 0.1) IS NULL").await, "true");

    // By database.
    lake.run("CREATE DATABASE lab").await.unwrap();
    lake.run("CREATE FUNCTION lab.net(x BIGINT) RETURNS BIGINT RETURN x - 1").await.unwrap();
    assert_eq!(lake.rows("SELECT lab.net(5), net(5, 0)").await, "4,5.0");
    assert!(lake.run("DROP DATABASE lab").await.unwrap_err().to_string().contains("0 tables and 1 function;"));
    lake.run("DROP DATABASE lab CASCADE").await.unwrap();
    assert!(lake.run("SELECT lab.net(5)").await.is_err());

    // What is known of them; they follow what they call.
    let told = lake.rows("DESCRIBE FUNCTION twice_net").await;
    assert!(told.contains("twice_net(x Float64)") && told.contains("net(x, 1) + net(x, 1)"), "{told}");
    assert!(lake.rows("SHOW FUNCTIONS").await.contains("twice_net"));
    assert!(lake.rows("describe function abs").await.contains("built in"));
    lake.run("CREATE OR REPLACE FUNCTION net(a DOUBLE, b DOUBLE) RETURNS DOUBLE RETURN a").await.unwrap();
    assert_eq!(lake.rows("SELECT twice_net(3)").await, "6.0");
    lake.run("DROP FUNCTION net").await.unwrap();
    let broken = lake.run("SELECT twice_net(3)").await.unwrap_err().to_string();
    assert!(broken.contains("twice_net cannot be used") && broken.contains("net"), "{broken}");
    lake.run("DROP FUNCTION IF EXISTS net").await.unwrap();
    lake.stop().await;

    // They outlive the process.
    let lake = Lake::open(dir.path()).await;
    assert_eq!(lake.rows("SELECT greet('Bo', 1)").await, "hello Bo!");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_function_is_said() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE FUNCTION one() RETURNS BIGINT RETURN 1").await.unwrap();
    lake.run("CREATE FUNCTION two() RETURNS BIGINT RETURN one() + 1").await.unwrap();
    for (sql, words) in [
        ("CREATE FUNCTION one() RETURN 2", "exists already"),
        ("CREATE FUNCTION abs(x INT) RETURN x", "built-in"),
        ("CREATE FUNCTION f(x INT) RETURN f(x)", "leads back to itself"),
        ("CREATE OR REPLACE FUNCTION one() RETURNS BIGINT RETURN two()", "leads back to itself"),
        ("CREATE FUNCTION f(x INT) RETURN y", "y"),
        ("CREATE FUNCTION f(x INT, x INT) RETURN x", "twice"),
        ("CREATE FUNCTION f(x INT) RETURN $2", "$2"),
        ("CREATE FUNCTION f(x INT) RETURN sum(x)", "aggregate"),
        ("CREATE FUNCTION f(x INT) RETURN (SELECT 1)", "ubquer"),
        ("CREATE FUNCTION f(x INT) RETURN missing(x)", "missing"),
        ("CREATE FUNCTION f(x INT) RETURNS INT AS 'com.example.F' LANGUAGE java", "no expression"),
        ("SELECT one(1)", "takes 0 arguments"),
        ("SELECT onee()", "onee"),
        ("DROP FUNCTION onee", "did you mean one?"),
        ("DESCRIBE FUNCTION onee", "did you mean one?"),
    ] {
        let error = lake.run(sql).await.expect_err(sql).to_string();
        assert!(error.contains(words), "{sql}: {error}");
    }
    let mut grown = "x".to_owned();
    for n in 0..40 {
        let made = lake.run(&format!("CREATE FUNCTION g{n}(x BIGINT) RETURNS BIGINT RETURN {grown} + {grown}")).await;
        match made {
            Ok(_) => grown = format!("g{n}(x)"),
            Err(error) => {
                assert!(error.to_string().contains("parts together"), "{error}");
                break;
            }
        }
        assert!(n < 39, "it may not grow without end");
    }
    let partner = session("main", "partner", Scope::Partner);
    let made = lake.run_as(&partner, "CREATE FUNCTION f() RETURN 1").await;
    assert!(matches!(made, Err(LakeError::Denied { .. })));
    // For the session alone, and of no other tenant.
    lake.run_as(&partner, "CREATE TEMPORARY FUNCTION f() RETURN 41 + one()").await.unwrap();
    assert_eq!(lake.rows_as(&partner, "SELECT f()").await, "42");
    assert!(lake.run("SELECT f()").await.is_err());
    let neighbour = session("other", "boss", Scope::Admin);
    assert!(lake.run_as(&neighbour, "SELECT one()").await.is_err());
    assert!(lake.run_as(&neighbour, "DESCRIBE FUNCTION one").await.is_err());
    lake.stop().await;
}

/// However functions are made one after another, none comes to be too much for whoever calls it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_grow_from_no_side() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    for n in 0..30 {
        lake.run(&format!("CREATE FUNCTION g{n}(x BIGINT) RETURNS BIGINT RETURN x")).await.unwrap();
    }
    // From the top down: each that is replaced calls small ones, and is called by large ones.
    let mut refused = None;
    for n in (1..30).rev() {
        let below = n - 1;
        let sql = format!("CREATE OR REPLACE FUNCTION g{n}(x BIGINT) RETURNS BIGINT RETURN g{below}(x) + g{below}(x)");
        if let Err(error) = lake.run(&sql).await {
            refused = Some((n, error.to_string()));
            break;
        }
    }
    let (at, words) = refused.expect("it may not grow without end");
    assert!(words.contains("parts together"), "{words}");
    assert_eq!(lake.rows("SELECT g29(1)").await, (1_u64 << (29 - at)).to_string());
    // What a session's own function makes of those of the catalogue that it stands before is seen when one is called.
    let own = session("main", "boss", Scope::Admin);
    lake.run("CREATE FUNCTION small(x BIGINT) RETURNS BIGINT RETURN x").await.unwrap();
    let many = vec!["small(x)"; 150].join(" + ");
    lake.run_as(&own, &format!("CREATE TEMPORARY FUNCTION much(x BIGINT) RETURNS BIGINT RETURN {many}")).await.unwrap();
    let large = vec!["x"; 150].join(" + ");
    lake.run(&format!("CREATE OR REPLACE FUNCTION small(x BIGINT) RETURNS BIGINT RETURN {large}")).await.unwrap();
    let error = lake.run_as(&own, "SELECT much(1)").await.unwrap_err().to_string();
    assert!(error.contains("much cannot be used") && error.contains("parts together"), "{error}");
    assert_eq!(lake.rows("SELECT small(1)").await, "150");
    lake.stop().await;
}

/// A chain that is too long is told from a circle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn functions_are_so_deep_and_no_deeper() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE FUNCTION d1(x BIGINT) RETURNS BIGINT RETURN x + 1").await.unwrap();
    for n in 2..33 {
        lake.run(&format!("CREATE FUNCTION d{n}(x BIGINT) RETURNS BIGINT RETURN d{}(x) + 1", n - 1)).await.unwrap();
    }
    assert_eq!(lake.rows("SELECT d32(0)").await, "32");
    lake.run("CREATE FUNCTION d0(x BIGINT) RETURNS BIGINT RETURN x").await.unwrap();
    for sql in [
        "CREATE FUNCTION d33(x BIGINT) RETURNS BIGINT RETURN d32(x) + 1",
        // From below, too.
        "CREATE OR REPLACE FUNCTION d1(x BIGINT) RETURNS BIGINT RETURN d0(x) + 1",
    ] {
        let error = lake.run(sql).await.expect_err(sql).to_string();
        assert!(error.contains("more than 32 deep"), "{sql}: {error}");
    }
    assert_eq!(lake.rows("SELECT d32(0)").await, "32");
    lake.stop().await;
}
