//! A bucket as a website: pages by their paths, for whoever reads without a key.
//!
//! Every page is a public object: what a stranger may not read by the bucket's policy or lists is not shown.

use std::sync::Arc;

use bytes::Bytes;
use doorstep_objects::website::{Elsewhere, Website};
use doorstep_objects::{Bucket, ByteRange, Found, Get, Objects, ObjectsError, ReadConditions, Served, bucket_of_host};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use s3s::dto::StreamingBlob;
use sync_wrapper::SyncStream;

use crate::access::stranger_may_read;
use crate::convert::{http_date, percent_decoded, url_encoded};
use crate::metered::Payer;

/// What a visit is called in logs.
const WEBSITE_GET: &str = "GetWebsitePage";

/// A request for a page.
pub(crate) struct Visit {
    bucket: String,
    method: Method,
    uri: Uri,
    host: String,
    headers: HeaderMap,
}

impl Visit {
    /// `None` for a request to any other host than a website's.
    pub(crate) fn of<B>(request: &Request<B>, domains: &[String]) -> Option<Self> {
        let host = request.headers().get(header::HOST).and_then(|v| v.to_str().ok()).or(request.uri().host())?;
        let bucket = bucket_of_host(host, domains)?;
        Some(Self {
            bucket,
            method: request.method().clone(),
            uri: request.uri().clone(),
            host: host.to_owned(),
            headers: request.headers().clone(),
        })
    }

    /// The page, or the error as a website shows it. The bucket's owner pays for what he lets be seen.
    pub(crate) async fn answer(self, objects: &Objects, payer: &Payer) -> Response<s3s::Body> {
        let bucket = match objects.bucket(&self.bucket).await {
            Ok(bucket) => bucket,
            Err(ObjectsError::NoSuchBucket(_)) => return page(404, "NoSuchBucket", "There is no such bucket."),
            Err(error) => return failed(&error),
        };
        let Some(site) = &bucket.settings.website else {
            let message = "The specified bucket does not have a website configuration";
            return page(404, "NoSuchWebsiteConfiguration", message);
        };
        if self.method != Method::GET && self.method != Method::HEAD {
            return page(405, "MethodNotAllowed", "A website is read only.");
        }
        let Some(path) = percent_decoded(self.uri.path().trim_start_matches('/')) else {
            return page(400, "InvalidURI", "The path is not percent-encoded UTF-8.");
        };
        let (key, operation) = (Some(site.key(&path)), WEBSITE_GET.into());
        payer.asks(Served { bucket: Arc::clone(&bucket), key, operation, who: None, let_in: false });
        let mut response = self.find(objects, &bucket, site, &path).await;
        if response.status() != StatusCode::FORBIDDEN {
            payer.pays(&bucket.tenant, Some(&bucket.name), WEBSITE_GET);
        }
        if self.method == Method::HEAD {
            *response.body_mut() = s3s::Body::empty();
        }
        response
    }

    async fn find(&self, objects: &Objects, bucket: &Bucket, site: &Website, path: &str) -> Response<s3s::Body> {
        if let Some(to) = site.elsewhere(path, None) {
            return self.lead(&to);
        }
        let key = site.key(path);
        let error = match self.show(objects, bucket, &key).await {
            Ok(shown) => return shown,
            Err(error) => error,
        };
        if let (404, Some(inside)) = (error.0, site.inside(path))
            && matches!(self.read(objects, bucket, &inside, Get::default()).await, Ok(Ok(_)))
        {
            let to = Elsewhere { status: 302, protocol: None, host: None, key: format!("{path}/") };
            return self.lead(&to);
        }
        if let Some(to) = site.elsewhere(path, Some(error.0)) {
            return self.lead(&to);
        }
        if let Some(key) = &site.error
            && let Ok(Ok(found)) = self.read(objects, bucket, key, Get::default()).await
        {
            return shown(found, StatusCode::from_u16(error.0).unwrap_or(StatusCode::NOT_FOUND));
        }
        page(error.0, error.1, error.2)
    }

    /// The object, the error that is shown instead, or a failure.
    async fn read(
        &self,
        objects: &Objects,
        bucket: &Bucket,
        key: &str,
        get: Get,
    ) -> Result<Result<Found, Refused>, ObjectsError> {
        match stranger_may_read(objects, bucket, key, &self.headers).await {
            Ok(true) => {}
            Ok(false) => return Ok(Err((403, "AccessDenied", "Access Denied"))),
            Err(_) => return Ok(Err((503, "SlowDown", "Please try again."))),
        }
        match objects.get(bucket, key, get).await {
            Ok(found) if !found.object.readable(objects.now()) => {
                Ok(Err((403, "InvalidObjectState", "The page is archived.")))
            }
            Ok(found) => Ok(Ok(found)),
            Err(ObjectsError::NoSuchKey { .. }) => Ok(Err((404, "NoSuchKey", "The specified key does not exist."))),
            Err(ObjectsError::CustomerKey(_)) => Ok(Err((403, "AccessDenied", "Access Denied"))),
            Err(error) => Err(error),
        }
    }

