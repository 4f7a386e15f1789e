//! A body whose bytes are counted as they leave: what a client did not fetch is not told.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::body::{Body, Bytes, HttpBody};
use http_body::{Frame, SizeHint};

/// A body that tells `ended`, once, how many bytes of it were taken.
struct Counted<F: FnOnce(u64)> {
    body: Body,
    sent: u64,
    ended: Option<F>,
}

/// `body`, and at its end, whole or broken off, `ended` with the bytes that were taken.
pub(crate) fn counted<F>(body: Body, ended: F) -> Body
where
    F: FnOnce(u64) + Send + Unpin + 'static,
{
    Body::new(Counted { body, sent: 0, ended: Some(ended) })
}

impl<F: FnOnce(u64) + Unpin> HttpBody for Counted<F> {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &polled
            && let Some(data) = frame.data_ref()
        {
            self.sent += data.len() as u64;
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

impl<F: FnOnce(u64)> Drop for Counted<F> {
    fn drop(&mut self) {
        if let Some(ended) = self.ended.take() {
            ended(self.sent);
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use http_body_util::BodyExt as _;

    use super::*;

    #[tokio::test]
    async fn what_is_not_taken_is_not_counted() {
        let told = Arc::new(AtomicU64::new(u64::MAX));
        let tell = |told: &Arc<AtomicU64>| {
            let told = Arc::clone(told);
            move |sent| told.store(sent, Ordering::Relaxed)
        };
        let whole = counted(Body::from("0123456789"), tell(&told));
        assert_eq!(whole.size_hint().exact(), Some(10));
        whole.collect().await.unwrap();
        assert_eq!(told.load(Ordering::Relaxed), 10);
        let parts = futures::stream::iter(["abc", "def"].map(|part| Ok::<_, std::io::Error>(Bytes::from(part))));
        let mut broken = counted(Body::from_stream(parts), tell(&told));
        broken.frame().await.unwrap().unwrap();
        drop(broken);
        assert_eq!(told.load(Ordering::Relaxed), 3);
    }
}
