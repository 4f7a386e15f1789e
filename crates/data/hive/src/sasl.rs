//! The SASL exchange in front of the Thrift frames, with the mechanism PLAIN (RFC 4616) only.
//!
//! A client says START with the mechanism's name, then OK (or COMPLETE) with its response; the server answers
//! COMPLETE, or BAD with a text. Behind that every message is a frame: four bytes of length, then the bytes.

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

/// Longest payload of one step of the exchange; PLAIN needs two names and a secret.
const MAX_STEP: usize = 16 << 10;
const START: u8 = 1;
const OK: u8 = 2;
const BAD: u8 = 3;
const COMPLETE: u8 = 5;

/// Why an exchange did not come to its end.
#[derive(Debug, thiserror::Error)]
pub enum SaslError {
    /// The connection broke.
    #[error("the connection broke during the SASL exchange: {0}")]
    Io(#[from] std::io::Error),
    /// The client speaks without SASL, or something else.
    #[error("expected a SASL exchange: connect with auth PLAIN (for JDBC: no `auth=noSasl` in the URL)")]
    NotSasl,
    /// A step that is too long or out of order.
    #[error("a SASL step with status {status} and {length} bytes is not expected here")]
    Step {
        /// The status byte.
        status: u8,
        /// The payload's length.
        length: usize,
    },
    /// A mechanism other than PLAIN.
    #[error("the mechanism `{0}` is not supported: use PLAIN with an access key and its secret")]
    Mechanism(String),
    /// The response is not one of PLAIN.
    #[error("the PLAIN response is malformed: expected user and password")]
    Malformed,
}

/// What a client shows: an access key and its secret.
#[derive(Clone, PartialEq, Eq)]
pub struct Plain {
    /// The user's name: the access key.
    pub access: String,
    /// The password: the key's secret.
    pub secret: String,
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plain").field("access", &self.access).finish_non_exhaustive()
    }
}

/// Reads `[authzid] NUL authcid NUL password`.
///
/// # Errors
/// [`SaslError::Malformed`].
pub fn parse_plain(response: &[u8]) -> Result<Plain, SaslError> {
    let text = std::str::from_utf8(response).map_err(|_| SaslError::Malformed)?;
    let mut parts = text.split('\0');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(_), Some(access), Some(secret), None) if !access.is_empty() => {
            Ok(Plain { access: access.to_owned(), secret: secret.to_owned() })
        }
        _ => Err(SaslError::Malformed),
    }
}

/// Reads the client's side of the exchange up to its response.
///
/// # Errors
/// Any [`SaslError`]; the client has been told when it can be.
pub async fn receive<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<Plain, SaslError> {
    let told = exchange(stream).await;
    if let Err(error @ (SaslError::Mechanism(_) | SaslError::Malformed | SaslError::Step { .. })) = &told {
        refuse(stream, &error.to_string()).await?;
    }
    told
}

async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) -> Result<Plain, SaslError> {
    let status = stream.read_u8().await?;
    if status != START {
        return Err(SaslError::NotSasl);
    }
    let mechanism = payload(stream, status).await?;
    if mechanism != b"PLAIN" {
        return Err(SaslError::Mechanism(String::from_utf8_lossy(&mechanism).chars().take(32).collect()));
    }
    let status = stream.read_u8().await?;
    if status != OK && status != COMPLETE {
        return Err(SaslError::Step { status, length: 0 });
    }
    parse_plain(&payload(stream, status).await?)
}

async fn payload<S: AsyncRead + Unpin>(stream: &mut S, status: u8) -> Result<Vec<u8>, SaslError> {
    let length = stream.read_u32().await? as usize;
    if length > MAX_STEP {
        return Err(SaslError::Step { status, length });
    }
    let mut payload = vec![0; length];
    stream.read_exact(&mut payload).await?;
    Ok(payload)
}

/// Tells the client that it is in.
///
/// # Errors
/// The connection's.
pub async fn accept<S: AsyncWrite + Unpin>(stream: &mut S) -> Result<(), SaslError> {
    step(stream, COMPLETE, b"").await
}

/// Tells the client why it is not.
///
/// # Errors
/// The connection's.
pub async fn refuse<S: AsyncWrite + Unpin>(stream: &mut S, reason: &str) -> Result<(), SaslError> {
    step(stream, BAD, reason.as_bytes()).await
}

