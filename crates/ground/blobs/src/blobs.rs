//! The handle: opens a location, writes, reads, removes, and lists what lies there.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use futures::TryStreamExt as _;
use parking_lot::Mutex;

use crate::disk::Disk;
use crate::read::{self, BlobStream};
use crate::remote::Remote;
use crate::write::{Writer, joined};
use crate::{BlobId, BlobsError, Config, Location, Place};

/// Bytes by name. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Blobs {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    backend: Backend,
    pack_limit: usize,
    /// Blobs that are written now or whose place is not in a table yet.
    fresh: Arc<Mutex<HashSet<BlobId>>>,
}

#[derive(Debug)]
pub(crate) enum Backend {
    Disk(Arc<Disk>),
    Remote(Arc<Remote>),
}

/// A closed pack segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Its number.
    pub number: u32,
    /// Its length in bytes, frames included.
    pub bytes: u64,
    /// How long ago it was last written to.
    pub age: Duration,
}

/// Room that blobs of given sizes take with their frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage;

impl Usage {
    /// Bytes on disk of a blob of `len` bytes.
    #[must_use]
    pub const fn framed(len: u64) -> u64 {
        crate::frame::framed_len(len)
    }
}

/// Keeps a blob from the sweep while it is held.
#[derive(Debug)]
pub(crate) struct Guard {
    id: BlobId,
    fresh: Arc<Mutex<HashSet<BlobId>>>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.fresh.lock().remove(&self.id);
    }
}

impl Blobs {
    /// Opens a location; a folder is made if it is missing.
    pub async fn open(config: &Config) -> Result<Self, BlobsError> {
        let backend = match &config.location {
            Location::Disk(folder) => {
                let (folder, config) = (folder.clone(), config.clone());
                let opened = tokio::task::spawn_blocking(move || Disk::open(&folder, &config));
                Backend::Disk(Arc::new(joined(opened).await?))
            }
            Location::Url(url) => Backend::Remote(Arc::new(Remote::open(url, config.unfinished)?)),
        };
        Ok(Self { inner: Arc::new(Inner { backend, pack_limit: config.pack_limit, fresh: Arc::default() }) })
    }

    pub(crate) fn backend(&self) -> &Backend {
        &self.inner.backend
    }

    pub(crate) fn pack_limit(&self) -> usize {
        self.inner.pack_limit
    }

    pub(crate) fn guard(&self, id: BlobId) -> Guard {
        self.inner.fresh.lock().insert(id);
        Guard { id, fresh: Arc::clone(&self.inner.fresh) }
    }

    /// Begins a new blob.
    #[must_use]
    pub fn writer(&self) -> Writer {
        Writer::new(self.clone())
    }

    /// The bytes `range` of a blob of `len` bytes, each checked before it is handed out.
    #[must_use]
    pub fn read(&self, place: &Place, len: u64, range: Range<u64>) -> BlobStream {
        read::read(self, *place, len, range)
    }

    /// Reads a blob from end to end and throws the bytes away: an error says what is wrong with it.
    pub async fn check(&self, place: &Place, len: u64) -> Result<(), BlobsError> {
        self.read(place, len, 0..len).try_for_each(|_| async { Ok(()) }).await
    }

    /// Removes a blob's bytes. A packed one only loses its name; its room comes back with its segment.
    /// Removing what is gone is no error.
    pub async fn remove(&self, place: &Place) -> Result<(), BlobsError> {
        let place = *place;
        match self.backend() {
            Backend::Disk(disk) => {
                let disk = Arc::clone(disk);
                joined(tokio::task::spawn_blocking(move || disk.remove(place))).await
            }
            Backend::Remote(remote) => remote.remove(place).await,
        }
    }

    /// Blobs with a file or an object of their own in the folder `part` of 256, last written to at least `age` ago,
    /// except those still being written by this process: what of them is in no table was left by a crash. Other
    /// processes on the same place have the time `age` to put a new blob into a table.
    pub async fn files(&self, part: u8, age: Duration) -> Result<Vec<Place>, BlobsError> {
        let places: Vec<Place> = match self.backend() {
            Backend::Disk(disk) => {
                let disk = Arc::clone(disk);
                let ids = joined(tokio::task::spawn_blocking(move || disk.list(part, age))).await?;
                ids.into_iter().map(Place::File).collect()
            }
            Backend::Remote(remote) => {
                let held = |id| self.inner.fresh.lock().contains(&id);
                remote.list(part, age, held).await?.into_iter().map(Place::Remote).collect()
            }
        };
        let fresh = self.inner.fresh.lock();
        Ok(places.into_iter().filter(|place| !fresh.contains(&place.id())).collect())
    }

    /// Takes a store elsewhere for the owner of this name, once and for ever: the sweep removes whatever is in no
    /// table, so two tables on one place would end each other's bytes. A folder needs no such mark.
    ///
    /// # Errors
    /// [`BlobsError::Taken`] where another owner was first; the store's.
    pub async fn claim(&self, owner: &str) -> Result<(), BlobsError> {
        match self.backend() {
            Backend::Disk(_) => Ok(()),
            Backend::Remote(remote) => remote.claim(owner).await,
        }
    }

    /// The pack segments that nothing is written to any more.
    pub async fn segments(&self) -> Result<Vec<Segment>, BlobsError> {
        let Backend::Disk(disk) = self.backend() else { return Ok(Vec::new()) };
        let disk = Arc::clone(disk);
        let closed = joined(tokio::task::spawn_blocking(move || disk.packs.closed())).await?;
        let age = |m: &std::fs::Metadata| m.modified().ok().and_then(|t| t.elapsed().ok()).unwrap_or_default();
        Ok(closed.iter().map(|(number, m)| Segment { number: *number, bytes: m.len(), age: age(m) }).collect())
    }

    /// Removes a segment in which no blob lives any more.
    pub async fn remove_segment(&self, number: u32) -> Result<(), BlobsError> {
        let Backend::Disk(disk) = self.backend() else { return Ok(()) };
        let disk = Arc::clone(disk);
        joined(tokio::task::spawn_blocking(move || disk.packs.remove(number))).await
    }
}
