//! Reviews as the estimate sees them: rows of numbers.

/// One review: somebody gave somebody stars after an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Review {
    /// Who wrote it: an index from 0.
    pub rater: u32,
    /// Who it is about: an index from 0, of its own.
    pub subject: u32,
    /// When it was written; any unit, as long as it is the same in all.
    pub time: i64,
    /// The order it belongs to; a hash of its name will do.
    pub order: u64,
    /// One to five.
    pub stars: u8,
}

/// Reviews and how many raters and subjects they may name.
#[derive(Debug, Clone, Copy)]
pub struct Market<'a> {
    /// The reviews, in any order.
    pub reviews: &'a [Review],
    /// Raters are below this.
    pub raters: usize,
    /// Subjects are below this.
    pub subjects: usize,
    /// Per subject, the rater who is the same person; empty where that is not known.
    pub twins: &'a [Option<u32>],
}

/// Whether and how fast reviews are forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum Decay {
    /// As fast as it foretells new reviews better than keeping all, which may be not at all.
    #[default]
    Learned,
    /// Not at all.
    None,
    /// A review counts half after this time, in the unit of the reviews.
    HalfLife(f64),
}

/// Settings of an estimate.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Settings {
    /// Whether and how fast reviews are forgotten.
    pub decay: Decay,
}
