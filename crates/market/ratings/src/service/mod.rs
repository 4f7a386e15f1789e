//! Reviews of both sides in one store: every operation as a step of a caller's transaction.
//!
//! *Invariant*: nobody reads what the other side wrote before both wrote or the window is over, so nobody can
//! answer in kind. There is no clock and no order in here: the caller passes `now` and a [`CompletedOrder`].

mod assess;
mod error;
mod records;
mod review;
mod rules;
mod schema;

use std::sync::{Arc, Mutex};

use doorstep_clock::Timestamp;
use doorstep_store::Tx;

pub use assess::Status;
pub use error::RatingsError;
pub use records::stream;
pub use review::{CompletedOrder, Moderation, OrderReview, Side, Step, Words};
pub use rules::{Rules, Thresholds};
pub use schema::MIGRATIONS;

use crate::names::{self, Names};
use crate::report::{Report, Standing};
use crate::review::{Market, Review, Settings};
use crate::score::score;

type Answer<T> = Result<T, RatingsError>;

/// The longest reason, characters.
const MAX_REASON: usize = 500;
/// An estimate of more reviews than this is kept for a while instead of being made anew for each question.
const MANY: usize = 20_000;
/// For how long, milliseconds.
const KEPT_MS: i64 = 30_000;

/// Reviews, blocks and standings. Cheap to clone.
#[derive(Clone)]
pub struct Ratings {
    rules: Arc<Rules>,
    kept: Arc<Mutex<Vec<Kept>>>,
}

/// An estimate and when it was made.
struct Kept {
    tenant: String,
    side: Side,
    at: Timestamp,
    estimate: Arc<Estimated>,
}

/// An estimate of one side's people.
struct Estimated {
    subjects: Names,
    raters: Names,
    report: Report,
}

/// What is known of somebody.
#[derive(Debug, Clone, PartialEq)]
pub struct Reputation {
    /// Score, lower bound and reviews.
    pub standing: Standing,
    /// How he stands with the house.
    pub status: Status,
    /// Why: reviews counted and not, what was discounted, thresholds.
    pub reasons: Vec<String>,
}

