//! How fast the past is forgotten: as fast as forgetting foretells the next review better, and no faster.
//!
//! Where quality does not move, every old review is worth as much as a new one, and forgetting only loses.

use super::fit::Fit;
use super::scale::Scale;
use super::table::Table;

/// Half-lives that are tried, in parts of the whole time.
const TRIED: [f64; 5] = [1.0, 0.5, 0.25, 0.125, 0.0625];
/// Reviews looked at, at most.
const SAMPLE: usize = 400_000;
/// A half-life must be better by so many standard errors.
const SURE: f64 = 3.5;

/// The half-life to use, in parts of the whole time.
pub(super) fn learn(table: &Table, fit: &Fit, trust: &[f32], scale: &Scale) -> Option<f64> {
    let step = (table.rows.len() / SAMPLE).max(1);
    let ridge = f64::from(fit.var.subject_ridge());
    let mut gains = [(0.0_f64, 0.0_f64); TRIED.len()];
    for subject in (0..table.subjects()).step_by(step) {
        let list = table.of_subject(subject);
        if list.len() < 8 {
            continue;
        }
        let mut plain = (0.0_f64, 0.0_f64);
        let mut fading = [(0.0_f64, 0.0_f64); TRIED.len()];
        let mut own = [0.0_f64; TRIED.len()];
        let mut before = list[0].age;
        for (i, e) in list.iter().enumerate() {
            let passed = f64::from(before - e.age) / 65_535.0;
            before = e.age;
            let weight = f64::from(trust[e.other as usize] * e.weight);
            let value = f64::from(scale.value(e.stars) - fit.mean - fit.leniency[e.other as usize]);
            let miss = |(sum, n): (f64, f64)| (value - sum / (n + ridge)).powi(2);
            let usual = miss(plain);
            for ((sums, own), half_life) in fading.iter_mut().zip(&mut own).zip(TRIED) {
                let left = (-passed / half_life).exp2();
                *sums = (sums.0 * left, sums.1 * left);
                if i >= 4 {
                    *own += weight * (usual - miss(*sums));
                }
                *sums = (sums.0 + weight * value, sums.1 + weight);
            }
            plain = (plain.0 + weight * value, plain.1 + weight);
        }
        for (gain, own) in gains.iter_mut().zip(own) {
            *gain = (gain.0 + own, gain.1 + own * own);
        }
    }
    let best = (0..TRIED.len()).max_by(|&a, &b| gains[a].0.total_cmp(&gains[b].0))?;
    let (gain, squares) = gains[best];
    (gain > SURE * squares.sqrt() && gain > 0.0).then(|| TRIED[best])
}

/// Makes every review count less by its age.
pub(super) fn apply(table: &mut Table, half_life: f64) {
    let per_age: Vec<f32> =
        (0..=255_u32).map(|a| (-f64::from(a) * 257.0 / 65_535.0 / half_life).exp2() as f32).collect();
    for e in table.rows.iter_mut().chain(&mut table.cols) {
        e.weight *= per_age[usize::from(e.age >> 8)];
    }
}
