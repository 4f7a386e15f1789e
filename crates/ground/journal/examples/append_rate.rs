//! Measures durable appends per second: `append_rate [writers] [seconds] [folder]`.
//!
//! Every writer waits for its answer before the next append of one 400-byte record.
#![allow(clippy::print_stdout)] // a command's report
#![allow(clippy::unwrap_used)] // a measuring tool may stop at the first failure

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use doorstep_clock::{SystemClock, Timestamp};
use doorstep_journal::{Journal, NewRecord, Options};

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let mut args = std::env::args().skip(1);
    let writers: u64 = args.next().map_or(64, |n| n.parse().unwrap());
    let seconds: u64 = args.next().map_or(10, |n| n.parse().unwrap());
    let parent = args.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let dir = parent.join(format!("doorstep-append-rate-{}", std::process::id()));
    let journal = Journal::open(&dir, Options::default(), Arc::new(SystemClock)).unwrap();

    let stop = Arc::new(AtomicBool::new(false));
    let started = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for writer in 0..writers {
        let (journal, stop) = (journal.clone(), Arc::clone(&stop));
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            let mut n = writer << 40;
            while !stop.load(Ordering::Relaxed) {
                n += 1;
                let record = NewRecord {
                    kind: "order.offered".to_owned(),
                    key: format!("ord_{n}"),
                    at: Timestamp(0),
                    payload: vec![b'x'; 400].into(),
                    dedupe: Some(n),
                };
                let asked = Instant::now();
                journal.append("orders.rate", vec![record]).await.unwrap();
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
        "{} durable appends in {took:.1} s with {writers} writers = {:.0}/s; latency ms p50 {:.2}, p99 {:.2}",
        latencies.len(),
        latencies.len() as f64 / took,
        quantile(0.5),
        quantile(0.99),
    );
    let reading = Instant::now();
    let (mut after, mut read) = (0, 0);
    loop {
        let records = journal.read("orders.rate", after, 10_000).unwrap();
        let Some(newest) = records.last() else { break };
        after = newest.seq;
        read += records.len();
    }
    println!("{read} records read back in order: {:.0}/s", read as f64 / reading.elapsed().as_secs_f64());
    drop(journal);
    std::fs::remove_dir_all(&dir).unwrap();
}
