//! The O2O cloud in one binary: command line, configuration, roles, the public JSON API and the console.
//!
//! This is the only crate that sees all others. It holds no business of its own: a decision lives in a
//! district's crate, a face here turns requests into calls and refusals into problem details.

pub mod api;
pub mod cli;
pub mod config;
pub mod demo;
mod facts;
pub mod node;
pub mod roles;
