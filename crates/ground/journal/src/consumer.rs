//! How far a named reader of a stream has come, safely on disk.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;

use crate::stream::Stream;
use crate::{JournalError, disk, name};

const FOLDER: &str = "consumers";
const EXTENSION: &str = "pos";

/// A position and its file.
#[derive(Debug)]
pub(crate) struct Mark {
    path: PathBuf,
    position: AtomicU64,
    /// Writers take turns, so that the file never goes back.
    writing: Mutex<()>,
    fsync: bool,
}

impl Mark {
    pub(crate) fn position(&self) -> u64 {
        self.position.load(Ordering::Acquire)
    }

    /// All marks of a stream; one beyond the stream's end (records lost with an unsynced tail)
    /// is set back to the end, else the consumer would miss what comes next.
    pub(crate) fn load_all(folder: &Path, last: u64, fsync: bool) -> Result<BTreeMap<String, Arc<Mark>>, JournalError> {
        let folder = folder.join(FOLDER);
        let mut marks = BTreeMap::new();
        if !folder.is_dir() {
            return Ok(marks);
        }
        for path in disk::files(&folder, EXTENSION)? {
            let Some(name) = path.file_stem().and_then(|n| n.to_str()).map(str::to_owned) else { continue };
            let text = fs::read_to_string(&path).map_err(JournalError::io("read", &path))?;
            let mut position = parse(&text).ok_or_else(|| JournalError::Damaged {
                file: path.clone(),
                offset: 0,
                reason: "this is no consumer position".to_owned(),
            })?;
            if position > last {
                tracing::warn!(consumer = %name, position, last, "a consumer stood beyond its stream's end and is set back");
                position = last;
            }
            let mark = Mark { path, position: AtomicU64::new(position), writing: Mutex::new(()), fsync };
            marks.insert(name, Arc::new(mark));
        }
        Ok(marks)
    }

    fn store(&self, position: u64) -> Result<(), JournalError> {
        let text = position.to_string();
        let line = format!("{text} {:08x}\n", crc32fast::hash(text.as_bytes()));
        disk::write_whole(&self.path, line.as_bytes(), self.fsync)?;
        self.position.store(position, Ordering::Release);
        Ok(())
    }
}

fn parse(text: &str) -> Option<u64> {
    let (number, sum) = text.strip_suffix('\n')?.split_once(' ')?;
    (u32::from_str_radix(sum, 16).ok()? == crc32fast::hash(number.as_bytes())).then_some(())?;
    number.parse().ok()
}

/// A named reader's durable position in one stream; clones share it.
#[derive(Clone)]
pub struct Consumer {
    stream: Arc<Stream>,
    name: String,
    mark: Arc<Mark>,
}

impl std::fmt::Debug for Consumer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Consumer").field("name", &self.name).field("position", &self.position()).finish_non_exhaustive()
    }
}

impl Consumer {
    /// Finds the consumer or registers it before the stream's first record.
    pub(crate) fn find(stream: &Arc<Stream>, consumer: &str) -> Result<Consumer, JournalError> {
        name::check("consumer", consumer)?;
        let mut marks = stream.marks.lock();
        let mark = match marks.get(consumer) {
            Some(mark) => Arc::clone(mark),
            None => {
                let folder = stream.folder.join(FOLDER);
                disk::make_folder(&folder)?;
                let mark = Arc::new(Mark {
                    path: folder.join(format!("{consumer}.{EXTENSION}")),
                    position: AtomicU64::new(0),
                    writing: Mutex::new(()),
                    fsync: stream.options.fsync,
                });
                mark.store(0)?;
                marks.insert(consumer.to_owned(), Arc::clone(&mark));
                mark
            }
        };
        Ok(Consumer { stream: Arc::clone(stream), name: consumer.to_owned(), mark })
    }

    /// The last record this consumer is done with; 0 before the first. Pass it to
    /// [`Journal::read`](crate::Journal::read).
    pub fn position(&self) -> u64 {
        self.mark.position()
    }

    /// Notes durably that everything up to `seq` is done; a lower number than before changes
    /// nothing. The file work runs on the runtime's blocking threads.
    pub async fn commit(&self, seq: u64) -> Result<(), JournalError> {
        let consumer = self.clone();
        tokio::task::spawn_blocking(move || consumer.commit_blocking(seq)).await.unwrap_or(Err(JournalError::Closed))
    }

    /// [`Consumer::commit`] for code outside an async runtime; blocks the thread.
    pub fn commit_blocking(&self, seq: u64) -> Result<(), JournalError> {
        self.move_to(seq, false)
    }

    /// Sets the position back (or forward) to `seq`, to read records again; blocks the thread.
    pub fn rewind_blocking(&self, seq: u64) -> Result<(), JournalError> {
        self.move_to(seq, true)
    }

    /// Forgets the consumer, so that it holds no segments any more; blocks the thread.
    pub fn remove(self) -> Result<(), JournalError> {
        let mut marks = self.stream.marks.lock();
        let _turn = self.mark.writing.lock();
        if marks.get(&self.name).is_some_and(|mark| Arc::ptr_eq(mark, &self.mark)) {
            marks.remove(&self.name);
            fs::remove_file(&self.mark.path).map_err(JournalError::io("remove", &self.mark.path))?;
            disk::sync_parent(&self.mark.path)?;
        }
        Ok(())
    }

    fn move_to(&self, seq: u64, backwards_too: bool) -> Result<(), JournalError> {
        let last = self.stream.last();
        if seq > last {
            return Err(JournalError::Position {
                stream: self.stream.name.clone(),
                consumer: self.name.clone(),
                seq,
                last,
            });
        }
        let _turn = self.mark.writing.lock();
        let now = self.mark.position();
        if seq == now || (seq < now && !backwards_too) {
            return Ok(());
        }
        self.mark.store(seq)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn a_position_must_be_whole() {
        let line = format!("42 {:08x}\n", crc32fast::hash(b"42"));
        assert_eq!(parse(&line), Some(42));
        for cut in 0..line.len() {
            assert_eq!(parse(&line[..cut]), None);
        }
        assert_eq!(parse(&line.replace("42", "43")), None);
    }
}