impl Ratings {
    /// Reviews by these rules.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        Self { rules: Arc::new(rules), kept: Arc::default() }
    }

    /// The rules.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Writes one side's review of a completed order, or changes it while nobody has seen it.
    pub fn write_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        order: &CompletedOrder,
        side: Side,
        words: &Words,
        now: Timestamp,
    ) -> Answer<OrderReview> {
        self.rules.check(side, words)?;
        let closes_at = order.completed_at.plus_ms(self.rules.window_ms());
        let written = records::of_order(tx, tenant, &order.id)?;
        let before = written.iter().find(|r| r.side == side);
        let other = written.iter().find(|r| r.side != side);
        if before.is_some_and(|r| r.revealed(now)) {
            return Err(RatingsError::Revealed { order: order.id.clone(), side });
        }
        if now >= closes_at {
            return Err(RatingsError::Closed { order: order.id.clone(), closed_at: closes_at });
        }
        let review = OrderReview {
            order: order.id.clone(),
            city: order.city.clone(),
            side,
            author: order.party(side).to_owned(),
            subject: order.party(side.other()).to_owned(),
            words: words.clone(),
            written_at: before.map_or(now, |r| r.written_at),
            changed_at: now,
            closes_at,
            both_at: other.map(|_| now),
            moderation: before.map_or(Moderation::Visible, |r| r.moderation),
            steps: before.map_or_else(Vec::new, |r| r.steps.clone()),
            version: before.map_or(1, |r| r.version + 1),
        };
        records::put(tx, tenant, &review, if before.is_some() { "review_changed" } else { "review_written" })?;
        if let Some(other) = other {
            let other =
                OrderReview { both_at: Some(now), version: other.version + 1, changed_at: now, ..other.clone() };
            records::put(tx, tenant, &other, "review_revealed")?;
        }
        Ok(review)
    }

    /// Reviews of an order that `viewer` may read: his own, and what is shown. Without a viewer, all of them.
    pub fn of_order_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        order: &str,
        viewer: Option<Side>,
        now: Timestamp,
    ) -> Answer<Vec<OrderReview>> {
        let mut all = records::of_order(tx, tenant, order)?;
        if let Some(viewer) = viewer {
            all.retain(|r| r.side == viewer || r.shown(now));
            for review in all.iter_mut().filter(|r| r.side != viewer) {
                review.words.private = None;
            }
        }
        Ok(all)
    }

    /// Reviews about somebody that everybody may read, from the latest order back, and where to go on.
    pub fn about_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        subject: (Side, &str),
        now: Timestamp,
        before: Option<&str>,
        limit: usize,
    ) -> Answer<(Vec<OrderReview>, Option<String>)> {
        let mut all = records::about(tx, tenant, subject, now, before, limit + 1)?;
        let more = all.len() > limit;
        all.truncate(limit);
        for review in &mut all {
            review.words.private = None;
        }
        let next = if more { all.last().map(|r| r.order.clone()) } else { None };
        Ok((all, next))
    }

    /// The subject of a revealed review asks to look at it.
    pub fn appeal_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        order: &str,
        side: Side,
        reason: &str,
        now: Timestamp,
    ) -> Answer<OrderReview> {
        let review = records::get(tx, tenant, order, side)?;
        if !review.revealed(now) {
            return Err(RatingsError::NotFound { order: order.to_owned(), side });
        }
        if review.moderation != Moderation::Visible || review.steps.iter().any(|s| s.to == Moderation::UnderAppeal) {
            let possible = "an appeal against a visible review, once";
            return Err(RatingsError::Illegal { from: review.moderation, to: Moderation::UnderAppeal, possible });
        }
        step(tx, tenant, review, Moderation::UnderAppeal, reason, now)
    }

    /// An operator decides about a review.
    #[allow(clippy::too_many_arguments)] // each is one word of the sentence
    pub fn moderate_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        order: &str,
        side: Side,
        to: Moderation,
        reason: &str,
        now: Timestamp,
    ) -> Answer<OrderReview> {
        let review = records::get(tx, tenant, order, side)?;
        let (next, possible) = review.moderation.next();
        if !next.contains(&to) {
            return Err(RatingsError::Illegal { from: review.moderation, to, possible });
        }
        step(tx, tenant, review, to, reason, now)
    }

    /// These two will not meet again: one of them wished so after an order.
    pub fn block_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        order: &CompletedOrder,
        by: Side,
        now: Timestamp,
    ) -> Answer<()> {
        records::block(tx, tenant, (&order.rider, &order.driver), by, &order.id, now)
    }

    /// Takes the wish back; false when there was none. What the other side wished stays.
    pub fn unblock_in(&self, tx: &mut dyn Tx, tenant: &str, rider: &str, driver: &str, by: Side) -> Answer<bool> {
        records::unblock(tx, tenant, (rider, driver), by)
    }

    /// Whom somebody will not meet again, whoever of the two wished so.
    pub fn blocked_in(&self, tx: &mut dyn Tx, tenant: &str, side: Side, who: &str) -> Answer<Vec<String>> {
        records::blocked(tx, tenant, side, who)
    }

    /// What is known of somebody, with reasons.
    pub fn reputation_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        subject: (Side, &str),
        now: Timestamp,
    ) -> Answer<Reputation> {
        let estimate = self.estimate(tx, tenant, subject.0, now)?;
        self.reputation(tx, tenant, subject, &estimate, now)
    }

    /// Judges everybody of one side: warns, and tells whose end is due. Only what changed comes back.
    pub fn assess_in(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        side: Side,
        now: Timestamp,
    ) -> Answer<Vec<(String, Reputation)>> {
        let estimate = self.estimate(tx, tenant, side, now)?;
        let mut changed = Vec::new();
        for number in 0..estimate.subjects.len() as u32 {
            let who = estimate.subjects.name(number);
            let before = records::warning(tx, tenant, side, who)?;
            let status = before.as_ref().map_or(Status::Good, |(word, _)| Status::parse(word));
            let reputation = self.reputation(tx, tenant, (side, who), &estimate, now)?;
            if reputation.status == status {
                continue;
            }
            // The grace runs from the warning, also when an end has been due in between.
            let since = match (reputation.status, &before) {
                (Status::EndDue, Some((_, since))) => *since,
                (Status::Warned, Some((_, since))) if status == Status::EndDue => *since,
                _ => now,
            };
            records::warn(tx, tenant, side, who, reputation.status.as_str(), since, &reputation.reasons)?;
            changed.push((who.to_owned(), reputation));
        }
        Ok(changed)
    }

    fn reputation(
        &self,
        tx: &mut dyn Tx,
        tenant: &str,
        (side, who): (Side, &str),
        estimate: &Estimated,
        now: Timestamp,
    ) -> Answer<Reputation> {
        let number = estimate.subjects.find(who);
        let unknown = Standing { score: 3.0, lower: 1.0, reviews: 0 };
        let standing = number.map_or(unknown, |n| estimate.report.standings[n as usize]);
        let warned = records::warning(tx, tenant, side, who)?
            .filter(|(word, _)| Status::parse(word) != Status::Good)
            .map(|(_, since)| since);
        let (status, mut reasons) = assess::judge(&standing, warned, self.rules.thresholds(side), now);
        if let Some(number) = number {
            reasons.extend(estimate.discounted(number));
        }
        Ok(Reputation { standing, status, reasons })
    }

    /// The estimate of one side; a large one may be up to half a minute old.
    fn estimate(&self, tx: &mut dyn Tx, tenant: &str, side: Side, now: Timestamp) -> Answer<Arc<Estimated>> {
        {
            let kept = self.kept.lock().expect("nobody panics while holding the kept estimates");
            let found = kept.iter().find(|k| k.tenant == tenant && k.side == side);
            if let Some(kept) = found.filter(|k| (0..KEPT_MS).contains(&now.ms_since(k.at))) {
                return Ok(Arc::clone(&kept.estimate));
            }
        }
        let estimate = Arc::new(Estimated::of(records::counted(tx, tenant, side, now)?));
        let mut kept = self.kept.lock().expect("nobody panics while holding the kept estimates");
        kept.retain(|k| !(k.tenant == tenant && k.side == side));
        if estimate.report.standings.iter().map(|s| s.reviews as usize).sum::<usize>() > MANY {
            kept.push(Kept { tenant: tenant.to_owned(), side, at: now, estimate: Arc::clone(&estimate) });
        }
        Ok(estimate)
    }
}

