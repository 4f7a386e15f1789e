//! What is refused, in UFile's form: a status and `{"RetCode": …, "ErrMsg": …}`.
//!
//! UCloud documents few codes of its data interface; those that are known are used for what they mean. Every
//! other refusal has the code −149000 − status, so that it never passes for one of UCloud's.

use doorstep_identity::IdentityError;
use doorstep_objects::{NotMade, ObjectsError, Refusal, Told};
use http::StatusCode;

/// Refusals and failures of the face.
#[derive(Debug, thiserror::Error)]
pub enum UfileError {
    /// The request carries no signature where one is needed.
    #[error("no authorization found")]
    NoAuthorization,
    /// The signature is not the one of this request and this key, or there is no such key.
    #[error("invalid signature")]
    BadSignature,
    /// The signature stands in a form that is none, or twice.
    #[error("the authorization cannot be read: {0}")]
    Malformed(&'static str),
    /// The signed address or the request is too old, or the caller's clock is wrong.
    #[error("the request has expired: {0}")]
    Expired(&'static str),
    /// The key may not do this.
    #[error("the key may not do this, or there is none and the bucket is not public")]
    Denied,
    /// A field that cannot stand.
    #[error("{field}: {reason}; {fix}")]
    BadField {
        /// Its name.
        field: &'static str,
        /// What is wrong.
        reason: String,
        /// What would be right.
        fix: &'static str,
    },
    /// No call of UFile's.
    #[error("there is no such call")]
    NoSuchCall,
    /// A call that is not built.
    #[error("{0} is not served here")]
    NotServed(&'static str),
    /// An upload that needs no bytes named some that are not there.
    #[error("file not exist: the bytes of this hash and size are not stored here, upload them")]
    Miss,
    /// The object is archived.
    #[error("file has not been restored")]
    NotRestored,
    /// Objects only become colder.
    #[error("switch class not allowed")]
    NotColder,
    /// Too many requests at once.
    #[error("too many requests at once; try again")]
    Busy,
    /// The object is stored, but its callback came to nothing.
    #[error("the file is stored, but its callback failed: {0}")]
    Callback(String),
    /// What is asked cannot be made of the upload; nothing is stored.
    #[error("{message}")]
    NotMade {
        /// HTTP's number.
        status: u16,
        /// S3's word for it, or one like it.
        code: &'static str,
        /// What is wrong and how it would be right.
        message: String,
    },
    /// The keys cannot be checked now.
    #[error("keys cannot be checked now; try again")]
    NoKeys,
    /// The engine's.
    #[error("{}", told(.0))]
    Objects(#[from] ObjectsError),
}

impl From<IdentityError> for UfileError {
    fn from(error: IdentityError) -> Self {
        match error {
            IdentityError::Invalid | IdentityError::Missing | IdentityError::CannotSign(_) => Self::BadSignature,
            IdentityError::Forbidden { .. } => Self::Denied,
            error => {
                tracing::error!(%error, "keys cannot be checked");
                Self::NoKeys
            }
        }
    }
}

impl From<NotMade> for UfileError {
    fn from(error: NotMade) -> Self {
        match error {
            NotMade::Upload(error) => Self::Objects(error),
            NotMade::Refused { status, code, message } => Self::NotMade { status, code, message },
        }
    }
}

/// The engine's words; UFile's own where clients look for them, and none about this machine.
fn told(error: &ObjectsError) -> String {
    match error {
        ObjectsError::NoSuchBucket(_) => "bucket not exist".to_owned(),
        ObjectsError::NoSuchKey { .. } | ObjectsError::NoSuchVersion { .. } | ObjectsError::IsDeleteMarker { .. } => {
            "file not exist".to_owned()
        }
        ObjectsError::Blobs(_) => "the bytes could not be stored or read; nothing was changed".to_owned(),
        ObjectsError::Store(_) => "the metadata store did not answer; try again".to_owned(),
        error => error.to_string(),
    }
}

impl UfileError {
    pub(crate) fn field(field: &'static str, reason: impl Into<String>, fix: &'static str) -> Self {
        Self::BadField { field, reason: reason.into(), fix }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NoAuthorization
            | Self::BadSignature
            | Self::Expired(_)
            | Self::Denied
            | Self::NotRestored
            | Self::NotColder => StatusCode::FORBIDDEN,
            Self::Malformed(_) | Self::BadField { .. } => StatusCode::BAD_REQUEST,
            Self::NoSuchCall => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotServed(_) => StatusCode::NOT_IMPLEMENTED,
            Self::Miss => StatusCode::NOT_FOUND,
            Self::Busy | Self::NoKeys => StatusCode::SERVICE_UNAVAILABLE,
            Self::Callback(_) => StatusCode::BAD_GATEWAY,
            Self::NotMade { status, .. } => StatusCode::from_u16(*status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            Self::Objects(error) => of_engine(error),
        }
    }

    /// UFile's number for it.
    #[must_use]
    pub fn ret_code(&self) -> i64 {
        match self {
            Self::NoAuthorization => -148_643,
            Self::Miss => -148_654,
            Self::BadSignature => -148_658,
            Self::NotColder => -148_660,
            Self::NotRestored => -148_671,
            Self::Objects(ObjectsError::NoSuchBucket(_)) => -30_010,
            Self::Objects(
                ObjectsError::NoSuchKey { .. }
                | ObjectsError::NoSuchVersion { .. }
                | ObjectsError::IsDeleteMarker { .. },
            ) => -148_654,
            Self::NotMade { status, code, .. } => code_of(code, *status),
            other => -149_000 - i64::from(other.status().as_u16()),
        }
    }

    /// A stable word for logs and labels.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::NoAuthorization => "no_authorization",
            Self::BadSignature => "bad_signature",
            Self::Malformed(_) => "malformed",
            Self::Expired(_) => "expired",
            Self::Denied => "denied",
            Self::BadField { .. } => "bad_field",
            Self::NoSuchCall => "no_such_call",
            Self::NotServed(_) => "not_served",
            Self::Miss => "miss",
            Self::NotRestored => "not_restored",
            Self::NotColder => "not_colder",
            Self::Busy => "busy",
            Self::Callback(_) => "callback",
            Self::NotMade { .. } => "not_made",
            Self::NoKeys => "no_keys",
            Self::Objects(error) => error.as_str(),
        }
    }
}

/// UFile's number for what is not the face's own refusal, by S3's word for it.
fn code_of(code: &str, status: u16) -> i64 {
    match code {
        "NoSuchBucket" => -30_010,
        "NoSuchKey" | "NoSuchVersion" => -148_654,
        "SignatureDoesNotMatch" => -148_658,
        "InvalidObjectState" => -148_671,
        _ => -149_000 - i64::from(status),
    }
}

/// What something in front of the face refuses (a picture, say), in UFile's form.
pub(crate) fn words(refusal: &Refusal<'_>) -> Told {
    let code = code_of(refusal.code, refusal.status);
    let body = serde_json::json!({ "RetCode": code, "ErrMsg": refusal.message }).to_string();
    Told { media_type: "application/json", body }
}

fn of_engine(error: &ObjectsError) -> StatusCode {
    match error {
        ObjectsError::NoSuchBucket(_)
        | ObjectsError::NoSuchKey { .. }
        | ObjectsError::NoSuchVersion { .. }
        | ObjectsError::IsDeleteMarker { .. }
        | ObjectsError::NoSuchUpload(_)
        | ObjectsError::NotConfigured(_) => StatusCode::NOT_FOUND,
        ObjectsError::BucketExists { .. }
        | ObjectsError::BucketNotEmpty(_)
        | ObjectsError::TooManyBuckets { .. }
        | ObjectsError::NotArchived { .. }
        | ObjectsError::InvalidState(_) => StatusCode::CONFLICT,
        ObjectsError::InvalidRange { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
        ObjectsError::PreconditionFailed(_) => StatusCode::PRECONDITION_FAILED,
        ObjectsError::NotModified { .. } => StatusCode::NOT_MODIFIED,
        ObjectsError::BodyTimeout { .. } | ObjectsError::BodyTooSlow { .. } => StatusCode::REQUEST_TIMEOUT,
        ObjectsError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
        ObjectsError::QuotaExceeded(_) | ObjectsError::Locked(_) => StatusCode::FORBIDDEN,
        ObjectsError::InvalidPart { .. }
        | ObjectsError::PartOrder { .. }
        | ObjectsError::PartTooSmall { .. }
        | ObjectsError::BadDigest { .. }
        | ObjectsError::IncompleteBody { .. }
        | ObjectsError::NoTrailer(_)
        | ObjectsError::Body(_)
        | ObjectsError::CustomerKey(_)
        | ObjectsError::NoSuchMasterKey(_)
        | ObjectsError::NoMasterKey
        | ObjectsError::InvalidField { .. } => StatusCode::BAD_REQUEST,
        ObjectsError::Full => StatusCode::INSUFFICIENT_STORAGE,
        ObjectsError::Blobs(_) => StatusCode::INTERNAL_SERVER_ERROR,
        ObjectsError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_codes_and_our_own() {
        let code = |error: UfileError| (error.status().as_u16(), error.ret_code(), error.to_string());
        let no_bucket = UfileError::Objects(ObjectsError::NoSuchBucket("b".to_owned()));
        assert_eq!(code(no_bucket), (404, -30_010, "bucket not exist".to_owned()));
        let no_key = UfileError::Objects(ObjectsError::NoSuchKey { key: "k".to_owned(), marker: None });
        assert_eq!(code(no_key), (404, -148_654, "file not exist".to_owned()));
        assert_eq!(code(UfileError::BadSignature), (403, -148_658, "invalid signature".to_owned()));
        assert_eq!(code(UfileError::Objects(ObjectsError::Full)).1, -149_507);
        let blobs = ObjectsError::Blobs(doorstep_blobs::BlobsError::Closed);
        let told = |status, code| words(&Refusal { status, code, message: "a \"b\"" }).body;
        assert_eq!(told(400, "InvalidArgument"), r#"{"ErrMsg":"a \"b\"","RetCode":-149400}"#);
        assert_eq!(told(404, "NoSuchKey"), r#"{"ErrMsg":"a \"b\"","RetCode":-148654}"#);
        assert!(code(UfileError::Objects(blobs)).2.ends_with("nothing was changed"), "no word about this machine");
    }
}
