//! Small file habits: folders that survive a power cut, files that appear whole, the lock.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::JournalError;

/// Makes a folder and its parents, each name safely on disk.
pub(crate) fn make_folder(path: &Path) -> Result<(), JournalError> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        make_folder(parent)?;
    }
    match fs::create_dir(path) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => Err(JournalError::io("make", path)(e)),
        _ => sync_parent(path),
    }
}

/// Makes the name of a new or renamed entry durable.
pub(crate) fn sync_parent(path: &Path) -> Result<(), JournalError> {
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(parent).and_then(|folder| folder.sync_all()).map_err(JournalError::io("sync", parent))
}

/// Writes a file that is either wholly there under its name or not at all.
pub(crate) fn write_whole(path: &Path, content: &[u8], fsync: bool) -> Result<File, JournalError> {
    let mut draft = path.as_os_str().to_owned();
    draft.push(DRAFT);
    let draft = PathBuf::from(draft);
    let mut file = File::create(&draft).map_err(JournalError::io("create", &draft))?;
    file.write_all(content).map_err(JournalError::io("write", &draft))?;
    if fsync {
        file.sync_all().map_err(JournalError::io("sync", &draft))?;
    }
    fs::rename(&draft, path).map_err(JournalError::io("rename into place", path))?;
    if fsync {
        sync_parent(path)?;
    }
    Ok(file)
}

/// How names of files not yet in place end; a crash may leave one.
const DRAFT: &str = ".draft";

/// The folder's files with this extension, sorted by name; drafts are removed on the way.
pub(crate) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, JournalError> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(JournalError::io("list", folder))? {
        let path = entry.map_err(JournalError::io("list", folder))?.path();
        if path.to_string_lossy().ends_with(DRAFT) {
            fs::remove_file(&path).map_err(JournalError::io("remove", &path))?;
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// How often the lock is tried, and how long apart. A child that this process is just starting shares its open
/// files until it becomes another program, so a lock that was let go can be held a moment longer.
const LOCK_TRIES: (u32, Duration) = (25, Duration::from_millis(40));

/// Takes the directory for this handle until the returned file is dropped. Waits up to a second for a holder that
/// is about to let go.
pub(crate) fn lock(dir: &Path) -> Result<File, JournalError> {
    let path = dir.join("LOCK");
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(JournalError::io("open", &path))?;
    let (mut tries, pause) = LOCK_TRIES;
    let taken = loop {
        tries -= 1;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) if tries > 0 => std::thread::sleep(pause),
            answer => break answer,
        }
    };
    match taken {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let named = file.read_to_string(&mut holder).is_ok() && !holder.trim().is_empty();
            let holder = if named { holder.trim().to_owned() } else { "another process".to_owned() };
            return Err(JournalError::Locked { dir: dir.to_path_buf(), holder });
        }
        Err(TryLockError::Error(e)) => return Err(JournalError::io("lock", &path)(e)),
    }
    file.set_len(0)
        .and_then(|()| writeln!(file, "process {}", std::process::id()))
        .map_err(JournalError::io("write", &path))?;
    Ok(file)
}
