//! Any store that `object_store` reaches: one object for each blob, in the same frames.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload};

use crate::disk::checked;
use crate::frame::{Cover, Framer};
use crate::stores::{self, Store};
use crate::{BlobId, BlobsError, Place};

/// Bytes of one part of a large blob.
const PART: usize = 8 << 20;
/// The object that says whose the place is.
const OWNER: &str = "owner";

/// A store and the folder inside.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    patience: Duration,
    leaves: bool,
    /// Files of blobs that were never finished and are older than this were left by a crash.
    unfinished: Duration,
}

impl Remote {
    pub(crate) fn open(url: &str, unfinished: Duration) -> Result<Self, BlobsError> {
        let Store { store, prefix, patience, leaves } = stores::open(url)?;
        Ok(Self { store, prefix, patience, leaves, unfinished })
    }

    fn folder(&self, folder: u8) -> Path {
        self.prefix.clone().join(format!("{folder:02x}"))
    }

    fn path(&self, id: BlobId) -> Path {
        self.folder(id.folder()).join(id.to_string())
    }

    pub(crate) fn create(&self, id: BlobId) -> NewObject {
        let path = || stores::beside(self.folder(id.folder()), id);
        let leftover =
            || Leftover { store: Arc::clone(&self.store), path: path(), patience: self.patience, moved: false };
        NewObject {
            store: Arc::clone(&self.store),
            patience: self.patience,
            path: self.path(id),
            framer: Framer::new(id),
            buffer: Vec::new(),
            upload: None,
            leftover: self.leaves.then(leftover),
        }
    }

    pub(crate) async fn read(&self, place: Place, cover: &Cover) -> Result<Bytes, BlobsError> {
        let options = GetOptions { range: Some(GetRange::Bounded(cover.framed.clone())), ..GetOptions::default() };
        let path = self.path(place.id());
        let found = within(self.patience, async { self.store.get_opts(&path, options).await?.bytes().await }).await;
        match found {
            Err(object_store::Error::NotFound { .. }) => Err(BlobsError::Missing(place)),
            found => checked(place, cover, found?.into()),
        }
    }

    /// The blobs in one of the 256 folders, written at least `age` ago by the store's own clock. Files of blobs that were
    /// never finished go on the way, if a crash left them and nobody here holds them.
    pub(crate) async fn list(
        &self,
        folder: u8,
        age: Duration,
        held: impl Fn(BlobId) -> bool,
    ) -> Result<Vec<BlobId>, BlobsError> {
        let mut listed = self.store.list(Some(&self.folder(folder)));
        let mut blobs = Vec::new();
        while let Some(found) = within(self.patience, listed.try_next()).await? {
            let written = u64::try_from(found.last_modified.timestamp_millis()).unwrap_or(0);
            let old = (SystemTime::UNIX_EPOCH + Duration::from_millis(written)).elapsed().unwrap_or_default();
            let Some(name) = found.location.filename() else { continue };
            if let Ok(id) = name.parse() {
                if old >= age {
                    blobs.push(id);
                }
            } else if let Some(id) = stores::unfinished(name)
                && old >= age.max(self.unfinished)
                && !held(id)
            {
                self.delete(&found.location).await?;
            }
        }
        Ok(blobs)
    }

