//! One connection: the SASL exchange, then calls and answers until it ends.

use std::sync::Arc;

use doorstep_identity::{IdentityError, Keys, Principal};
use tokio::io::{AsyncRead, AsyncWrite, BufStream};

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
    loop {
        let next = sasl::read_frame(stream, shared.config.frame_bytes);
        let frame = match tokio::time::timeout(shared.config.idle, next).await {
            Ok(Ok(Some(frame))) => frame,
            Ok(Ok(None)) | Err(_) => return Ok(()),
            Ok(Err(error)) => return Err(error),
        };
        let answer = match thrift::read_call(&frame) {
            Ok(call) => calls.answer(&call).await.unwrap_or_else(|| {
                let message = format!("there is no call {:?}", call.name.chars().take(64).collect::<String>());
                thrift::exception(&call.name, call.sequence, UNKNOWN_METHOD, &message)
            }),
            Err(error) => thrift::exception("", 0, PROTOCOL_ERROR, &error.to_string()),
        };
        sasl::write_frame(stream, &answer).await?;
    }
}
