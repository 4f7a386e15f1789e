//! How fast the journal becomes rows, and how soon an event is in an answer, for `bench/lake/run.sh`.
//!
//! `ingest EVENTS RATE`: first `EVENTS` at once, for events a CPU second; then `RATE` a second for ten seconds while
//! queries run, for the time from an event's append to the first answer that has it. Prints JSON lines.
#![allow(clippy::unwrap_used, reason = "a measurement fails by panicking")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it prints what it measured")]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::{Clock as _, SharedClock, SystemClock, monotonic};
use doorstep_identity::{KeyId, Principal, Scope, TenantId};
use doorstep_journal::table::{ColumnKind, ColumnSpec, Source, TableSpec, column};
use doorstep_journal::{Journal, NewRecord, Options};
use doorstep_lake::encode::{Encoder, Form};
use doorstep_lake::{
    CareOptions, Catalog, Engine as _, EngineOptions, IngestOptions, Keeper, Limits, LocalEngine, Session, Statement,
    Tables,
};
use doorstep_store::Store;
use serde_json::json;

/// As wide as the table of requests.
const REQUESTS: TableSpec = TableSpec {
    name: "requests",
    about: "A request.",
    streams: "facts.requests",
    kinds: &[],
    columns: &[
        ColumnSpec { name: "at", kind: ColumnKind::Time, from: Source::At, about: "When." },
        ColumnSpec { name: "seq", kind: ColumnKind::Int, from: Source::Seq, about: "Its number." },
        ColumnSpec { name: "request_id", kind: ColumnKind::Text, from: Source::Key, about: "Its id." },
        column("method", ColumnKind::Text, "/method", "GET, POST."),
        column("route", ColumnKind::Text, "/route", "The endpoint."),
        column("path", ColumnKind::Text, "/path", "The path."),
        column("status", ColumnKind::Int, "/status", "HTTP status."),
        column("ms", ColumnKind::Real, "/ms", "Milliseconds."),
    ],
    time: "at",
    keep_days: None,
    clock: None,
};
/// Events appended at once.
const BATCH: u64 = 2_000;

struct Bench {
    lake: LocalEngine,
    journal: Journal,
    keeper: Keeper,
    session: Session,
}

impl Bench {
    async fn open(dir: &Path) -> Self {
        let clock: SharedClock = Arc::new(SystemClock);
        let url = format!("sqlite://{}", dir.join("store.db").display());
        let store = Store::open(&url, doorstep_lake::MIGRATIONS).unwrap();
        let journal = Journal::open(&dir.join("journal"), Options::default(), Arc::clone(&clock)).unwrap();
        let catalog = Catalog::new(store, Arc::clone(&clock));
        let tables = Arc::new(Tables::open(&dir.join("lake"), &catalog, &[&REQUESTS], &[]).await.unwrap());
        let lake = LocalEngine::new(catalog, tables, clock, EngineOptions::new(dir.join("spill"), 1)).unwrap();
        let ingest = IngestOptions::default();
        let keeper =
            Keeper::start(lake.clone(), journal.clone(), "bench", ingest, CareOptions::default()).await.unwrap();
        let session = Session::new(Principal {
            tenant: TenantId::new("main"),
            key: KeyId::new("bench"),
            name: "bench".to_owned(),
            scopes: [Scope::Admin].into_iter().collect(),
        });
        Self { lake, journal, keeper, session }
    }

    async fn number(&self, sql: &str) -> u64 {
        let running =
            self.lake.execute(&self.session, Statement::Sql(sql.to_owned()), Limits::default()).await.unwrap();
        let outcome = running.collect(10).await.unwrap();
        let mut encoder = Encoder::new(Form::Csv, outcome.schema);
        let text = encoder.rows(&outcome.batches[0]).unwrap();
        std::str::from_utf8(&text).unwrap().lines().last().unwrap().parse().unwrap_or(0)
    }
}

async fn append(journal: &Journal, from: u64, count: u64) {
    let records = (from..from + count).map(|n| NewRecord {
        kind: "row".to_owned(),
        key: format!("req_{n:016x}"),
        at: SystemClock.now(),
        payload: json!({"tenant": "main", "method": "GET", "route": "/v1/orders/{order}", "path": format!("/v1/orders/ord_{n}"),
                        "status": if n % 50 == 0 { 404 } else { 200 }, "ms": (n % 977) as f64 / 100.0})
        .to_string()
        .into_bytes()
        .into(),
        dedupe: None,
    });
    journal.append("facts.requests", records.collect()).await.unwrap();
}

#[tokio::main(worker_threads = 1)]
async fn main() {
    let args: Vec<String> = std::env::args().collect();
    let [_, events, rate] = args.as_slice() else { panic!("ingest EVENTS RATE") };
    let (events, rate): (u64, u64) = (events.parse().unwrap(), rate.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();

    // All that there is, taken in by a lake that starts: nothing but ingest uses CPU meanwhile.
    {
        let journal = Journal::open(&dir.path().join("journal"), Options::default(), Arc::new(SystemClock)).unwrap();
        for from in (0..events).step_by(BATCH as usize) {
            append(&journal, from, BATCH.min(events - from)).await;
        }
    }
    let began = monotonic();
    let (cpu, bench) = (cpu_seconds(), Bench::open(dir.path()).await);
    println!("{}", json!({"open_ms": began.elapsed().as_secs_f64() * 1e3}));
    let first = monotonic();
    bench.number("SELECT 1 AS n").await;
    println!("{}", json!({"first_query_ms": first.elapsed().as_secs_f64() * 1e3}));
    bench.lake.tables().caught_up(&bench.journal).await;
    let (cpu, took) = (cpu_seconds() - cpu, began.elapsed().as_secs_f64());
    println!(
        "{}",
        json!({"events": events, "seconds": took, "cpu_seconds": cpu, "per_cpu_second": events as f64 / cpu})
    );
    assert_eq!(bench.number("SELECT count(*) AS n FROM requests").await, events);

    // A steady stream while queries run.
    let (mut next, mut lags, began) = (events, Vec::new(), monotonic());
    let mut ticks = tokio::time::interval(Duration::from_millis(100));
    while began.elapsed() < Duration::from_secs(10) {
        ticks.tick().await;
        append(&bench.journal, next, rate / 10).await;
        next += rate / 10;
        let told = monotonic();
        while bench.number("SELECT max(seq) AS n FROM requests").await < next {}
        lags.push(told.elapsed().as_secs_f64() * 1e3);
    }
    lags.sort_by(f64::total_cmp);
    let at = |part: f64| lags[((lags.len() - 1) as f64 * part) as usize];
    println!(
        "{}",
        json!({"rate": (next - events) as f64 / began.elapsed().as_secs_f64(), "lag_ms_p50": at(0.5), "lag_ms_max": at(1.0)})
    );
    bench.keeper.stop().await;
}

/// CPU of this process, user and system.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    (fields[11].parse::<f64>().unwrap() + fields[12].parse::<f64>().unwrap()) / 100.0
}
