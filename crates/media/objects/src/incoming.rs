//! Objects that appear together: the bytes of each are on disk before one transaction of the caller's makes all of
//! them objects, or none.

use std::fmt;

use bytes::Bytes;
use doorstep_blobs::Stored;
use doorstep_clock::Timestamp;
use doorstep_store::Tx;
use futures::Stream;
use parking_lot::Mutex;
use tokio::runtime::Handle;

use crate::put::Ready;
use crate::{BodyError, Bucket, Objects, ObjectsError, Put, Written, metrics};

/// An object whose bytes are on disk and which nobody sees. Given up, its bytes go; those that a transaction may have
/// taken stay for the sweep, which asks the table.
pub struct Incoming {
    ready: Ready,
    stored: Option<Stored>,
    since: Timestamp,
    fate: Mutex<Fate>,
    objects: Objects,
    runtime: Handle,
}

/// What has become of it.
#[derive(Clone, Copy)]
enum Fate {
    /// No transaction has taken it.
    Waits,
    /// One has. Its bytes are not `in_use` where the tenant had the same already.
    Written { in_use: bool },
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").field("key", &self.ready.object.key).finish_non_exhaustive()
    }
}

impl Objects {
    /// Takes in an object's bytes, of which nobody sees anything before [`Incoming::write`]. To be called on a
    /// runtime.
    ///
    /// # Errors
    /// What the body, the conditions or the digests refuse; the stores'.
    pub async fn take_in<S>(&self, bucket: &Bucket, key: &str, body: S, put: Put) -> Result<Incoming, ObjectsError>
    where
        S: Stream<Item = Result<Bytes, BodyError>> + Send + Unpin,
    {
        let (ready, stored) = self.readied(bucket, key, body, put).await?;
        Ok(Incoming {
            ready,
            stored: Some(stored),
            since: self.now(),
            fate: Mutex::new(Fate::Waits),
            objects: self.clone(),
            runtime: Handle::current(),
        })
    }
}

impl Incoming {
    /// Makes it the key's current version in a transaction of the store that these objects are in. When that is
    /// committed everybody sees it. It may be done again in the next try of the same transaction.
    ///
    /// # Errors
    /// What the conditions or the quota refuse, bytes that have waited too long, the store's.
    pub fn write(&self, tx: &mut dyn Tx) -> Result<Written, ObjectsError> {
        self.undone();
        let now = self.objects.now();
        // The sweep of another process takes bytes in no table for lost ones when the time of grace is over.
        let most = i64::try_from(self.objects.config().grace.as_millis() / 2).unwrap_or(i64::MAX);
        if now.ms_since(self.since) > most {
            let reason = format!("its bytes have waited for more than {} s", most / 1000);
            return Err(ObjectsError::field("object", reason, "write fewer objects together"));
        }
        let (written, in_use) = self.ready.commit(tx, now)?;
        *self.fate.lock() = Fate::Written { in_use };
        Ok(written)
    }

    /// The transaction is known to have done nothing.
    pub fn undone(&self) {
        *self.fate.lock() = Fate::Waits;
    }
}

impl Drop for Incoming {
    fn drop(&mut self) {
        let Some(stored) = self.stored.take() else { return };
        let fate = *self.fate.lock();
        if matches!(fate, Fate::Written { .. }) {
            metrics::put(self.ready.object.size);
        }
        if !matches!(fate, Fate::Written { in_use: true }) {
            let objects = self.objects.clone();
            self.runtime.spawn(async move { objects.settle(Ok(false), stored).await });
        }
    }
}
