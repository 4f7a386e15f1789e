//! The face as a service: bounded, timed, measured.

use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use doorstep_identity::Keys;
use doorstep_meter::{SharedMetering, Unmetered};
use doorstep_objects::Objects;
use futures::future::BoxFuture;
use http::{Request, Response, StatusCode};
use s3s::config::{S3Config, StaticConfigProvider};
use s3s::service::{S3Service, S3ServiceBuilder};
use tokio::sync::Semaphore;

use crate::access::Gate;
use crate::answer::{self, refused};
use crate::auth::Secrets;
use crate::cors::{self, Origin};
use crate::form::{Forms, Post};
use crate::host::Domains;
use crate::metered::Payer;
use crate::metrics;
use crate::operations::Operations;
use crate::paced::{PacedBody, TooSlow};
use crate::website::Visit;

/// How the face is set.
#[derive(Clone, Debug)]
pub struct Config {
    /// Domains under which buckets are hosts: `photos.<domain>`.
    pub domains: Vec<String>,
    /// The region that clients sign for and are told.
    pub region: String,
    /// Requests at once; more are told to slow down.
    pub requests: usize,
    /// Domains under which buckets are websites: `photos.<domain>`.
    pub website_domains: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self { domains: Vec::new(), region: "us-east-1".to_owned(), requests: 1024, website_domains: Vec::new() }
    }
}

/// S3 as a `tower` service. Cheap to clone.
#[derive(Clone)]
pub struct S3Face {
    inner: S3Service,
    forms: Arc<Forms>,
    objects: Objects,
    domains: Arc<[String]>,
    websites: Arc<[String]>,
    region: Arc<str>,
    places: Arc<Semaphore>,
    meter: SharedMetering,
}

impl std::fmt::Debug for S3Face {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("S3Face").field("free", &self.places.available_permits()).finish_non_exhaustive()
    }
}

impl S3Face {
    /// The face of these objects for holders of these keys.
    #[must_use]
    pub fn new(objects: Objects, keys: Keys, config: Config) -> Self {
        let mut limits = S3Config::default();
        limits.xml_max_body_size = 2 << 20;
        // Forms for a bucket are taken in here; what else comes as one is refused by its head.
        limits.post_object_max_file_size = 0;
        limits.form_max_field_size = 64 << 10;
        limits.form_max_fields_size = 64 << 10;
        let region = Arc::from(config.region.as_str());
        let forms = Forms {
            face: Operations::new(objects.clone(), keys.clone(), config.region.clone()),
            gate: Gate { objects: objects.clone(), keys: keys.clone() },
        };
        let mut builder = S3ServiceBuilder::new(Operations::new(objects.clone(), keys.clone(), config.region));
        builder.set_config(Arc::new(StaticConfigProvider::new(Arc::new(limits))));
        builder.set_auth(Secrets(keys.clone()));
        builder.set_access(Gate { objects: objects.clone(), keys });
        let domains: Vec<String> = config.domains.iter().map(|d| d.to_ascii_lowercase()).collect();
        if !domains.is_empty() {
            builder.set_host(Domains(domains.clone()));
        }
        Self {
            inner: builder.build(),
            forms: Arc::new(forms),
            objects,
            domains: domains.into(),
            websites: config.website_domains.iter().map(|d| d.to_ascii_lowercase()).collect(),
            region,
            places: Arc::new(Semaphore::new(config.requests)),
            meter: Arc::new(Unmetered),
        }
    }

    /// The same face, with requests counted by this meter. What they send is counted by whoever sends it, by the mark
    /// [`Served`](doorstep_objects::Served).
    #[must_use]
    pub fn metered(mut self, meter: SharedMetering) -> Self {
        self.meter = meter;
        self
    }
}

