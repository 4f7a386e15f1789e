//! The face: connections, their sessions, and what they answer.

mod answer;
mod cancel;
mod connection;
mod enter;
mod extended;
mod output;
mod portal;
mod session;
mod settings;

pub(crate) use cancel::Cancels;
pub(crate) use connection::{Shared, serve};
pub(crate) use settings::VERSION;
