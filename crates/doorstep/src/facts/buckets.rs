//! The buckets of this process as the lake's tables read them: by the object engine, without a request.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    path::Path as FsPath,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use async_trait::async_trait;
use doorstep_lake::{Arrived, Buckets, LakeError, ReadOnly, Reads, catalog::nearest};
use doorstep_objects::{Bucket, ByteRange, Get, Incoming, List, Object, Objects, ObjectsError, Put, ReadConditions};
use doorstep_store::Tx;
use futures::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use object_store::{
    Attributes, Error, GetOptions, GetRange, GetResult, GetResultPayload, ListResult, ObjectMeta, ObjectStore, Result,
    path::Path,
};
use parking_lot::Mutex;
use tokio::io::AsyncReadExt as _;

/// Objects asked for at once while listing.
const PAGE: usize = 1000;
/// Buckets among which the nearest name is looked for.
const NAMES: usize = 200;
/// Objects of which one query remembers what they were when it began.
const REMEMBERED: usize = 100_000;
/// Bytes read at once from a file that is put.
const PIECE: usize = 1 << 20;

/// See the module's head.
#[derive(Clone)]
pub(crate) struct LakeBuckets(pub(crate) Objects);

impl fmt::Debug for LakeBuckets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LakeBuckets")
    }
}

impl LakeBuckets {
    /// A bucket of the tenant's; another's is not there for it.
    async fn own(&self, tenant: &str, bucket: &str) -> std::result::Result<Arc<Bucket>, LakeError> {
        match self.0.bucket(bucket).await {
            Ok(found) if found.tenant == tenant => Ok(found),
            Ok(_) | Err(ObjectsError::NoSuchBucket(_)) => {
                let all = self.0.buckets(tenant, "", "", NAMES).await.map_err(|error| told(bucket, "", error))?;
                let near = nearest(bucket, all.iter().map(|bucket| bucket.name.as_str()));
                Err(LakeError::Unknown { what: "bucket", name: bucket.to_owned(), near })
            }
            Err(error) => Err(told(bucket, "", error)),
        }
    }
}

/// What the object engine refuses, in the lake's words.
fn told(bucket: &str, key: &str, error: ObjectsError) -> LakeError {
    let place = format!("s3://{bucket}/{key}");
    let invalid = |reason: String, fix: &str| LakeError::Invalid { field: place.clone(), reason, fix: fix.to_owned() };
    match error {
        ObjectsError::NoSuchBucket(name) => LakeError::Unknown { what: "bucket", name, near: None },
        ObjectsError::NoSuchKey { .. } | ObjectsError::IsDeleteMarker { .. } | ObjectsError::NoSuchVersion { .. } => {
            LakeError::Corrupt { file: place, reason: "it is not there".to_owned() }
        }
        // It is read as it was when the query looked at it first.
        ObjectsError::PreconditionFailed(_) => LakeError::Conflict { table: place },
        ObjectsError::CustomerKey(_) => {
            invalid("it is encrypted under a key of its customer's".to_owned(), "tables read objects without one")
        }
        ObjectsError::QuotaExceeded(why) => invalid(
            format!("the quota of the bucket is used up: {why}"),
            "delete objects, or raise the quota with PUT /v1/buckets/{bucket}",
        ),
        ObjectsError::Full => LakeError::Execution("no room is left for objects".to_owned()),
        ObjectsError::Store(error) => LakeError::Store(error),
        other => LakeError::Execution(format!("{place}: {other}")),
    }
}

#[async_trait]
impl Buckets for LakeBuckets {
    async fn check(&self, tenant: &str, bucket: &str) -> std::result::Result<(), LakeError> {
        self.own(tenant, bucket).await.map(|_| ())
    }

    fn objects(&self, tenant: &str, bucket: &str) -> Arc<dyn ObjectStore> {
        let (buckets, tenant, name) = (self.clone(), tenant.to_owned(), bucket.to_owned());
        Arc::new(ReadOnly(BucketFiles(Arc::new(Inner { buckets, tenant, name, seen: Mutex::default() }))))
    }

