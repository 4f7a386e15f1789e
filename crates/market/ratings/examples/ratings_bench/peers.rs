//! What everybody else does with stars, and how two rankings are compared.

use doorstep_ratings::Review;

/// Sum, count and thumbs up of each subject.
fn tallies(reviews: &[Review], subjects: usize) -> Vec<(f64, f64, f64)> {
    let mut all = vec![(0.0, 0.0, 0.0); subjects];
    for r in reviews {
        let t = &mut all[r.subject as usize];
        t.0 += f64::from(r.stars);
        t.1 += 1.0;
        t.2 += f64::from(u8::from(r.stars >= 4));
    }
    all
}

fn overall(tallies: &[(f64, f64, f64)]) -> (f64, f64) {
    let sum: f64 = tallies.iter().map(|t| t.0).sum();
    let count: f64 = tallies.iter().map(|t| t.1).sum();
    (sum / count, count / tallies.len() as f64)
}

/// The plain mean; the mean of all where there is no review.
pub(crate) fn mean(reviews: &[Review], subjects: usize) -> Vec<f64> {
    let all = tallies(reviews, subjects);
    let (centre, _) = overall(&all);
    all.iter().map(|t| if t.1 > 0.0 { t.0 / t.1 } else { centre }).collect()
}

/// IMDb's: v/(v+m) R + m/(v+m) C, with m the mean number of reviews.
pub(crate) fn bayes(reviews: &[Review], subjects: usize) -> Vec<f64> {
    let all = tallies(reviews, subjects);
    let (centre, m) = overall(&all);
    all.iter().map(|t| (t.0 + m * centre) / (t.1 + m)).collect()
}

/// Wilson's lower bound at 95 % of the share with four or five stars.
pub(crate) fn wilson(reviews: &[Review], subjects: usize) -> Vec<f64> {
    let z: f64 = 1.96;
    tallies(reviews, subjects)
        .iter()
        .map(|&(_, n, up)| {
            if n == 0.0 {
                return 0.0;
            }
            let p = up / n;
            let z2 = z * z;
            (p + z2 / (2.0 * n) - z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt()) / (1.0 + z2 / n)
        })
        .collect()
}

/// Kendall's tau-b, in n log n (Knight 1966).
pub(crate) fn kendall(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len();
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&i, &j| a[i].total_cmp(&a[j]).then(b[i].total_cmp(&b[j])));
    let ties = |same: &dyn Fn(usize, usize) -> bool, order: &[usize]| {
        let (mut run, mut sum) = (1.0_f64, 0.0_f64);
        for w in order.windows(2) {
            if same(w[0], w[1]) {
                run += 1.0;
            } else {
                sum += run * (run - 1.0) / 2.0;
                run = 1.0;
            }
        }
        sum + run * (run - 1.0) / 2.0
    };
    let pairs = n as f64 * (n as f64 - 1.0) / 2.0;
    let in_a = ties(&|i, j| a[i] == a[j], &order);
    let in_both = ties(&|i, j| a[i] == a[j] && b[i] == b[j], &order);
    let mut values: Vec<f64> = order.iter().map(|&i| b[i]).collect();
    let swaps = inversions(&mut values);
    let mut by_b: Vec<usize> = (0..n).collect();
    by_b.sort_by(|&i, &j| b[i].total_cmp(&b[j]));
    let in_b = ties(&|i, j| b[i] == b[j], &by_b);
    let difference = pairs - in_a - in_b + in_both - 2.0 * swaps;
    difference / ((pairs - in_a) * (pairs - in_b)).sqrt().max(1e-12)
}

fn inversions(values: &mut [f64]) -> f64 {
    let n = values.len();
    if n < 2 {
        return 0.0;
    }
    let (left, right) = values.split_at_mut(n / 2);
    let mut count = inversions(left) + inversions(right);
    let mut merged = Vec::with_capacity(n);
    let (mut i, mut j) = (0, 0);
    while i < left.len() || j < right.len() {
        if j == right.len() || (i < left.len() && left[i] <= right[j]) {
            merged.push(left[i]);
            i += 1;
        } else {
            count += (left.len() - i) as f64;
            merged.push(right[j]);
            j += 1;
        }
    }
    values.copy_from_slice(&merged);
    count
}

/// Favoured subjects among the best tenth, and among as many by true quality.
pub(crate) fn in_top_decile(scores: &[f64], ring_of: &[Option<usize>]) -> usize {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&i, &j| scores[j].total_cmp(&scores[i]).then(i.cmp(&j)));
    order.iter().take(scores.len().div_ceil(10)).filter(|&&s| ring_of[s].is_some()).count()
}
