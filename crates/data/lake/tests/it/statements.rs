//! What a user writes, and what the lake says.

use std::fs::File;
use std::path::{Path, PathBuf};

use arrow::array::AsArray as _;
use arrow::datatypes::Int64Type;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use doorstep_lake::{LakeError, Place};

use crate::support::Lake;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tables_are_made_filled_and_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    assert_eq!(lake.rows("select 1 + 1").await, "2");
    lake.run("CREATE TABLE trips (id BIGINT NOT NULL, city VARCHAR, fare DECIMAL(10,2))").await.unwrap();
    assert_eq!(lake.rows("INSERT INTO trips VALUES (1, 'porto', 7.5), (2, NULL, 3)").await, "2");
    assert_eq!(lake.rows("INSERT INTO trips (city, id) SELECT 'faro', 3").await, "1");
    assert_eq!(lake.rows("SELECT id, city, fare FROM trips ORDER BY id").await, "1,porto,7.50\n2,,3.00\n3,faro,");
    assert!(matches!(lake.run("CREATE TABLE trips (x INT)").await, Err(LakeError::Exists { .. })));
    lake.run("CREATE TABLE IF NOT EXISTS trips (x INT)").await.unwrap();

    assert_eq!(lake.rows("CREATE TABLE dear AS SELECT * FROM trips WHERE fare > 5").await, "1");
    assert_eq!(lake.rows("CREATE OR REPLACE TABLE dear AS SELECT * FROM trips").await, "3");
    assert_eq!(lake.rows("INSERT OVERWRITE dear SELECT * FROM trips WHERE id = 2").await, "1");
    assert_eq!(lake.rows("SELECT count(*) FROM dear").await, "1");

    lake.run("ALTER TABLE dear ADD COLUMN tip DOUBLE").await.unwrap();
    lake.run("INSERT INTO dear VALUES (9, 'lyon', 1, 0.5)").await.unwrap();
    assert_eq!(lake.rows("SELECT id, tip FROM dear ORDER BY id").await, "2,\n9,0.5", "old rows have no tip");
    lake.run("ALTER TABLE dear RENAME TO costly").await.unwrap();
    assert_eq!(lake.rows("SELECT count(*) FROM costly").await, "2");

    lake.run("CREATE VIEW towns (town, n) AS SELECT city, count(*) FROM trips GROUP BY city").await.unwrap();
    assert_eq!(lake.rows("SELECT town FROM towns WHERE town > 'g'").await, "porto");
    lake.run("DROP TABLE costly").await.unwrap();
    assert!(lake.run("SELECT * FROM costly").await.is_err());
    assert!(matches!(lake.run("DROP TABLE towns").await, Err(LakeError::Invalid { .. })), "it is a view");
    lake.run("DROP VIEW towns").await.unwrap();

    // Everything is still there for the next process.
    lake.stop().await;
    let lake = Lake::open(dir.path()).await;
    assert_eq!(lake.rows("SELECT count(*) FROM trips").await, "3");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_view_whose_table_is_gone_says_so_and_hides_no_other_table() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE trips AS SELECT 1 AS id, 'porto' AS city").await.unwrap();
    lake.run("CREATE VIEW towns AS SELECT city FROM trips").await.unwrap();
    lake.run("CREATE VIEW above AS SELECT upper(city) AS town FROM towns").await.unwrap();
    lake.run("CREATE TABLE other AS SELECT 2 AS n").await.unwrap();
    lake.run("DROP TABLE trips").await.unwrap();
    assert!(lake.rows("SHOW TABLES").await.contains("default,other,BASE TABLE"));
    let columns =
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'default' ORDER BY 1";
    assert_eq!(lake.rows(columns).await, "above,town\nother,n\ntowns,city");
    for (view, broken) in
        [("towns", "SELECT * FROM towns"), ("above", "SELECT * FROM above"), ("towns", "SELECT n FROM other, towns")]
    {
        let Err(LakeError::Invalid { reason, .. }) = lake.run(broken).await else { panic!("{broken}") };
        assert!(reason.starts_with(&format!("{view} cannot be read: ")) && reason.contains("trips"), "{reason}");
    }
    lake.run("CREATE TABLE trips AS SELECT 'faro' AS city").await.unwrap();
    assert_eq!(lake.rows("SELECT town FROM above").await, "FARO");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn partitions_are_folders_and_leave_files_out() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE TABLE log (url VARCHAR) PARTITIONED BY (day DATE, host VARCHAR)").await.unwrap();
    let rows = "('/a', DATE '2026-01-01', 'x/y'), ('/b', DATE '2026-01-02', 'x/y'), ('/c', DATE '2026-01-02', NULL)";
    assert_eq!(lake.rows(&format!("INSERT INTO log VALUES {rows}")).await, "3");
    assert_eq!(lake.rows("SELECT url, host FROM log WHERE day = '2026-01-02' ORDER BY url").await, "/b,x/y\n/c,");
    let all = lake.run("SELECT url FROM log").await.unwrap().statistics.bytes_planned;
    let one = lake.run("SELECT url FROM log WHERE day = DATE '2026-01-01'").await.unwrap().statistics.bytes_planned;
    assert!(one * 2 < all, "{one} of {all} bytes are looked at");
    // Overwriting touches only the partitions that are written.
    lake.run("INSERT OVERWRITE log SELECT '/d', DATE '2026-01-01', 'x/y'").await.unwrap();
    assert_eq!(lake.rows("SELECT url FROM log ORDER BY url").await, "/b\n/c\n/d");
    assert_eq!(lake.rows("CREATE TABLE copy PARTITIONED BY (day) AS SELECT day, url FROM log").await, "3");
    assert_eq!(lake.rows("SELECT * FROM copy ORDER BY url LIMIT 1").await, "/b,2026-01-02", "partitions come last");
    lake.stop().await;
}

