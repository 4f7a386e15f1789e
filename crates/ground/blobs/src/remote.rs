//! Any store that `object_store` reaches: one object for each blob, in the same frames.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{
    GetOptions, GetRange, MultipartUpload, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode, PutPayload,
};

use crate::disk::checked;
use crate::frame::{Cover, Framer};
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
}

impl Remote {
    pub(crate) fn open(url: &str) -> Result<Self, BlobsError> {
        let bad = |reason: String| BlobsError::Url { url: without_secret(url), reason };
        let parsed = url.parse::<url::Url>().map_err(|e| bad(e.to_string()))?;
        // What the parser says repeats the URL.
        let bad = |reason: String| bad(reason.replace(parsed.as_str(), &without_secret(parsed.as_str())));
        // Variables that are not the store's are skipped by the parser.
        let options = std::env::vars_os().filter_map(|(k, v)| Some((k.into_string().ok()?, v.into_string().ok()?)));
        let (store, prefix) = object_store::parse_url_opts(&parsed, options).map_err(|e| bad(e.to_string()))?;
        Ok(Self { store: Arc::from(store), prefix })
    }

    fn path(&self, id: BlobId) -> Path {
        self.prefix.clone().join(format!("{:02x}", id.folder())).join(id.to_string())
    }

    pub(crate) fn create(&self, id: BlobId) -> NewObject {
        NewObject {
            store: Arc::clone(&self.store),
            path: self.path(id),
            framer: Framer::new(id),
            buffer: Vec::new(),
            upload: None,
        }
    }

    pub(crate) async fn read(&self, place: Place, cover: &Cover) -> Result<Bytes, BlobsError> {
        let options = GetOptions { range: Some(GetRange::Bounded(cover.framed.clone())), ..GetOptions::default() };
        let found = match self.store.get_opts(&self.path(place.id()), options).await {
            Err(object_store::Error::NotFound { .. }) => return Err(BlobsError::Missing(place)),
            found => found?,
        };
        checked(place, cover, found.bytes().await?.into())
    }

    /// The blobs in one of the 256 folders, written at least `age` ago by the store's own clock.
    pub(crate) async fn list(&self, folder: u8, age: Duration) -> Result<Vec<BlobId>, BlobsError> {
        let folder = self.prefix.clone().join(format!("{folder:02x}"));
        let old = |found: &ObjectMeta| {
            let written = u64::try_from(found.last_modified.timestamp_millis()).unwrap_or(0);
            (SystemTime::UNIX_EPOCH + Duration::from_millis(written)).elapsed().unwrap_or_default() >= age
        };
        let blob = |found: ObjectMeta| found.location.filename().and_then(|name| name.parse().ok());
        let found: Vec<ObjectMeta> = self.store.list(Some(&folder)).try_collect().await?;
        Ok(found.into_iter().filter(old).filter_map(blob).collect())
    }

