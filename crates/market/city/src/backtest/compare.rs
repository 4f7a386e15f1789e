//! Is the difference real? Paired seeds: both policies see the same requests and the same fleet, so what the
//! fleet's luck does to both falls out of the difference.

use doorstep_clock::SeededRng;
use rand::RngExt as _;
use serde::Serialize;

/// Resamples of the bootstrap.
const RESAMPLES: usize = 2_000;

/// A paired difference, second policy minus first.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Difference {
    /// Its mean over the seeds.
    pub mean: f64,
    /// Student's interval: 95 of 100 such intervals hold the true mean.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
    /// The bootstrap's interval, which assumes no shape: 2.5 %.
    pub boot_low: f64,
    /// 97.5 %.
    pub boot_high: f64,
    /// Whether Student's interval leaves out zero.
    pub clear: bool,
}

impl Difference {
    /// Of values in pairs.
    pub(super) fn of(first: &[f64], second: &[f64], seed: u64, metric: &str) -> Self {
        let gaps: Vec<f64> = first.iter().zip(second).map(|(a, b)| b - a).collect();
        let (mean, deviation) = moments(&gaps);
        let n = gaps.len() as f64;
        let half = if gaps.len() > 1 { student(gaps.len() - 1) * deviation / n.sqrt() } else { f64::INFINITY };
        let mut rng = SeededRng::new(seed, &format!("backtest.bootstrap.{metric}"));
        let mut means: Vec<f64> = (0..RESAMPLES)
            .map(|_| (0..gaps.len()).map(|_| gaps[rng.random_range(0..gaps.len())]).sum::<f64>() / n)
            .collect();
        means.sort_by(f64::total_cmp);
        let (low, high) = (mean - half, mean + half);
        Self {
            mean,
            low,
            high,
            boot_low: super::figures::quantile(&means, 0.025),
            boot_high: super::figures::quantile(&means, 0.975),
            clear: low > 0.0 || high < 0.0,
        }
    }
}

/// Mean and standard deviation (with n - 1).
pub(super) fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let squares: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, if values.len() > 1 { (squares / (n - 1.0)).sqrt() } else { 0.0 })
}

/// Student's 97.5 % quantile.
fn student(freedom: usize) -> f64 {
    const EXACT: [f64; 20] = [
        12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
        2.120, 2.110, 2.101, 2.093, 2.086,
    ];
    // Beyond the table the first terms of Cornish and Fisher's expansion are within 0.001.
    let z: f64 = 1.959_964;
    let n = freedom as f64;
    let far = z + (z.powi(3) + z) / (4.0 * n) + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n * n);
    EXACT.get(freedom.saturating_sub(1)).copied().unwrap_or(far)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_students() {
        // Gaps 1, 2, 3: mean 2, deviation 1, so 2 ± 4.303 / √3.
        let d = Difference::of(&[0.0, 0.0, 0.0], &[1.0, 2.0, 3.0], 1, "m");
        assert!((d.mean - 2.0).abs() < 1e-12 && (d.low - (2.0 - 2.4843)).abs() < 1e-3, "{d:?}");
        assert!(!d.clear && d.boot_low >= 1.0 && d.boot_high <= 3.0, "{d:?}");
        let sure = Difference::of(&[0.0; 4], &[1.0, 1.1, 0.9, 1.0], 1, "m");
        assert!(sure.clear && sure.boot_low > 0.8);
        // R: qt(0.975, 30) = 2.042272, qt(0.975, 21) = 2.079614.
        assert!((student(30) - 2.042_272).abs() < 1e-3 && (student(21) - 2.079_614).abs() < 1e-3);
    }

    #[test]
    fn intervals_hold_the_truth_about_as_often_as_they_say() {
        let mut rng = SeededRng::new(5, "coverage");
        let held = (0..400)
            .filter(|i| {
                let gaps: Vec<f64> = (0..8).map(|_| (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0).collect();
                let d = Difference::of(&[0.0; 8], &gaps, *i, "m");
                d.low <= 0.0 && d.high >= 0.0
            })
            .count();
        assert!((365..=393).contains(&held), "{held} of 400");
    }
}
