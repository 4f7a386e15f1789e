//! Supply and matching in batches.

pub mod coverage;
pub mod matching;
pub mod sharing;
pub mod supply;
