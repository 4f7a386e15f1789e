//! Messages on a connection: each within its bound, and no memory before its bytes are there.

use std::io::{Error, ErrorKind};

use bytes::{Buf as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Bytes that are read ahead while an answer is under way.
const AHEAD: usize = 64 << 10;

/// A client's side of a connection.
pub(crate) struct Frames<R> {
    from: R,
    held: BytesMut,
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
        Self { from, held: BytesMut::new() }
    }

    /// What a connection begins with; nothing when it ends first.
    pub(crate) async fn opening(&mut self, most: usize) -> std::io::Result<Option<Bytes>> {
        if !self.more().await? {
            return Ok(None);
        }
        self.body(0, most).await.map(Some)
    }

    /// The next message's type and body; nothing when the client has closed the connection.
    pub(crate) async fn next(&mut self, most: usize) -> std::io::Result<Option<(u8, Bytes)>> {
        if !self.more().await? {
            return Ok(None);
        }
        let kind = self.held[0];
        Ok(Some((kind, self.body(1, most).await?)))
    }

    /// Waits until something is there; false when nothing will come.
    async fn more(&mut self) -> std::io::Result<bool> {
        Ok(!self.held.is_empty() || self.from.read_buf(&mut self.held).await? > 0)
    }

    async fn hold(&mut self, bytes: usize) -> std::io::Result<()> {
        while self.held.len() < bytes {
            if self.from.read_buf(&mut self.held).await? == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(())
    }

    /// The body of a message whose length stands at a byte. Memory grows as its bytes come.
    async fn body(&mut self, at: usize, most: usize) -> std::io::Result<Bytes> {
        self.hold(at + 4).await?;
        let length = (&self.held[at..at + 4]).get_i32();
        let Some(size) = usize::try_from(length).ok().and_then(|n| n.checked_sub(4)).filter(|n| *n <= most) else {
            return Err(Error::new(ErrorKind::InvalidData, TooLong { bytes: length, most: most.saturating_add(4) }));
        };
        self.hold(at + 4 + size).await?;
        self.held.advance(at + 4);
        Ok(self.held.split_to(size).freeze())
    }

    /// Resolves when the client has closed the connection. What it sends meanwhile stays to be read; of one that sends
    /// much ahead it is not known.
    pub(crate) async fn gone(&mut self) {
        while self.held.len() < AHEAD {
            match self.from.read_buf(&mut self.held).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            }
        }
        std::future::pending::<()>().await;
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
        // What comes while an answer is under way is not lost.
        let mut ahead = Frames::new(&b"S\0\0\0\x04X\0\0\0\x04"[..]);
        ahead.gone().await;
        assert_eq!(ahead.next(10).await.unwrap().unwrap().0, b'S');
        assert_eq!(ahead.next(10).await.unwrap().unwrap().0, b'X');
    }
}