impl Estimated {
    fn of(counted: Vec<records::Counted>) -> Self {
        let (mut raters, mut subjects) = (Names::default(), Names::default());
        let mut reviews: Vec<Review> = counted
            .iter()
            .map(|c| Review {
                rater: raters.number(&c.author),
                subject: subjects.number(&c.subject),
                time: c.at,
                order: names::hash(&c.order),
                stars: c.stars,
            })
            .collect();
        let (new_raters, new_subjects) = (raters.sort(), subjects.sort());
        for r in &mut reviews {
            (r.rater, r.subject) = (new_raters[r.rater as usize], new_subjects[r.subject as usize]);
        }
        let market = Market { reviews: &reviews, raters: raters.len(), subjects: subjects.len(), twins: &[] };
        let mut report = score(&market, &Settings::default());
        // Only what is said of somebody is asked for later: which discounted raters wrote about whom.
        report.discounts.retain(|d| d.weight < 0.5);
        Self { subjects, raters, report }
    }

    /// Which of somebody's reviews count less, and why.
    fn discounted(&self, subject: u32) -> Vec<String> {
        self.report
            .discounts
            .iter()
            .filter(|d| d.reason.subject() == Some(subject))
            .map(|d| {
                let sentence = d.reason.sentence(|s| self.subjects.name(s));
                format!("{} counts {:.2}: {sentence}", self.raters.name(d.rater), d.weight)
            })
            .collect()
    }
}

fn step(
    tx: &mut dyn Tx,
    tenant: &str,
    review: OrderReview,
    to: Moderation,
    reason: &str,
    now: Timestamp,
) -> Answer<OrderReview> {
    let length = reason.trim().chars().count();
    if length == 0 || length > MAX_REASON {
        return Err(RatingsError::InvalidField {
            field: "/reason".to_owned(),
            reason: if length == 0 { "is empty".to_owned() } else { format!("{length} characters") },
            fix: format!("say why in 1 to {MAX_REASON} characters"),
        });
    }
    let mut review = OrderReview { moderation: to, version: review.version + 1, changed_at: now, ..review };
    review.steps.push(Step { to, reason: reason.trim().to_owned(), at: now });
    records::put(tx, tenant, &review, "review_moderated")?;
    Ok(review)
}
