//! What the city has done for each tenant: counts over its whole life, rates over the last seconds.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use doorstep_clock::{Timestamp, monotonic};
use doorstep_orders::{CityTotals, EventKind, Order};
use parking_lot::{Mutex, RwLock};
use serde::{Deserialize, Serialize};

/// Batches whose times are kept for the percentiles.
const BATCHES_KEPT: usize = 1_024;
/// Seconds a rate looks back on.
const RATE_WINDOW_S: u64 = 10;

/// A live city in the figures of one tenant; the times of batches are those of the city. A mean or percentile is `None` until there is something to measure.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Stats {
    /// City time.
    pub now: Timestamp,
    /// Drivers heard of and on shift.
    pub drivers_online: u64,
    /// Of them free.
    pub drivers_idle: u64,
    /// Of them with an order.
    pub drivers_busy: u64,
    /// Riders not picked up yet.
    pub waiting: u64,
    /// Orders ever made.
    pub requests: u64,
    /// Completed.
    pub served: u64,
    /// No driver was found.
    pub lost: u64,
    /// Called off.
    pub cancelled: u64,
    /// From request to pickup, over all riders ever picked up, seconds.
    pub mean_wait_s: Option<f64>,
    /// Later than by a direct trip at once, over all completed, seconds.
    pub mean_delay_s: Option<f64>,
    /// Matching time of a batch, median of the last ones, milliseconds.
    pub batch_ms_p50: Option<f64>,
    /// The same, 99th percentile.
    pub batch_ms_p99: Option<f64>,
    /// Orders made per second of wall time, over ten seconds.
    pub orders_per_s: f64,
    /// Positions taken per second of wall time, over ten seconds.
    pub positions_per_s: f64,
}

/// Counts things per second of wall time.
pub(crate) struct Rate {
    started: Instant,
    slots: Mutex<VecDeque<(u64, u64)>>,
}

impl Rate {
    fn new() -> Self {
        Self { started: monotonic(), slots: Mutex::new(VecDeque::new()) }
    }

    fn second(&self) -> u64 {
        monotonic().duration_since(self.started).as_secs()
    }

    pub(crate) fn add(&self, n: u64) {
        let now = self.second();
        let mut slots = self.slots.lock();
        match slots.back_mut() {
            Some((second, count)) if *second == now => *count += n,
            _ => slots.push_back((now, n)),
        }
        while slots.front().is_some_and(|(second, _)| second + RATE_WINDOW_S < now) {
            slots.pop_front();
        }
    }

    /// Over the last full seconds; the running second is not counted.
    #[allow(clippy::cast_precision_loss)] // counts of a few seconds
    fn per_second(&self) -> f64 {
        let now = self.second();
        let span = now.min(RATE_WINDOW_S);
        if span == 0 {
            return 0.0;
        }
        let counted: u64 = self.slots.lock().iter().filter(|(s, _)| *s < now && s + span >= now).map(|(_, n)| n).sum();
        counted as f64 / span as f64
    }
}

/// A tenant's drivers on shift.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Heads {
    pub(crate) online: u64,
    pub(crate) idle: u64,
    pub(crate) busy: u64,
}

/// What is counted for one tenant.
struct Tally {
    totals: Mutex<CityTotals>,
    waiting: AtomicU64,
    orders: Rate,
    positions: Rate,
}

impl Tally {
    fn new() -> Self {
        Self {
            totals: Mutex::new(CityTotals::default()),
            waiting: AtomicU64::new(0),
            orders: Rate::new(),
            positions: Rate::new(),
        }
    }
}

/// Everything that is counted.
#[derive(Default)]
pub(crate) struct Counters {
    tenants: RwLock<HashMap<String, Arc<Tally>>>,
    batches: Mutex<VecDeque<f64>>,
}

impl Counters {
    fn of(&self, tenant: &str) -> Arc<Tally> {
        if let Some(tally) = self.tenants.read().get(tenant) {
            return Arc::clone(tally);
        }
        Arc::clone(self.tenants.write().entry(tenant.to_owned()).or_insert_with(|| Arc::new(Tally::new())))
    }

