//! Uploads by HTML forms: a POST on a bucket whose body is a form with a file.
//!
//! The form's fields are read first, 64 KiB of them at most; whoever may not upload by them is told so before the file
//! is looked at. Then the file streams into the engine as the body of a PUT does, and is given up where it breaks the
//! length that the policy allows.

mod answer;
mod fields;
mod policy;
mod signature;

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use bytes::Bytes;
use doorstep_clock::Timestamp;
use doorstep_identity::Principal;
use doorstep_objects::form::{Beginning, FormHead, begin, boundary, file};
use doorstep_objects::{Body, BodyError, Served, bucket_of_host};
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, header};
use http_body_util::BodyDataStream;
use s3s::dto::StreamingBlob;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Result};
use sync_wrapper::SyncStream;

use crate::access::Gate;
use crate::asked::Spoken;
use crate::error::{argument, denied, identity, s3};
use crate::face::{MOST_HEADERS, oversized};
use crate::metered::Payer;
use crate::object_ops::put_object;
use crate::operations::Operations;
use fields::Fields;
use policy::Policy;
use signature::Signature;

/// What this is called in policies, logs and bills.
pub(crate) const POST_OBJECT: &str = "PostObject";

/// Marks an upload that comes by a form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ByForm;

/// A request that is a form for a bucket.
pub(crate) struct Post {
    bucket: String,
    by_host: bool,
    boundary: Option<String>,
}

impl Post {
    /// `None` for any other request.
    pub(crate) fn of<B>(request: &Request<B>, domains: &[String]) -> Option<Self> {
        let word = |name: header::HeaderName| request.headers().get(name).and_then(|value| value.to_str().ok());
        let kind = word(header::CONTENT_TYPE)?;
        if request.method() != Method::POST || !kind.get(..19)?.eq_ignore_ascii_case("multipart/form-data") {
            return None;
        }
        let path = request.uri().path().strip_prefix('/')?;
        let boundary = boundary(kind);
        let host = word(header::HOST).or_else(|| request.uri().host());
        if let Some(bucket) = host.and_then(|host| bucket_of_host(host, domains)) {
            return path.is_empty().then_some(Self { bucket, by_host: true, boundary });
        }
        let bucket = path.strip_suffix('/').unwrap_or(path);
        let named = !bucket.is_empty() && !bucket.contains('/');
        named.then(|| Self { bucket: bucket.to_owned(), by_host: false, boundary })
    }
}

/// Takes forms in.
pub(crate) struct Forms {
    pub(crate) face: Operations,
    pub(crate) gate: Gate,
}

/// The part that is the file; scripts give every part a file name.
pub fn is_file(name: &str, _: Option<&str>) -> bool {
    name.eq_ignore_ascii_case("file")
}

fn malformed(reason: &str) -> S3Error {
    let message = format!("The body of your POST request is not well-formed multipart/form-data: {reason}.");
    S3Error::with_message(S3ErrorCode::MalformedPOSTRequest, message)
}

/// Fields that an object keeps and gives back as headers, beside those of S3's own.
const KEPT: [&str; 6] =
    ["cache-control", "content-disposition", "content-encoding", "content-language", "content-type", "expires"];

/// What of the request and the form stands for an upload's headers. They have the bounds of headers, so that whatever
/// is stored can be sent back.
fn headers(head: &Parts, fields: &Fields) -> S3Result<HeaderMap> {
    let kept = [header::HOST, header::REFERER, header::USER_AGENT];
    let kept = kept.into_iter().filter_map(|name| Some((name.clone(), head.headers.get(name)?.clone())));
    let mut headers: HeaderMap = kept.collect();
    let tagging = fields.tagging()?;
    let own = fields.names().filter(|name| name.starts_with("x-amz-") || KEPT.contains(name));
    for name in own {
        insert(&mut headers, name, fields.get(name))?;
    }
    if oversized(&headers) {
        let bytes = |name: &&str| name.len() + fields.get(name).map_or(0, str::len);
        let own = fields.names().filter(|name| name.starts_with("x-amz-") || KEPT.contains(name));
        let largest = brief(own.max_by_key(bytes).unwrap_or_default());
        let message = format!("What becomes headers has more than {MOST_HEADERS} bytes: shorten the field {largest}.");
        return Err(argument(message));
    }
    insert(&mut headers, "x-amz-acl", fields.acl())?;
    insert(&mut headers, "x-amz-tagging", tagging.as_deref())?;
    Ok(headers)
}

/// A field's name as it is told.
fn brief(name: &str) -> String {
    name.chars().take(64).flat_map(char::escape_debug).collect()
}

