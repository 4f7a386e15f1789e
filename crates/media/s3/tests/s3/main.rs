//! The face over HTTP, met by an S3 client that many products are built on: the one of `object_store`.

#![allow(clippy::unwrap_used, missing_docs)]

mod chunked;
mod forms;
mod refusals;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use doorstep_blobs::Blobs;
use doorstep_clock::SystemClock;
use doorstep_identity::{Keys, Vault};
use doorstep_objects::{CorsRule, NewBucket, Objects};
use doorstep_s3::{Config, S3Face};
use doorstep_store::Migration;
use doorstep_store::testing::Opener;
use futures::TryStreamExt as _;
use object_store::aws::{AmazonS3, AmazonS3Builder, S3ConditionalPut};
use object_store::path::Path;
use object_store::signer::Signer as _;
use object_store::{Error, ObjectStore as _, ObjectStoreExt as _, PutMode, PutPayload, WriteMultipart};

struct Running {
    url: String,
    access: String,
    secret: String,
    objects: Objects,
    _dir: tempfile::TempDir,
}

async fn start(open: Opener) -> Running {
    start_with(open, doorstep_objects::Config::default()).await
}

async fn start_with(open: Opener, config: doorstep_objects::Config) -> Running {
    let migrations: Vec<Migration> =
        doorstep_identity::MIGRATIONS.iter().chain(doorstep_objects::MIGRATIONS).copied().collect();
    let store = open(&migrations).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let blobs = Blobs::open(&doorstep_blobs::Config::disk(dir.path())).await.unwrap();
    let clock = Arc::new(SystemClock);
    let keys = Keys::new(store.clone(), clock.clone()).with_vault(Arc::new(Vault::new(&[1; 32])));
    let admin = keys.ensure_admin().await.unwrap().unwrap();
    let objects = Objects::new(store, blobs, clock, config);
    objects.create_bucket("main", "photos", NewBucket::default()).await.unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let face = S3Face::new(objects.clone(), keys, Config::default());
    tokio::spawn(async move { axum::serve(listener, Router::new().fallback_service(face)).await });
    Running { url, access: admin.access.to_string(), secret: admin.secret, objects, _dir: dir }
}

impl Running {
    fn client(&self, secret: &str) -> AmazonS3 {
        AmazonS3Builder::new()
            .with_endpoint(&self.url)
            .with_allow_http(true)
            .with_bucket_name("photos")
            .with_region("us-east-1")
            .with_access_key_id(&self.access)
            .with_secret_access_key(secret)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_retry(object_store::RetryConfig { max_retries: 0, ..Default::default() })
            .build()
            .unwrap()
    }
}

async fn a_client_puts_reads_lists_and_deletes(open: Opener) {
    let running = start(open).await;
    let s3 = running.client(&running.secret);
    let data: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    let path = Path::parse("a/b c/ü.bin").unwrap(); // as it is: `from` would encode it
    let done = s3.put(&path, PutPayload::from(data.clone())).await.unwrap();
    let found = s3.get(&path).await.unwrap();
    assert_eq!(found.meta.e_tag, done.e_tag);
    assert_eq!(found.bytes().await.unwrap(), data);
    assert_eq!(s3.get_range(&path, 65_000..70_000).await.unwrap(), &data[65_000..70_000]);
    let again = s3.put_opts(&path, PutPayload::from("x"), PutMode::Create.into()).await;
    assert!(matches!(again, Err(Error::AlreadyExists { .. })));
    s3.copy(&path, &Path::from("copy")).await.unwrap();
    let listed: Vec<String> = s3.list(None).map_ok(|m| m.location.to_string()).try_collect().await.unwrap();
    assert_eq!(listed, ["a/b c/ü.bin", "copy"]);
    let top = s3.list_with_delimiter(None).await.unwrap();
    assert_eq!((top.common_prefixes, top.objects.len()), (vec![Path::from("a")], 1));
    s3.delete(&path).await.unwrap();
    assert!(matches!(s3.get(&path).await, Err(Error::NotFound { .. })));
}

