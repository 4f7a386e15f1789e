//! Routes of shared rides: what a driver's app drives by, and how far along a rider's order is.

use axum::{
    Json,
    extract::{Path, State},
};
use doorstep_city::live;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, driver_id, order_id},
    auth::{Caller, Fleet, Watching},
    problem::Answer,
    schema::{LatLon, RideNeeds},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(of_driver)).routes(routes!(of_order))
}

/// One stop of a driver's route.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteStop {
    /// Whose: an order's id.
    pub order: String,
    /// `pickup` or `dropoff`.
    pub kind: String,
    /// Where.
    pub place: LatLon,
    /// Name of the rider.
    pub rider: String,
    /// Seats.
    pub seats: u8,
    /// What has to fit beside people on seats.
    #[serde(default)]
    pub needs: RideNeeds,
    /// Others may ride along.
    pub shared: bool,
    /// When the car is there, city time, RFC 3339; `null` while it is not known where the car is.
    pub eta: Option<String>,
    /// The last moment that was promised to the rider, city time, RFC 3339.
    pub by: Option<String>,
}

/// Where a driver with shared rides goes.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DriverRoute {
    /// City time of the answer, RFC 3339.
    pub now: String,
    /// The stops, in the order in which they are driven to.
    pub stops: Vec<RouteStop>,
    /// The way along all of them, as `[lon, lat]` pairs.
    pub geometry: Vec<[f64; 2]>,
}

impl From<live::DriverRoute> for DriverRoute {
    fn from(route: live::DriverRoute) -> Self {
        let stop = |stop: live::DriverStop| RouteStop {
            order: stop.order.to_string(),
            kind: if stop.pickup { "pickup" } else { "dropoff" }.to_owned(),
            place: stop.point.into(),
            rider: stop.rider,
            seats: stop.seats,
            needs: stop.needs.into(),
            shared: stop.shared,
            eta: stop.eta.map(|at| at.to_string()),
            by: stop.by.map(|at| at.to_string()),
        };
        Self {
            now: route.now.to_string(),
            stops: route.stops.into_iter().map(stop).collect(),
            geometry: route.geometry.iter().map(|p| [p.lon(), p.lat()]).collect(),
        }
    }
}

/// Read a driver's route: the stops in order, each with its time
///
/// In a city whose cars take several riders. The city may put riders on the route and take them off again until they
/// are aboard; the answer to a driver's position says when to read it again.
#[utoipa::path(get, path = "/v1/drivers/{id}/route", tag = "drivers", params(("id" = String, Path, description = "Driver id")),
    responses((status = 200, body = DriverRoute)))]
async fn of_driver(State(app): State<App>, caller: Caller<Fleet>, Path(id): Path<String>) -> Answer<Json<DriverRoute>> {
    let driver = app.orders.get_driver(&caller.tenant(), driver_id(&id)?).await?;
    let city = app.city(&driver.city)?;
    Ok(Json(city.driver_route(driver.id).into()))
}

/// How far along an order is whose car has other stops as well. Who else rides is not told.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OrderProgress {
    /// When the car is at the pickup, city time, RFC 3339; left out once the rider is aboard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pickup_eta: Option<String>,
    /// When it is at the drop-off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropoff_eta: Option<String>,
    /// Stops of others before the rider's next one.
    pub stops_before: usize,
}

/// Read when an order's car is where: with the stops of others on the way
///
/// Empty while no car is on its way, and in a city whose cars take one rider at a time.
#[utoipa::path(get, path = "/v1/orders/{id}/progress", tag = "orders", params(("id" = String, Path, description = "Order id")),
    responses((status = 200, body = OrderProgress)))]
async fn of_order(
    State(app): State<App>,
    caller: Caller<Watching>,
    Path(id): Path<String>,
) -> Answer<Json<OrderProgress>> {
    let order = app.orders.get(&caller.tenant(), order_id(&id)?).await?;
    let Some(driver) = order.holder() else { return Ok(Json(OrderProgress::default())) };
    let route = app.city(&order.city)?.driver_route(driver);
    let eta = |pickup| {
        let stop = route.stops.iter().find(|stop| stop.order == order.id && stop.pickup == pickup)?;
        stop.eta.map(|at| at.to_string())
    };
    let stops_before = route.stops.iter().position(|stop| stop.order == order.id).unwrap_or(0);
    Ok(Json(OrderProgress { pickup_eta: eta(true), dropoff_eta: eta(false), stops_before }))
}
