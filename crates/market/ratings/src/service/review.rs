//! A review as it is kept, its two sides, and who may see it when.

use std::collections::BTreeMap;
use std::fmt;

use doorstep_clock::Timestamp;
use serde::{Deserialize, Serialize};

/// Whose review it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The rider writes about the driver.
    Rider,
    /// The driver writes about the rider.
    Driver,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Rider, Self::Driver];

    /// A stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rider => "rider",
            Self::Driver => "driver",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|side| side.as_str() == word)
    }

    /// The one it is about.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Rider => Self::Driver,
            Self::Driver => Self::Rider,
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// An order that is done: the only thing that can be reviewed. Whoever knows orders vouches for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CompletedOrder {
    /// Its id.
    pub id: String,
    /// Its city.
    pub city: String,
    /// Who rode.
    pub rider: String,
    /// Who drove.
    pub driver: String,
    /// When it was done; the window opens then.
    pub completed_at: Timestamp,
}

impl CompletedOrder {
    /// Who is on this side.
    #[must_use]
    pub fn party(&self, side: Side) -> &str {
        match side {
            Side::Rider => &self.rider,
            Side::Driver => &self.driver,
        }
    }
}

/// What somebody has to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// One to five.
    pub stars: u8,
    /// Stars by dimension; the names are the industry's.
    #[serde(default)]
    pub dimensions: BTreeMap<String, u8>,
    /// For the other side and the public.
    #[serde(default)]
    pub comment: Option<String>,
    /// For the operator only.
    #[serde(default)]
    pub private: Option<String>,
}

/// What has been decided about a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Moderation {
    /// Shown once revealed, and counted.
    Visible,
    /// Shown and counted; its subject has asked to look at it.
    UnderAppeal,
    /// Neither shown nor counted for now.
    Hidden,
    /// Neither shown nor counted, for good.
    Removed,
}

impl Moderation {
    /// A stable word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Visible => "visible",
            Self::UnderAppeal => "under_appeal",
            Self::Hidden => "hidden",
            Self::Removed => "removed",
        }
    }

    /// What may follow, for the operator.
    #[must_use]
    pub const fn next(self) -> (&'static [Self], &'static str) {
        match self {
            Self::Visible => (&[Self::Hidden, Self::Removed], "hidden, removed"),
            Self::UnderAppeal => (&[Self::Visible, Self::Hidden, Self::Removed], "visible, hidden, removed"),
            Self::Hidden => (&[Self::Visible, Self::Removed], "visible, removed"),
            Self::Removed => (&[], "nothing, it is removed for good"),
        }
    }

    /// Whether the review is shown and counted.
    #[must_use]
    pub const fn counts(self) -> bool {
        matches!(self, Self::Visible | Self::UnderAppeal)
    }
}

impl fmt::Display for Moderation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A decision about a review, or an appeal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// What it became.
    pub to: Moderation,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// A review as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderReview {
    /// The order.
    pub order: String,
    /// Its city.
    pub city: String,
    /// Whose review.
    pub side: Side,
    /// Who wrote it.
    pub author: String,
    /// Who it is about.
    pub subject: String,
    /// What it says.
    pub words: Words,
    /// When it was first written.
    pub written_at: Timestamp,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// When the window closes.
    pub closes_at: Timestamp,
    /// When the other side wrote too.
    pub both_at: Option<Timestamp>,
    /// What has been decided about it.
    pub moderation: Moderation,
    /// All decisions and appeals, oldest first.
    pub steps: Vec<Step>,
    /// Counts changes, from 1.
    pub version: i64,
}

impl OrderReview {
    /// Whether others see it: both wrote, or the window is over. Neither side can answer in kind.
    #[must_use]
    pub fn revealed(&self, now: Timestamp) -> bool {
        self.both_at.is_some() || now >= self.closes_at
    }

    /// Whether it is shown to others and counted.
    #[must_use]
    pub fn shown(&self, now: Timestamp) -> bool {
        self.revealed(now) && self.moderation.counts()
    }
}
