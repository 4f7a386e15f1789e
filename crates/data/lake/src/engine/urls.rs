//! Tables over somebody else's addresses: the file is brought here, and brought again when it has changed.
//!
//! A query reads a file that stays as it is, also when the other end changes it meanwhile, and the guard against
//! addresses of the own network stands in one place, at the fetching.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use doorstep_clock::Timestamp;
use doorstep_fetch::{Download, FetchError, Fetcher, Validators};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::runtime::Handle;

use super::files::LakeFiles;
use crate::LakeError;
use crate::catalog::TableDef;

/// The folder of all that was brought, below the lake's folder.
pub(crate) const FOLDER: &str = "urls";
/// What is known of the newest file.
const ABOUT: &str = "about.json";
/// So long after a look the other end is not asked again, milliseconds.
const FRESH_MS: i64 = 10_000;

/// Whether a location is an address and no folder.
pub(super) fn is_url(location: &str) -> bool {
    let begins = |with: &str| location.get(..with.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(with));
    begins("http://") || begins("https://")
}

#[derive(Debug, Deserialize, Serialize)]
struct About {
    url: String,
    file: String,
    etag: Option<String>,
    modified: Option<String>,
    looked_at: i64,
}

/// Brings files. Cheap to clone.
#[derive(Clone, Debug)]
pub(super) struct Urls {
    fetcher: Fetcher,
    files: LakeFiles,
    /// One at a time looks after a table's file.
    busy: Arc<Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>>,
    /// Where the network is: the threads of a query have none.
    runtime: Option<Handle>,
}

impl Urls {
    pub(super) fn new(fetch: doorstep_fetch::Config, files: LakeFiles) -> Result<Self, LakeError> {
        let fetcher = Fetcher::new(fetch).map_err(|error| LakeError::Execution(error.to_string()))?;
        Ok(Self { fetcher, files, busy: Arc::default(), runtime: Handle::try_current().ok() })
    }

    /// Refuses an address that nothing would be fetched from.
    pub(super) fn check(&self, url: &str) -> Result<(), LakeError> {
        self.fetcher.check(url).map_err(|error| told(url, &error))
    }

    /// The table's file as it is at its address now: its path below the lake's folder.
    pub(super) async fn bring(&self, tenant: &str, table: &TableDef, now: Timestamp) -> Result<String, LakeError> {
        let (this, url) = (self.clone(), table.location.clone().unwrap_or_default());
        let folder = format!("{FOLDER}/{tenant}/{}", table.id);
        let work = async move { this.bring_to(&url, folder, now).await };
        match &self.runtime {
            Some(runtime) => runtime.spawn(work).await.map_err(|error| LakeError::Execution(error.to_string()))?,
            None => work.await,
        }
    }

    async fn bring_to(&self, url: &str, folder: String, now: Timestamp) -> Result<String, LakeError> {
        let turn = Arc::clone(self.busy.lock().entry(folder.clone()).or_default());
        let done = {
            let _turn = turn.lock().await;
            self.look(url, &folder, now).await
        };
        drop(turn);
        let mut busy = self.busy.lock();
        if busy.get(&folder).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            busy.remove(&folder);
        }
        done
    }

    async fn look(&self, url: &str, folder: &str, now: Timestamp) -> Result<String, LakeError> {
        let disk = self.files.on_disk(folder);
        let about = disk.join(ABOUT);
        let known = tokio::fs::read(&about).await.ok().and_then(|text| serde_json::from_slice::<About>(&text).ok());
        let known = known.filter(|known| known.url == url && disk.join(&known.file).is_file());
        if let Some(known) = &known
            && (known.looked_at..known.looked_at + FRESH_MS).contains(&now.millis())
        {
            return Ok(format!("{folder}/{}", known.file));
        }
        tokio::fs::create_dir_all(&disk).await.map_err(LakeError::io("make the folder", &disk))?;
        let asked = known.as_ref().map_or_else(Validators::default, |known| Validators {
            etag: known.etag.clone(),
            modified: known.modified.clone(),
        });
        let name = format!("{}.rows", uuid::Uuid::now_v7().simple());
        let file = disk.join(&name);
        let became = match (self.fetcher.download(url, &asked, &file).await, known) {
            (Ok(Download::Unchanged), Some(known)) => About { looked_at: now.millis(), ..known },
            (Ok(Download::Written { validators, .. }), _) => {
                let (url, Validators { etag, modified }) = (url.to_owned(), validators);
                About { url, file: name, etag, modified, looked_at: now.millis() }
            }
            (Ok(Download::Unchanged), None) => return Err(told(url, &FetchError::Status { status: 304 })),
            (Err(error), _) => {
                let _ = tokio::fs::remove_file(&file).await;
                return Err(told(url, &error));
            }
        };
        keep(&about, &became).await?;
        forget(&disk, &became.file).await;
        Ok(format!("{folder}/{}", became.file))
    }
}

async fn keep(about: &Path, known: &About) -> Result<(), LakeError> {
    let beside = about.with_extension("new");
    let text = serde_json::to_vec(known).map_err(|error| LakeError::Execution(error.to_string()))?;
    tokio::fs::write(&beside, text).await.map_err(LakeError::io("write", &beside))?;
    tokio::fs::rename(&beside, about).await.map_err(LakeError::io("write", about))
}

/// Deletes what no query reads any more: everything but the newest file and the one before it.
async fn forget(folder: &Path, newest: &str) {
    let Ok(mut entries) = tokio::fs::read_dir(folder).await else { return };
    let mut old = Vec::new();
    while let Ok(Some(entry)) = entries.next_entry().await {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".rows") && name != newest {
            old.push(name);
        }
    }
    // The names begin with their time.
    old.sort();
    old.pop();
    for name in old {
        let _ = tokio::fs::remove_file(folder.join(name)).await;
    }
}

fn told(url: &str, error: &FetchError) -> LakeError {
    let reason = format!("{url}: {error}");
    let fix = match error {
        FetchError::Private { .. } => "name a public address; lake.private_hosts allows servers of your own",
        FetchError::Address { .. } => "write http:// or https:// and where the file is",
        FetchError::TooLarge { .. } => "lake.url_mib allows larger files",
        _ => "see that the file can be fetched there",
    };
    LakeError::invalid("LOCATION", reason, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_no_folders() {
        assert!(is_url("https://example.com/a.csv") && is_url("HTTP://h/a"));
        assert!(!is_url("imports/http") && !is_url("ftp://h/a") && !is_url("http:/"));
    }
}