async fn step<S: AsyncWrite + Unpin>(stream: &mut S, status: u8, payload: &[u8]) -> Result<(), SaslError> {
    let mut bytes = vec![status];
    bytes.extend(u32::try_from(payload.len()).unwrap_or(0).to_be_bytes());
    bytes.extend(payload);
    stream.write_all(&bytes).await?;
    Ok(stream.flush().await?)
}

/// The next frame; `None` when the client closed the connection between two.
///
/// # Errors
/// The connection's, or a frame longer than `most` bytes.
pub async fn read_frame<S: AsyncRead + Unpin>(stream: &mut S, most: usize) -> std::io::Result<Option<Vec<u8>>> {
    let mut head = [0; 4];
    match stream.read(&mut head).await? {
        0 => return Ok(None),
        4 => {}
        part => drop(stream.read_exact(&mut head[part..]).await?),
    }
    let length = u32::from_be_bytes(head) as usize;
    if length > most {
        let message = format!("a frame of {length} bytes is longer than {most} (hive.frame_bytes)");
        return Err(std::io::Error::new(std::io::ErrorKind::InvalidData, message));
    }
    // Memory follows the bytes that arrive, not the length that is claimed.
    let mut frame = Vec::with_capacity(length.min(64 << 10));
    let read = stream.take(length as u64).read_to_end(&mut frame).await?;
    if read < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(frame))
}

/// Sends a frame.
///
/// # Errors
/// The connection's.
pub async fn write_frame<S: AsyncWrite + Unpin>(stream: &mut S, bytes: &[u8]) -> std::io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| std::io::Error::from(std::io::ErrorKind::InvalidData))?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(bytes).await?;
    stream.flush().await
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    async fn told(sent: &[u8]) -> (Result<Plain, SaslError>, Vec<u8>) {
        let (mut client, mut server) = tokio::io::duplex(1 << 16);
        client.write_all(sent).await.unwrap();
        client.shutdown().await.unwrap();
        let got = receive(&mut server).await;
        drop(server);
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        (got, answer)
    }

    #[tokio::test]
    async fn plain_is_understood_and_others_are_told() {
        let good = [&[1, 0, 0, 0, 5][..], b"PLAIN", &[2, 0, 0, 0, 8], b"\0key_1\0s"].concat();
        let (got, answer) = told(&good).await;
        assert_eq!(got.unwrap(), Plain { access: "key_1".to_owned(), secret: "s".to_owned() });
        assert!(answer.is_empty(), "the caller says whether the key is good");

        let (got, answer) = told(&[&[1, 0, 0, 0, 6][..], b"GSSAPI"].concat()).await;
        assert!(matches!(got, Err(SaslError::Mechanism(m)) if m == "GSSAPI"));
        assert_eq!(answer[0], BAD);
        assert!(String::from_utf8_lossy(&answer[5..]).contains("use PLAIN"));

        assert!(matches!(told(&[0x80, 1, 0, 1]).await.0, Err(SaslError::NotSasl)));
        assert!(matches!(told(&[1, 0xff, 0xff, 0xff, 0xff]).await.0, Err(SaslError::Step { .. })));
        assert!(matches!(told(&[1, 0, 0]).await.0, Err(SaslError::Io(_))));
    }

    #[tokio::test]
    async fn frames_are_bounded() {
        let bytes = [0, 0, 0, 2, 7, 8, 0, 0];
        let mut stream = &bytes[..];
        assert_eq!(read_frame(&mut stream, 10).await.unwrap(), Some(vec![7, 8]));
        assert!(read_frame(&mut stream, 10).await.is_err(), "half a head");
        assert_eq!(read_frame(&mut &b""[..], 10).await.unwrap(), None);
        assert!(read_frame(&mut &[0, 0, 1, 0, 1][..], 10).await.unwrap_err().to_string().contains("256 bytes"));
        assert!(read_frame(&mut &[0, 0, 0, 9, 1][..], 10).await.is_err(), "cut off");
    }

    #[test]
    fn the_parts_of_plain() {
        assert_eq!(parse_plain(b"who\0a\0b").unwrap().access, "a");
        for bad in [&b""[..], b"a", b"a\0b", b"\0\0s", b"\0a\0b\0c", b"\0\xff\0b"] {
            assert!(parse_plain(bad).is_err());
        }
    }
}
