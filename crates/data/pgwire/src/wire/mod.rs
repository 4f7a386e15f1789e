//! The protocol's messages: those of a client are read here, those of the server are written by the crate `pgwire`.

mod frames;
mod read;

pub(crate) use frames::Frames;
pub use read::{Malformed, Message, Of, Opening, message, opening};
