//! A Flight SQL client sees the same rows, if its key is good.

use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::sql::{CommandGetDbSchemas, CommandGetTables};
use doorstep_lake::flight::FlightSql;
use futures::TryStreamExt as _;
use tokio::net::TcpListener;
use tonic::transport::Channel;

use crate::support::Lake;

async fn count(client: &mut FlightSqlServiceClient<Channel>, info: arrow_flight::FlightInfo) -> usize {
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let batches: Vec<_> = client.do_get(ticket).await.unwrap().try_collect().await.unwrap();
    batches.iter().map(|b| b.num_rows()).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_driver_connects_asks_and_writes() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let key = lake.keys.ensure_admin().await.unwrap().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let face = FlightSql::new(lake.engine.clone(), lake.keys.clone()).unwrap();
    let server = tokio::spawn(face.serve(listener, async move {
        let _ = stopped.await;
    }));
    let channel = Channel::from_shared(at).unwrap().connect().await.unwrap();

    let mut stranger = FlightSqlServiceClient::new(channel.clone());
    assert!(stranger.execute("SELECT 1".to_owned(), None).await.is_err(), "no key, no rows");
    assert!(stranger.handshake(key.access.as_str(), "wrong").await.is_err());

    let mut client = FlightSqlServiceClient::new(channel);
    client.handshake(key.access.as_str(), &key.secret).await.unwrap();
    let info = client.execute("SELECT value FROM generate_series(1, 20000)".to_owned(), None).await.unwrap();
    assert_eq!(count(&mut client, info).await, 20_000);
    assert_eq!(client.execute_update("CREATE TABLE t AS SELECT 1 AS x, 'y' AS y".to_owned(), None).await.unwrap(), 1);
    let mut prepared = client.prepare("SELECT x, y FROM t".to_owned(), None).await.unwrap();
    assert_eq!(prepared.dataset_schema().unwrap().fields().len(), 2);
    let info = prepared.execute().await.unwrap();
    assert_eq!(count(&mut client, info).await, 1);
    let info =
        client.get_tables(CommandGetTables { include_schema: true, ..CommandGetTables::default() }).await.unwrap();
    assert!(count(&mut client, info).await >= 3, "t, events, busy");
    let info = client.get_db_schemas(CommandGetDbSchemas::default()).await.unwrap();
    assert_eq!(count(&mut client, info).await, 2);
    let wrong = client.execute("SELECT nothing FROM t".to_owned(), None).await.unwrap_err().to_string();
    assert!(wrong.contains("nothing"), "{wrong}");
    drop((client, prepared));
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    lake.stop().await;
}
