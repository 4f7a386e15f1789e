//! Thrift's binary protocol, as much of it as HiveServer2 speaks: a bounded reader, a writer, messages.
//!
//! Written by hand rather than generated: the calls carry a few small structures, and requests come from
//! strangers, so every count is checked against the bytes that are there before anything is kept.

mod message;
mod read;
mod write;

pub use message::{Call, MessageKind, call, exception, read_call, reply};
pub use read::{Fields, ThriftError, Value, read_fields};
pub use write::Writer;

/// The wire's number of each type.
pub(crate) mod kind {
    pub(crate) const STOP: u8 = 0;
    pub(crate) const BOOL: u8 = 2;
    pub(crate) const BYTE: u8 = 3;
    pub(crate) const DOUBLE: u8 = 4;
    pub(crate) const I16: u8 = 6;
    pub(crate) const I32: u8 = 8;
    pub(crate) const I64: u8 = 10;
    pub(crate) const STRING: u8 = 11;
    pub(crate) const STRUCT: u8 = 12;
    pub(crate) const MAP: u8 = 13;
    pub(crate) const SET: u8 = 14;
    pub(crate) const LIST: u8 = 15;
}
