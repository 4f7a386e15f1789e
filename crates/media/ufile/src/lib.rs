//! The UFile face of the object engine: the HTTP interface of UCloud's US3 (UFile), as its SDKs speak it.
//!
//! [`UfileFace::in_front_of`] puts it before another face on the same port: what is UFile's by its signature,
//! its query or its form is answered here, all else goes on. Inside, a request becomes a [`call`], is checked
//! ([`signature`], [`access`]) and turned into calls of the engine (`*_ops`). No rule about objects is decided
//! here.
//!
//! What the protocol leaves open is closed where it costs no client anything: see decision 0054.

mod access;
mod answer;
mod call;
mod callback;
mod change_ops;
mod config;
mod copy_ops;
mod error;
mod face;
mod form;
mod front;
mod get_ops;
mod list_ops;
pub mod metrics;
mod multipart_ops;
mod policy;
mod put_ops;
mod query;
mod request;
mod signature;

pub use answer::Body;
pub use config::Config;
pub use error::UfileError;
pub use face::UfileFace;
pub use front::{Broken, Front, RequestBody};

/// What comes from outside and is read before anybody is known, for fuzzing.
pub mod parsers {
    pub use crate::form::is_file;
    pub use crate::policy::PutPolicy;
    pub use crate::query::Query;
    pub use crate::signature::{Authorization, verify};
    pub use doorstep_objects::form::{FormHead, Parsed, boundary};
}