    async fn show(&self, objects: &Objects, bucket: &Bucket, key: &str) -> Result<Response<s3s::Body>, Refused> {
        let text = |name: HeaderName| self.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let get = Get {
            range: text(header::RANGE).and_then(|range| ByteRange::parse(&range)),
            conditions: ReadConditions {
                if_match: text(header::IF_MATCH),
                if_none_match: text(header::IF_NONE_MATCH),
                ..ReadConditions::default()
            },
            ..Get::default()
        };
        match self.read(objects, bucket, key, get).await {
            Ok(Ok(found)) => {
                if let Some(to) = &found.object.meta.headers.redirect {
                    return Ok(led(301, to));
                }
                let status = if found.partial { StatusCode::PARTIAL_CONTENT } else { StatusCode::OK };
                Ok(shown(found, status))
            }
            Ok(Err(refused)) => Err(refused),
            Err(ObjectsError::NotModified { etag, .. }) => {
                let mut response = Response::new(s3s::Body::empty());
                *response.status_mut() = StatusCode::NOT_MODIFIED;
                put(response.headers_mut(), header::ETAG, &format!("\"{etag}\""));
                Ok(response)
            }
            Err(ObjectsError::PreconditionFailed(_)) => Err((412, "PreconditionFailed", "A condition does not hold.")),
            Err(ObjectsError::InvalidRange { .. }) => Err((416, "InvalidRange", "The range is not in the page.")),
            Err(error) => Ok(failed(&error)),
        }
    }

    fn lead(&self, to: &Elsewhere) -> Response<s3s::Body> {
        let path = url_encoded(&to.key);
        let location = match (&to.host, &to.protocol) {
            (None, None) => format!("/{path}"),
            (host, protocol) => {
                let host = host.as_deref().unwrap_or(&self.host);
                format!("{}://{host}/{path}", protocol.as_deref().unwrap_or("http"))
            }
        };
        led(to.status, &location)
    }
}

/// Status, S3's code, and words.
type Refused = (u16, &'static str, &'static str);

fn put(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

fn led(status: u16, location: &str) -> Response<s3s::Body> {
    let mut response = Response::new(s3s::Body::empty());
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::MOVED_PERMANENTLY);
    put(response.headers_mut(), header::LOCATION, location);
    response
}

fn shown(found: Found, status: StatusCode) -> Response<s3s::Body> {
    let meta = &found.object.meta.headers;
    let mut headers = HeaderMap::new();
    put(&mut headers, header::CONTENT_TYPE, meta.content_type.as_deref().unwrap_or("binary/octet-stream"));
    let kept = [
        (header::CACHE_CONTROL, &meta.cache_control),
        (header::CONTENT_DISPOSITION, &meta.content_disposition),
        (header::CONTENT_ENCODING, &meta.content_encoding),
        (header::CONTENT_LANGUAGE, &meta.content_language),
        (header::EXPIRES, &meta.expires),
    ];
    for (name, value) in kept {
        value.iter().for_each(|value| put(&mut headers, name.clone(), value));
    }
    put(&mut headers, header::ETAG, &format!("\"{}\"", found.object.etag));
    put(&mut headers, header::LAST_MODIFIED, &http_date(found.object.modified));
    put(&mut headers, header::ACCEPT_RANGES, "bytes");
    headers.insert(header::CONTENT_LENGTH, (found.range.end - found.range.start).into());
    if found.partial {
        let range = format!("bytes {}-{}/{}", found.range.start, found.range.end.saturating_sub(1), found.object.size);
        put(&mut headers, header::CONTENT_RANGE, &range);
    }
    let mut response = Response::new(s3s::Body::from(StreamingBlob::wrap::<_, _>(SyncStream::new(found.body))));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

fn page(status: u16, code: &str, message: &str) -> Response<s3s::Body> {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let title = format!("{} {}", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let text = format!(
        "<!DOCTYPE html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1><ul><li>Code: {code}</li><li>Message: {message}</li></ul></body></html>\n"
    );
    let mut response = Response::new(s3s::Body::from(Bytes::from(text)));
    *response.status_mut() = status;
    put(response.headers_mut(), header::CONTENT_TYPE, "text/html; charset=utf-8");
    response
}

fn failed(error: &ObjectsError) -> Response<s3s::Body> {
    tracing::error!(%error, "a page could not be read");
    page(503, "SlowDown", "The page could not be read; try again.")
}
