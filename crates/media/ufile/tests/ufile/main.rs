//! The face over HTTP, in front of another one, met by requests that are signed here as the documents say.

#![allow(clippy::unwrap_used, missing_docs)]

mod calls;
mod doors;
mod setting;
