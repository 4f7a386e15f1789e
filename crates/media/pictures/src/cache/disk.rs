//! Results in files: one each, named by its key, with a checksum that is looked at whenever it is read.
//!
//! A file is written beside and moved into place; nothing is synced, since what a crash takes is made again.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use quick_cache::sync::Cache;
use quick_cache::{DefaultHashBuilder, Lifecycle, Weighter};
use sha2::{Digest as _, Sha256};

use super::{OVERHEAD, entries};
use crate::key::Key;
use crate::picture::{About, Picture};

/// Begins every file.
const MAGIC: &[u8; 8] = b"DSTPIC1\n";
/// Magic, checksum, length of what is known.
const HEAD: usize = 8 + 32 + 4;
/// Where files are written before they are moved.
const FRESH: &str = "new";

/// Weighs a file by its bytes.
#[derive(Clone)]
struct FileBytes;

impl Weighter<Key, u64> for FileBytes {
    fn weight(&self, _: &Key, bytes: &u64) -> u64 {
        *bytes + OVERHEAD
    }
}

/// Removes the files of what the index gives up, once the index is let go.
#[derive(Clone)]
struct Removing(Arc<Path>);

/// Files to be removed.
#[derive(Default)]
struct Doomed(Vec<PathBuf>);

impl Drop for Doomed {
    fn drop(&mut self) {
        for path in &self.0 {
            if let Err(error) = fs::remove_file(path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(%error, path = %path.display(), "a kept picture cannot be removed");
            }
        }
    }
}

impl Lifecycle<Key, u64> for Removing {
    type RequestState = Doomed;

    fn on_evict(&self, doomed: &mut Doomed, key: Key, _: u64) {
        doomed.0.push(path(&self.0, key));
    }
}

fn path(folder: &Path, key: Key) -> PathBuf {
    let name = key.name();
    folder.join(&name[..2]).join(name)
}

/// The files and which there are.
pub(crate) struct Disk(Arc<Inner>);

struct Inner {
    folder: Arc<Path>,
    index: Cache<Key, u64, FileBytes, DefaultHashBuilder, Removing>,
}

impl Disk {
    /// Opens a folder; what it holds is kept as far as it fits.
    pub(crate) fn open(folder: &Path, bytes: u64) -> io::Result<Self> {
        let fresh = folder.join(FRESH);
        if fresh.exists() {
            fs::remove_dir_all(&fresh)?;
        }
        fs::create_dir_all(&fresh)?;
        let folder: Arc<Path> = Arc::from(folder);
        let (items, removing) = (entries(bytes), Removing(Arc::clone(&folder)));
        let index = Cache::with(items, bytes, FileBytes, DefaultHashBuilder::default(), removing);
        for shelf in fs::read_dir(&folder)? {
            let shelf = shelf?;
            if !shelf.file_type()?.is_dir() {
                continue;
            }
            for file in fs::read_dir(shelf.path())? {
                let file = file?;
                if let Some(key) = file.file_name().to_str().and_then(Key::parse) {
                    index.insert(key, file.metadata()?.len());
                }
            }
        }
        Ok(Self(Arc::new(Inner { folder, index })))
    }

    pub(crate) async fn get(&self, key: Key) -> Option<Picture> {
        self.0.index.get(&key)?;
        let inner = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || inner.read(key)).await.ok()?
    }

    pub(crate) async fn put(&self, key: Key, picture: &Picture) {
        let (inner, picture) = (Arc::clone(&self.0), picture.clone());
        let written = tokio::task::spawn_blocking(move || inner.write(key, &picture)).await;
        if let Ok(Err(error)) = written {
            tracing::warn!(%error, "a picture cannot be kept on disk");
        }
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.0.index.weight()
    }
}

impl Inner {
    fn read(&self, key: Key) -> Option<Picture> {
        let found = fs::read(path(&self.folder, key)).ok().map(Bytes::from).and_then(|bytes| unpack(&bytes));
        if found.is_none() {
            // Evicted in between, or damaged: it is made again.
            self.index.remove(&key);
        }
        found
    }

