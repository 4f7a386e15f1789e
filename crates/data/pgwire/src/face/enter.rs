//! How a client gets in: no encryption, a key with its secret, a database that there is.

use std::sync::Arc;

use doorstep_identity::IdentityError;
use doorstep_lake::Session as Lake;
use doorstep_lake::catalog::{BUILT_IN_DATABASE, DEFAULT_DATABASE};
use pgwire::messages::startup::{Authentication, BackendKeyData, NegotiateProtocolVersion, SecretKey};
use pgwire::messages::{PgWireBackendMessage as Reply, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::cancel::Place;
use super::connection::{IDLE, Shared};
use super::output::Output;
use super::settings::Settings;
use crate::wire::{Frames, Message, Opening, message, opening};
use crate::{PgError, metrics};

/// Bytes of a message of somebody who is not in yet.
const STRANGERS: usize = 10_000;

/// A client that is in.
pub(super) struct Entered {
    pub(super) lake: Lake,
    pub(super) settings: Settings,
    pub(super) place: Place,
    pub(super) permit: OwnedSemaphorePermit,
}

/// Lets a client in, or tells it why not. Nothing comes back from one that only wanted to cancel.
pub(super) async fn enter<R, W>(
    frames: &mut Frames<R>,
    output: &mut Output<W>,
    shared: &Shared,
    places: &Arc<Semaphore>,
) -> Option<Entered>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    match try_enter(frames, output, shared, places).await {
        Ok(entered) => entered,
        Err(error) => {
            let why = match &error {
                PgError::Key => "key",
                PgError::Database { .. } => "database",
                PgError::Full(_) => "full",
                _ => "protocol",
            };
            ::metrics::counter!(metrics::REFUSED, "why" => why).increment(1);
            tracing::debug!(%error, "a PostgreSQL client did not get in");
            let info = error.info(true, |_| 1);
            let _ = output.failure(info);
            let _ = output.flush().await;
            None
        }
    }
}

async fn try_enter<R, W>(
    frames: &mut Frames<R>,
    output: &mut Output<W>,
    shared: &Shared,
    places: &Arc<Semaphore>,
) -> Result<Option<Entered>, PgError>
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let mut asked = 0;
    let (minor, options) = loop {
        let Some(body) = frames.opening(STRANGERS).await.map_err(unread)? else { return Ok(None) };
        match opening(body)? {
            Opening::Ssl | Opening::Gss if asked < 2 => {
                asked += 1;
                output.byte(b'N');
                output.flush().await?;
            }
            Opening::Ssl | Opening::Gss => return Err(PgError::Protocol("encryption was refused already".to_owned())),
            Opening::Cancel { process, secret } => {
                let met = if shared.cancels.cancel(process, &secret) { "met" } else { "missed" };
                ::metrics::counter!(metrics::CANCELS, "met" => met).increment(1);
                return Ok(None);
            }
            Opening::Startup { minor, options } => break (minor, options),
        }
    };
    let permit = Arc::clone(places).try_acquire_owned().map_err(|_| PgError::Full(shared.config.connections))?;
    if minor > 0 {
        negotiate(output, &options)?;
    }
    let option = |name: &str| options.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let user = option("user").unwrap_or_default().to_owned();
    output.say(&Reply::Authentication(Authentication::CleartextPassword))?;
    output.flush().await?;
    let Some((kind, body)) = frames.next(STRANGERS).await.map_err(unread)? else { return Ok(None) };
    let Message::Password(secret) = message(kind, body)? else {
        return Err(PgError::Protocol("a password was expected".to_owned()));
    };
    let principal = shared.keys.authenticate(&user, &secret).await.map_err(|error| match error {
        IdentityError::Invalid | IdentityError::Missing => PgError::Key,
        other => {
            tracing::warn!(error = %other, "a key could not be looked up");
            PgError::invalid("58000", "the key could not be looked up", "try again")
        }
    })?;
    let lake = shared.engine.session(principal);
    choose_database(&lake, shared, option("database").unwrap_or(&user), &user).await?;
    let mut settings = Settings::new(&user);
    for (name, value) in given(&options) {
        settings.set(&name, &value)?;
    }
    let place = shared.cancels.enter().map_err(|e| std::io::Error::other(e.to_string()))?;
    output.say(&Reply::Authentication(Authentication::Ok))?;
    for (name, value) in settings.told() {
        output.setting(name, value)?;
    }
    let secret = SecretKey::I32(i32::from_be_bytes(place.secret));
    output.say(&Reply::BackendKeyData(BackendKeyData::new(place.process, secret)))?;
    output.ready(IDLE)?;
    output.flush().await?;
    Ok(Some(Entered { lake, settings, place, permit }))
}

/// What is spoken is 3.0, without the options that later versions brought.
fn negotiate<W: AsyncWrite + Unpin>(output: &mut Output<W>, options: &[(String, String)]) -> Result<(), PgError> {
    let unknown = options.iter().map(|(name, _)| name.clone()).filter(|name| name.starts_with("_pq_."));
    let version = NegotiateProtocolVersion::new(ProtocolVersion::PROTOCOL3_0.into(), unknown.collect());
    output.say(&Reply::NegotiateProtocolVersion(version))
}

/// A client that names no database names its user in its place.
async fn choose_database(lake: &Lake, shared: &Shared, name: &str, user: &str) -> Result<(), PgError> {
    let there = shared.engine.catalog().holdings(lake.tenant()).await?;
    if name == BUILT_IN_DATABASE || there.databases.contains_key(name) {
        lake.use_database(name);
    } else if name == user || name.is_empty() {
        lake.use_database(DEFAULT_DATABASE);
    } else {
        let mut names: Vec<&str> = there.databases.keys().map(String::as_str).collect();
        names.push(BUILT_IN_DATABASE);
        return Err(PgError::Database { name: name.to_owned(), there: names.join(", ") });
    }
    Ok(())
}

/// Settings in a startup message: by themselves, and as `-c name=value` in `options`.
fn given(options: &[(String, String)]) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (name, value) in options {
        match name.as_str() {
            "user" | "database" | "replication" => {}
            "options" => {
                let words = value.replace("-c ", "-c");
                let pairs = words.split_whitespace().filter_map(|word| {
                    let (name, value) = word.strip_prefix("-c").or_else(|| word.strip_prefix("--"))?.split_once('=')?;
                    Some((name.replace('-', "_"), value.replace('\\', "")))
                });
                all.extend(pairs);
            }
            name if name.starts_with("_pq_.") => {}
            _ => all.push((name.clone(), value.clone())),
        }
    }
    all
}

fn unread(error: std::io::Error) -> PgError {
    if error.kind() == std::io::ErrorKind::InvalidData { PgError::Protocol(error.to_string()) } else { error.into() }
}

#[cfg(test)]
mod tests {
    use super::given;

    #[test]
    fn settings_are_found_in_a_startup_message() {
        let options = [("user", "u"), ("TimeZone", "UTC"), ("options", "-c statement_timeout=5000 --lc-time=C")];
        let options = options.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let names: Vec<String> = given(&options).into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(names, ["TimeZone=UTC", "statement_timeout=5000", "lc_time=C"]);
    }
}
