//! Reviews and reputations as the API shows them.

use std::collections::BTreeMap;

use doorstep_clock::Timestamp;
use doorstep_ratings::{OrderReview, Reputation, Side};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who wrote a review.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReviewSide {
    /// The rider, about the driver.
    Rider,
    /// The driver, about the rider.
    Driver,
}

impl From<ReviewSide> for Side {
    fn from(side: ReviewSide) -> Self {
        match side {
            ReviewSide::Rider => Self::Rider,
            ReviewSide::Driver => Self::Driver,
        }
    }
}

/// A decision about a review, or an appeal.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReviewStep {
    /// What the review became: `visible`, `under_appeal`, `hidden` or `removed`.
    pub to: String,
    /// Why.
    pub reason: String,
    /// City time, RFC 3339.
    pub at: String,
}

/// One side's review of an order.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Review {
    /// Order id.
    pub order_id: String,
    /// `rider` or `driver`.
    pub by: String,
    /// The driver's id, or the caller's own id of the rider.
    pub about: String,
    /// 1 to 5.
    pub stars: u8,
    /// Stars by dimension.
    pub dimensions: BTreeMap<String, u8>,
    /// For everybody.
    pub comment: Option<String>,
    /// For the operator; shown to its author and to the operator.
    pub private: Option<String>,
    /// City time, RFC 3339.
    pub written_at: String,
    /// When it was last changed.
    pub changed_at: String,
    /// Until when both sides may write.
    pub closes_at: String,
    /// Whether the other side sees it: both wrote, or the window is over.
    pub revealed: bool,
    /// `visible`, `under_appeal`, `hidden` or `removed`.
    pub moderation: String,
    /// Decisions and appeals, oldest first.
    pub steps: Vec<ReviewStep>,
    /// Counts changes, from 1.
    pub version: i64,
}

impl Review {
    /// The stored review at this time.
    pub(crate) fn of(review: &OrderReview, now: Timestamp) -> Self {
        let step = |step: &doorstep_ratings::Step| ReviewStep {
            to: step.to.to_string(),
            reason: step.reason.clone(),
            at: step.at.to_string(),
        };
        Self {
            order_id: review.order.clone(),
            by: review.side.to_string(),
            about: review.subject.clone(),
            stars: review.words.stars,
            dimensions: review.words.dimensions.clone(),
            comment: review.words.comment.clone(),
            private: review.words.private.clone(),
            written_at: review.written_at.to_string(),
            changed_at: review.changed_at.to_string(),
            closes_at: review.closes_at.to_string(),
            revealed: review.revealed(now),
            moderation: review.moderation.to_string(),
            steps: review.steps.iter().map(step).collect(),
            version: review.version,
        }
    }
}

/// What is known of somebody.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Standing {
    /// The driver's id, or the caller's own id of the rider.
    pub who: String,
    /// Best guess of the stars; `null` without reviews.
    pub score: Option<f64>,
    /// Nine times of ten the true stars are above this: what rankings use.
    pub lower: Option<f64>,
    /// Reviews that count.
    pub reviews: u32,
    /// `good`, `warned` or `end_due`. Whether somebody goes is an operator's decision.
    pub status: String,
    /// Why.
    pub reasons: Vec<String>,
}

impl Standing {
    pub(crate) fn of(who: &str, reputation: &Reputation) -> Self {
        let standing = &reputation.standing;
        let known = |value: f64| (standing.reviews > 0).then_some(value);
        Self {
            who: who.to_owned(),
            score: known(standing.score),
            lower: known(standing.lower),
            reviews: standing.reviews,
            status: reputation.status.as_str().to_owned(),
            reasons: reputation.reasons.clone(),
        }
    }
}
