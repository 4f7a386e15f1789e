//! The lake's folder as an object store: one root, out of which no path leads, and a meter on reads.

use std::fmt;
use std::ops::Range;
use std::path::{Path as FsPath, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;
use datafusion::error::{DataFusionError, Result as DfResult};
use datafusion::execution::object_store::{ObjectStoreRegistry, ObjectStoreUrl};
use futures::future;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetResult, ListResult, ObjectMeta, ObjectStore, Result};

use super::read_only::{ReadOnly, Reads};
use crate::{LakeError, Limit};

/// The address under which plans know the lake's folder.
const URL: &str = "lake://files/";

/// The lake's folder.
#[derive(Clone, Debug)]
pub(crate) struct LakeFiles {
    root: PathBuf,
    store: Arc<dyn ObjectStore>,
}

impl LakeFiles {
    /// Opens the folder, making it if missing.
    pub(crate) fn open(root: &FsPath) -> std::result::Result<Self, LakeError> {
        std::fs::create_dir_all(root).map_err(LakeError::io("make the folder", root))?;
        let root = root.canonicalize().map_err(LakeError::io("find", root))?;
        let store = LocalFileSystem::new_with_prefix(&root).map_err(|e| LakeError::Execution(e.to_string()))?;
        Ok(Self { root, store: Arc::new(store) })
    }

    pub(crate) fn url() -> ObjectStoreUrl {
        ObjectStoreUrl::parse(URL).expect("a constant URL")
    }

    /// The address of a folder below the root.
    pub(crate) fn folder_url(folder: &str) -> String {
        format!("{URL}{}/", folder.trim_matches('/'))
    }

    /// The address of a file below the root.
    pub(crate) fn file_url(path: &str) -> String {
        format!("{URL}{path}")
    }

    /// Where a file below the root is for the operating system.
    pub(crate) fn on_disk(&self, path: &str) -> PathBuf {
        self.root.join(path)
    }

    /// The stores of one query, metered: this folder, and the tenant's buckets if this process has any.
    pub(super) fn registry(
        &self,
        meter: &Arc<ScanMeter>,
        buckets: Option<Arc<dyn ObjectStore>>,
    ) -> Arc<dyn ObjectStoreRegistry> {
        let metered = |inner| Arc::new(ReadOnly(Metered { inner, meter: Arc::clone(meter) })) as Arc<dyn ObjectStore>;
        Arc::new(Stores { files: metered(Arc::clone(&self.store)), buckets: buckets.map(metered) })
    }
}

/// Checks a location that a statement names: a relative path that stays below its folder.
pub(crate) fn check_location(location: &str) -> std::result::Result<String, LakeError> {
    let trimmed = location.trim().trim_matches('/');
    let bad = |reason: &str| {
        let fix = "name a folder below the tenant's folder of the lake, such as 'imports/trips'";
        LakeError::invalid("LOCATION", format!("{location:?} {reason}"), fix)
    };
    if trimmed.is_empty() {
        return Err(bad("is empty"));
    }
    if location.contains("://") || location.starts_with('/') || location.contains('\\') {
        return Err(bad("is no relative path"));
    }
    if trimmed.len() > 500 || trimmed.chars().any(|c| c.is_control()) {
        return Err(bad("is too long or has control characters"));
    }
    if trimmed.split('/').any(|part| part.is_empty() || part.starts_with('.')) {
        return Err(bad("has an empty or a hidden part"));
    }
    Ok(trimmed.to_owned())
}

/// What a query reads.
#[derive(Debug)]
pub(super) struct ScanMeter {
    bytes: AtomicU64,
    reads: AtomicU64,
    limit: AtomicU64,
}

