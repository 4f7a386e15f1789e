//! Who runs the city: a lease in the store, by wall time.
//!
//! A process that owns the city renews early and often; one that does not tries to take over when
//! the lease has run out. Every transaction of the loop checks the lease, so an owner who slept
//! through its end writes nothing more.

use doorstep_clock::{SharedClock, Timestamp};
use doorstep_orders::Orders;
use doorstep_store::StoreError;
use doorstep_store::lease::{self, Lease};
use parking_lot::RwLock;

/// Who runs the city, as everybody in this process may know.
pub(crate) struct Standing {
    city: String,
    other: RwLock<Option<String>>,
}

impl Standing {
    pub(crate) fn new(city: &str) -> Self {
        Self { city: city.to_owned(), other: RwLock::new(Some("nobody yet".to_owned())) }
    }

    /// Refuses with the owner's name when it is not this process.
    pub(crate) fn require(&self) -> Result<(), crate::live::LiveError> {
        match self.other.read().as_ref() {
            None => Ok(()),
            Some(owner) => Err(crate::live::LiveError::NotOwner { city: self.city.clone(), owner: owner.clone() }),
        }
    }

    pub(crate) fn is_owner(&self) -> bool {
        self.other.read().is_none()
    }

    fn set(&self, other: Option<String>) {
        crate::live::metrics::owner(&self.city, other.is_none());
        *self.other.write() = other;
    }
}

/// What looking after the lease has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// This process took the city: read everything anew.
    Gained,
    /// Still the owner.
    Kept,
    /// Somebody else runs it, or nobody can be asked.
    Without,
}

/// The lease of one city in one process.
pub(crate) struct Tenure {
    name: String,
    owner: String,
    ttl_ms: i64,
    wall: SharedClock,
    lease: Option<Lease>,
    next: Timestamp,
}

impl Tenure {
    pub(crate) fn new(city: &str, owner: &str, ttl_ms: i64, wall: SharedClock) -> Self {
        let next = Timestamp::from_millis(i64::MIN);
        Self { name: format!("city:{city}"), owner: owner.to_owned(), ttl_ms, wall, lease: None, next }
    }

    pub(crate) fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref()
    }

    /// Renews or tries to take the lease when it is time to.
    pub(crate) async fn look_after(&mut self, orders: &Orders, standing: &Standing) -> Turn {
        let now = self.wall.now();
        if now < self.next {
            return if self.lease.is_some() { Turn::Kept } else { Turn::Without };
        }
        self.next = now.plus_ms(self.ttl_ms / 4);
        let (name, owner, ttl_ms, held) = (self.name.clone(), self.owner.clone(), self.ttl_ms, self.lease.clone());
        let answer: Result<Lease, StoreError> = orders
            .store()
            .write(move |tx| match &held {
                Some(lease) => lease::renew(tx, lease, ttl_ms, now),
                None => lease::acquire(tx, &name, &owner, ttl_ms, now),
            })
            .await;
        self.judge(answer, now, standing)
    }

    fn judge(&mut self, answer: Result<Lease, StoreError>, now: Timestamp, standing: &Standing) -> Turn {
        let had = self.lease.is_some();
        match answer {
            Ok(lease) => {
                self.lease = Some(lease);
                standing.set(None);
                if had { Turn::Kept } else { Turn::Gained }
            }
            Err(StoreError::LeaseHeld { by, .. }) => {
                self.drop_it(standing, &by);
                Turn::Without
            }
            Err(StoreError::LeaseLost { .. }) => {
                tracing::warn!(lease = self.name, "lost the city to another process");
                self.drop_it(standing, "another process");
                Turn::Without
            }
            Err(error) if self.lease.as_ref().is_some_and(|l| l.expires > now) => {
                tracing::warn!(lease = self.name, %error, "cannot renew the lease, it still holds");
                Turn::Kept
            }
            Err(error) => {
                tracing::warn!(lease = self.name, %error, "cannot get the lease");
                self.drop_it(standing, "nobody this process can reach");
                Turn::Without
            }
        }
    }

    /// A transaction found the lease gone.
    pub(crate) fn lost(&mut self, standing: &Standing) {
        self.drop_it(standing, "another process");
    }

    fn drop_it(&mut self, standing: &Standing, owner: &str) {
        self.lease = None;
        standing.set(Some(owner.to_owned()));
    }

    /// Hands the city over at once.
    pub(crate) async fn give_back(&mut self, orders: &Orders, standing: &Standing) {
        if let Some(lease) = self.lease.take() {
            let released: Result<(), StoreError> =
                orders.store().write(move |tx| lease::release(tx, &lease).map(|_| ())).await;
            if let Err(error) = released {
                tracing::warn!(lease = self.name, %error, "cannot give the lease back, it will run out");
            }
        }
        standing.set(Some("nobody, it was shut down".to_owned()));
    }
}
