//! One connection: the SASL exchange, then calls and answers until it ends.

use std::{pin::pin, sync::Arc, time::Duration};

use doorstep_identity::{IdentityError, Keys, Principal};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, BufStream};

use super::calls::Calls;
use crate::{Config, Runner, metrics, sasl, thrift};

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) keys: Keys,
    pub(crate) runner: Runner,
}

/// Thrift's number for a call that is not known.
const UNKNOWN_METHOD: i32 = 1;
/// Thrift's number for a message that is not understood.
const PROTOCOL_ERROR: i32 = 7;

/// Serves a connection to its end. Its sessions end with it.
pub(crate) async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send>(stream: S, shared: Arc<Shared>) {
    let mut stream = BufStream::new(stream);
    let hello = tokio::time::timeout(shared.config.hello, enter(&mut stream, &shared)).await;
    let Ok(Some(principal)) = hello else { return };
    ::metrics::gauge!(metrics::CONNECTIONS).increment(1.0);
    tracing::debug!(key = %principal.key, "a Hive client is in");
    if let Err(error) = converse(&mut stream, &shared, principal).await {
        tracing::debug!(%error, "a Hive connection broke off");
    }
    ::metrics::gauge!(metrics::CONNECTIONS).decrement(1.0);
}

async fn enter<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>, shared: &Shared) -> Option<Principal> {
    let plain = match sasl::receive(stream).await {
        Ok(plain) => plain,
        Err(error) => {
            ::metrics::counter!(metrics::REFUSED, "why" => "sasl").increment(1);
            tracing::debug!(%error, "a Hive client did not get in");
            return None;
        }
    };
    match shared.keys.authenticate(&plain.access, &plain.secret).await {
        Ok(principal) => {
            sasl::accept(stream).await.ok()?;
            Some(principal)
        }
        Err(error) => {
            ::metrics::counter!(metrics::REFUSED, "why" => "key").increment(1);
            let reason = match error {
                IdentityError::Invalid | IdentityError::Missing => {
                    "this access key or its secret is not good: user is the access key, password its secret".to_owned()
                }
                other => {
                    tracing::warn!(error = %other, "a key could not be looked up");
                    "the key could not be looked up; try again".to_owned()
                }
            };
            let _ = sasl::refuse(stream, &reason).await;
            None
        }
    }
}

async fn converse<S: AsyncRead + AsyncWrite + Unpin + Send>(
    stream: &mut BufStream<S>,
    shared: &Arc<Shared>,
    principal: Principal,
) -> std::io::Result<()> {
    let mut calls = Calls::new(Arc::clone(shared), principal);
    let config = &shared.config;
    let mut ticks = tokio::time::interval((config.operation_idle / 4).max(Duration::from_millis(10)));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let next = {
            let mut next = pin!(tokio::time::timeout(config.idle, sasl::read_frame(stream, config.frame_bytes)));
            loop {
                tokio::select! {
                    read = &mut next => break read,
                    _ = ticks.tick() => calls.give_up_idle(),
                }
            }
        };
        let frame = match next {
            Ok(Ok(Some(frame))) => frame,
            Ok(Ok(None)) | Err(_) => return Ok(()),
            Ok(Err(error)) => return Err(error),
        };
        let answer = match thrift::read_call(&frame) {
            Ok(call) => {
                let answer = tokio::select! {
                    answer = calls.answer(&call) => answer,
                    // Nobody is there to hear the answer: what runs for it ends.
                    () = gone(stream) => return Ok(()),
                };
                answer.unwrap_or_else(|| {
                    let message = format!("there is no call {:?}", call.name.chars().take(64).collect::<String>());
                    thrift::exception(&call.name, call.sequence, UNKNOWN_METHOD, &message)
                })
            }
            Err(error) => thrift::exception("", 0, PROTOCOL_ERROR, &error.to_string()),
        };
        // A client that takes nothing any more is as good as gone.
        let sent = tokio::time::timeout(config.idle, sasl::write_frame(stream, &answer)).await;
        sent.map_err(|_| std::io::Error::from(std::io::ErrorKind::TimedOut))??;
    }
}

/// Resolves when the client has closed the connection. What it sent ahead stays to be read.
async fn gone<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) {
    let more = stream.fill_buf().await.is_ok_and(|bytes| !bytes.is_empty());
    if more {
        std::future::pending::<()>().await;
    }
}
