//! How long a page of a listing takes: `list_rate [ROWS]` fills a bucket and asks for 1,000 keys at 200 places.
//!
//! Rows are written as an upload writes them, but many in one transaction and without bytes.

#![allow(clippy::print_stdout)] // an example prints its figures

use std::sync::Arc;

use anyhow::Context as _;
use doorstep_blobs::Blobs;
use doorstep_clock::{SystemClock, monotonic};
use doorstep_objects::{Config, List, MIGRATIONS, NewBucket, Objects};
use doorstep_store::{Store, StoreError, params};

const BATCH: u64 = 5_000;
const PLACES: u64 = 200;

fn key(n: u64) -> String {
    format!("shop-{:06}/photo-{n:09}.jpg", n / 1000)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let rows: u64 = std::env::args().nth(1).map_or(Ok(1_000_000), |n| n.parse()).context("ROWS is a number")?;
    let dir = tempfile::tempdir()?;
    let store = Store::open(&format!("sqlite://{}", dir.path().join("list.db").display()), MIGRATIONS)?;
    let blobs = Blobs::open(&doorstep_blobs::Config::disk(dir.path().join("blobs"))).await?;
    let objects = Objects::new(store.clone(), blobs, Arc::new(SystemClock), Config::default());
    let bucket = objects.create_bucket("main", "photos", NewBucket::default()).await?;
    let body = r#"{"content_type":"image/jpeg","ufile":"AQAAAHthfaMsW_jvB2b-1TxUT7vfHIsW"}"#;
    for first in (0..rows).step_by(BATCH as usize) {
        store
            .write(move |tx| {
                for n in first..(first + BATCH).min(rows) {
                    let id = format!("{n:032x}");
                    tx.execute(
                        "INSERT INTO objects (bucket, key, seq, uid, unversioned, size, modified, etag, blob, body)
                         SELECT id, $1, 1, $2, 1, 4096, 1, $2, $2, $3 FROM buckets WHERE name = 'photos'",
                        params![key(n).as_bytes(), &id, body],
                    )?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
    }
    for (what, delimiter) in [("1,000 keys", None), ("1,000 common prefixes", Some("/".to_owned()))] {
        let mut times = Vec::new();
        for place in 0..PLACES {
            let after = Some(key(place * rows / PLACES));
            let list = List { after, delimiter: delimiter.clone(), limit: 1000, ..List::default() };
            let started = monotonic();
            let page = objects.list(&bucket, list).await?;
            times.push(started.elapsed());
            anyhow::ensure!(page.objects.len() + page.prefixes.len() <= 1000, "a page is too long");
        }
        times.sort_unstable();
        println!("{what} of {rows}: median {:.2?}, worst {:.2?}", times[times.len() / 2], times[times.len() - 1]);
    }
    Ok(())
}
