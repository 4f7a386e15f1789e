//! The binary as its users meet it.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs)]

mod crash;
mod demo;
mod replay;
