//! Requests that may be sent twice but must act once.
//!
//! The key, the work and the answer share one transaction: either all are stored or none. A
//! duplicate sent while the first is running waits for it, on SQLite because writers take
//! turns, on PostgreSQL because the insert of the same key blocks.

use doorstep_clock::Timestamp;

use crate::{Migration, StoreError, Tx, params};

/// How long faces remember an answer, milliseconds.
pub const REMEMBERED_MS: i64 = 24 * 3_600_000;

/// The table of remembered answers.
pub const MIGRATIONS: &[Migration] = &[Migration::same(
    "store/0003_idempotency",
    "CREATE TABLE idempotency(scope TEXT NOT NULL, key TEXT NOT NULL, request_hash BYTEA NOT NULL, \
     status BIGINT, body TEXT, expires_at BIGINT NOT NULL, PRIMARY KEY (scope, key)); \
     CREATE INDEX idempotency_expires ON idempotency(expires_at)",
)];

/// An answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: String,
    /// Whether this is the stored answer of an earlier request.
    pub replayed: bool,
}

/// Runs `f` the first time `key` is seen in `scope` and stores its answer for `ttl_ms`; later
/// calls with the same `request_hash` get that answer, others
/// [`StoreError::IdempotencyMismatch`]. An `Err` of `f` stores nothing, so the caller may retry;
/// a refusal that will never change should be an `Ok(Answer)`.
#[allow(clippy::too_many_arguments)] // every argument is a different fact, a struct would be used once
pub fn once<E: From<StoreError>>(
    tx: &mut dyn Tx,
    scope: &str,
    key: &str,
    request_hash: &[u8],
    now: Timestamp,
    ttl_ms: i64,
    f: &mut dyn FnMut(&mut dyn Tx) -> Result<Answer, E>,
) -> Result<Answer, E> {
    let ours = tx.execute(
        "INSERT INTO idempotency(scope, key, request_hash, status, body, expires_at) VALUES ($1, $2, $3, NULL, NULL, $4) \
         ON CONFLICT (scope, key) DO UPDATE SET request_hash = excluded.request_hash, status = NULL, body = NULL, \
         expires_at = excluded.expires_at WHERE idempotency.expires_at <= $5",
        params![scope, key, request_hash, now.plus_ms(ttl_ms), now],
    )? > 0;
    if ours {
        let answer = Answer { replayed: false, ..f(tx)? };
        tx.execute(
            "UPDATE idempotency SET status = $1, body = $2 WHERE scope = $3 AND key = $4",
            params![answer.status, &answer.body, scope, key],
        )?;
        return Ok(answer);
    }
    // Swept between the two statements: the caller's retry will find it free.
    Ok(known(tx, scope, key, request_hash, now)?.ok_or(StoreError::Conflict { attempts: 1 })?)
}

/// The answer that is stored for `key`, without doing anything.
///
/// # Errors
/// [`StoreError::IdempotencyMismatch`] when it is that of another request.
pub fn known(
    tx: &mut dyn Tx,
    scope: &str,
    key: &str,
    request_hash: &[u8],
    now: Timestamp,
) -> Result<Option<Answer>, StoreError> {
    let sql = "SELECT request_hash, status, body FROM idempotency WHERE scope = $1 AND key = $2 AND expires_at > $3";
    let Some(stored) = tx.query_opt(sql, params![scope, key, now])? else { return Ok(None) };
    if stored.blob("request_hash")? != request_hash {
        return Err(StoreError::IdempotencyMismatch { key: key.to_owned() });
    }
    let status = stored.int("status")?;
    let status = u16::try_from(status)
        .map_err(|e| StoreError::Decode { key: format!("idempotency status {status}"), reason: e.to_string() })?;
    Ok(Some(Answer { status, body: stored.text("body")?, replayed: true }))
}

/// Forgets answers past their time; returns how many.
pub fn sweep(tx: &mut dyn Tx, now: Timestamp) -> Result<u64, StoreError> {
    tx.execute("DELETE FROM idempotency WHERE expires_at <= $1", params![now])
}
