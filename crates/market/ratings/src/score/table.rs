//! Reviews in two orders, by rater and by subject, so that every step of the estimate is one walk.
//!
//! Rows are sorted by all their fields: whatever order the reviews came in, the sums add up the same.

use super::walk;
use crate::review::Review;

/// Reviews by rater (`rows`) and by subject (`cols`), each once per order and rater.
#[derive(Debug, Clone)]
pub(super) struct Table {
    /// Where each rater's rows begin, and one past the end.
    pub(super) row_start: Vec<u32>,
    /// Reviews by rater, then by subject and time.
    pub(super) rows: Vec<Entry>,
    /// Where each subject's rows begin, and one past the end.
    pub(super) col_start: Vec<u32>,
    /// Reviews by subject, then by time and rater.
    pub(super) cols: Vec<Entry>,
    /// Reviews left out because their rater had reviewed the same order.
    pub(super) duplicates: usize,
    /// From the first review to the last.
    pub(super) span: i64,
}

/// A review as one side's list has it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    /// The other side: the subject in a rater's list, the rater in a subject's.
    pub(super) other: u32,
    /// What it counts, before it is asked who wrote it.
    pub(super) weight: f32,
    /// Its place between the last review (0) and the first (65,535).
    pub(super) age: u16,
    /// One to five.
    pub(super) stars: u8,
}

/// How much less each further review of one subject by one rater counts: their opinions are not independent.
const REPEATED: f32 = 0.15;

impl Table {
    /// Sorts reviews into a table. A rater's latest review of one order takes the place of earlier ones; those
    /// given in retaliation count less.
    pub(super) fn new(reviews: &[Review], raters: usize, subjects: usize, retaliations: &[(u32, u64)]) -> Self {
        let mut sorted = by_rater(reviews, raters);
        let first = sorted.iter().map(|r| r.time).min().unwrap_or(0);
        let last = sorted.iter().map(|r| r.time).max().unwrap_or(0);
        let span = last.saturating_sub(first);
        let mut row_start = Vec::with_capacity(raters + 1);
        row_start.push(0);
        let mut rows = Vec::with_capacity(sorted.len());
        let mut at = 0;
        for rater in 0..raters {
            let begin = at;
            while at < sorted.len() && sorted[at].rater as usize == rater {
                at += 1;
            }
            let list = &mut sorted[begin..at];
            let kept = one_per_order(list);
            let list = &mut list[..kept];
            list.sort_unstable();
            for run in list.chunk_by(|a, b| a.subject == b.subject) {
                let weight = 1.0 / (1.0 + REPEATED * (run.len() as f32 - 1.0));
                let counts = |r: &Review| match retaliations.binary_search(&(r.rater, r.order)) {
                    Ok(_) => weight * super::RETALIATION,
                    Err(_) => weight,
                };
                rows.extend(run.iter().map(|r| Entry {
                    other: r.subject,
                    weight: counts(r),
                    age: age(r.time, last, span),
                    stars: r.stars,
                }));
            }
            row_start.push(rows.len() as u32);
        }
        let duplicates = reviews.len() - rows.len();
        let mut table = Self { row_start, rows, col_start: Vec::new(), cols: Vec::new(), duplicates, span };
        table.turn(subjects);
        table
    }

    pub(super) fn raters(&self) -> usize {
        self.row_start.len() - 1
    }

    pub(super) fn subjects(&self) -> usize {
        self.col_start.len() - 1
    }

    pub(super) fn of_rater(&self, rater: usize) -> &[Entry] {
        &self.rows[self.row_start[rater] as usize..self.row_start[rater + 1] as usize]
    }

    pub(super) fn of_subject(&self, subject: usize) -> &[Entry] {
        &self.cols[self.col_start[subject] as usize..self.col_start[subject + 1] as usize]
    }

    /// Makes the lists by subject from those by rater.
    pub(super) fn turn(&mut self, subjects: usize) {
        let mut start = vec![0_u32; subjects + 1];
        for row in &self.rows {
            start[row.other as usize + 1] += 1;
        }
        for i in 0..subjects {
            start[i + 1] += start[i];
        }
        let mut next = start.clone();
        let mut cols = vec![Entry { other: 0, weight: 0.0, age: 0, stars: 0 }; self.rows.len()];
        for rater in 0..self.raters() {
            for row in &self.rows[self.row_start[rater] as usize..self.row_start[rater + 1] as usize] {
                let slot = &mut next[row.other as usize];
                cols[*slot as usize] = Entry { other: rater as u32, ..*row };
                *slot += 1;
            }
        }
        let mut lists = Vec::with_capacity(subjects);
        let mut rest = cols.as_mut_slice();
        for subject in 0..subjects {
            let (own, after) = rest.split_at_mut((start[subject + 1] - start[subject]) as usize);
            lists.push(own);
            rest = after;
        }
        walk::fill(&start, &mut lists, |_, lists| {
            for list in lists {
                list.sort_unstable_by_key(|e| (std::cmp::Reverse(e.age), e.other, e.stars));
            }
        });
        self.col_start = start;
        self.cols = cols;
    }
}

fn age(time: i64, last: i64, span: i64) -> u16 {
    if span <= 0 {
        return 0;
    }
    (i128::from(last - time) * 65_535 / i128::from(span)) as u16
}

/// Keeps the latest review of each order at the front of the list, and says how many there are.
fn one_per_order(list: &mut [Review]) -> usize {
    if list.len() < 2 {
        return list.len();
    }
    list.sort_unstable_by_key(|r| (r.order, std::cmp::Reverse(r.time), r.stars, r.subject));
    let mut length = 1;
    for i in 1..list.len() {
        if list[i].order != list[length - 1].order {
            list[length] = list[i];
            length += 1;
        }
    }
    length
}

/// A counting sort.
fn by_rater(reviews: &[Review], raters: usize) -> Vec<Review> {
    let mut next = vec![0_usize; raters + 1];
    for review in reviews {
        next[review.rater as usize + 1] += 1;
    }
    for i in 0..raters {
        next[i + 1] += next[i];
    }
    let mut sorted = vec![Review { rater: 0, subject: 0, time: 0, order: 0, stars: 0 }; reviews.len()];
    for review in reviews {
        let slot = &mut next[review.rater as usize];
        sorted[*slot] = *review;
        *slot += 1;
    }
    sorted
}
