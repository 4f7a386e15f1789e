//! Tables over the tenant's own buckets: `s3://bucket/prefix/`, read where the objects are kept, without a request.
//!
//! Which buckets there are is handed in from above. A plan knows their objects under paths that begin with tenant and
//! bucket, so that what is remembered of a file is never taken for another tenant's of the same name.

use std::collections::HashMap;
use std::fmt;
use std::path::Path as FsPath;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::datasource::listing::ListingTableUrl;
use doorstep_store::Tx;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::path::{Path, PathPart};
use object_store::{GetOptions, GetResult, GetResultPayload, ListResult, ObjectMeta, ObjectStore, Result};
use parking_lot::Mutex;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinError};

use super::read_only::{ReadOnly, Reads};
use crate::LakeError;

/// Before a tenant's name in the address under which plans know its buckets.
const URL: &str = "lake://buckets/";
/// Pieces of an object, or entries of a list, that may wait for whoever reads them.
const AHEAD: usize = 4;
/// Bytes of a prefix.
const LONGEST: usize = 900;

/// The buckets of all tenants, as the process has them.
#[async_trait]
pub trait Buckets: fmt::Debug + Send + Sync {
    /// Refuses a bucket that is not there or is another tenant's, in the same words.
    ///
    /// # Errors
    /// [`LakeError::Unknown`], the store's.
    async fn check(&self, tenant: &str, bucket: &str) -> std::result::Result<(), LakeError>;

    /// The objects of a tenant's bucket: paths are keys. Writing into it is not asked for. What it says of another
    /// tenant's bucket is what [`Buckets::check`] says.
    fn objects(&self, tenant: &str, bucket: &str) -> Arc<dyn ObjectStore>;

    /// Brings a file to a tenant's bucket, where nobody sees it before [`Arrived::place`].
    ///
    /// # Errors
    /// What the bucket refuses, the store's.
    async fn bring(
        &self,
        tenant: &str,
        bucket: &str,
        key: &str,
        file: &FsPath,
    ) -> std::result::Result<Arc<dyn Arrived>, LakeError>;
}

/// A file whose bytes are with a bucket's, on its way to be an object there. Dropped, it goes, unless a transaction may
/// have placed it.
pub trait Arrived: fmt::Debug + Send + Sync {
    /// Makes it an object in a transaction of the catalogue's store, in which the buckets are as well: within the
    /// bucket's quota, with its versions and events. Each try of the transaction does it anew.
    ///
    /// # Errors
    /// What the bucket refuses, the store's.
    fn place(&self, tx: &mut dyn Tx) -> std::result::Result<(), LakeError>;

    /// The transaction is known to have done nothing.
    fn undone(&self);
}

/// The way to the buckets: the threads of a query have no network, so what is asked there runs where it was given.
#[derive(Clone, Debug)]
pub(super) struct Door {
    buckets: Arc<dyn Buckets>,
    runtime: Handle,
}

impl Door {
    /// Nothing outside of a runtime.
    pub(super) fn new(buckets: Arc<dyn Buckets>) -> Option<Self> {
        Some(Self { buckets, runtime: Handle::try_current().ok()? })
    }

    pub(super) async fn check(&self, tenant: &str, bucket: &str) -> std::result::Result<(), LakeError> {
        let (buckets, tenant, bucket) = (Arc::clone(&self.buckets), tenant.to_owned(), bucket.to_owned());
        self.run(async move { buckets.check(&tenant, &bucket).await }, failed).await
    }

    pub(super) async fn bring(
        &self,
        tenant: &str,
        bucket: &str,
        key: &str,
        file: &FsPath,
    ) -> std::result::Result<Arc<dyn Arrived>, LakeError> {
        let (buckets, file) = (Arc::clone(&self.buckets), file.to_path_buf());
        let (tenant, bucket, key) = (tenant.to_owned(), bucket.to_owned(), key.to_owned());
        self.run(async move { buckets.bring(&tenant, &bucket, &key, &file).await }, failed).await
    }

    /// The objects of all of a tenant's buckets, for one query.
    pub(super) fn store(&self, tenant: &str) -> Arc<dyn ObjectStore> {
        let (door, tenant) = (self.clone(), tenant.to_owned());
        Arc::new(ReadOnly(TenantBuckets { door, tenant, open: Mutex::default() }))
    }

