//! Encryption: what lies on disk tells nothing, what is read is what was written, and keys are wanted.

use std::sync::Arc;

use doorstep_objects::{
    ByteRange, Complete, CompletedPart, Copy, CustomerKey, DefaultEncryption, Encrypt, Get, MasterKey, NewUpload,
    Objects, PartCopy, Put, PutPart, Sealed, body,
};

use crate::setting::{Setting, bytes, config, settings};

/// Stands in the middle of every body here, so that it would be found on disk.
const WORDS: &[u8] = b"the secret recipe of the noodle shop";

fn secret(seed: u64, len: usize) -> Vec<u8> {
    let mut data = bytes(seed, len);
    let at = len / 2;
    data[at..at + WORDS.len()].copy_from_slice(WORDS);
    data
}

fn on_disk(setting: &Setting) -> bool {
    let holds = |bytes: &[u8]| bytes.windows(WORDS.len()).any(|window| window == WORDS);
    setting.files().iter().any(|file| holds(&std::fs::read(file).unwrap()))
}

fn key(n: u8) -> CustomerKey {
    CustomerKey::new([n; 32])
}

async fn put(setting: &Setting, name: &str, data: &[u8], encrypt: Encrypt) -> doorstep_objects::Object {
    let put = Put { encrypt, ..Put::default() };
    setting.objects.put(&setting.bucket, name, body(data.to_vec()), put).await.unwrap().object
}

async fn refused(setting: &Setting, name: &str, key: Option<CustomerKey>) -> &'static str {
    setting.read(name, Get { key, ..Get::default() }).await.unwrap_err().as_str()
}

#[tokio::test]
async fn encrypted_bytes_are_not_found_on_disk_and_come_back() {
    for mut setting in settings().await {
        let sizes = [100, 1_000, 65_519, 65_520, 65_521, 300_000];
        for (n, size) in sizes.into_iter().enumerate() {
            for (name, encrypt, needs) in [
                ("node", Encrypt::Node, None),
                ("named", Encrypt::Named("photos".to_owned()), None),
                ("own", Encrypt::Customer(key(1)), Some(key(1))),
            ] {
                let (name, data) = (format!("{name}-{size}"), secret(n as u64, size));
                put(&setting, &name, &data, encrypt).await;
                let get = |range| Get { key: needs.clone(), range, ..Get::default() };
                assert_eq!(setting.read(&name, get(None)).await.unwrap(), data);
                for (first, last) in
                    [(0, 0), (10, 50), (size as u64 / 2, size as u64 - 1), (size as u64 - 1, size as u64 + 9)]
                {
                    let range = ByteRange::From { first, last: Some(last) };
                    let wanted = &data[first as usize..(last as usize + 1).min(size)];
                    assert_eq!(setting.read(&name, get(Some(range))).await.unwrap(), wanted, "{name} {first}-{last}");
                }
            }
        }
        assert!(!on_disk(&setting));
        setting.set(|s| s.encryption = Some(DefaultEncryption::Node)).await;
        let object = put(&setting, "by default", &secret(9, 500), Encrypt::Default).await;
        assert_eq!(object.meta.sealed, Some(Sealed::Node));
        assert!(!on_disk(&setting));
        setting.set(|s| s.encryption = None).await;
        put(&setting, "plain", &secret(9, 500), Encrypt::Default).await;
        assert!(on_disk(&setting), "the search finds what is not encrypted");
        assert_eq!(put(&setting, "empty", b"", Encrypt::Node).await.size, 0);
        assert_eq!(setting.read("empty", Get::default()).await.unwrap(), b"");
    }
}

#[tokio::test]
async fn a_customers_key_is_wanted_each_time_and_lies_nowhere() {
    for setting in settings().await {
        let data = secret(1, 100_000);
        let object = put(&setting, "a", &data, Encrypt::Customer(key(7))).await;
        assert_eq!(refused(&setting, "a", None).await, "customer_key");
        assert_eq!(refused(&setting, "a", Some(key(8))).await, "customer_key");
        setting.put("plain", b"x").await;
        assert_eq!(refused(&setting, "plain", Some(key(7))).await, "customer_key");
        assert_eq!(object.meta.ufile, None, "no hash of the bytes is kept");
        let again = put(&setting, "b", &data, Encrypt::Customer(key(7))).await;
        assert_ne!(again.etag, object.etag);
        let raw = [7_u8; 32];
        let hex = "07".repeat(32);
        for file in setting.files() {
            let bytes = std::fs::read(file).unwrap();
            assert!(!bytes.windows(32).any(|w| w == raw));
        }
        let rows = setting
            .store
            .read(|tx| tx.query("SELECT seal AS text FROM blobs UNION ALL SELECT body FROM objects", &[]))
            .await;
        for row in rows.unwrap() {
            let text = row.opt_text("text").unwrap().unwrap_or_default();
            assert!(!text.contains(&hex) && !text.contains("BwcHBwcHBwcHBwcH"), "{text}");
        }
    }
}