/// All of them below a folder.
fn parquet_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { parquet_files(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "parquet"))
        .collect()
}

/// Whether the first column of a file, of whole numbers, never falls.
fn is_sorted(path: &Path) -> bool {
    let rows = ParquetRecordBatchReaderBuilder::try_new(File::open(path).unwrap()).unwrap().build().unwrap();
    let numbers: Vec<i64> =
        rows.flat_map(|rows| rows.unwrap().column(0).as_primitive::<Int64Type>().values().to_vec()).collect();
    numbers.is_sorted()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_written_at_once_is_sorted() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let shuffled = "SELECT value * 7919 % 100003 AS x, value % 2 AS p FROM generate_series(1, 100000)";
    lake.run(&format!("CREATE TABLE loose AS {shuffled}")).await.unwrap();
    lake.run(&format!("CREATE TABLE made WITH (sort_by = 'x') AS {shuffled}")).await.unwrap();
    lake.run("CREATE TABLE filled (x BIGINT) PARTITIONED BY (p BIGINT) WITH (sort_by = 'x')").await.unwrap();
    // Other names, and numbers in the form of texts, which would sort otherwise.
    lake.run(&format!("INSERT INTO filled SELECT CAST(x AS VARCHAR) AS other, p FROM ({shuffled})")).await.unwrap();
    let sum = lake.rows("SELECT count(*), sum(x) FROM loose").await;
    for table in ["made", "filled"] {
        assert_eq!(lake.rows(&format!("SELECT count(*), sum(x) FROM {table}")).await, sum, "{table}");
    }
    let sorted = parquet_files(dir.path()).iter().map(|path| is_sorted(path)).collect::<Vec<_>>();
    assert_eq!(sorted.iter().filter(|sorted| !**sorted).count(), 1, "the loose one alone of {sorted:?}");
    assert_eq!(sorted.len(), 4);
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn folders_that_others_fill_are_tables_too() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let folder = dir.path().join("lake/files/main/in/day=2026-01-01");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("a.csv"), "id;name\n1;Ann\n2;\n").unwrap();
    lake.run(
        "CREATE EXTERNAL TABLE people (id BIGINT, name VARCHAR, day DATE) STORED AS CSV PARTITIONED BY (day)
         LOCATION 'in' OPTIONS ('format.delimiter' ';', 'format.has_header' 'true')",
    )
    .await
    .unwrap();
    assert_eq!(lake.rows("SELECT * FROM people ORDER BY id").await, "1,Ann,2026-01-01\n2,,2026-01-01");
    std::fs::write(folder.join("b.csv"), "id;name\n3;Cem\n").unwrap();
    assert_eq!(lake.rows("SELECT count(*) FROM people").await, "3", "new files are seen at once");

    let json = dir.path().join("lake/files/main/json");
    std::fs::create_dir_all(&json).unwrap();
    std::fs::write(json.join("x.json"), "{\"a\":1}\n{\"a\":2,\"b\":\"t\"}\n").unwrap();
    lake.run("CREATE EXTERNAL TABLE things STORED AS JSON LOCATION 'json'").await.unwrap();
    assert_eq!(lake.rows("SELECT sum(a), max(b) FROM things").await, "3,t");
    for bad in ["/etc", "../other-tenant", "file:///etc/passwd", "s3://bucket/key", "a/../../b"] {
        let made = lake.run(&format!("CREATE EXTERNAL TABLE bad (a INT) STORED AS CSV LOCATION '{bad}'")).await;
        assert!(matches!(made, Err(LakeError::Invalid { ref field, .. }) if field == "LOCATION"), "{bad}: {made:?}");
    }
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_are_pointed_at() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let wrong = lake.run("SELECT 1\nFORM x y").await.unwrap_err();
    assert_eq!(wrong.place().map(|p| p.line), Some(2), "{wrong}");
    let wrong = lake.run("SELECT place,\n  numbr FROM events").await.unwrap_err();
    assert_eq!(wrong.place(), Some(Place { line: 2, column: 3 }), "{wrong}");
    let wrong = lake.run("SELECT * FROM evnts").await.unwrap_err();
    assert!(matches!(&wrong, LakeError::Sql { fix: Some(fix), .. } if fix == "did you mean events?"), "{wrong:?}");
    assert!(matches!(lake.run("USE defalt").await, Err(LakeError::Unknown { near: Some(n), .. }) if n == "default"));
    assert_eq!(lake.rows(&format!("SELECT 1{}", " + 1".repeat(500))).await, "501");
    let endless = format!("SELECT 1{}", " + 1".repeat(100_000));
    assert_eq!(lake.run(&endless).await.unwrap_err().code(), "sql", "and nobody's stack has ended");
    for (sql, code) in [
        ("SET datafusion.sql_parser.recursion_limit = 1000000", "invalid"),
        ("SET datafusion.execution.batch_size = 100000000000", "invalid"),
        ("", "sql"),
        ("SELECT 1; SELECT 2", "unsupported"),
        ("COPY (SELECT 1) TO '/tmp/x.csv'", "unsupported"),
        ("SELECT * FROM '/etc/passwd'", "sql"),
        ("SET datafusion.execution.target_partitions = 64", "invalid"),
        ("DELETE FROM events", "invalid"),
        ("INSERT INTO doorstep.events SELECT * FROM events", "invalid"),
        ("DROP TABLE doorstep.events", "invalid"),
        ("CREATE TABLE nowhere.t (a INT)", "unknown"),
        ("SELECT 1 / 0", "execution"),
    ] {
        let error = lake.run(sql).await.expect_err(sql);
        assert_eq!(error.code(), code, "{sql}: {error}");
    }
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn databases_hold_tables_apart() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    let session = crate::support::session("main", "boss", doorstep_identity::Scope::Operator);
    lake.run_as(&session, "CREATE DATABASE lab").await.unwrap();
    lake.run_as(&session, "USE lab").await.unwrap();
    lake.run_as(&session, "CREATE TABLE t AS SELECT 1 AS x").await.unwrap();
    assert_eq!(lake.rows_as(&session, "SELECT x FROM t").await, "1");
    assert_eq!(lake.rows("SELECT x FROM lab.t").await, "1");
    assert!(lake.run("SELECT x FROM t").await.is_err(), "another session is in `default`");
    assert_eq!(lake.rows("SHOW DATABASES").await, "default\nlab\ndoorstep");
    assert!(lake.run_as(&session, "DROP DATABASE lab").await.is_err(), "it is not empty");
    lake.run_as(&session, "DROP DATABASE lab CASCADE").await.unwrap();
    assert_eq!(session.database(), "default");
    lake.run_as(&session, "SET datafusion.execution.batch_size = 100").await.unwrap();
    assert_eq!(session.setting("datafusion.execution.batch_size").as_deref(), Some("100"));
    lake.stop().await;
}