    /// Runs `work` where the network is; it is called off when nobody waits for it any more. `ended` tells of work that
    /// came to no end.
    async fn run<T: Send + 'static, E: Send + 'static>(
        &self,
        work: impl Future<Output = std::result::Result<T, E>> + Send + 'static,
        ended: impl FnOnce(JoinError) -> E,
    ) -> std::result::Result<T, E> {
        let task = self.runtime.spawn(work);
        let _stop = CalledOff(task.abort_handle());
        task.await.unwrap_or_else(|error| Err(ended(error)))
    }
}

fn failed(error: JoinError) -> LakeError {
    LakeError::Execution(error.to_string())
}

/// Ends a task when it is dropped.
struct CalledOff(AbortHandle);

impl Drop for CalledOff {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Where a table's objects are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) bucket: String,
    /// What the keys begin with, without slashes at its ends.
    pub(super) prefix: String,
    /// Whether a slash stands behind the prefix: it cannot be an object's own key.
    pub(super) folder: bool,
}

/// Whether a location names a bucket.
pub(super) fn is_bucket(location: &str) -> bool {
    behind_scheme(location).is_some()
}

fn behind_scheme(location: &str) -> Option<&str> {
    let (scheme, rest) = location.trim().split_once("://")?;
    ["s3", "s3a", "s3n"].iter().any(|known| scheme.eq_ignore_ascii_case(known)).then_some(rest)
}

/// Stays as it is in an address.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'=').remove(b'~');

impl Location {
    pub(super) fn parse(location: &str) -> std::result::Result<Self, LakeError> {
        let bad = |reason: &str| {
            let fix = "write s3://bucket/prefix/ with a bucket of your own";
            LakeError::invalid("LOCATION", format!("{location:?} {reason}"), fix)
        };
        let rest = behind_scheme(location).ok_or_else(|| bad("names no bucket"))?;
        let (bucket, key) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(bad("names no bucket"));
        }
        let prefix = key.trim_end_matches('/');
        if prefix.len() > LONGEST {
            return Err(bad("is too long"));
        }
        if Path::parse(prefix).map_or(true, |path| path.as_ref() != prefix) {
            return Err(bad("has an empty part, `.`, `..` or a control character"));
        }
        let folder = prefix.is_empty() || key.ends_with('/');
        Ok(Self { bucket: bucket.to_owned(), prefix: prefix.to_owned(), folder })
    }

    /// The address under which a plan of the tenant's finds it; with `folder` it is no single object.
    pub(super) fn url(&self, tenant: &str, folder: bool) -> std::result::Result<ListingTableUrl, LakeError> {
        let mut url = URL.trim_end_matches('/').to_owned();
        for part in [tenant, &self.bucket].into_iter().chain(self.prefix.split('/').filter(|part| !part.is_empty())) {
            url.push('/');
            url.extend(utf8_percent_encode(part, KEPT));
        }
        if self.folder || folder {
            url.push('/');
        }
        Ok(ListingTableUrl::parse(url)?)
    }

    /// The key of a file in it.
    pub(super) fn key(&self, file: &str) -> String {
        if self.prefix.is_empty() { file.to_owned() } else { format!("{}/{file}", self.prefix) }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.prefix)?;
        if self.folder && !self.prefix.is_empty() { f.write_str("/") } else { Ok(()) }
    }
}

/// See [`Door::store`].
#[derive(Debug)]
struct TenantBuckets {
    door: Door,
    tenant: String,
    open: Mutex<HashMap<String, Arc<dyn ObjectStore>>>,
}

impl fmt::Display for TenantBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tenant's buckets")
    }
}

impl TenantBuckets {
    /// The bucket's store, the path in it, and what stands before such paths. Whoever plans names his own tenant; a
    /// path of another's is nowhere.
    fn within(&self, path: &Path) -> Result<(Arc<dyn ObjectStore>, Path, Path)> {
        let mut parts = path.parts();
        let (tenant, bucket) = (parts.next(), parts.next());
        let (Some(tenant), Some(bucket)) = (tenant, bucket) else { return Err(nowhere(path)) };
        if tenant.as_ref() != self.tenant {
            return Err(nowhere(path));
        }
        let before = Path::from_iter([tenant, bucket.clone()]);
        let key = parts.map(|part| part.as_ref().to_owned()).collect::<Vec<_>>().join("/");
        let name = bucket.as_ref().to_owned();
        let mut open = self.open.lock();
        let store = open.entry(name).or_insert_with(|| self.door.buckets.objects(&self.tenant, bucket.as_ref()));
        Ok((Arc::clone(store), Path::parse(key)?, before))
    }

