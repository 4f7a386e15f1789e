//! Two-sided reviews and the reputation made of them.
//!
//! The estimate is pure: [`score`] turns reviews into standings and discounted raters, the same for any order
//! of the reviews. [`Live`] takes
//! one more review at a time. [`Reviews`] reads them from a table. [`Ratings`] keeps reviews of both sides in the store,
//! hidden until both wrote.

mod names;
mod read;
mod report;
mod review;
mod score;
mod service;

pub use names::Names;
pub use read::{COLUMNS, ReadError, Reviews};
pub use report::{Discount, Reason, Report, Standing};
pub use review::{Decay, Market, Review, Settings};
pub use score::{Live, score};
pub use service::{
    CompletedOrder, MIGRATIONS, Moderation, OrderReview, Ratings, RatingsError, Reputation, Rules, Side, Status, Step,
    Thresholds, Words, stream,
};
