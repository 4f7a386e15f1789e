//! Nothing of one tenant is seen by another, and a key sees what it was granted.

use doorstep_identity::Scope;
use doorstep_lake::LakeError;
use doorstep_lake::catalog::Grant;
use serde_json::json;

use crate::support::{Lake, event, session};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenant_sees_its_own_rows_and_tables() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let news = vec![event("a", 1, json!({"n": 1})), event("b", 2, json!({"tenant": "night-cabs", "n": 2}))];
    lake.journal.append("events.porto", news).await.unwrap();
    lake.wait("SELECT id FROM events", "a").await;
    let other = session("night-cabs", "theirs", Scope::Admin);
    assert_eq!(lake.rows_as(&other, "SELECT id, tenant FROM doorstep.events").await, "b,night-cabs");
    assert_eq!(lake.rows_as(&other, "SELECT count(*) FROM events WHERE tenant = 'main' OR true").await, "1");

    lake.run("CREATE TABLE secret AS SELECT 42 AS x").await.unwrap();
    for sql in [
        "SELECT * FROM secret",
        "SELECT * FROM lake.\"default\".secret",
        "DROP TABLE secret",
        "INSERT INTO secret VALUES (1)",
    ] {
        assert!(lake.run_as(&other, sql).await.is_err(), "{sql}");
    }
    let listed = lake.rows_as(&other, "SELECT table_name FROM information_schema.tables").await;
    assert!(listed.contains("events") && !listed.contains("secret"), "{listed}");
    // No way of writing goes past the catalogue.
    let copied = "COPY (SELECT 1 AS x) TO 'lake://files/tables/main/x.parquet' STORED AS PARQUET";
    for sql in [copied, &format!("EXPLAIN ANALYZE {copied}"), "EXPLAIN ANALYZE INSERT INTO events SELECT * FROM events"]
    {
        assert!(matches!(lake.run_as(&other, sql).await, Err(LakeError::Unsupported { .. })), "{sql}");
    }
    assert!(!dir.path().join("lake/tables/main/x.parquet").exists());
    // The folder of another tenant cannot be named.
    let sneaky = "CREATE EXTERNAL TABLE sneaky (x BIGINT) STORED AS PARQUET LOCATION '../../tables/main'";
    assert!(matches!(lake.run_as(&other, sneaky).await, Err(LakeError::Invalid { .. })));
    lake.run_as(&other, "CREATE TABLE secret AS SELECT 7 AS x").await.unwrap();
    assert_eq!(lake.rows("SELECT x FROM secret").await, "42");
    assert_eq!(lake.rows_as(&other, "SELECT x FROM secret").await, "7");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_opens_columns_and_rows() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let boss = session("main", "boss", Scope::Operator);
    let partner = session("main", "partner", Scope::Partner);
    lake.run("CREATE TABLE staff AS SELECT * FROM (VALUES (1, 'Ann', 900), (2, 'Bo', 800)) AS t (id, name, pay)")
        .await
        .unwrap();
    assert!(matches!(lake.run_as(&partner, "SELECT * FROM staff").await, Err(LakeError::Denied { .. })));
    assert_eq!(
        lake.rows_as(&partner, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'default'").await,
        ""
    );

    let columns = Some(vec!["id".to_owned(), "name".to_owned()]);
    let grant = Grant { columns, rows: Some("id = 2".to_owned()), ..Grant::default() };
    lake.engine.grant(&boss, "partner", "default", "staff", Some(&grant)).await.unwrap();
    assert_eq!(lake.rows_as(&partner, "SELECT * FROM staff").await, "2,Bo");
    assert!(lake.run_as(&partner, "SELECT pay FROM staff").await.is_err());
    assert_eq!(lake.rows_as(&partner, "SELECT count(*) FROM staff WHERE id = 1 OR true").await, "1");
    assert!(matches!(lake.run_as(&partner, "INSERT INTO staff VALUES (3, 'X')").await, Err(LakeError::Denied { .. })));
    assert!(matches!(lake.run_as(&partner, "CREATE TABLE mine (a INT)").await, Err(LakeError::Denied { .. })));

    // A view shows what its maker chose to those who may see the view.
    lake.run("CREATE VIEW pays AS SELECT sum(pay) AS total FROM staff").await.unwrap();
    lake.engine.grant(&boss, "partner", "default", "pays", Some(&Grant::default())).await.unwrap();
    assert_eq!(lake.rows_as(&partner, "SELECT total FROM pays").await, "1700");

    let bad = Grant { columns: Some(vec!["pai".to_owned()]), ..Grant::default() };
    let refused = lake.engine.grant(&boss, "partner", "default", "staff", Some(&bad)).await;
    assert!(matches!(refused, Err(LakeError::Unknown { near: Some(near), .. }) if near == "pay"));
    let bad = Grant { rows: Some("id = ".to_owned()), ..Grant::default() };
    assert!(lake.engine.grant(&boss, "partner", "default", "staff", Some(&bad)).await.is_err());
    assert!(matches!(
        lake.engine.grant(&partner, "partner", "default", "staff", None).await,
        Err(LakeError::Denied { .. })
    ));
    lake.engine.grant(&boss, "partner", "default", "staff", None).await.unwrap();
    assert!(lake.run_as(&partner, "SELECT * FROM staff").await.is_err(), "what was granted can be taken back");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grants_are_given_taken_and_shown_in_sql() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let partner = session("main", "partner", Scope::Partner);
    lake.run("CREATE TABLE staff AS SELECT * FROM (VALUES (1, 'Ann', 900), (2, 'Bo', 800)) AS t (id, name, pay)")
        .await
        .unwrap();
    lake.run("GRANT SELECT (id, name) ON TABLE staff TO USER partner WHERE id = 2").await.unwrap();
    assert_eq!(lake.rows_as(&partner, "SELECT * FROM staff").await, "2,Bo");
    assert_eq!(lake.rows_as(&partner, "SHOW GRANT").await, "default,staff,partner,SELECT,\"id, name\",id = 2");
    lake.run("GRANT SELECT, INSERT ON staff TO partner").await.unwrap();
    lake.run_as(&partner, "INSERT INTO staff VALUES (3, 'Cy', 1)").await.unwrap();
    for sql in ["INSERT OVERWRITE staff VALUES (4, 'Di', 1)", "ALTER TABLE staff ADD COLUMN x INT"] {
        assert!(matches!(lake.run_as(&partner, sql).await, Err(LakeError::Denied { .. })), "{sql}");
    }
    lake.run("GRANT SELECT ON DATABASE doorstep TO USER other, partner").await.unwrap();
    let shown = "SHOW GRANT USER partner ON TABLE staff";
    assert_eq!(lake.rows(shown).await, "default,staff,partner,SELECT,,\ndefault,staff,partner,INSERT,,");
    assert_eq!(lake.rows("SHOW GRANTS").await.lines().count(), 4);
    assert_eq!(lake.rows_as(&partner, "SHOW GRANT ON ALL").await.lines().count(), 3, "what others have is theirs");
    lake.run("REVOKE INSERT, SELECT (pay) ON staff FROM partner").await.unwrap();
    assert_eq!(lake.rows_as(&partner, "SELECT * FROM staff WHERE id = 3").await, "3,Cy");
    assert!(lake.run_as(&partner, "INSERT INTO staff VALUES (5, 'Ed')").await.is_err());
    lake.run("REVOKE ALL ON staff FROM partner").await.unwrap();
    assert!(lake.run_as(&partner, "SELECT * FROM staff").await.is_err());
    for (sql, words) in [
        ("REVOKE ALL ON staff FROM partner", "there is no grant"),
        ("GRANT SELECT ON stuff TO partner", "did you mean staff?"),
        ("GRANT SELECT (pai) ON staff TO partner", "did you mean pay?"),
        ("GRANT SELECT ON staff TO partner WHERE pai = 1", "pai"),
        ("GRANT INSERT ON staff TO partner", "grant SELECT as well"),
        ("GRANT SELECT (id) ON DATABASE doorstep TO partner", "one table"),
        ("GRANT SELECT ON staff TO ROLE r", "TO USER"),
    ] {
        let error = lake.run(sql).await.expect_err(sql).to_string();
        assert!(error.contains(words), "{sql}: {error}");
    }
    for sql in ["GRANT ALL ON staff TO partner", "REVOKE ALL ON DATABASE doorstep FROM other"] {
        assert!(matches!(lake.run_as(&partner, sql).await, Err(LakeError::Denied { .. })), "{sql}");
    }
    let neighbour = session("night-cabs", "theirs", Scope::Admin);
    assert_eq!(lake.rows_as(&neighbour, "SHOW GRANT").await, "");
    lake.stop().await;
}

