//! Rows in pieces, and transactions that are none.

use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};

use crate::place::{Place, state};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_come_in_pieces() {
    let place = Place::new().await;
    let mut client = place.connect().await;
    let all = "SELECT value FROM generate_series(1, 50000)";
    let none: [&(dyn tokio_postgres::types::ToSql + Sync); 0] = [];
    let rows = client.query_raw(all, none).await.unwrap();
    let sum = rows.map(|row| row.map(|row| row.get::<_, i64>(0))).try_fold(0, |sum, n| async move { Ok(sum + n) });
    assert_eq!(sum.await.unwrap(), 1_250_025_000);

    let transaction = client.transaction().await.unwrap();
    let portal = transaction.bind(all, &[]).await.unwrap();
    let (mut seen, mut pieces) = (0, 0);
    loop {
        let piece = transaction.query_portal(&portal, 20_000).await.unwrap();
        if piece.is_empty() {
            break;
        }
        (seen, pieces) = (seen + piece.len(), pieces + 1);
    }
    assert_eq!((seen, pieces), (50_000, 3));
    transaction.batch_execute("DECLARE c NO SCROLL CURSOR FOR SELECT value FROM generate_series(1, 10)").await.unwrap();
    assert_eq!(transaction.query("FETCH FORWARD 4 FROM c", &[]).await.unwrap().len(), 4);
    transaction.batch_execute("MOVE 2 FROM c").await.unwrap();
    let rest = transaction.query("FETCH ALL FROM c", &[]).await.unwrap();
    assert_eq!(rest.iter().map(|row| row.get::<_, i64>(0)).collect::<Vec<_>>(), [7, 8, 9, 10]);
    transaction.commit().await.unwrap();
    assert_eq!(state(&client.simple_query("FETCH c").await.unwrap_err()), "34000", "it went with the transaction");
    place.quiet().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_nobody_fetches_are_given_up() {
    let place = Place::with(|config| config.portal_idle = Duration::from_millis(200)).await;
    let client = place.connect().await;
    let all = "SELECT a.value FROM generate_series(1, 1000000) a";
    client.batch_execute(&format!("BEGIN; DECLARE c CURSOR WITH HOLD FOR {all}; FETCH 1 FROM c")).await.unwrap();
    place.quiet().await;
    assert_eq!(state(&client.simple_query("FETCH 1 FROM c").await.unwrap_err()), "57P05");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_is_answered_and_undoes_nothing() {
    let place = Place::new().await;
    let (client, mut connection) = {
        let url = place.url(&place.admin, "default");
        tokio_postgres::connect(&url, tokio_postgres::NoTls).await.unwrap()
    };
    let (told, mut notices) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut messages = futures::stream::poll_fn(move |context| connection.poll_message(context));
        while let Some(Ok(message)) = messages.next().await {
            if let tokio_postgres::AsyncMessage::Notice(notice) = message {
                let _ = told.send(notice.message().to_owned());
            }
        }
    });
    client.batch_execute("BEGIN; CREATE TABLE t AS SELECT 1 AS x; ROLLBACK").await.unwrap();
    assert!(notices.recv().await.unwrap().contains("stays written"));
    assert_eq!(client.query("SELECT x FROM t", &[]).await.unwrap().len(), 1);
    client.batch_execute("BEGIN").await.unwrap();
    assert!(client.batch_execute("SELECT nothing").await.is_err());
    assert_eq!(state(&client.batch_execute("SELECT 1").await.unwrap_err()), "25P02");
    client.batch_execute("ROLLBACK").await.unwrap();
    client.batch_execute("SELECT 1").await.unwrap();
}
