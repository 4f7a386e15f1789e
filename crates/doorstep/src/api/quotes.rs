//! Quotes: what a ride costs and when a car comes.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_city::live::QuoteAnswer;
use doorstep_clock::Timestamp;
use doorstep_geo::Point;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Caller, Riding},
    extract::Write,
    idempotency::{Done, Written, write},
    problem::Answer,
    schema::{self, LatLon},
};
use crate::facts::tables::QUOTES;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(quote))
}

/// From where to where.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskQuote {
    /// Where the ride begins.
    pickup: LatLon,
    /// Where it ends.
    dropoff: LatLon,
    /// Seats wanted, 1 to 16.
    #[serde(default = "one")]
    #[schema(default = 1, minimum = 1, maximum = 16)]
    seats: u8,
}

fn one() -> u8 {
    1
}

/// Ask what a ride costs and when a car comes
///
/// Nothing is kept; the signed `token` is the promise, good for five minutes of city time.
#[utoipa::path(post, path = "/v1/cities/{city}/quotes", tag = "orders", params(("city" = String, Path, description = "City id")),
    request_body = AskQuote, responses((status = 200, body = schema::Quote)))]
async fn quote(
    State(app): State<App>,
    caller: Caller<Riding>,
    Path(id): Path<String>,
    request: Write<AskQuote>,
) -> Answer<Written> {
    let city = app.city(&id)?;
    let AskQuote { pickup, dropoff, seats } = request.body;
    let (pickup, dropoff) = (pickup.point("/pickup")?, dropoff.point("/dropoff")?);
    let quote = city.quote(&caller.tenant(), pickup, dropoff, seats)?;
    tell(&app, &id, &caller.tenant(), (pickup, dropoff, seats), &quote, city.clock().now());
    let Some(once) = request.once else {
        return Written::unstored(StatusCode::OK, &quote);
    };
    let (written, _) =
        write(&app.store, &caller, Some(once), app.wall.now(), move |_| Done::new(StatusCode::OK, &quote, ())).await?;
    Ok(written)
}

/// Tells the quote for the table of quotes, with its parts by kind.
fn tell(
    app: &App,
    city: &str,
    tenant: &str,
    (pickup, dropoff, seats): (Point, Point, u8),
    quote: &QuoteAnswer,
    now: Timestamp,
) {
    if !app.facts.wanted() {
        return;
    }
    let quote = &quote.quote;
    let parts = serde_json::to_value(&quote.parts).unwrap_or_default();
    let minor: serde_json::Map<String, serde_json::Value> = parts
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|part| Some((part["kind"].as_str()?.to_owned(), part["amount"]["minor"].clone())))
        .collect();
    let row = serde_json::json!({
        "tenant": tenant, "city": city, "pickup": pickup, "dropoff": dropoff, "seats": seats, "fare": quote.fare,
        "minor": minor, "parts": parts, "pickup_eta_s": quote.pickup_eta_s, "trip_s": quote.trip_s,
        "distance_m": quote.distance_m, "expires_at": quote.expires_at,
    });
    app.facts.tell(QUOTES, quote.id.to_string(), now, row);
}