    /// Writes the owner's name down if nobody has; otherwise it must be the same.
    pub(crate) async fn claim(&self, owner: &str) -> Result<(), BlobsError> {
        let path = self.prefix.clone().join(OWNER);
        let payload = || PutPayload::from(owner.to_owned());
        if let Some(there) = self.owner(&path).await? {
            return self.compare(owner, &there);
        }
        match self.store.put_opts(&path, payload(), PutMode::Create.into()).await {
            Ok(_) => Ok(()),
            // A store that knows no conditions: two first starts at the same moment are not told apart.
            Err(object_store::Error::NotImplemented { .. }) => {
                self.store.put(&path, payload()).await?;
                Ok(())
            }
            Err(object_store::Error::AlreadyExists { .. }) => {
                self.compare(owner, &self.owner(&path).await?.unwrap_or_default())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn owner(&self, path: &Path) -> Result<Option<String>, BlobsError> {
        match self.store.get(path).await {
            Ok(found) => Ok(Some(String::from_utf8_lossy(&found.bytes().await?).trim().to_owned())),
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
        match self.store.delete(&self.path(place.id())).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

fn without_secret(url: &str) -> String {
    match (url.split_once("://"), url.rfind('@')) {
        (Some((scheme, _)), Some(at)) => format!("{scheme}://…{}", &url[at..]),
        _ => url.to_owned(),
    }
}

/// An object that is being written. Dropped before its end nothing is visible.
#[derive(Debug)]
pub(crate) struct NewObject {
    store: Arc<dyn ObjectStore>,
    path: Path,
    framer: Framer,
    buffer: Vec<u8>,
    upload: Option<Box<dyn MultipartUpload>>,
}

impl NewObject {
    pub(crate) async fn write(&mut self, pieces: &[Bytes]) -> Result<(), BlobsError> {
        pieces.iter().for_each(|piece| self.framer.push(piece));
        self.buffer.extend(self.framer.take());
        while self.buffer.len() >= PART {
            let rest = self.buffer.split_off(PART);
            let part = std::mem::replace(&mut self.buffer, rest);
            if self.upload.is_none() {
                self.upload = Some(self.store.put_multipart(&self.path).await?);
            }
            let upload = self.upload.as_mut().expect("it was begun above");
            if let Err(error) = upload.put_part(PutPayload::from(part)).await {
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
        let Some(upload) = self.upload.as_mut() else {
            self.store.put(&self.path, rest).await?;
            return Ok(());
        };
        let done = match upload.put_part(rest).await {
            Ok(()) => upload.complete().await.map(|_| ()),
            Err(error) => Err(error),
        };
        if done.is_err() {
            self.abort().await;
        }
        Ok(done?)
    }

    /// Takes back the parts of a large blob; without this the store behind keeps them until its own rules end them.
    pub(crate) async fn abort(&mut self) {
        if let Some(mut upload) = self.upload.take()
            && let Err(error) = upload.abort().await
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

    async fn memory() -> Blobs {
        Blobs::open(&Config::at(Location::Url("memory:///".to_owned()))).await.unwrap()
    }

    fn bytes(len: usize) -> Vec<u8> {
        (0..len as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect()
    }

    async fn read(blobs: &Blobs, place: Place, len: u64, range: std::ops::Range<u64>) -> Result<Vec<u8>, BlobsError> {
        Ok(blobs.read(&place, len, range).try_collect::<Vec<_>>().await?.concat())
    }

    #[tokio::test]
    async fn small_and_in_several_parts() {
        let blobs = memory().await;
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

    #[tokio::test]
    async fn what_is_given_up_leaves_nothing_and_what_is_old_is_listed() {
        let blobs = memory().await;
        let mut writer = blobs.writer();
        writer.write(bytes(PART + 1).into()).await.unwrap();
        writer.abort().await;
        let mut kept = blobs.writer();
        kept.write(bytes(10).into()).await.unwrap();
        let kept = kept.finish().await.unwrap();
        let all = |age: Duration| {
            let blobs = blobs.clone();
            async move {
                let mut all = Vec::new();
                for part in 0..=u8::MAX {
                    all.extend(blobs.files(part, age).await.unwrap());
                }
                all
            }
        };
        assert_eq!(all(Duration::ZERO).await, [], "it may be on its way into a table");
        let place = kept.place;
        drop(kept);
        assert_eq!(all(Duration::ZERO).await, [place]);
        assert_eq!(all(Duration::from_secs(60)).await, []);
        blobs.claim("us").await.unwrap();
        blobs.claim("us").await.unwrap();
        assert_eq!(blobs.claim("them").await.unwrap_err().as_str(), "taken");
    }

    #[tokio::test]
    async fn a_flipped_bit_elsewhere_is_found() {
        let remote = Remote::open("memory:///").unwrap();
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

    #[test]
    fn urls_that_name_no_store() {
        for bad in ["", "blobs", "nowhere://x", "s3://"] {
            assert!(matches!(Remote::open(bad), Err(BlobsError::Url { .. })), "{bad}");
        }
        let hidden = Remote::open("nowhere://user:secret@host/").unwrap_err().to_string();
        assert!(!hidden.contains("secret") && hidden.contains("nowhere://"), "{hidden}");
    }
}
