//! Values of all types go out in both formats and come in as parameters; errors say where and what.

use tokio_postgres::SimpleQueryMessage;
use tokio_postgres::types::Type;

use crate::place::{Place, state};

const KINDS: &str = "SELECT true AS yes, 7::SMALLINT AS i2, -8::INT AS i4, 9000000000::BIGINT AS i8, 1.5::REAL AS f4, \
    0.1::DOUBLE AS f8, 'ü''x' AS text, -1234.5600::DECIMAL(38, 4) AS number, DATE '1969-12-31' AS day, \
    TIMESTAMP '2026-01-31 23:59:59.5' AS at, X'00ff' AS bytes, ['a b', NULL, ''] AS list, [1, 2] AS numbers, \
    INTERVAL '1 month 2 days 3 seconds' AS span, {'a': 1} AS struct, CAST(NULL AS BIGINT) AS nothing";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_written_in_both_formats() {
    let place = Place::new().await;
    let client = place.connect().await;
    let texts = client.simple_query(KINDS).await.unwrap();
    let row = texts.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    });
    let row = row.unwrap();
    let shown: Vec<Option<&str>> = (0..row.len()).map(|n| row.get(n)).collect();
    let expected = [
        "t",
        "7",
        "-8",
        "9000000000",
        "1.5",
        "0.1",
        "ü'x",
        "-1234.5600",
        "1969-12-31",
        "2026-01-31 23:59:59.5",
        "\\x00ff",
        r#"{"a b",NULL,""}"#,
        "{1,2}",
        "1 mon 2 days 00:00:03",
        r#"{"a":1}"#,
    ];
    assert_eq!(shown[..15], expected.map(Some));
    assert_eq!(shown[15], None);

    let row = client.query_one(KINDS, &[]).await.unwrap();
    let types: Vec<&Type> = row.columns().iter().map(|column| column.type_()).collect();
    let expected = [
        Type::BOOL,
        Type::INT2,
        Type::INT4,
        Type::INT8,
        Type::FLOAT4,
        Type::FLOAT8,
        Type::TEXT,
        Type::NUMERIC,
        Type::DATE,
        Type::TIMESTAMP,
        Type::BYTEA,
        Type::TEXT_ARRAY,
        Type::INT8_ARRAY,
        Type::INTERVAL,
        Type::JSON,
        Type::INT8,
    ];
    assert_eq!(types, expected.iter().collect::<Vec<_>>());
    assert_eq!((row.get::<_, bool>(0), row.get::<_, i16>(1), row.get::<_, i32>(2)), (true, 7, -8));
    assert_eq!((row.get::<_, i64>(3), row.get::<_, f32>(4), row.get::<_, f64>(5)), (9_000_000_000, 1.5, 0.1));
    assert_eq!((row.get::<_, &str>(6), row.get::<_, &[u8]>(10)), ("ü'x", &[0, 255][..]));
    assert_eq!(row.get::<_, Vec<Option<&str>>>(11), [Some("a b"), None, Some("")]);
    assert_eq!(row.get::<_, Vec<i64>>(12), [1, 2]);
    let at: std::time::SystemTime = row.get(9);
    let since = at.duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    assert_eq!((since, row.get::<_, Option<i64>>(15)), (1_769_903_999_500, None));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn parameters_are_values_of_their_types() {
    let place = Place::new().await;
    let client = place.connect().await;
    client.batch_execute("CREATE TABLE t (id BIGINT, name VARCHAR, at TIMESTAMP, part DOUBLE)").await.unwrap();
    let at = std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_500);
    let insert = "INSERT INTO t VALUES ($1, $2, $3, $4)";
    for (id, name) in [(1_i64, "it's"), (2, "'; DROP TABLE t; --")] {
        assert_eq!(client.execute(insert, &[&id, &name, &at, &0.5]).await.unwrap(), 1);
    }
    let found = "SELECT id, at, part FROM t WHERE name = $1 AND id >= $2";
    let row = client.query_one(found, &[&"'; DROP TABLE t; --", &1_i64]).await.unwrap();
    assert_eq!((row.get::<_, i64>(0), row.get::<_, std::time::SystemTime>(1), row.get::<_, f64>(2)), (2, at, 0.5));
    assert!(client.query(found, &[&None::<&str>, &1_i64]).await.unwrap().is_empty());
    let list = client.query("SELECT id FROM t WHERE id IN ($1, $2) ORDER BY id LIMIT $3", &[&1_i64, &2_i64, &1_i64]);
    assert_eq!(list.await.unwrap().len(), 1);
    let typed = client.prepare_typed("SELECT $1 AS x, $1 + 1 AS y", &[Type::INT4]).await.unwrap();
    let row = client.query_one(&typed, &[&5_i32]).await.unwrap();
    assert_eq!((row.get::<_, i32>(0), typed.columns()[0].type_()), (5, &Type::INT4));
    let array =
        client.prepare_typed("SELECT CAST(array_length($1) AS BIGINT) AS n", &[Type::TEXT_ARRAY]).await.unwrap();
    let row = client.query_one(&array, &[&vec!["a", "b,\"c"]]).await.unwrap();
    assert_eq!(row.get::<_, Option<i64>>(0), Some(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_say_what_and_where() {
    let place = Place::new().await;
    let client = place.connect().await;
    client.batch_execute("CREATE TABLE rides AS SELECT 1 AS n").await.unwrap();
    for (statement, expected) in [
        ("SELEC 1", "42601"),
        ("SELECT 'open", "42601"),
        ("SELECT * FROM rydes", "42P01"),
        ("SELECT m FROM rides", "42703"),
        ("SELECT no_such(1)", "42883"),
        ("CREATE TABLE rides (n INT)", "42P07"),
        ("SELECT 1 / (n - 1) FROM rides", "22012"),
        ("COPY rides TO STDOUT", "0A000"),
        ("SET no_such_setting = 1", "42704"),
        ("FETCH 1 FROM nothing", "34000"),
    ] {
        let error = client.simple_query(statement).await.unwrap_err();
        assert_eq!(state(&error), expected, "{statement}: {error:?}");
    }
    let error = client.simple_query("SELECT 1;\n SELECT 'ü', m FROM rides").await.unwrap_err();
    let error = error.as_db_error().unwrap();
    assert_eq!(error.position(), Some(&tokio_postgres::error::ErrorPosition::Original(24)), "{error:?}");
    let error = client.simple_query("SELECT * FROM rydes").await.unwrap_err();
    assert_eq!(error.as_db_error().unwrap().hint(), Some("did you mean rides?"));
    // What stands before a mistake is done, what stands behind it is not.
    assert!(
        client
            .batch_execute("CREATE TABLE a AS SELECT 1 AS x; SELECT nothing; CREATE TABLE b AS SELECT 1 AS x")
            .await
            .is_err()
    );
    assert_eq!(client.query("SELECT x FROM a", &[]).await.unwrap().len(), 1);
    assert!(client.query("SELECT x FROM b", &[]).await.is_err());
}
