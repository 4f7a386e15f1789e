//! Stores of objects that are only read. Plans read; what statements write goes past them, into files and objects that
//! a transaction then makes part of something.

use std::fmt;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use object_store::path::Path;
use object_store::{
    CopyOptions, Error, GetOptions, GetResult, ListResult, MultipartUpload, OBJECT_STORE_COALESCE_DEFAULT, ObjectMeta,
    ObjectStore, PutMultipartOptions, PutOptions, PutPayload, PutResult, Result, coalesce_ranges,
};

/// What a store is asked for by those who read. The same as in [`ObjectStore`].
#[async_trait]
pub trait Reads: fmt::Debug + fmt::Display + Send + Sync + 'static {
    /// An object, or a part of one, or what is known of it.
    ///
    /// # Errors
    /// The store's.
    async fn get(&self, location: &Path, options: GetOptions) -> Result<GetResult>;

    /// Several parts of an object; those near each other at once.
    ///
    /// # Errors
    /// The store's.
    async fn ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let part = |range| async { self.get(location, GetOptions::new().with_range(Some(range))).await?.bytes().await };
        coalesce_ranges(ranges, part, OBJECT_STORE_COALESCE_DEFAULT).await
    }

    /// All objects below a folder.
    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>>;

    /// The objects right in a folder, and the folders in it.
    ///
    /// # Errors
    /// The store's.
    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult>;
}

/// A store that refuses whatever would write.
#[derive(Debug)]
pub struct ReadOnly<R>(pub R);

impl<R: Reads> fmt::Display for ReadOnly<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

fn refused() -> Error {
    Error::NotSupported { source: "a plan only reads files and objects".into() }
}

#[async_trait]
impl<R: Reads> ObjectStore for ReadOnly<R> {
    async fn put_opts(&self, _: &Path, _: PutPayload, _: PutOptions) -> Result<PutResult> {
        Err(refused())
    }

    async fn put_multipart_opts(&self, _: &Path, _: PutMultipartOptions) -> Result<Box<dyn MultipartUpload>> {
        Err(refused())
    }

    async fn get_opts(&self, location: &Path, options: GetOptions) -> Result<GetResult> {
        self.0.get(location, options).await
    }

    async fn get_ranges(&self, location: &Path, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        self.0.ranges(location, ranges).await
    }

    fn delete_stream(&self, _: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        stream::once(async { Err(refused()) }).boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.0.list(prefix)
    }

    async fn list_with_delimiter(&self, prefix: Option<&Path>) -> Result<ListResult> {
        self.0.list_with_delimiter(prefix).await
    }

    async fn copy_opts(&self, _: &Path, _: &Path, _: CopyOptions) -> Result<()> {
        Err(refused())
    }
}
