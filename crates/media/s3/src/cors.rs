//! Pages of other origins: preflights are answered, and answers say who may read them.

use doorstep_objects::{CorsAnswer, Objects, bucket_of_host, cors};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};

/// What a request says of the page that it comes from.
pub(crate) struct Origin {
    bucket: String,
    origin: String,
    method: String,
    headers: Vec<String>,
    pub(crate) preflight: bool,
}

fn text(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

impl Origin {
    /// `None` for a request that no page of another origin makes, or that names no bucket.
    pub(crate) fn of<B>(request: &Request<B>, domains: &[String]) -> Option<Self> {
        let headers = request.headers();
        let origin = text(headers, header::ORIGIN)?;
        let by_host = text(headers, header::HOST).and_then(|name| bucket_of_host(&name, domains));
        let first = || request.uri().path().trim_start_matches('/').split('/').next().unwrap_or_default().to_owned();
        let bucket = by_host.unwrap_or_else(first);
        let wanted = text(headers, header::ACCESS_CONTROL_REQUEST_METHOD);
        let preflight = request.method() == Method::OPTIONS && wanted.is_some();
        let asked = text(headers, header::ACCESS_CONTROL_REQUEST_HEADERS).filter(|_| preflight).unwrap_or_default();
        let asked = asked.split(',').map(str::trim).filter(|h| !h.is_empty()).map(str::to_owned).collect();
        // Some clients name the method of the page's script also where they ask nothing beforehand.
        let method = wanted.unwrap_or_else(|| request.method().as_str().to_owned());
        (!bucket.is_empty()).then_some(Self { bucket, origin, method, headers: asked, preflight })
    }

    /// What the bucket's rules answer.
    pub(crate) async fn ask(&self, objects: &Objects) -> Option<CorsAnswer> {
        let bucket = objects.bucket(&self.bucket).await.ok()?;
        let headers: Vec<&str> = self.headers.iter().map(String::as_str).collect();
        cors(&bucket.settings.cors, &self.origin, &self.method, &headers)
    }
}

/// Writes the answer into a response's headers.
pub(crate) fn allow(headers: &mut HeaderMap, answer: &CorsAnswer, preflight: bool) {
    for (name, value) in answer.headers(preflight) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// The answer to a preflight.
pub(crate) fn preflight(answer: Option<&CorsAnswer>) -> Response<s3s::Body> {
    let mut response = Response::new(s3s::Body::empty());
    match answer {
        Some(answer) => allow(response.headers_mut(), answer, true),
        None => *response.status_mut() = StatusCode::FORBIDDEN,
    }
    response
}
