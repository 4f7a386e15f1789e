//! The engine's refusals in S3's words.

use doorstep_identity::IdentityError;
use doorstep_objects::ObjectsError;
use http::{HeaderMap, HeaderValue, StatusCode};
use s3s::{S3Error, S3ErrorCode};

use crate::metrics;

/// What S3 says for this.
fn code(error: &ObjectsError) -> S3ErrorCode {
    match error {
        ObjectsError::NoSuchBucket(_) => S3ErrorCode::NoSuchBucket,
        ObjectsError::BucketExists { yours: true, .. } => S3ErrorCode::BucketAlreadyOwnedByYou,
        ObjectsError::BucketExists { .. } => S3ErrorCode::BucketAlreadyExists,
        ObjectsError::BucketNotEmpty(_) => S3ErrorCode::BucketNotEmpty,
        ObjectsError::TooManyBuckets { .. } => S3ErrorCode::TooManyBuckets,
        ObjectsError::NoSuchKey { .. } => S3ErrorCode::NoSuchKey,
        ObjectsError::NoSuchVersion { .. } => S3ErrorCode::NoSuchVersion,
        ObjectsError::IsDeleteMarker { .. } => S3ErrorCode::MethodNotAllowed,
        ObjectsError::NoSuchUpload(_) => S3ErrorCode::NoSuchUpload,
        ObjectsError::InvalidPart { .. } => S3ErrorCode::InvalidPart,
        ObjectsError::PartOrder { .. } => S3ErrorCode::InvalidPartOrder,
        ObjectsError::PartTooSmall { .. } => S3ErrorCode::EntityTooSmall,
        ObjectsError::InvalidRange { .. } => S3ErrorCode::InvalidRange,
        ObjectsError::PreconditionFailed(_) => S3ErrorCode::PreconditionFailed,
        ObjectsError::NotModified { .. } => S3ErrorCode::NotModified,
        ObjectsError::BadDigest { .. } => S3ErrorCode::BadDigest,
        ObjectsError::IncompleteBody { .. } => S3ErrorCode::IncompleteBody,
        ObjectsError::Body(source) => of_body(source.as_ref()),
        ObjectsError::BodyTimeout { .. } | ObjectsError::BodyTooSlow { .. } => S3ErrorCode::RequestTimeout,
        ObjectsError::NoTrailer(_) => S3ErrorCode::Custom("MalformedTrailerError".into()),
        ObjectsError::TooLarge { .. } => S3ErrorCode::EntityTooLarge,
        ObjectsError::QuotaExceeded(_) => S3ErrorCode::Custom("QuotaExceeded".into()),
        ObjectsError::Locked(_) => S3ErrorCode::AccessDenied,
        ObjectsError::NotConfigured(what) => not_configured(what),
        ObjectsError::NotArchived { .. } => S3ErrorCode::InvalidObjectState,
        ObjectsError::CustomerKey(_) => S3ErrorCode::InvalidRequest,
        ObjectsError::NoSuchMasterKey(_) => S3ErrorCode::Custom("KMS.NotFoundException".into()),
        ObjectsError::NoMasterKey => S3ErrorCode::NotImplemented,
        ObjectsError::InvalidState(_) => S3ErrorCode::InvalidRequest,
        ObjectsError::InvalidField { field, reason, .. } => of_field(field, reason),
        ObjectsError::Full => S3ErrorCode::Custom("XInsufficientStorage".into()),
        ObjectsError::Blobs(_) => S3ErrorCode::InternalError,
        ObjectsError::Store(_) => S3ErrorCode::SlowDown,
    }
}

fn of_field(field: &str, reason: &str) -> S3ErrorCode {
    match field {
        "bucket" => S3ErrorCode::InvalidBucketName,
        "key" if reason.ends_with(" 0 bytes") => S3ErrorCode::InvalidURI,
        "key" => S3ErrorCode::KeyTooLongError,
        "metadata" => S3ErrorCode::MetadataTooLarge,
        "tags" => S3ErrorCode::InvalidTag,
        "parts" => S3ErrorCode::MalformedXML,
        _ => S3ErrorCode::InvalidArgument,
    }
}