    /// Goes on from what the store has counted.
    pub(crate) fn resume(&self, totals: BTreeMap<String, CityTotals>) {
        for tally in self.tenants.read().values() {
            *tally.totals.lock() = CityTotals::default();
        }
        for (tenant, totals) in totals {
            *self.of(&tenant).totals.lock() = totals;
        }
    }

    /// Riders not picked up yet, tenant by tenant; nobody waits for those who are not named.
    pub(crate) fn resume_waiting(&self, waiting: &BTreeMap<String, usize>) {
        for tally in self.tenants.read().values() {
            tally.waiting.store(0, Ordering::Relaxed);
        }
        for (tenant, waiting) in waiting {
            self.waiting(tenant, *waiting);
        }
    }

    pub(crate) fn waiting(&self, tenant: &str, waiting: usize) {
        self.of(tenant).waiting.store(waiting as u64, Ordering::Relaxed);
    }

    pub(crate) fn positions(&self, tenant: &str, taken: u64) {
        if taken > 0 {
            self.of(tenant).positions.add(taken);
        }
    }

    pub(crate) fn count(&self, news: &[EventKind], order: &Order) {
        let tally = self.of(&order.tenant);
        let mut totals = tally.totals.lock();
        for kind in news {
            match kind {
                EventKind::Requested => {
                    totals.requests += 1;
                    tally.orders.add(1);
                }
                EventKind::PickedUp => {
                    totals.picked_up += 1;
                    totals.wait_ms += order.wait_ms().unwrap_or(0);
                }
                EventKind::Completed => {
                    totals.served += 1;
                    totals.delay_ms += order.delay_ms().unwrap_or(0);
                }
                EventKind::Cancelled => totals.cancelled += 1,
                EventKind::NoDriver => totals.lost += 1,
                _ => {}
            }
        }
    }

    pub(crate) fn batch(&self, ms: f64) {
        let mut batches = self.batches.lock();
        if batches.len() == BATCHES_KEPT {
            batches.pop_front();
        }
        batches.push_back(ms);
    }

    pub(crate) fn stats(&self, tenant: &str, now: Timestamp, heads: Heads) -> Stats {
        // Whoever asks first has nothing counted yet, and makes no room for it.
        let tally = self.tenants.read().get(tenant).map(Arc::clone).unwrap_or_else(|| Arc::new(Tally::new()));
        let totals = *tally.totals.lock();
        let mut batches: Vec<f64> = self.batches.lock().iter().copied().collect();
        batches.sort_by(f64::total_cmp);
        Stats {
            now,
            drivers_online: heads.online,
            drivers_idle: heads.idle,
            drivers_busy: heads.busy,
            waiting: tally.waiting.load(Ordering::Relaxed),
            requests: totals.requests,
            served: totals.served,
            lost: totals.lost,
            cancelled: totals.cancelled,
            mean_wait_s: mean_s(totals.wait_ms, totals.picked_up),
            mean_delay_s: mean_s(totals.delay_ms, totals.served),
            batch_ms_p50: percentile(&batches, 50),
            batch_ms_p99: percentile(&batches, 99),
            orders_per_s: tally.orders.per_second(),
            positions_per_s: tally.positions.per_second(),
        }
    }
}

#[allow(clippy::cast_precision_loss)] // sums of milliseconds far below 2^53
fn mean_s(sum_ms: i64, count: u64) -> Option<f64> {
    if count == 0 { None } else { Some(sum_ms as f64 / 1_000.0 / count as f64) }
}

/// Nearest rank.
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let sorted: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(percentile(&sorted, 50), Some(100.0));
        assert_eq!(percentile(&sorted, 99), Some(198.0));
        assert_eq!(percentile(&[7.0], 99), Some(7.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn a_mean_of_nothing_is_none() {
        assert_eq!(mean_s(0, 0), None);
        assert_eq!(mean_s(3_000, 2), Some(1.5));
    }
}
