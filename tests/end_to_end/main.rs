//! The binary as its users meet it.
#![allow(clippy::unwrap_used, missing_docs)]

mod crash;
mod demo;
mod replay;
