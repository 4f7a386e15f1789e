//! Objects as many clients at once put and get them, by any server that speaks S3.
#![allow(clippy::print_stdout)] // a bench talks to whoever runs it

mod list;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use bytes::Bytes;
use clap::Parser;
use doorstep_bench::cpu;
use futures::StreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{ClientOptions, ObjectStoreExt as _, PutPayload, WriteMultipart};
use rand::{RngExt as _, SeedableRng as _};

/// Puts and gets objects of one size and prints a line of a table: rates, times, and the server's CPU.
#[derive(Debug, Parser)]
struct Arguments {
    /// What the server is called in the table.
    name: String,
    /// Such as http://127.0.0.1:9000
    endpoint: String,
    /// A bucket that is there.
    bucket: String,
    /// Access key.
    #[arg(long)]
    access: String,
    /// Its secret.
    #[arg(long)]
    secret: String,
    /// Region to sign for.
    #[arg(long, default_value = "us-east-1")]
    region: String,
    /// The server's process, for its CPU; its children count too.
    #[arg(long)]
    pid: u32,
    /// Bytes of an object.
    #[arg(long, default_value_t = 4096)]
    bytes: usize,
    /// Clients at once.
    #[arg(long, default_value_t = 64)]
    clients: usize,
    /// Seconds of each part. A part ends when the requests that are under way have ended.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Bytes of a part from which an upload goes in parts.
    #[arg(long, default_value_t = 16 << 20)]
    part: usize,
    /// Instead of that: puts so many keys and reads the listing of all of them in pages of 1,000.
    #[arg(long, value_name = "KEYS")]
    list: Option<usize>,
}

/// What one part found.
struct Measured {
    done: u64,
    wall: f64,
    cpu: f64,
    millis: Vec<f64>,
}

impl Measured {
    fn line(&self, bytes: usize) -> String {
        let (rate, at) = (self.done as f64 / self.wall, |p: f64| {
            self.millis.get(((self.millis.len() as f64 - 1.0) * p).round() as usize).copied().unwrap_or(f64::NAN)
        });
        let mib = rate * bytes as f64 / f64::from(1 << 20);
        let per_cpu = self.done as f64 / self.cpu.max(0.01);
        format!("{rate:.1} | {mib:.1} | {per_cpu:.1} | {:.1} | {:.1}", at(0.5), at(0.99))
    }
}

/// A body whose first bytes are `name`, so that no two objects are equal.
fn body_of(name: String, body: &Bytes) -> [Bytes; 2] {
    let head = name.len().min(body.len());
    [Bytes::from(name).slice(..head), body.slice(head..)]
}

async fn put(store: &AmazonS3, key: &Path, body: [Bytes; 2], part: usize) -> Result<()> {
    if body.iter().map(Bytes::len).sum::<usize>() <= part {
        store.put(key, body.into_iter().collect::<PutPayload>()).await?;
        return Ok(());
    }
    let mut upload = WriteMultipart::new_with_chunk_size(store.put_multipart(key).await?, part);
    for piece in body {
        for from in (0..piece.len()).step_by(part) {
            upload.wait_for_capacity(2).await?;
            upload.put(piece.slice(from..(from + part).min(piece.len())));
        }
    }
    upload.finish().await?;
    Ok(())
}

async fn get(store: &AmazonS3, key: &Path, bytes: usize) -> Result<()> {
    let mut body = store.get(key).await?.into_stream();
    let mut came = 0;
    while let Some(piece) = body.next().await {
        came += piece?.len();
    }
    anyhow::ensure!(came == bytes, "{key} has {came} bytes instead of {bytes}");
    Ok(())
}

