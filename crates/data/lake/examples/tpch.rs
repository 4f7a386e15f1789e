//! TPC-H on the lake and on plain DataFusion in one program, for `bench/lake/run.sh`.
//!
//! `tpch DATA QUERIES ROUNDS`: `DATA` has one folder per table with Parquet files, `QUERIES` the statements. A JSON
//! line for each query: its times on the lake, on plain DataFusion over the same data as it came, and on DataFusion with
//! the lake's rules over the lake's own files, which leaves out only the catalogue, grants, bounds and metering; and the
//! rows of its first answer as CSV.
#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]

use std::path::Path;
use std::sync::Arc;

use datafusion::catalog::MemoryCatalogProviderList;
use datafusion::execution::SessionStateBuilder;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use doorstep_clock::{SharedClock, SystemClock, monotonic};
use doorstep_identity::{KeyId, Principal, Scope, TenantId};
use doorstep_lake::encode::{Encoder, Form};
use doorstep_lake::{
    Batch, Catalog, Columns, Engine as _, EngineOptions, Limits, LocalEngine, Session, Statement, Tables,
};
use doorstep_store::Store;
use serde_json::json;

/// Tables, and the column by which each lies sorted in the lake.
const TABLES: [(&str, &str); 8] = [
    ("region", "r_regionkey"),
    ("nation", "n_nationkey"),
    ("supplier", "s_suppkey"),
    ("customer", "c_custkey"),
    ("part", "p_partkey"),
    ("partsupp", "ps_partkey"),
    ("orders", "o_orderdate"),
    ("lineitem", "l_shipdate"),
];

#[tokio::main]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, data, queries, rounds] = args.as_slice() else { panic!("tpch DATA QUERIES ROUNDS") };
    let (data, rounds): (&Path, usize) = (Path::new(data), rounds.parse().unwrap());
    let queries = statements(&std::fs::read_to_string(queries).unwrap());
    let cores = std::env::var("CORES").map_or(2, |n| n.parse().unwrap());

    let dir = data.join("lake");
    let fresh = !dir.join("store.db").exists();
    let lake = open(&dir, cores).await;
    let session = Session::new(Principal {
        tenant: TenantId::new("main"),
        key: KeyId::new("bench"),
        name: "bench".to_owned(),
        scopes: [Scope::Admin].into_iter().collect(),
    });
    if fresh {
        let began = monotonic();
        for (table, by) in TABLES {
            load(&lake, &session, data, table, by).await;
        }
        println!("{}", json!({"load_s": began.elapsed().as_secs_f64()}));
    }
    let plain = SessionContext::new_with_config(
        SessionConfig::new().with_target_partitions(cores).with_collect_statistics(true),
    );
    for (table, _) in TABLES {
        let folder = std::fs::canonicalize(data.join(table)).unwrap().display().to_string();
        let options = ParquetReadOptions::default();
        plain.register_parquet(table, &folder, options).await.unwrap();
    }

    let bare = bare(&lake, &session, &dir).await;

    for (ix, sql) in queries.iter().enumerate() {
        let (mut ours, mut theirs, mut same, mut answer) = (Vec::new(), Vec::new(), Vec::new(), String::new());
        for round in 0..rounds {
            let began = monotonic();
            let (schema, rows) = ask(&lake, &session, sql).await;
            ours.push(began.elapsed().as_secs_f64() * 1e3);
            if round == 0 {
                answer = csv(&schema, &rows);
            }
            theirs.push(timed(&plain, sql).await);
            same.push(timed(&bare, sql).await);
        }
        let times = json!({"query": ix + 1, "lake_ms": ours, "datafusion_ms": theirs, "bare_ms": same, "rows": answer});
        println!("{times}");
    }
}

async fn timed(on: &SessionContext, sql: &str) -> f64 {
    let began = monotonic();
    on.sql(sql).await.unwrap().collect().await.unwrap();
    began.elapsed().as_secs_f64() * 1e3
}

