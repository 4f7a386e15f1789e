//! What an estimate says about subjects and raters.

/// Where a subject stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    /// The best guess of its stars, between one and five.
    pub score: f64,
    /// Nine times of ten its true stars are above this. What rankings should use.
    pub lower: f64,
    /// Reviews, each order and rater once.
    pub reviews: u32,
}

/// A rater whose reviews count less.
#[derive(Debug, Clone, PartialEq)]
pub struct Discount {
    /// Which rater.
    pub rater: u32,
    /// What is left of the rater's weight, between 0 and 1.
    pub weight: f64,
    /// Why.
    pub reason: Reason,
}

/// Why a rater's reviews count less.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Praises and attacks as other suspects do.
    Ring {
        /// Fives for whom other suspects praise.
        praise: u32,
        /// Ones for whom other suspects attack.
        attack: u32,
        /// Reviews in all.
        reviews: u32,
        /// The subject the suspects praise most.
        favourite: Option<u32>,
        /// Suspects who gave the same to one subject, at most.
        companions: u32,
    },
    /// Fives and ones that follow neither quality nor anybody.
    Erratic {
        /// Reviews in all.
        reviews: u32,
    },
    /// Took part in a burst.
    Burst {
        /// Of whom.
        subject: u32,
        /// Reviews in the burst.
        reviews: u32,
    },
    /// Answered bad reviews with bad ones.
    Retaliation {
        /// How often.
        reviews: u32,
    },
}

impl Reason {
    /// A stable word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Ring { .. } => "ring",
            Self::Erratic { .. } => "erratic",
            Self::Burst { .. } => "burst",
            Self::Retaliation { .. } => "retaliation",
        }
    }

    /// The subject it is about, if it is about one.
    #[must_use]
    pub const fn subject(&self) -> Option<u32> {
        match self {
            Self::Ring { favourite, .. } => *favourite,
            Self::Burst { subject, .. } => Some(*subject),
            Self::Erratic { .. } | Self::Retaliation { .. } => None,
        }
    }

    /// A sentence for people; `name` names a subject.
    pub fn sentence<'a>(&self, name: impl Fn(u32) -> &'a str) -> String {
        match self {
            Self::Ring { praise, attack, reviews, favourite, companions } => {
                let whom = favourite.map_or(String::new(), |s| format!(", most of all {}", name(s)));
                format!(
                    "ring: of {reviews} reviews {praise} praise whom other suspects praise{whom} and {attack} attack \
                     whom they attack; up to {companions} suspects did the same"
                )
            }
            Self::Erratic { reviews } => {
                format!(
                    "erratic: the stars of {reviews} reviews follow neither the subjects' quality nor a usual leniency"
                )
            }
            Self::Burst { subject, reviews } => {
                format!(
                    "burst: one of {reviews} reviews of {} in a short time that differ from all others",
                    name(*subject)
                )
            }
            Self::Retaliation { reviews } => {
                format!("retaliation: {reviews} times a bad review in answer to a bad one of the same order")
            }
        }
    }
}

/// Everything an estimate says.
#[derive(Debug, Clone)]
pub struct Report {
    /// Per subject.
    pub standings: Vec<Standing>,
    /// Raters whose reviews count less, by rater.
    pub discounts: Vec<Discount>,
    /// Reviews left out because their rater had reviewed the same order.
    pub duplicates: usize,
    /// Time after which a review counts half, in the unit of the reviews; nothing is forgotten without one.
    pub half_life: Option<f64>,
}