    /// Writes the owner's name down if nobody has; otherwise it must be the same.
    pub(crate) async fn claim(&self, owner: &str) -> Result<(), BlobsError> {
        let path = self.prefix.clone().join(OWNER);
        let payload = || PutPayload::from(owner.to_owned());
        if let Some(there) = self.owner(&path).await? {
            return self.compare(owner, &there);
        }
        match within(self.patience, self.store.put_opts(&path, payload(), PutMode::Create.into())).await {
            Ok(_) => Ok(()),
            // A store that knows no conditions: two first starts at the same moment are not told apart.
            Err(object_store::Error::NotImplemented { .. }) => {
                within(self.patience, self.store.put(&path, payload())).await?;
                Ok(())
            }
            Err(object_store::Error::AlreadyExists { .. }) => {
                self.compare(owner, &self.owner(&path).await?.unwrap_or_default())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn owner(&self, path: &Path) -> Result<Option<String>, BlobsError> {
        match within(self.patience, async { self.store.get(path).await?.bytes().await }).await {
            Ok(found) => Ok(Some(String::from_utf8_lossy(&found).trim().to_owned())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn compare(&self, owner: &str, there: &str) -> Result<(), BlobsError> {
        if owner == there {
            return Ok(());
        }
        Err(BlobsError::Taken { prefix: self.prefix.to_string(), owner: there.chars().take(64).collect() })
    }

    pub(crate) async fn remove(&self, place: Place) -> Result<(), BlobsError> {
        self.delete(&self.path(place.id())).await
    }

    async fn delete(&self, path: &Path) -> Result<(), BlobsError> {
        delete(&*self.store, path, self.patience).await
    }
}

async fn delete(store: &dyn ObjectStore, path: &Path, patience: Duration) -> Result<(), BlobsError> {
    match within(patience, store.delete(path)).await {
        Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// What the store answers in time.
async fn within<T>(
    patience: Duration,
    answer: impl Future<Output = object_store::Result<T>>,
) -> object_store::Result<T> {
    tokio::time::timeout(patience, answer).await.unwrap_or_else(|_| {
        let source = format!("no answer within {} s", patience.as_secs_f64()).into();
        Err(object_store::Error::Generic { store: "place for bytes", source })
    })
}

/// An object that is being written. Dropped before its end nothing is visible.
#[derive(Debug)]
pub(crate) struct NewObject {
    store: Arc<dyn ObjectStore>,
    patience: Duration,
    path: Path,
    framer: Framer,
    buffer: Vec<u8>,
    upload: Option<Box<dyn MultipartUpload>>,
    leftover: Option<Leftover>,
}

/// What a writer leaves behind when it fails or is dropped; it goes with this.
#[derive(Debug)]
struct Leftover {
    store: Arc<dyn ObjectStore>,
    path: Path,
    patience: Duration,
    moved: bool,
}

impl Drop for Leftover {
    fn drop(&mut self) {
        if self.moved {
            return;
        }
        let (store, path, patience) = (Arc::clone(&self.store), self.path.clone(), self.patience);
        // Without a runtime the process goes down, and the sweep finds it later.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = delete(&*store, &path, patience).await {
                    tracing::debug!(%error, %path, "an unfinished blob stays behind");
                }
            });
        }
    }
}

impl NewObject {
    pub(crate) async fn write(&mut self, pieces: &[Bytes]) -> Result<(), BlobsError> {
        pieces.iter().for_each(|piece| self.framer.push(piece));
        self.buffer.extend(self.framer.take());
        while self.buffer.len() >= PART {
            let rest = self.buffer.split_off(PART);
            let part = std::mem::replace(&mut self.buffer, rest);
            if self.upload.is_none() {
                self.upload = Some(within(self.patience, self.store.put_multipart(&self.path)).await?);
            }
            let upload = self.upload.as_mut().expect("it was begun above");
            if let Err(error) = within(self.patience, upload.put_part(PutPayload::from(part))).await {
                self.abort().await;
                return Err(error.into());
            }
        }
        Ok(())
    }

    pub(crate) async fn finish(mut self) -> Result<(), BlobsError> {
        let framer = std::mem::replace(&mut self.framer, Framer::new(BlobId::fresh()));
        self.buffer.extend(framer.finish());
        let rest = PutPayload::from(std::mem::take(&mut self.buffer));
        let done = match self.upload.as_mut() {
            None => within(self.patience, self.store.put(&self.path, rest)).await,
            Some(upload) => match within(self.patience, upload.put_part(rest)).await {
                Ok(()) => within(self.patience, upload.complete()).await,
                Err(error) => Err(error),
            },
        };
        if done.is_err() {
            self.abort().await;
        } else if let Some(leftover) = &mut self.leftover {
            leftover.moved = true;
        }
        done?;
        Ok(())
    }

    /// Takes back the parts of a large blob; without this the store behind keeps them until its own rules end them.
    pub(crate) async fn abort(&mut self) {
        if let Some(mut upload) = self.upload.take()
            && let Err(error) = within(self.patience, upload.abort()).await
        {
            tracing::debug!(%error, "parts of an unfinished blob stay behind");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;
    use crate::{Blobs, Config, Location};

    /// Empty folders: in memory always, in HDFS where `DOORSTEP_TEST_HDFS` names one.
    fn urls() -> Vec<String> {
        let mut urls = vec!["memory:///".to_owned()];
        match std::env::var("DOORSTEP_TEST_HDFS") {
            Ok(hdfs) => urls.push(format!("{hdfs}/{}", BlobId::fresh())),
            Err(_) => eprintln!("skipped: HDFS (DOORSTEP_TEST_HDFS is not set)"),
        }
        urls
    }

    async fn everywhere() -> Vec<Blobs> {
        let open = |url| async move {
            let config = Config { unfinished: Duration::ZERO, ..Config::at(Location::Url(url)) };
            Blobs::open(&config).await.unwrap()
        };
        futures::future::join_all(urls().into_iter().map(open)).await
    }

    async fn all(blobs: &Blobs, age: Duration) -> Vec<Place> {
        let mut all = Vec::new();
        for part in 0..=u8::MAX {
            all.extend(blobs.files(part, age).await.unwrap());
        }
        all
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
    }

    async fn read(blobs: &Blobs, place: Place, len: u64, range: std::ops::Range<u64>) -> Result<Vec<u8>, BlobsError> {
        Ok(blobs.read(&place, len, range).try_collect::<Vec<_>>().await?.concat())
    }

    #[tokio::test]
    async fn small_and_in_several_parts() {
        for blobs in everywhere().await {
            for len in [0, 1, 65_536, 131_072, PART, 2 * PART + 12_345] {
                let data = bytes(len);
                let mut writer = blobs.writer();
                for piece in data.chunks(700_001) {
                    writer.write(Bytes::copy_from_slice(piece)).await.unwrap();
                }
                let stored = writer.finish().await.unwrap();
                assert!(matches!(stored.place, Place::Remote(_)), "nothing is packed elsewhere");
                let len = stored.len;
                assert_eq!(read(&blobs, stored.place, len, 0..len).await.unwrap(), data);
                let (from, to) = (data.len() / 3, data.len() - data.len() / 5);
                assert_eq!(read(&blobs, stored.place, len, from as u64..to as u64).await.unwrap(), &data[from..to]);
                blobs.check(&stored.place, len).await.unwrap();
                blobs.remove(&stored.place).await.unwrap();
                blobs.remove(&stored.place).await.unwrap();
                if len > 0 {
                    assert!(matches!(blobs.check(&stored.place, len).await, Err(BlobsError::Missing(_))));
                }
            }
        }
    }

    #[tokio::test]
    async fn what_is_given_up_leaves_nothing_and_what_is_old_is_listed() {
        for blobs in everywhere().await {
            let mut writer = blobs.writer();
            writer.write(bytes(PART + 1).into()).await.unwrap();
            writer.abort().await;
            let mut kept = blobs.writer();
            kept.write(bytes(10).into()).await.unwrap();
            let kept = kept.finish().await.unwrap();
            assert_eq!(all(&blobs, Duration::ZERO).await, [], "it may be on its way into a table");
            let place = kept.place;
            drop(kept);
            assert_eq!(all(&blobs, Duration::ZERO).await, [place]);
            assert_eq!(all(&blobs, Duration::from_secs(60)).await, []);
            blobs.claim("us").await.unwrap();
            blobs.claim("us").await.unwrap();
            assert_eq!(blobs.claim("them").await.unwrap_err().as_str(), "taken");
        }
    }

    #[tokio::test]
    async fn a_writer_that_is_dropped_leaves_nothing() {
        for url in urls() {
            let remote = Remote::open(&url, Duration::ZERO).unwrap();
            let mut object = remote.create(BlobId::fresh());
            object.write(&[bytes(PART + 1).into()]).await.unwrap();
            drop(object);
            let began = std::time::Instant::now();
            while remote.store.list(Some(&remote.prefix)).try_next().await.unwrap().is_some() {
                assert!(began.elapsed() < Duration::from_secs(10), "something stays");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }

    #[tokio::test]
    async fn two_first_starts_at_once_have_one_owner() {
        for url in urls() {
            let remote = Remote::open(&url, Duration::ZERO).unwrap();
            let (one, other) = tokio::join!(remote.claim("one"), remote.claim("other"));
            assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
        }
    }

    #[tokio::test]
    async fn what_a_crash_left_unfinished_goes() {
        for url in urls() {
            let remote = Remote::open(&url, Duration::ZERO).unwrap();
            let (left, held) = (BlobId::fresh(), BlobId::fresh());
            let path = |id: BlobId| remote.prefix.clone().join("07").join(format!(".{id}.tmp.1"));
            for id in [left, held] {
                remote.store.put(&path(id), "a part".into()).await.unwrap();
            }
            assert_eq!(remote.list(7, Duration::from_secs(60), |id| id == held).await.unwrap(), []);
            remote.store.head(&path(left)).await.unwrap();
            assert_eq!(remote.list(7, Duration::ZERO, |id| id == held).await.unwrap(), []);
            remote.store.head(&path(left)).await.unwrap_err();
            remote.store.head(&path(held)).await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_store_that_says_nothing_is_given_up() {
        // A listener that takes connections and never answers.
        let deaf = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("hdfs://{}/x", deaf.local_addr().unwrap());
        let mut remote = Remote::open(&url, Duration::ZERO).unwrap();
        remote.patience = Duration::from_millis(200);
        let error = remote.claim("us").await.unwrap_err().to_string();
        assert!(error.contains("no answer within 0.2 s"), "{error}");
    }

    #[tokio::test]
    async fn a_flipped_bit_elsewhere_is_found() {
        for url in urls() {
            let remote = Remote::open(&url, Duration::ZERO).unwrap();
            let id = BlobId::fresh();
            let mut object = remote.create(id);
            object.write(&[bytes(200_000).into()]).await.unwrap();
            object.finish().await.unwrap();
            let path = remote.path(id);
            let mut there: Vec<u8> = remote.store.get(&path).await.unwrap().bytes().await.unwrap().into();
            there[100_000] ^= 1;
            remote.store.put(&path, PutPayload::from(there)).await.unwrap();
            let whole = crate::frame::cover(200_000, &(0..200_000));
            assert!(matches!(remote.read(Place::Remote(id), &whole).await, Err(BlobsError::Corrupt { block: 1, .. })));
        }
    }
}
