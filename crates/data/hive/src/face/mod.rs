//! HiveServer2: connections, sessions, operations, and the calls that clients make of them.
//!
//! A face: it turns calls into [`Runner`](crate::Runner)'s and holds no meaning of HiveQL.

mod calls;
mod connection;
mod handle;
mod info;
mod metadata;
mod operation;
mod session;

pub(crate) use connection::{Shared, serve};
