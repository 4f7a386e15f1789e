//! Any store that `object_store` reaches: one object for each blob, in the same frames.

use std::sync::Arc;

use bytes::Bytes;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, MultipartUpload, ObjectStore, ObjectStoreExt as _, PutPayload};

use crate::disk::checked;
use crate::frame::{Cover, Framer};
use crate::{BlobId, BlobsError, Place};

/// Bytes of one part of a large blob.
const PART: usize = 8 << 20;

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
