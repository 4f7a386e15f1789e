//! Why this price: asked with a quote's token before the ride, with the order's id for ever after.

use axum::{
    Json,
    extract::{Path, State},
};
use serde::Serialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, order_id},
    auth::{Caller, Riding, Watching},
    problem::{Answer, Code, Problem},
    schema,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(of_quote)).routes(routes!(of_order))
}

/// An order's price; the terms it was settled by stay here.
#[derive(Serialize)]
struct OrderPrice {
    #[serde(flatten)]
    price: doorstep_pricing::Price,
    #[serde(skip_serializing_if = "Option::is_none")]
    settled: Option<doorstep_orders::Settled>,
}

/// Why a quote has its price
///
/// The lines, and what went into them: tariff, cell, demand, cars, multiplier, model, caps, law. Out of the signed
/// token itself, so it is what the order will cost.
#[utoipa::path(get, path = "/v1/quotes/{token}/price", tag = "orders", params(("token" = String, Path, description = "A quote's token")),
    responses((status = 200, body = schema::Price)))]
async fn of_quote(
    State(app): State<App>,
    caller: Caller<Riding>,
    Path(token): Path<String>,
) -> Answer<Json<impl Serialize + use<>>> {
    let claims = app.orders.claims(&token)?;
    if claims.tenant != caller.tenant() {
        return Err(Problem::new(Code::QuoteAltered, "the quote is none of yours: ask for your own"));
    }
    Ok(Json(claims.price))
}

/// Why an order has its price
///
/// As it was quoted, kept with the order; its total is the order's fare. A ride that was really shared costs less in
/// the end: then `settled` says with how many others it was, and what came off.
#[utoipa::path(get, path = "/v1/orders/{id}/price", tag = "orders", params(("id" = String, Path, description = "Order id")),
    responses((status = 200, body = schema::Price)))]
async fn of_order(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
) -> Answer<Json<impl Serialize + use<>>> {
    let kept = app.orders.price(&caller.tenant(), order_id(&id)?).await?;
    Ok(Json(OrderPrice { price: kept.price, settled: kept.settled }))
}