fn not_configured(what: &str) -> S3ErrorCode {
    match what {
        "tags" => S3ErrorCode::NoSuchTagSet,
        "CORS rules" => S3ErrorCode::NoSuchCORSConfiguration,
        "lifecycle rules" => S3ErrorCode::NoSuchLifecycleConfiguration,
        "policy" => S3ErrorCode::NoSuchBucketPolicy,
        "object lock" => S3ErrorCode::ObjectLockConfigurationNotFoundError,
        "retention" => S3ErrorCode::NoSuchObjectLockConfiguration,
        "encryption" => S3ErrorCode::ServerSideEncryptionConfigurationNotFoundError,
        "website" => S3ErrorCode::NoSuchWebsiteConfiguration,
        "ownership controls" => S3ErrorCode::Custom("OwnershipControlsNotFoundError".into()),
        "public access block" => S3ErrorCode::Custom("NoSuchPublicAccessBlockConfiguration".into()),
        _ => S3ErrorCode::InvalidRequest,
    }
}

/// Why a body broke off: the wire checks signatures and lengths while the bytes come, and its errors are
/// known by their words only.
fn of_body(source: &(dyn std::error::Error + 'static)) -> S3ErrorCode {
    let words = source.to_string().to_ascii_lowercase();
    if words.contains("signature") {
        S3ErrorCode::SignatureDoesNotMatch
    } else if words.contains("checksum") || words.contains("sha256") || words.contains("digest") {
        S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into())
    } else {
        S3ErrorCode::IncompleteBody
    }
}

/// The engine's refusal as an S3 error.
pub(crate) fn s3(error: ObjectsError) -> S3Error {
    metrics::refused(error.as_str());
    let code = code(&error);
    let mut answer = match &error {
        ObjectsError::Blobs(inner) => {
            tracing::error!(error = %inner, "bytes could not be stored or read");
            S3Error::with_message(code, "The bytes could not be stored or read; nothing was changed.")
        }
        ObjectsError::Store(inner) => {
            tracing::error!(error = %inner, "the metadata store failed");
            S3Error::with_message(code, "The metadata store did not answer; try again.")
        }
        error => S3Error::with_message(code, error.to_string()),
    };
    match &error {
        ObjectsError::BadDigest { algorithm, .. } if *algorithm != "MD5" => {
            answer.set_status_code(StatusCode::BAD_REQUEST);
        }
        // A signature that is wrong inside a body is refused like one in a header.
        ObjectsError::Body(_) if *answer.code() == S3ErrorCode::SignatureDoesNotMatch => {}
        ObjectsError::Body(_) | ObjectsError::NoTrailer(_) | ObjectsError::NoSuchMasterKey(_) => {
            answer.set_status_code(StatusCode::BAD_REQUEST);
        }
        ObjectsError::QuotaExceeded(_) => answer.set_status_code(StatusCode::FORBIDDEN),
        ObjectsError::Full => answer.set_status_code(StatusCode::INSUFFICIENT_STORAGE),
        ObjectsError::NotConfigured("public access block" | "ownership controls") => {
            answer.set_status_code(StatusCode::NOT_FOUND)
        }
        ObjectsError::NotModified { etag, modified } => {
            let mut headers = HeaderMap::new();
            put(&mut headers, "etag", &format!("\"{etag}\""));
            put(&mut headers, "last-modified", &crate::convert::http_date(*modified));
            answer.set_headers(headers);
        }
        ObjectsError::NoSuchKey { marker: Some(version), .. } => {
            let mut headers = HeaderMap::new();
            put(&mut headers, "x-amz-delete-marker", "true");
            put(&mut headers, "x-amz-version-id", version);
            answer.set_headers(headers);
        }
        ObjectsError::IsDeleteMarker { version, .. } => {
            let mut headers = HeaderMap::new();
            put(&mut headers, "x-amz-delete-marker", "true");
            put(&mut headers, "x-amz-version-id", version);
            put(&mut headers, "allow", "DELETE");
            answer.set_headers(headers);
        }
        _ => {}
    }
    answer
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Why a key is not let in.
pub(crate) fn identity(error: &IdentityError) -> S3Error {
    match error {
        IdentityError::Invalid | IdentityError::Missing | IdentityError::CannotSign(_) => {
            S3Error::with_message(S3ErrorCode::InvalidAccessKeyId, error.to_string())
        }
        IdentityError::Forbidden { .. } => S3Error::with_message(S3ErrorCode::AccessDenied, error.to_string()),
        error => {
            tracing::error!(%error, "keys cannot be checked");
            S3Error::with_message(S3ErrorCode::SlowDown, "Keys cannot be checked now; try again.")
        }
    }
}

pub(crate) fn denied(why: &'static str) -> S3Error {
    metrics::refused("denied");
    S3Error::with_message(S3ErrorCode::AccessDenied, why)
}

pub(crate) fn argument(message: impl Into<String>) -> S3Error {
    S3Error::with_message(S3ErrorCode::InvalidArgument, message.into())
}
