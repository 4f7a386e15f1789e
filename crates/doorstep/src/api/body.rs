//! Bodies: read up to a limit, and what is beyond it is read and thrown away.

use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes};
use futures::StreamExt as _;

use super::problem::{Answer, Code, Problem};

/// How much of a body that is too large is read on, so that its sender, who is still writing, gets to read why
/// it was refused: a connection closed before would take the answer with it.
const DRAINED: usize = 64 << 20;
/// And for how long.
const DRAINED_WITHIN: Duration = Duration::from_secs(5);

/// A body that is read piece by piece, up to a limit in bytes.
pub(crate) struct Limited {
    stream: BodyDataStream,
    left: usize,
    /// The setting that the limit comes from.
    setting: &'static str,
}

impl Limited {
    pub(crate) fn new(body: Body, limit: usize, setting: &'static str) -> Self {
        Self { stream: body.into_data_stream(), left: limit, setting }
    }

    /// The next piece; `None` at the end.
    pub(crate) async fn next(&mut self) -> Answer<Option<Bytes>> {
        match self.stream.next().await {
            None => Ok(None),
            Some(Ok(bytes)) if bytes.len() <= self.left => {
                self.left -= bytes.len();
                Ok(Some(bytes))
            }
            Some(Ok(_)) => {
                self.drain().await;
                let detail = format!("the body is larger than {} allows; send less, or send it in parts", self.setting);
                Err(Problem::new(Code::TooLarge, detail))
            }
            Some(Err(error)) => Err(Problem::new(Code::InvalidBody, format!("the body broke off: {error}"))),
        }
    }

    /// All of it.
    pub(crate) async fn collect(mut self) -> Answer<Vec<u8>> {
        let mut text = Vec::new();
        while let Some(bytes) = self.next().await? {
            text.extend_from_slice(&bytes);
        }
        Ok(text)
    }

    async fn drain(&mut self) {
        let mut left = DRAINED;
        let rest = async {
            while let Some(Ok(bytes)) = self.stream.next().await {
                left = left.saturating_sub(bytes.len());
                if left == 0 {
                    return;
                }
            }
        };
        // Whoever is slower or sends more does not read the reason.
        let _ = tokio::time::timeout(DRAINED_WITHIN, rest).await;
    }
}
