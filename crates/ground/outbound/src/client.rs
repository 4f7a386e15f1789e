//! Asking: one request, bounded in time and bytes.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Client, header, redirect};

use crate::guard::Resolver;
use crate::{Guard, OutboundError};

/// What an answer may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Until a connection stands.
    pub connect: Duration,
    /// Until the whole answer is there.
    pub total: Duration,
    /// Bytes of an answer.
    pub answer: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connect: Duration::from_secs(3), total: Duration::from_secs(10), answer: 64 << 10 }
    }
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// `Content-Type`.
    pub content_type: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// Asks hosts that others name, behind a [`Guard`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Outbound {
    client: Client,
    guard: Guard,
    limits: Limits,
}

impl Outbound {
    /// Asks what `guard` lets through, within `limits`.
    ///
    /// # Errors
    /// [`OutboundError::Client`].
    pub fn new(guard: Guard, limits: Limits) -> Result<Self, OutboundError> {
        let client = Client::builder()
            .dns_resolver(std::sync::Arc::new(Resolver(guard.clone())))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .connect_timeout(limits.connect)
            .timeout(limits.total)
            .pool_max_idle_per_host(1)
            .user_agent("doorstep")
            .build()
            .map_err(|e| OutboundError::Client(e.to_string()))?;
        Ok(Self { client, guard, limits })
    }

    /// The guard, to refuse an address before it is needed.
    #[must_use]
    pub fn guard(&self) -> &Guard {
        &self.guard
    }

    /// Posts a body and waits for the answer.
    ///
    /// # Errors
    /// What the guard refuses; [`OutboundError::NoAnswer`], [`OutboundError::TooLarge`].
    pub async fn post(&self, url: &str, content_type: &str, body: String) -> Result<Answer, OutboundError> {
        let url = self.guard.check(url)?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let failed = |error: &reqwest::Error| refused(&host, error);
        let request = self.client.post(url).header(header::CONTENT_TYPE, content_type).body(body);
        let mut response = request.send().await.map_err(|e| failed(&e))?;
        let status = response.status().as_u16();
        let content_type =
            response.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).map(str::to_owned);
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(|e| failed(&e))? {
            if body.len() + piece.len() > self.limits.answer {
                return Err(OutboundError::TooLarge { host, limit: self.limits.answer });
            }
            body.extend_from_slice(&piece);
        }
        tracing::debug!(%host, status, bytes = body.len(), "a host that a caller named has answered");
        Ok(Answer { status, content_type, body: body.freeze() })
    }
}

/// The reason at the bottom says what happened; those above it only where.
fn refused(host: &str, error: &reqwest::Error) -> OutboundError {
    let mut deepest: &dyn std::error::Error = error;
    while let Some(source) = deepest.source() {
        if let Some(OutboundError::Inside(name)) = source.downcast_ref::<OutboundError>() {
            return OutboundError::Inside(name.clone());
        }
        deepest = source;
    }
    let reason = if error.is_timeout() { "it took too long".to_owned() } else { deepest.to_string() };
    OutboundError::NoAnswer { host: host.to_owned(), reason }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::Router;
    use axum::http::StatusCode;
    use axum::response::Redirect;
    use axum::routing::post;

    use super::*;

    async fn server() -> u16 {
        let router = Router::new()
            .route("/echo", post(|body: String| async move { format!("heard {body}") }))
            .route("/large", post(|| async { "x".repeat(100) }))
            .route("/slow", post(|| async { tokio::time::sleep(Duration::from_secs(30)).await }))
            .route("/away", post(|| async { Redirect::temporary("http://169.254.169.254/") }))
            .route("/no", post(|| async { StatusCode::FORBIDDEN }));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        port
    }

    fn outbound(allowed: &[&str]) -> Outbound {
        let allowed: Vec<String> = allowed.iter().map(|a| (*a).to_owned()).collect();
        let limits = Limits { total: Duration::from_millis(700), answer: 50, ..Limits::default() };
        Outbound::new(Guard::new(&allowed), limits).unwrap()
    }

    #[tokio::test]
    async fn what_is_allowed_is_asked_within_limits() {
        let port = server().await;
        let out = outbound(&["127.0.0.1"]);
        let ask = |path: &'static str| {
            let out = out.clone();
            async move { out.post(&format!("http://127.0.0.1:{port}/{path}"), "text/plain", "hello".to_owned()).await }
        };
        let heard = ask("echo").await.unwrap();
        assert_eq!((heard.status, &*heard.body), (200, b"heard hello".as_slice()));
        assert_eq!(ask("no").await.unwrap().status, 403);
        assert_eq!(ask("away").await.unwrap().status, 307, "redirects are told, not followed");
        assert!(matches!(ask("large").await, Err(OutboundError::TooLarge { limit: 50, .. })));
        assert!(matches!(ask("slow").await, Err(OutboundError::NoAnswer { .. })));
    }

    #[tokio::test]
    async fn a_name_that_points_inside_gets_nowhere() {
        let port = server().await;
        let ask = |out: Outbound| async move {
            out.post(&format!("http://localhost:{port}/echo"), "text/plain", String::new()).await
        };
        assert!(matches!(ask(outbound(&[])).await, Err(OutboundError::Inside(name)) if name == "localhost"));
        assert_eq!(ask(outbound(&["localhost"])).await.unwrap().status, 200);
    }
}
