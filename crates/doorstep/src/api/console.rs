//! The console: a built web application inside the binary, served at `/`.

use std::borrow::Cow;

use axum::{
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header, uri::Authority},
    response::{Html, IntoResponse, Response},
};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::{
    app::App,
    problem::{Code, Problem},
};

#[derive(RustEmbed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Console;

/// What is served in its place by a binary that was built without `web/dist`.
const NOT_BUILT: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Doorstep: console not built</title>
<h1>The console is not part of this binary</h1>
<p>It was built without <code>web/dist</code>. Run <code>make build</code> in the project, which builds the console
and then the binary. The API works all the same: see <a href="/docs">the API page</a>.</p>
</html>
"#;

/// What a page of ours may load: itself, and pictures out of buckets under the name that the page was asked by.
/// MapLibre starts its workers from blobs and draws into them.
fn content_security_policy(app: &App, asked: &HeaderMap) -> HeaderValue {
    let host = asked.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let pictures = app.buckets.as_ref().and_then(|buckets| picture_source(host, buckets.at.port()));
    let pictures = pictures.unwrap_or_default();
    HeaderValue::from_str(&format!(
        "default-src 'self'; script-src 'self'; worker-src 'self' blob:; child-src blob:; style-src 'self' \
         'unsafe-inline'; img-src 'self' data: blob:{pictures}; connect-src 'self' ws: wss:; font-src 'self' data:; \
         object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ))
    .expect("the host was looked at: the policy is visible ASCII")
}

/// The objects port on the page's own host, as a further source of that policy. None for hosts that such a policy
/// cannot name: addresses of IPv6.
fn picture_source(host: &str, port: u16) -> Option<String> {
    let authority: Authority = host.parse().ok()?;
    let name = authority.host();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    (!name.is_empty() && name.bytes().all(plain)).then(|| format!(" {name}:{port}"))
}

/// Files under here carry a hash of their content in their name.
const HASHED: &str = "assets/";

/// The file at the request's path, else the application's page for paths that look like pages.
pub(crate) async fn serve(State(app): State<App>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Problem::new(Code::MethodNotAllowed, "pages are read with GET").into_response();
    }
    let policy = content_security_policy(&app, request.headers());
    let path = request.uri().path().trim_start_matches('/');
    let path = if path.is_empty() { "index" } else { path };
    let (path, file) = match Console::get(path) {
        Some(file) => (path, file),
        // A missing file with an extension is a mistake; anything else is a place inside the application.
        None if !path.rsplit('/').next().unwrap_or_default().contains('.') => match Console::get("index.html") {
            Some(page) => ("index.html", page),
            None => return not_built(policy),
        },
        None => return Problem::not_found("page", path).into_response(),
    };
    respond(path, file, request.headers(), policy)
}

fn not_built(policy: HeaderValue) -> Response {
    let mut response = (StatusCode::OK, Html(NOT_BUILT)).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    response
}

fn respond(path: &str, file: EmbeddedFile, asked: &HeaderMap, policy: HeaderValue) -> Response {
    let tag = etag(&file.metadata.sha256_hash());
    let mut response = if known(asked, &tag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let body = match file.data {
            Cow::Borrowed(bytes) => Body::from(bytes),
            Cow::Owned(bytes) => Body::from(bytes),
        };
        let mut response = Response::new(body);
        if let Ok(kind) = HeaderValue::from_str(file.metadata.mimetype()) {
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
        }
        response
    };
    let headers = response.headers_mut();
    let caching = if path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::ETAG, tag);
    headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin"));
    response
}

/// A strong validator out of a SHA-256: its first 16 bytes.
pub(crate) fn etag(hash: &[u8]) -> HeaderValue {
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    HeaderValue::from_str(&format!("\"{hex}\"")).expect("hex digits are a header value")
}

/// Whether the caller has this version already.
pub(crate) fn known(asked: &HeaderMap, tag: &HeaderValue) -> bool {
    let Some(given) = asked.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) else { return false };
    let tag = tag.to_str().unwrap_or_default();
    // Compression on the way makes the tag weak; the content is the same.
    given.split(',').map(|part| part.trim().trim_start_matches("W/")).any(|part| part == tag || part == "*")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn pictures_come_from_the_pages_own_host_alone() {
        assert_eq!(picture_source("127.0.0.1:8080", 9000).unwrap(), " 127.0.0.1:9000");
        assert_eq!(picture_source("city.example", 9000).unwrap(), " city.example:9000");
        for host in ["", "[::1]:8080", "a;script-src *", "a b", "*", "x'y"] {
            assert_eq!(picture_source(host, 9000), None, "{host}");
        }
    }
}
