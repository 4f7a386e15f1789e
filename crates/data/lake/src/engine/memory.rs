//! A query's memory: a bound shared fairly by what can spill, and the most that was held.
//!
//! As DataFusion's `FairSpillPool`, but what can spill never fills the pool: merging what was spilled takes memory that
//! cannot itself be spilled, and sorts beside each other would leave none for it.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use doorstep_clock::monotonic;
use parking_lot::Mutex;
use tokio::sync::Notify;

/// The part of a budget that only consumers which cannot spill may take: one of so many.
const HEADROOM: usize = 8;
/// How DataFusion names the side that a hash join holds.
const HASH_JOIN: &str = "HashJoinInput";

/// A bounded pool that remembers its peak.
#[derive(Debug)]
pub(super) struct Budget {
    bytes: usize,
    shares: Mutex<Shares>,
    peak: AtomicUsize,
    held: Mutex<Held>,
    /// What a hash join was refused, until it is told.
    refused: Mutex<Option<String>>,
    refusal: Notify,
}

/// Who holds what, bytes.
#[derive(Debug, Default)]
struct Shares {
    spillers: usize,
    spillable: usize,
    unspillable: usize,
}

impl Shares {
    fn held(&self) -> usize {
        self.spillable.saturating_add(self.unspillable)
    }

    /// What a consumer that holds `held` may still take of `bytes`.
    fn room(&self, bytes: usize, spills: bool, held: usize) -> usize {
        let free = bytes.saturating_sub(self.held());
        if !spills {
            return free;
        }
        let all = bytes.saturating_sub(self.unspillable.max(bytes / HEADROOM));
        free.min((all / self.spillers.max(1)).saturating_sub(held))
    }

    fn of(&mut self, consumer: &MemoryConsumer) -> &mut usize {
        if consumer.can_spill() { &mut self.spillable } else { &mut self.unspillable }
    }
}

/// Memory over time.
#[derive(Debug)]
struct Held {
    since: Instant,
    bytes: usize,
    byte_ns: u128,
}

impl Budget {
    /// At most `bytes`.
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            bytes,
            shares: Mutex::default(),
            peak: AtomicUsize::new(0),
            held: Mutex::new(Held { since: monotonic(), bytes: 0, byte_ns: 0 }),
            refused: Mutex::default(),
            refusal: Notify::new(),
        }
    }

    /// All of it, bytes.
    pub(super) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// What each sort sets aside for merging what it spills, bytes: DataFusion's 10 MiB where the budget is large, and
    /// so little in a small one that several sorts fit beside each other.
    pub(super) fn for_each_merge(&self) -> usize {
        (self.bytes / 100).clamp(64 << 10, 10 << 20)
    }

    /// Ends when a hash join is refused what it asks for: its plan cannot come to a good end any more.
    pub(super) async fn join_refused(&self) -> DataFusionError {
        loop {
            let told = self.refusal.notified();
            if let Some(refused) = self.refused.lock().take() {
                return DataFusionError::ResourcesExhausted(refused);
            }
            told.await;
        }
    }

    /// Refusals so far were of a plan that is gone.
    pub(super) fn forget_refusal(&self) {
        *self.refused.lock() = None;
    }

    /// The most that was held at once, bytes.
    pub(super) fn peak(&self) -> usize {
        self.peak.load(Ordering::Relaxed)
    }

    /// Memory times the time that it was held, MiB × milliseconds.
    pub(super) fn mib_ms(&self) -> u64 {
        self.note();
        u64::try_from(self.held.lock().byte_ns / (1_000_000 << 20)).unwrap_or(u64::MAX)
    }

    fn note(&self) {
        let (bytes, now) = (self.shares.lock().held(), monotonic());
        self.peak.fetch_max(bytes, Ordering::Relaxed);
        let mut held = self.held.lock();
        held.byte_ns += held.bytes as u128 * now.saturating_duration_since(held.since).as_nanos();
        (held.since, held.bytes) = (now, bytes);
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the query's {} MiB", self.bytes >> 20)
    }
}

impl MemoryPool for Budget {
    fn name(&self) -> &str {
        "budget"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            self.shares.lock().spillers += 1;
        }
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        if consumer.can_spill() {
            let mut shares = self.shares.lock();
            shares.spillers = shares.spillers.saturating_sub(1);
        }
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        *self.shares.lock().of(reservation.consumer()) += additional;
        self.note();
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        let mut shares = self.shares.lock();
        let held = shares.of(reservation.consumer());
        *held = held.saturating_sub(shrink);
        drop(shares);
        self.note();
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let consumer = reservation.consumer();
        let mut shares = self.shares.lock();
        let room = shares.room(self.bytes, consumer.can_spill(), reservation.size());
        if additional <= room {
            *shares.of(consumer) += additional;
        }
        drop(shares);
        if additional <= room {
            self.note();
            return Ok(());
        }
        let (name, size) = (consumer.name(), reservation.size());
        let refused =
            format!("{name} holds {size} bytes and asked for {additional} more, {room} are left to it of {self}");
        if name.starts_with(HASH_JOIN) {
            *self.refused.lock() = Some(refused.clone());
            self.refusal.notify_one();
        }
        Err(DataFusionError::ResourcesExhausted(refused))
    }

    fn reserved(&self) -> usize {
        self.shares.lock().held()
    }

    fn memory_limit(&self) -> MemoryLimit {
        MemoryLimit::Finite(self.bytes)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn what_spills_shares_evenly_and_leaves_room_for_what_does_not() {
        let budget: Arc<dyn MemoryPool> = Arc::new(Budget::new(800));
        let spills = |name: &str| MemoryConsumer::new(name).with_can_spill(true).register(&budget);
        let (one, two) = (spills("one"), spills("two"));
        let merge = MemoryConsumer::new("merge").register(&budget);
        one.try_grow(350).unwrap();
        two.try_grow(350).unwrap();
        assert!(one.try_grow(1).is_err(), "an eighth stays free");
        merge.try_grow(100).unwrap();
        let full = merge.try_grow(1).unwrap_err();
        assert!(full.to_string().contains("merge holds 100 bytes and asked for 1 more, 0 are left"), "{full}");
        two.free();
        merge.try_grow(300).unwrap();
        assert!(one.try_grow(1).is_err(), "what cannot spill took of the shares");
        merge.free();
        drop(two);
        one.try_grow(350).unwrap();
        assert_eq!(budget.reserved(), 700);
    }

    #[test]
    fn the_peak_is_kept() {
        let budget = Arc::new(Budget::new(1 << 20));
        let pool: Arc<dyn MemoryPool> = Arc::<Budget>::clone(&budget);
        let held = MemoryConsumer::new("held").register(&pool);
        held.grow(4_096);
        held.free();
        assert_eq!((budget.peak(), budget.reserved()), (4_096, 0));
    }
}