async fn a_client_uploads_in_parts(open: Opener) {
    let running = start(open).await;
    let s3 = running.client(&running.secret);
    let path = Path::from("large");
    let data: Vec<u8> = (0..12_000_000_u32).map(|n| (n / 7) as u8).collect();
    let mut upload = WriteMultipart::new_with_chunk_size(s3.put_multipart(&path).await.unwrap(), 5 << 20);
    upload.write(&data);
    let done = upload.finish().await.unwrap();
    assert!(done.e_tag.unwrap().trim_matches('"').ends_with("-3"));
    assert_eq!(s3.get(&path).await.unwrap().bytes().await.unwrap(), data);
}

async fn strangers_and_liars_stay_outside(open: Opener) {
    let running = start(open).await;
    let s3 = running.client(&running.secret);
    let path = Path::from("k");
    s3.put(&path, PutPayload::from("private")).await.unwrap();
    assert!(running.client("wrong").get(&path).await.is_err());
    let http = reqwest::Client::new();
    let plain = http.get(format!("{}/photos/k", running.url)).send().await.unwrap();
    assert_eq!(plain.status(), 403);
    assert!(plain.text().await.unwrap().contains("<Code>AccessDenied</Code>"));
    let signed = s3.signed_url(http::Method::GET, &path, Duration::from_secs(60)).await.unwrap();
    assert_eq!(http.get(signed.as_str()).send().await.unwrap().text().await.unwrap(), "private");
    for (range, told) in [("bytes=0-", "bytes 0-6/7"), ("bytes=0-99", "bytes 0-6/7"), ("bytes=2-2", "bytes 2-2/7")] {
        let part = http.get(signed.as_str()).header("range", range).send().await.unwrap();
        assert_eq!((part.status().as_u16(), part.headers()["content-range"].to_str().unwrap()), (206, told), "{range}");
    }
    assert_eq!(s3.get_range(&path, 0..7).await.unwrap(), "private");
    let moved = signed.as_str().replace("/k?", "/other?");
    assert_eq!(http.get(moved).send().await.unwrap().status(), 403);
    let policy = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::photos/k"}]}"#;
    let set = |settings: &mut doorstep_objects::Settings| {
        settings.policy = Some(policy.to_owned());
        Ok(())
    };
    running.objects.configure("photos", set).await.unwrap();
    let open = http.get(format!("{}/photos/k", running.url)).send().await.unwrap();
    assert_eq!(open.text().await.unwrap(), "private");
    let put = http.put(format!("{}/photos/k", running.url)).body("mine").send().await.unwrap();
    assert_eq!(put.status(), 403);
}

async fn pages_of_other_origins_are_answered_by_the_rules(open: Opener) {
    let running = start(open).await;
    let rule = CorsRule {
        origins: vec!["https://shop.example".to_owned()],
        methods: vec!["PUT".to_owned()],
        headers: vec!["*".to_owned()],
        ..CorsRule::default()
    };
    let set = move |settings: &mut doorstep_objects::Settings| {
        settings.cors = vec![rule.clone()];
        Ok(())
    };
    running.objects.configure("photos", set).await.unwrap();
    let http = reqwest::Client::new();
    let ask = |origin: &'static str| {
        let request = http.request(reqwest::Method::OPTIONS, format!("{}/photos/k", running.url));
        let request = request.header("origin", origin).header("access-control-request-method", "PUT");
        request.header("access-control-request-headers", "authorization").send()
    };
    let allowed = ask("https://shop.example").await.unwrap();
    assert_eq!(allowed.headers()["access-control-allow-origin"], "https://shop.example");
    assert_eq!(allowed.headers()["access-control-allow-headers"], "authorization");
    assert_eq!(ask("https://evil.example").await.unwrap().status(), 403);
}

doorstep_store::on_each_store! {
    a_client_puts_reads_lists_and_deletes,
    a_client_uploads_in_parts,
    strangers_and_liars_stay_outside,
    pages_of_other_origins_are_answered_by_the_rules,
}