/// A statement about several keys is carried out for all of them or for none, and nothing is forgotten meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn grants_of_several_keys_are_one() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE staff AS SELECT 1 AS id, 'Ann' AS name").await.unwrap();
    lake.run("CREATE TABLE salaries AS SELECT 1 AS id, 900 AS pay").await.unwrap();
    lake.run("GRANT SELECT, INSERT ON staff TO a, c").await.unwrap();
    let before = lake.rows("SHOW GRANTS").await;
    for sql in ["REVOKE INSERT ON staff FROM a, b, c", "REVOKE ALL ON staff FROM c, b, a"] {
        let error = lake.run(sql).await.expect_err(sql).to_string();
        assert!(error.contains("of b on default.staff"), "{error}");
        assert_eq!(lake.rows("SHOW GRANTS").await, before);
    }
    // Where one lacks what the right rests on, nobody gets it.
    assert!(lake.run("GRANT DELETE ON staff TO a, b, c").await.is_err());
    assert_eq!(lake.rows("SHOW GRANTS").await, before);
    lake.run("REVOKE INSERT ON staff FROM a, c, a").await.unwrap();
    assert_eq!(lake.rows("SHOW GRANTS").await, "default,staff,a,SELECT,,\ndefault,staff,c,SELECT,,");
    // Rights that are given at the same moment add up.
    let given = ["INSERT", "UPDATE", "DELETE"].map(|right| format!("GRANT {right} ON staff TO a, c"));
    for done in futures::future::join_all(given.iter().map(|sql| lake.run(sql))).await {
        done.unwrap();
    }
    let four = "default,staff,c,SELECT,,\ndefault,staff,c,INSERT,,\ndefault,staff,c,UPDATE,,\ndefault,staff,c,DELETE,,";
    assert_eq!(lake.rows("SHOW GRANT USER c").await, four);

    // Who may read all of the database may read a table of it.
    lake.run("GRANT SELECT ON default.* TO d").await.unwrap();
    lake.run("GRANT UPDATE ON staff TO d").await.unwrap();
    let d = session("main", "d", Scope::Partner);
    assert_eq!(lake.rows_as(&d, "UPDATE staff SET name = 'Bo'").await, "1");
    assert!(matches!(lake.run_as(&d, "DELETE FROM staff").await, Err(LakeError::Denied { .. })));
    assert_eq!(lake.rows_as(&d, "SELECT count(*) FROM salaries").await, "1");

    // What a key may not see is not there, by its name or by another's.
    let c = session("main", "c", Scope::Partner);
    for name in ["salaries", "salarie", "default.salaries"] {
        let error = lake.run_as(&c, &format!("SHOW GRANT ON TABLE {name}")).await.expect_err(name).to_string();
        assert!(error.contains("there is no table") && !error.contains("did you mean"), "{error}");
    }
    let error = lake.run_as(&c, "SHOW GRANT ON TABLE stafff").await.unwrap_err().to_string();
    assert!(error.contains("did you mean staff?"), "{error}");
    assert_eq!(lake.rows_as(&c, "SHOW GRANT ON TABLE staff").await, four);
    lake.stop().await;
}

