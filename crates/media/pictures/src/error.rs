//! Why there is no picture, and how that is said in S3's words; other protocols say it their own way (`Words`).

use doorstep_fetch::FetchError;
use doorstep_images::{GrammarError, ImageError};
use doorstep_objects::ObjectsError;
use http::StatusCode;

/// Refusals and failures.
#[derive(Debug, thiserror::Error)]
pub enum PictureError {
    /// The request cannot be read.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// Two things are asked of one picture.
    #[error(
        "a request asks for one pipeline or one style: give one of iopcmd, iopstyle, x-oss-process and a preset, once"
    )]
    Twice,
    /// A source that is in no bucket.
    #[error("the source `{given}` is in no bucket: write s3://BUCKET/KEY")]
    Source {
        /// What was given, cut.
        given: String,
    },
    /// No such style.
    #[error("the bucket has no style `{name}`")]
    NoSuchStyle {
        /// Its name, cut.
        name: String,
    },
    /// Originals are for those who sign.
    #[error("the originals of this bucket are protected: ask for one of its styles, or sign the request")]
    Protected,
    /// A signature that does not cover what is asked of the picture.
    #[error("in this bucket a signed address cannot be changed: sign it together with what it asks of the picture")]
    Sealed,
    /// A pipeline on an upload into a sealed bucket.
    #[error(
        "this bucket is sealed, and no signature of an upload covers its query: upload the original, and save an upload rule for what is made of it"
    )]
    SealedUpload,
    /// A pipeline on an upload that ends in a text.
    #[error(
        "the upload would be stored as a text about the picture: leave that command out, and ask it of the stored object"
    )]
    NoPicture,
    /// A path whose signature is wrong.
    #[error("the signature of the path is made with none of the bucket's picture keys")]
    Signature,
    /// Another tenant has written it into the bucket.
    #[error("the object belongs to another tenant")]
    Foreign,
    /// A path that is no longer good.
    #[error("the address expired at {at} (Unix seconds)")]
    Expired {
        /// When.
        at: u64,
    },
    /// Too much to do.
    #[error("all places where pictures are made are taken; come again")]
    Busy,
    /// The engine of pictures says no.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A picture to be laid over cannot be had.
    #[error("the watermark picture `{given}` cannot be had: {reason}")]
    Overlay {
        /// How the request names it, cut.
        given: String,
        /// Why.
        reason: String,
    },
    /// The engine of objects says no.
    #[error(transparent)]
    Objects(#[from] ObjectsError),
    /// The source was overwritten again and again while it was read.
    #[error("the object is being overwritten; come again")]
    Moving,
    /// A condition of the request does not hold.
    #[error("the condition {0} does not hold")]
    Condition(&'static str),
    /// What several wait for, and all are told.
    #[error(transparent)]
    Shared(std::sync::Arc<PictureError>),
    /// A fault of ours.
    #[error("{0}")]
    Internal(&'static str),
}

impl PictureError {
    /// A watermark's picture that cannot be had.
    pub(crate) fn overlay(given: &str, reason: impl ToString) -> Self {
        Self::Overlay { given: given.chars().take(128).collect(), reason: reason.to_string() }
    }

    pub(crate) fn fetched(given: &str, error: &FetchError) -> Self {
        Self::overlay(given, error)
    }

    /// S3's word, or one like it.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Grammar(_) | Self::Twice | Self::NoPicture | Self::Source { .. } | Self::Overlay { .. } => {
                "InvalidArgument"
            }
            Self::NoSuchStyle { .. } => "NoSuchStyle",
            Self::Protected | Self::Sealed | Self::SealedUpload | Self::Foreign | Self::Expired { .. } => {
                "AccessDenied"
            }
            Self::Signature => "SignatureDoesNotMatch",
            Self::Busy | Self::Moving => "SlowDown",
            Self::Condition(_) => "PreconditionFailed",
            Self::Image(error) => match error {
                ImageError::Grammar(_) | ImageError::Step { .. } | ImageError::Overlay { .. } => "InvalidArgument",
                ImageError::UnknownFormat => "UnknownImageFormat",
                ImageError::TooLarge { .. } => "ImageTooLarge",
                ImageError::Damaged { .. } => "ImageDamaged",
                ImageError::Unsupported { .. } => "ImageNotSupported",
                ImageError::Deadline { .. } => "SlowDown",
                ImageError::NoMark => "NoSuchMark",
                ImageError::Encode { .. } => "InternalError",
            },
            Self::Objects(error) => match error {
                ObjectsError::NoSuchBucket(_) => "NoSuchBucket",
                ObjectsError::NoSuchKey { .. } | ObjectsError::IsDeleteMarker { .. } => "NoSuchKey",
                ObjectsError::NoSuchVersion { .. } => "NoSuchVersion",
                ObjectsError::TooLarge { .. } => "ImageTooLarge",
                ObjectsError::InvalidState(_) => "InvalidObjectState",
                ObjectsError::InvalidField { .. } => "InvalidArgument",
                // Its bytes are the customer's own: nobody makes pictures of them here.
                ObjectsError::CustomerKey(_) => "InvalidRequest",
                ObjectsError::Store(_) => "SlowDown",
                _ => "InternalError",
            },
            Self::Shared(error) => error.code(),
            Self::Internal(_) => "InternalError",
        }
    }

    /// HTTP's number.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self.code() {
            "NoSuchStyle" | "NoSuchMark" | "NoSuchBucket" | "NoSuchKey" | "NoSuchVersion" => StatusCode::NOT_FOUND,
            "AccessDenied" | "SignatureDoesNotMatch" | "InvalidObjectState" => StatusCode::FORBIDDEN,
            "PreconditionFailed" => StatusCode::PRECONDITION_FAILED,
            "SlowDown" => StatusCode::SERVICE_UNAVAILABLE,
            "InternalError" => StatusCode::INTERNAL_SERVER_ERROR,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The argument that is wrong, where one is: `iopcmd/thumbnail/width`.
    #[must_use]
    pub fn argument(&self) -> Option<String> {
        let of_grammar = |error: &GrammarError| {
            let parts = [error.grammar.as_str(), &error.command, &error.parameter];
            parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/")
        };
        match self {
            Self::Grammar(error) | Self::Image(ImageError::Grammar(error)) => Some(of_grammar(error)),
            Self::Twice | Self::NoPicture => Some("iopcmd".to_owned()),
            Self::Source { .. } => Some("imgproxy/source".to_owned()),
            Self::NoSuchStyle { .. } => Some("style".to_owned()),
            Self::Overlay { .. } | Self::Image(ImageError::Overlay { .. }) => Some("watermark".to_owned()),
            Self::Image(ImageError::Step { command, .. }) => Some((*command).to_owned()),
            Self::Image(ImageError::TooLarge { what, .. }) => Some(what.as_str().to_owned()),
            Self::Objects(ObjectsError::InvalidField { field, .. }) => Some((*field).to_owned()),
            Self::Shared(error) => error.argument(),
            _ => None,
        }
    }

    /// A stable word for labels: the same for all of one reason.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Grammar(_) => "bad_request",
            Self::Twice => "twice",
            Self::Source { .. } => "foreign_source",
            Self::NoSuchStyle { .. } => "no_such_style",
            Self::Protected => "protected",
            Self::Sealed | Self::SealedUpload => "sealed",
            Self::NoPicture => "no_picture",
            Self::Signature => "signature",
            Self::Foreign => "foreign_object",
            Self::Expired { .. } => "expired",
            Self::Busy => "busy",
            Self::Image(error) => error.code(),
            Self::Overlay { .. } => "bad_watermark",
            Self::Objects(error) => error.as_str(),
            Self::Moving => "moving",
            Self::Condition(_) => "condition",
            Self::Shared(error) => error.reason(),
            Self::Internal(_) => "internal",
        }
    }

    /// Whether the same request may do better later.
    pub(crate) fn passes(&self) -> bool {
        matches!(self.code(), "SlowDown" | "InternalError")
    }

    /// What the caller is told; the insides of a fault are for the log alone.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Objects(ObjectsError::Store(_)) => "The metadata store did not answer; try again.".to_owned(),
            Self::Objects(ObjectsError::Blobs(_)) => "The bytes could not be read.".to_owned(),
            Self::Shared(error) => error.told(),
            other => other.to_string(),
        }
    }
}