impl ScanMeter {
    pub(super) fn new(limit: u64) -> Self {
        Self { bytes: AtomicU64::new(0), reads: AtomicU64::new(0), limit: AtomicU64::new(limit) }
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    pub(super) fn reads(&self) -> u64 {
        self.reads.load(Ordering::Relaxed)
    }

    /// Lowers the bound.
    pub(super) fn narrow(&self, limit: u64) {
        self.limit.fetch_min(limit, Ordering::Relaxed);
    }

    fn count(&self, bytes: u64) -> Result<()> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        let before = self.bytes.fetch_add(bytes, Ordering::Relaxed);
        let limit = self.limit.load(Ordering::Relaxed);
        if before.saturating_add(bytes) > limit {
            let detail = format!(
                "it reads more than the {limit} bytes it may; narrow it by the table's time or partitions, or ask for more"
            );
            let source = Box::new(LakeError::Limit { limit: Limit::Bytes, detail });
            return Err(object_store::Error::Generic { store: "lake", source });
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Metered {
    inner: Arc<dyn ObjectStore>,
    meter: Arc<ScanMeter>,
}

impl fmt::Display for Metered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, metered", self.inner)
    }
}

#[async_trait]
impl Reads for Metered {
    async fn get(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let head = options.head;
        let result = self.inner.get_opts(location, options).await?;
        if !head {
            self.meter.count(result.range.end - result.range.start)?;
        }
        Ok(result)
    }

    async fn ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.meter.count(ranges.iter().map(|r| r.end.saturating_sub(r.start)).sum())?;
        self.inner.get_ranges(location, ranges).await
    }

    /// A plan that wants one partition names its folder as the value is; where that is written otherwise all folders
    /// beside it are listed, and the plan chooses by what it reads in their names.
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let prefix = prefix.map(without_escaped);
        let listed = self.inner.list(prefix.as_ref());
        listed.try_filter(|file| future::ready(!is_hidden(&file.location))).boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.inner.list_with_delimiter(prefix).await
    }
}

/// Files whose names begin so are no rows: marks of jobs, and what is not finished, of this process too.
const HIDDEN: [char; 2] = ['_', '.'];

fn is_hidden(path: &Path) -> bool {
    path.filename().is_some_and(|name| name.starts_with(HIDDEN))
}

/// A path up to the first folder of a partition whose value Hive would have escaped.
fn without_escaped(path: &Path) -> Path {
    let escaped = |part: &str| {
        let value = part.split_once('=').map_or("", |(_, value)| value);
        value.chars().any(|c| c.is_control() || "\"#%'*:=?\\{[]^".contains(c))
    };
    path.parts().take_while(|part| !escaped(part.as_ref())).collect()
}

/// A registry that knows the lake's folder and the tenant's buckets, and nothing else.
#[derive(Debug)]
struct Stores {
    files: Arc<dyn ObjectStore>,
    buckets: Option<Arc<dyn ObjectStore>>,
}

impl ObjectStoreRegistry for Stores {
    fn register_store(&self, _: &url::Url, _: Arc<dyn ObjectStore>) -> Option<Arc<dyn ObjectStore>> {
        None
    }

    fn get_store(&self, url: &url::Url) -> DfResult<Arc<dyn ObjectStore>> {
        match (url.scheme(), url.host_str()) {
            ("lake", Some("files")) => Ok(Arc::clone(&self.files)),
            ("lake", Some("buckets")) => self.buckets.clone().ok_or_else(|| no_buckets().into()),
            _ => Err(DataFusionError::Plan(format!("{url} is outside of the lake"))),
        }
    }
}

/// Said where no objects are kept.
pub(super) fn no_buckets() -> LakeError {
    let fix = "ask a Doorstep that has the role objects";
    LakeError::invalid("LOCATION", "this process keeps no buckets", fix)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn folders_that_are_written_otherwise_are_looked_for_among_all() {
        let cut = |path: &str| without_escaped(&Path::parse(path).unwrap()).to_string();
        assert_eq!(cut("files/main/in/day=2026-01-01"), "files/main/in/day=2026-01-01");
        assert_eq!(cut("files/main/in/t=10:30/h=1"), "files/main/in");
        assert_eq!(cut("files/main/a:b"), "files/main/a:b");
    }

    #[test]
    fn locations_stay_inside() {
        assert_eq!(check_location("imports/trips/").unwrap(), "imports/trips");
        for bad in ["", "/etc", "../other", "a/../../b", "file:///etc", "s3://b/k", "a//b", "a/.hidden", "a\\b"] {
            assert!(check_location(bad).is_err(), "{bad}");
        }
    }
}
