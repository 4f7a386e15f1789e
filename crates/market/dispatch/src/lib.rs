//! Supply and matching in batches.
