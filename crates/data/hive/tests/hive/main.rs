//! The Hive face as its users meet it: golden answers in process, real clients over a socket.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

mod clients;
mod golden;
mod place;
mod wire;
