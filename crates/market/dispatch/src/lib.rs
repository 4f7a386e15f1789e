//! Supply and matching in batches.

pub mod supply;
