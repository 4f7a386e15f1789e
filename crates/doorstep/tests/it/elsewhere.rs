//! One Doorstep that keeps its bytes in a bucket of another one.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use doorstep::roles::Role;
use reqwest::Method;

use crate::{
    bucket::Bucket,
    child::{self, Running},
    support::Server,
};

/// Bytes that do not repeat from one block to the next.
pub(crate) fn bytes(seed: u64, len: usize) -> Vec<u8> {
    let first = seed << 32;
    (first..first + len as u64).map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()[0]).collect()
}

/// A front whose bytes go to the bucket `behind` of this one.
fn front(behind: &Server, data: &Path) -> Command {
    let (access, secret) = behind.admin.key.split_once(':').unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
    command.args(child::up(data)).env_clear().envs([
        ("AWS_ACCESS_KEY_ID", access),
        ("AWS_SECRET_ACCESS_KEY", secret),
        ("AWS_ENDPOINT_URL", format!("http://{}", behind.objects()).as_str()),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_REGION", "us-east-1"),
        ("DOORSTEP_OBJECTS_BYTES", "s3://behind/front"),
        ("DOORSTEP_OBJECTS_GRACE_S", "1"),
        ("DOORSTEP_OBJECTS_SWEEP_S", "1"),
    ]);
    command
}

/// The keys that lie in the bucket behind, the owner's mark aside.
async fn keys(behind: &Bucket) -> Vec<String> {
    let listed = behind.get(&behind.signed("GET", "", "list-type=2&prefix=front/")).await;
    assert_eq!(listed.status, 200);
    let text = String::from_utf8(listed.body).unwrap();
    let keys = text.split("<Key>").skip(1).map(|rest| rest.split_once("</Key>").unwrap().0.to_owned());
    keys.filter(|key| key != "front/owner").collect()
}

async fn until(what: &str, behind: &Bucket, count: usize) {
    let began = Instant::now();
    loop {
        let there = keys(behind).await;
        if there.len() == count {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{what}: {there:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_lie_in_another_doorstep() {
    let rear = Server::with(|config| {
        config.roles = vec![Role::Api, Role::Objects];
        config.cities.clear();
        config.objects.listen = ([127, 0, 0, 1], 0).into();
    })
    .await;
    let behind = Bucket::make(rear.objects(), &rear.admin, "behind").await;
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let start = || Running::start(front(&rear, &data), data.join("ready.json"), dir.path().join("log"));
    let mut running = start().await;
    let photos = Bucket::make(running.objects, &running.admin, "photos").await;

    // Small, of a size that would be packed, over a block's end, and in several parts behind.
    let sizes = [("small", 5), ("packed", 100_000), ("blocks", 200_000), ("large", 20_000_000)];
    for (n, (key, len)) in sizes.into_iter().enumerate() {
        photos.put(key, &bytes(n as u64, len), "application/octet-stream").await;
    }
    photos.put("empty", b"", "text/plain").await;
    let begun = photos.send(photos.request(Method::POST, &photos.signed("POST", "parts", "uploads="))).await;
    let begun = String::from_utf8(begun.body).unwrap();
    let id = begun.split_once("<UploadId>").and_then(|(_, rest)| rest.split_once("</UploadId>")).unwrap().0;
    let parts = [bytes(10, 9_000_000), bytes(11, 300_000)];
    let mut list = String::from("<CompleteMultipartUpload>");
    for (n, part) in parts.iter().enumerate() {
        let n = n + 1;
        let url = photos.signed("PUT", "parts", &format!("partNumber={n}&uploadId={id}"));
        let put = photos.send(photos.request(Method::PUT, &url).body(part.clone())).await;
        assert_eq!(put.status, 200);
        list += &format!("<Part><PartNumber>{n}</PartNumber><ETag>{}</ETag></Part>", put.header("etag"));
    }
    list += "</CompleteMultipartUpload>";
    let url = photos.signed("POST", "parts", &format!("uploadId={id}"));
    let done = photos.send(photos.request(Method::POST, &url).body(list)).await;
    assert_eq!(done.status, 200, "{}", String::from_utf8_lossy(&done.body));

    // The process that wrote them dies; the next one finds all of it.
    drop(running);
    running = start().await;
    let photos = Bucket::known(running.objects, &running.admin, "photos");
    for (n, (key, len)) in sizes.into_iter().enumerate() {
        let got = photos.get(&photos.signed("GET", key, "")).await;
        assert_eq!((got.status, got.body == bytes(n as u64, len)), (200, true), "{key}");
    }
    assert_eq!(photos.get(&photos.signed("GET", "empty", "")).await.body, b"");
    let whole = parts.concat();
    for (from, to) in [(0, 0), (65_000, 66_000), (8_388_000, 9_000_500), (9_299_000, 9_299_999)] {
        let range = format!("bytes={from}-{to}");
        let got = photos.get_with(&photos.signed("GET", "parts", ""), "range", &range).await;
        assert_eq!((got.status, got.body == whole[from..=to]), (206, true), "{range}");
    }

    // Six objects, of seven blobs; nothing else lies there, also nothing of what a dead process was about to keep.
    until("all blobs", &behind, 7).await;
    behind.put("front/ab/0193523c9d6a7b1e8f001122334455ab", b"left by a crash", "application/octet-stream").await;
    until("the sweep", &behind, 7).await;
    for key in ["small", "parts"] {
        let deleted = photos.send(photos.request(Method::DELETE, &photos.signed("DELETE", key, ""))).await;
        assert_eq!(deleted.status, 204);
    }
    until("what was deleted", &behind, 4).await;

    // Bytes that were changed behind its back are not served.
    for key in keys(&behind).await {
        let mut damaged = behind.get(&behind.signed("GET", &key, "")).await.body;
        let middle = damaged.len() / 2;
        let Some(byte) = damaged.get_mut(middle) else { continue };
        *byte ^= 1;
        behind.put(&key, &damaged, "application/octet-stream").await;
    }
    for key in ["packed", "blocks"] {
        let got = photos.request(Method::GET, &photos.signed("GET", key, "")).send().await.unwrap();
        assert!(got.status() == 500 || got.bytes().await.is_err(), "{key} was served");
    }

    // Another Doorstep that is pointed at the same place leaves it alone.
    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let refused = tokio::task::block_in_place(|| front(&rear, &other).output().unwrap());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("belongs to another Doorstep"), "{said}");
    drop(running);
    rear.stop().await;
}