    /// What comes out of a stream that runs where the network is.
    fn carried<T: Send + 'static>(&self, mut from: BoxStream<'static, Result<T>>) -> BoxStream<'static, Result<T>> {
        let (sender, receiver) = mpsc::channel(AHEAD);
        self.door.runtime.spawn(async move {
            while let Some(item) = from.next().await {
                if sender.send(item).await.is_err() {
                    break;
                }
            }
        });
        stream::unfold(receiver, |mut from| async move { from.recv().await.map(|item| (item, from)) }).boxed()
    }

    async fn run<T: Send + 'static>(&self, work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
        self.door.run(work, |source| object_store::Error::JoinError { source }).await
    }
}

fn nowhere(path: &Path) -> object_store::Error {
    object_store::Error::NotFound { path: path.to_string(), source: "it is in no bucket of the tenant's".into() }
}

/// The path of a key as plans know it. Parts are taken as they are: folder names of partitions have their own escapes.
fn placed(before: &Path, key: &Path) -> Result<Path> {
    Ok(Path::parse(format!("{before}/{key}"))?)
}

fn placed_meta(before: &Path, meta: ObjectMeta) -> Result<ObjectMeta> {
    Ok(ObjectMeta { location: placed(before, &meta.location)?, ..meta })
}

#[async_trait]
impl Reads for TenantBuckets {
    async fn get(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let (store, key, before) = self.within(location)?;
        let found = self.run(async move { store.get_opts(&key, options).await }).await?;
        let (meta, range, attributes) = (found.meta.clone(), found.range.clone(), found.attributes.clone());
        let payload = GetResultPayload::Stream(self.carried(found.into_stream()));
        Ok(GetResult { payload, meta: placed_meta(&before, meta)?, range, attributes })
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        match self.within(prefix.unwrap_or(&Path::from_iter(Vec::<PathPart<'_>>::new()))) {
            Ok((store, key, before)) => {
                let listed = self.carried(store.list(Some(&key)));
                listed.map(move |meta| placed_meta(&before, meta?)).boxed()
            }
            Err(error) => stream::once(async { Err(error) }).boxed(),
        }
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let (store, key, before) = self.within(prefix.unwrap_or(&Path::from_iter(Vec::<PathPart<'_>>::new())))?;
        let listed = self.run(async move { store.list_with_delimiter(Some(&key)).await }).await?;
        Ok(ListResult {
            common_prefixes: listed.common_prefixes.iter().map(|key| placed(&before, key)).collect::<Result<_>>()?,
            objects: listed.objects.into_iter().map(|meta| placed_meta(&before, meta)).collect::<Result<_>>()?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn locations_name_a_bucket_and_a_prefix() {
        let read = |text: &str| Location::parse(text).map(|l| (l.to_string(), l.folder));
        assert_eq!(read("s3://trips/2026/").unwrap(), ("s3://trips/2026/".to_owned(), true));
        assert_eq!(read("S3A://trips/a b/c%3A.parquet").unwrap(), ("s3://trips/a b/c%3A.parquet".to_owned(), false));
        assert_eq!(read("s3n://trips").unwrap(), ("s3://trips/".to_owned(), true));
        for bad in ["s3://", "s3:///x", "s3://b/a//c", "s3://b/../c", "s3://b/a/./c", "s3://b/\u{1}", "gs://b/c", "b/c"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read(&format!("s3://b/{}", "x".repeat(1000))).is_err());
        assert!(is_bucket("s3a://b/c") && !is_bucket("https://b/c") && !is_bucket("s3/b"));
    }

    #[test]
    fn plans_know_tenant_and_bucket() {
        let url = |text: &str| Location::parse(text).unwrap().url("main", false).unwrap();
        assert_eq!(url("s3://trips/2026/").prefix().as_ref(), "main/trips/2026");
        assert!(url("s3://trips/2026/").is_collection() && !url("s3://trips/x.csv").is_collection());
        assert_eq!(url("s3://trips/h=10%3A30/é*/").prefix().as_ref(), "main/trips/h=10%3A30/é*");
        assert_eq!(Location::parse("s3://b").unwrap().key("x.parquet"), "x.parquet");
        assert_eq!(Location::parse("s3://b/a/b/").unwrap().key("x.parquet"), "a/b/x.parquet");
    }
}
