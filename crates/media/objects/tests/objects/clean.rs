//! Cleaning: what nobody refers to goes, what a crash left goes, damage is found, sparse segments shrink.

use std::sync::Arc;
use std::time::Duration;

use doorstep_blobs::Blobs;
use doorstep_objects::{Config, Delete, Get, Objects, Put};

use crate::setting::{Setting, bytes, on_disk, settings};

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
        assert!(setting.files().is_empty());
    }
}

#[tokio::test]
async fn what_a_crash_left_is_swept_and_what_is_in_use_is_not() {
    for setting in settings().await {
        let data = bytes(2, 400_000);
        setting.put("kept", &data).await;
        // A process that died between bytes and transaction leaves exactly this.
        let (engine, other) = setting.beside(Config { grace: Duration::ZERO, ..Config::default() }).await;
        let mut writer = other.writer();
        writer.write(bytes(3, 400_000).into()).await.unwrap();
        let stored = writer.finish().await.unwrap();
        assert_eq!(setting.files().len(), 2);
        assert_eq!(setting.objects.sweep_files().await.unwrap(), 0, "what is young may be another process's");
        assert_eq!(engine.sweep_files().await.unwrap(), 0, "it is in this process's hands");
        drop(stored);
        assert_eq!(engine.sweep_files().await.unwrap(), 1);
        assert_eq!(setting.files().len(), 1);
        assert_eq!(setting.read("kept", Get::default()).await.unwrap(), data);
    }
}

#[tokio::test]
async fn the_scrub_finds_damage_and_an_upload_heals_it() {
    for setting in settings().await {
        let data = bytes(4, 300_000);
        setting.put("a", &data).await;
        setting.put("b", &bytes(5, 10)).await;
        let file = setting.files().into_iter().find(|f| f.metadata().unwrap().len() > 300_000).unwrap();
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
    for setting in on_disk().await {
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
        let on_disk = || setting.files().iter().map(|f| f.metadata().unwrap().len()).sum::<u64>();
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
async fn two_stores_never_sweep_one_bucket() {
    for (setting, other) in settings().await.into_iter().zip(settings().await) {
        setting.objects.claim_bytes().await.unwrap();
        let data = bytes(6, 400_000);
        setting.put("ours", &data).await;
        // The same place under other tables: to them all of it would be what a crash left.
        let blobs = Blobs::open(&doorstep_blobs::Config::at(setting.place.clone())).await.unwrap();
        let theirs = Objects::new(other.store.clone(), blobs, Arc::new(other.clock.clone()), Config::default());
        let claimed = theirs.claim_bytes().await;
        match setting.place {
            doorstep_blobs::Location::Url(_) => {
                assert!(claimed.unwrap_err().to_string().contains("belongs to another Doorstep"));
            }
            doorstep_blobs::Location::Disk(_) => claimed.unwrap(),
        }
        setting.beside(Config::default()).await.0.claim_bytes().await.unwrap();
    }
}

#[tokio::test]
async fn a_full_table_refuses_and_goes_on_when_there_is_room() {
    use doorstep_store::params;
    for setting in settings().await {
        if setting.store.backend() != doorstep_store::Backend::Sqlite {
            continue;
        }
        let pages = |sql: String| {
            let store = setting.store.clone();
            async move { store.write(move |tx| tx.query(&sql, params![])).await.unwrap()[0].clone() }
        };
        let before = bytes(7, 200_000);
        setting.put("before", &before).await;
        let used = pages("PRAGMA page_count".to_owned()).await.int("page_count").unwrap();
        pages(format!("PRAGMA max_page_count = {}", used + 2)).await;
        let (mut kept, mut refused) = (Vec::new(), 0);
        for n in 0..200_u64 {
            let mut put = Put::default();
            put.meta.user = [("note".to_owned(), "x".repeat(1_500))].into();
            let data = bytes(100 + n, 150_000);
            let done = setting.objects.put(&setting.bucket, &format!("k{n}"), doorstep_objects::body(data), put).await;
            match done {
                Ok(_) => kept.push(n),
                Err(error) => {
                    assert_eq!(error.as_str(), "full", "{error}");
                    refused += 1;
                }
            }
            if refused == 5 {
                break;
            }
        }
        assert!(refused == 5 && kept.len() < 190, "{refused} {}", kept.len());
        // Bytes of what was refused are gone at once: they are needed elsewhere.
        assert_eq!(setting.files().len(), kept.len() + 1);
        assert_eq!(setting.read("before", Get::default()).await.unwrap(), before);
        for n in &kept {
            assert_eq!(setting.read(&format!("k{n}"), Get::default()).await.unwrap(), bytes(100 + n, 150_000));
        }
        pages("PRAGMA max_page_count = 1000000".to_owned()).await;
        setting.put("after", &before).await;
        assert_eq!(setting.read("after", Get::default()).await.unwrap(), before);
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
