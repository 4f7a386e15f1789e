//! Cleaning: what nobody refers to goes, what a crash left goes, damage is found, sparse segments shrink.

use std::sync::Arc;
use std::time::Duration;

use doorstep_blobs::Blobs;
use doorstep_objects::{Config, Delete, Get, Objects, Put};

use crate::disk::files;
use crate::setting::{Setting, bytes, settings};

async fn delete(setting: &Setting, key: &str) {
    let delete = Delete { key: key.to_owned(), ..Delete::default() };
    setting.objects.delete(&setting.bucket, delete).await.unwrap();
}

#[tokio::test]
async fn bytes_go_when_the_last_reference_did_and_the_grace_is_over() {
    for setting in settings().await {
        let data = bytes(1, 400_000);
        setting.put("a", &data).await;
        setting.put("b", &data).await;
        delete(&setting, "a").await;
        setting.clock.advance(Duration::from_secs(3600));
        assert_eq!(setting.objects.collect().await.unwrap(), 0);
        assert_eq!(setting.read("b", Get::default()).await.unwrap(), data);
        delete(&setting, "b").await;
        assert_eq!(setting.objects.collect().await.unwrap(), 0, "readers have a time of grace");
        // Taken back by the same bytes before it is over.
        setting.put("c", &data).await;
        setting.clock.advance(Duration::from_secs(3600));
        assert_eq!(setting.objects.collect().await.unwrap(), 0);
        assert_eq!(setting.read("c", Get::default()).await.unwrap(), data);
        delete(&setting, "c").await;
        setting.clock.advance(Duration::from_secs(3600));
        assert_eq!(setting.objects.collect().await.unwrap(), 1);
        assert!(files(setting.dir.path()).is_empty());
    }
}

#[tokio::test]
async fn what_a_crash_left_is_swept_and_what_is_in_use_is_not() {
    for setting in settings().await {
        let data = bytes(2, 400_000);
        setting.put("kept", &data).await;
        // A process that died between bytes and transaction leaves exactly this.
        let other = Blobs::open(&doorstep_blobs::Config::disk(setting.dir.path())).await.unwrap();
        let mut writer = other.writer();
        writer.write(bytes(3, 400_000).into()).await.unwrap();
        drop(writer.finish().await.unwrap());
        assert_eq!(files(setting.dir.path()).len(), 2);
        assert_eq!(setting.objects.sweep_files().await.unwrap(), 1);
        assert_eq!(setting.read("kept", Get::default()).await.unwrap(), data);
    }
}

#[tokio::test]
async fn the_scrub_finds_damage_and_an_upload_heals_it() {
    for setting in settings().await {
        let data = bytes(4, 300_000);
        setting.put("a", &data).await;
        setting.put("b", &bytes(5, 10)).await;
        let file = files(setting.dir.path()).into_iter().find(|f| f.extension().is_none()).unwrap();
        let mut damaged = std::fs::read(&file).unwrap();
        damaged[150_000] ^= 1;
        std::fs::write(&file, damaged).unwrap();
        let (found, _) = setting.objects.scrub("").await.unwrap();
        assert_eq!((found.blobs, found.damaged.len()), (2, 1));
        assert!(setting.read("a", Get::default()).await.is_err());
        setting.put("again", &data).await;
        assert_eq!(setting.read("a", Get::default()).await.unwrap(), data, "the same bytes heal every reference");
        let (found, _) = setting.objects.scrub("").await.unwrap();
        assert_eq!(found.damaged, Vec::<String>::new());
    }
}

#[tokio::test]
async fn sparse_segments_are_packed_anew() {
    for setting in settings().await {
        // A second engine on the same table and folder, with tiny segments and no grace.
        let small =
            doorstep_blobs::Config { segment_bytes: 10_000, ..doorstep_blobs::Config::disk(setting.dir.path()) };
        let blobs = Blobs::open(&small).await.unwrap();
        let config = Config { grace: Duration::ZERO, ..Config::default() };
        let objects = Objects::new(setting.store.clone(), blobs.clone(), Arc::new(setting.clock.clone()), config);
        for n in 0..20_u64 {
            let put = Put::default();
            let body = doorstep_objects::body(bytes(n, 1_000));
            objects.put(&setting.bucket, &format!("k{n}"), body, put).await.unwrap();
        }
        for n in (0..20).filter(|n| n % 10 != 0) {
            delete(&setting, &format!("k{n}")).await;
        }
        setting.clock.advance(Duration::from_secs(1));
        objects.collect().await.unwrap();
        let on_disk = || files(setting.dir.path()).iter().map(|f| f.metadata().unwrap().len()).sum::<u64>();
        let before = on_disk();
        assert!(objects.compact().await.unwrap() > 0);
        objects.compact().await.unwrap();
        assert!(on_disk() < before);
        for n in [0, 10] {
            let found = objects.get(&setting.bucket, &format!("k{n}"), Get::default()).await.unwrap();
            assert_eq!(found.collect(10_000).await.unwrap(), bytes(n, 1_000));
        }
    }
}

#[tokio::test]
async fn an_upload_of_known_bytes_needs_none() {
    for setting in settings().await {
        let first = setting.put("a", &bytes(7, 90_000)).await.object;
        let hash = first.meta.ufile.clone().unwrap();
        let hit = |size, tenant: &'static str| {
            let (objects, hash) = (setting.objects.clone(), hash.clone());
            async move {
                let name = format!("of-{tenant}-{size}");
                let bucket = objects.create_bucket(tenant, &name, Default::default()).await.unwrap();
                objects.hit(&bucket, "k", &hash, size, Put::default()).await.unwrap()
            }
        };
        let written = hit(90_000, "main").await.unwrap().object;
        assert_eq!((written.etag, written.size), (first.etag, 90_000));
        assert!(hit(90_001, "main").await.is_none());
        assert!(hit(90_000, "night-cabs").await.is_none(), "another tenant's bytes are never handed over");
    }
}
