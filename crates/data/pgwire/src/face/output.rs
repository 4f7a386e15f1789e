//! A server's side of a connection: messages are gathered and sent, each within its time.

use std::time::Duration;

use bytes::BytesMut;
use pgwire::error::ErrorInfo;
use pgwire::messages::PgWireBackendMessage as Message;
use pgwire::messages::data::{FieldDescription, ParameterDescription, RowDescription};
use pgwire::messages::response::{CommandComplete, ErrorResponse, NoticeResponse, ReadyForQuery, TransactionStatus};
use pgwire::messages::startup::ParameterStatus;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};

use crate::PgError;

/// Bytes that are gathered before they are sent.
const FULL: usize = 64 << 10;

/// See the module's head.
pub(super) struct Output<W> {
    to: W,
    gathered: Vec<u8>,
    /// Bytes of them that are sent: sending may be broken off and taken up again.
    sent: usize,
    patience: Duration,
}

impl<W: AsyncWrite + Unpin> Output<W> {
    /// A client that takes nothing for `patience` is as good as gone.
    pub(super) fn new(to: W, patience: Duration) -> Self {
        Self { to, gathered: Vec::new(), sent: 0, patience }
    }

    /// Gathers a message.
    pub(super) fn say(&mut self, message: &Message) -> Result<(), PgError> {
        let mut bytes = BytesMut::new();
        message.encode(&mut bytes).map_err(|e| PgError::Protocol(e.to_string()))?;
        self.gathered.extend_from_slice(&bytes);
        Ok(())
    }

    /// Gathers a byte that is no message.
    pub(super) fn byte(&mut self, byte: u8) {
        self.gathered.push(byte);
    }

    /// What is gathered, for rows to be added.
    pub(super) fn gathered(&mut self) -> &mut Vec<u8> {
        &mut self.gathered
    }

    /// Room before it is time to send, bytes.
    pub(super) fn room(&self) -> usize {
        FULL.saturating_sub(self.gathered.len())
    }

    /// Sends what is gathered.
    pub(super) async fn flush(&mut self) -> Result<(), PgError> {
        let sent = tokio::time::timeout(self.patience, async {
            while self.sent < self.gathered.len() {
                match self.to.write(&self.gathered[self.sent..]).await? {
                    0 => return Err(std::io::ErrorKind::WriteZero.into()),
                    written => self.sent += written,
                }
            }
            self.to.flush().await
        });
        sent.await.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
        self.gathered.clear();
        self.sent = 0;
        // One large row does not keep its memory for the connection's life.
        self.gathered.shrink_to(4 * FULL);
        Ok(())
    }

    pub(super) fn complete(&mut self, tag: impl Into<String>) -> Result<(), PgError> {
        self.say(&Message::CommandComplete(CommandComplete::new(tag.into())))
    }

    pub(super) fn failure(&mut self, info: ErrorInfo) -> Result<(), PgError> {
        self.say(&Message::ErrorResponse(ErrorResponse::from(info)))
    }

    pub(super) fn notice(&mut self, state: &str, text: &str) -> Result<(), PgError> {
        let mut info = ErrorInfo::new("WARNING".to_owned(), state.to_owned(), text.to_owned());
        info.severity_nonlocalized = Some("WARNING".to_owned());
        self.say(&Message::NoticeResponse(NoticeResponse::from(info)))
    }

    pub(super) fn setting(&mut self, name: String, value: String) -> Result<(), PgError> {
        self.say(&Message::ParameterStatus(ParameterStatus::new(name, value)))
    }

    pub(super) fn columns(&mut self, columns: Vec<FieldDescription>) -> Result<(), PgError> {
        self.say(&Message::RowDescription(RowDescription::new(columns)))
    }

    pub(super) fn parameters(&mut self, types: Vec<u32>) -> Result<(), PgError> {
        self.say(&Message::ParameterDescription(ParameterDescription::new(types)))
    }

    pub(super) fn ready(&mut self, status: TransactionStatus) -> Result<(), PgError> {
        self.say(&Message::ReadyForQuery(ReadyForQuery::new(status)))
    }
}
