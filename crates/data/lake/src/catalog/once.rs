//! Writes that may be sent twice but add their rows once: the caller's key stands in the transaction that adds them.

use doorstep_store::{Tx, idempotency};

use super::{Catalog, Commit, TableDef, changes, files};
use crate::LakeError;

/// The status under which an answer is kept among those of the API.
const DONE: u16 = 200;

/// A caller's key, and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    /// Whose key.
    pub scope: String,
    /// The key.
    pub key: String,
    /// Hash of what was asked: another under the same key is refused.
    pub hash: Vec<u8>,
}

impl Catalog {
    /// How many rows the write of this key has added, if it was there already.
    ///
    /// # Errors
    /// [`doorstep_store::StoreError::IdempotencyMismatch`] when the key stood for something else; the store's.
    pub(crate) async fn added(&self, once: &Once) -> Result<Option<u64>, LakeError> {
        let (once, now) = (once.clone(), self.now());
        let answer =
            self.store().read(move |tx| idempotency::known(tx, &once.scope, &once.key, &once.hash, now)).await?;
        Ok(answer.map(|answer| answer.body.parse().unwrap_or(0)))
    }

    /// As [`Catalog::commit`], once for the key if there is one: whether it was done now, and the rows that its first
    /// write added.
    ///
    /// # Errors
    /// As [`Catalog::commit`] and [`Catalog::added`].
    pub(crate) async fn commit_once(
        &self,
        tenant: &str,
        table: &TableDef,
        commit: Commit,
        once: Option<&Once>,
        rows: u64,
    ) -> Result<(bool, u64), LakeError> {
        let (t, table, now) = (tenant.to_owned(), table.clone(), self.now());
        self.once(once, rows, move |tx| files::change(tx, &t, &table, &commit, now)).await
    }

    /// The same for rows that go into another's files: `place` puts these there, and the table knows its partitions.
    ///
    /// # Errors
    /// As [`Catalog::commit_once`], those of `place`.
    pub(crate) async fn place_once(
        &self,
        tenant: &str,
        table: &TableDef,
        (specs, place): (Vec<String>, impl Fn(&mut dyn Tx) -> Result<(), LakeError> + Send + 'static),
        once: Option<&Once>,
        rows: u64,
    ) -> Result<(bool, u64), LakeError> {
        let (t, table, now) = (tenant.to_owned(), table.clone(), self.now());
        let write = move |tx: &mut dyn Tx| {
            files::hold(tx, &t, &table)?;
            place(tx)?;
            for spec in &specs {
                changes::note_partition(tx, &table.id, spec, None, now)?;
            }
            Ok(())
        };
        self.once(once, rows, write).await
    }

    async fn once(
        &self,
        once: Option<&Once>,
        rows: u64,
        change: impl Fn(&mut dyn Tx) -> Result<(), LakeError> + Send + 'static,
    ) -> Result<(bool, u64), LakeError> {
        let Some(once) = once.cloned() else { return self.write(change).await.map(|()| (true, rows)) };
        let now = self.now();
        let write = move |tx: &mut dyn Tx| {
            let mut first = |tx: &mut dyn Tx| {
                change(tx)?;
                Ok::<_, LakeError>(idempotency::Answer { status: DONE, body: rows.to_string(), replayed: false })
            };
            idempotency::once(tx, &once.scope, &once.key, &once.hash, now, idempotency::REMEMBERED_MS, &mut first)
        };
        let answer = self.write(write).await?;
        Ok((!answer.replayed, answer.body.parse().unwrap_or(0)))
    }
}
