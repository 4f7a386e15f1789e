//! Measures what metering costs: `usage_rate [seconds] [folder]`.
//!
//! Counts per second on one thread, recorded pieces of work per second (64 producers, each waiting for the disk), and
//! how fast both come from the journal into the accounts.
#![allow(clippy::print_stdout)] // a command's report
#![allow(clippy::unwrap_used)] // a measuring tool may stop at the first failure

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use doorstep_clock::{Clock as _, SystemClock};
use doorstep_journal::{Journal, Options};
use doorstep_meter::{MIGRATIONS, Meter, Resource, Usage};
use doorstep_store::Store;

const PRODUCERS: u64 = 64;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let seconds: u64 = args.next().map_or(5, |n| n.parse().unwrap());
    let parent = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = parent.join(format!("doorstep-usage-rate-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let store = Store::open(&format!("sqlite://{}/store.db", dir.display()), MIGRATIONS).unwrap();
    let journal = Journal::open(&dir.join("journal"), Options::default(), Arc::new(SystemClock)).unwrap();
    let meter = Meter::open(store, journal, Arc::new(SystemClock), "rate").await.unwrap();

    let buckets: Vec<String> = (0..100).map(|n| format!("bucket-{n}")).collect();
    let (began, mut counted) = (Instant::now(), 0_u64);
    while began.elapsed() < Duration::from_secs(1) {
        for bucket in &buckets {
            meter.count("main", bucket, Resource::RequestsRead, 1);
        }
        counted += buckets.len() as u64;
    }
    println!("counts              {:>12.0} a second, one thread", counted as f64 / began.elapsed().as_secs_f64());

    let (began, until) = (Instant::now(), Instant::now() + Duration::from_secs(seconds));
    let mut producers = tokio::task::JoinSet::new();
    for producer in 0..PRODUCERS {
        let meter = meter.clone();
        producers.spawn(async move {
            let mut done = 0_u64;
            while Instant::now() < until {
                let usage = Usage::new(format!("q{producer}-{done}"), "main", SystemClock.now());
                let usage = usage.amount(Resource::QueryCpu, 1_250).amount(Resource::QueryScan, 1 << 30);
                meter.record(usage).await.unwrap();
                done += 1;
            }
            done
        });
    }
    let done: u64 = producers.join_all().await.into_iter().sum();
    println!(
        "records on disk     {:>12.0} a second, {PRODUCERS} producers",
        done as f64 / began.elapsed().as_secs_f64()
    );

    let began = Instant::now();
    meter.catch_up().await.unwrap();
    println!("folded in           {:>12.0} a second", done as f64 / began.elapsed().as_secs_f64());
    drop(meter);
    std::fs::remove_dir_all(&dir).unwrap();
}