/// Marks of jobs and what is not finished are no rows of a folder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hidden_files_of_a_folder_are_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.run("CREATE EXTERNAL TABLE seen (n BIGINT) STORED AS PARQUET LOCATION 'seen'").await.unwrap();
    lake.run("INSERT INTO seen VALUES (1), (2)").await.unwrap();
    lake.run("CREATE EXTERNAL TABLE days (n BIGINT) STORED AS PARQUET PARTITIONED BY (day) LOCATION 'days'")
        .await
        .unwrap();
    lake.run("INSERT INTO days VALUES (3, 'mon'), (4, '_tue')").await.unwrap();
    let files = dir.path().join("lake/files/main");
    for name in ["_SUCCESS", ".part-0.crc", "_0197.parquet.tmp"] {
        for folder in ["seen", "days/day=mon", "days"] {
            std::fs::write(files.join(folder).join(name), "no Parquet").unwrap();
        }
    }
    assert_eq!(lake.rows("SELECT sum(n) FROM seen").await, "3");
    assert_eq!(lake.rows("SELECT n, day FROM days ORDER BY n").await, "3,mon\n4,_tue");
    // While rows are written the folder can be read.
    let writes = async {
        for _ in 0..5 {
            lake.run("INSERT INTO seen SELECT value FROM generate_series(1, 200000)").await.unwrap();
        }
    };
    let reads = async {
        for _ in 0..20 {
            lake.run("SELECT count(*) FROM seen").await.unwrap();
        }
    };
    tokio::join!(writes, reads);
    assert_eq!(lake.rows("SELECT count(*) FROM seen").await, "1000002");
    lake.stop().await;
}
