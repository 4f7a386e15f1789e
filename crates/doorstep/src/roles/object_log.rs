//! What was asked of objects: a row of the table `object_requests` for each request that reached a bucket. What was
//! sent is charged to the bucket's owner.

use std::time::Duration;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, Method, header},
    middleware::Next,
    response::Response,
};
use doorstep_clock::{SharedClock, Timestamp, monotonic};
use doorstep_meter::{Meter, Resource};
use doorstep_objects::Served;
use serde_json::json;

use crate::{
    facts::{Facts, tables::OBJECT_REQUESTS},
    node::{counted::counted, serve::Peer},
};

/// The most of a header that is kept, bytes.
const WORDS: usize = 512;

/// Where requests are told and charged. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ObjectLog {
    pub(crate) facts: Facts,
    pub(crate) meter: Meter,
    pub(crate) wall: SharedClock,
}

/// A header's text, cut to a length.
fn word(headers: &HeaderMap, name: header::HeaderName) -> Option<String> {
    let text = headers.get(name)?.to_str().ok()?;
    Some(text.chars().take(WORDS).collect())
}

/// What is known before the answer. Queries are left out: they hold signatures.
struct Asked {
    at: Timestamp,
    method: Method,
    peer: Option<Peer>,
    agent: Option<String>,
    referer: Option<String>,
    range: Option<String>,
    received: Option<u64>,
}

impl Asked {
    fn of(request: &Request, at: Timestamp) -> Self {
        let headers = request.headers();
        let referer = word(headers, header::REFERER).map(|text| text.split(['?', '#']).next().unwrap_or("").to_owned());
        Self {
            at,
            method: request.method().clone(),
            peer: request.extensions().get::<Peer>().copied(),
            agent: word(headers, header::USER_AGENT),
            referer,
            range: word(headers, header::RANGE),
            received: word(headers, header::CONTENT_LENGTH).and_then(|text| text.parse().ok()),
        }
    }
}

/// The row of one request.
fn row(asked: &Asked, served: &Served, answer: &Head, sent: u64, took: Duration) -> serde_json::Value {
    json!({
        "tenant": served.bucket.tenant, "bucket": served.bucket.name, "key": served.key,
        "operation": served.operation, "by_tenant": served.who.as_ref().map(|who| who.tenant.as_str()),
        "by_key": served.who.as_ref().map(|who| who.key.as_str()), "method": asked.method.as_str(),
        "status": answer.status, "let_in": served.let_in, "received": asked.received, "sent": sent,
        "range": asked.range, "cache": answer.cache, "head_ms": answer.after.as_secs_f64() * 1000.0,
        "ms": took.as_secs_f64() * 1000.0, "remote": asked.peer.map(|peer| peer.0.ip().to_string()),
        "agent": asked.agent, "referer": asked.referer,
    })
}

/// What is known of an answer with its head.
struct Head {
    status: u16,
    cache: Option<String>,
    after: Duration,
}

/// Tells and charges whatever a face has marked, once its last byte has left.
pub(crate) async fn note(State(log): State<ObjectLog>, request: Request, next: Next) -> Response {
    let started = monotonic();
    let asked = log.facts.wanted().then(|| Asked::of(&request, log.wall.now()));
    let mut response = next.run(request).await;
    let Some(served) = response.extensions_mut().remove::<Served>() else { return response };
    let headers = response.headers();
    let id = ["x-amz-request-id", "x-sessionid"].iter().find_map(|name| headers.get(*name)?.to_str().ok());
    let id = id.map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned);
    let (charged, cache) = (served.let_in && response.status().is_success(), word(headers, X_CACHE));
    let head = Head { status: response.status().as_u16(), cache, after: started.elapsed() };
    response.map(|body| {
        counted(body, move |sent| {
            let bucket = &served.bucket;
            if charged && sent > 0 {
                log.meter.count(&bucket.tenant, &bucket.name, Resource::Egress, sent);
            }
            if let Some(asked) = asked {
                let row = row(&asked, &served, &head, sent, started.elapsed());
                log.facts.tell(OBJECT_REQUESTS, id, asked.at, row);
            }
        })
    })
}

/// Whether a picture had been made before.
const X_CACHE: header::HeaderName = header::HeaderName::from_static("x-cache");
