//! A Flight SQL client sees the same rows, if its key is good.

use std::sync::Arc;

use arrow::array::{AsArray as _, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
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
    let client_channel = channel.clone();

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
    // Placeholders take a row of values; what writes takes several.
    let row = |values: Vec<i64>, names: Vec<Option<&str>>| {
        let columns: Vec<arrow::array::ArrayRef> =
            vec![Arc::new(Int64Array::from(values)), Arc::new(StringArray::from(names))];
        let fields = vec![Field::new("$1", DataType::Int64, true), Field::new("$2", DataType::Utf8, true)];
        RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).unwrap()
    };
    lake.run("CREATE TABLE p (x BIGINT, y VARCHAR)").await.unwrap();
    let mut insert = client.prepare("INSERT INTO p VALUES ($1, $2)".to_owned(), None).await.unwrap();
    assert_eq!(insert.parameter_schema().unwrap().fields().len(), 2);
    insert.set_parameters(row(vec![2, 3], vec![Some("it's"), None])).unwrap();
    assert_eq!(insert.execute_update().await.unwrap(), 2);
    let asked = "SELECT x FROM p WHERE x = $1 AND y IS NOT DISTINCT FROM $2";
    let mut select = client.prepare(asked.to_owned(), None).await.unwrap();
    for (values, found) in
        [(row(vec![2], vec![Some("it's")]), 1), (row(vec![3], vec![None]), 1), (row(vec![3], vec![Some("z")]), 0)]
    {
        select.set_parameters(values).unwrap();
        let info = select.execute().await.unwrap();
        assert_eq!(count(&mut client, info).await, found);
    }
    let mut change = client.prepare("UPDATE p SET y = $2 WHERE x = $1".to_owned(), None).await.unwrap();
    change.set_parameters(row(vec![3], vec![Some("three")])).unwrap();
    assert_eq!(change.execute_update().await.unwrap(), 1);
    assert_eq!(lake.rows("SELECT y FROM p ORDER BY x").await, "it's\nthree");
    drop((insert, select, change));

    // Another tenant sees nothing of it, by no call.
    let other = lake.keys.create_tenant("night-cabs").await.unwrap();
    let mut theirs = FlightSqlServiceClient::new(client_channel.clone());
    theirs.handshake(other.access.as_str(), &other.secret).await.unwrap();
    for sql in ["SELECT * FROM t", "SELECT * FROM lake.\"default\".t"] {
        assert!(theirs.execute(sql.to_owned(), None).await.is_err(), "{sql}");
        assert!(theirs.prepare(sql.to_owned(), None).await.is_err(), "{sql}");
    }
    for sql in ["DELETE FROM t", "DROP TABLE t", "INSERT INTO t VALUES (9, 'x')"] {
        assert!(theirs.execute_update(sql.to_owned(), None).await.is_err(), "{sql}");
    }
    let info = theirs.get_tables(CommandGetTables::default()).await.unwrap();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    let batches: Vec<RecordBatch> = theirs.do_get(ticket).await.unwrap().try_collect().await.unwrap();
    for batch in &batches {
        let names = batch.column_by_name("table_name").unwrap().as_string::<i32>();
        assert!(names.iter().all(|name| name != Some("t")));
    }
    // A handle of ours in their hands is a statement of theirs.
    let ours = client.execute("SELECT count(*) FROM t".to_owned(), None).await.unwrap();
    assert!(theirs.do_get(ours.endpoint[0].ticket.clone().unwrap()).await.is_err());
    drop(theirs);

    let wrong = client.execute("SELECT nothing FROM t".to_owned(), None).await.unwrap_err().to_string();
    assert!(wrong.contains("nothing"), "{wrong}");
    drop((client, prepared, client_channel));
    stop.send(()).unwrap();
    server.await.unwrap().unwrap();
    lake.stop().await;
}
