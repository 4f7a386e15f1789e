//! Versions and delete markers, against a plain model of them.

use doorstep_objects::{Delete, Get, ListVersions, Versioning};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::setting::{Setting, settings};

async fn delete(setting: &Setting, key: &str, version: Option<&str>) -> doorstep_objects::Deleted {
    let delete = Delete { key: key.to_owned(), version: version.map(str::to_owned), ..Delete::default() };
    setting.objects.delete(&setting.bucket, delete).await.unwrap()
}

#[tokio::test]
async fn old_versions_stay_and_come_back() {
    for mut setting in settings().await {
        setting.put("k", b"null").await;
        setting.versioning(Versioning::Enabled).await;
        let one = setting.put("k", b"one").await.object;
        let two = setting.put("k", b"two").await.object;
        let version = |id: &str| Get { version: Some(id.to_owned()), ..Get::default() };
        assert_eq!(setting.read("k", version(one.version())).await.unwrap(), b"one");
        assert_eq!(setting.read("k", version("null")).await.unwrap(), b"null");
        assert_eq!(setting.read("k", version("nope")).await.unwrap_err().as_str(), "no_such_version");

        let marker = delete(&setting, "k", None).await;
        assert!(marker.marker);
        assert_eq!(setting.text("k").await, Err("no_such_key"));
        let of_marker = setting.read("k", version(marker.version.as_deref().unwrap())).await;
        assert_eq!(of_marker.unwrap_err().as_str(), "is_delete_marker");
        // The marker's own end brings the newest version back.
        assert!(delete(&setting, "k", marker.version.as_deref()).await.marker);
        assert_eq!(setting.text("k").await.unwrap(), "two");
        delete(&setting, "k", Some(two.version())).await;
        assert_eq!(setting.text("k").await.unwrap(), "one");

        setting.versioning(Versioning::Suspended).await;
        setting.put("k", b"new null").await;
        assert_eq!(setting.read("k", version("null")).await.unwrap(), b"new null");
        assert_eq!(setting.read("k", version(one.version())).await.unwrap(), b"one");
        let usage = setting.objects.usage(&setting.bucket).await.unwrap();
        assert_eq!((usage.objects, usage.bytes), (2, 11));
    }
}

/// What a user may do to one of two keys.
#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Delete(u8),
    /// Deletes the nth version of the key.
    DeleteVersion(u8, usize),
    Versioning(Versioning),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (0_u8..2).prop_map(Step::Put),
        2 => (0_u8..2).prop_map(Step::Delete),
        2 => ((0_u8..2), (0_usize..6)).prop_map(|(k, n)| Step::DeleteVersion(k, n)),
        1 => prop_oneof![Just(Versioning::Enabled), Just(Versioning::Suspended)].prop_map(Step::Versioning),
    ];
    proptest::collection::vec(step, 1..25)
}

/// The plain model: versions of a key, newest first; `None` for a marker's bytes.
type Model = [Vec<(String, Option<String>)>; 2];

async fn follow(setting: &mut Setting, steps: Vec<Step>) {
    let mut model: Model = [Vec::new(), Vec::new()];
    let mut versioning = Versioning::Off;
    for (n, step) in steps.into_iter().enumerate() {
        match step {
            Step::Versioning(to) => {
                setting.versioning(to).await;
                versioning = to;
            }
            Step::Put(k) => {
                let text = format!("{n}");
                let written = setting.put(&format!("key{k}"), text.as_bytes()).await.object;
                let versions = &mut model[k as usize];
                if versioning != Versioning::Enabled {
                    versions.retain(|(id, _)| id != "null");
                }
                versions.insert(0, (written.version().to_owned(), Some(text)));
            }
            Step::Delete(k) => {
                let deleted = delete(setting, &format!("key{k}"), None).await;
                let versions = &mut model[k as usize];
                if versioning != Versioning::Enabled {
                    versions.retain(|(id, _)| id != "null");
                }
                if versioning != Versioning::Off {
                    versions.insert(0, (deleted.version.unwrap(), None));
                }
            }
            Step::DeleteVersion(k, nth) => {
                let versions = &mut model[k as usize];
                if nth < versions.len() {
                    let (id, _) = versions.remove(nth);
                    delete(setting, &format!("key{k}"), Some(&id)).await;
                }
            }
        }
        compare(setting, &model).await;
    }
}

async fn compare(setting: &Setting, model: &Model) {
    let page = setting.objects.list_versions(&setting.bucket, ListVersions { limit: 1000, ..ListVersions::default() });
    let listed: Vec<(String, String, bool, bool)> = page
        .await
        .unwrap()
        .versions
        .into_iter()
        .map(|v| (v.object.key.clone(), v.object.version().to_owned(), v.marker, v.latest))
        .collect();
    let mut expected = Vec::new();
    for (k, versions) in model.iter().enumerate() {
        for (n, (id, text)) in versions.iter().enumerate() {
            expected.push((format!("key{k}"), id.clone(), text.is_none(), n == 0));
        }
        let shown = versions.first().and_then(|(_, text)| text.clone());
        assert_eq!(setting.text(&format!("key{k}")).await.ok(), shown);
    }
    assert_eq!(listed, expected);
    // In pages of one, the same.
    let (mut after, mut version, mut paged) = (None, None, Vec::new());
    loop {
        let list = ListVersions { after, version, limit: 1, ..ListVersions::default() };
        let page = setting.objects.list_versions(&setting.bucket, list).await.unwrap();
        paged.extend(page.versions.into_iter().map(|v| {
            let version = v.object.version().to_owned();
            (v.object.key, version, v.marker, v.latest)
        }));
        let Some((key, id)) = page.next else { break };
        (after, version) = (Some(key), id);
    }
    assert_eq!(paged, expected);
}

#[test]
fn any_history_agrees_with_the_model() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut runner = TestRunner::new(Config { cases: 12, failure_persistence: None, ..Config::default() });
    runner
        .run(&steps(), |steps| {
            runtime.block_on(async {
                for mut setting in settings().await {
                    follow(&mut setting, steps.clone()).await;
                }
            });
            Ok(())
        })
        .unwrap();
}
