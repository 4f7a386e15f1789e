//! How honest raters give stars: how often each number of stars follows each expected level, learned from
//! those who are trusted. Whatever the shape of a market, it is its own yardstick.

use super::fit::Fit;
use super::scale::Scale;
use super::table::Table;
use super::walk;

const BINS: usize = 24;

/// A common stock of reviews lent to every level, so that a level nobody has seen says what all say.
const LENT: f64 = 4.0;

#[derive(Debug, Clone)]
pub(super) struct Emission {
    low: f32,
    per_bin: f32,
    log: [[f32; 5]; BINS],
}

impl Emission {
    /// Log of how often an honest rater gives these stars where this level is expected.
    pub(super) fn log(&self, expected: f32, stars: u8) -> f32 {
        self.log[self.bin(expected)][stars as usize - 1]
    }

    fn bin(&self, expected: f32) -> usize {
        (((expected - self.low) * self.per_bin) as i32).clamp(0, BINS as i32 - 1) as usize
    }

    /// From the shares of all stars alone.
    pub(super) fn flat(counts: &[f64; 5]) -> Self {
        let total: f64 = counts.iter().sum::<f64>() + 0.5;
        let log = counts.map(|c| (((c + 0.1) / total) as f32).max(1e-3).ln());
        Self { low: 0.0, per_bin: 1.0, log: [log; BINS] }
    }

    pub(super) fn learn(table: &Table, fit: &Fit, trust: &[f32], scale: &Scale) -> Self {
        let spread = (fit.var.quality + fit.var.leniency).sqrt().max(0.05) as f32;
        let mut emission = Self { low: -3.0 * spread, per_bin: BINS as f32 / (6.0 * spread), log: [[0.0; 5]; BINS] };
        let mut nothing = vec![(); table.raters()];
        let parts = walk::fill(&table.row_start, &mut nothing, |range, _| {
            let mut counts = [[0.0_f64; 5]; BINS];
            for rater in range {
                let (t, lean) = (trust[rater], fit.leniency[rater]);
                for e in table.of_rater(rater) {
                    let bin = emission.bin(fit.expected(e, lean, t, scale));
                    counts[bin][e.stars as usize - 1] += f64::from(t * e.weight);
                }
            }
            counts
        });
        let mut counts = [[0.0_f64; 5]; BINS];
        for part in &parts {
            for (bin, own) in counts.iter_mut().zip(part) {
                for (sum, n) in bin.iter_mut().zip(own) {
                    *sum += n;
                }
            }
        }
        let mut all = [0.1_f64; 5];
        for bin in &counts {
            for (sum, n) in all.iter_mut().zip(bin) {
                *sum += n;
            }
        }
        let total: f64 = all.iter().sum();
        for bin in 0..BINS {
            let mut mixed = all.map(|n| LENT * n / total);
            for (other, share) in [(bin.wrapping_sub(1), 0.25), (bin, 1.0), (bin + 1, 0.25)] {
                if other < BINS {
                    for (sum, n) in mixed.iter_mut().zip(&counts[other]) {
                        *sum += share * n;
                    }
                }
            }
            let sum: f64 = mixed.iter().sum();
            emission.log[bin] = mixed.map(|n| ((n / sum) as f32).max(1e-3).ln());
        }
        emission
    }
}
