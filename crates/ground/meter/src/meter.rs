//! The handle of producers: takes usage in, brings it onto disk and into the accounts.
//!
//! What comes in waits in memory until the journal has it, a quarter of a second at most; a recorded piece of work is
//! acknowledged when it is there. From the journal it is folded into the accounts in batches, each in one
//! transaction together with the position up to which the journal is folded in: nothing is lost between the two, and
//! nothing is taken twice.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use doorstep_clock::{SharedClock, Timestamp, monotonic};
use doorstep_journal::{Consumer, Journal, NewRecord};
use doorstep_store::{Store, StoreError};
use parking_lot::Mutex;

use crate::buffer::Buffer;
use crate::entry::Entry;
use crate::{Amounts, Estimate, Ledger, MeterError, Month, Resource, Usage, ledger, metrics, tables};

/// The journal's stream.
pub const STREAM: &str = "usage";
/// Who reads it.
const FOLDER: &str = "meter";
/// How long what is counted waits in memory at most; what a killed process had not written is not charged.
const FLUSH_EVERY: Duration = Duration::from_millis(250);
/// Rounds of that between two foldings: a second.
const FOLD_EVERY: u32 = 4;
/// Rounds between two looks for old records and reservations: an hour.
const PRUNE_EVERY: u32 = 14_400;
/// Entries folded in by one transaction.
const BATCH: usize = 500;
/// Months of which single records are kept beside the present one; sums stay for ever.
const KEPT_MONTHS: i32 = 13;
/// Records deleted by one transaction.
const PRUNED: u32 = 2000;

/// Takes usage in. Cheap to clone.
#[derive(Clone)]
pub struct Meter {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    ledger: Ledger,
    journal: Journal,
    consumer: Consumer,
    /// Whose journal it is: a name that lives as long as the journal.
    process: String,
    buffer: Mutex<Buffer>,
    flushing: tokio::sync::Mutex<Flushing>,
    /// The journal's position in the accounts; none while it has to be looked up.
    folding: tokio::sync::Mutex<Option<u64>>,
    pub(crate) admitted: Mutex<crate::allowance::Admitted>,
}

/// What is on its way to the journal.
#[derive(Default)]
struct Flushing {
    /// A batch whose append failed: it goes first, under the same numbers, so that it is never there twice.
    left: Option<(Vec<NewRecord>, u64)>,
    /// The number of the last entry on disk.
    done: u64,
}

impl std::fmt::Debug for Meter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Meter").field("process", &self.inner.process).finish_non_exhaustive()
    }
}

impl Meter {
    /// The meter over these accounts and this journal. `process` names the journal in the accounts and must live as
    /// long as it does; `clock` is real time. Nothing runs by itself: see [`Self::run`].
    ///
    /// # Errors
    /// The store's or the journal's.
    pub async fn open(
        store: Store,
        journal: Journal,
        clock: SharedClock,
        process: impl Into<String>,
    ) -> Result<Self, MeterError> {
        let process = process.into();
        let (named, last) = (process.clone(), i64::try_from(journal.last(STREAM)).unwrap_or(i64::MAX));
        store
            .write(move |tx| {
                let position = tables::position(tx, &named)?;
                if position > last {
                    // The journal was put back from a copy: all that it holds was folded in before.
                    tracing::warn!(
                        position,
                        last,
                        "the usage journal ends before what is folded in; it goes on from there"
                    );
                    tables::set_position(tx, &named, last)?;
                }
                Ok::<_, StoreError>(())
            })
            .await?;
        let consumer = {
            let journal = journal.clone();
            let made = tokio::task::spawn_blocking(move || journal.consumer(STREAM, FOLDER)).await;
            made.unwrap_or(Err(doorstep_journal::JournalError::Closed))?
        };
        Ok(Self {
            inner: Arc::new(Inner {
                ledger: Ledger::new(store, clock),
                journal,
                consumer,
                process,
                buffer: Mutex::default(),
                flushing: tokio::sync::Mutex::default(),
                folding: tokio::sync::Mutex::default(),
                admitted: Mutex::default(),
            }),
        })
    }