/// Whoever reads cannot say what a grant's condition or a view's leaves out, nor where its functions are looked up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_s_functions_change_no_grant_and_no_view() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let partner = session("main", "partner", Scope::Partner);
    for sql in [
        "CREATE DATABASE lab",
        "CREATE TABLE lab.staff AS SELECT * FROM (VALUES (1, 'Ann'), (2, 'Bo')) AS t (id, name)",
        "CREATE FUNCTION lab.visible(id BIGINT) RETURNS BOOLEAN RETURN id = 2",
        "CREATE FUNCTION visible(id BIGINT) RETURNS BOOLEAN RETURN false",
        "CREATE VIEW lab.seen AS SELECT * FROM lab.staff WHERE lab.visible(id)",
        "GRANT SELECT ON lab.staff TO partner WHERE visible(id)",
        "GRANT SELECT ON lab.seen TO partner",
    ] {
        lake.run(sql).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    }
    let all = "SELECT * FROM lab.staff UNION ALL SELECT * FROM lab.seen";
    assert_eq!(lake.rows_as(&partner, all).await, "2,Bo\n2,Bo");
    for name in ["lab.visible", "visible"] {
        let own = format!("CREATE TEMPORARY FUNCTION {name}(id BIGINT) RETURNS BOOLEAN RETURN true");
        lake.run_as(&partner, &own).await.unwrap();
    }
    assert_eq!(lake.rows_as(&partner, all).await, "2,Bo\n2,Bo");
    assert_eq!(lake.rows_as(&partner, "SELECT lab.visible(7) AS mine").await, "true");
}
