//! The engine's handle and what all of its calls share.

use std::collections::HashMap;
use std::sync::Arc;

use doorstep_blobs::Blobs;
use doorstep_clock::{SharedClock, Timestamp};
use doorstep_store::{Backend, Store, Tx, params};
use parking_lot::RwLock;

use crate::watch::Watchers;
use crate::{Bucket, Config, ObjectsError};

/// Buckets kept in the cache; past it the cache starts anew.
const CACHED_BUCKETS: usize = 10_000;

/// Buckets and objects. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    blobs: Blobs,
    clock: SharedClock,
    config: Config,
    cache: RwLock<HashMap<String, (Arc<Bucket>, Timestamp)>>,
    watchers: RwLock<Watchers>,
}

impl std::fmt::Debug for Objects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Objects").field("store", &self.inner.store).finish_non_exhaustive()
    }
}

impl Objects {
    /// Objects whose metadata are in `store`, which has [`crate::MIGRATIONS`], and whose bytes are in
    /// `blobs`. `clock` is real time, not a city's.
    #[must_use]
    pub fn new(store: Store, blobs: Blobs, clock: SharedClock, config: Config) -> Self {
        let (cache, watchers) = (RwLock::default(), RwLock::new(Watchers::from([])));
        Self { inner: Arc::new(Inner { store, blobs, clock, config, cache, watchers }) }
    }

    pub(crate) fn store(&self) -> &Store {
        &self.inner.store
    }

    pub(crate) fn watchers_cell(&self) -> &RwLock<Watchers> {
        &self.inner.watchers
    }

    pub(crate) fn blobs(&self) -> &Blobs {
        &self.inner.blobs
    }

    /// The limits.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Real time, as the engine sees it.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.inner.clock.now()
    }

    pub(crate) fn known(&self, name: &str) -> Option<Arc<Bucket>> {
        let age = i64::try_from(self.config().bucket_cache.as_millis()).unwrap_or(i64::MAX);
        let now = self.now();
        let cache = self.inner.cache.read();
        cache.get(name).filter(|(_, at)| now.ms_since(*at) < age).map(|(bucket, _)| Arc::clone(bucket))
    }

    pub(crate) fn remember(&self, bucket: Bucket) -> Arc<Bucket> {
        let bucket = Arc::new(bucket);
        let mut cache = self.inner.cache.write();
        if cache.len() >= CACHED_BUCKETS {
            cache.clear();
        }
        cache.insert(bucket.name.clone(), (Arc::clone(&bucket), self.now()));
        bucket
    }

    pub(crate) fn forget(&self, name: &str) {
        self.inner.cache.write().remove(name);
    }
}

/// Lets one writer of a key in at a time. SQLite has one writer anyway.
pub(crate) fn lock_key(tx: &mut dyn Tx, bucket: i64, key: &str) -> Result<(), ObjectsError> {
    if tx.backend() == Backend::Postgres {
        let name = key_number(bucket, key);
        tx.query("SELECT 1 AS one FROM pg_advisory_xact_lock($1)", params![name])?;
    }
    Ok(())
}

/// A number for a key: FNV-1a, since it must be the same in every process.
pub(crate) fn key_number(bucket: i64, key: &str) -> i64 {
    let bytes = bucket.to_le_bytes().into_iter().chain(key.bytes());
    let hash =
        bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    hash as i64
}
