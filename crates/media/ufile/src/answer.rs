//! Answers in UFile's form.

use bytes::Bytes;
use doorstep_clock::Timestamp;
use doorstep_objects::{BodyError, Object, Objects, ObjectsError};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Empty, Full};
use serde_json::json;

use crate::{Config, UfileError};

/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, BodyError>;
pub(crate) type Answer = Response<Body>;

pub(crate) fn nothing() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

pub(crate) fn text(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// An answer without a body.
pub(crate) fn empty(status: StatusCode) -> Answer {
    let mut answer = Response::new(nothing());
    *answer.status_mut() = status;
    answer
}

/// An answer in JSON. Clients compare the type letter by letter.
pub(crate) fn json(status: StatusCode, value: &serde_json::Value) -> Answer {
    let mut answer = Response::new(text(value.to_string()));
    *answer.status_mut() = status;
    answer.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

/// Sets a header if its value can be one.
pub(crate) fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_bytes()) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// The same for a header with a name of the caller's.
pub(crate) fn put_named(headers: &mut HeaderMap, name: &str, value: &str) {
    if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), HeaderValue::from_bytes(value.as_bytes())) {
        headers.insert(name, value);
    }
}

/// An answer whose ETag is this one.
pub(crate) fn with_etag(mut answer: Answer, etag: &str) -> Answer {
    put(answer.headers_mut(), "etag", &format!("\"{etag}\""));
    answer
}

/// A refusal.
pub(crate) fn refused(error: &UfileError, session: &str) -> Answer {
    let status = error.status();
    let mut answer = if status == StatusCode::NOT_MODIFIED {
        empty(status)
    } else {
        json(status, &json!({ "RetCode": error.ret_code(), "ErrMsg": error.to_string() }))
    };
    let headers = answer.headers_mut();
    put(headers, "x-sessionid", session);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    if let UfileError::Objects(ObjectsError::InvalidRange { size }) = error {
        put(headers, "content-range", &format!("bytes */{size}"));
    }
    answer
}

/// A moment in HTTP's form.
pub(crate) fn http_date(at: Timestamp) -> String {
    let millis = u64::try_from(at.millis()).unwrap_or(0);
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + std::time::Duration::from_millis(millis))
}

/// A moment of an HTTP header.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    let at = httpdate::parse_http_date(text).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(Timestamp)
}

/// Seconds since 1970, as UFile's lists have times.
pub(crate) fn seconds(at: Timestamp) -> i64 {
    at.millis().div_euclid(1000)
}

/// UFile's hash of an object as far as it is known, else S3's ETag.
pub(crate) fn known_etag(object: &Object) -> String {
    object.meta.ufile.clone().unwrap_or_else(|| object.etag.clone())
}

/// UFile's hash of the one object that is asked for; computed where the upload could not give it and the
/// object is not too large to be read for it.
pub(crate) async fn etag(
    objects: &Objects,
    bucket: &doorstep_objects::Bucket,
    object: &Object,
    config: &Config,
) -> Result<String, UfileError> {
    if object.meta.ufile.is_none() && object.size <= config.hash_bytes && object.readable(objects.now()) {
        return Ok(objects.ufile_hash(bucket, object).await?);
    }
    Ok(known_etag(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments() {
        let at = Timestamp(1_384_790_400_000);
        assert_eq!(http_date(at), "Mon, 18 Nov 2013 16:00:00 GMT");
        assert_eq!(moment("Mon, 18 Nov 2013 16:00:00 GMT"), Some(at));
        assert_eq!(moment("20131118160000"), None);
    }
}