/// Lets all clients work for so long. Each is told which of its own requests it is at.
async fn measure<F>(arguments: &Arguments, work: impl Fn(usize, u64) -> F + Send + Sync + 'static) -> Result<Measured>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let (work, done) = (Arc::new(work), Arc::new(AtomicU64::new(0)));
    let (began, cpu) = (Instant::now(), cpu::family_seconds(arguments.pid)?);
    let until = began + Duration::from_secs(arguments.seconds);
    let clients = (0..arguments.clients).map(|client| {
        let (work, done) = (Arc::clone(&work), Arc::clone(&done));
        tokio::spawn(async move {
            let mut millis = Vec::new();
            for n in 0.. {
                let started = Instant::now();
                if started >= until {
                    break;
                }
                work(client, n).await?;
                millis.push(started.elapsed().as_secs_f64() * 1e3);
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, anyhow::Error>(millis)
        })
    });
    let mut millis = Vec::new();
    for client in futures::future::join_all(clients).await {
        millis.extend(client??);
    }
    millis.sort_by(f64::total_cmp);
    let (wall, cpu) = (began.elapsed().as_secs_f64(), cpu::family_seconds(arguments.pid)? - cpu);
    Ok(Measured { done: done.load(Ordering::Relaxed), wall, cpu, millis })
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let options = ClientOptions::new()
        .with_allow_http(true)
        .with_timeout(Duration::from_secs(300))
        .with_pool_max_idle_per_host(arguments.clients);
    let store = AmazonS3Builder::new()
        .with_endpoint(&arguments.endpoint)
        .with_bucket_name(&arguments.bucket)
        .with_access_key_id(&arguments.access)
        .with_secret_access_key(&arguments.secret)
        .with_region(&arguments.region)
        .with_client_options(options)
        .build()
        .context("a client of S3")?;
    let store = Arc::new(store);
    if let Some(keys) = arguments.list {
        let filled = list::fill(&store, keys, arguments.clients).await?;
        let before = cpu::family_seconds(arguments.pid)?;
        let millis = list::pages(&store, keys).await?;
        let cpu_ms = (cpu::family_seconds(arguments.pid)? - before) * 1e3 / millis.len() as f64;
        let at = |p: f64| millis[((millis.len() as f64 - 1.0) * p).round() as usize];
        let rate = keys as f64 / filled;
        let (median, p99, worst) = (at(0.5), at(0.99), at(1.0));
        println!("| {} | {keys} | {rate:.0} | {median:.1} | {p99:.1} | {worst:.1} | {cpu_ms:.1} |", arguments.name);
        return Ok(());
    }
    let began = std::process::id();
    // Bytes that nothing can shrink.
    let mut body = vec![0; arguments.bytes];
    rand::rngs::SmallRng::seed_from_u64(1).fill(body.as_mut_slice());
    let (body, part, size) = (Bytes::from(body), arguments.part, arguments.bytes);
    let key = move |client: usize, n: u64| Path::from(format!("{size}/{client:03}/{n:08}"));
    let puts = Arc::new((0..arguments.clients).map(|_| AtomicU64::new(0)).collect::<Vec<_>>());
    let put_all = {
        let (store, puts) = (Arc::clone(&store), Arc::clone(&puts));
        measure(&arguments, move |client, n| {
            let (store, puts, key) = (Arc::clone(&store), Arc::clone(&puts), key(client, n));
            let own = body_of(format!("{client} {n} {began}"), &body);
            async move {
                put(&store, &key, own, part).await?;
                puts[client].fetch_add(1, Ordering::Relaxed);
                Ok(())
            }
        })
        .await?
    };
    let get_all = measure(&arguments, move |client, n| {
        let (store, most) = (Arc::clone(&store), puts[client].load(Ordering::Relaxed).max(1));
        let key = key(client, n % most);
        async move { get(&store, &key, size).await }
    })
    .await?;
    for (what, measured) in [("PUT", put_all), ("GET", get_all)] {
        println!("| {} | {} | {what} | {} |", arguments.name, size_text(size), measured.line(size));
    }
    Ok(())
}

fn size_text(bytes: usize) -> String {
    match bytes {
        n if n >= 1 << 30 => format!("{} GiB", n >> 30),
        n if n >= 1 << 20 => format!("{} MiB", n >> 20),
        n => format!("{} KiB", n >> 10),
    }
}
