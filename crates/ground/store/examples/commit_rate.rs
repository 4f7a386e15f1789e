//! Measures durable write transactions per second.
//!
//! `commit_rate [url] [writers] [seconds]`; without a URL a SQLite file in the temporary folder.
//! Each transaction is what an order change is: one row inserted, one updated, one event in the
//! outbox. Every writer waits for its answer before the next one.
#![allow(clippy::print_stdout)] // a command's report
#![allow(clippy::unwrap_used)] // a measuring tool may stop at the first failure

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use doorstep_clock::Timestamp;
use doorstep_store::testing::TestDatabase;
use doorstep_store::{Migration, Store, StoreError, StoreOptions, outbox, params};
use serde_json::json;

const MIGRATIONS: &[Migration] = &[Migration::same(
    "rate/0001_orders",
    "CREATE TABLE rate_orders(id TEXT PRIMARY KEY, state TEXT NOT NULL, version BIGINT NOT NULL); \
     CREATE TABLE rate_events(order_id TEXT NOT NULL, version BIGINT NOT NULL, kind TEXT NOT NULL, PRIMARY KEY (order_id, version))",
)];

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let url = args.next();
    let writers: usize = args.next().map_or(64, |n| n.parse().unwrap());
    let seconds: u64 = args.next().map_or(10, |n| n.parse().unwrap());
    let own = url.is_none().then(TestDatabase::sqlite);
    let url = url.unwrap_or_else(|| own.as_ref().unwrap().url().to_owned());
    let options = StoreOptions { connections: 8, ..StoreOptions::default() };
    let store = Store::open_with(&url, MIGRATIONS, &options).unwrap();

    let run = std::process::id();
    let stop = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let (store, stop) = (store.clone(), Arc::clone(&stop));
        tasks.spawn(async move {
            let id = format!("ord_{run}_{writer}");
            let made = id.clone();
            store
                .write(move |tx| {
                    tx.execute(
                        "INSERT INTO rate_orders(id, state, version) VALUES ($1, 'searching', 0)",
                        params![&made],
                    )
                })
                .await
                .unwrap();
            let mut latencies = Vec::new();
            let mut version = 0_i64;
            while !stop.load(Ordering::Relaxed) {
                version += 1;
                let id = id.clone();
                let asked = Instant::now();
                store
                    .write(move |tx| {
                        let changed = tx.execute(
                            "UPDATE rate_orders SET state = $1, version = $2 WHERE id = $3 AND version = $4",
                            params!["offered", version, &id, version - 1],
                        )?;
                        assert_eq!(changed, 1);
                        tx.execute(
                            "INSERT INTO rate_events(order_id, version, kind) VALUES ($1, $2, 'order.offered')",
                            params![&id, version],
                        )?;
                        outbox::append(
                            tx,
                            "orders.rate",
                            "order.offered",
                            &id,
                            &json!({"version": version}),
                            Timestamp(0),
                        )?;
                        Ok::<_, StoreError>(())
                    })
                    .await
                    .unwrap();
                latencies.push(asked.elapsed());
            }
            latencies
        });
    }
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    stop.store(true, Ordering::Relaxed);
    let mut latencies: Vec<Duration> = tasks.join_all().await.into_iter().flatten().collect();
    let took = started.elapsed().as_secs_f64();
    latencies.sort();
    let quantile = |q: f64| latencies[((latencies.len() - 1) as f64 * q) as usize].as_secs_f64() * 1e3;
    println!(
        "{}: {} durable transactions in {took:.1} s with {writers} writers = {:.0}/s; latency ms p50 {:.2}, p99 {:.2}, max {:.2}",
        store.backend().as_str(),
        latencies.len(),
        latencies.len() as f64 / took,
        quantile(0.5),
        quantile(0.99),
        quantile(1.0),
    );
}