    fn write(&self, key: Key, picture: &Picture) -> io::Result<()> {
        let (name, to) = (key.name(), path(&self.folder, key));
        let beside = self.folder.join(FRESH).join(&name);
        let packed = pack(picture)?;
        fs::File::create(&beside)?.write_all(&packed)?;
        if let Some(shelf) = to.parent() {
            fs::create_dir_all(shelf)?;
        }
        fs::rename(&beside, &to)?;
        self.index.insert(key, packed.len() as u64);
        Ok(())
    }
}

fn pack(picture: &Picture) -> io::Result<Vec<u8>> {
    let about = serde_json::to_vec(&picture.about)?;
    let length = u32::try_from(about.len()).map_err(io::Error::other)?;
    let mut packed = Vec::with_capacity(HEAD + about.len() + picture.body.len());
    packed.extend_from_slice(MAGIC);
    packed.extend_from_slice(&[0; 32]);
    packed.extend_from_slice(&length.to_le_bytes());
    packed.extend_from_slice(&about);
    packed.extend_from_slice(&picture.body);
    let sum: [u8; 32] = Sha256::digest(&packed[40..]).into();
    packed[8..40].copy_from_slice(&sum);
    Ok(packed)
}

fn unpack(packed: &Bytes) -> Option<Picture> {
    let sum: [u8; 32] = Sha256::digest(packed.get(40..)?).into();
    if packed.get(..8)? != MAGIC || packed.get(8..40)? != sum {
        return None;
    }
    let length = u32::from_le_bytes(packed.get(40..HEAD)?.try_into().ok()?) as usize;
    let about: About = serde_json::from_slice(packed.get(HEAD..HEAD.checked_add(length)?)?).ok()?;
    Some(Picture { body: packed.slice(HEAD + length..), about })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn picture(byte: u8, bytes: usize) -> Picture {
        let about =
            About { media_type: "image/png".to_owned(), extension: "png".to_owned(), width: 1, height: 2, frames: 1 };
        Picture { body: Bytes::from(vec![byte; bytes]), about }
    }

    fn files(folder: &Path) -> usize {
        let shelves = fs::read_dir(folder).unwrap().map(|shelf| shelf.unwrap().path());
        shelves.map(|shelf| fs::read_dir(shelf).unwrap().count()).sum()
    }

    #[tokio::test]
    async fn what_is_kept_survives_and_what_is_damaged_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (Key::of(["a"]), Key::of(["b"]));
        let disk = Disk::open(dir.path(), 1 << 20).unwrap();
        disk.put(a, &picture(1, 100)).await;
        disk.put(b, &picture(2, 100)).await;
        drop(disk);
        let disk = Disk::open(dir.path(), 1 << 20).unwrap();
        assert_eq!(disk.get(a).await, Some(picture(1, 100)));
        let file = path(dir.path(), b);
        let mut bytes = fs::read(&file).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&file, &bytes).unwrap();
        assert_eq!(disk.get(b).await, None);
        assert_eq!(disk.get(Key::of(["c"])).await, None);
        disk.put(b, &picture(2, 100)).await;
        assert_eq!(disk.get(b).await, Some(picture(2, 100)));
    }

    #[tokio::test]
    async fn it_never_grows_beyond_its_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let disk = Disk::open(dir.path(), 40_000).unwrap();
        for n in 0..100_u8 {
            disk.put(Key::of([n.to_string().as_str()]), &picture(n, 2000)).await;
        }
        disk.put(Key::of(["large"]), &picture(0, 100_000)).await;
        assert!(disk.bytes() <= 40_000);
        let left = files(dir.path());
        assert!((1..=20).contains(&left), "{left}");
        assert_eq!(disk.get(Key::of(["large"])).await, None);
        drop(disk);
        let smaller = Disk::open(dir.path(), 9000).unwrap();
        assert!(smaller.bytes() <= 9000 && files(dir.path()) <= 4);
    }

    #[test]
    fn any_bytes_are_refused() {
        let whole = pack(&picture(7, 50)).unwrap();
        for cut in 0..whole.len() {
            assert_eq!(unpack(&Bytes::copy_from_slice(&whole[..cut])), None, "{cut}");
        }
    }
}
