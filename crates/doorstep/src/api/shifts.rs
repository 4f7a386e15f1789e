//! Beginning, pausing and ending a driver's shift, one by one or a whole fleet at once.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_city::live::LiveCity;
use doorstep_geo::Point;
use doorstep_orders::{Orders, Shift, ShiftChange};
use doorstep_store::Tx;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, driver_id},
    auth::{Caller, Fleet},
    drivers::{DriverView, view},
    extract::{Empty, Headers, Write},
    idempotency::{Done, Idempotency, Written, write},
    lines::{self, LineAnswer, Taken},
    problem::{Answer, Problem},
    schema::LatLon,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(online))
        .routes(routes!(offline))
        .routes(routes!(pause))
        .routes(routes!(many_online))
}

/// Where a shift begins.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GoOnline {
    /// Where the driver is.
    position: LatLon,
}

/// The driver begins to take orders
#[utoipa::path(post, path = "/v1/drivers/{id}/online", tag = "drivers", params(("id" = String, Path, description = "Driver id")),
    request_body = GoOnline, responses((status = 200, body = DriverView)))]
async fn online(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<GoOnline>,
) -> Answer<Written> {
    let position = request.body.position.point("/position")?;
    shift(&app, &caller, &id, Shift::Online, Some(position), request.once).await
}

/// The driver's shift ends
///
/// An order before its pickup goes back to searching; with the rider aboard the shift cannot end.
#[utoipa::path(post, path = "/v1/drivers/{id}/offline", tag = "drivers", params(("id" = String, Path, description = "Driver id")),
    responses((status = 200, body = DriverView)))]
async fn offline(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<Empty>,
) -> Answer<Written> {
    shift(&app, &caller, &id, Shift::Offline, None, request.once).await
}

/// The driver takes no orders for now
#[utoipa::path(post, path = "/v1/drivers/{id}/break", tag = "drivers", params(("id" = String, Path, description = "Driver id")),
    responses((status = 200, body = DriverView)))]
async fn pause(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<Empty>,
) -> Answer<Written> {
    shift(&app, &caller, &id, Shift::Break, None, request.once).await
}

async fn shift(
    app: &App,
    caller: &Caller<Fleet>,
    id: &str,
    shift: Shift,
    position: Option<Point>,
    once: Option<Idempotency>,
) -> Answer<Written> {
    let id = driver_id(id)?;
    let (parts, tenant) = (app.clone(), caller.tenant());
    let (written, changed) = write(&app.store, caller, once, app.wall.now(), move |tx| {
        let city = parts.city(&parts.orders.get_driver_in(tx, &tenant, id)?.city)?;
        city.require_owner()?;
        city.check_position(position)?;
        let change = parts.orders.set_shift_in(tx, &tenant, id, shift, position, city.clock().now())?;
        Done::new(StatusCode::OK, &view(&change.driver, None), change)
    })
    .await?;
    if let Some(change) = changed {
        app.city(&change.driver.city)?.shift_changed(&change)?;
    }
    Ok(written)
}

/// Bring many drivers online
///
/// NDJSON, a line for each driver: `{"driver":"drv_…","lat":40.7,"lon":-73.9}`. All good lines in one transaction.
#[utoipa::path(post, path = "/v1/cities/{city}/drivers/online", tag = "drivers", params(("city" = String, Path, description = "City id")),
    request_body(content = String, content_type = "application/x-ndjson", description = "One driver a line"),
    responses((status = 200, body = LineAnswer)))]
async fn many_online(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    Headers(headers): Headers,
    body: lines::Body,
) -> Answer<Written> {
    let city = app.city(&id)?.clone();
    city.require_owner()?;
    let text = body.collect().await?;
    let once = Idempotency::of(&headers, &format!("POST drivers online {id}"), &text)?;
    let (orders, tenant, live) = (app.orders.clone(), caller.tenant(), city.clone());
    let (written, changes) = write(&app.store, &caller, once, app.wall.now(), move |tx| {
        let (mut taken, mut changes) = (Taken::default(), Vec::new());
        for (number, line) in lines::split(&text) {
            match bring_online(&orders, tx, &tenant, &live, line) {
                Ok(change) => {
                    taken.accept();
                    changes.push(change);
                }
                Err(problem) if problem.code().status().is_client_error() => {
                    taken.reject(number, problem.code().as_str(), problem.detail());
                }
                Err(problem) => return Err(problem),
            }
        }
        Done::new(StatusCode::OK, &taken.answer(), changes)
    })
    .await?;
    for change in changes.unwrap_or_default() {
        city.shift_changed(&change)?;
    }
    Ok(written)
}

/// One driver of this city begins a shift where the line says.
fn bring_online(orders: &Orders, tx: &mut dyn Tx, tenant: &str, city: &LiveCity, line: &[u8]) -> Answer<ShiftChange> {
    let report = lines::read(line)?;
    if orders.get_driver_in(tx, tenant, report.driver)?.city != city.id() {
        return Err(Problem::not_found("driver", &report.driver.to_string()));
    }
    city.check_position(Some(report.point))?;
    Ok(orders.set_shift_in(tx, tenant, report.driver, Shift::Online, Some(report.point), city.clock().now())?)
}
