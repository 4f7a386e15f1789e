//! Reviews of completed orders: written by both sides, read, appealed against, moderated. Standings and blocks
//! are in `reputation`.

use std::collections::BTreeMap;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_clock::Timestamp;
use doorstep_identity::{Principal, Scope};
use doorstep_orders::{Order, State as OrderState};
use doorstep_ratings::{CompletedOrder, Moderation, Side, Words};
use doorstep_store::Tx;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, driver_id, driver_in, order_id},
    auth::{Caller, Operating, Watching},
    extract::{Query, Write},
    idempotency::{Done, Written, write},
    paging::{self, Page},
    problem::{Answer, Code, Problem},
    schema::{Review, ReviewSide},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, of_order))
        .routes(routes!(appeal))
        .routes(routes!(moderate))
        .routes(routes!(of_driver))
        .routes(routes!(of_rider))
}

/// What one side has to say of an order.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WriteReview {
    /// Whose review it is; the key must have that scope.
    by: ReviewSide,
    /// The driver's id, when the driver writes.
    #[serde(default)]
    driver: Option<String>,
    /// 1 to 5.
    stars: u8,
    /// Stars by dimension: of drivers safety, cleanliness, friendliness, route; of riders punctuality,
    /// friendliness, care.
    #[serde(default)]
    dimensions: BTreeMap<String, u8>,
    /// For everybody, at most 2,000 characters.
    #[serde(default)]
    comment: Option<String>,
    /// For the operator only.
    #[serde(default)]
    private: Option<String>,
}

/// A reason.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Appeal {
    /// Why the operator should look at it, in 1 to 500 characters.
    reason: String,
}

/// What becomes of a review, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Moderate {
    /// What it becomes.
    to: ModerateTo,
    /// Why, in 1 to 500 characters.
    reason: String,
}

/// What a review may become.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ModerateTo {
    /// Shown and counted.
    Visible,
    /// Neither shown nor counted for now.
    Hidden,
    /// Neither shown nor counted, for good.
    Removed,
}

/// The order as a fact that reviews rest on; refused while it is not completed.
pub(crate) fn completed(order: &Order) -> Answer<CompletedOrder> {
    let (Some(completed_at), Some(driver), OrderState::Completed) = (order.completed_at, &order.driver, order.state)
    else {
        let told = format!("the order is {}: only completed orders are reviewed", order.state.as_str());
        return Err(Problem::new(Code::IllegalTransition, told).with("from", order.state.as_str()));
    };
    let id = order.id.to_string();
    Ok(CompletedOrder {
        // A rider without an id of the caller's is somebody else in each order.
        rider: order.rider.reference.clone().unwrap_or_else(|| id.clone()),
        id,
        city: order.city.clone(),
        driver: driver.id.to_string(),
        completed_at,
    })
}

/// Refuses whoever may not speak for this side of the order.
pub(crate) fn speaks_for(caller: &Principal, side: Side, driver: Option<&str>, order: &CompletedOrder) -> Answer<()> {
    match side {
        Side::Rider if caller.allows(Scope::Rider) || caller.allows(Scope::Partner) => Ok(()),
        Side::Rider => Err(wants("rider")),
        Side::Driver if !caller.allows(Scope::Driver) => Err(wants("driver")),
        Side::Driver => {
            let named = driver.ok_or_else(|| {
                Problem::field("/driver", "is missing", "name the driver who speaks, as POST /v1/drivers gave the id")
            })?;
            if driver_in("/driver", named)?.to_string() == order.driver {
                return Ok(());
            }
            Err(Problem::new(Code::WrongDriver, "the order was with another driver"))
        }
    }
}

fn wants(scope: &str) -> Problem {
    let detail = format!("to speak for the {scope} the key needs the scope {scope}");
    Problem::new(Code::Forbidden, detail).with("needed", vec![scope])
}

/// The order, what its city's clock says, and that it is completed.
pub(crate) fn fact(app: &App, tx: &mut dyn Tx, tenant: &str, id: &str) -> Answer<(CompletedOrder, Timestamp)> {
    let order = app.orders.get_in(tx, tenant, order_id(id)?)?;
    let now = app.city(&order.city)?.clock().now();
    Ok((completed(&order)?, now))
}

fn side(word: &str) -> Answer<Side> {
    Side::parse(word).ok_or_else(|| Problem::not_found("side", word))
}

/// Write a review, or change it while nobody has seen it
///
/// The other side sees it when both wrote or the window (14 days) is over; from then on it stays as it is.
#[utoipa::path(post, path = "/v1/orders/{id}/reviews", tag = "reviews", params(("id" = String, Path, description = "Order id")),
    request_body = WriteReview, responses((status = 201, body = Review), (status = 200, body = Review, description = "Changed")))]
async fn create(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
    request: Write<WriteReview>,
) -> Answer<Written> {
    let WriteReview { by, driver, stars, dimensions, comment, private } = request.body;
    let (side, words) = (Side::from(by), Words { stars, dimensions, comment, private });
    let (parts, tenant, who) = (app.clone(), caller.tenant(), caller.principal().clone());
    let (written, _) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let (order, now) = fact(&parts, tx, &tenant, &id)?;
        speaks_for(&who, side, driver.as_deref(), &order)?;
        let review = parts.ratings.write_in(tx, &tenant, &order, side, &words, now)?;
        let status = if review.version == 1 { StatusCode::CREATED } else { StatusCode::OK };
        Done::new(status, &Review::of(&review, now), ())
    })
    .await?;
    Ok(written)
}

