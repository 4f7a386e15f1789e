//! The O2O cloud in one binary.

fn main() {}
