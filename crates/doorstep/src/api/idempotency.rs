//! Writes that may be sent twice but act once: `Idempotency-Key`.
//!
//! The key, the work and its answer share one store transaction. What must happen in memory after the
//! commit (telling the live city) is handed back to the caller and happens for the first answer only.

use std::sync::Arc;

use axum::{
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use doorstep_clock::Timestamp;
use doorstep_identity::Principal;
use doorstep_store::{Store, Tx, idempotency};
use parking_lot::Mutex;
use serde::Serialize;

use super::{
    extract,
    problem::{Answer, PROBLEM_JSON, Problem},
    request_id,
};

pub(crate) const HEADER: HeaderName = HeaderName::from_static("idempotency-key");
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The caller's key and what it stands for.
#[derive(Clone, Debug)]
pub(crate) struct Idempotency {
    key: String,
    hash: Vec<u8>,
}

impl Idempotency {
    /// What the headers ask for; `target` and `body` must be equal when the key comes again.
    pub(crate) fn of(headers: &HeaderMap, target: &str, body: &[u8]) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(HEADER) else { return Ok(None) };
        let key = value.to_str().ok().map(|key| key.trim().trim_matches('"')).unwrap_or_default();
        if key.is_empty() || key.len() > 255 {
            let reason = "is empty, longer than 255 characters or not plain ASCII";
            return Err(Problem::field("Idempotency-Key", reason, "send a fresh UUID for every new request"));
        }
        Ok(Some(Self { key: key.to_owned(), hash: extract::hash(target, body) }))
    }
}

#[cfg(feature = "lake")]
impl Idempotency {
    /// The same key for a statement that writes rows, which has a transaction of its own.
    pub(crate) fn for_rows(self, caller: &Principal) -> doorstep_lake::catalog::Once {
        doorstep_lake::catalog::Once { scope: scope(caller), key: self.key, hash: self.hash }
    }
}

/// Keys of different callers are different keys.
fn scope(caller: &Principal) -> String {
    format!("{}/{}", caller.tenant, caller.key)
}

/// What a write's transaction comes to: the answer, and what is left to do in memory after the commit.
pub(crate) struct Done<T> {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    pub(crate) effect: T,
}

impl<T> Done<T> {
    /// An answer with this body.
    pub(crate) fn new(status: StatusCode, body: &impl Serialize, effect: T) -> Answer<Self> {
        let body = serde_json::to_string(body).map_err(|error| Problem::internal(&error))?;
        Ok(Self { status, body, effect })
    }
}

/// An answer that is durable.
#[derive(Debug)]
pub(crate) struct Written {
    status: StatusCode,
    body: String,
    replayed: bool,
    /// `Location` of a 201 is this and the body's `id`.
    collection: Option<&'static str>,
}

impl Written {
    /// An answer about something that lives in memory only.
    pub(crate) fn unstored(status: StatusCode, body: &impl Serialize) -> Answer<Self> {
        let done = Done::new(status, body, ())?;
        Ok(Self { status, body: done.body, replayed: false, collection: None })
    }

    /// The answer names what was made, below this path.
    pub(crate) fn made_in(mut self, collection: &'static str) -> Self {
        self.collection = Some(collection);
        self
    }
}

impl IntoResponse for Written {
    fn into_response(self) -> Response {
        let refused = self.status.is_client_error();
        let location = self.collection.filter(|_| self.status == StatusCode::CREATED).and_then(|collection| {
            #[derive(serde::Deserialize)]
            struct Made {
                id: String,
            }
            let made: Made = serde_json::from_str(&self.body).ok()?;
            HeaderValue::from_str(&format!("{collection}/{}", made.id)).ok()
        });
        let mut response = (self.status, self.body).into_response();
        let headers = response.headers_mut();
        let json = HeaderValue::from_static("application/json");
        headers.insert(header::CONTENT_TYPE, if refused { PROBLEM_JSON } else { json });
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(location) = location {
            headers.insert(header::LOCATION, location);
        }
        if self.replayed {
            headers.insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}

/// Runs one write in one transaction; under the caller's key, if there is one. `now` is real time.
/// The effect comes back the first time only.
pub(crate) async fn write<T, F>(
    store: &Store,
    caller: &Principal,
    once: Option<Idempotency>,
    now: Timestamp,
    work: F,
) -> Answer<(Written, Option<T>)>
where
    T: Send + 'static,
    F: Fn(&mut dyn Tx) -> Answer<Done<T>> + Send + 'static,
{
    let Some(once) = once else {
        let done = store.write(work).await?;
        let written = Written { status: done.status, body: done.body, replayed: false, collection: None };
        return Ok((written, Some(done.effect)));
    };
    let scope = scope(caller);
    let request = request_id::current();
    let effect = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&effect);
    let answer = store
        .write(move |tx| {
            *kept.lock() = None;
            let mut first_time = |tx: &mut dyn Tx| answer_once(tx, &work, &kept, &request);
            idempotency::once(tx, &scope, &once.key, &once.hash, now, idempotency::REMEMBERED_MS, &mut first_time)
        })
        .await?;
    let status = StatusCode::from_u16(answer.status).map_err(|error| Problem::internal(&error))?;
    let effect = effect.lock().take();
    Ok((Written { status, body: answer.body, replayed: answer.replayed, collection: None }, effect))
}

/// A refusal is an answer too, and is remembered; what the work wrote before it refused is not.
fn answer_once<T>(
    tx: &mut dyn Tx,
    work: &impl Fn(&mut dyn Tx) -> Answer<Done<T>>,
    kept: &Mutex<Option<T>>,
    request: &str,
) -> Answer<idempotency::Answer> {
    tx.execute("SAVEPOINT refusable", &[])?;
    match work(tx) {
        Ok(done) => {
            tx.execute("RELEASE SAVEPOINT refusable", &[])?;
            *kept.lock() = Some(done.effect);
            Ok(idempotency::Answer { status: done.status.as_u16(), body: done.body, replayed: false })
        }
        Err(problem) if problem.code().status().is_client_error() => {
            tx.execute("ROLLBACK TO SAVEPOINT refusable", &[])?;
            tx.execute("RELEASE SAVEPOINT refusable", &[])?;
            let body = serde_json::to_string(&problem.body_of(request)).map_err(|error| Problem::internal(&error))?;
            Ok(idempotency::Answer { status: problem.code().status().as_u16(), body, replayed: false })
        }
        Err(problem) => Err(problem),
    }
}
