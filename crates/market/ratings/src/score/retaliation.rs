//! Retaliation: a bad review given back for a bad review of the same order.
//!
//! Where both sides are hidden until both wrote it cannot happen; reviews from elsewhere may hold it.

use crate::review::Review;

/// Few enough stars to hurt.
const BAD: u8 = 2;

/// Reviews that answer a bad one with a bad one, as (rater, order), sorted. `twins` says for each subject which
/// rater is the same person.
pub(super) fn find(reviews: &[Review], twins: &[Option<u32>]) -> Vec<(u32, u64)> {
    if twins.iter().all(Option::is_none) {
        return Vec::new();
    }
    let mut bad: Vec<&Review> = reviews.iter().filter(|r| r.stars <= BAD).collect();
    bad.sort_unstable_by_key(|r| (r.order, r.time, r.rater, r.subject));
    let mut found = Vec::new();
    for run in bad.chunk_by(|a, b| a.order == b.order) {
        for later in run {
            let answered = run.iter().any(|earlier| {
                earlier.time < later.time
                    && twins[later.subject as usize] == Some(earlier.rater)
                    && twins[earlier.subject as usize] == Some(later.rater)
            });
            if answered {
                found.push((later.rater, later.order));
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}
