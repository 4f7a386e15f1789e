//! Tables of one session, over two connections.

use crate::place::Place;
use crate::wire::Client;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_temporary_table_is_its_sessions_alone() {
    let place = Place::new().await;
    let (at, _stop) = place.serve().await;
    let mut one = Client::open(at, &place.admin).await;
    let mut other = Client::open(at, &place.admin).await;
    other.rows("create table src as select 1 as k, 'a' as v").await.unwrap();

    for made in [
        "create temporary table src (k int comment 'which', v varchar(3)) partitioned by (d string) stored as orc",
        "insert into src partition (d) values (7, 'abcdef', 'x'), (8, 'b', 'y')",
        "create temporary table picked as select k, v from src where d = 'y'",
        "create temporary table if not exists picked (x int)",
        "create temporary table alike like src",
        "insert overwrite table picked select k + 1, v from src",
    ] {
        one.rows(made).await.unwrap_or_else(|error| panic!("{made}: {error}"));
    }
    assert_eq!(one.rows("select k, v, d from src order by k").await.unwrap(), ["7\tabc\tx", "8\tb\ty"]);
    assert_eq!(one.rows("select k from picked order by k").await.unwrap(), ["8", "9"]);
    assert_eq!(one.rows("show tables").await.unwrap(), ["alike", "picked", "src"]);
    assert_eq!(one.rows("show partitions src").await.unwrap(), ["d=x", "d=y"]);
    let told = one.rows("show create table src").await.unwrap().join("\n");
    assert!(told.starts_with("CREATE TEMPORARY TABLE `default`.`src`"), "{told}");
    let told = one.rows("describe formatted picked").await.unwrap().join("\n");
    assert!(told.contains("Table:\tpicked"), "{told}");
    assert_eq!(other.rows("show tables").await.unwrap(), ["src"]);
    assert_eq!(other.rows("select k from src").await.unwrap(), ["1"]);
    assert!(other.rows("select * from picked").await.is_err());

    for (text, word) in [
        ("create temporary table picked (x int)", "picked"),
        ("create temporary external table e (x int) location 'e'", "CREATE TEMPORARY EXTERNAL TABLE"),
        ("create temporary table e (x int) location 'e'", "LOCATION"),
        ("alter table picked rename to kept", "RENAME"),
        ("create view v as select * from picked", "a view of the temporary table picked"),
    ] {
        let error = one.rows(text).await.unwrap_err();
        assert!(error.contains(word), "{text}: {error}");
    }
    one.rows("drop table src").await.unwrap();
    assert_eq!(one.rows("select k from src").await.unwrap(), ["1"], "the table that it covered");

    drop(one);
    let left = async || {
        let all = place.engine.catalog().holdings("main").await.unwrap();
        all.databases["default"].tables.len()
    };
    for _ in 0..500 {
        if left().await == 1 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(left().await, 1, "a connection that ends takes its session's tables along");
}
