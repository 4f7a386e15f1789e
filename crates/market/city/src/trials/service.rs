//! The handle: ask for a backtest, look at it, call it off, read what it came to.

use std::collections::BTreeMap;
use std::sync::Arc;

use doorstep_clock::{SharedClock, Timestamp};
use doorstep_store::{Store, Tx};
use tokio::sync::Notify;

use super::records::{self, TrialFile, TrialRecord};
use super::{NewTrial, Prepared, TrialsConfig, TrialsError};
use crate::live::LiveCity;
use crate::replay::Replay;

pub(super) struct Shared {
    pub(super) store: Store,
    pub(super) wall: SharedClock,
    pub(super) cities: BTreeMap<String, LiveCity>,
    pub(super) config: TrialsConfig,
    pub(super) wake: Notify,
    /// This process, among those that share the store.
    pub(super) owner: String,
}

/// Backtests of some cities in one store. Cheap to clone.
#[derive(Clone)]
pub struct Trials(pub(super) Arc<Shared>);

type Answer<T> = Result<T, TrialsError>;

impl Trials {
    /// Backtests of these cities; `wall` is real time.
    #[must_use]
    pub fn new(store: Store, wall: SharedClock, cities: BTreeMap<String, LiveCity>, config: TrialsConfig) -> Self {
        let owner = uuid::Uuid::now_v7().simple().to_string();
        Self(Arc::new(Shared { store, wall, cities, config, wake: Notify::new(), owner }))
    }

    /// Judges a request. Takes a moment and a core: not for a thread that others wait for.
    ///
    /// # Errors
    /// [`TrialsError`] naming the field, with every mistake of both policies at once.
    pub fn prepare(&self, city: &str, new: &NewTrial) -> Answer<Prepared> {
        new.policies()?;
        new.prepare(&self.replay(city, new)?, &self.0.config)
    }

    /// The city as replays see it, with the travel times of the period's beginning.
    pub(super) fn replay(&self, city: &str, new: &NewTrial) -> Answer<Replay> {
        let live = self.0.cities.get(city).ok_or_else(|| TrialsError::NoCity { id: city.to_owned() })?;
        let hour = match &new.input {
            super::TrialInput::Recorded(recording) => live.map().roads.at(recording.from),
            super::TrialInput::Tables { .. } => live.map().roads.now(),
        };
        Ok(Replay::of_roads(hour.roads(), Arc::clone(hour.times())))
    }

    /// Writes a judged request down in the caller's transaction; after its commit call [`Self::wake`].
    ///
    /// # Errors
    /// [`TrialsError::QueueFull`].
    pub fn insert_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        city: &str,
        new: &Prepared,
        now: Timestamp,
    ) -> Answer<TrialRecord> {
        records::insert(tx, (tenant, city), new, &self.0.config, now)
    }

    /// Something waits.
    pub fn wake(&self) {
        self.0.wake.notify_one();
    }

    /// One backtest.
    ///
    /// # Errors
    /// [`TrialsError::NotFound`].
    pub fn get_in(&self, tx: &mut dyn Tx, tenant: &str, city: &str, id: &str) -> Answer<TrialRecord> {
        records::get(tx, tenant, city, id)
    }

    /// Backtests, the latest first, and the cursor of the next page.
    ///
    /// # Errors
    /// Those of the store.
    pub fn list_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        city: &str,
        cursor: Option<&str>,
        limit: usize,
    ) -> Answer<(Vec<TrialRecord>, Option<String>)> {
        records::list(tx, (tenant, city), cursor, limit)
    }

    /// Calls one off that waits or runs; a running one stops within a second or so.
    ///
    /// # Errors
    /// [`TrialsError::NotFound`], [`TrialsError::State`].
    pub fn cancel_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        city: &str,
        id: &str,
        now: Timestamp,
    ) -> Answer<TrialRecord> {
        records::cancel(tx, tenant, city, id, now)
    }

    /// Forgets one that has ended.
    ///
    /// # Errors
    /// [`TrialsError::NotFound`], [`TrialsError::State`].
    pub fn delete_in(&self, tx: &mut dyn Tx, tenant: &str, city: &str, id: &str) -> Answer<()> {
        records::delete(tx, tenant, city, id)
    }

    /// A file of one, gzip: its results once it is done, its request always.
    ///
    /// # Errors
    /// [`TrialsError::NotFound`], [`TrialsError::State`] before it is done.
    pub async fn file(&self, tenant: &str, city: &str, id: &str, file: TrialFile) -> Answer<Vec<u8>> {
        let (tenant, city, id) = (tenant.to_owned(), city.to_owned(), id.to_owned());
        self.0
            .store
            .read(move |tx| {
                let trial = records::get(tx, &tenant, &city, &id)?;
                records::file(tx, &id, file)?.ok_or(TrialsError::State {
                    state: trial.state.as_str(),
                    fix: "there are results only of one that is done",
                })
            })
            .await
    }

    /// A file of one as it is read.
    ///
    /// # Errors
    /// Those of [`Self::file`].
    pub async fn plain_file(&self, tenant: &str, city: &str, id: &str, file: TrialFile) -> Answer<Vec<u8>> {
        records::plain(id, &self.file(tenant, city, id, file).await?)
    }
}
