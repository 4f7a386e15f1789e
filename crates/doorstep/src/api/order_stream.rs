//! One order's events as server-sent events. The store tells them in order; the city's feed tells when to look.

use std::{collections::VecDeque, convert::Infallible, sync::Arc};

use axum::{
    extract::{Path, State},
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use doorstep_journal::Record;
use doorstep_orders::{OrderEvent, OrderId};
use futures::stream;
use tokio::sync::broadcast::{self, error::RecvError};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, StreamPlace, order_id},
    auth::{Caller, Watching},
    events::{KEEP_ALIVE, last_event_id},
    extract::Headers,
    problem::{Answer, Problem},
    schema,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(follow))
}

/// Events read from the store at once.
const READ: usize = 200;

/// Follow an order to its end
///
/// Server-sent events: `id` is the order's version, `event` the kind, `data` the event as JSON. All events since the
/// order was made, or since the version in `Last-Event-ID`; the stream ends after the last one. An order that has
/// ended, asked for after its last version, answers 204.
#[utoipa::path(get, path = "/v1/orders/{id}/stream", tag = "events",
    params(("id" = String, Path, description = "Order id"),
        ("Last-Event-ID" = Option<u64>, Header, description = "Go on after this version of the order")),
    responses((status = 200, body = schema::Event, content_type = "text/event-stream"), (status = 204, description = "Nothing is left to tell")))]
async fn follow(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
    Headers(headers): Headers,
) -> Answer<Response> {
    let seen = last_event_id(&headers)?.and_then(|seen| i64::try_from(seen).ok()).unwrap_or(0);
    let id = order_id(&id)?;
    let order = app.orders.get(&caller.tenant(), id).await?;
    if !order.state.is_open() && seen >= order.version {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    // Listen first, look then: nothing falls in between.
    let feed = app.feeds.get(&order.city).ok_or_else(|| Problem::not_found("city", &order.city))?.subscribe();
    let place = app.stream("order")?;
    let follower = Follower {
        feed,
        tenant: caller.tenant(),
        key: id.to_string(),
        app,
        id,
        seen,
        ready: VecDeque::new(),
        stale: true,
        ended: false,
        _place: place,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response())
}

struct Follower {
    app: App,
    tenant: String,
    id: OrderId,
    key: String,
    seen: i64,
    ready: VecDeque<OrderEvent>,
    feed: broadcast::Receiver<Arc<Record>>,
    /// The store may know more than has been told.
    stale: bool,
    ended: bool,
    _place: StreamPlace,
}

impl Follower {
    async fn next(&mut self) -> Option<Event> {
        loop {
            while let Some(event) = self.ready.pop_front() {
                if event.version > self.seen {
                    return self.tell(&event);
                }
            }
            if self.ended {
                return None;
            }
            if self.stale {
                let events = self.app.orders.events(&self.tenant, self.id, self.seen, READ).await.ok()?;
                self.stale = events.len() == READ;
                self.ready.extend(events);
                continue;
            }
            tokio::select! {
                record = self.feed.recv() => match record {
                    Ok(record) => self.stale = record.key == self.key,
                    Err(RecvError::Lagged(_)) => self.stale = true,
                    Err(RecvError::Closed) => return None,
                },
                () = self.app.shutdown.wait() => return None,
            }
        }
    }

    fn tell(&mut self, event: &OrderEvent) -> Option<Event> {
        self.seen = event.version;
        self.ended = !event.order.state.is_open();
        let data = serde_json::to_string(event).ok()?;
        Some(Event::default().id(event.version.to_string()).event(event.kind.as_str()).data(data))
    }
}
