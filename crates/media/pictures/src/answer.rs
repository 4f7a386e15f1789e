//! What goes back: pictures with what caches need to know, and refusals in the words of the caller's protocol.

use std::time::{Duration, SystemTime};

use axum::body::Body;
use doorstep_clock::Timestamp;
use doorstep_objects::xml::element;
use doorstep_objects::{Object, ObjectsError, ReadConditions, Refusal, Told, Words};
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};

use crate::PictureError;
use crate::picture::Picture;

/// Seconds after which a caller that was turned away may come again.
const COME_AGAIN_S: &str = "1";

fn time(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at.millis()).unwrap_or(0))
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// What is known of a result before it is made.
pub(crate) struct Validators {
    /// Without quotes.
    pub(crate) etag: String,
    /// When the source or the style was changed last.
    pub(crate) modified: Timestamp,
    pub(crate) cache_control: String,
    /// The client's `Accept` has a say.
    pub(crate) negotiated: bool,
}

impl Validators {
    /// Whether the request's conditions let a picture through. The caller has it already: `Ok(false)`.
    pub(crate) fn check(&self, request: &HeaderMap) -> Result<bool, PictureError> {
        let text = |name| request.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        let moment = |name| {
            let at = httpdate::parse_http_date(&text(name)?).ok()?.duration_since(SystemTime::UNIX_EPOCH).ok()?;
            i64::try_from(at.as_millis()).ok().map(Timestamp)
        };
        let conditions = ReadConditions {
            if_match: text(header::IF_MATCH),
            if_none_match: text(header::IF_NONE_MATCH),
            modified_since: moment(header::IF_MODIFIED_SINCE),
            unmodified_since: moment(header::IF_UNMODIFIED_SINCE),
        };
        let mut result = Object::default();
        (result.etag, result.modified) = (self.etag.clone(), self.modified);
        match conditions.check(&result) {
            Ok(()) => Ok(true),
            Err(ObjectsError::NotModified { .. }) => Ok(false),
            Err(ObjectsError::PreconditionFailed(which)) => Err(PictureError::Condition(which)),
            Err(error) => Err(error.into()),
        }
    }

    fn write(&self, headers: &mut HeaderMap) {
        put(headers, header::ETAG, &format!("\"{}\"", self.etag));
        put(headers, header::LAST_MODIFIED, &httpdate::fmt_http_date(time(self.modified)));
        put(headers, header::CACHE_CONTROL, &self.cache_control);
        if self.negotiated {
            headers.append(header::VARY, HeaderValue::from_static("Accept"));
        }
    }
}

/// A picture, or its head alone.
pub(crate) fn picture(picture: Picture, validators: &Validators, hit: bool, head: bool) -> Response<Body> {
    let length = picture.body.len();
    let mut response = Response::new(if head { Body::empty() } else { Body::from(picture.body) });
    let headers = response.headers_mut();
    validators.write(headers);
    put(headers, header::CONTENT_TYPE, &picture.about.media_type);
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    put(headers, HeaderName::from_static("x-cache"), if hit { "HIT" } else { "MISS" });
    response
}

/// The caller has it already.
pub(crate) fn unchanged(validators: &Validators) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    validators.write(response.headers_mut());
    response
}

/// A refusal in `words`, or in S3's: code, message, the argument that is wrong, the path.
pub(crate) fn refusal(error: &PictureError, path: &str, words: Option<Words>, head: bool) -> Response<Body> {
    tracing::debug!(reason = error.reason(), %error, path, "no picture");
    let status = error.status();
    if status == StatusCode::INTERNAL_SERVER_ERROR {
        tracing::error!(%error, path, "a picture failed");
    }
    let message = error.told();
    let told = match words {
        Some(Words(say)) => say(&Refusal { status: status.as_u16(), code: error.code(), message: &message }),
        None => xml(error, &message, path),
    };
    let mut response = Response::new(if head { Body::empty() } else { Body::from(told.body) });
    *response.status_mut() = status;
    let headers = response.headers_mut();
    put(headers, header::CONTENT_TYPE, told.media_type);
    put(headers, header::CACHE_CONTROL, "no-store");
    if status == StatusCode::SERVICE_UNAVAILABLE {
        put(headers, header::RETRY_AFTER, COME_AGAIN_S);
    }
    response
}

fn xml(error: &PictureError, message: &str, path: &str) -> Told {
    let argument = error.argument().map(|name| element("ArgumentName", &name)).unwrap_or_default();
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error>{}{}{argument}{}</Error>",
        element("Code", error.code()),
        element("Message", message),
        element("Resource", path),
    );
    Told { media_type: "application/xml", body }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn validators() -> Validators {
        let (etag, cache_control) = ("abc".to_owned(), "public, max-age=300".to_owned());
        Validators { etag, modified: Timestamp(1_000_500), cache_control, negotiated: true }
    }

    #[test]
    fn conditions_are_about_the_result() {
        let check = |name: HeaderName, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            validators().check(&headers).map_err(|error| error.status().as_u16())
        };
        assert_eq!(check(header::IF_NONE_MATCH, "\"abc\""), Ok(false));
        assert_eq!(check(header::IF_NONE_MATCH, "W/\"abc\""), Ok(false));
        assert_eq!(check(header::IF_NONE_MATCH, "\"other\""), Ok(true));
        assert_eq!(check(header::IF_MATCH, "\"other\""), Err(412));
        assert_eq!(check(header::IF_MODIFIED_SINCE, "Thu, 01 Jan 1970 00:16:40 GMT"), Ok(false));
        assert_eq!(check(header::IF_MODIFIED_SINCE, "Thu, 01 Jan 1970 00:16:39 GMT"), Ok(true));
        assert_eq!(check(header::IF_MODIFIED_SINCE, "yesterday"), Ok(true));
        let unchanged = unchanged(&validators());
        assert_eq!(unchanged.headers()[header::VARY], "Accept");
        assert_eq!(unchanged.headers()[header::LAST_MODIFIED], "Thu, 01 Jan 1970 00:16:40 GMT");
    }

    #[test]
    fn refusals_are_well_formed() {
        let busy = refusal(&PictureError::Busy, "/b/k", None, true);
        assert_eq!(
            (busy.status().as_u16(), &busy.headers()[header::RETRY_AFTER]),
            (503, &HeaderValue::from_static("1"))
        );
        let say = |refusal: &Refusal<'_>| Told { media_type: "text/plain", body: refusal.code.to_owned() };
        let other = refusal(&PictureError::Protected, "/b/k", Some(Words(say)), false);
        assert_eq!(
            (other.status().as_u16(), other.headers()[header::CONTENT_TYPE].to_str().unwrap()),
            (403, "text/plain")
        );
    }
}
