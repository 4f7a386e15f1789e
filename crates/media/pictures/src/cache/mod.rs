//! Results that were made before: in memory or on disk, bounded in bytes, the least wanted ones gone first.

mod disk;

use std::path::PathBuf;

use quick_cache::Weighter;
use quick_cache::sync::Cache as Kept;

use crate::key::Key;
use crate::metrics;
use crate::picture::Picture;

/// The bytes that an entry costs beside its picture, about.
const OVERHEAD: u64 = 256;
/// A usual result, for the size of the tables.
const USUAL_BYTES: u64 = 20_000;

/// Where results are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CachePlace {
    /// Nowhere.
    Off,
    /// In memory, up to so many bytes.
    Memory(u64),
    /// In files below a folder of this process alone, up to so many bytes.
    Disk(PathBuf, u64),
}

/// Weighs a picture by its bytes.
#[derive(Clone)]
pub(crate) struct Bytes;

impl Weighter<Key, Picture> for Bytes {
    fn weight(&self, _: &Key, picture: &Picture) -> u64 {
        picture.body.len() as u64 + OVERHEAD
    }
}

/// The results.
pub(crate) enum Cache {
    Off,
    Memory(Kept<Key, Picture, Bytes>),
    Disk(disk::Disk),
}

/// Entries that a cache of so many bytes holds, about.
fn entries(bytes: u64) -> usize {
    usize::try_from(bytes / USUAL_BYTES).unwrap_or(usize::MAX).clamp(16, 10_000_000)
}

impl Cache {
    /// Opens it; what lies in its folder is still good.
    ///
    /// # Errors
    /// The folder cannot be made or read.
    pub(crate) fn open(place: &CachePlace) -> std::io::Result<Self> {
        Ok(match place {
            CachePlace::Off | CachePlace::Memory(0) | CachePlace::Disk(_, 0) => Self::Off,
            CachePlace::Memory(bytes) => Self::Memory(Kept::with_weighter(entries(*bytes), *bytes, Bytes)),
            CachePlace::Disk(folder, bytes) => Self::Disk(disk::Disk::open(folder, *bytes)?),
        })
    }

    /// What is kept under this key.
    pub(crate) async fn get(&self, key: &Key) -> Option<Picture> {
        match self {
            Self::Off => None,
            Self::Memory(kept) => kept.get(key),
            Self::Disk(disk) => disk.get(*key).await,
        }
    }

    /// Keeps a picture; one that cannot be kept is no harm.
    pub(crate) async fn put(&self, key: Key, picture: &Picture) {
        match self {
            Self::Off => {}
            Self::Memory(kept) => kept.insert(key, picture.clone()),
            Self::Disk(disk) => disk.put(key, picture).await,
        }
        metrics::cached(self.bytes());
    }

    /// Bytes that are kept.
    pub(crate) fn bytes(&self) -> u64 {
        match self {
            Self::Off => 0,
            Self::Memory(kept) => kept.weight(),
            Self::Disk(disk) => disk.bytes(),
        }
    }
}
