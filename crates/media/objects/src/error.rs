//! What can go wrong with objects, each with its own variant: a face picks its protocol's word for it.

use doorstep_blobs::BlobsError;
use doorstep_store::StoreError;

/// Refusals and failures of the engine.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// No bucket of this name.
    #[error("there is no bucket `{0}`")]
    NoSuchBucket(String),
    /// The name is taken.
    #[error("there is a bucket `{name}` already")]
    BucketExists {
        /// The name.
        name: String,
        /// Whether it is the caller's own.
        yours: bool,
    },
    /// A bucket can only go when it is empty.
    #[error("the bucket `{0}` is not empty: delete its objects and versions first")]
    BucketNotEmpty(String),
    /// More buckets than a tenant may have.
    #[error("a tenant may have {limit} buckets")]
    TooManyBuckets {
        /// The limit.
        limit: u32,
    },
    /// No object of this key.
    #[error("there is no object `{key}`")]
    NoSuchKey {
        /// The key.
        key: String,
        /// The delete marker that hides older versions, if there is one.
        marker: Option<String>,
    },
    /// No such version of this key.
    #[error("the object `{key}` has no version `{version}`")]
    NoSuchVersion {
        /// The key.
        key: String,
        /// The version.
        version: String,
    },
    /// The version asked for is a delete marker, which has no bytes.
    #[error("version `{version}` of `{key}` is a delete marker")]
    IsDeleteMarker {
        /// The key.
        key: String,
        /// The version.
        version: String,
    },
    /// No such multipart upload, or it is over.
    #[error("there is no upload `{0}`: it was completed, aborted or never begun")]
    NoSuchUpload(String),
    /// A named part is not there or has another ETag.
    #[error("part {number} was not uploaded, or with another ETag")]
    InvalidPart {
        /// Its number.
        number: u32,
    },
    /// Parts must be named in rising order.
    #[error("part {number} is out of order: name the parts by rising numbers")]
    PartOrder {
        /// The first that is out of order.
        number: u32,
    },
    /// Only the last part may be small.
    #[error("part {number} has {size} bytes; every part but the last needs at least {least}")]
    PartTooSmall {
        /// Its number.
        number: u32,
        /// Its bytes.
        size: u64,
        /// The least.
        least: u64,
    },
    /// The range is not within the object.
    #[error("the range is not within the {size} bytes of the object")]
    InvalidRange {
        /// The object's size.
        size: u64,
    },
    /// A condition of the request does not hold.
    #[error("the condition {0} does not hold")]
    PreconditionFailed(&'static str),
    /// The caller has this already.
    #[error("not modified")]
    NotModified {
        /// What the caller has.
        etag: String,
        /// Since when, ms.
        modified: doorstep_clock::Timestamp,
    },
    /// The bytes are not those that were announced.
    #[error("the {algorithm} of the {received} bytes received is {computed}, not {announced}")]
    BadDigest {
        /// Which checksum.
        algorithm: &'static str,
        /// What the caller said.
        announced: String,
        /// What it is.
        computed: String,
        /// How many bytes came.
        received: u64,
    },
    /// Fewer or more bytes than announced.
    #[error("{announced} bytes were announced, {received} came")]
    IncompleteBody {
        /// What the caller said.
        announced: u64,
        /// How many came.
        received: u64,
    },
    /// The upload broke off.
    #[error("the body broke off: {0}")]
    Body(#[source] crate::BodyError),
    /// The upload stood still.
    #[error("the body sent nothing for {seconds} seconds")]
    BodyTimeout {
        /// For how long.
        seconds: u64,
    },
    /// The upload came too slowly.
    #[error("{received} bytes came in {seconds} seconds; an upload has to send {least} a second")]
    BodyTooSlow {
        /// Bytes that came.
        received: u64,
        /// Seconds that were waited for them.
        seconds: u64,
        /// Bytes a second that are wanted.
        least: u64,
    },
    /// A checksum was announced to come behind the bytes, and did not.
    #[error("the {0} that was announced as a trailer did not come: send it behind the last bytes")]
    NoTrailer(&'static str),
    /// Too many bytes.
    #[error("the object is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The bucket's quota is used up.
    #[error("the quota of the bucket is used up: {0}")]
    QuotaExceeded(String),
    /// A lock keeps the version.
    #[error("the version is locked: {0}")]
    Locked(String),
    /// A part of a bucket's settings that was never made.
    #[error("the bucket has no {0}")]
    NotConfigured(&'static str),
    /// Only what is archived is restored.
    #[error("`{key}` is not archived: it can be read as it is")]
    NotArchived {
        /// The key.
        key: String,
    },
    /// An encrypted object and the key that came or did not come for it.
    #[error("{0}")]
    CustomerKey(&'static str),
    /// No key of this name.
    #[error("there is no key `{0}`: name one of those in the setting objects.encryption_keys")]
    NoSuchMasterKey(String),
    /// The engine was made without a key of the node's.
    #[error("this node has no key to encrypt objects with")]
    NoMasterKey,
    /// What the bucket's state does not allow.
    #[error("{0}")]
    InvalidState(String),
    /// A field that cannot stand.
    #[error("{field}: {reason}; {fix}")]
    InvalidField {
        /// Its name.
        field: &'static str,
        /// What is wrong.
        reason: String,
        /// What would be right.
        fix: String,
    },
    /// No room is left for bytes or for what is known of them; nothing was kept.
    #[error("no room is left for the object")]
    Full,
    /// The bytes' store failed.
    #[error(transparent)]
    Blobs(BlobsError),
    /// The metadata's store failed.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ObjectsError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Full { .. } => Self::Full,
            error => Self::Store(error),
        }
    }
}

impl From<BlobsError> for ObjectsError {
    fn from(error: BlobsError) -> Self {
        match error {
            BlobsError::Full => Self::Full,
            error => Self::Blobs(error),
        }
    }
}

impl ObjectsError {
    pub(crate) fn field(field: &'static str, reason: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::InvalidField { field, reason: reason.into(), fix: fix.into() }
    }

    /// A stable word for logs, labels and faces.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::NoSuchBucket(_) => "no_such_bucket",
            Self::BucketExists { .. } => "bucket_exists",
            Self::BucketNotEmpty(_) => "bucket_not_empty",
            Self::TooManyBuckets { .. } => "too_many_buckets",
            Self::NoSuchKey { .. } => "no_such_key",
            Self::NoSuchVersion { .. } => "no_such_version",
            Self::IsDeleteMarker { .. } => "is_delete_marker",
            Self::NoSuchUpload(_) => "no_such_upload",
            Self::InvalidPart { .. } => "invalid_part",
            Self::PartOrder { .. } => "part_order",
            Self::PartTooSmall { .. } => "part_too_small",
            Self::InvalidRange { .. } => "invalid_range",
            Self::PreconditionFailed(_) => "precondition_failed",
            Self::NotModified { .. } => "not_modified",
            Self::BadDigest { .. } => "bad_digest",
            Self::IncompleteBody { .. } => "incomplete_body",
            Self::Body(_) => "body",
            Self::BodyTimeout { .. } => "body_timeout",
            Self::BodyTooSlow { .. } => "body_too_slow",
            Self::NoTrailer(_) => "no_trailer",
            Self::TooLarge { .. } => "too_large",
            Self::QuotaExceeded(_) => "quota_exceeded",
            Self::Locked(_) => "locked",
            Self::NotConfigured(_) => "not_configured",
            Self::NotArchived { .. } => "not_archived",
            Self::CustomerKey(_) => "customer_key",
            Self::NoSuchMasterKey(_) => "no_such_master_key",
            Self::NoMasterKey => "no_master_key",
            Self::InvalidState(_) => "invalid_state",
            Self::InvalidField { .. } => "invalid_field",
            Self::Full => "full",
            Self::Blobs(_) => "blobs",
            Self::Store(_) => "store",
        }
    }
}
