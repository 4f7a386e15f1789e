//! Tables whose rows are kept elsewhere.

use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_journal::Record;
use doorstep_journal::table::{ColumnKind, ColumnSpec, LiveRows, PageFuture, Source, TableSpec, column};
use serde_json::json;

use crate::support::{Lake, session};

const NUMBERS: TableSpec = TableSpec {
    name: "numbers",
    about: "A number.",
    streams: "",
    kinds: &[],
    columns: &[
        ColumnSpec { name: "at", kind: ColumnKind::Time, from: Source::At, about: "When." },
        column("n", ColumnKind::Int, "/n", "Which."),
    ],
    time: "at",
    keep_days: None,
    clock: None,
};

/// Every tenant has the numbers below 2,500; a careless source that mixes in a stranger's row.
#[derive(Debug)]
struct Numbers;

impl LiveRows for Numbers {
    fn page<'a>(&'a self, tenant: &'a str, from: Option<String>, limit: usize) -> PageFuture<'a> {
        Box::pin(async move {
            let from: i64 = from.map_or(Ok(0), |text| text.parse()).map_err(|_| "a bad place".to_owned())?;
            let to = 2_500.min(from + limit as i64);
            let row = |tenant: &str, n: i64| Record {
                seq: 0,
                kind: String::new(),
                key: String::new(),
                at: Timestamp(n),
                payload: json!({"tenant": tenant, "n": n}).to_string().into_bytes().into(),
            };
            let mut rows: Vec<Record> = (from..to).map(|n| row(tenant, n)).collect();
            rows.push(row("stranger", 7));
            if tenant == "broken" {
                return Err("the cable is out".to_owned());
            }
            Ok((rows, (to < 2_500).then(|| to.to_string())))
        })
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_kept_elsewhere_are_read_page_by_page() {
    let dir = tempfile::tempdir().unwrap();
    let lake = Lake::open(dir.path()).await;
    lake.engine.tables().add_live(&NUMBERS, Arc::new(Numbers)).unwrap();
    assert_eq!(
        lake.rows("SELECT count(*), sum(n), min(tenant), max(tenant) FROM numbers").await,
        "2500,3123750,main,main"
    );
    assert_eq!(lake.rows("SELECT n FROM numbers WHERE n % 1000 = 1 ORDER BY n").await, "1\n1001\n2001");
    assert_eq!(lake.rows("SELECT count(*) FROM (SELECT n FROM numbers LIMIT 3)").await, "3");
    let tables = lake.engine.list(&session("main", "boss", doorstep_identity::Scope::Admin)).await.unwrap();
    let listed = tables.iter().find(|t| t.name == "numbers").unwrap();
    assert_eq!((listed.about.as_str(), listed.columns["n"].as_str()), ("A number.", "Which."));
    let broken = session("broken", "boss", doorstep_identity::Scope::Admin);
    let told = lake.run_as(&broken, "SELECT * FROM numbers").await.unwrap_err().to_string();
    assert!(told.contains("numbers") && told.contains("the cable is out"), "{told}");
    lake.stop().await;
}
