//! Beginning, pausing and ending a driver's shift, one by one or a whole fleet at once.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_geo::Point;
use doorstep_orders::Shift;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, driver_id},
    auth::{Caller, Fleet},
    drivers::{DriverView, view},
    extract::{Empty, Write},
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
    Path(city): Path<String>,
    body: lines::Body,
) -> Answer<Json<LineAnswer>> {
    let city = app.city(&city)?;
    let text = body.collect().await?;
    let mut taken = Taken::default();
    let mut drivers = Vec::new();
    let mut numbers = Vec::new();
    for (number, line) in lines::split(&text) {
        match lines::read(line) {
            Ok(report) => {
                drivers.push((report.driver, report.point));
                numbers.push(number);
            }
            Err(problem) => taken.reject(number, problem.code().as_str(), problem.detail()),
        }
    }
    let answers = city.drivers_online(&caller.tenant(), drivers).await?;
    for (number, answer) in numbers.into_iter().zip(answers) {
        match answer {
            Ok(_) => taken.accept(),
            Err(error) => {
                let problem = Problem::from(error);
                taken.reject(number, problem.code().as_str(), problem.detail());
            }
        }
    }
    Ok(Json(taken.answer()))
}
