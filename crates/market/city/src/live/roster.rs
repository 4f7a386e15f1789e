//! The drivers of a city in memory: by id and by index, and what each should be doing.
//!
//! A driver *stands* in the state that follows from shift and order, both of which the store
//! keeps. The supply shows that state on the map while the driver is heard of; one who was silent
//! and speaks again takes it up where he left.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use doorstep_dispatch::supply::{DriverIx, DriverState};
use doorstep_orders::{CarKind, Driver, DriverId, DriverRef, Shift, State};
use parking_lot::RwLock;

/// No order is with the driver.
const NO_ORDER: u8 = u8::MAX;

/// One driver.
pub(crate) struct Entry {
    pub(crate) ix: DriverIx,
    pub(crate) tenant: Arc<str>,
    pub(crate) reference: DriverRef,
    pub(crate) kind: CarKind,
    shift: AtomicU8,
    order: AtomicU8,
}

impl Entry {
    /// The state that follows from shift and order.
    pub(crate) fn stands(&self) -> DriverState {
        match State::ALL.get(usize::from(self.order.load(Ordering::Acquire))) {
            Some(State::Offered) => DriverState::Offered,
            Some(State::Accepted | State::Arriving) => DriverState::EnRoute,
            Some(State::Arrived) => DriverState::Arrived,
            Some(State::OnTrip) => DriverState::OnTrip,
            _ => match self.shift() {
                Shift::Online => DriverState::Online,
                Shift::Break => DriverState::Break,
                Shift::Offline => DriverState::Offline,
            },
        }
    }

    pub(crate) fn shift(&self) -> Shift {
        Shift::ALL[usize::from(self.shift.load(Ordering::Acquire))]
    }

    pub(crate) fn set_shift(&self, shift: Shift) {
        self.shift.store(index(Shift::ALL, shift), Ordering::Release);
    }

    /// Sets the state of the order he holds.
    pub(crate) fn set_order(&self, order: Option<State>) {
        self.order.store(order.map_or(NO_ORDER, |state| index(State::ALL, state)), Ordering::Release);
    }
}

fn index<T: PartialEq>(all: &[T], one: T) -> u8 {
    let at = all.iter().position(|x| *x == one).expect("ALL lists every variant");
    u8::try_from(at).expect("an enum of a few variants")
}

/// All drivers this process has heard of.
#[derive(Default)]
pub(crate) struct Roster {
    inner: RwLock<Inner>,
}

#[derive(Default)]
struct Inner {
    by_id: HashMap<DriverId, Arc<Entry>>,
    by_ix: HashMap<DriverIx, Arc<Entry>>,
    tenants: HashMap<String, Arc<str>>,
}

impl Roster {
    /// Notes a driver and his shift; one known already keeps his order.
    pub(crate) fn note(&self, driver: &Driver, ix: DriverIx) -> Arc<Entry> {
        let mut inner = self.inner.write();
        let known = inner.by_id.get(&driver.id);
        if let Some(known) = known.filter(|k| k.reference == driver.reference() && k.kind == driver.kind()) {
            known.set_shift(driver.shift);
            return Arc::clone(known);
        }
        let order = known.map_or(NO_ORDER, |known| known.order.load(Ordering::Acquire));
        let tenant =
            Arc::clone(inner.tenants.entry(driver.tenant.clone()).or_insert_with(|| driver.tenant.as_str().into()));
        let entry = Arc::new(Entry {
            ix,
            tenant,
            reference: driver.reference(),
            kind: driver.kind(),
            shift: AtomicU8::new(index(Shift::ALL, driver.shift)),
            order: AtomicU8::new(order),
        });
        inner.by_id.insert(driver.id, Arc::clone(&entry));
        inner.by_ix.insert(ix, Arc::clone(&entry));
        entry
    }

    pub(crate) fn find(&self, id: DriverId) -> Option<Arc<Entry>> {
        self.inner.read().by_id.get(&id).cloned()
    }

    pub(crate) fn at(&self, ix: DriverIx) -> Option<Arc<Entry>> {
        self.inner.read().by_ix.get(&ix).cloned()
    }

    /// Whether every driver known is this tenant's.
    pub(crate) fn is_all_of(&self, tenant: &str) -> bool {
        self.inner.read().tenants.keys().all(|known| known == tenant)
    }

    /// Every tenant that has drivers here.
    pub(crate) fn tenants(&self) -> Vec<Arc<str>> {
        self.inner.read().tenants.values().cloned().collect()
    }

    /// All drivers of a tenant.
    pub(crate) fn of_tenant(&self, tenant: &str) -> Vec<Arc<Entry>> {
        self.inner.read().by_id.values().filter(|entry| *entry.tenant == *tenant).cloned().collect()
    }

    /// Looks up many under one lock.
    pub(crate) fn find_all(&self, ids: impl Iterator<Item = DriverId>) -> Vec<Option<Arc<Entry>>> {
        let inner = self.inner.read();
        ids.map(|id| inner.by_id.get(&id).cloned()).collect()
    }

    /// The same by index.
    pub(crate) fn at_all(&self, indices: impl Iterator<Item = DriverIx>) -> Vec<Option<Arc<Entry>>> {
        let inner = self.inner.read();
        indices.map(|ix| inner.by_ix.get(&ix).cloned()).collect()
    }
}