/// The reviews of an order, as far as this key may see them
///
/// A key of one side sees its own and what is revealed; an operator's sees all with the private words.
#[utoipa::path(get, path = "/v1/orders/{id}/reviews", tag = "reviews", params(("id" = String, Path, description = "Order id")),
    responses((status = 200, body = Page<Review>)))]
async fn of_order(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
) -> Answer<Json<Page<Review>>> {
    let (parts, tenant) = (app.clone(), caller.tenant());
    let viewer = if caller.allows(Scope::Operator) {
        None
    } else if caller.allows(Scope::Driver) {
        Some(Side::Driver)
    } else {
        Some(Side::Rider)
    };
    let items = app
        .store
        .read(move |tx| {
            let order = parts.orders.get_in(tx, &tenant, order_id(&id)?)?;
            let now = parts.city(&order.city)?.clock().now();
            let all = parts.ratings.of_order_in(tx, &tenant, &order.id.to_string(), viewer, now)?;
            Ok::<_, Problem>(all.iter().map(|review| Review::of(review, now)).collect())
        })
        .await?;
    Ok(Json(Page { items, next_cursor: None }))
}

/// Ask the operator to look at a review about oneself, once
#[utoipa::path(post, path = "/v1/orders/{id}/reviews/{side}/appeal", tag = "reviews",
    params(("id" = String, Path, description = "Order id"), ("side" = String, Path, description = "Who wrote it: `rider` or `driver`")),
    request_body = Appeal, responses((status = 200, body = Review)))]
async fn appeal(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path((id, word)): Path<(String, String)>,
    request: Write<Appeal>,
) -> Answer<Written> {
    let (side, reason) = (side(&word)?, request.body.reason);
    let (parts, tenant, who) = (app.clone(), caller.tenant(), caller.principal().clone());
    let (written, _) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let (order, now) = fact(&parts, tx, &tenant, &id)?;
        speaks_for(&who, side.other(), Some(&order.driver), &order)?;
        let review = parts.ratings.appeal_in(tx, &tenant, &order.id, side, &reason, now)?;
        Done::new(StatusCode::OK, &Review::of(&review, now), ())
    })
    .await?;
    Ok(written)
}

/// Decide about a review
#[utoipa::path(post, path = "/v1/orders/{id}/reviews/{side}/moderate", tag = "reviews",
    params(("id" = String, Path, description = "Order id"), ("side" = String, Path, description = "Who wrote it: `rider` or `driver`")),
    request_body = Moderate, responses((status = 200, body = Review)))]
async fn moderate(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((id, word)): Path<(String, String)>,
    request: Write<Moderate>,
) -> Answer<Written> {
    let (side, Moderate { to, reason }) = (side(&word)?, request.body);
    let to = match to {
        ModerateTo::Visible => Moderation::Visible,
        ModerateTo::Hidden => Moderation::Hidden,
        ModerateTo::Removed => Moderation::Removed,
    };
    let (parts, tenant) = (app.clone(), caller.tenant());
    let (written, _) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let (order, now) = fact(&parts, tx, &tenant, &id)?;
        let review = parts.ratings.moderate_in(tx, &tenant, &order.id, side, to, &reason, now)?;
        Done::new(StatusCode::OK, &Review::of(&review, now), ())
    })
    .await?;
    Ok(written)
}

/// Which reviews to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReviewList {
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

async fn about(
    app: &App,
    tenant: String,
    side: Side,
    who: String,
    now: Timestamp,
    query: ReviewList,
) -> Answer<Json<Page<impl Serialize + use<>>>> {
    let limit = paging::limit(query.limit)?;
    if let Some(cursor) = &query.cursor {
        order_id(cursor).map_err(|_| Problem::field("?cursor", "is no cursor of this list", "use next_cursor"))?;
    }
    let ratings = app.ratings.clone();
    let (items, next_cursor) = app
        .store
        .read(move |tx| {
            let (all, next) = ratings.about_in(tx, &tenant, (side, &who), now, query.cursor.as_deref(), limit)?;
            Ok::<_, Problem>((all.iter().map(|review| Review::of(review, now)).collect::<Vec<_>>(), next))
        })
        .await?;
    Ok(Json(Page { items, next_cursor }))
}

/// Reviews about a driver that everybody may read, from the latest order back
#[utoipa::path(get, path = "/v1/drivers/{id}/reviews", tag = "reviews", params(("id" = String, Path, description = "Driver id"), ReviewList),
    responses((status = 200, body = Page<Review>)))]
async fn of_driver(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
    Query(query): Query<ReviewList>,
) -> Answer<Json<Page<impl Serialize + use<>>>> {
    let driver = app.orders.get_driver(&caller.tenant(), driver_id(&id)?).await?;
    let now = app.city(&driver.city)?.clock().now();
    about(&app, caller.tenant(), Side::Driver, driver.id.to_string(), now, query).await
}

/// Reviews about a rider, by the caller's own id of the rider
#[utoipa::path(get, path = "/v1/riders/{ref}/reviews", tag = "reviews", params(("ref" = String, Path, description = "The rider's `ref`"), ReviewList),
    responses((status = 200, body = Page<Review>)))]
async fn of_rider(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(rider): Path<String>,
    Query(query): Query<ReviewList>,
) -> Answer<Json<Page<impl Serialize + use<>>>> {
    let now = app.latest_city_time();
    about(&app, caller.tenant(), Side::Rider, rider, now, query).await
}
