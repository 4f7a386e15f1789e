//! Fetching what a stranger named, and calling whom a stranger named: from public addresses only, bounded in bytes, time and redirects.
//!
//! An address that comes from outside must not become a way into the own network. Every hop is looked at anew: its
//! scheme, its port, and each address that its name stands for, at the moment of connecting, so that a name which
//! changes its mind in between gains nothing. No proxy is used and no credentials are sent.

mod address;
mod error;
mod fetcher;

pub use address::is_public;
pub use error::FetchError;
pub use fetcher::{Config, Download, Fetched, Fetcher, Posted, Validators};
