//! Quality and leniency: stars = mean + quality of the subject + leniency of the rater + noise, fitted by
//! shrinking both toward zero as far as the data's own variances say (Henderson's mixed model).

use super::scale::Scale;
use super::table::{Entry, Table};
use super::walk;

/// A fitted market, in units of the scale.
#[derive(Debug, Clone)]
pub(super) struct Fit {
    pub(super) mean: f32,
    /// Per subject.
    pub(super) subjects: Vec<Level>,
    /// Per rater, above the mean.
    pub(super) leniency: Vec<f32>,
    pub(super) var: Variances,
}

/// A subject's quality above the mean, and the weight of the reviews behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Level {
    pub(super) quality: f32,
    pub(super) weight: f32,
}

/// Where the stars' variance comes from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Variances {
    pub(super) quality: f64,
    pub(super) leniency: f64,
    pub(super) noise: f64,
}

impl Variances {
    /// What is added to a subject's weight: how strongly it is drawn to the mean.
    pub(super) fn subject_ridge(&self) -> f32 {
        (self.noise / self.quality.max(1e-6)).clamp(0.01, 1e4) as f32
    }

    /// The same for a rater.
    pub(super) fn rater_ridge(&self) -> f32 {
        (self.noise / self.leniency.max(1e-6)).clamp(0.05, 1e5) as f32
    }
}

/// Sums of one list of values.
#[derive(Default, Clone, Copy)]
struct Moments {
    w: f64,
    w2: f64,
    y: f64,
    yy: f64,
}

impl Moments {
    fn add(&mut self, w: f64, y: f64) {
        self.w += w;
        self.w2 += w * w;
        self.y += w * y;
        self.yy += w * y * y;
    }

    fn join(self, other: Self) -> Self {
        Self { w: self.w + other.w, w2: self.w2 + other.w2, y: self.y + other.y, yy: self.yy + other.yy }
    }

    fn scatter(&self) -> f64 {
        if self.w > 0.0 { (self.yy - self.y * self.y / self.w).max(0.0) } else { 0.0 }
    }

    fn freedom(&self) -> f64 {
        if self.w > 0.0 { self.w - self.w2 / self.w } else { 0.0 }
    }
}

/// All values, and the scatter and freedom inside the lists of one side.
fn inside(
    start: &[u32],
    entries: &[Entry],
    weigh: impl Fn(usize, &Entry) -> f64 + Sync,
    scale: &Scale,
) -> (Moments, f64) {
    let mut nothing = vec![(); start.len() - 1];
    let parts = walk::fill(start, &mut nothing, |lists, _| {
        let (mut all, mut scatter, mut freedom) = (Moments::default(), 0.0, 0.0);
        for list in lists {
            let mut own = Moments::default();
            for entry in &entries[start[list] as usize..start[list + 1] as usize] {
                own.add(weigh(list, entry), f64::from(scale.value(entry.stars)));
            }
            scatter += own.scatter();
            freedom += own.freedom();
            all = all.join(own);
        }
        (all, scatter, freedom)
    });
    let (mut all, mut scatter, mut freedom) = (Moments::default(), 0.0, 0.0);
    for (own, s, f) in parts {
        all = all.join(own);
        scatter += s;
        freedom += f;
    }
    let variance = if freedom > 0.5 { scatter / freedom } else { all.scatter() / all.w.max(1e-9) };
    (all, variance)
}

/// Variances by the method of moments: what differs inside a subject is leniency and noise, what differs
/// inside a rater is quality and noise, and all three together are the whole.
fn variances(table: &Table, trust: &[f32], scale: &Scale) -> (f32, Variances) {
    let (all, in_rater) = inside(&table.row_start, &table.rows, |rater, e| f64::from(trust[rater] * e.weight), scale);
    let (_, in_subject) =
        inside(&table.col_start, &table.cols, |_, e| f64::from(trust[e.other as usize] * e.weight), scale);
    if all.w <= 0.0 {
        return (0.0, Variances { quality: 1.0, leniency: 0.0, noise: 1.0 });
    }
    let total = (all.scatter() / all.w).max(1e-6);
    let quality = (total - in_subject).clamp(0.02 * total, total);
    let leniency = (total - in_rater).clamp(0.0, total);
    let noise = (total - quality - leniency).max(0.1 * total);
    ((all.y / all.w) as f32, Variances { quality, leniency, noise })
}

impl Fit {
    /// A market of which nothing is known yet.
    pub(super) fn blank(table: &Table) -> Self {
        Self {
            mean: 0.0,
            subjects: vec![Level::default(); table.subjects()],
            leniency: vec![0.0; table.raters()],
            var: Variances { quality: 1.0, leniency: 1.0, noise: 1.0 },
        }
    }

    /// Fits again from where it stands, each review weighted by its own weight and its rater's trust.
    pub(super) fn again(&mut self, table: &Table, trust: &[f32], scale: &Scale, rounds: usize) {
        (self.mean, self.var) = variances(table, trust, scale);
        let rater_ridge = self.var.rater_ridge();
        let mean = self.mean;
        for _ in 0..rounds {
            self.subjects_again(table, trust, scale);
            let subjects = &self.subjects;
            walk::fill(&table.row_start, &mut self.leniency, |range, out| {
                for (rater, lean) in range.zip(out) {
                    *lean = leniency_of(table.of_rater(rater), subjects, mean, rater_ridge, scale);
                }
            });
        }
    }

    /// Fits the subjects to the raters as they are.
    pub(super) fn subjects_again(&mut self, table: &Table, trust: &[f32], scale: &Scale) {
        let (mean, ridge, leniency) = (self.mean, self.var.subject_ridge(), &self.leniency);
        walk::fill(&table.col_start, &mut self.subjects, |range, levels| {
            for (subject, level) in range.zip(levels) {
                let (mut sum, mut weight) = (0.0_f32, 0.0_f32);
                for e in table.of_subject(subject) {
                    let w = e.weight * trust[e.other as usize];
                    sum += w * (scale.value(e.stars) - mean - leniency[e.other as usize]);
                    weight += w;
                }
                *level = Level { quality: sum / (weight + ridge), weight };
            }
        });
    }

    /// The level expected of a review had it not been written itself; `trust` is its rater's.
    pub(super) fn expected(&self, entry: &Entry, leniency: f32, trust: f32, scale: &Scale) -> f32 {
        let level = self.subjects[entry.other as usize];
        if level.weight <= 0.0 {
            return leniency;
        }
        let ridge = self.var.subject_ridge();
        let (have, own) = (level.weight + ridge, entry.weight * trust);
        let value = scale.value(entry.stars) - self.mean - leniency;
        (level.quality * have - own * value) / (have - own).max(0.5 * ridge) + leniency
    }
}

/// A rater's leniency from his list.
pub(super) fn leniency_of(list: &[Entry], subjects: &[Level], mean: f32, ridge: f32, scale: &Scale) -> f32 {
    let (mut sum, mut weight) = (0.0_f32, 0.0_f32);
    for e in list {
        sum += e.weight * (scale.value(e.stars) - mean - subjects[e.other as usize].quality);
        weight += e.weight;
    }
    sum / (weight + ridge)
}
