//! The level of a day: daily totals regressed on trend and weekday, recent days counting more.

use super::ForecasterConfig;

/// Unknowns: level, trend per week, seven weekdays.
const N: usize = 9;

/// One past day.
#[derive(Clone, Copy, Debug)]
pub(super) struct DayTotal {
    pub(super) day: i64,
    pub(super) total: f64,
}

/// Monday is 0. Day 0 is 1970-01-01, a Thursday.
pub(super) fn weekday(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}

/// The expected total of `day` given past days; none without any.
///
/// Weighted ridge regression of the logarithm: old days fade, days with few trips say little, and weekdays that
/// were hardly seen are like the others.
pub(super) fn expected(past: &[DayTotal], day: i64, config: &ForecasterConfig) -> Option<f64> {
    if past.is_empty() {
        return None;
    }
    let (mut a, mut b) = ([[0.0; N]; N], [0.0; N]);
    for seen in past {
        let age = (day - seen.day) as f64;
        let (x, y) = (row(seen.day, -age / 7.0), (seen.total + 0.5).ln());
        let weight = config.level_memory.powf(age) * (seen.total + 0.5).min(config.level_trust);
        for i in 0..N {
            for j in 0..N {
                a[i][j] += weight * x[i] * x[j];
            }
            b[i] += weight * x[i] * y;
        }
    }
    a[0][0] += 1e-6;
    a[1][1] += config.trend_ridge;
    for (ix, line) in a.iter_mut().enumerate().skip(2) {
        line[ix] += config.weekday_ridge;
    }
    let solution = solve(a, b);
    let ln: f64 = row(day, 0.0).iter().zip(solution).map(|(x, s)| x * s).sum();
    // Never far above what any day had: an extrapolation of three days must not run away.
    let most = past.iter().map(|d| d.total).fold(0.0, f64::max);
    Some(ln.exp().min(3.0 * most + 1.0))
}

fn row(day: i64, weeks: f64) -> [f64; N] {
    let mut x = [0.0; N];
    (x[0], x[1]) = (1.0, weeks);
    x[2 + weekday(day)] = 1.0;
    x
}

/// Gaussian elimination; the matrix is positive definite thanks to its ridge.
fn solve(mut a: [[f64; N]; N], mut b: [f64; N]) -> [f64; N] {
    for i in 0..N {
        let pivot = if a[i][i].abs() > 1e-12 { a[i][i] } else { 1e-12 };
        for j in i + 1..N {
            let (factor, upper) = (a[j][i] / pivot, a[i]);
            for (value, above) in a[j].iter_mut().zip(upper).skip(i) {
                *value -= factor * above;
            }
            b[j] -= factor * b[i];
        }
    }
    let mut x = [0.0; N];
    for i in (0..N).rev() {
        let rest: f64 = (i + 1..N).map(|k| a[i][k] * x[k]).sum();
        let pivot = if a[i][i].abs() > 1e-12 { a[i][i] } else { 1e-12 };
        x[i] = (b[i] - rest) / pivot;
    }
    x
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_growing_city_with_quiet_sundays_is_seen_as_such() {
        let total = |day: i64| 100.0 * 1.02_f64.powi(day as i32) * if weekday(day) == 6 { 0.5 } else { 1.0 };
        let past: Vec<DayTotal> = (0..63).map(|day| DayTotal { day, total: total(day) }).collect();
        let config = ForecasterConfig { weekday_ridge: 1.0, trend_ridge: 0.1, ..ForecasterConfig::default() };
        for day in 63..70 {
            let ratio = expected(&past, day, &config).unwrap() / total(day);
            assert!((0.95..1.05).contains(&ratio), "day {day}: {ratio}");
        }
        assert!(expected(&[], 3, &config).is_none());
        assert!(expected(&past[..1], 40, &config).unwrap() <= 3.0 * total(0) + 1.0);
    }
}
