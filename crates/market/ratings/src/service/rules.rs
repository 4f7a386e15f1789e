//! What an industry says about reviews: dimensions, the window, and when somebody is warned.

use serde::{Deserialize, Serialize};

use super::error::RatingsError;
use super::review::{Side, Words};

/// The longest comment, characters.
const MAX_COMMENT: usize = 2_000;
const DAY_MS: i64 = 86_400_000;

/// An industry's rules, as its file has them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    /// Days after the order in which both sides may write; then what was written is revealed.
    pub window_days: u32,
    /// What riders say of drivers, beside the stars.
    pub of_drivers: Vec<String>,
    /// What drivers say of riders.
    pub of_riders: Vec<String>,
    /// When drivers are warned.
    pub drivers: Thresholds,
    /// When riders are warned.
    pub riders: Thresholds,
}

/// When somebody is warned, and when an operator is told that an end is due.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Fewer reviews than this say nothing.
    pub least_reviews: u32,
    /// A score below this is warned of.
    pub warn_below: f64,
    /// Nobody is judged unless it is nine to one that the score is below this.
    pub end_below: f64,
    /// Days between the warning and the end, at least.
    pub grace_days: u32,
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { least_reviews: 20, warn_below: 4.3, end_below: 4.0, grace_days: 14 }
    }
}

impl Default for Rules {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect();
        Self {
            window_days: 14,
            of_drivers: names(&["safety", "cleanliness", "friendliness", "route"]),
            of_riders: names(&["punctuality", "friendliness", "care"]),
            drivers: Thresholds::default(),
            riders: Thresholds { warn_below: 4.0, end_below: 3.5, ..Thresholds::default() },
        }
    }
}

impl Rules {
    /// Everything that is wrong with them, all at once.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if !(1..=90).contains(&self.window_days) {
            wrong.push(format!("window_days is {}: write 1 to 90", self.window_days));
        }
        for (name, list) in [("of_drivers", &self.of_drivers), ("of_riders", &self.of_riders)] {
            for (i, dimension) in list.iter().enumerate() {
                if dimension.trim().is_empty() || list[..i].contains(dimension) {
                    wrong.push(format!("{name}[{i}] is `{dimension}`: write a name that is not there yet"));
                }
            }
        }
        for (name, t) in [("drivers", &self.drivers), ("riders", &self.riders)] {
            if !(1.0..=5.0).contains(&t.end_below) || !(1.0..=5.0).contains(&t.warn_below) || t.end_below > t.warn_below
            {
                wrong.push(format!(
                    "{name}: warn_below is {} and end_below {}: write 1 to 5, the end not above the warning",
                    t.warn_below, t.end_below
                ));
            }
            if t.least_reviews == 0 {
                wrong.push(format!("{name}.least_reviews is 0: nobody is judged without a review, write 1 or more"));
            }
        }
        wrong
    }

    pub(super) fn window_ms(&self) -> i64 {
        i64::from(self.window_days) * DAY_MS
    }

    pub(super) fn thresholds(&self, subject: Side) -> &Thresholds {
        match subject {
            Side::Driver => &self.drivers,
            Side::Rider => &self.riders,
        }
    }

    /// Refuses words that the rules do not know.
    pub(super) fn check(&self, author: Side, words: &Words) -> Result<(), RatingsError> {
        let stars = |field: String, stars: u8| {
            if (1..=5).contains(&stars) {
                return Ok(());
            }
            let fix = "write a whole number from 1 to 5".to_owned();
            Err(RatingsError::InvalidField { field, reason: format!("{stars} stars"), fix })
        };
        stars("/stars".to_owned(), words.stars)?;
        let known = match author {
            Side::Rider => &self.of_drivers,
            Side::Driver => &self.of_riders,
        };
        for (dimension, &given) in &words.dimensions {
            let field = format!("/dimensions/{dimension}");
            if !known.contains(dimension) {
                let reason = format!("the {author} is not asked about {dimension}");
                return Err(RatingsError::InvalidField { field, reason, fix: format!("use {}", known.join(", ")) });
            }
            stars(field, given)?;
        }
        for (field, text) in [("/comment", &words.comment), ("/private", &words.private)] {
            let length = text.as_deref().map_or(0, |text| text.chars().count());
            if length > MAX_COMMENT {
                let reason = format!("{length} characters");
                let fix = format!("write at most {MAX_COMMENT}");
                return Err(RatingsError::InvalidField { field: field.to_owned(), reason, fix });
            }
        }
        Ok(())
    }
}

impl Thresholds {
    pub(super) fn grace_ms(&self) -> i64 {
        i64::from(self.grace_days) * DAY_MS
    }
}
