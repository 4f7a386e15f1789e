//! Bursts: many reviews of one subject in a short time that say something else than all the others.

use super::scale::Scale;
use super::table::{Entry, Table};
use super::walk;

/// A window is this part of the subject's own time.
const WINDOWS: u32 = 50;
/// Fewer than this are no burst.
const LEAST: usize = 10;

/// Reviews that came in a burst and lean its way.
#[derive(Debug, Clone)]
pub(super) struct Burst {
    pub(super) subject: u32,
    /// All reviews in the window.
    pub(super) reviews: usize,
    /// Those that lean the burst's way, as (rater, age, stars).
    leaning: Vec<(u32, u16, u8)>,
    /// What is left of each.
    pub(super) weight: f32,
}

impl Burst {
    /// Those whose reviews count less for it.
    pub(super) fn raters(&self) -> impl Iterator<Item = u32> + '_ {
        self.leaning.iter().map(|&(rater, ..)| rater)
    }
}

/// Finds bursts and makes their reviews count as much as a usual window's would.
pub(super) fn dampen(table: &mut Table, scale: &Scale) -> Vec<Burst> {
    let mut found: Vec<Option<Burst>> = vec![None; table.subjects()];
    let shared = &*table;
    walk::fill(&table.col_start, &mut found, |range, out| {
        for (subject, burst) in range.zip(out) {
            *burst = find(subject as u32, shared.of_subject(subject), scale);
        }
    });
    let bursts: Vec<Burst> = found.into_iter().flatten().collect();
    for burst in &bursts {
        let columns =
            table.col_start[burst.subject as usize] as usize..table.col_start[burst.subject as usize + 1] as usize;
        for e in &mut table.cols[columns] {
            if burst.leaning.contains(&(e.other, e.age, e.stars)) {
                e.weight *= burst.weight;
            }
        }
        for &(rater, age, stars) in &burst.leaning {
            let rows = table.row_start[rater as usize] as usize..table.row_start[rater as usize + 1] as usize;
            for e in &mut table.rows[rows] {
                if (e.other, e.age, e.stars) == (burst.subject, age, stars) {
                    e.weight *= burst.weight;
                }
            }
        }
    }
    bursts
}

/// The fullest window of a list sorted from the oldest, if it is a burst.
fn find(subject: u32, list: &[Entry], scale: &Scale) -> Option<Burst> {
    if list.len() < 2 * LEAST {
        return None;
    }
    let (oldest, latest) = (list.first()?.age, list.last()?.age);
    let width = u32::from(oldest - latest) / WINDOWS;
    let (mut begin, mut best) = (0, 0..0);
    for end in 1..=list.len() {
        while u32::from(list[begin].age) - u32::from(list[end - 1].age) > width {
            begin += 1;
        }
        if end - begin > best.len() {
            best = begin..end;
        }
    }
    let usual = list.len() as f64 / f64::from(WINDOWS);
    if best.len() < LEAST || (best.len() as f64) < usual + 6.0 * (usual + 1.0).sqrt() {
        return None;
    }
    let (inside, outside) = (&list[best.clone()], list[..best.start].iter().chain(&list[best.end..]));
    let (mean_in, spread_in) = moments(inside.iter(), scale)?;
    let (mean_out, spread_out) = moments(outside, scale)?;
    let (n_in, n_out) = (inside.len() as f64, (list.len() - inside.len()) as f64);
    let error = (spread_in.max(0.05) / n_in + spread_out.max(0.05) / n_out).sqrt();
    let difference = mean_in - mean_out;
    if difference.abs() < 0.5 || difference.abs() < 4.0 * error {
        return None;
    }
    let leaning: Vec<(u32, u16, u8)> = inside
        .iter()
        .filter(|e| (f64::from(scale.value(e.stars)) - mean_out) * difference > 0.0)
        .map(|e| (e.other, e.age, e.stars))
        .collect();
    let weight = ((usual + 1.0) / leaning.len().max(1) as f64).clamp(0.05, 1.0) as f32;
    Some(Burst { subject, reviews: inside.len(), leaning, weight })
}

/// Mean and variance, where there are enough to speak of.
fn moments<'a>(list: impl Iterator<Item = &'a Entry>, scale: &Scale) -> Option<(f64, f64)> {
    let (mut n, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for e in list {
        let value = f64::from(scale.value(e.stars));
        n += 1.0;
        sum += value;
        squares += value * value;
    }
    (n >= LEAST as f64).then(|| (sum / n, (squares / n - (sum / n).powi(2)).max(0.0)))
}
