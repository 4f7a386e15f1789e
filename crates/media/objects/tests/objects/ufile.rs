//! What UFile's calls need: new names, growing at the end, and parts by its rules.

use std::collections::BTreeMap;

use doorstep_objects::{
    Complete, CompletedPart, Delete, Get, NewUpload, ObjectsError, Put, PutPart, StorageClass, UFILE_BLOCK, UfileHash,
    WriteConditions, body,
};

use crate::setting::{Setting, bytes, settings};

fn hash(bytes: &[u8]) -> String {
    let mut hash = UfileHash::default();
    hash.update(bytes);
    hash.finish()
}

async fn append(setting: &Setting, key: &str, position: u64, data: &[u8]) -> Result<String, ObjectsError> {
    let put = Put { length: Some(data.len() as u64), ..Put::default() };
    let done = setting.objects.append(&setting.bucket, key, position, body(data.to_vec()), put).await?;
    Ok(done.object.etag)
}

#[tokio::test]
async fn an_object_gets_another_name() {
    for setting in settings().await {
        let (objects, bucket) = (&setting.objects, &setting.bucket);
        setting.put("a", b"bytes").await;
        let known = objects.change(bucket, "a", None, |meta| {
            meta.class = StorageClass::Archive;
            meta.user = BTreeMap::from([("k".to_owned(), "v".to_owned())]);
            Ok(())
        });
        let known = known.await.unwrap();
        setting.put("taken", b"other").await;
        let free = || WriteConditions { if_none_match: Some("*".to_owned()), ..WriteConditions::default() };
        let code = |e: ObjectsError| e.as_str();
        assert_eq!(objects.rename(bucket, "a", "taken", free()).await.map_err(code).err(), Some("precondition_failed"));
        assert_eq!(objects.rename(bucket, "none", "b", free()).await.map_err(code).err(), Some("no_such_key"));
        assert_eq!(objects.rename(bucket, "a", "a", free()).await.map_err(code).err(), Some("invalid_field"));
        let done = objects.rename(bucket, "a", "b", free()).await.unwrap();
        assert_eq!((done.object.meta, done.object.etag), (known.meta, known.etag));
        assert_eq!(setting.text("a").await, Err("no_such_key"));
        objects.rename(bucket, "b", "taken", WriteConditions::default()).await.unwrap();
        let usage = objects.usage(bucket).await.unwrap();
        assert_eq!((usage.objects, usage.bytes), (1, 5));
    }
}

#[tokio::test]
async fn an_object_grows_at_its_end() {
    for setting in settings().await {
        let (first, second) = (bytes(1, 70_000), bytes(2, 200_000));
        let one = append(&setting, "k", 0, &first).await.unwrap();
        assert!(matches!(append(&setting, "k", 1, b"x").await, Err(ObjectsError::InvalidState(_))));
        let two = append(&setting, "k", 70_000, &second).await.unwrap();
        assert!(one.len() == 32 && two.ends_with("-2"));
        // The same bytes again share their blob.
        append(&setting, "k", 270_000, &first).await.unwrap();
        let whole = [first.as_slice(), &second, &first].concat();
        assert_eq!(setting.read("k", Get::default()).await.unwrap(), whole);
        let object = setting.objects.head(&setting.bucket, "k", None).await.unwrap();
        assert_eq!((object.size, object.meta.ufile.clone()), (whole.len() as u64, None));
        assert_eq!(setting.objects.ufile_hash(&setting.bucket, &object).await.unwrap(), hash(&whole));
        assert!(matches!(append(&setting, "new", 5, b"x").await, Err(ObjectsError::InvalidState(_))));
        append(&setting, "empty", 0, b"").await.unwrap();
        append(&setting, "empty", 0, b"filled").await.unwrap();
        assert_eq!(setting.text("empty").await, Ok("filled".to_owned()));
        for key in ["k", "empty"] {
            setting.objects.delete(&setting.bucket, Delete { key: key.to_owned(), ..Delete::default() }).await.unwrap();
        }
        assert_eq!(setting.objects.usage(&setting.bucket).await.unwrap().bytes, 0);
    }
}

#[tokio::test]
async fn parts_by_ufiles_rules() {
    for setting in settings().await {
        let (objects, bucket) = (&setting.objects, &setting.bucket);
        let begin = || objects.create_upload(bucket, "k", NewUpload::default());
        let data = bytes(7, UFILE_BLOCK + 10);
        let upload = begin().await.unwrap();
        let mut named = Vec::new();
        for (n, piece) in data.chunks(UFILE_BLOCK).enumerate() {
            let put = PutPart { content_type: Some(format!("text/{n}")), ..PutPart::default() };
            let part = objects.put_part(bucket, "k", &upload.id, n as u32, body(piece.to_vec()), put).await.unwrap();
            assert_eq!(part.ufile, Some(hash(piece)));
            named.push(CompletedPart { number: n as u32, etag: part.ufile.unwrap(), checksum: None });
        }
        let page = objects.list_parts(bucket, None, &upload.id, None, 10).await.unwrap();
        assert_eq!(page.parts.iter().map(|p| p.ufile.clone()).collect::<Vec<_>>()[1], Some(hash(&data[UFILE_BLOCK..])));
        assert!(objects.list_parts(bucket, Some("other"), &upload.id, None, 10).await.is_err());
        let rules = Complete {
            multiple: Some(UFILE_BLOCK as u64),
            all: true,
            key_if_taken: Some("second".to_owned()),
            user: Some(BTreeMap::from([("a".to_owned(), "b".to_owned())])),
            ..Complete::default()
        };
        let one = Complete { parts: named[..1].to_vec(), ..rules.clone() };
        let refused = objects.complete_upload(bucket, "k", &upload.id, one).await;
        assert_eq!(refused.unwrap_err().as_str(), "invalid_field", "a part is not named");
        let all = Complete { parts: named.clone(), ..rules.clone() };
        let done = objects.complete_upload(bucket, "k", &upload.id, all.clone()).await.unwrap().object;
        assert_eq!((done.key.as_str(), done.meta.ufile.clone()), ("k", Some(hash(&data))));
        assert_eq!((done.meta.headers.content_type.as_deref(), done.meta.user.len()), (Some("text/0"), 1));
        // The key is taken by now.
        let upload = begin().await.unwrap();
        let put = PutPart::default();
        let part = objects.put_part(bucket, "k", &upload.id, 0, body(b"x".to_vec()), put).await.unwrap();
        let one =
            Complete { parts: vec![CompletedPart { number: 0, etag: part.etag, checksum: None }], ..rules.clone() };
        for _ in 0..2 {
            let done = objects.complete_upload(bucket, "k", &upload.id, one.clone()).await.unwrap();
            assert_eq!(done.object.key, "second", "also when the call comes again");
        }
        // Parts that do not end on a block.
        let upload = begin().await.unwrap();
        let mut odd = Vec::new();
        for n in 0..2 {
            let put = PutPart::default();
            let part = objects.put_part(bucket, "k", &upload.id, n, body(vec![n as u8; 9]), put).await.unwrap();
            odd.push(CompletedPart { number: n, etag: part.etag, checksum: None });
        }
        let refused = objects.complete_upload(bucket, "k", &upload.id, Complete { parts: odd, ..rules }).await;
        assert_eq!(refused.unwrap_err().as_str(), "invalid_field");
    }
}