/// DataFusion with the lake's rules and settings over the lake's own files, and nothing else of the lake.
async fn bare(lake: &LocalEngine, session: &Session, dir: &Path) -> SessionContext {
    let state = lake.context(session).await.unwrap().state;
    let config = state.config().clone().with_default_catalog_and_schema("datafusion", "public");
    let state = SessionStateBuilder::new_from_existing(state)
        .with_config(config.with_create_default_catalog_and_schema(true))
        .with_catalog_list(Arc::new(MemoryCatalogProviderList::new()))
        .with_runtime_env(Arc::default())
        .build();
    let bare = SessionContext::new_with_state(state);
    let holdings = lake.catalog().holdings(session.tenant()).await.unwrap();
    for (table, _) in TABLES {
        let id = &holdings.table("default", table).unwrap().id;
        let files = lake.catalog().files(session.tenant(), id).await.unwrap();
        let folder =
            std::fs::canonicalize(dir.join("files").join(&files[0].path)).unwrap().parent().unwrap().to_owned();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), files.len(), "{table} has files of the past");
        let options = ParquetReadOptions::default();
        bare.register_parquet(table, folder.display().to_string(), options).await.unwrap();
    }
    bare
}

async fn open(dir: &Path, cores: usize) -> LocalEngine {
    std::fs::create_dir_all(dir).unwrap();
    let clock: SharedClock = Arc::new(SystemClock);
    let store =
        Store::open(&format!("sqlite://{}", dir.join("store.db").display()), doorstep_lake::MIGRATIONS).unwrap();
    let tables = Arc::new(Tables::none(&dir.join("files")).unwrap());
    let mut options = EngineOptions::new(dir.join("spill"), cores);
    options.memory_bytes = std::env::var("MEMORY_MIB").map_or(4 << 10, |n| n.parse::<usize>().unwrap()) << 20;
    LocalEngine::new(Catalog::new(store, Arc::clone(&clock)), tables, clock, options).unwrap()
}

/// Takes a table in, as a user would: an external table over the files, then a table of the lake's own.
async fn load(lake: &LocalEngine, session: &Session, data: &Path, table: &str, by: &str) {
    let folder = data.join("lake/files/files/main").join(table);
    std::fs::create_dir_all(&folder).unwrap();
    for entry in std::fs::read_dir(data.join(table)).unwrap() {
        let file = entry.unwrap();
        std::fs::hard_link(file.path(), folder.join(file.file_name())).unwrap();
    }
    let outside = format!("CREATE EXTERNAL TABLE {table}_raw STORED AS PARQUET LOCATION '{table}'");
    ask(lake, session, &outside).await;
    let taken = format!("CREATE TABLE {table} WITH (sort_by = '{by}') AS SELECT * FROM {table}_raw ORDER BY {by}");
    ask(lake, session, &taken).await;
}

async fn ask(lake: &LocalEngine, session: &Session, sql: &str) -> (Columns, Vec<Batch>) {
    let running = lake.execute(session, Statement::Sql(sql.to_owned()), Limits::default()).await;
    let running = running.unwrap_or_else(|e| panic!("{sql}: {e}"));
    let outcome = running.collect(10_000_000).await.unwrap_or_else(|e| panic!("{sql}: {e}"));
    (outcome.schema, outcome.batches)
}

fn csv(schema: &Columns, rows: &[Batch]) -> String {
    let mut encoder = Encoder::new(Form::Csv, Arc::clone(schema));
    let mut text = Vec::new();
    for batch in rows {
        text.extend_from_slice(&encoder.rows(batch).unwrap());
    }
    text.extend_from_slice(&encoder.finish().unwrap());
    String::from_utf8(text).unwrap()
}

/// Statements end with a semicolon; lines of comment are no part of them.
fn statements(text: &str) -> Vec<String> {
    let bare: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("--")).collect();
    bare.join("\n").split(';').map(|s| s.trim().to_owned()).filter(|s| !s.is_empty()).collect()
}
