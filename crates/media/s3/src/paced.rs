//! A request's body, kept to its pace on the wire: also where the wire's crate reads it whole.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use bytes::Bytes;
use doorstep_objects::{Pace, Paced};
use http_body::{Body, Frame, SizeHint};
use tokio::time::Sleep;

/// Set when a body came too slowly: whatever the request's answer is, it is a timeout.
#[derive(Clone, Debug, Default)]
pub(crate) struct TooSlow(Arc<AtomicBool>);

impl TooSlow {
    pub(crate) fn happened(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// The body.
pub(crate) struct PacedBody<B> {
    inner: Pin<Box<B>>,
    paced: Paced,
    alarm: Option<Pin<Box<Sleep>>>,
    slow: TooSlow,
}

impl<B> PacedBody<B> {
    pub(crate) fn new(inner: B, pace: Pace, slow: TooSlow) -> Self {
        Self { inner: Box::pin(inner), paced: Paced::new(pace), alarm: None, slow }
    }
}

impl<B> Body for PacedBody<B>
where
    B: Body<Data = Bytes>,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let this = &mut *self;
        if let Poll::Ready(frame) = this.inner.as_mut().poll_frame(cx) {
            let bytes = match &frame {
                Some(Ok(frame)) => frame.data_ref().map_or(0, |data| data.len() as u64),
                _ => 0,
            };
            this.paced.came(bytes);
            this.alarm = None;
            return Poll::Ready(frame.map(|frame| frame.map_err(io::Error::other)));
        }
        let alarm = this.alarm.get_or_insert_with(|| Box::pin(tokio::time::sleep(this.paced.wait())));
        std::task::ready!(alarm.as_mut().poll(cx));
        this.slow.0.store(true, Ordering::Release);
        let refusal = this.paced.refusal();
        tracing::debug!(%refusal, "an upload is given up");
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, refusal))))
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
