//! Bytes that do not lie on this machine's disk: in a bucket of another Doorstep, in HDFS.

use std::{
    path::Path,
    process::Command,
    sync::Arc,
    time::{Duration, Instant},
};

use doorstep::roles::Role;
use futures::TryStreamExt as _;
use hdfs_native_object_store::HdfsObjectStoreBuilder;
use object_store::{ObjectStore, ObjectStoreExt as _, path::Path as ObjectPath};
use reqwest::Method;
use url::Url;

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

/// A folder that is not this process's disk, in which a front keeps its bytes.
struct Behind {
    store: Arc<dyn ObjectStore>,
    folder: ObjectPath,
    /// What the front is told.
    variables: Vec<(&'static str, String)>,
}

impl Behind {
    fn open(url: &str, variables: Vec<(&'static str, String)>) -> Self {
        let url: Url = url.parse().unwrap();
        let folder = ObjectPath::from_url_path(url.path()).unwrap();
        let store: Arc<dyn ObjectStore> = if url.scheme() == "hdfs" {
            Arc::new(HdfsObjectStoreBuilder::new().with_url(url.as_str()).build().unwrap())
        } else {
            Arc::from(object_store::parse_url_opts(&url, variables.clone()).unwrap().0)
        };
        let mut variables = variables;
        variables.push(("DOORSTEP_OBJECTS_BYTES", url.to_string()));
        Self { store, folder, variables }
    }

    fn front(&self, data: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_doorstep"));
        command
            .args(child::up(data, "objects"))
            .env_clear()
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command.envs([("DOORSTEP_OBJECTS_GRACE_S", "1"), ("DOORSTEP_OBJECTS_SWEEP_S", "1")]);
        command
    }

    /// What lies there, the owner's mark aside.
    async fn paths(&self) -> Vec<ObjectPath> {
        let all: Vec<_> = self.store.list(Some(&self.folder)).try_collect().await.unwrap();
        all.into_iter().map(|found| found.location).filter(|path| path.filename() != Some("owner")).collect()
    }

    async fn read(&self, path: &ObjectPath) -> Vec<u8> {
        self.store.get(path).await.unwrap().bytes().await.unwrap().into()
    }

    async fn until(&self, what: &str, count: usize) {
        let began = Instant::now();
        loop {
            let there = self.paths().await;
            if there.len() == count {
                return;
            }
            assert!(began.elapsed() < Duration::from_secs(30), "{what}: {there:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
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
    Bucket::make(rear.objects(), &rear.admin, "behind").await;
    let (access, secret) = rear.admin.key.split_once(':').unwrap();
    let variables = vec![
        ("AWS_ACCESS_KEY_ID", access.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", secret.to_owned()),
        ("AWS_ENDPOINT_URL", format!("http://{}", rear.objects())),
        ("AWS_ALLOW_HTTP", "true".to_owned()),
        ("AWS_REGION", "us-east-1".to_owned()),
    ];
    bytes_lie_elsewhere(&Behind::open("s3://behind/front", variables)).await;
    rear.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_lie_in_hdfs() {
    let Ok(hdfs) = std::env::var("DOORSTEP_TEST_HDFS") else {
        eprintln!("skipped: DOORSTEP_TEST_HDFS names no HDFS");
        return;
    };
    bytes_lie_elsewhere(&Behind::open(&format!("{hdfs}/doorstep/{}", std::process::id()), Vec::new())).await;

    // Who may not write there is told so before anything is served.
    let stranger = Behind::open(&format!("{hdfs}/stranger"), vec![("HADOOP_USER_NAME", "stranger".to_owned())]);
    let dir = tempfile::tempdir().unwrap();
    let refused = tokio::task::block_in_place(|| stranger.front(dir.path()).output().unwrap());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("Permission denied: user=stranger"), "{said}");
    assert!(!said.contains("\tat org.apache"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hdfs_without_room_says_so() {
    let Ok(hdfs) = std::env::var("DOORSTEP_TEST_HDFS") else {
        eprintln!("skipped: DOORSTEP_TEST_HDFS names no HDFS");
        return;
    };
    // 20 MiB may lie there.
    let behind = Behind::open(&format!("{hdfs}/small/{}", std::process::id()), Vec::new());
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let running = Running::start(behind.front(&data), data.join("ready.json"), dir.path().join("log")).await;
    let photos = Bucket::make(running.objects, &running.admin, "photos").await;
    let put = async |key: u64| {
        let request = photos.request(Method::PUT, &photos.signed("PUT", &key.to_string(), ""));
        photos.send(request.body(bytes(key, 3_000_000))).await
    };
    let mut stored = 0;
    let refused = loop {
        let answer = put(stored).await;
        if answer.status != 200 {
            break answer;
        }
        stored += 1;
        assert!(stored < 8, "more than 20 MiB were taken");
    };
    assert_eq!(refused.status, 507, "{}", String::from_utf8_lossy(&refused.body));
    assert!(stored >= 4, "only {stored} were taken");
    for key in 0..stored {
        let got = photos.get(&photos.signed("GET", &key.to_string(), "")).await;
        assert!(got.body == bytes(key, 3_000_000), "{key}");
        let deleted = photos.send(photos.request(Method::DELETE, &photos.signed("DELETE", &key.to_string(), ""))).await;
        assert_eq!(deleted.status, 204);
    }
    // Nothing of the refused one stays, and there is room again.
    behind.until("what was deleted or refused", 0).await;
    assert_eq!(put(9).await.status, 200);
    for path in behind.paths().await {
        behind.store.delete(&path).await.unwrap();
    }
}

/// A shop's photos are written, found after a kill, swept, deleted, checked, and never mixed with another's.
async fn bytes_lie_elsewhere(behind: &Behind) {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    std::fs::create_dir(&data).unwrap();
    let start = || Running::start(behind.front(&data), data.join("ready.json"), dir.path().join("log"));
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
    behind.until("all blobs", 7).await;
    let left = behind.folder.clone().join("ab").join("0193523c9d6a7b1e8f001122334455ab");
    behind.store.put(&left, "left by a crash".into()).await.unwrap();
    behind.until("the sweep", 7).await;
    for key in ["small", "parts"] {
        let deleted = photos.send(photos.request(Method::DELETE, &photos.signed("DELETE", key, ""))).await;
        assert_eq!(deleted.status, 204);
    }
    behind.until("what was deleted", 4).await;

    // Bytes that were changed behind its back are not served.
    for path in behind.paths().await {
        let mut damaged = behind.read(&path).await;
        let middle = damaged.len() / 2;
        let Some(byte) = damaged.get_mut(middle) else { continue };
        *byte ^= 1;
        behind.store.put(&path, damaged.into()).await.unwrap();
    }
    for key in ["packed", "blocks"] {
        let got = photos.request(Method::GET, &photos.signed("GET", key, "")).send().await.unwrap();
        assert!(got.status() == 500 || got.bytes().await.is_err(), "{key} was served");
    }

    // Another Doorstep that is pointed at the same place leaves it alone.
    let other = dir.path().join("other");
    std::fs::create_dir(&other).unwrap();
    let refused = tokio::task::block_in_place(|| behind.front(&other).output().unwrap());
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && said.contains("belongs to another Doorstep"), "{said}");
}
