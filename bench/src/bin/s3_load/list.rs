//! Listings of a large bucket, page by page, as a client sees them.

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, ensure};
use bytes::Bytes;
use object_store::aws::AmazonS3;
use object_store::list::{PaginatedListOptions, PaginatedListStore as _};
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};

/// Keys of a page, S3's limit.
const PAGE: usize = 1000;

/// Puts `keys` objects of one byte by `clients` at once. Returns the seconds that it took.
pub(crate) async fn fill(store: &Arc<AmazonS3>, keys: usize, clients: usize) -> Result<f64> {
    let began = Instant::now();
    let work = (0..clients).map(|client| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            for n in (client..keys).step_by(clients) {
                store.put(&key(n), PutPayload::from(Bytes::from_static(b"1"))).await?;
            }
            Ok::<_, anyhow::Error>(())
        })
    });
    for client in futures::future::join_all(work).await {
        client??;
    }
    Ok(began.elapsed().as_secs_f64())
}

/// Reads all pages of the listing, one after the other, and checks that each key stands there once and in order.
/// Returns the milliseconds of each page.
pub(crate) async fn pages(store: &AmazonS3, keys: usize) -> Result<Vec<f64>> {
    let (mut millis, mut seen, mut page_token) = (Vec::new(), 0, None);
    loop {
        let options = PaginatedListOptions { max_keys: Some(PAGE), page_token, ..PaginatedListOptions::default() };
        let began = Instant::now();
        let page = store.list_paginated(Some("list/"), options).await?;
        millis.push(began.elapsed().as_secs_f64() * 1e3);
        for object in &page.result.objects {
            ensure!(object.location == key(seen), "{} stands where {} should", object.location, key(seen));
            seen += 1;
        }
        page_token = page.page_token;
        if page_token.is_none() {
            break;
        }
    }
    ensure!(seen == keys, "{seen} keys instead of {keys}");
    millis.sort_by(f64::total_cmp);
    Ok(millis)
}

fn key(n: usize) -> Path {
    Path::from(format!("list/{n:09}"))
}
