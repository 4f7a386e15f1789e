//! What lies on disk: dedup, and damage that is found and never served.

use std::path::{Path, PathBuf};

use doorstep_objects::{Get, NewBucket, Put, body};

use crate::setting::{bytes, settings};

pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}

#[tokio::test]
async fn equal_bytes_of_a_tenant_are_kept_once() {
    for setting in settings().await {
        let data = bytes(3, 400_000);
        setting.put("a", &data).await;
        setting.put("b", &data).await;
        assert_eq!(setting.files().len(), 1);
        let other = setting.objects.create_bucket("night-cabs", "theirs", NewBucket::default()).await.unwrap();
        setting.objects.put(&other, "a", body(data.clone()), Put::default()).await.unwrap();
        assert_eq!(setting.files().len(), 2, "tenants share nothing");
        assert_eq!(setting.read("b", Get::default()).await.unwrap(), data);
    }
}

#[tokio::test]
async fn a_flipped_bit_is_never_served() {
    for setting in settings().await {
        for len in [1_000, 400_000] {
            let data = bytes(len as u64, len);
            setting.put("k", &data).await;
            // Small objects lie in a segment, the big one in a file of its own.
            let holds = |f: &PathBuf| f.metadata().unwrap().len() >= len as u64;
            let file = setting.files().into_iter().find(holds).unwrap();
            let mut on_disk = std::fs::read(&file).unwrap();
            let middle = on_disk.len() / 2;
            on_disk[middle] ^= 4;
            std::fs::write(&file, on_disk).unwrap();
            let refused = setting.read("k", Get::default()).await.map(|read| read.len());
            assert_eq!(refused.unwrap_err().as_str(), "blobs");
        }
    }
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    for setting in settings().await {
        let pieces = vec![
            Ok(bytes::Bytes::from(bytes(9, 900_000))),
            Ok(bytes::Bytes::from(bytes(10, 900_000))),
            Err("the line went dead".into()),
        ];
        let broken = futures::stream::iter(pieces);
        let done = setting.objects.put(&setting.bucket, "k", Box::pin(broken), Put::default()).await;
        assert_eq!(done.unwrap_err().as_str(), "body");
        assert_eq!(setting.text("k").await, Err("no_such_key"));
        for _ in 0..100 {
            if setting.files().is_empty() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(setting.files(), Vec::<PathBuf>::new());
        assert!(setting.blobs.segments().await.unwrap().is_empty());
    }
}
