//! Putting, reading, conditions, copies, deletes, quotas.

use doorstep_objects::{
    Algorithm, ByteRange, Copy, Delete, Directive, Expected, Get, Headers, NewBucket, NewUpload, ObjectsError, Put,
    Quota, ReadConditions, WriteConditions, body,
};

use crate::setting::{TENANT, bytes, settings};

#[tokio::test]
async fn what_was_put_comes_back() {
    for setting in settings().await {
        for (key, len) in [("empty", 0), ("small", 5), ("a/b c/ü", 70_000), ("packed", 131_072), ("large", 3_000_001)]
        {
            let data = bytes(len as u64, len);
            let written = setting.put(key, &data).await;
            assert_eq!(written.object.size, len as u64);
            assert_eq!(setting.read(key, Get::default()).await.unwrap(), data, "{key}");
            let head = setting.objects.head(&setting.bucket, key, None).await.unwrap();
            assert_eq!(head, written.object);
        }
        let get = |range| Get { range: ByteRange::parse(range), ..Get::default() };
        let large = bytes(3_000_001, 3_000_001);
        assert_eq!(setting.read("large", get("bytes=65530-1400000")).await.unwrap(), &large[65_530..=1_400_000]);
        for (range, partial) in [("bytes=0-4", true), ("bytes=0-", true), ("bytes=-9", true), ("pages=1", false)] {
            let found = setting.objects.get(&setting.bucket, "small", get(range)).await.unwrap();
            assert_eq!((found.partial, found.range.clone()), (partial, 0..5), "{range}");
        }
        assert_eq!(setting.read("large", get("bytes=-1")).await.unwrap(), &large[3_000_000..]);
        assert!(matches!(setting.read("small", get("bytes=5-")).await, Err(ObjectsError::InvalidRange { size: 5 })));
        assert_eq!(setting.text("absent").await, Err("no_such_key"));
        let usage = setting.objects.usage(&setting.bucket).await.unwrap();
        let all = setting.objects.usages(0, 10).await.unwrap();
        let ours = all.iter().find(|b| b.name == setting.bucket.name).unwrap();
        assert_eq!((ours.usage, &ours.tenant), (usage, &setting.bucket.tenant));
        assert!(setting.objects.usages(all.last().unwrap().id, 10).await.unwrap().is_empty());
        assert_eq!((usage.objects, usage.bytes), (5, 5 + 70_000 + 131_072 + 3_000_001));
    }
}

#[tokio::test]
async fn both_etags_come_from_one_pass() {
    for setting in settings().await {
        let written = setting.put("k", "hello".repeat(10).as_bytes()).await;
        assert_eq!(written.object.meta.ufile.as_deref(), Some("AQAAAHthfaMsW_jvB2b-1TxUT7vfHIsW"));
        let written = setting.put("z", &vec![b'z'; 4 << 20]).await;
        assert_eq!(written.object.meta.ufile.as_deref(), Some("AQAAAFZFurKk4oRfCwOEQHE6MqQJfPOJ"));
        let written = setting.put("h", b"hello").await;
        assert_eq!(written.object.etag, "5d41402abc4b2a76b9719d911017c592");
    }
}

#[tokio::test]
async fn announced_digests_and_lengths_are_held_to() {
    for setting in settings().await {
        let put = |put: Put| async {
            let done = setting.objects.put(&setting.bucket, "k", body(b"hello".as_slice()), put).await;
            done.map(|w| w.object.meta.checksum.map(|c| c.value)).map_err(|e| e.as_str())
        };
        let crc = |expected| Put { checksum: Some((Algorithm::Crc32, expected)), ..Put::default() };
        assert_eq!(put(crc(Expected::Value("AAAAAA==".to_owned()))).await, Err("bad_digest"));
        assert_eq!(put(crc(Expected::Trailing(Box::new(|| Some("AAAAAA==".to_owned()))))).await, Err("bad_digest"));
        assert_eq!(put(Put { md5: Some([0; 16]), ..Put::default() }).await, Err("bad_digest"));
        assert_eq!(put(Put { length: Some(6), ..Put::default() }).await, Err("incomplete_body"));
        assert_eq!(put(Put { length: Some(6 << 30), ..Put::default() }).await, Err("too_large"));
        assert_eq!(setting.text("k").await, Err("no_such_key"));
        assert_eq!(put(crc(Expected::Value("NhCmhg==".to_owned()))).await, Ok(Some("NhCmhg==".to_owned())));
        assert_eq!(setting.text("k").await.unwrap(), "hello");
    }
}

#[tokio::test]
async fn conditions_hold_at_the_moment_of_the_write() {
    for setting in settings().await {
        let put = |text: &'static str, conditions: WriteConditions| async {
            let put = Put { conditions, ..Put::default() };
            setting.objects.put(&setting.bucket, "k", body(text.as_bytes()), put).await.map_err(|e| e.as_str())
        };
        let absent = || WriteConditions { if_none_match: Some("*".to_owned()), ..WriteConditions::default() };
        let matching = |etag: &str| WriteConditions { if_match: Some(etag.to_owned()), ..WriteConditions::default() };
        assert_eq!(put("x", matching("abc")).await.err(), Some("no_such_key"));
        let first = put("one", absent()).await.unwrap();
        assert_eq!(put("two", absent()).await.err(), Some("precondition_failed"));
        put("two", matching(&format!("\"{}\"", first.object.etag))).await.unwrap();
        assert_eq!(put("three", matching(&first.object.etag)).await.err(), Some("precondition_failed"));
        assert_eq!(setting.text("k").await.unwrap(), "two");
        // Of many that want to be first, one is.
        let many = (0..12).map(|_| async {
            let put = Put { conditions: absent(), ..Put::default() };
            setting.objects.put(&setting.bucket, "race", body(b"r".as_slice()), put).await.is_ok()
        });
        assert_eq!(futures::future::join_all(many).await.into_iter().filter(|won| *won).count(), 1);
        let known = ReadConditions { if_none_match: Some(first.object.etag), ..ReadConditions::default() };
        assert!(setting.read("k", Get { conditions: known, ..Get::default() }).await.is_ok());
    }
}