    async fn bring(
        &self,
        tenant: &str,
        bucket: &str,
        key: &str,
        file: &FsPath,
    ) -> std::result::Result<Arc<dyn Arrived>, LakeError> {
        let own = self.own(tenant, bucket).await?;
        let io = |source| LakeError::Io { action: "read", path: file.to_path_buf(), source };
        let opened = tokio::fs::File::open(file).await.map_err(io)?;
        let length = opened.metadata().await.map_err(io)?.len();
        let body = stream::try_unfold(opened, |mut file| async move {
            let mut piece = vec![0; PIECE];
            let n = file.read(&mut piece).await?;
            piece.truncate(n);
            Ok::<_, std::io::Error>((n > 0).then_some((axum::body::Bytes::from(piece), file)))
        });
        let put = Put { length: Some(length), ..Put::default() };
        let body = body.map_err(|error| -> doorstep_objects::BodyError { Box::new(error) });
        let taken = self.0.take_in(&own, key, body.boxed(), put).await;
        let incoming = taken.map_err(|error| told(bucket, key, error))?;
        Ok(Arc::new(Coming { incoming, bucket: bucket.to_owned(), key: key.to_owned() }))
    }
}

/// An object on its way. The lake's catalogue and the objects are in one store, the node's.
#[derive(Debug)]
struct Coming {
    incoming: Incoming,
    bucket: String,
    key: String,
}

impl Arrived for Coming {
    fn place(&self, tx: &mut dyn Tx) -> std::result::Result<(), LakeError> {
        self.incoming.write(tx).map(drop).map_err(|error| told(&self.bucket, &self.key, error))
    }

    fn undone(&self) {
        self.incoming.undone();
    }
}

/// The objects of one bucket for one query: each is read as the query saw it first, or the query ends.
#[derive(Clone)]
struct BucketFiles(Arc<Inner>);

struct Inner {
    buckets: LakeBuckets,
    tenant: String,
    name: String,
    seen: Mutex<HashMap<String, String>>,
}

impl fmt::Debug for BucketFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BucketFiles({})", self.0.name)
    }
}

impl fmt::Display for BucketFiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the bucket {}", self.0.name)
    }
}

/// An error of ours on its way through others' code.
fn carried(error: LakeError) -> Error {
    Error::Generic { store: "buckets", source: Box::new(error) }
}

impl Inner {
    async fn own(&self) -> Result<Arc<Bucket>> {
        self.buckets.own(&self.tenant, &self.name).await.map_err(carried)
    }

    fn told(&self, key: &str, error: ObjectsError) -> Error {
        match error {
            ObjectsError::NoSuchKey { .. } | ObjectsError::IsDeleteMarker { .. } => {
                Error::NotFound { path: format!("s3://{}/{key}", self.name), source: Box::new(error) }
            }
            error => carried(told(&self.name, key, error)),
        }
    }

    /// An object as a file, and noted as it is. A key that is no path of files is told, not passed over.
    fn file(&self, object: &Object) -> Result<ObjectMeta> {
        let location = Path::parse(&object.key).ok().filter(|path| path.as_ref() == object.key).ok_or_else(|| {
            carried(LakeError::Invalid {
                field: format!("s3://{}/{}", self.name, object.key),
                reason: "the key has an empty part, `.`, `..` or a control character".to_owned(),
                fix: "rename the object, or name a LOCATION without it".to_owned(),
            })
        })?;
        let mut seen = self.seen.lock();
        if seen.len() < REMEMBERED {
            seen.entry(object.key.clone()).or_insert_with(|| object.etag.clone());
        }
        Ok(ObjectMeta {
            location,
            last_modified: (UNIX_EPOCH + Duration::from_millis(object.modified.millis().unsigned_abs())).into(),
            size: object.size,
            e_tag: Some(object.etag.clone()),
            version: None,
        })
    }

