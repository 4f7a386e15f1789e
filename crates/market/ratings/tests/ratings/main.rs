//! Reputations on markets whose truth is known.
#![allow(clippy::unwrap_used)]

mod live;
#[path = "../../examples/ratings_bench/marketplace.rs"]
#[allow(dead_code)]
mod marketplace;
#[path = "../../examples/ratings_bench/peers.rs"]
mod peers;
mod properties;
mod reading;
mod rings;
mod time;
mod two_sided;
