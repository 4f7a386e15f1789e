//! Pictures of a folder over HTTP, for measuring: `picture_server FOLDER [THREADS]`.
//!
//! The face is the shortest one possible: everybody may read everything in the one bucket. Nothing is cached, so that
//! every request is work. Prints the address, then serves until it is killed.
#![allow(clippy::print_stdout, reason = "the address is what whoever starts it waits for")]

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use axum::Router;
use axum::body::Body;
use doorstep_blobs::Blobs;
use doorstep_clock::SystemClock;
use doorstep_identity::Vault;
use doorstep_objects::{Granted, NewBucket, Objects, Put, body};
use doorstep_pictures::{CachePlace, Config, Needs, Pictured, Pictures, Unmetered, WorkshopConfig};
use doorstep_store::{Migration, Store};
use http::{Request, Response, StatusCode};

const BUCKET: &str = "photos";

async fn open(objects: Objects, request: Request<Body>) -> Result<Response<Body>, Infallible> {
    let mut response = Response::new(Body::empty());
    let key = request.uri().path().strip_prefix("/photos/").unwrap_or_default().to_owned();
    let granted = async {
        let bucket = objects.bucket(BUCKET).await?;
        let object = objects.head(&bucket, &key, None).await?;
        Ok::<_, doorstep_objects::ObjectsError>(Granted { bucket, object, who: None, query_signed: false })
    };
    match granted.await {
        Ok(granted) => drop(response.extensions_mut().insert(granted)),
        Err(_) => *response.status_mut() = StatusCode::NOT_FOUND,
    }
    Ok(response)
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().context("say which folder: picture_server FOLDER [THREADS]")?;
    let threads = arguments.next().map_or(Ok(2), |n| n.parse())?;
    let migrations: Vec<Migration> =
        doorstep_objects::MIGRATIONS.iter().chain(doorstep_pictures::MIGRATIONS).copied().collect();
    let scratch = tempfile::tempdir()?;
    let store = Store::open("sqlite::memory:", &migrations)?;
    let blobs = Blobs::open(&doorstep_blobs::Config::disk(scratch.path())).await?;
    let clock = Arc::new(SystemClock);
    let objects = Objects::new(store.clone(), blobs, clock.clone(), doorstep_objects::Config::default());
    let bucket = objects.create_bucket("main", BUCKET, NewBucket::default()).await?;
    for file in std::fs::read_dir(Path::new(&folder))? {
        let file = file?;
        let bytes = std::fs::read(file.path())?;
        objects.put(&bucket, &file.file_name().to_string_lossy(), body(bytes), Put::default()).await?;
    }
    let vault = Arc::new(Vault::new(&[1; 32]));
    let needs = Needs { objects: objects.clone(), store, vault, clock, meter: Arc::new(Unmetered) };
    let workshop = WorkshopConfig { threads, ..WorkshopConfig::default() };
    let pictures = Pictures::open(needs, Config { cache: CachePlace::Off, workshop, ..Config::default() })?;
    let face = tower::service_fn(move |request| open(objects.clone(), request));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?);
    axum::serve(listener, Router::new().fallback_service(Pictured::new(face, pictures))).await?;
    Ok(())
}