fn insert(headers: &mut HeaderMap, name: &str, value: Option<&str>) -> S3Result<()> {
    let Some(value) = value else { return Ok(()) };
    let no_name = |_| argument(format!("The name of the field {} cannot be a header's.", brief(name)));
    let no_value = |_| argument(format!("The value of the field {} cannot be a header's.", brief(name)));
    let value = HeaderValue::from_bytes(value.as_bytes()).map_err(no_value)?;
    headers.insert(HeaderName::try_from(name).map_err(no_name)?, value);
    Ok(())
}

impl Forms {
    /// Takes a form in and answers it.
    pub(crate) async fn answer<B>(&self, post: Post, request: Request<B>, payer: &Payer) -> Response<s3s::Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: std::error::Error + Send + Sync + 'static,
    {
        let (head, body) = request.into_parts();
        let body = BodyDataStream::new(body).map_err(|error| Box::new(error) as BodyError).boxed();
        match self.take(&post, head, body, payer).await {
            Ok(answer) => answer,
            Err(error) => answer::refused(&error),
        }
    }

    async fn who(&self, fields: &Fields) -> S3Result<Option<Principal>> {
        let Some(signature) = Signature::of(fields)? else { return Ok(None) };
        let (who, secret) = self.face.keys.signing_secret(&signature.access).await.map_err(|e| identity(&e))?;
        signature.verify(&secret, fields.needed("policy")?, self.face.objects.now())?;
        Ok(Some(who))
    }

    async fn take(&self, post: &Post, head: Parts, mut body: Body, payer: &Payer) -> S3Result<Response<s3s::Body>> {
        let objects = &self.face.objects;
        let boundary = post.boundary.as_deref().ok_or_else(|| malformed("its Content-Type names no boundary"))?;
        let (beginning, read) = begin(&mut body, boundary, is_file, objects.config().pace).await.map_err(s3)?;
        let form = match beginning {
            Beginning::Form(form) => form,
            Beginning::Long => {
                let message = "Your POST request fields preceding the upload file were too large.";
                return Err(S3Error::with_message(S3ErrorCode::MaxPostPreDataLengthExceededError, message));
            }
            Beginning::NoFile => {
                return Err(argument("POST requires exactly one file upload per request."));
            }
            Beginning::Other(reason) => return Err(malformed(reason)),
        };
        let mut fields = Fields::new(form.fields.iter().cloned());
        fields.name_file(form.filename.as_deref());
        let key = fields.needed("key")?;
        if key.is_empty() {
            return Err(argument("User key must have a length greater than 0."));
        }
        let who = self.who(&fields).await?;
        let bucket = objects.bucket(&post.bucket).await.map_err(s3)?;
        let asked = (Arc::clone(&bucket), Some(key.to_owned()), POST_OBJECT.into(), who.clone());
        payer.asks(Served { bucket: asked.0, key: asked.1, operation: asked.2, who: asked.3, let_in: false });
        let policy = fields.get("policy").map(Policy::parse).transpose()?;
        if let Some(policy) = &policy {
            policy.check(&fields, &bucket.name, objects.now())?;
        }
        let headers = headers(&head, &fields)?;
        let spoken = Spoken { operation: POST_OBJECT, key: Some(key), query: "", headers: &headers };
        let caller = self.gate.admit(&spoken, who, &bucket).await?;
        let caller = caller.ok_or_else(|| denied("The form's signer may not do this, or nobody has signed it."))?;
        payer.pays(&bucket.tenant, Some(&bucket.name), POST_OBJECT);
        let (least, most) = policy.map_or((0, u64::MAX), |policy| policy.length);
        let unfit = Arc::new(OnceLock::new());
        let file = file(&form, &read, body, boundary).map_err(io::Error::other);
        let measured = Measured { file: file.boxed(), least, most, came: 0, unfit: Arc::clone(&unfit) };
        let mut extensions = http::Extensions::new();
        extensions.insert(caller);
        extensions.insert(ByForm);
        let request = S3Request {
            input: fields.input(&bucket.name, key, StreamingBlob::wrap(SyncStream::new(measured)))?,
            method: head.method,
            uri: head.uri,
            headers,
            extensions,
            credentials: None,
            region: None,
            service: None,
            trailing_headers: None,
        };
        match put_object(&self.face, request).await {
            Ok(done) => Ok(answer::done(&done.output, &fields, &bucket.name, key, &answer::base(&head.headers, post))),
            Err(error) => Err(match unfit.get() {
                Some(Unfit::Large) => {
                    let message = "Your proposed upload exceeds the maximum allowed size";
                    S3Error::with_message(S3ErrorCode::EntityTooLarge, message)
                }
                Some(Unfit::Small) => {
                    let message = "Your proposed upload is smaller than the minimum allowed size";
                    S3Error::with_message(S3ErrorCode::EntityTooSmall, message)
                }
                None => error,
            }),
        }
    }
}

