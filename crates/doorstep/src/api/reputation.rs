//! What is known of drivers and riders, who is warned and why, and who will not meet again.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_ratings::Side;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, driver_id},
    auth::{Caller, Operating, Watching},
    extract::Write,
    idempotency::{Done, Written, write},
    paging::Page,
    problem::{Answer, Problem},
    reviews::{fact, speaks_for},
    schema::{ReviewSide, Standing},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(of_driver))
        .routes(routes!(of_rider))
        .routes(routes!(assess))
        .routes(routes!(block))
        .routes(routes!(unblock))
        .routes(routes!(blocked_by_driver))
        .routes(routes!(blocked_by_rider))
}

async fn standing(app: &App, tenant: String, side: Side, who: String) -> Answer<Json<Standing>> {
    let (ratings, now) = (app.ratings.clone(), app.latest_city_time());
    let told = app
        .store
        .read(move |tx| {
            let reputation = ratings.reputation_in(tx, &tenant, (side, &who), now)?;
            Ok::<_, Problem>(Standing::of(&who, &reputation))
        })
        .await?;
    Ok(Json(told))
}

/// A driver's reputation, with reasons
#[utoipa::path(get, path = "/v1/drivers/{id}/reputation", tag = "reviews", params(("id" = String, Path, description = "Driver id")),
    responses((status = 200, body = Standing)))]
async fn of_driver(State(app): State<App>, caller: Caller<Watching>, Path(id): Path<String>) -> Answer<Json<Standing>> {
    let driver = app.orders.get_driver(&caller.tenant(), driver_id(&id)?).await?;
    standing(&app, caller.tenant(), Side::Driver, driver.id.to_string()).await
}

/// A rider's reputation, by the caller's own id of the rider
#[utoipa::path(get, path = "/v1/riders/{ref}/reputation", tag = "reviews", params(("ref" = String, Path, description = "The rider's `ref`")),
    responses((status = 200, body = Standing)))]
async fn of_rider(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(rider): Path<String>,
) -> Answer<Json<Standing>> {
    standing(&app, caller.tenant(), Side::Rider, rider).await
}

/// Whom to judge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Assess {
    /// Drivers or riders.
    side: ReviewSide,
}

/// Judge everybody of one side: who is warned, and whose end is due
///
/// Nobody's end is due who has not been warned long enough before. Only what changed comes back.
#[utoipa::path(post, path = "/v1/reputations/assess", tag = "reviews", request_body = Assess,
    responses((status = 200, body = Page<Standing>)))]
async fn assess(State(app): State<App>, caller: Caller<Operating>, request: Write<Assess>) -> Answer<Written> {
    let (side, now) = (Side::from(request.body.side), app.latest_city_time());
    let (ratings, tenant) = (app.ratings.clone(), caller.tenant());
    let (written, _) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let changed = ratings.assess_in(tx, &tenant, side, now)?;
        let items = changed.iter().map(|(who, reputation)| Standing::of(who, reputation)).collect();
        Done::new(StatusCode::OK, &Page { items, next_cursor: None }, ())
    })
    .await?;
    Ok(written)
}

/// Who wishes it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Block {
    /// Whose wish it is; the key must have that scope.
    by: ReviewSide,
    /// The driver's id, when it is the driver's wish.
    #[serde(default)]
    driver: Option<String>,
}

/// Whom somebody will not meet again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Blocked {
    /// Ids, whoever of the two wished it.
    items: Vec<String>,
}

async fn wish(app: App, caller: Caller<Watching>, id: String, request: Write<Block>, blocks: bool) -> Answer<Written> {
    let Block { by, driver } = request.body;
    let side = Side::from(by);
    let (parts, tenant, who) = (app.clone(), caller.tenant(), caller.principal().clone());
    let (written, _) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let (order, now) = fact(&parts, tx, &tenant, &id)?;
        speaks_for(&who, side, driver.as_deref(), &order)?;
        if blocks {
            parts.ratings.block_in(tx, &tenant, &order, side, now)?;
        } else {
            parts.ratings.unblock_in(tx, &tenant, &order.rider, &order.driver, side)?;
        }
        let mine = match side {
            Side::Rider => &order.rider,
            Side::Driver => &order.driver,
        };
        let items = parts.ratings.blocked_in(tx, &tenant, side, mine)?;
        Done::new(StatusCode::OK, &Blocked { items }, ())
    })
    .await?;
    Ok(written)
}

/// The two of a completed order shall not meet again
#[utoipa::path(post, path = "/v1/orders/{id}/block", tag = "reviews", params(("id" = String, Path, description = "Order id")),
    request_body = Block, responses((status = 200, body = Blocked)))]
async fn block(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
    request: Write<Block>,
) -> Answer<Written> {
    wish(app, caller, id, request, true).await
}

/// Take that wish back; the other side's stays
#[utoipa::path(post, path = "/v1/orders/{id}/unblock", tag = "reviews", params(("id" = String, Path, description = "Order id")),
    request_body = Block, responses((status = 200, body = Blocked)))]
async fn unblock(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
    request: Write<Block>,
) -> Answer<Written> {
    wish(app, caller, id, request, false).await
}

async fn blocked(app: &App, tenant: String, side: Side, who: String) -> Answer<Json<Blocked>> {
    let ratings = app.ratings.clone();
    let items = app.store.read(move |tx| ratings.blocked_in(tx, &tenant, side, &who)).await?;
    Ok(Json(Blocked { items }))
}

/// Riders whom a driver will not meet again
#[utoipa::path(get, path = "/v1/drivers/{id}/blocks", tag = "reviews", params(("id" = String, Path, description = "Driver id")),
    responses((status = 200, body = Blocked)))]
async fn blocked_by_driver(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
) -> Answer<Json<Blocked>> {
    blocked(&app, caller.tenant(), Side::Driver, driver_id(&id)?.to_string()).await
}

/// Drivers whom a rider will not meet again
#[utoipa::path(get, path = "/v1/riders/{ref}/blocks", tag = "reviews", params(("ref" = String, Path, description = "The rider's `ref`")),
    responses((status = 200, body = Blocked)))]
async fn blocked_by_rider(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(rider): Path<String>,
) -> Answer<Json<Blocked>> {
    blocked(&app, caller.tenant(), Side::Rider, rider).await
}