    async fn page(&self, bucket: &Bucket, prefix: &str, after: Option<String>, folders: bool) -> Result<Page> {
        let delimiter = folders.then(|| "/".to_owned());
        let list = List { prefix: prefix.to_owned(), delimiter, after, limit: PAGE };
        let page = self.buckets.0.list(bucket, list).await.map_err(|error| self.told(prefix, error))?;
        // What consoles keep for a folder without objects is no file.
        let objects = page.objects.iter().filter(|object| !(object.size == 0 && object.key.ends_with('/')));
        Ok((objects.map(|object| self.file(object)).collect::<Result<_>>()?, page.prefixes, page.next))
    }
}

/// Files, folders, and where the next page begins.
type Page = (Vec<ObjectMeta>, Vec<String>, Option<String>);

/// What the keys below a folder begin with.
fn below(prefix: Option<&Path>) -> String {
    prefix.filter(|prefix| !prefix.as_ref().is_empty()).map_or_else(String::new, |prefix| format!("{prefix}/"))
}

#[async_trait]
impl Reads for BucketFiles {
    async fn get(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        let this = &self.0;
        let bucket = this.own().await?;
        let key = location.as_ref();
        let range = options.range.as_ref().filter(|_| !options.head).map(|range| match range {
            GetRange::Bounded(range) => ByteRange::From { first: range.start, last: Some(range.end.saturating_sub(1)) },
            GetRange::Offset(first) => ByteRange::From { first: *first, last: None },
            GetRange::Suffix(n) => ByteRange::Last(*n),
        });
        let if_match = options.if_match.clone().or_else(|| this.seen.lock().get(key).cloned());
        let conditions = ReadConditions { if_match, ..ReadConditions::default() };
        let get = Get { range, conditions, ..Get::default() };
        let engine = &this.buckets.0;
        let found = match options.head {
            true => engine.peek(&bucket, key, get).await,
            false => engine.get(&bucket, key, get).await,
        };
        let found = found.map_err(|error| this.told(key, error))?;
        if !found.object.readable(engine.now()) {
            return Err(carried(LakeError::Invalid {
                field: format!("s3://{}/{key}", this.name),
                reason: "the object is archived".to_owned(),
                fix: "restore it first".to_owned(),
            }));
        }
        let meta = this.file(&found.object)?;
        let place = format!("s3://{}/{key}", this.name);
        let body = found
            .body
            .map_err(move |error| carried(LakeError::Corrupt { file: place.clone(), reason: error.to_string() }));
        let payload = GetResultPayload::Stream(body.boxed());
        Ok(GetResult { payload, meta, range: found.range, attributes: Attributes::default() })
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        let (this, prefix) = (Arc::clone(&self.0), below(prefix));
        let pages = stream::try_unfold(Some(None), move |from: Option<Option<String>>| {
            let (this, prefix) = (Arc::clone(&this), prefix.clone());
            async move {
                let Some(after) = from else { return Ok(None) };
                let bucket = this.own().await?;
                let (files, _, next) = this.page(&bucket, &prefix, after, false).await?;
                Ok::<_, Error>(Some((stream::iter(files.into_iter().map(Ok)), next.map(Some))))
            }
        });
        pages.try_flatten().boxed()
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        let (this, prefix) = (&self.0, below(prefix));
        let bucket = this.own().await?;
        let (mut objects, mut folders, mut after) = (Vec::new(), BTreeMap::new(), None);
        loop {
            let (files, found, next) = this.page(&bucket, &prefix, after, true).await?;
            objects.extend(files);
            for folder in found {
                let path = Path::parse(folder.trim_end_matches('/'))?;
                folders.insert(folder, path);
            }
            after = next;
            if after.is_none() {
                let common_prefixes = folders.into_values().collect();
                return Ok(ListResult { objects, common_prefixes });
            }
        }
    }
}
