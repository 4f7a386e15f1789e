//! Bytes by name on local disk, or on any S3 or HDFS through `object_store`: packed, checked, scrubbed.
//!
//! A [`Blobs`] knows nothing of buckets or keys. A [`Writer`] takes bytes in pieces and answers with a
//! [`Stored`] once they are safe; the caller keeps its [`Place`] in a table of its own. Small blobs are
//! packed into segment files, many of them behind one fsync; large ones are streamed into a file each.
//!
//! Every 64 KiB carry a CRC-32C over the blob's id, the block's number and its bytes, and a block is
//! checked before any of it is handed out: what was flipped, cut or put in another's place is an error.
//!
//! ```no_run
//! # async fn demo() -> Result<(), doorstep_blobs::BlobsError> {
//! use doorstep_blobs::{Blobs, Config};
//! use futures::TryStreamExt as _;
//! let blobs = Blobs::open(&Config::disk("data/blobs")).await?;
//! let mut writer = blobs.writer();
//! writer.write("hello".into()).await?;
//! let stored = writer.finish().await?;
//! let bytes: Vec<_> = blobs.read(&stored.place, stored.len, 0..stored.len).try_collect().await?;
//! # let _ = bytes; Ok(()) }
//! ```

mod blobs;
mod config;
mod disk;
mod error;
mod frame;
pub mod metrics;
mod pack;
mod place;
mod read;
mod remote;
mod stores;
mod write;

pub use blobs::{Blobs, Segment, Usage};
pub use config::{Config, Location};
pub use error::BlobsError;
pub use place::{BlobId, Place};
pub use read::BlobStream;
pub use write::{Stored, Writer};
