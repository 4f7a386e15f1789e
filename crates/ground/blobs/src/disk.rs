//! A folder of this machine: one file for each large blob, pack segments for the small ones.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::frame::{self, Cover, Framer};
use crate::pack::Packs;
use crate::{BlobId, BlobsError, Config, Place};

/// The folder.
#[derive(Debug)]
pub(crate) struct Disk {
    files: PathBuf,
    pub(crate) packs: Packs,
}

/// A file that is being read, or a part of a segment.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    file: Arc<File>,
    base: u64,
    place: Place,
}

/// Makes the names in a folder as durable as the files behind them.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), BlobsError> {
    File::open(folder).and_then(|f| f.sync_all()).map_err(|e| BlobsError::io("sync the folder", folder, e))
}

impl Disk {
    pub(crate) fn open(folder: &Path, config: &Config) -> Result<Self, BlobsError> {
        let files = folder.join("files");
        for number in 0..=u8::MAX {
            let sub = files.join(format!("{number:02x}"));
            std::fs::create_dir_all(&sub).map_err(|e| BlobsError::io("make the folder", &sub, e))?;
        }
        sync_folder(&files)?;
        sync_folder(folder)?;
        let packs = Packs::open(folder.join("packs"), config.segment_bytes, config.pack_queue)?;
        Ok(Self { files, packs })
    }

    fn path(&self, id: BlobId) -> PathBuf {
        self.files.join(format!("{:02x}", id.folder())).join(id.to_string())
    }

    pub(crate) fn create(&self, id: BlobId) -> Result<NewFile, BlobsError> {
        let path = self.path(id);
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        let file = file.map_err(|e| BlobsError::io("make", &path, e))?;
        Ok(NewFile { file, path, framer: Framer::new(id), kept: false })
    }

    pub(crate) fn find(&self, place: Place) -> Result<Opened, BlobsError> {
        let (opened, base, path) = match place {
            Place::Pack { segment, offset, .. } => (self.packs.file(segment), offset, PathBuf::from("a segment")),
            Place::File(id) | Place::Remote(id) => (File::open(self.path(id)).map(Arc::new), 0, self.path(id)),
        };
        match opened {
            Ok(file) => Ok(Opened { file, base, place }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Err(BlobsError::Missing(place)),
            Err(error) => Err(BlobsError::io("open", &path, error)),
        }
    }

    /// Removes a blob's own file; a packed blob goes with its segment.
    pub(crate) fn remove(&self, place: Place) -> Result<(), BlobsError> {
        if let Place::Pack { .. } = place {
            return Ok(());
        }
        let path = self.path(place.id());
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(BlobsError::io("remove", &path, error)),
        }
    }

    /// The blobs with a file of their own in one of the 256 folders, last written to at least `age` ago.
    pub(crate) fn list(&self, folder: u8, age: Duration) -> Result<Vec<BlobId>, BlobsError> {
        let sub = self.files.join(format!("{folder:02x}"));
        let failed = |e| BlobsError::io("list", &sub, e);
        let mut ids = Vec::new();
        for entry in std::fs::read_dir(&sub).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let Some(id) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            match entry.metadata().and_then(|found| found.modified()) {
                Ok(written) if written.elapsed().unwrap_or_default() >= age => ids.push(id),
                Ok(_) => {}
                // Removed since the folder was read.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
                Err(error) => return Err(failed(error)),
            }
        }
        Ok(ids)
    }
}

impl Opened {
    /// Reads and checks the frames of `cover`; blocks the thread.
    pub(crate) fn read(&self, cover: &Cover) -> Result<Bytes, BlobsError> {
        let mut framed = vec![0; (cover.framed.end - cover.framed.start) as usize];
        let cut = |block| BlobsError::Corrupt { place: self.place, block, reason: "it is cut off" };
        self.file.read_exact_at(&mut framed, self.base + cover.framed.start).map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => cut(cover.block),
            _ => BlobsError::Io { what: "read", path: self.place.to_string(), source: error },
        })?;
        checked(self.place, cover, framed)
    }
}

/// The bytes of `cover` out of their frames.
pub(crate) fn checked(place: Place, cover: &Cover, mut framed: Vec<u8>) -> Result<Bytes, BlobsError> {
    frame::open(place.id(), cover.block, &mut framed).map_err(|(block, reason)| BlobsError::Corrupt {
        place,
        block,
        reason,
    })?;
    if framed.len() < cover.skip + cover.take {
        return Err(BlobsError::Corrupt { place, block: cover.block, reason: "it is cut off" });
    }
    let bytes = Bytes::from(framed);
    Ok(bytes.slice(cover.skip..cover.skip + cover.take))
}

/// A file that is being written. Dropped before its end it is removed.
#[derive(Debug)]
pub(crate) struct NewFile {
    file: File,
    path: PathBuf,
    framer: Framer,
    kept: bool,
}

impl NewFile {
    /// Blocks the thread.
    pub(crate) fn write(&mut self, pieces: &[Bytes]) -> Result<(), BlobsError> {
        pieces.iter().for_each(|piece| self.framer.push(piece));
        let frames = self.framer.take();
        self.file.write_all(&frames).map_err(|e| BlobsError::io("write to", &self.path, e))
    }

    /// Ends the file; when this returns it is on disk under its name. Blocks the thread.
    pub(crate) fn finish(mut self) -> Result<(), BlobsError> {
        let id = BlobId::fresh();
        let rest = std::mem::replace(&mut self.framer, Framer::new(id)).finish();
        self.file.write_all(&rest).map_err(|e| BlobsError::io("write to", &self.path, e))?;
        self.file.sync_all().map_err(|e| BlobsError::io("sync", &self.path, e))?;
        let folder = self.path.parent().expect("a blob's file lies in a folder");
        sync_folder(folder)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for NewFile {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            tracing::debug!(%error, path = %self.path.display(), "an unfinished blob stays until the next sweep");
        }
    }
}
