//! One connection: who it is, then messages and answers until it ends.

use std::sync::Arc;

use doorstep_identity::Keys;
use doorstep_lake::LocalEngine;
use pgwire::messages::response::TransactionStatus;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use super::cancel::Cancels;
use super::enter::enter;
use super::output::Output;
use super::session::Session;
use crate::wire::{Frames, Message, message};
use crate::{Config, PgError, metrics};

/// What all connections share.
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) keys: Keys,
    pub(crate) engine: LocalEngine,
    pub(crate) cancels: Cancels,
}

/// Counts a connection as long as it lives.
struct Counted;

impl Counted {
    fn new() -> Self {
        ::metrics::gauge!(metrics::CONNECTIONS).increment(1.0);
        Self
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        ::metrics::gauge!(metrics::CONNECTIONS).decrement(1.0);
    }
}

/// Serves a connection to its end. What it runs ends with it.
pub(crate) async fn serve(stream: TcpStream, shared: Arc<Shared>, places: Arc<Semaphore>) {
    let (from, to) = stream.into_split();
    let mut frames = Frames::new(from);
    let mut output = Output::new(to, shared.config.idle);
    let hello = tokio::time::timeout(shared.config.hello, enter(&mut frames, &mut output, &shared, &places)).await;
    let Ok(Some(entered)) = hello else { return };
    let _counted = Counted::new();
    let who = entered.lake.principal();
    let span = tracing::info_span!("postgres", key = %who.key, tenant = %who.tenant);
    let mut session = Session::new(shared, entered, output);
    let served = converse(&mut frames, &mut session).instrument(span.clone()).await;
    if let Err(error) = served {
        span.in_scope(|| tracing::debug!(%error, "a PostgreSQL connection ended"));
        // Whoever is gone does not read the reason.
        let info = error.info(true, |_| 1);
        let _ = session.output.failure(info);
        let _ = session.output.flush().await;
    }
}

async fn converse<R: AsyncRead + Unpin + Send, W: AsyncWrite + Unpin + Send>(
    frames: &mut Frames<R>,
    session: &mut Session<W>,
) -> Result<(), PgError> {
    // After an error in a series of messages the rest of it is passed over.
    let mut passing_over = false;
    loop {
        let Some((kind, body)) = heard(frames, session).await? else { return Ok(()) };
        let message = message(kind, body)?;
        match &message {
            Message::Terminate => return Ok(()),
            Message::Sync => {
                passing_over = false;
                session.sync().await?;
                continue;
            }
            _ if passing_over => continue,
            _ => {}
        }
        let simple = matches!(message, Message::Query(_));
        let answered = tokio::select! {
            biased;
            answered = session.answer(message) => answered,
            // Nobody is there to hear the answer: what runs for it ends.
            () = frames.gone() => return Ok(()),
        };
        match answered {
            Ok(()) => {}
            Err(error @ (PgError::Io(_) | PgError::Malformed(_) | PgError::Protocol(_))) => return Err(error),
            Err(error) => {
                session.failed(&error)?;
                passing_over = !simple;
            }
        }
        if simple {
            session.ready().await?;
        }
    }
}

/// The next message. Rows that nobody fetches meanwhile are given up.
async fn heard<R: AsyncRead + Unpin + Send, W: AsyncWrite + Unpin + Send>(
    frames: &mut Frames<R>,
    session: &mut Session<W>,
) -> Result<Option<(u8, bytes::Bytes)>, PgError> {
    let config = &session.shared.config;
    let (idle, portal_idle, most) = (config.idle, config.portal_idle, config.message_bytes);
    let mut next = std::pin::pin!(tokio::time::timeout(idle, frames.next(most)));
    let next = tokio::select! {
        next = &mut next => next,
        () = tokio::time::sleep(portal_idle) => {
            session.give_up();
            next.await
        }
    };
    match next {
        Ok(Ok(heard)) => Ok(heard),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => Err(PgError::Protocol(error.to_string())),
        Ok(Err(error)) => Err(error.into()),
        Err(_) => {
            let reason = format!("this connection said nothing for {} s (postgres.idle_s)", idle.as_secs());
            Err(PgError::invalid("57P05", reason, "connect again"))
        }
    }
}

/// How a transaction stands, as it is told.
pub(super) const IDLE: TransactionStatus = TransactionStatus::Idle;
