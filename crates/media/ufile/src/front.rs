//! The face in front of another one on the same port: UFile's requests are answered, all others go on.

use std::convert::Infallible;
use std::task::{Context, Poll};

use bytes::Bytes;
use doorstep_objects::form::{Beginning, FormHead, begin, boundary};
use doorstep_objects::{Body as Incoming, BodyError, Pace, Words};
use futures::future::BoxFuture;
use futures::{StreamExt as _, TryStreamExt as _};
use http::request::Parts;
use http::{Method, Request, Response, header};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyDataStream, BodyExt as _, StreamBody};

use crate::UfileFace;
use crate::answer::Body;
use crate::call::{is_form, is_hit};
use crate::error::words;
use crate::form::{is_file, key};
use crate::request::{Target, host};

/// A body that broke off.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Broken(BodyError);

/// The body of a request that goes on.
pub type RequestBody = UnsyncBoxBody<Bytes, Broken>;

/// The face and what is behind it. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Front<F> {
    ufile: UfileFace,
    behind: F,
}

impl UfileFace {
    /// Puts the face in front of another one: what is not UFile's goes to `behind`.
    #[must_use]
    pub fn in_front_of<F>(self, behind: F) -> Front<F> {
        Front { ufile: self, behind }
    }

    /// Marks a read that is UFile's with UFile's words, for what stands in front of the face and may refuse.
    #[must_use]
    pub fn marked<B>(&self, request: Request<B>) -> Request<B> {
        let (mut head, body) = request.into_parts();
        let read = head.method == Method::GET || head.method == Method::HEAD;
        if read && claim(&head, &self.config.hosts) == Claim::Ours {
            head.extensions.insert(Words(words));
        }
        Request::from_parts(head, body)
    }
}

/// Whose a request is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Claim {
    /// UFile's.
    Ours,
    /// A form; its fields say whose it is.
    Form,
    /// Another's.
    Others,
}

/// Queries that only UFile has.
const OURS: [&str; 6] = ["UCloudPublicKey", "listobjects", "muploadid", "muploadpart", "opmeta", "ufileattname"];

fn claim(head: &Parts, own_hosts: &[(String, String)]) -> Claim {
    match head.headers.get(header::AUTHORIZATION) {
        Some(value) if value.as_bytes().split(|b| *b == b' ').next() == Some(b"UCloud") => return Claim::Ours,
        Some(_) => return Claim::Others,
        None => {}
    }
    let Ok(target) = Target::of(head, own_hosts) else { return Claim::Others };
    let s3 = target.query.names().any(|name| name.starts_with("X-Amz-") || name == "AWSAccessKeyId");
    if !s3 && host(head).is_some_and(|host| own_hosts.iter().any(|(own, _)| *own == host)) {
        // No other face knows which bucket such a host is.
        return Claim::Ours;
    }
    // A preflight is answered by the rules of the bucket, which are the same for all faces.
    if head.method == Method::OPTIONS {
        return Claim::Others;
    }
    if OURS.iter().any(|name| target.query.has(name)) || is_hit(&head.method, &target) {
        return Claim::Ours;
    }
    if head.method == Method::POST && target.key.is_empty() && is_form(&head.headers) {
        Claim::Form
    } else {
        Claim::Others
    }
}

/// Reads a form's fields and says whether it is UFile's; the body comes back whole.
async fn ours(head: &Parts, mut body: Incoming, pace: Pace) -> (bool, Incoming) {
    let kind = head.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let Some(boundary) = boundary(kind) else { return (false, body) };
    match begin(&mut body, &boundary, is_file, pace).await {
        Ok((beginning, read)) => {
            let ours = matches!(&beginning, Beginning::Form(head) if is_ours(head));
            (ours, futures::stream::once(async { Ok(read) }).chain(body).boxed())
        }
        Err(error) => (false, futures::stream::once(async move { Err(Box::new(error) as BodyError) }).boxed()),
    }
}

/// S3's forms call the key `key` and carry a policy of their own.
fn is_ours(head: &FormHead) -> bool {
    key(head).is_some() && head.field("key").is_none()
}

impl<B, F, R> tower::Service<Request<B>> for Front<F>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
    F: tower::Service<Request<RequestBody>, Response = Response<R>, Error = Infallible> + Clone + Send + 'static,
    F::Future: Send,
    R: http_body::Body<Data = Bytes> + Send + 'static,
    R::Error: Into<BodyError>,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let (head, body) = request.into_parts();
        let (ufile, mut behind) = (self.ufile.clone(), self.behind.clone());
        let claim = claim(&head, &ufile.config.hosts);
        Box::pin(async move {
            let body = body.map_err(|e| Broken(Box::new(e))).boxed_unsync();
            let (ours, body) = match claim {
                Claim::Ours => (true, body),
                Claim::Others => (false, body),
                Claim::Form => {
                    let body = BodyDataStream::new(body).map_err(|e| Box::new(e) as BodyError).boxed();
                    let (ours, body) = ours(&head, body, ufile.objects.config().pace).await;
                    (ours, UnsyncBoxBody::new(StreamBody::new(body.map_ok(Frame::data).map_err(Broken))))
                }
            };
            let request = Request::from_parts(head, body);
            if ours {
                return Ok(ufile.serve(request).await);
            }
            std::future::poll_fn(|cx| behind.poll_ready(cx)).await?;
            let answer = behind.call(request).await?;
            Ok(answer.map(|body| body.map_err(Into::into).boxed_unsync()))
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn whose_a_request_is() {
        let of = |method: &str, uri: &str, headers: &[(&str, &str)]| {
            let mut request = http::Request::builder().method(method).uri(uri).header("host", "photos.x");
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            claim(&request.body(()).unwrap().into_parts().0, &[])
        };
        let form = ("content-type", "multipart/form-data; boundary=b");
        assert_eq!(of("PUT", "/k", &[("authorization", "UCloud a:b")]), Claim::Ours);
        assert_eq!(of("PUT", "/k?opmeta", &[("authorization", "AWS4-HMAC-SHA256 …")]), Claim::Others);
        assert_eq!(of("GET", "/k?UCloudPublicKey=a&Signature=b&Expires=1", &[]), Claim::Ours);
        assert_eq!(of("GET", "/k?X-Amz-Signature=a", &[]), Claim::Others);
        assert_eq!(of("GET", "/?list-type=2", &[]), Claim::Others);
        assert_eq!(of("GET", "/?listobjects", &[]), Claim::Ours);
        assert_eq!(of("POST", "/uploadhit?Hash=a&FileName=b", &[]), Claim::Ours);
        assert_eq!(of("GET", "/uploadhit", &[]), Claim::Others);
        assert_eq!(of("OPTIONS", "/k?opmeta", &[]), Claim::Others);
        assert_eq!(of("POST", "/", &[form]), Claim::Form);
        assert_eq!(of("POST", "/", &[form, ("authorization", "UCloud a:b")]), Claim::Ours);
        assert_eq!(of("POST", "/k", &[form]), Claim::Others);
        let own = |uri: &str| {
            let request = http::Request::get(uri).header("host", "Img.Shop.example:9000").body(()).unwrap();
            claim(&request.into_parts().0, &[("img.shop.example".to_owned(), "photos".to_owned())])
        };
        assert_eq!(own("/k"), Claim::Ours, "a bucket's own host");
        assert_eq!(own("/k?X-Amz-Signature=a"), Claim::Others);
    }
}
