//! Bodies that a client holds back until it is told to go on (`Expect: 100-continue`, RFC 9110, section 10.1.1).
//!
//! A client that gets its answer in place of the word to go on keeps the body and may send its next request at once.
//! The connection still waits for the body, and would take the head of that request for it: what is read behind is a
//! request that nobody wrote. So an answer that comes before the whole body was read closes the connection.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    http::{HeaderValue, Request, Response, header},
};
use http_body::{Frame, SizeHint};

/// Whether a body that may be held back was read to its end; nothing of others.
pub(crate) struct HeldBack(Option<Arc<AtomicBool>>);

impl HeldBack {
    /// Watches the body of a request whose client waits for the word to go on.
    pub(crate) fn watch<B>(request: Request<B>) -> (Request<Body>, Self)
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Into<axum::BoxError>,
    {
        if !request.headers().contains_key(header::EXPECT) || request.body().is_end_stream() {
            return (request.map(Body::new), Self(None));
        }
        let ended = Arc::new(AtomicBool::new(false));
        let body = |body| Body::new(Watched { body, ended: Arc::clone(&ended) });
        (request.map(body), Self(Some(Arc::clone(&ended))))
    }

    /// Has the connection closed behind an answer that came before the body.
    pub(crate) fn close_if_unread<B>(&self, response: &mut Response<B>) {
        if self.0.as_ref().is_some_and(|ended| !ended.load(Ordering::Acquire)) {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
    }
}

struct Watched<B> {
    body: B,
    ended: Arc<AtomicBool>,
}

impl<B: HttpBody + Unpin> HttpBody for Watched<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        // Readers that count bytes do not ask for the end behind the last of them.
        if matches!(polled, Poll::Ready(None)) || self.body.is_end_stream() {
            self.ended.store(true, Ordering::Release);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
