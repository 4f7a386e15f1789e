//! Objects in parts: order, digests, both ETags, copies of parts, and what is refused.

use doorstep_objects::{
    Algorithm, ByteRange, Complete, CompletedPart, Get, ListUploads, NewUpload, Part, PartCopy, PutPart, UFILE_BLOCK,
    UfileHash, body,
};

use crate::setting::{Setting, bytes, settings};

async fn part(setting: &Setting, id: &str, number: u32, data: &[u8]) -> Part {
    let put = PutPart { length: Some(data.len() as u64), ..PutPart::default() };
    setting.objects.put_part(&setting.bucket, "k", id, number, body(data.to_vec()), put).await.unwrap()
}

fn named(parts: &[Part]) -> Complete {
    let parts =
        parts.iter().map(|p| CompletedPart { number: p.number, etag: format!("\"{}\"", p.etag), checksum: None });
    Complete { parts: parts.collect(), ..Complete::default() }
}

#[tokio::test]
async fn parts_become_an_object() {
    for setting in settings().await {
        let data = bytes(5, 2 * UFILE_BLOCK + 12_345);
        let new = NewUpload { algorithm: Some(Algorithm::Crc32c), full: true, ..NewUpload::default() };
        let upload = setting.objects.create_upload(&setting.bucket, "k", new).await.unwrap();
        let mut parts = Vec::new();
        for (n, piece) in data.chunks(UFILE_BLOCK).enumerate() {
            // Each comes twice: the second counts.
            part(&setting, &upload.id, n as u32 + 1, b"wrong").await;
            parts.push(part(&setting, &upload.id, n as u32 + 1, piece).await);
        }
        part(&setting, &upload.id, 9, b"left out").await;
        let page = setting.objects.list_parts(&setting.bucket, Some("k"), &upload.id, Some(1), 2).await.unwrap();
        assert_eq!(page.parts.iter().map(|p| p.number).collect::<Vec<_>>(), [2, 3]);
        assert_eq!(page.next, Some(3));
        let complete = named(&parts);
        let done = setting.objects.complete_upload(&setting.bucket, "k", &upload.id, complete.clone()).await.unwrap();
        assert!(done.object.etag.ends_with("-3"));
        let mut hash = UfileHash::default();
        hash.update(&data);
        assert_eq!(done.object.meta.ufile, Some(hash.finish()));
        let whole = setting.put("whole", &data).await;
        assert_eq!(whole.object.size, done.object.size);
        assert_eq!(setting.read("k", Get::default()).await.unwrap(), data);
        let range = Get { range: ByteRange::parse("bytes=4194000-4195000"), ..Get::default() };
        assert_eq!(setting.read("k", range).await.unwrap(), &data[4_194_000..=4_195_000]);
        assert_eq!(
            setting.read("k", Get { part: Some(2), ..Get::default() }).await.unwrap(),
            &data[UFILE_BLOCK..2 * UFILE_BLOCK]
        );
        // The answer was lost and the call comes again.
        let again = setting.objects.complete_upload(&setting.bucket, "k", &upload.id, complete).await.unwrap();
        assert_eq!(again.object.uid, done.object.uid);
        assert_eq!(setting.objects.parts_of(&done.object, 0, 10).await.unwrap().len(), 3);
        let none = setting.objects.list_uploads(&setting.bucket, ListUploads { limit: 10, ..ListUploads::default() });
        assert_eq!(none.await.unwrap().uploads, []);
    }
}

#[tokio::test]
async fn a_part_is_copied_from_an_object() {
    for setting in settings().await {
        let data = bytes(6, 300_000);
        setting.put("from", &data).await;
        let upload = setting.objects.create_upload(&setting.bucket, "k", NewUpload::default()).await.unwrap();
        let copy = |range: &str| PartCopy { range: ByteRange::parse(range), ..PartCopy::default() };
        let bucket = &setting.bucket;
        let one = setting
            .objects
            .copy_part(bucket, "from", bucket, "k", &upload.id, 1, copy("bytes=10-200000"))
            .await
            .unwrap();
        let two =
            setting.objects.copy_part(bucket, "from", bucket, "k", &upload.id, 2, PartCopy::default()).await.unwrap();
        let out = setting.objects.copy_part(bucket, "from", bucket, "k", &upload.id, 3, copy("bytes=0-300000")).await;
        assert_eq!(out.unwrap_err().as_str(), "invalid_range");
        setting.objects.complete_upload(bucket, "k", &upload.id, named(&[one, two])).await.unwrap();
        assert_eq!(setting.read("k", Get::default()).await.unwrap(), [&data[10..=200_000], &data].concat());
    }
}

#[tokio::test]
async fn what_cannot_be_completed() {
    for setting in settings().await {
        let upload = setting.objects.create_upload(&setting.bucket, "k", NewUpload::default()).await.unwrap();
        let one = part(&setting, &upload.id, 1, b"one").await;
        let two = part(&setting, &upload.id, 2, b"two").await;
        let try_it = |complete: Complete| async {
            let done = setting.objects.complete_upload(&setting.bucket, "k", &upload.id, complete).await;
            done.map(|_| ()).map_err(|e| e.as_str())
        };
        assert_eq!(try_it(Complete::default()).await, Err("invalid_field"));
        assert_eq!(try_it(named(&[two.clone(), one.clone()])).await, Err("part_order"));
        assert_eq!(try_it(named(&[Part { number: 3, ..one.clone() }])).await, Err("invalid_part"));
        assert_eq!(try_it(named(&[Part { etag: two.etag.clone(), ..one.clone() }])).await, Err("invalid_part"));
        assert_eq!(try_it(Complete { least: 5, ..named(&[one.clone(), two.clone()]) }).await, Err("part_too_small"));
        setting.objects.abort_upload(&setting.bucket, "k", &upload.id).await.unwrap();
        assert_eq!(try_it(named(&[one, two])).await, Err("no_such_upload"));
        assert_eq!(setting.text("k").await, Err("no_such_key"));
    }
}

#[tokio::test]
async fn uploads_are_listed_in_pages() {
    for setting in settings().await {
        for key in ["a/1", "a/2", "b", "b", "c/1"] {
            setting.objects.create_upload(&setting.bucket, key, NewUpload::default()).await.unwrap();
        }
        let (mut seen, mut list) = (Vec::new(), ListUploads { limit: 1, ..ListUploads::default() });
        loop {
            let page = setting.objects.list_uploads(&setting.bucket, list.clone()).await.unwrap();
            seen.extend(page.uploads.into_iter().map(|u| u.key));
            let Some((key, id)) = page.next else { break };
            (list.after, list.after_id) = (Some(key), Some(id));
        }
        assert_eq!(seen, ["a/1", "a/2", "b", "b", "c/1"]);
        let grouped = ListUploads { limit: 10, delimiter: Some("/".to_owned()), ..ListUploads::default() };
        let page = setting.objects.list_uploads(&setting.bucket, grouped).await.unwrap();
        assert_eq!((page.prefixes, page.uploads.len()), (vec!["a/".to_owned(), "c/".to_owned()], 2));
        let within = ListUploads { limit: 10, prefix: "b".to_owned(), ..ListUploads::default() };
        assert_eq!(setting.objects.list_uploads(&setting.bucket, within).await.unwrap().uploads.len(), 2);
    }
}
