//! Measures Doorstep beside its peers: what the benches share.
//!
//! A bench starts its peers itself, on 127.0.0.1 and in a temporary directory, gives every candidate
//! the same work, and writes one section of `bench/RESULTS.md`. Work is compared per CPU second of the
//! process that does it, read from the kernel, so that clients and neighbours do not blur the answer.

pub mod cpu;
pub mod fleet;
pub mod machine;
pub mod peers;
pub mod results;
