//! One more review at a time, between two estimates from scratch.
//!
//! A new review changes what is believed of its rater, and with it every subject that the rater has reviewed;
//! all of that is brought up to date at once. What follows at second hand (other raters of those subjects, the
//! scale, the variances) waits for the next estimate.

use std::collections::HashMap;

use super::fit::Level;
use super::rings::Votes;
use super::table::Entry;
use super::{DOUBT, Estimate, trusted};
use crate::report::Standing;
use crate::review::{Market, Review, Settings};

/// An estimate that takes more reviews.
#[derive(Debug, Clone)]
pub struct Live {
    estimate: Estimate,
    /// Reviews since the estimate, by rater.
    added: HashMap<u32, Vec<Entry>>,
    /// Per subject, the sum of what its reviews say.
    precision: Vec<f64>,
    /// Per subject.
    reviews: Vec<u32>,
}

impl Live {
    /// Estimates from scratch.
    #[must_use]
    pub fn new(market: &Market<'_>, settings: &Settings) -> Self {
        let estimate = Estimate::new(market, settings);
        let table = &estimate.table;
        let precision_of = |subject: usize| {
            let says = |e: &Entry| {
                estimate.precision(e.weight * estimate.trust[e.other as usize], table.of_rater(e.other as usize).len())
            };
            table.of_subject(subject).iter().map(says).sum()
        };
        let precision = (0..table.subjects()).map(precision_of).collect();
        let reviews = (0..table.subjects()).map(|subject| table.of_subject(subject).len() as u32).collect();
        Self { estimate, added: HashMap::new(), precision, reviews }
    }

    /// Where a subject stands.
    #[must_use]
    pub fn standing(&self, subject: u32) -> Option<Standing> {
        let reviews = *self.reviews.get(subject as usize)?;
        Some(self.estimate.stands(subject as usize, self.precision[subject as usize], reviews as usize))
    }

    /// What is left of a rater's weight.
    #[must_use]
    pub fn trust(&self, rater: u32) -> f32 {
        self.estimate.trust.get(rater as usize).copied().unwrap_or(1.0)
    }

    /// Takes one more review, by a rater and of a subject that may be new, and says where the subject stands now.
    /// The caller sees to it that nobody reviews an order twice.
    ///
    /// # Panics
    /// When the stars are not one to five.
    pub fn add(&mut self, review: &Review) -> Standing {
        assert!((1..=5).contains(&review.stars), "one to five stars");
        self.make_room(review);
        let before = self.list(review.rater);
        let mut after = before.clone();
        let new = Entry { other: review.subject, weight: 1.0, age: 0, stars: review.stars };
        after.push(new);
        self.added.entry(review.rater).or_default().push(new);
        self.reviews[review.subject as usize] += 1;
        self.count(review.rater, &before, -1.0);
        self.believe(review.rater, &after);
        self.count(review.rater, &after, 1.0);
        self.standing(review.subject).expect("there is room for the subject")
    }

    fn make_room(&mut self, review: &Review) {
        let (raters, subjects) = (review.rater as usize + 1, review.subject as usize + 1);
        let estimate = &mut self.estimate;
        if estimate.trust.len() < raters {
            estimate.trust.resize(raters, 1.0);
            estimate.fit.leniency.resize(raters, 0.0);
            estimate.search.guilt.resize(raters, 0.0);
        }
        if self.reviews.len() < subjects {
            self.reviews.resize(subjects, 0);
            self.precision.resize(subjects, 0.0);
            estimate.fit.subjects.resize(subjects, Level::default());
            estimate.search.votes.resize(subjects, Votes::default());
        }
    }

    /// All reviews of a rater.
    fn list(&self, rater: u32) -> Vec<Entry> {
        let table = &self.estimate.table;
        let old = if (rater as usize) < table.raters() { table.of_rater(rater as usize) } else { &[] };
        old.iter().chain(self.added.get(&rater).into_iter().flatten()).copied().collect()
    }

    /// Adds a rater's list to the sums of its subjects, or takes it out of them.
    fn count(&mut self, rater: u32, list: &[Entry], sign: f32) {
        let estimate = &mut self.estimate;
        let (trust, guilt) = (estimate.trust[rater as usize], estimate.search.guilt[rater as usize]);
        let (lean, ridge, mean) =
            (estimate.fit.leniency[rater as usize], estimate.fit.var.subject_ridge(), estimate.fit.mean);
        for e in list {
            let weight = sign * e.weight * trust;
            let says = estimate.precision(weight, list.len());
            let level = &mut estimate.fit.subjects[e.other as usize];
            let sum = level.quality * (level.weight + ridge) + weight * (estimate.scale.value(e.stars) - mean - lean);
            level.weight = (level.weight + weight).max(0.0);
            level.quality = sum / (level.weight + ridge);
            self.precision[e.other as usize] += says;
            estimate.search.vote(e, sign * guilt * e.weight);
        }
    }

    /// Judges a rater whose reviews are in no sum just now.
    fn believe(&mut self, rater: u32, list: &[Entry]) {
        let Estimate { fit, search, emission, scale, trust, .. } = &mut self.estimate;
        let rater = rater as usize;
        let ridge = fit.var.rater_ridge();
        let lean = super::fit::leniency_of(list, &fit.subjects, fit.mean, ridge, scale);
        let honest = |e: &Entry| emission.log(fit.subjects[e.other as usize].quality + lean, e.stars);
        // The votes hold nothing of this rater now.
        let guilt = search.guilt_of(list.iter().map(|e| (e, honest(e))), 0.0);
        fit.leniency[rater] = lean;
        search.guilt[rater] = guilt;
        trust[rater] = trusted(guilt, DOUBT);
    }
}
