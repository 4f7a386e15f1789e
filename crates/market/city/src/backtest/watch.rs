//! How far a backtest has come, and whether it shall go on.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Hears how much is done, from 0 to 1, and says whether to go on.
pub type Heed<'a> = &'a (dyn Fn(f64) -> bool + Sync);

/// The shares of all runs, which go on at the same time.
pub(super) struct Watch<'a> {
    heed: Heed<'a>,
    shares: Mutex<Vec<f64>>,
    stopped: AtomicBool,
}

impl<'a> Watch<'a> {
    pub(super) fn new(runs: usize, heed: Heed<'a>) -> Self {
        Self { heed, shares: Mutex::new(vec![0.0; runs]), stopped: AtomicBool::new(false) }
    }

    /// A run has come this far; whether it shall go on.
    pub(super) fn at(&self, run: usize, share: f64) -> bool {
        let all = {
            let mut shares = self.shares.lock().expect("nobody panics while noting a share");
            shares[run] = share.clamp(shares[run], 1.0);
            shares.iter().sum::<f64>() / shares.len() as f64
        };
        if !(self.heed)(all) {
            self.stopped.store(true, Ordering::Relaxed);
        }
        !self.stopped.load(Ordering::Relaxed)
    }
}

/// One run's part of it: pieces of known weight, one after the other.
pub(super) struct Pieces<'a, 'b> {
    watch: &'a Watch<'b>,
    run: usize,
    done: f64,
    whole: f64,
}

impl<'a, 'b> Pieces<'a, 'b> {
    pub(super) fn new(watch: &'a Watch<'b>, run: usize, whole: f64) -> Self {
        Self { watch, run, done: 0.0, whole }
    }

    /// The present piece, of this weight, has come this far.
    pub(super) fn at(&self, weight: f64, share: f64) -> bool {
        self.watch.at(self.run, (self.done + weight * share.clamp(0.0, 1.0)) / self.whole)
    }

    /// The present piece is done.
    pub(super) fn end(&mut self, weight: f64) {
        self.done += weight;
    }
}
