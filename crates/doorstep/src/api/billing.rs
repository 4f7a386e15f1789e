//! Usage and bills, prices, caps: of the caller's tenant.

use axum::{Json, extract::State, http::StatusCode};
use doorstep_clock::Timestamp;
use doorstep_identity::MAIN_TENANT;
use doorstep_meter::{Caps, Month, PriceBook, RecordsQuery, Resource, UnknownResource, ledger};
use doorstep_money::{Currency, FineMoney};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Administering, Anybody, Caller, Operating},
    extract::{Query, Write},
    idempotency::{Done, Written, write},
    paging::{self, Page},
    problem::{Answer, Code, Problem},
    schema,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(bill))
        .routes(routes!(usage))
        .routes(routes!(price_book, put_price_book))
        .routes(routes!(caps, put_caps))
}

/// Which month.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichMonth {
    /// A month like `2026-11`, UTC; the present one without it.
    month: Option<String>,
}

fn month(asked: Option<&str>, now: Timestamp) -> Answer<Month> {
    let Some(text) = asked else { return Ok(Month::of(now)) };
    text.parse()
        .map_err(|e: doorstep_meter::NotAMonth| Problem::field("?month", e.to_string(), "write it like 2026-11"))
}

/// A month's bill: lines by service, exact, and the total
///
/// Every line is the sum of the records that `GET /v1/usage` lists. The present month's bill grows with what is used.
#[utoipa::path(get, path = "/v1/bill", tag = "billing", params(WhichMonth), responses((status = 200, body = schema::Bill)))]
async fn bill(
    State(app): State<App>,
    caller: Caller<Operating>,
    Query(which): Query<WhichMonth>,
) -> Answer<Json<schema::Bill>> {
    let month = month(which.month.as_deref(), app.wall.now())?;
    app.meter.catch_up().await?;
    let ledger = app.meter.ledger();
    let (bill, months) = (ledger.bill(&caller.tenant(), month).await?, ledger.months(&caller.tenant()).await?);
    Ok(Json(schema::Bill::of(&bill, &months)))
}

/// Which records.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichRecords {
    /// A month like `2026-11`, UTC; the present one without it.
    month: Option<String>,
    /// Only of this resource, as a bill's line names it.
    resource: Option<String>,
    /// Only about this, such as a bucket.
    source: Option<String>,
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Single usage records of a month, newest first
#[utoipa::path(get, path = "/v1/usage", tag = "billing", params(WhichRecords),
    responses((status = 200, body = Page<schema::UsageRecord>)))]
async fn usage(
    State(app): State<App>,
    caller: Caller<Operating>,
    Query(which): Query<WhichRecords>,
) -> Answer<Json<Page<schema::UsageRecord>>> {
    let month = month(which.month.as_deref(), app.wall.now())?;
    let limit = paging::limit(which.limit)?;
    let resource = which.resource.as_deref().map(resource).transpose()?;
    let query = RecordsQuery { resource, source: which.source, after: which.cursor, limit };
    app.meter.catch_up().await?;
    let records = app.meter.ledger().records(&caller.tenant(), month, &query).await?;
    let next_cursor = if records.len() == limit { records.last().map(ledger::cursor) } else { None };
    Ok(Json(Page { items: records.iter().map(schema::UsageRecord::of).collect(), next_cursor }))
}

fn resource(word: &str) -> Answer<Resource> {
    word.parse().map_err(|e: UnknownResource| {
        Problem::field("?resource", e.to_string(), format!("choose among {}", UnknownResource::known()))
    })
}

/// Of which moment.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichMoment {
    /// The book that holds then, RFC 3339; now without it.
    at: Option<String>,
}

/// The price book: what each resource costs, and the speeds
#[utoipa::path(get, path = "/v1/price-book", tag = "billing", params(WhichMoment),
    responses((status = 200, body = schema::PriceBook)))]
async fn price_book(
    State(app): State<App>,
    _caller: Caller<Anybody>,
    Query(which): Query<WhichMoment>,
) -> Answer<Json<Value>> {
    let at = match which.at.as_deref() {
        None => app.wall.now(),
        Some(text) => Timestamp::parse(text)
            .map_err(|e| Problem::field("?at", e.to_string(), "write a moment like 2026-12-01T00:00:00Z"))?,
    };
    Ok(Json(app.meter.ledger().books().await?.at(at).to_json()))
}

/// Put a price book: it charges from its date on
///
/// Every mistake of the book is told at once. What was charged stays; the currency changes with a month only. The
/// prices are everybody's: where there are several tenants, only the first one's admins put them.
#[utoipa::path(put, path = "/v1/price-book", tag = "billing", request_body = schema::PriceBook,
    responses((status = 200, body = schema::PriceBook)))]
async fn put_price_book(
    State(app): State<App>,
    caller: Caller<Administering>,
    request: Write<Value>,
) -> Answer<Written> {
    if caller.tenant() != MAIN_TENANT {
        return Err(Problem::new(Code::Forbidden, format!("prices are everybody's: only {MAIN_TENANT} may put them")));
    }
    let book = PriceBook::from_json(&request.body)?;
    // What was used until now is charged by the prices of now.
    app.meter.catch_up().await?;
    let (now, by) = (app.wall.now(), caller.key.to_string());
    let (written, _) = write(&app.store, &caller, request.once, now, move |tx| {
        let put = ledger::put_book(tx, &book, &by, now)?;
        Done::new(StatusCode::OK, &put.to_json(), ())
    })
    .await?;
    app.meter.ledger().forget_books();
    Ok(written)
}

/// What the tenant lets itself be charged
#[utoipa::path(get, path = "/v1/caps", tag = "billing", responses((status = 200, body = schema::Caps)))]
async fn caps(State(app): State<App>, caller: Caller<Operating>) -> Answer<Json<schema::Caps>> {
    let ledger = app.meter.ledger();
    let currency = ledger.books().await?.at(app.wall.now()).currency;
    let caps = ledger.caps(&caller.tenant()).await?;
    let currency = caps.month.or(caps.query).map_or(currency, |cap| cap.currency);
    Ok(Json(schema::Caps::of(&caps, currency.code())))
}

/// Set the caps; they hold for work that begins from now on
#[utoipa::path(put, path = "/v1/caps", tag = "billing", request_body = schema::Caps,
    responses((status = 200, body = schema::Caps)))]
async fn put_caps(
    State(app): State<App>,
    caller: Caller<Administering>,
    request: Write<schema::Caps>,
) -> Answer<Written> {
    let now = app.wall.now();
    let asked = request.body;
    let currency = match &asked.currency {
        None => app.meter.ledger().books().await?.at(now).currency,
        Some(code) => code
            .parse::<Currency>()
            .map_err(|e| Problem::field("/currency", e.to_string(), "leave it out: amounts are in the prices' one"))?,
    };
    let amount = |field: &str, text: &Option<String>| {
        let read = text.as_deref().map(|text| FineMoney::parse(text, currency)).transpose();
        read.map_err(|e| {
            Problem::field(field, e.to_string(), "write a decimal in quotes like \"0.50\", or null for no cap")
        })
    };
    let caps = Caps {
        query: amount("/query", &asked.query)?,
        month: amount("/month", &asked.month)?,
        query_scan_bytes: asked.query_scan_bytes,
    };
    let tenant = caller.tenant();
    let (written, _) = write(&app.store, &caller, request.once, now, move |tx| {
        ledger::put_caps(tx, &tenant, &caps, now)?;
        Done::new(StatusCode::OK, &schema::Caps::of(&caps, currency.code()), ())
    })
    .await?;
    Ok(written)
}
