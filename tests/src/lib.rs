//! End-to-end tests with real clients against the real binary.
//!
//! This library starts the binary as a user would and speaks to it over HTTP; the tests are in `end_to_end`.
//! It knows nothing of the crates: what it needs is the binary, which `DOORSTEP_BIN` names or `cargo build`
//! put beside the tests.

mod client;
mod node;
pub mod places;

pub use client::{Answer, Client};
pub use node::Node;