/// Reads what a form says before its file is taken, as if `secret` were its signer's; for fuzzing. Returns whether that
/// secret has signed its policy.
///
/// # Errors
/// What its sender is told.
pub fn look(form: &FormHead, bucket: &str, secret: &str, now: Timestamp) -> S3Result<bool> {
    let mut fields = Fields::new(form.fields.iter().cloned());
    fields.name_file(form.filename.as_deref());
    let key = fields.needed("key")?;
    let signature = Signature::of(&fields)?;
    if let Some(policy) = fields.get("policy") {
        Policy::parse(policy)?.check(&fields, bucket, now)?;
    }
    headers(&Request::new(()).into_parts().0, &fields)?;
    fields.input(bucket, key, StreamingBlob::from(s3s::Body::empty()))?;
    match signature {
        Some(signature) => signature.verify(secret, fields.needed("policy")?, now).map(|()| true),
        None => Ok(false),
    }
}

/// How a file breaks its length.
#[derive(Clone, Copy, Debug)]
enum Unfit {
    Small,
    Large,
}

/// A file that has to be of some length.
struct Measured<S> {
    file: S,
    least: u64,
    most: u64,
    came: u64,
    unfit: Arc<OnceLock<Unfit>>,
}

impl<S> Measured<S> {
    fn give_up(&self, how: Unfit) -> io::Error {
        let _ = self.unfit.set(how);
        io::Error::other("the file is not as long as the policy allows")
    }
}

impl<S: Stream<Item = io::Result<Bytes>> + Unpin> Stream for Measured<S> {
    type Item = io::Result<Bytes>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = std::task::ready!(self.file.poll_next_unpin(cx));
        self.came += next.as_ref().map_or(0, |piece| piece.as_ref().map_or(0, |piece| piece.len() as u64));
        Poll::Ready(match next {
            Some(Ok(_)) if self.came > self.most => Some(Err(self.give_up(Unfit::Large))),
            None if self.came < self.least => {
                let error = self.give_up(Unfit::Small);
                self.least = 0;
                Some(Err(error))
            }
            next => next,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn which_requests_are_forms() {
        let of = |method: &str, uri: &str, kind: &str, host: &str| {
            let request = Request::builder().method(method).uri(uri).header("content-type", kind).header("host", host);
            let domains = ["s3.example".to_owned()];
            Post::of(&request.body(()).unwrap(), &domains).map(|post| (post.bucket, post.by_host, post.boundary))
        };
        let form = "Multipart/Form-Data; boundary=b";
        let found = |bucket: &str, by_host| Some((bucket.to_owned(), by_host, Some("b".to_owned())));
        assert_eq!(of("POST", "/photos", form, "127.0.0.1:9000"), found("photos", false));
        assert_eq!(of("POST", "/photos/", form, "127.0.0.1:9000"), found("photos", false));
        assert_eq!(of("POST", "/", form, "photos.s3.example:9000"), found("photos", true));
        for (method, uri, kind) in [
            ("PUT", "/photos", form),
            ("POST", "/photos/key", form),
            ("POST", "/", form),
            ("POST", "/photos?delete", "application/xml"),
        ] {
            assert_eq!(of(method, uri, kind, "127.0.0.1"), None, "{method} {uri}");
        }
    }

    #[tokio::test]
    async fn a_file_of_some_length() {
        for (pieces, least, most, wanted) in [
            (3, 2, 3, None),
            (3, 0, 2, Some("Large")),
            (1, 2, 3, Some("Small")),
            (0, 0, 0, None),
            (0, 1, 9, Some("Small")),
        ] {
            let unfit = Arc::new(OnceLock::new());
            let file = futures::stream::iter((0..pieces).map(|_| Ok(Bytes::from_static(b"x"))));
            let measured = Measured { file, least, most, came: 0, unfit: Arc::clone(&unfit) };
            let read: io::Result<Vec<Bytes>> = measured.try_collect().await;
            assert_eq!(read.is_err(), wanted.is_some());
            assert_eq!(unfit.get().map(|how| format!("{how:?}")).as_deref(), wanted);
        }
    }

    proptest::proptest! {
        #[test]
        fn nothing_from_outside_makes_a_reader_panic(
            text in ".*",
            pairs in proptest::collection::vec(("(?i)x-amz-(signature|credential|algorithm|date)|policy|tagging|key|signature|awsaccesskeyid", "[ -~]{0,80}|AWS4-HMAC-SHA256|a/20260101/r/s3/aws4_request|20260101T000000Z"), 0..9),
        ) {
            use base64::prelude::{BASE64_STANDARD, Engine as _};
            let _ = Policy::parse(&text);
            let _ = Policy::parse(&BASE64_STANDARD.encode(&text));
            let mut fields = Fields::new(pairs);
            fields.name_file(Some(&text));
            let _ = fields.tagging();
            if let Ok(Some(signature)) = Signature::of(&fields) {
                let now = doorstep_clock::Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
                proptest::prop_assert!(signature.verify("secret", &text, now).is_err(), "nobody guesses a signature");
            }
        }
    }
}
