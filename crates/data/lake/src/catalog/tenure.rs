//! Which process keeps the lake: a lease in the store, checked by every transaction that changes the catalogue.

use std::path::Path;

use doorstep_store::lease::{self, Lease};
use doorstep_store::{StoreError, Tx, kv};

use super::Catalog;
use crate::{LakeError, metrics};

/// The lease's name.
const NAME: &str = "lake";
/// It ends so long after the last renewal, milliseconds.
pub(crate) const TTL_MS: i64 = 10_000;
/// The setting that tells in which folder the files are.
const FOLDER: &str = "lake.folder";

/// Whether this process may change the lake.
#[derive(Clone, Debug, Default)]
pub(super) enum Standing {
    /// Nobody asked for a lease: a lake of one process, as in tests and libraries.
    #[default]
    Alone,
    /// It keeps the lake.
    Held(Lease),
    /// Another does, with its name.
    Elsewhere(String),
}

/// What looking after the lease has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// This process keeps the lake from now on: read everything anew.
    Gained,
    /// It keeps it still.
    Kept,
    /// It does not.
    Without,
}

impl Catalog {
    /// Refuses when another process keeps the lake.
    ///
    /// # Errors
    /// [`LakeError::Elsewhere`].
    pub fn require(&self) -> Result<(), LakeError> {
        match &*self.standing.read() {
            Standing::Elsewhere(owner) => Err(LakeError::Elsewhere { owner: owner.clone() }),
            _ => Ok(()),
        }
    }

    /// Carries out a change, if this process may.
    pub(super) async fn write<T, E, F>(&self, change: F) -> Result<T, LakeError>
    where
        F: Fn(&mut dyn Tx) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<StoreError> + Into<LakeError> + Send + 'static,
    {
        self.require()?;
        let lease = match &*self.standing.read() {
            Standing::Held(lease) => Some(lease.clone()),
            _ => None,
        };
        let fenced = move |tx: &mut dyn Tx| {
            if let Some(lease) = &lease {
                lease::check(tx, lease)?;
            }
            change(tx)
        };
        match self.store().write(fenced).await.map_err(Into::into) {
            Err(LakeError::Store(StoreError::LeaseLost { .. })) => {
                self.without("another process");
                Err(LakeError::Elsewhere { owner: "another process".to_owned() })
            }
            other => other,
        }
    }

    /// Renews the lease or tries to take it, for a process of the name `owner` whose files are in the folder with
    /// the id `folder`.
    pub(crate) async fn look_after(&self, owner: &str, folder: &str) -> Turn {
        let held = match &*self.standing.read() {
            Standing::Held(lease) => Some(lease.clone()),
            _ => None,
        };
        let (now, had) = (self.now(), held.clone());
        let (owner, folder) = (owner.to_owned(), folder.to_owned());
        let answer: Result<Lease, LakeError> = self
            .store()
            .write(move |tx| match &held {
                Some(lease) => Ok(lease::renew(tx, lease, TTL_MS, now)?),
                None => {
                    let lease = lease::acquire(tx, NAME, &owner, TTL_MS, now)?;
                    if kv::put_if_absent(tx, FOLDER, &folder)? != folder {
                        let reason = "the files of this store's lake are in another folder";
                        return Err(LakeError::invalid("lake.dir", reason, "name the folder that all processes share"));
                    }
                    Ok(lease)
                }
            })
            .await;
        match answer {
            Ok(lease) => {
                *self.standing.write() = Standing::Held(lease);
                metrics::keeps(true);
                if had.is_some() { Turn::Kept } else { Turn::Gained }
            }
            Err(LakeError::Store(StoreError::LeaseHeld { by, .. })) => self.without(&by),
            Err(LakeError::Store(StoreError::LeaseLost { .. })) => {
                tracing::warn!("another process took the lake");
                self.without("another process")
            }
            Err(error) if had.as_ref().is_some_and(|lease| lease.expires > now) => {
                tracing::warn!(%error, "the lake's lease cannot be renewed; it still holds");
                Turn::Kept
            }
            Err(error) => {
                if !matches!(&*self.standing.read(), Standing::Elsewhere(_)) {
                    tracing::warn!(%error, "this process cannot keep the lake");
                }
                self.without("a process with the right folder (lake.dir) that reaches the store")
            }
        }
    }

