//! A query's memory: a bound shared fairly by what can spill, and the most that was held.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use datafusion::error::Result;
use datafusion::execution::memory_pool::{FairSpillPool, MemoryConsumer, MemoryLimit, MemoryPool, MemoryReservation};
use doorstep_clock::monotonic;
use parking_lot::Mutex;

/// A bounded pool that remembers its peak.
#[derive(Debug)]
pub(super) struct Budget {
    pool: FairSpillPool,
    peak: AtomicUsize,
    held: Mutex<Held>,
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
            pool: FairSpillPool::new(bytes),
            peak: AtomicUsize::new(0),
            held: Mutex::new(Held { since: monotonic(), bytes: 0, byte_ns: 0 }),
        }
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
        let (bytes, now) = (self.pool.reserved(), monotonic());
        self.peak.fetch_max(bytes, Ordering::Relaxed);
        let mut held = self.held.lock();
        held.byte_ns += held.bytes as u128 * now.saturating_duration_since(held.since).as_nanos();
        (held.since, held.bytes) = (now, bytes);
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.pool, f)
    }
}

impl MemoryPool for Budget {
    fn name(&self) -> &str {
        "budget"
    }

    fn register(&self, consumer: &MemoryConsumer) {
        self.pool.register(consumer);
    }

    fn unregister(&self, consumer: &MemoryConsumer) {
        self.pool.unregister(consumer);
    }

    fn grow(&self, reservation: &MemoryReservation, additional: usize) {
        self.pool.grow(reservation, additional);
        self.note();
    }

    fn shrink(&self, reservation: &MemoryReservation, shrink: usize) {
        self.pool.shrink(reservation, shrink);
        self.note();
    }

    fn try_grow(&self, reservation: &MemoryReservation, additional: usize) -> Result<()> {
        let grown = self.pool.try_grow(reservation, additional);
        self.note();
        grown
    }

    fn reserved(&self) -> usize {
        self.pool.reserved()
    }

    fn memory_limit(&self) -> MemoryLimit {
        self.pool.memory_limit()
    }
}
