//! What surrounds every request: time limit, caught panics, security headers, log line, metrics.

use std::{
    any::Any,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    extract::{MatchedPath, Request, State},
    http::{HeaderName, HeaderValue, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use doorstep_clock::monotonic;
use doorstep_identity::{MAIN_TENANT, Principal};
use futures::FutureExt as _;

use super::{
    app::App,
    problem::{Code, Problem},
    request_id,
};
use crate::{
    facts,
    node::metrics::{REQUEST_SECONDS, REQUESTS},
};

/// In a request's extensions: for a handler whose work has a limit of its own, as uploads and statements have.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnLimit(Arc<AtomicBool>);

impl OwnLimit {
    /// The request has arrived in time; how long its answer takes is bounded elsewhere.
    pub(crate) fn begins(&self) {
        self.0.store(true, Ordering::Release);
    }
}

/// An answer's head must be there in time; streams may then go on for ever.
pub(crate) async fn in_time(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let limit = Duration::from_secs_f64(app.limits.request_timeout_s);
    let own = OwnLimit::default();
    request.extensions_mut().insert(own.clone());
    let mut answered = pin!(next.run(request));
    match tokio::time::timeout(limit, answered.as_mut()).await {
        Ok(response) => response,
        Err(_) if own.0.load(Ordering::Acquire) => answered.await,
        Err(_) => Problem::new(Code::Timeout, format!("no answer within {} s", app.limits.request_timeout_s))
            .retry_after(1)
            .into_response(),
    }
}

/// A fault in one request stays in that request.
pub(crate) async fn contain_panics(request: Request, next: Next) -> Response {
    match std::panic::AssertUnwindSafe(next.run(request)).catch_unwind().await {
        Ok(response) => response,
        Err(panic) => Problem::internal(&format_args!("panic: {}", message(&*panic))).into_response(),
    }
}

fn message(panic: &(dyn Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("of an unknown kind")
}

/// Headers that every answer carries.
pub(crate) async fn harden(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers
        .entry(HeaderName::from_static("cross-origin-resource-policy"))
        .or_insert(HeaderValue::from_static("same-site"));
    response
}

/// One log line and two metrics for each request.
pub(crate) async fn observe(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = monotonic();
    let method = request.method().clone();
    let path = request.uri().path().to_owned();
    // The pattern, not the path: a label must not grow with the number of orders.
    let route = request.extensions().get::<MatchedPath>().map_or("other", MatchedPath::as_str).to_owned();
    let response = next.run(request).await;
    let took = started.elapsed();
    let status = response.status().as_u16();
    let code = response.extensions().get::<Code>().map_or("none", |code| code.as_str());
    let id = request_id::current();
    let ms = took.as_secs_f64() * 1000.0;
    if response.status().is_server_error() {
        tracing::warn!(%method, path, status, code, ms, id, "answered");
    } else {
        tracing::debug!(%method, path, status, code, ms, id, "answered");
    }
    if app.facts.wanted() && path.starts_with("/v1/") {
        let who = response.extensions().get::<Arc<Principal>>();
        let row = serde_json::json!({
            "tenant": who.map_or(MAIN_TENANT, |who| who.tenant.as_str()), "key": who.map(|who| &who.key),
            "method": method.as_str(), "route": route, "path": path, "status": status, "ms": ms,
            "code": response.extensions().get::<Code>().map(|code| code.as_str()),
        });
        app.facts.tell(facts::tables::REQUESTS, id, app.wall.now(), row);
    }
    metrics::histogram!(REQUEST_SECONDS, "route" => route.clone()).record(took.as_secs_f64());
    let status = response.status().as_str().to_owned();
    metrics::counter!(REQUESTS, "method" => method.to_string(), "route" => route, "status" => status, "code" => code)
        .increment(1);
    response
}
