//! How long a search may run, by the clock and by iterations, and how far it is.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// A part of the search's time.
#[derive(Clone, Debug)]
pub(super) struct Budget {
    start: Instant,
    /// No clock is asked when this is infinite.
    time: Option<Duration>,
    iterations: u64,
    done: Cell<u64>,
    over: Cell<bool>,
    share: Cell<f64>,
}

impl Budget {
    /// From now for `time`, and no more than `iterations`.
    pub(super) fn new(time: Option<Duration>, iterations: u64) -> Self {
        Self {
            start: doorstep_clock::monotonic(),
            time,
            iterations,
            done: Cell::new(0),
            over: Cell::new(false),
            share: Cell::new(0.0),
        }
    }

    /// Counts an iteration and gives the share of the budget that is used, or nothing when it is over.
    pub(super) fn step(&self) -> Option<f64> {
        let done = self.done.get();
        if done >= self.iterations || self.over.get() {
            return None;
        }
        self.done.set(done + 1);
        // The clock costs as much as a small tour; short iterations ask it every eighth time.
        if done.is_multiple_of(8) && self.late() {
            return None;
        }
        let counted = done as f64 / self.iterations.max(1) as f64;
        Some(self.share.get().max(counted))
    }

    /// Asks the clock whether the time is over.
    pub(super) fn late(&self) -> bool {
        if let Some(time) = self.time {
            let spent = self.start.elapsed();
            self.share.set(spent.as_secs_f64() / time.as_secs_f64().max(1e-9));
            if spent >= time {
                self.over.set(true);
            }
        }
        self.over.get()
    }

    /// Whether the clock, not the count, ended it.
    pub(super) fn cut(&self) -> bool {
        self.over.get()
    }

    /// Iterations done.
    pub(super) fn done(&self) -> u64 {
        self.done.get()
    }

    /// What is left of the clock's time.
    pub(super) fn left(&self) -> Option<Duration> {
        self.time.map(|time| time.saturating_sub(self.start.elapsed()))
    }
}
