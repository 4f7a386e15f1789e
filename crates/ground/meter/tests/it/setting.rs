//! A meter on each database, with a journal and a clock of its own.

use std::sync::Arc;

use doorstep_clock::{ManualClock, Timestamp};
use doorstep_journal::{Journal, Options};
use doorstep_meter::{MIGRATIONS, Meter, Resource, Usage};
use doorstep_store::Store;

pub(crate) struct Setting {
    pub(crate) meter: Meter,
    pub(crate) clock: ManualClock,
    pub(crate) store: Store,
    pub(crate) dir: tempfile::TempDir,
}

pub(crate) const START: &str = "2026-11-10T09:30:00Z";

impl Setting {
    pub(crate) async fn each() -> Vec<Self> {
        let mut all = Vec::new();
        for store in doorstep_store::testing::stores(MIGRATIONS) {
            let dir = tempfile::tempdir().unwrap();
            let clock = ManualClock::new(Timestamp::parse(START).unwrap());
            let meter = open(&store, dir.path(), &clock).await;
            all.push(Self { meter, clock, store, dir });
        }
        all
    }

    /// Drops the meter as it is and opens another on what is on disk.
    pub(crate) async fn restart(self) -> Self {
        let Self { meter, clock, store, dir } = self;
        drop(meter);
        let meter = open(&store, dir.path(), &clock).await;
        Self { meter, clock, store, dir }
    }

    /// Lets time pass, in milliseconds.
    pub(crate) fn pass(&self, ms: i64) {
        self.clock.advance(std::time::Duration::from_millis(ms.try_into().unwrap()));
    }

    pub(crate) fn usage(&self, id: &str, tenant: &str) -> Usage {
        use doorstep_clock::Clock as _;
        Usage::new(id, tenant, self.clock.now()).amount(Resource::QueryCpu, 3_600_000)
    }
}

async fn open(store: &Store, dir: &std::path::Path, clock: &ManualClock) -> Meter {
    let journal = Journal::open(dir, Options::default(), Arc::new(clock.clone())).unwrap();
    Meter::open(store.clone(), journal, Arc::new(clock.clone()), "here").await.unwrap()
}
