//! A city's order events as server-sent events, resumable from any place that the journal still holds.

use std::{borrow::Cow, collections::VecDeque, convert::Infallible, time::Duration};

use axum::{
    extract::{Path, State},
    http::HeaderMap,
    response::sse::{Event, KeepAlive, Sse},
};
use doorstep_identity::MAIN_TENANT;
use doorstep_journal::{Journal, Record};
use futures::{Stream, stream};
use serde::Deserialize;
use tokio::sync::watch;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, StreamPlace},
    auth::{Caller, Listening},
    extract::{Headers, Query},
    feed,
    problem::{Answer, Problem},
    schema,
};
use crate::node::Shutdown;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(events))
}

/// A comment is sent when nothing else was for this long, so that proxies keep the connection.
pub(crate) const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Where to begin.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct From {
    /// `latest` for what happens from now on (without it the same), or a position: only what comes after it. `0` is everything kept.
    from: Option<String>,
}

/// What happens in a city, as it happens
///
/// Server-sent events: `id` is the position in the city's stream, `event` the kind, `data` the event as JSON with its
/// `seq`; those of other tenants are passed over, so numbers may be missing. To go on after a break send the last `id` as `Last-Event-ID`. Where events are not kept any more, an event
/// `gap` says so: `{"after":…,"resumes_at":…}`.
#[utoipa::path(get, path = "/v1/cities/{city}/events", tag = "events",
    params(("city" = String, Path, description = "City id"), From,
        ("Last-Event-ID" = Option<u64>, Header, description = "Go on after this position")),
    responses((status = 200, body = schema::Event, content_type = "text/event-stream")))]
async fn events(
    State(app): State<App>,
    caller: Caller<Listening>,
    Path(id): Path<String>,
    Query(query): Query<From>,
    Headers(headers): Headers,
) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>> + use<>>> {
    let city = app.city(&id)?;
    let name = city.stream();
    let seen = match last_event_id(&headers)? {
        Some(seen) => seen,
        None => match query.from.as_deref() {
            None | Some("latest") => app.journal.last(&name),
            Some(text) => text.parse().map_err(|_| {
                Problem::field("?from", format!("{text:?} is no position"), "send latest, 0 or the id of an event")
            })?,
        },
    };
    let cursor = Cursor {
        news: app.journal.subscribe(&name)?,
        journal: app.journal.clone(),
        stream: name,
        tenant: caller.tenant(),
        seen,
        ready: VecDeque::new(),
        shutdown: app.shutdown.clone(),
        _place: app.stream("events")?,
    };
    let events = stream::unfold(cursor, |mut cursor| async move {
        let event = cursor.next().await?;
        Some((Ok(event), cursor))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)))
}

/// The position after which a stream goes on, if the caller names one.
pub(crate) fn last_event_id(headers: &HeaderMap) -> Answer<Option<u64>> {
    let Some(value) = headers.get("last-event-id") else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Problem::field("Last-Event-ID", format!("{text:?} is no position"), "send the id of the last event received")
    })
}

/// A reader's place in a city's stream. It holds one batch of records at most, however slow the reader is.
struct Cursor {
    journal: Journal,
    stream: String,
    /// Who is told: others' events are passed over.
    tenant: String,
    seen: u64,
    ready: VecDeque<Record>,
    news: watch::Receiver<u64>,
    shutdown: Shutdown,
    _place: StreamPlace,
}

impl Cursor {
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                if let Some(event) = self.tell(record) {
                    return Some(event);
                }
                continue;
            }
            match feed::read(&self.journal, &self.stream, self.seen).await {
                Ok(records) => self.ready.extend(records),
                Err(error) => {
                    tracing::warn!(stream = self.stream, %error, "an event stream ends: its journal cannot be read");
                    return None;
                }
            }
            if self.ready.is_empty() && *self.news.borrow_and_update() <= self.seen {
                tokio::select! {
                    changed = self.news.changed() => changed.ok()?,
                    () = self.shutdown.wait() => return None,
                }
            }
        }
    }

    fn tell(&mut self, record: Record) -> Option<Event> {
        let expected = self.seen + 1;
        if record.seq > expected {
            let gap = format!(r#"{{"after":{},"resumes_at":{}}}"#, self.seen, record.seq);
            self.seen = record.seq - 1;
            self.ready.push_front(record);
            return Some(Event::default().event("gap").data(gap));
        }
        self.seen = record.seq;
        if !is_of(&record, &self.tenant) {
            return None;
        }
        Some(Event::default().id(record.seq.to_string()).event(&record.kind).data(with_seq(&record)))
    }
}

/// Whether an event is this tenant's. Events of the time when there was one tenant do not name it.
fn is_of(record: &Record, tenant: &str) -> bool {
    #[derive(Deserialize)]
    struct Whose<'a> {
        #[serde(borrow, default)]
        tenant: Option<Cow<'a, str>>,
    }
    match serde_json::from_slice::<Whose<'_>>(&record.payload) {
        Ok(whose) => whose.tenant.as_deref().unwrap_or(MAIN_TENANT) == tenant,
        Err(_) => false,
    }
}

/// The event as it was written, and its position.
fn with_seq(record: &Record) -> String {
    let text = String::from_utf8_lossy(&record.payload);
    match text.strip_prefix('{') {
        Some("}") | None => text.into_owned(),
        Some(rest) => format!(r#"{{"seq":{},{rest}"#, record.seq),
    }
}