/// The region that a request is signed for, if no region is called so. s3cmd signs for `US` until it is told.
fn foreign_region(headers: &http::HeaderMap) -> Option<&str> {
    let signed = headers.get(http::header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("AWS4-HMAC-SHA256")?;
    let scope = signed.split(',').find_map(|part| part.trim().strip_prefix("Credential="))?;
    let region = scope.rsplit('/').nth(2)?;
    let known = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (!region.bytes().all(known)).then_some(region)
}

/// Whether a signed address says that it is good for no time, or for longer than the seven days that S3 allows.
fn expires_wrongly(query: Option<&str>) -> bool {
    let seconds = query.into_iter().flat_map(|q| q.split('&')).find_map(|pair| pair.strip_prefix("X-Amz-Expires="));
    seconds.is_some_and(|seconds| !seconds.parse::<u32>().is_ok_and(|s| (1..=604_800).contains(&s)))
}

/// Bytes of names and values of a request's headers together, at most; S3's own limit.
pub(crate) const MOST_HEADERS: usize = 8 << 10;

/// Whether the headers are more than S3 takes.
pub(crate) fn oversized(headers: &http::HeaderMap) -> bool {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>() > MOST_HEADERS
}

/// What is said of an upload that was given up. The rest of its body is not waited for.
fn timed_out() -> Response<s3s::Body> {
    let message = "Your socket connection to the server was not read from or written to within the timeout period.";
    let mut response = refused(StatusCode::BAD_REQUEST, "RequestTimeout", message, "");
    response.headers_mut().insert(http::header::CONNECTION, http::HeaderValue::from_static("close"));
    response
}

/// Tells the region to sign for; clients then sign again.
fn elsewhere(region: &str) -> Response<s3s::Body> {
    let message = format!("The authorization header is malformed; the region is wrong; expecting '{region}'");
    let more = format!("<Region>{region}</Region>");
    refused(StatusCode::BAD_REQUEST, "AuthorizationHeaderMalformed", &message, &more)
}

impl<B> tower::Service<Request<B>> for S3Face
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Response = Response<s3s::Body>;
    type Error = std::convert::Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let method = request.method().clone();
        let started = doorstep_clock::monotonic();
        let head = method == http::Method::HEAD;
        let (mut inner, places, objects) = (self.inner.clone(), Arc::clone(&self.places), self.objects.clone());
        let post = Post::of(&request, &self.domains).map(|post| (post, Arc::clone(&self.forms)));
        let (payer, meter) = (Payer::default(), Arc::clone(&self.meter));
        if let Some(visit) = Visit::of(&request, &self.websites) {
            return Box::pin(async move {
                let response = match places.try_acquire_owned() {
                    Err(_) => {
                        refused(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate.", "")
                    }
                    Ok(_place) => visit.answer(&objects, &payer).await,
                };
                metrics::answered(&method, response.status(), started.elapsed());
                Ok(payer.charge(&meter, response))
            });
        }
        let origin = Origin::of(&request, &self.domains);
        if let Some(region) = foreign_region(request.headers()) {
            tracing::debug!(region, "a request is signed for something that is no region");
            let response = elsewhere(&self.region);
            metrics::answered(&method, response.status(), started.elapsed());
            return Box::pin(std::future::ready(Ok(response)));
        }
        if oversized(request.headers()) {
            let message = "Your request header section exceeds the maximum allowed size.";
            let more = format!("<MaxSizeAllowed>{MOST_HEADERS}</MaxSizeAllowed>");
            let response = refused(StatusCode::BAD_REQUEST, "RequestHeaderSectionTooLarge", message, &more);
            metrics::answered(&method, response.status(), started.elapsed());
            return Box::pin(std::future::ready(Ok(response)));
        }
        let asked = answer::Request::of(&request);
        let (slow, pace) = (TooSlow::default(), objects.config().pace);
        let limited = slow.clone();
        let expired = expires_wrongly(request.uri().query());
        let options = method == http::Method::OPTIONS;
        request.extensions_mut().insert(payer.clone());
        let request = request.map(|body| PacedBody::new(body, pace, limited));
        Box::pin(async move {
            let allowed = match &origin {
                Some(origin) => origin.ask(&objects).await,
                None => None,
            };
            if origin.as_ref().is_some_and(|origin| origin.preflight) {
                return Ok(cors::preflight(allowed.as_ref()));
            }
            if options {
                let message = "Insufficient information. Origin request header needed.";
                return Ok(refused(StatusCode::BAD_REQUEST, "BadRequest", message, ""));
            }
            let mut response = match places.try_acquire_owned() {
                Ok(_) if expired => refused(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired", ""),
                Err(_) => refused(StatusCode::SERVICE_UNAVAILABLE, "SlowDown", "Please reduce your request rate.", ""),
                Ok(_place) => match post {
                    Some((post, forms)) => forms.answer(post, request, &payer).await,
                    None => match tower::Service::call(&mut inner, request).await {
                        Ok(response) => response,
                        Err(error) => {
                            tracing::error!(error = ?error, "an S3 request failed on the wire");
                            refused(StatusCode::INTERNAL_SERVER_ERROR, "InternalError", "The request failed.", "")
                        }
                    },
                },
            };
            if slow.happened() {
                response = timed_out();
            }
            response = asked.finish(response).await;
            if head && !response.status().is_success() {
                *response.body_mut() = s3s::Body::empty();
            }
            if let Some(allowed) = &allowed {
                cors::allow(response.headers_mut(), allowed, false);
            }
            metrics::answered(&method, response.status(), started.elapsed());
            Ok(payer.charge(&meter, response))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_no_region_is_sent_elsewhere() {
        let of = |region: &str| {
            let text = format!(
                "AWS4-HMAC-SHA256 Credential=key_1/20260101/{region}/s3/aws4_request,SignedHeaders=host,Signature=0"
            );
            let value = http::HeaderValue::from_str(&text).ok();
            let headers = value.into_iter().map(|value| (http::header::AUTHORIZATION, value)).collect();
            foreign_region(&headers).map(str::to_owned)
        };
        assert_eq!(of("US"), Some("US".to_owned()));
        assert_eq!(of("us-east-1"), None);
        assert!(expires_wrongly(Some("a=b&X-Amz-Expires=604801")) && expires_wrongly(Some("X-Amz-Expires=-7")));
        assert!(!expires_wrongly(Some("X-Amz-Expires=60&a")) && !expires_wrongly(None));
        assert_eq!(foreign_region(&http::HeaderMap::new()), None);
    }
}