#[tokio::test]
async fn equal_bytes_are_one_blob_only_under_the_same_kind_of_key() {
    for setting in settings().await {
        let data = secret(3, 400_000);
        let count = async || {
            let rows = setting.store.read(|tx| tx.query("SELECT id FROM blobs", &[])).await;
            rows.unwrap().len()
        };
        put(&setting, "a", &data, Encrypt::Node).await;
        put(&setting, "b", &data, Encrypt::Node).await;
        assert_eq!(count().await, 1);
        put(&setting, "c", &data, Encrypt::Default).await;
        put(&setting, "d", &data, Encrypt::Named("photos".to_owned())).await;
        assert_eq!(count().await, 3);
        put(&setting, "e", &data, Encrypt::Customer(key(1))).await;
        put(&setting, "f", &data, Encrypt::Customer(key(1))).await;
        assert_eq!(count().await, 5);
        for name in ["a", "b", "c", "d"] {
            assert_eq!(setting.read(name, Get::default()).await.unwrap(), data, "{name}");
        }
    }
}

#[tokio::test]
async fn parts_and_copies_keep_to_their_keys() {
    for setting in settings().await {
        let data = secret(4, 300_000);
        for (encrypt, needs) in [(Encrypt::Node, None), (Encrypt::Customer(key(2)), Some(key(2)))] {
            let new = NewUpload { encrypt, ..NewUpload::default() };
            let upload = setting.objects.create_upload(&setting.bucket, "parts", new).await.unwrap();
            let mut parts = Vec::new();
            for (ix, piece) in data.chunks(110_000).enumerate() {
                let number = ix as u32 + 1;
                let put = PutPart { key: needs.clone(), ..PutPart::default() };
                let part =
                    setting.objects.put_part(&setting.bucket, "parts", &upload.id, number, body(piece.to_vec()), put);
                parts.push(CompletedPart { number, etag: part.await.unwrap().etag, checksum: None });
            }
            if needs.is_some() {
                for bad in [None, Some(key(3))] {
                    let put = PutPart { key: bad, ..PutPart::default() };
                    let part = setting.objects.put_part(&setting.bucket, "parts", &upload.id, 9, body("x"), put).await;
                    assert_eq!(part.unwrap_err().as_str(), "customer_key");
                }
            }
            let complete = Complete { parts, customer: needs.clone(), ..Complete::default() };
            setting.objects.complete_upload(&setting.bucket, "parts", &upload.id, complete).await.unwrap();
            let get = |range| Get { key: needs.clone(), range, ..Get::default() };
            assert_eq!(setting.read("parts", get(None)).await.unwrap(), data);
            let range = ByteRange::From { first: 109_990, last: Some(220_010) };
            assert_eq!(setting.read("parts", get(Some(range))).await.unwrap(), &data[109_990..=220_010]);

            for (encrypt, reads) in [
                (Encrypt::Default, None),
                (Encrypt::Node, None),
                (Encrypt::Named("photos".to_owned()), None),
                (Encrypt::Customer(key(5)), Some(key(5))),
            ] {
                let copy = Copy { encrypt, source_key: needs.clone(), ..Copy::default() };
                setting.objects.copy(&setting.bucket, "parts", &setting.bucket, "copy", copy).await.unwrap();
                assert_eq!(setting.read("copy", Get { key: reads, ..Get::default() }).await.unwrap(), data);
            }
            if needs.is_some() {
                let copied = setting.objects.copy(&setting.bucket, "parts", &setting.bucket, "copy", Copy::default());
                assert_eq!(copied.await.unwrap_err().as_str(), "customer_key");
            }
            let new = NewUpload { encrypt: Encrypt::Customer(key(6)), ..NewUpload::default() };
            let upload = setting.objects.create_upload(&setting.bucket, "p", new).await.unwrap();
            let copy = PartCopy { source_key: needs.clone(), key: Some(key(6)), ..PartCopy::default() };
            let (objects, bucket) = (&setting.objects, &setting.bucket);
            let part = objects.copy_part(bucket, "parts", bucket, "p", &upload.id, 1, copy).await.unwrap();
            assert_eq!(part.size, 300_000);
        }
    }
}

#[tokio::test]
async fn another_node_key_opens_nothing_and_a_flipped_bit_is_found() {
    for setting in settings().await {
        let data = secret(5, 300_000);
        put(&setting, "a", &data, Encrypt::Node).await;
        let mut other = config();
        other.master = Some(MasterKey::new(&[2; 32], ["photos".to_owned()]));
        let clock = Arc::new(setting.clock.clone());
        let thief = Objects::new(setting.store.clone(), setting.blobs.clone(), clock, other);
        assert_eq!(thief.get(&setting.bucket, "a", Get::default()).await.unwrap_err().as_str(), "invalid_state");
        let file = setting.files().into_iter().find(|f| f.metadata().unwrap().len() > 150_000).unwrap();
        let mut damaged = std::fs::read(&file).unwrap();
        damaged[150_000] ^= 1;
        std::fs::write(&file, damaged).unwrap();
        assert!(setting.read("a", Get::default()).await.is_err());
        let (found, _) = setting.objects.scrub("").await.unwrap();
        assert_eq!(found.damaged.len(), 1);
        put(&setting, "b", &data, Encrypt::Node).await;
        assert_eq!(setting.read("a", Get::default()).await.unwrap(), data, "the same bytes heal it, under a new key");
    }
}
