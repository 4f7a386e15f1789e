//! Who is told of new versions while they are made.

use std::sync::Arc;

use doorstep_store::Tx;

use crate::{Bucket, Object, Objects, ObjectsError};

/// Is told of every new current version in the transaction that makes it: what it writes there is on disk exactly when
/// the object is.
pub trait Watcher: Send + Sync {
    /// `object` becomes the current version of its key. `bucket` is as it is in this transaction.
    ///
    /// # Errors
    /// Any error undoes the write; only the store's is a good reason.
    fn written(&self, tx: &mut dyn Tx, bucket: &Bucket, object: &Object) -> Result<(), ObjectsError>;
}

/// Those who are told.
pub(crate) type Watchers = Arc<[Arc<dyn Watcher>]>;

impl Objects {
    /// Tells `watcher` of every version that this process writes from now on.
    pub fn watch(&self, watcher: Arc<dyn Watcher>) {
        let mut watchers = self.watchers_cell().write();
        *watchers = watchers.iter().cloned().chain([watcher]).collect();
    }

    pub(crate) fn watchers(&self) -> Watchers {
        Arc::clone(&self.watchers_cell().read())
    }
}
