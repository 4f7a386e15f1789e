//! Objects that one transaction of the caller's makes together.

use std::sync::Arc;
use std::time::Duration;

use doorstep_objects::{Incoming, List, ObjectsError, Put, Quota, Usage, Versioning, body};

use crate::setting::{Setting, bytes, settings};

/// Large enough for a file of its own.
const LARGE: usize = 400_000;

async fn coming(setting: &Setting, seed: u64, key: &str) -> Arc<Incoming> {
    let sent = body(bytes(seed, LARGE));
    Arc::new(setting.objects.take_in(&setting.bucket, key, sent, Put::default()).await.unwrap())
}

async fn keys(setting: &Setting) -> Vec<String> {
    let all = setting.objects.list(&setting.bucket, List { limit: 10, ..List::default() }).await.unwrap();
    all.objects.into_iter().map(|object| object.key).collect()
}

/// All of them or none.
async fn write(setting: &Setting, all: &[Arc<Incoming>]) -> Result<(), ObjectsError> {
    let all = all.to_vec();
    setting.store.write(move |tx| all.iter().try_for_each(|one| one.write(tx).map(drop))).await
}

/// Bytes that are given up are removed beside the caller.
async fn left(setting: &Setting, files: usize) {
    for _ in 0..500 {
        if setting.files().len() == files {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(setting.files().len(), files);
}

#[tokio::test]
async fn they_are_all_there_or_none_is() {
    for mut setting in settings().await {
        setting.versioning(Versioning::Enabled).await;
        let all = [coming(&setting, 1, "a").await, coming(&setting, 2, "b").await, coming(&setting, 1, "c").await];
        assert_eq!((keys(&setting).await.len(), setting.files().len()), (0, 3), "nobody sees any");
        write(&setting, &all).await.unwrap();
        drop(all);
        assert_eq!(keys(&setting).await, ["a", "b", "c"]);
        // Two have the same bytes.
        left(&setting, 2).await;
        assert_eq!(setting.read("c", doorstep_objects::Get::default()).await.unwrap(), bytes(1, LARGE));

        // The second finds no room.
        let quota = Quota { bytes: Some(4 * LARGE as u64 + 1), objects: None };
        setting.set(move |settings| settings.quota = Some(quota)).await;
        let all = [coming(&setting, 3, "d").await, coming(&setting, 4, "a").await];
        assert!(matches!(write(&setting, &all).await, Err(ObjectsError::QuotaExceeded(_))));
        assert_eq!(keys(&setting).await, ["a", "b", "c"]);
        let usage = setting.objects.usage(&setting.bucket).await.unwrap();
        assert_eq!(usage, Usage { objects: 3, bytes: 3 * LARGE as u64 }, "nor is there a version of it");
        all.iter().for_each(|one| one.undone());
        drop(all);
        left(&setting, 2).await;

        // After a refusal one of them may be written all the same.
        let one = coming(&setting, 3, "d").await;
        write(&setting, &[Arc::clone(&one), coming(&setting, 4, "a").await]).await.unwrap_err();
        write(&setting, &[one]).await.unwrap();
        assert_eq!(keys(&setting).await, ["a", "b", "c", "d"]);
    }
}

#[tokio::test]
async fn what_is_given_up_or_waits_too_long_leaves_nothing() {
    for setting in settings().await {
        drop(coming(&setting, 1, "a").await);
        left(&setting, 0).await;
        let late = coming(&setting, 2, "b").await;
        setting.clock.advance(Duration::from_secs(460));
        let refused = write(&setting, &[late]).await.unwrap_err();
        assert!(refused.to_string().contains("450 s"), "{refused}");
        left(&setting, 0).await;
        assert!(keys(&setting).await.is_empty());
    }
}
