//! The meter against both databases, under concurrency, and killed.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests fail by panicking and are nobody's library")]

mod accounts;
mod books;
mod caps;
mod crash;
mod setting;
