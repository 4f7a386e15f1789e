//! Who gets in, what they see, and how what they run is called off.

use std::time::{Duration, Instant};

use tokio_postgres::NoTls;

use crate::place::{Place, RUNAWAY, state};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_and_a_database_that_there_are() {
    let place = Place::with(|config| config.connections = 2).await;
    let mut wrong = place.admin.clone();
    wrong.secret = "wrong".to_owned();
    let refused = place.connect_as(&wrong, "default").await.err().unwrap();
    assert_eq!(state(&refused), "28P01");
    let refused = place.connect_as(&place.admin, "nowhere").await.err().unwrap();
    assert_eq!(state(&refused), "3D000");
    assert!(refused.as_db_error().unwrap().hint().unwrap().contains("default"));
    let first = place.connect_as(&place.admin, "").await.unwrap();
    let row = first.query_one("SELECT current_schema(), current_user", &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), ("default", place.admin.access.as_str()));
    let second = place.connect_as(&place.admin, "doorstep").await.unwrap();
    assert_eq!(second.query_one("SELECT current_database()", &[]).await.unwrap().get::<_, &str>(0), "doorstep");
    let full = place.connect_as(&place.admin, "default").await.err().unwrap();
    assert_eq!(state(&full), "53300");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tenants_see_nothing_of_each_other() {
    let place = Place::new().await;
    let ours = place.connect().await;
    ours.batch_execute("CREATE TABLE secret AS SELECT 42 AS x").await.unwrap();
    let other = place.keys.create_tenant("other").await.unwrap();
    let theirs = place.connect_as(&other, "default").await.unwrap();
    let missing = theirs.query("SELECT * FROM secret", &[]).await.unwrap_err();
    assert_eq!(state(&missing), "42P01");
    for question in [
        "SELECT relname FROM pg_class WHERE relname = 'secret'",
        "SELECT table_name FROM information_schema.tables WHERE table_name = 'secret'",
        "SELECT attname FROM pg_catalog.pg_attribute WHERE attname = 'x'",
    ] {
        assert!(theirs.query(question, &[]).await.unwrap().is_empty(), "{question}");
        assert_eq!(ours.query(question, &[]).await.unwrap().len(), 1, "{question}");
    }
    theirs.batch_execute("CREATE TABLE secret AS SELECT 7 AS x").await.unwrap();
    assert_eq!(ours.query_one("SELECT x FROM secret", &[]).await.unwrap().get::<_, i64>(0), 42);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_query_is_called_off() {
    let place = Place::new().await;
    let client = place.connect().await;
    let cancel = client.cancel_token();
    let began = Instant::now();
    let asked = async {
        while place_is_idle(&place) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        cancel.cancel_query(NoTls).await.unwrap();
    };
    let (run, ()) = tokio::join!(client.query(RUNAWAY, &[]), asked);
    assert_eq!(state(&run.unwrap_err()), "57014");
    assert!(began.elapsed() < Duration::from_secs(30));
    place.quiet().await;
    // The session goes on; a request that comes late calls nothing off, or what runs by then.
    cancel.cancel_query(NoTls).await.unwrap();
    let mut tries = 0;
    while client.query_one("SELECT 1 AS n", &[]).await.is_err() {
        tries += 1;
        assert!(tries < 3, "one request calls one statement off");
    }

    client.batch_execute("SET statement_timeout = '100ms'").await.unwrap();
    assert_eq!(state(&client.query(RUNAWAY, &[]).await.unwrap_err()), "57014");
    client.batch_execute("RESET statement_timeout").await.unwrap();

    // Who goes away takes what runs with it.
    let leaving = tokio::spawn(async move { client.query(RUNAWAY, &[]).await.map(|_| ()) });
    while place_is_idle(&place) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (going, connection) = tokio_postgres::connect(&place.url(&place.admin, "default"), NoTls).await.unwrap();
    let task = tokio::spawn(connection);
    let second = tokio::spawn(async move { going.query(RUNAWAY, &[]).await.map(|_| ()) });
    tokio::time::sleep(Duration::from_millis(300)).await;
    task.abort();
    let _ = second.await;
    cancel.cancel_query(NoTls).await.unwrap();
    assert_eq!(state(&leaving.await.unwrap().unwrap_err()), "57014");
    place.quiet().await;
}

fn place_is_idle(place: &Place) -> bool {
    use doorstep_lake::Engine as _;
    place.engine.queries().is_empty()
}
