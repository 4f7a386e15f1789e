//! Orders: made from quotes, read, listed, called off. How drivers move them on is in `order_commands`.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_orders::{Actor, Command, NewOrder, OrderFilter, RiderRef, State as OrderState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, driver_in, order_id},
    auth::{Caller, Riding, Watching},
    extract::{Query, Write},
    idempotency::{Done, Written, write},
    order_commands::command,
    paging::{self, Page},
    problem::{Answer, Problem},
    schema,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(read))
        .routes(routes!(events))
        .routes(routes!(cancel))
}

/// A request for a ride.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrder {
    /// The `token` of a quote.
    quote: String,
    /// Who rides.
    rider: schema::RiderRef,
    /// A note to the driver.
    #[serde(default)]
    note: Option<String>,
    /// Others may ride along, at the price of the quote's `share`.
    #[serde(default)]
    share: bool,
}

/// Order a ride from a quote
///
/// The price is the quote's, alone or shared. A quote makes one order.
#[utoipa::path(post, path = "/v1/orders", tag = "orders", request_body = CreateOrder, responses(
    (status = 201, body = schema::Order, headers(("Location", description = "Path of the order")))))]
async fn create(State(app): State<App>, caller: Caller<Riding>, request: Write<CreateOrder>) -> Answer<Written> {
    let CreateOrder { quote, rider, note, share } = request.body;
    let claims = app.orders.claims(&quote)?;
    let city = app.city(&claims.city)?;
    city.require_owner()?;
    let (orders, tenant, now) = (app.orders.clone(), caller.tenant(), city.clock().now());
    let actor = caller.rides_as();
    let new = NewOrder { rider: RiderRef { name: rider.name, reference: rider.reference }, note, share };
    let (written, made) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let order = orders.create_in(tx, &tenant, &quote, &new, actor, now)?;
        Done::new(StatusCode::CREATED, &order.view(), order)
    })
    .await?;
    if let Some(order) = made {
        city.order_changed(&order);
    }
    Ok(written.made_in("/v1/orders"))
}

/// Which orders to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrderList {
    /// In this city.
    city: Option<String>,
    /// In this state.
    #[param(inline, value_type = Option<schema::OrderState>)]
    state: Option<String>,
    /// Only those where something can still happen.
    #[serde(default)]
    open: bool,
    /// With this driver.
    driver: Option<String>,
    /// Of this rider: the caller's own `ref`.
    rider: Option<String>,
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List orders, newest first
#[utoipa::path(get, path = "/v1/orders", tag = "orders", params(OrderList), responses((status = 200, body = Page<schema::Order>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Watching>,
    Query(query): Query<OrderList>,
) -> Answer<Json<impl Serialize + use<>>> {
    let state = query.state.as_deref().map(parse_state).transpose()?;
    let driver = query.driver.as_deref().map(|id| driver_in("?driver", id)).transpose()?;
    let filter = OrderFilter { city: query.city, state, open: query.open, driver, rider: query.rider };
    let limit = paging::limit(query.limit)?;
    let page = app.orders.list(&caller.tenant(), filter, query.cursor, limit).await?;
    Ok(Json(page.map(|order| order.view())))
}

fn parse_state(word: &str) -> Answer<OrderState> {
    OrderState::parse(word).ok_or_else(|| {
        let known: Vec<&str> = OrderState::ALL.iter().map(|state| state.as_str()).collect();
        Problem::field("?state", format!("there is no state {word:?}"), format!("choose among {}", known.join(", ")))
    })
}

/// Read an order
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "orders", params(("id" = String, Path, description = "Order id")),
    responses((status = 200, body = schema::Order)))]
async fn read(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
) -> Answer<Json<impl Serialize + use<>>> {
    let order = app.orders.get(&caller.tenant(), order_id(&id)?).await?;
    Ok(Json(order.view()))
}

/// Which events to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventList {
    /// Only after this version of the order.
    after: Option<i64>,
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What happened to an order, oldest first
#[utoipa::path(get, path = "/v1/orders/{id}/events", tag = "orders", params(("id" = String, Path, description = "Order id"), EventList),
    responses((status = 200, body = Page<schema::Event>)))]
async fn events(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
    Query(query): Query<EventList>,
) -> Answer<Json<impl Serialize + use<>>> {
    let limit = paging::limit(query.limit)?;
    let after = match query.cursor.as_deref() {
        Some(cursor) => cursor.parse().map_err(|_| {
            Problem::field("?cursor", "is no cursor of this list", "use next_cursor of the page before")
        })?,
        None => query.after.unwrap_or(0),
    };
    let items = app.orders.events(&caller.tenant(), order_id(&id)?, after, limit).await?;
    let next_cursor = if items.len() == limit { items.last().map(|event| event.version.to_string()) } else { None };
    Ok(Json(Page { items, next_cursor }))
}

/// Why a ride is called off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CancelOrder {
    /// In your words.
    #[schema(example = "changed my mind")]
    reason: String,
    /// In whose name; without it the rider's, for a key that may ride.
    #[serde(default)]
    by: Option<CancelBy>,
    /// Only if the order is still at this version.
    #[serde(default)]
    expected_version: Option<i64>,
}

/// In whose name a ride is called off.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CancelBy {
    /// The rider's.
    Rider,
    /// The operator's.
    Operator,
}

/// Call a ride off, before the pickup
#[utoipa::path(post, path = "/v1/orders/{id}/cancel", tag = "orders", params(("id" = String, Path, description = "Order id")),
    request_body = CancelOrder, responses((status = 200, body = schema::Order)))]
async fn cancel(
    State(app): State<App>,
    caller: Caller<Riding>,
    Path(id): Path<String>,
    request: Write<CancelOrder>,
) -> Answer<Written> {
    let CancelOrder { reason, by, expected_version } = request.body;
    let actor = match by {
        None => caller.rides_as(),
        Some(CancelBy::Rider) => Actor::Rider,
        Some(CancelBy::Operator) => caller.operates()?,
    };
    command(&app, &caller, &id, Command::Cancel { reason }, actor, expected_version, request.once).await
}
