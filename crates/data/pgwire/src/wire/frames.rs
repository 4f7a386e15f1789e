//! Messages on a connection: each within its bound, and no memory before its bytes are there.

use std::io::{Error, ErrorKind};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, BufReader};

/// Memory that a message gets before its bytes have come, bytes.
const AHEAD: usize = 16 << 10;

/// A client's side of a connection.
pub(crate) struct Frames<R> {
    from: BufReader<R>,
}

/// A message of a length that is none, or longer than it may be.
#[derive(Debug, thiserror::Error)]
#[error("a message says that it has {bytes} bytes: one has 4 to {most}")]
pub(crate) struct TooLong {
    bytes: i32,
    most: usize,
}

impl<R: AsyncRead + Unpin> Frames<R> {
    pub(crate) fn new(from: R) -> Self {
        Self { from: BufReader::new(from) }
    }

    /// What a connection begins with; nothing when it ends first.
    pub(crate) async fn opening(&mut self, most: usize) -> std::io::Result<Option<Bytes>> {
        if self.from.fill_buf().await?.is_empty() {
            return Ok(None);
        }
        self.body(most).await.map(Some)
    }

    /// The next message's type and body; nothing when the client has closed the connection.
    pub(crate) async fn next(&mut self, most: usize) -> std::io::Result<Option<(u8, Bytes)>> {
        if self.from.fill_buf().await?.is_empty() {
            return Ok(None);
        }
        let kind = self.from.read_u8().await?;
        Ok(Some((kind, self.body(most).await?)))
    }

    async fn body(&mut self, most: usize) -> std::io::Result<Bytes> {
        let length = self.from.read_i32().await?;
        let Some(size) = usize::try_from(length).ok().and_then(|n| n.checked_sub(4)).filter(|n| *n <= most) else {
            return Err(Error::new(ErrorKind::InvalidData, TooLong { bytes: length, most: most.saturating_add(4) }));
        };
        let mut body = BytesMut::with_capacity(size.min(AHEAD));
        let mut rest = (&mut self.from).take(size as u64);
        while body.len() < size {
            if rest.read_buf(&mut body).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(body.freeze())
    }

    /// Resolves when the client has closed the connection. What it sent ahead stays to be read.
    pub(crate) async fn gone(&mut self) {
        let more = self.from.fill_buf().await.is_ok_and(|bytes| !bytes.is_empty());
        if more {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_message_has_the_length_it_says() {
        let mut frames = Frames::new(&b"Q\0\0\0\x06ab X\0\0\0\x04"[..]);
        let (kind, body) = frames.next(10).await.unwrap().unwrap();
        assert_eq!((kind, &body[..]), (b'Q', &b"ab"[..]));
        for bad in [&b"Q\x7f\xff\xff\xff"[..], b"Q\0\0\0\x03", b"Q\xff\xff\xff\xff"] {
            let error = Frames::new(bad).next(10).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        }
        let short = Frames::new(&b"Q\0\0\0\x08ab"[..]).next(10).await.unwrap_err();
        assert_eq!(short.kind(), ErrorKind::UnexpectedEof);
        assert!(Frames::new(&b""[..]).next(10).await.unwrap().is_none());
    }
}
