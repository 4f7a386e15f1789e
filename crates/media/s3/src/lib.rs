//! The S3 face of the object engine: S3's wire in and out, every decision in the engine.
//!
//! The wire (routing, SigV4, XML, chunked bodies) is the crate `s3s`, generated from the model that AWS publishes; only
//! uploads by HTML forms are taken in here ([`form`]), as they come and not whole. Here are the answers to its questions: who signs with this key ([`auth`]), may they
//! ([`access`]), which bucket does a host name ([`host`]), and what an operation means for the engine.

mod access;
mod acl_ops;
mod answer;
mod asked;
mod auth;
mod bucket_ops;
mod convert;
mod copy_ops;
mod cors;
mod encryption;
mod error;
mod event_ops;
mod face;
mod form;
mod guard_ops;
mod host;
mod list_ops;
mod lock_ops;
mod metered;
pub mod metrics;
mod multipart_ops;
mod object_ops;
mod operations;
mod paced;
mod reading;
mod restore_ops;
mod rule_ops;
mod tagging_ops;
mod website;
mod website_ops;

pub use face::{Config, S3Face};

/// What comes from outside and is read before anybody is known, for fuzzing.
pub mod parsers {
    pub use crate::form::{is_file, look};
}
