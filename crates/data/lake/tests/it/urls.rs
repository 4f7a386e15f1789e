//! Tables over somebody else's addresses.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use doorstep_lake::{IngestOptions, LakeError};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::support::Lake;

/// A server with one file, which can be changed; it counts how often it has sent it.
#[derive(Clone)]
struct Server {
    at: String,
    file: Arc<Mutex<(u32, String)>>,
    sent: Arc<AtomicUsize>,
}

impl Server {
    async fn start(text: &str) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap().to_string();
        let this = Self { at, file: Arc::new(Mutex::new((1, text.to_owned()))), sent: Arc::default() };
        let server = this.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let server = server.clone();
                tokio::spawn(async move {
                    let mut asked = vec![0; 4096];
                    let n = stream.read(&mut asked).await.unwrap_or(0);
                    let answer = server.answer(&String::from_utf8_lossy(&asked[..n]).to_lowercase());
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        this
    }

    fn answer(&self, asked: &str) -> String {
        let (version, text) = self.file.lock().clone();
        if asked.starts_with("get /away") {
            return "HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\nconnection: close\r\n\r\n"
                .to_owned();
        }
        let tag = format!("\"v{version}\"");
        if asked.contains(&format!("if-none-match: {tag}")) {
            return "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n".to_owned();
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        let length = text.len();
        format!("HTTP/1.1 200 OK\r\netag: {tag}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{text}")
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_on_the_web_is_a_table() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start("id,city\n1,porto\n2,faro\n").await;
    let allowed = server.at.clone();
    let lake = Lake::with(dir.path(), IngestOptions::default(), |o| {
        o.fetch.private = vec![allowed];
        o.fetch.bytes = 1000;
    })
    .await;
    let made = format!("CREATE EXTERNAL TABLE towns STORED AS CSV LOCATION 'http://{}/towns.csv'", server.at);
    lake.run(&made).await.unwrap();
    assert_eq!(lake.rows("SELECT id + 1, city FROM towns ORDER BY id").await, "2,porto\n3,faro");
    assert_eq!(lake.rows("SELECT count(*) FROM towns a JOIN towns b USING (id)").await, "2");
    assert_eq!(server.sent.load(Ordering::Relaxed), 1, "fetched once");

    // What is known is asked for changes once it is no longer fresh.
    let stale = || {
        let walk = std::fs::read_dir(dir.path().join("lake/urls/main")).unwrap().flatten().next().unwrap().path();
        let about = walk.join("about.json");
        let mut known: serde_json::Value = serde_json::from_slice(&std::fs::read(&about).unwrap()).unwrap();
        known["looked_at"] = 0.into();
        std::fs::write(about, known.to_string()).unwrap();
    };
    stale();
    assert_eq!(lake.rows("SELECT count(*) FROM towns").await, "2");
    assert_eq!(server.sent.load(Ordering::Relaxed), 1, "it has not changed");
    *server.file.lock() = (2, "id,city\n7,lyon\n".to_owned());
    stale();
    assert_eq!(lake.rows("SELECT id, city FROM towns").await, "7,lyon");
    *server.file.lock() = (3, "x".repeat(2000));
    stale();
    let error = lake.run("SELECT * FROM towns").await.unwrap_err().to_string();
    assert!(error.contains("larger than 1000 bytes"), "{error}");
    lake.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_own_network_is_no_table() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start("id\n1\n").await;
    let allowed = server.at.clone();
    let lake = Lake::with(dir.path(), IngestOptions::default(), |o| o.fetch.private = vec![allowed]).await;
    for inside in ["http://127.0.0.1:1/x", "http://[::1]/x", "http://169.254.169.254/latest", "http://localhost:1/x"] {
        let sql = format!("CREATE EXTERNAL TABLE t (id INT) STORED AS CSV LOCATION '{inside}'");
        let made = lake.run(&sql).await;
        let refused = if made.is_ok() { lake.run("SELECT * FROM t").await } else { made };
        assert!(matches!(refused, Err(LakeError::Invalid { .. })), "{inside}: {refused:?}");
        let _ = lake.run("DROP TABLE IF EXISTS t").await;
    }
    let away = format!("CREATE EXTERNAL TABLE away STORED AS CSV LOCATION 'http://{}/away'", server.at);
    let error = lake.run(&away).await.unwrap_err().to_string();
    assert!(error.contains("not a public address"), "{error}");
    let parts = format!(
        "CREATE EXTERNAL TABLE p (id INT, d INT) STORED AS CSV PARTITIONED BY (d) LOCATION 'http://{}/x'",
        server.at
    );
    assert!(lake.run(&parts).await.unwrap_err().to_string().contains("PARTITIONED BY"));
    lake.run(&format!("CREATE EXTERNAL TABLE t (id INT) STORED AS PARQUET LOCATION 'http://{}/x'", server.at))
        .await
        .unwrap();
    assert!(lake.run("INSERT INTO t VALUES (1)").await.is_err());
    lake.stop().await;
}
