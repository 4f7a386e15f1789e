//! Something else is stored than what is uploaded: a smaller picture, say.
//!
//! A face knows who uploads and checks it; what is made of the bytes is another engine's, which the binary hands to
//! the face as a [`Maker`]. Nothing is stored before it is made.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;

use crate::{Body, Bucket, Md5Sum, ObjectsError};

/// An upload of which something is to be made. Whether its sender may write is known already.
pub struct Order {
    /// Where the result goes.
    pub bucket: Arc<Bucket>,
    /// What is asked, as it is on the wire.
    pub query: String,
    /// By a key of the bucket's own tenant, which has sent the request itself. Then other objects of the bucket may
    /// have their part in the result.
    pub own: bool,
    /// The bytes.
    pub body: Body,
    /// How many they should be.
    pub length: Option<u64>,
    /// The MD5 that they should have.
    pub md5: Option<Md5Sum>,
}

/// What is stored instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// Its bytes.
    pub bytes: Bytes,
    /// What they are.
    pub media_type: String,
}

/// Why nothing was made, and so nothing is stored.
#[derive(Debug, thiserror::Error)]
pub enum NotMade {
    /// The upload itself cannot stand.
    #[error(transparent)]
    Upload(#[from] ObjectsError),
    /// What is asked cannot be made of it.
    #[error("{message}")]
    Refused {
        /// HTTP's number.
        status: u16,
        /// S3's word for it, or one like it.
        code: &'static str,
        /// What is wrong and how it would be right.
        message: String,
    },
}

/// Makes something of uploads.
pub trait Maker: Send + Sync {
    /// Reads what is asked, then the bytes, and makes it.
    fn make(&self, order: Order) -> BoxFuture<'_, Result<Made, NotMade>>;
}
