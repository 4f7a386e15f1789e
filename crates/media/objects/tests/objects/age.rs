//! Lifecycle rules over a manual clock.

use std::time::Duration;

use doorstep_objects::{Delete, Due, Get, LifecycleRule, ListVersions, NewUpload, StorageClass, Versioning};

use crate::setting::settings;

const DAY: Duration = Duration::from_secs(86_400);

fn rule(id: &str, prefix: &str) -> LifecycleRule {
    LifecycleRule { id: id.to_owned(), enabled: true, prefix: prefix.to_owned(), ..LifecycleRule::default() }
}

#[tokio::test]
async fn objects_cool_down_and_go() {
    for mut setting in settings().await {
        setting
            .set(|s| {
                s.lifecycle = vec![
                    LifecycleRule { expire: Some(Due::Days(10)), ..rule("expire", "log/") },
                    LifecycleRule { transitions: vec![(Due::Days(2), StorageClass::Archive)], ..rule("cool", "") },
                    LifecycleRule { abort_days: Some(1), ..rule("abort", "") },
                ];
            })
            .await;
        setting.put("log/a", b"x").await;
        setting.put("keep", b"x").await;
        setting.objects.create_upload(&setting.bucket, "u", NewUpload::default()).await.unwrap();
        assert_eq!(setting.objects.age().await.unwrap(), doorstep_objects::Aged::default());
        setting.clock.advance(3 * DAY);
        let aged = setting.objects.age().await.unwrap();
        assert_eq!((aged.moved, aged.expired, aged.aborted), (2, 0, 1));
        let head = setting.objects.head(&setting.bucket, "keep", None).await.unwrap();
        assert_eq!(head.meta.class, StorageClass::Archive);
        assert!(!head.readable(setting.objects.now()));
        setting.clock.advance(9 * DAY);
        assert_eq!(setting.objects.age().await.unwrap().expired, 1);
        assert_eq!(setting.text("log/a").await, Err("no_such_key"));
        assert!(setting.read("keep", Get::default()).await.is_ok());
    }
}

#[tokio::test]
async fn old_versions_and_lonely_markers_go() {
    for mut setting in settings().await {
        setting.versioning(Versioning::Enabled).await;
        setting
            .set(|s| {
                s.lifecycle = vec![LifecycleRule {
                    noncurrent_days: Some(5),
                    noncurrent_keep: Some(1),
                    expired_markers: true,
                    ..rule("old", "")
                }];
            })
            .await;
        for text in ["one", "two", "three", "four"] {
            setting.put("k", text.as_bytes()).await;
        }
        setting.put("gone", b"x").await;
        setting.objects.delete(&setting.bucket, Delete { key: "never".to_owned(), ..Delete::default() }).await.unwrap();
        setting.clock.advance(7 * DAY);
        // Two of the three old versions; and a marker behind which there is nothing.
        assert_eq!(setting.objects.age().await.unwrap().expired, 3);
        let list = ListVersions { limit: 100, ..ListVersions::default() };
        let left: Vec<String> = setting
            .objects
            .list_versions(&setting.bucket, list)
            .await
            .unwrap()
            .versions
            .into_iter()
            .map(|v| v.object.key)
            .collect();
        assert_eq!(left, ["gone", "k", "k"]);
        assert_eq!(setting.text("k").await.unwrap(), "four");
    }
}
