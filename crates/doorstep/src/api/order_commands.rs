//! How drivers move an order on. Which command is allowed when stands in the table of `doorstep_orders::machine`.

use axum::{
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_identity::Principal;
use doorstep_orders::{Actor, Command, DriverId, ReassignReason};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, driver_in, order_id},
    auth::{Caller, Fleet},
    extract::Write,
    idempotency::{Done, Idempotency, Written, write},
    problem::Answer,
    schema,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(accept))
        .routes(routes!(decline))
        .routes(routes!(depart))
        .routes(routes!(arrive))
        .routes(routes!(pickup))
        .routes(routes!(complete))
        .routes(routes!(release))
}

/// Who gives the command.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ByDriver {
    /// The driver's id.
    driver: String,
    /// Only if the order is still at this version.
    #[serde(default)]
    expected_version: Option<i64>,
}

/// Who refuses, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Decline {
    /// The driver's id.
    driver: String,
    /// In the driver's words.
    #[serde(default)]
    reason: Option<String>,
    /// Only if the order is still at this version.
    #[serde(default)]
    expected_version: Option<i64>,
}

/// Who gives the order back, and why.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Release {
    /// The driver's id.
    driver: String,
    /// Why; without it the driver's own wish.
    #[serde(default)]
    reason: ReleaseReason,
    /// Only if the order is still at this version.
    #[serde(default)]
    expected_version: Option<i64>,
}

/// Why an accepted order is given back.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ReleaseReason {
    /// The driver's wish.
    #[default]
    DriverCancelled,
    /// The operator decided so.
    OperatorDecided,
}

/// Runs one command on an order and tells its city. The order's city says what time it is.
pub(crate) async fn command(
    app: &App,
    caller: &Principal,
    id: &str,
    command: Command,
    actor: Actor,
    expected_version: Option<i64>,
    once: Option<Idempotency>,
) -> Answer<Written> {
    let id = order_id(id)?;
    let (parts, tenant) = (app.clone(), caller.tenant.to_string());
    let (written, changed) = write(&app.store, caller, once, app.wall.now(), move |tx| {
        let before = parts.orders.get_in(tx, &tenant, id)?;
        let now = parts.city(&before.city)?.clock().now();
        let order = parts.orders.command_in(tx, &tenant, id, &command, actor, expected_version, now)?;
        Done::new(StatusCode::OK, &order.view(), order)
    })
    .await?;
    if let Some(order) = changed {
        app.city(&order.city)?.order_changed(&order);
    }
    Ok(written)
}

async fn by_driver(
    app: &App,
    caller: &Caller<Fleet>,
    id: &str,
    request: Write<ByDriver>,
    make: fn(DriverId) -> Command,
) -> Answer<Written> {
    let ByDriver { driver, expected_version } = request.body;
    let driver = driver_in("/driver", &driver)?;
    command(app, caller, id, make(driver), caller.drives_as(), expected_version, request.once).await
}

/// The driver takes the offer
///
/// Of several who try at once exactly one wins; the others get `wrong_driver` or `illegal_transition`.
#[utoipa::path(post, path = "/v1/orders/{id}/accept", tag = "driving", params(("id" = String, Path, description = "Order id")),
    request_body = ByDriver, responses((status = 200, body = schema::Order)))]
async fn accept(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<ByDriver>,
) -> Answer<Written> {
    by_driver(&app, &caller, &id, request, |driver| Command::Accept { driver }).await
}

/// The driver refuses the offer
#[utoipa::path(post, path = "/v1/orders/{id}/decline", tag = "driving", params(("id" = String, Path, description = "Order id")),
    request_body = Decline, responses((status = 200, body = schema::Order)))]
async fn decline(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<Decline>,
) -> Answer<Written> {
    let Decline { driver, reason, expected_version } = request.body;
    let driver = driver_in("/driver", &driver)?;
    let decline = Command::Decline { driver, reason };
    command(&app, &caller, &id, decline, caller.drives_as(), expected_version, request.once).await
}

/// The driver sets out for the pickup
#[utoipa::path(post, path = "/v1/orders/{id}/depart", tag = "driving", params(("id" = String, Path, description = "Order id")),
    request_body = ByDriver, responses((status = 200, body = schema::Order)))]
async fn depart(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<ByDriver>,
) -> Answer<Written> {
    by_driver(&app, &caller, &id, request, |driver| Command::Depart { driver }).await
}

/// The driver is at the pickup
#[utoipa::path(post, path = "/v1/orders/{id}/arrive", tag = "driving", params(("id" = String, Path, description = "Order id")),
    request_body = ByDriver, responses((status = 200, body = schema::Order)))]
async fn arrive(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<ByDriver>,
) -> Answer<Written> {
    by_driver(&app, &caller, &id, request, |driver| Command::Arrive { driver }).await
}

/// The rider is aboard
#[utoipa::path(post, path = "/v1/orders/{id}/pickup", tag = "driving", params(("id" = String, Path, description = "Order id")),
    request_body = ByDriver, responses((status = 200, body = schema::Order)))]
async fn pickup(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<ByDriver>,
) -> Answer<Written> {
    by_driver(&app, &caller, &id, request, |driver| Command::Pickup { driver }).await
}

/// The rider is dropped off
#[utoipa::path(post, path = "/v1/orders/{id}/complete", tag = "driving", params(("id" = String, Path, description = "Order id")),
    request_body = ByDriver, responses((status = 200, body = schema::Order)))]
async fn complete(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<ByDriver>,
) -> Answer<Written> {
    by_driver(&app, &caller, &id, request, |driver| Command::Complete { driver }).await
}

/// The driver gives an accepted order back; the city looks for another
#[utoipa::path(post, path = "/v1/orders/{id}/release", tag = "driving", params(("id" = String, Path, description = "Order id")),
    request_body = Release, responses((status = 200, body = schema::Order)))]
async fn release(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<Release>,
) -> Answer<Written> {
    let Release { driver, reason, expected_version } = request.body;
    let driver = driver_in("/driver", &driver)?;
    let (reason, actor) = match reason {
        ReleaseReason::DriverCancelled => (ReassignReason::DriverCancelled, caller.drives_as()),
        ReleaseReason::OperatorDecided => (ReassignReason::OperatorDecided, caller.operates()?),
    };
    let release = Command::Release { driver: Some(driver), reason };
    command(&app, &caller, &id, release, actor, expected_version, request.once).await
}
