//! The Hive face as its users meet it: golden answers and a day of statements over a socket. Real clients meet the
//! whole binary in `tests/hive` beside the house.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod forty;
mod golden;
mod overhead;
mod place;
mod temporary;
mod views;
mod wire;