#[tokio::test]
async fn copies_share_bytes_and_change_what_they_are_told_to() {
    for setting in settings().await {
        let mut put = Put::default();
        put.meta.headers.content_type = Some("text/plain".to_owned());
        put.meta.tags = vec![("a".to_owned(), "b".to_owned())];
        let data = bytes(1, 500_000);
        setting.objects.put(&setting.bucket, "from", body(data.clone()), put).await.unwrap();
        let other = setting.objects.create_bucket(TENANT, "other", NewBucket::default()).await.unwrap();
        let copied = setting.objects.copy(&setting.bucket, "from", &other, "to", Copy::default()).await.unwrap();
        assert_eq!(copied.object.meta.headers.content_type.as_deref(), Some("text/plain"));
        let headers = Headers { content_type: Some("image/png".to_owned()), ..Headers::default() };
        let replace = Copy {
            meta: Directive::Replace((headers, Default::default())),
            tags: Directive::Replace(vec![]),
            ..Copy::default()
        };
        // Onto itself: the bytes stay.
        let here = setting.objects.copy(&setting.bucket, "from", &setting.bucket, "from", replace).await.unwrap();
        assert_eq!(here.object.meta.headers.content_type.as_deref(), Some("image/png"));
        assert!(here.object.meta.tags.is_empty());
        assert_eq!(setting.read("from", Get::default()).await.unwrap(), data);
        setting.objects.delete(&setting.bucket, Delete { key: "from".to_owned(), ..Delete::default() }).await.unwrap();
        let read = setting.objects.get(&other, "to", Get::default()).await.unwrap();
        assert_eq!(read.collect(1 << 20).await.unwrap(), data);
        let foreign = setting.objects.create_bucket("night-cabs", "foreign", NewBucket::default()).await.unwrap();
        setting.objects.copy(&other, "to", &foreign, "x", Copy::default()).await.unwrap();
        let rows = setting.store.read(|tx| tx.query("SELECT tenant FROM blobs WHERE refs > 0", &[])).await.unwrap();
        assert_eq!(rows.len(), 2, "tenants share no bytes");
        let read = setting.objects.get(&foreign, "x", Get::default()).await.unwrap();
        assert_eq!(read.collect(1 << 20).await.unwrap(), data);
    }
}

#[tokio::test]
async fn buckets_are_made_found_and_deleted_when_empty() {
    for setting in settings().await {
        let objects = &setting.objects;
        let again = objects.create_bucket(TENANT, "photos", NewBucket::default()).await.unwrap_err();
        assert!(matches!(again, ObjectsError::BucketExists { yours: true, .. }));
        let theirs = objects.create_bucket("night-cabs", "photos", NewBucket::default()).await.unwrap_err();
        assert!(matches!(theirs, ObjectsError::BucketExists { yours: false, .. }));
        assert!(objects.create_bucket(TENANT, "No", NewBucket::default()).await.is_err());
        setting.put("k", b"x").await;
        assert_eq!(objects.delete_bucket("photos").await.unwrap_err().as_str(), "bucket_not_empty");
        objects.delete(&setting.bucket, Delete { key: "k".to_owned(), ..Delete::default() }).await.unwrap();
        for key in 0..11 {
            objects.create_upload(&setting.bucket, &key.to_string(), NewUpload::default()).await.unwrap();
        }
        objects.delete_bucket("photos").await.unwrap();
        assert_eq!(objects.bucket("photos").await.unwrap_err().as_str(), "no_such_bucket");
        let late = objects.put(&setting.bucket, "k", body(b"x".as_slice()), Put::default()).await;
        assert_eq!(late.unwrap_err().as_str(), "no_such_bucket");
        assert_eq!(objects.buckets(TENANT, "", "", 10).await.unwrap(), []);
    }
}

#[tokio::test]
async fn a_quota_is_not_exceeded() {
    for mut setting in settings().await {
        setting.set(|s| s.quota = Some(Quota { bytes: Some(10), objects: Some(2) })).await;
        setting.put("a", b"12345").await;
        setting.put("b", b"12345").await;
        let put = |key: &'static str, text: &'static str| async {
            let done = setting.objects.put(&setting.bucket, key, body(text.as_bytes()), Put::default()).await;
            done.map(|_| ()).map_err(|e| e.as_str())
        };
        assert_eq!(put("a", "123456").await, Err("quota_exceeded"));
        assert_eq!(put("c", "").await, Err("quota_exceeded"));
        assert_eq!(put("a", "1").await, Ok(()));
        assert_eq!(setting.text("a").await.unwrap(), "1");
    }
}
