//! What the city has done: counts over its whole life, rates over the last seconds.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use doorstep_clock::{Timestamp, monotonic};
use doorstep_orders::{CityTotals, EventKind, Order};
use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// Batches whose times are kept for the percentiles.
const BATCHES_KEPT: usize = 1_024;
/// Seconds a rate looks back on.
const RATE_WINDOW_S: u64 = 10;

/// A live city in figures. A mean or percentile is `None` until there is something to measure.
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

/// Everything that is counted.
pub(crate) struct Counters {
    totals: Mutex<CityTotals>,
    batches: Mutex<VecDeque<f64>>,
    pub(crate) waiting: AtomicU64,
    pub(crate) orders: Rate,
    pub(crate) positions: Rate,
}

impl Counters {
    pub(crate) fn new() -> Self {
        Self {
            totals: Mutex::new(CityTotals::default()),
            batches: Mutex::new(VecDeque::with_capacity(BATCHES_KEPT)),
            waiting: AtomicU64::new(0),
            orders: Rate::new(),
            positions: Rate::new(),
        }
    }

    /// Goes on from what the store has counted.
    pub(crate) fn resume(&self, totals: CityTotals) {
        *self.totals.lock() = totals;
    }

    pub(crate) fn count(&self, news: &[EventKind], order: &Order) {
        let mut totals = self.totals.lock();
        for kind in news {
            match kind {
                EventKind::Requested => {
                    totals.requests += 1;
                    self.orders.add(1);
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

    pub(crate) fn stats(&self, now: Timestamp, supply: &doorstep_dispatch::supply::StateCounts) -> Stats {
        let totals = *self.totals.lock();
        let mut batches: Vec<f64> = self.batches.lock().iter().copied().collect();
        batches.sort_by(f64::total_cmp);
        Stats {
            now,
            drivers_online: u64::from(supply.online()),
            drivers_idle: u64::from(supply.idle()),
            drivers_busy: u64::from(supply.busy()),
            waiting: self.waiting.load(Ordering::Relaxed),
            requests: totals.requests,
            served: totals.served,
            lost: totals.lost,
            cancelled: totals.cancelled,
            mean_wait_s: mean_s(totals.wait_ms, totals.picked_up),
            mean_delay_s: mean_s(totals.delay_ms, totals.served),
            batch_ms_p50: percentile(&batches, 50),
            batch_ms_p99: percentile(&batches, 99),
            orders_per_s: self.orders.per_second(),
            positions_per_s: self.positions.per_second(),
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