    fn without(&self, owner: &str) -> Turn {
        *self.standing.write() = Standing::Elsewhere(owner.to_owned());
        metrics::keeps(false);
        Turn::Without
    }

    /// Hands the lake over at once.
    pub(crate) async fn give_back(&self) {
        let before =
            std::mem::replace(&mut *self.standing.write(), Standing::Elsewhere("nobody; it is closed".to_owned()));
        metrics::keeps(false);
        if let Standing::Held(lease) = before {
            let released: Result<(), StoreError> = self.store().write(move |tx| lease::release(tx, &lease)).await;
            if let Err(error) = released {
                tracing::warn!(%error, "the lake's lease cannot be given back; it will run out");
            }
        }
    }
}

/// The lasting id of a folder, in a file `id`; made when it is not there. It tells a journal from another one, and
/// the lake's folder from a folder of the same name on another machine.
///
/// # Errors
/// [`LakeError::Io`].
pub fn identity(folder: &Path) -> Result<String, LakeError> {
    use std::io::Write as _;
    let file = folder.join("id");
    match std::fs::read_to_string(&file) {
        Ok(id) if !id.trim().is_empty() => return Ok(id.trim().to_owned()),
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(LakeError::io("read", &file)(error)),
        _ => {}
    }
    std::fs::create_dir_all(folder).map_err(LakeError::io("make the folder", folder))?;
    let (id, beside) = (uuid::Uuid::now_v7().simple().to_string(), folder.join("id.new"));
    // Safe on disk before anything is noted under it.
    let written = std::fs::File::create(&beside)
        .and_then(|mut new| new.write_all(id.as_bytes()).and_then(|()| new.sync_all()))
        .and_then(|()| std::fs::rename(&beside, &file))
        .and_then(|()| std::fs::File::open(folder)?.sync_all());
    written.map_err(LakeError::io("write", &file))?;
    Ok(id)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use doorstep_clock::{ManualClock, SharedClock, Timestamp};
    use doorstep_store::Store;

    use super::*;
    use crate::MIGRATIONS;

    #[tokio::test]
    async fn one_process_at_a_time_changes_the_lake() {
        let dir = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp(0)));
        let wall: SharedClock = clock.clone();
        let url = format!("sqlite://{}", dir.path().join("store.db").display());
        let store = Store::open(&url, MIGRATIONS).unwrap();
        let (one, two) = (Catalog::new(store.clone(), wall.clone()), Catalog::new(store, wall));
        let folder = identity(dir.path()).unwrap();
        assert_eq!(identity(dir.path()).unwrap(), folder, "it lasts");

        assert_eq!(one.look_after("one", &folder).await, Turn::Gained);
        assert_eq!(two.look_after("two", &folder).await, Turn::Without);
        one.create_database("main", "a", "", false).await.unwrap();
        let refused = two.create_database("main", "b", "", false).await;
        assert!(matches!(refused, Err(LakeError::Elsewhere { owner }) if owner == "one"));

        // The first sleeps through its lease; what it wants to write after that is refused.
        clock.advance(Duration::from_millis(TTL_MS.unsigned_abs() + 1));
        assert_eq!(two.look_after("two", &folder).await, Turn::Gained);
        let late = one.create_database("main", "c", "", false).await;
        assert!(matches!(late, Err(LakeError::Elsewhere { .. })), "{late:?}");
        two.create_database("main", "d", "", false).await.unwrap();
        assert_eq!(two.look_after("two", &folder).await, Turn::Kept);

        two.give_back().await;
        assert_eq!(one.look_after("one", "another folder").await, Turn::Without, "its files would not be there");
        assert_eq!(one.look_after("one", &folder).await, Turn::Gained);
        let names: Vec<String> = one.holdings("main").await.unwrap().databases.keys().cloned().collect();
        assert_eq!(names, ["a", "d", "default"]);
    }
}
