//! From a standing to a status: warned first, an end later, and never without reasons.

use doorstep_clock::Timestamp;
use serde::{Deserialize, Serialize};

use super::rules::Thresholds;
use crate::report::Standing;

/// How somebody stands with the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nothing to say.
    Good,
    /// Warned: below the line, with time to mend it.
    Warned,
    /// Warned long enough, and surely below the last line. An operator decides.
    EndDue,
}

impl Status {
    /// A stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warned => "warned",
            Self::EndDue => "end_due",
        }
    }

    pub(super) fn parse(word: &str) -> Self {
        [Self::Warned, Self::EndDue].into_iter().find(|s| s.as_str() == word).unwrap_or(Self::Good)
    }
}

/// What follows from a standing, and why. `warned` says since when a warning stands.
pub(super) fn judge(
    standing: &Standing,
    warned: Option<Timestamp>,
    limits: &Thresholds,
    now: Timestamp,
) -> (Status, Vec<String>) {
    let Standing { score, lower, reviews } = *standing;
    // As far above the score as the lower bound is below it: in doubt for the person.
    let upper = (2.0 * score - lower).min(5.0);
    if reviews < limits.least_reviews {
        let least = limits.least_reviews;
        return (Status::Good, vec![format!("{reviews} reviews: nobody is judged by fewer than {least}")]);
    }
    if score >= limits.warn_below {
        return (
            Status::Good,
            vec![format!("score {score:.2} of {reviews} reviews: not below {:.2}", limits.warn_below)],
        );
    }
    let mut reasons = vec![format!("score {score:.2} of {reviews} reviews is below {:.2}", limits.warn_below)];
    let Some(since) = warned else {
        reasons.push(format!("an end is possible from {} days after this warning", limits.grace_days));
        return (Status::Warned, reasons);
    };
    reasons.push(format!("warned at {since}"));
    if now.ms_since(since) < limits.grace_ms() {
        reasons.push(format!("an end is possible from {}", since.plus_ms(limits.grace_ms())));
        return (Status::Warned, reasons);
    }
    if upper >= limits.end_below {
        reasons.push(format!(
            "no end is due: the score may well be {upper:.2}, which is not below {:.2}",
            limits.end_below
        ));
        return (Status::Warned, reasons);
    }
    reasons.push(format!(
        "even {upper:.2}, the most it may well be, is below {:.2}, {} days after the warning",
        limits.end_below, limits.grace_days
    ));
    (Status::EndDue, reasons)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_384_790_400_000);

    #[test]
    fn nobody_ends_unwarned_early_or_in_doubt() {
        let limits = Thresholds::default();
        let bad = Standing { score: 2.5, lower: 2.2, reviews: 50 };
        let old = NOW.plus_ms(-limits.grace_ms());
        let cases = [
            (Standing { reviews: 19, ..bad }, Some(old), Status::Good),
            (Standing { score: 4.4, lower: 4.2, ..bad }, Some(old), Status::Good),
            (bad, None, Status::Warned),
            (bad, Some(old.plus_ms(1)), Status::Warned),
            (Standing { score: 3.9, lower: 3.7, ..bad }, Some(old), Status::Warned),
            (bad, Some(old), Status::EndDue),
        ];
        for (standing, warned, wanted) in cases {
            let (status, reasons) = judge(&standing, warned, &limits, NOW);
            assert_eq!(status, wanted, "{standing:?} {warned:?}");
            assert!(!reasons.is_empty() && reasons.iter().all(|r| !r.is_empty()));
        }
    }
}
