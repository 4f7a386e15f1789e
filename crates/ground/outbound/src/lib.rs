//! HTTP requests to addresses that others name: callbacks of uploads and the like.
//!
//! Whoever may name an address must not reach what only this process can reach (server-side request
//! forgery). So the [`Guard`] lets through public addresses and the hosts that the operator allows, and
//! nothing else. It looks at the address that is connected to, after the name was resolved: a name that
//! points inside, or does so the second time it is asked, gets nowhere. Redirects are not followed, proxies
//! of the environment are not used, and time and bytes of an answer are bounded.

mod address;
mod client;
mod error;
mod guard;

pub use address::is_public;
pub use client::{Answer, Limits, Outbound};
pub use error::OutboundError;
pub use guard::Guard;
