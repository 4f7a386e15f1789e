//! Two-sided reviews and the reputation made of them.
//!
//! The estimate is pure: [`score`] turns reviews into standings and discounted raters, the same for any order
//! of the reviews. [`Reviews`] reads them from a table.

mod names;
mod read;
mod report;
mod review;
mod score;

pub use names::Names;
pub use read::{COLUMNS, ReadError, Reviews};
pub use report::{Discount, Reason, Report, Standing};
pub use review::{Decay, Market, Review, Settings};
pub use score::score;
