//! Listings against a plain model, page by page.

use std::collections::BTreeSet;

use doorstep_objects::{List, Put, body};

use crate::setting::{Setting, settings};

/// Entries of a listing as a reader of the protocol's description would make them.
fn model(keys: &BTreeSet<String>, prefix: &str, delimiter: Option<&str>) -> Vec<String> {
    let mut entries: Vec<String> = Vec::new();
    for key in keys.iter().filter(|k| k.starts_with(prefix)) {
        let rest = &key[prefix.len()..];
        let entry = match delimiter.and_then(|d| rest.find(d).map(|at| at + d.len())) {
            Some(end) => key[..prefix.len() + end].to_owned(),
            None => key.clone(),
        };
        if entries.last() != Some(&entry) {
            entries.push(entry);
        }
    }
    entries
}

async fn listed(setting: &Setting, prefix: &str, delimiter: Option<&str>, limit: usize) -> Vec<String> {
    let (mut entries, mut after) = (Vec::new(), None);
    loop {
        let list = List { prefix: prefix.to_owned(), delimiter: delimiter.map(str::to_owned), after, limit };
        let page = setting.objects.list(&setting.bucket, list).await.unwrap();
        assert!(page.objects.len() + page.prefixes.len() <= limit);
        let mut both: Vec<String> = page.objects.into_iter().map(|o| o.key).chain(page.prefixes).collect();
        both.sort();
        entries.extend(both);
        match page.next {
            Some(next) => after = Some(next),
            None => return entries,
        }
    }
}

#[tokio::test]
async fn pages_agree_with_the_model() {
    let words = [
        "", "a", "b", "a/", "a/a", "a/b", "a/b/", "a/b/c", "a/b0", "a0", "ab", "ü/x", "ü", "z/z/z", "~", "a//b", "/",
        "//",
    ];
    let mut keys: BTreeSet<String> = words.iter().filter(|w| !w.is_empty()).map(|w| (*w).to_owned()).collect();
    keys.extend((0..60).map(|n| format!("deep/{n:03}/leaf")));
    for setting in settings().await {
        for key in &keys {
            setting.objects.put(&setting.bucket, key, body(key.clone()), Put::default()).await.unwrap();
        }
        for prefix in ["", "a", "a/", "a/b", "deep/", "deep/01", "ü", "none"] {
            for delimiter in [None, Some("/"), Some("b"), Some("/b")] {
                for limit in [1, 2, 7, 1000] {
                    let expected = model(&keys, prefix, delimiter);
                    assert_eq!(
                        listed(&setting, prefix, delimiter, limit).await,
                        expected,
                        "{prefix} {delimiter:?} {limit}"
                    );
                }
            }
        }
        let none = setting.objects.list(&setting.bucket, List::default()).await.unwrap();
        assert_eq!(none, doorstep_objects::ListPage::default());
    }
}