    /// The accounts.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.inner.ledger
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.ledger.now()
    }

    /// Counts something small and frequent, such as a request: in memory, by the hour. `source` is what it is about,
    /// such as a bucket; few and stable, since each has a record an hour.
    pub fn count(&self, tenant: &str, source: &str, resource: Resource, quantity: u64) {
        let quantity = i64::try_from(quantity).unwrap_or(i64::MAX);
        if quantity > 0 && !self.inner.buffer.lock().count(tenant, source, resource, quantity) {
            metrics::lost("too_many_sources", 1);
        }
    }

    /// Takes a piece of work in; returns once it is on disk. Saying it again under the same id changes nothing, so a
    /// producer that saw an error, or no answer, says it again.
    ///
    /// # Errors
    /// [`MeterError::Field`] for a record that cannot be, [`MeterError::Overloaded`], the journal's.
    pub async fn record(&self, usage: Usage) -> Result<(), MeterError> {
        usage.check(self.now())?;
        self.put(Entry::Used { usage, reservation: None }).await
    }

    /// What work would cost, after what the tenant has had this month.
    ///
    /// # Errors
    /// The store's.
    pub async fn estimate(&self, tenant: &str, speed: &str, amounts: &Amounts) -> Result<Estimate, MeterError> {
        let spent = self.ledger().spent(tenant).await?;
        let books = self.ledger().books().await?;
        Ok(books.at(self.now()).estimate(speed, &spent.before, amounts)?)
    }

    /// Adds an entry and waits until it is on disk.
    pub(crate) async fn put(&self, entry: Entry) -> Result<(), MeterError> {
        let number = self.inner.buffer.lock().add(entry)?;
        self.flush(Some(number)).await
    }

    /// Adds an entry that goes to disk with the next batch.
    pub(crate) fn put_later(&self, entry: Entry) {
        if let Err(error) = self.inner.buffer.lock().add(entry) {
            metrics::lost(error.as_str(), 1);
        }
    }

    /// Writes what waits into the journal. Those who wait for the same disk share its syncs: whoever comes to his
    /// turn and finds his entry `number` written has nothing left to do.
    async fn flush(&self, number: Option<u64>) -> Result<(), MeterError> {
        let mut flushing = self.inner.flushing.lock().await;
        if number.is_some_and(|number| number <= flushing.done) {
            return Ok(());
        }
        loop {
            if flushing.left.is_none() {
                let now = self.now();
                let (entries, upto) = self.inner.buffer.lock().take(now);
                // Only this writes the stream, so the number that a record will have names it for ever.
                let first = self.inner.journal.last(STREAM) + 1;
                let records = entries.iter().zip(first..).map(|(entry, dedupe)| entry.record(now, dedupe));
                flushing.left = Some((records.collect(), upto));
            }
            let Some((records, upto)) = flushing.left.clone() else { return Ok(()) };
            let began = monotonic();
            if !records.is_empty() {
                self.inner.journal.append(STREAM, records).await?;
                metrics::flushed(began.elapsed());
            }
            flushing.left = None;
            flushing.done = upto;
            if number.is_none_or(|number| number <= upto) {
                return Ok(());
            }
        }
    }

    /// Folds the next entries of the journal into the accounts; the position reached, 0 when it has to be asked again.
    #[tracing::instrument(skip_all, level = "debug")]
    async fn fold(&self) -> Result<u64, MeterError> {
        let mut folding = self.inner.folding.lock().await;
        let began = monotonic();
        let from = match *folding {
            Some(position) => position,
            None => {
                let process = self.inner.process.clone();
                let position = self.ledger().store().read(move |tx| tables::position(tx, &process)).await?;
                u64::try_from(position).unwrap_or(0)
            }
        };
        // From here on a failure leaves it open how far the accounts have come.
        *folding = None;
        let journal = self.inner.journal.clone();
        let read = tokio::task::spawn_blocking(move || journal.read(STREAM, from, BATCH)).await;
        let records = read.unwrap_or(Err(doorstep_journal::JournalError::Closed))?;
        let Some(last) = records.last().map(|record| record.seq) else {
            *folding = Some(from);
            return Ok(from);
        };
        let mut entries = Vec::with_capacity(records.len());
        for record in &records {
            match Entry::read(record) {
                Ok(entry) => entries.push(entry),
                Err(reason) => {
                    tracing::error!(reason, "a usage entry cannot be read and is left out");
                    metrics::lost("unreadable", 1);
                }
            }
        }
        let count = entries.len() as u64;
        let (process, entries) = (self.inner.process.clone(), Arc::new(entries));
        let (known, next) = (i64::try_from(from).unwrap_or(i64::MAX), i64::try_from(last).unwrap_or(i64::MAX));
        let taken = Arc::clone(&entries);
        let done = self
            .ledger()
            .store()
            .write(move |tx| {
                if tables::position(tx, &process)? != known {
                    return Ok(None);
                }
                let mut accounts = tables::load(tx, &entries)?;
                let books = ledger::books(tx)?;
                let mut lost = 0_u64;
                for entry in entries.iter() {
                    if let Err(error) = accounts.apply(entry, &books) {
                        tracing::error!(%error, tenant = entry.tenant(), "a usage entry does not fit and is left out");
                        lost += 1;
                    }
                }
                tables::save(tx, &accounts)?;
                tables::set_position(tx, &process, next)?;
                Ok::<_, MeterError>(Some((accounts.repeated, lost)))
            })
            .await?;
        let Some((repeated, lost)) = done else {
            // A commit that was not confirmed had gone through after all: look again from where it ended.
            return Ok(0);
        };
        *folding = Some(last);
        self.inner.consumer.commit(last).await?;
        if lost > 0 {
            metrics::lost("too_large", lost);
        }
        for entry in taken.iter() {
            match entry {
                Entry::Used { usage, .. } => {
                    usage.amounts.iter().for_each(|(resource, n)| metrics::taken(resource.as_str(), *n));
                }
                Entry::Counted { resource, quantity, .. } => metrics::taken(resource.as_str(), *quantity),
                Entry::Released { .. } => {}
            }
        }
        let waiting = self.inner.journal.last(STREAM).saturating_sub(last);
        metrics::folded(count, repeated, waiting, began.elapsed());
        Ok(last)
    }

    /// Folds in what the journal has now; what comes meanwhile is for the next time.
    async fn fold_all(&self) -> Result<(), MeterError> {
        let upto = self.inner.journal.last(STREAM);
        while self.fold().await? < upto {}
        Ok(())
    }

    /// Brings everything that was taken in until now into the accounts.
    ///
    /// # Errors
    /// The journal's or the store's; what was acknowledged stays in the journal.
    pub async fn catch_up(&self) -> Result<(), MeterError> {
        self.flush(None).await?;
        self.fold_all().await
    }

    /// Writes, folds and tidies up until `until` resolves. Call [`Self::catch_up`] when all producers have stopped.
    pub async fn run(self, until: impl Future<Output = ()>) {
        let mut until = pin!(until);
        let mut due = tokio::time::interval(FLUSH_EVERY);
        due.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut writes = true;
        for round in 0_u32.. {
            tokio::select! {
                _ = due.tick() => {}
                () = &mut until => return,
            }
            let flushed = self.flush(None).await;
            if let (Err(error), true) = (&flushed, writes) {
                tracing::warn!(%error, "usage could not be written; it waits in memory and is tried again");
            }
            writes = flushed.is_ok();
            if round % FOLD_EVERY == 0
                && let Err(error) = self.fold_all().await
            {
                tracing::warn!(%error, "usage could not be folded into the accounts; it waits in the journal");
            }
            if round % PRUNE_EVERY == 0
                && let Err(error) = self.prune().await
            {
                tracing::warn!(%error, "old usage records could not be deleted");
            }
        }
    }

    /// Deletes single records of long ago and reservations whose owner is gone.
    async fn prune(&self) -> Result<(), MeterError> {
        let now = self.now();
        let oldest = Month::from_number(Month::of(now).number() - KEPT_MONTHS);
        self.ledger().store().write(move |tx| tables::expire(tx, now)).await?;
        while self.ledger().store().write(move |tx| tables::prune(tx, oldest, PRUNED)).await? > 0 {}
        Ok(())
    }
}
