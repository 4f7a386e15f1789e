//! Drivers: registered, listed, read, and what happened to one of them.

use std::cmp::Reverse;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_city::live::DriverLive;
use doorstep_orders::{Driver, DriverFilter, MOST_ORDERS, NewDriver, OrderFilter, ProfileChange, Shift};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::{App, driver_id},
    auth::{Caller, Fleet},
    extract::{Query, Write},
    idempotency::{Done, Written, write},
    paging::{self, Page},
    problem::{Answer, Problem},
    schema::{self, CarProfile, LatLon, WomenRides},
    suggestion::Suggestion,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(create, list))
        .routes(routes!(create_batch))
        .routes(routes!(read))
        .routes(routes!(profile))
        .routes(routes!(story))
}

/// Most drivers of one batch.
const BATCH: usize = 1000;
/// Most lines of a story.
const STORY: usize = 20;

/// A driver to be registered.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDriver {
    /// City id.
    #[schema(example = "manhattan")]
    city: String,
    /// Name shown to riders.
    name: String,
    /// Number plate.
    plate: String,
    /// Seats for riders, 1 to 60.
    seats: u8,
    /// What else the vehicle has; without it a usual saloon.
    #[serde(default)]
    car: CarProfile,
    /// The driver's own word on rides among women; it can be written and not read.
    #[serde(default)]
    women_rides: WomenRides,
}

/// Drivers to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDrivers {
    /// At most 1,000: all of them or none.
    items: Vec<CreateDriver>,
}

/// A driver, and where he is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Driver)]
pub struct DriverView {
    /// Id.
    #[schema(example = "drv_0193523c9d6a7b1e8f00112233445566")]
    pub id: String,
    /// City id.
    pub city: String,
    /// Name shown to riders.
    pub name: String,
    /// Number plate.
    pub plate: String,
    /// Seats for riders.
    pub seats: u8,
    /// What else the vehicle has.
    #[serde(default)]
    pub car: CarProfile,
    /// `online`, `offline` or `break`.
    pub shift: String,
    /// `idle`, `offered`, `en_route`, `arrived`, `on_trip`, `break` or `offline`: as the map shows him.
    pub state: String,
    /// Where he was heard of last.
    pub position: Option<LatLon>,
    /// When that was, city time, RFC 3339.
    pub position_at: Option<String>,
    /// Heading in degrees from north.
    pub bearing_deg: Option<f64>,
    /// Where he had best wait, while he is idle and there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<Suggestion>,
    /// The open order that he holds; told by `GET /v1/drivers/{id}` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<String>,
    /// The order that follows it, when he has taken the next one before the drop-off; told as `order` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_order: Option<String>,
    /// When he was registered, city time, RFC 3339.
    pub created_at: String,
}

/// The stored driver joined with what the live city knows of him.
pub(crate) fn view(driver: &Driver, live: Option<DriverLive>) -> DriverView {
    let suggestion = live.as_ref().and_then(|live| live.suggestion).map(Suggestion::from);
    let position = live.as_ref().and_then(|live| live.position).or(driver.position);
    DriverView {
        id: driver.id.to_string(),
        city: driver.city.clone(),
        name: driver.name.clone(),
        plate: driver.plate.clone(),
        seats: driver.seats,
        car: driver.car.into(),
        shift: driver.shift.as_str().to_owned(),
        state: live.as_ref().map_or("offline", |live| live.state).to_owned(),
        position: position.map(LatLon::from),
        position_at: live.as_ref().and_then(|live| live.at).map(|at| at.to_string()),
        bearing_deg: live.and_then(|live| live.bearing_deg).map(f64::from),
        suggestion,
        order: None,
        next_order: None,
        created_at: driver.created_at.to_string(),
    }
}

fn seen(app: &App, driver: &Driver) -> DriverView {
    view(driver, app.cities.get(&driver.city).and_then(|city| city.driver_live(driver.id)))
}

fn new_driver(app: &App, field: &str, driver: CreateDriver) -> Answer<NewDriver> {
    if !app.cities.contains_key(&driver.city) {
        let known: Vec<&str> = app.cities.keys().map(String::as_str).collect();
        let reason = format!("there is no city {:?}", driver.city);
        return Err(Problem::field(format!("{field}/city"), reason, format!("choose among {}", known.join(", "))));
    }
    let CreateDriver { city, name, plate, seats, car, women_rides } = driver;
    Ok(NewDriver { city, name, plate, seats, car: car.into(), women_rides: women_rides.into() })
}

/// Register a driver
#[utoipa::path(post, path = "/v1/drivers", tag = "drivers", request_body = CreateDriver,
    responses((status = 201, body = DriverView, headers(("Location", description = "Path of the driver")))))]
async fn create(State(app): State<App>, caller: Caller<Fleet>, request: Write<CreateDriver>) -> Answer<Written> {
    let new = new_driver(&app, "", request.body)?;
    let now = app.city(&new.city)?.clock().now();
    let (orders, tenant) = (app.orders.clone(), caller.tenant());
    let (written, made) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let driver = orders.register_driver_in(tx, &tenant, &new, now)?;
        Done::new(StatusCode::CREATED, &view(&driver, None), driver)
    })
    .await?;
    if let Some(driver) = made {
        app.city(&driver.city)?.driver_registered(&driver);
    }
    Ok(written.made_in("/v1/drivers"))
}

/// Register many drivers: all of them or none
#[utoipa::path(post, path = "/v1/drivers/batch", tag = "drivers", request_body = CreateDrivers,
    responses((status = 201, body = Page<DriverView>)))]
async fn create_batch(State(app): State<App>, caller: Caller<Fleet>, request: Write<CreateDrivers>) -> Answer<Written> {
    let given = request.body.items;
    if given.is_empty() || given.len() > BATCH {
        let reason = format!("{} drivers at once", given.len());
        return Err(Problem::field("/items", reason, format!("send 1 to {BATCH}")));
    }
    let mut new = Vec::with_capacity(given.len());
    for (ix, driver) in given.into_iter().enumerate() {
        let driver = new_driver(&app, &format!("/items/{ix}"), driver)?;
        let now = app.city(&driver.city)?.clock().now();
        new.push((driver, now));
    }
    let (orders, tenant) = (app.orders.clone(), caller.tenant());
    let (written, made) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let mut made = Vec::with_capacity(new.len());
        for (driver, now) in &new {
            made.push(orders.register_driver_in(tx, &tenant, driver, *now)?);
        }
        let items = made.iter().map(|driver| view(driver, None)).collect();
        Done::new(StatusCode::CREATED, &Page { items, next_cursor: None }, made)
    })
    .await?;
    for driver in made.unwrap_or_default() {
        app.city(&driver.city)?.driver_registered(&driver);
    }
    Ok(written)
}

/// Which drivers to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DriverList {
    /// In this city.
    city: Option<String>,
    /// On this shift: `online`, `offline` or `break`.
    shift: Option<String>,
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List drivers, oldest first
#[utoipa::path(get, path = "/v1/drivers", tag = "drivers", params(DriverList), responses((status = 200, body = Page<DriverView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Query(query): Query<DriverList>,
) -> Answer<Json<Page<DriverView>>> {
    let shift = query.shift.as_deref().map(parse_shift).transpose()?;
    let filter = DriverFilter { city: query.city, shift };
    let limit = paging::limit(query.limit)?;
    let page = app.orders.list_drivers(&caller.tenant(), filter, query.cursor, limit).await?;
    let items = page.items.iter().map(|driver| seen(&app, driver)).collect();
    Ok(Json(Page { items, next_cursor: page.next_cursor }))
}

fn parse_shift(word: &str) -> Answer<Shift> {
    Shift::parse(word).ok_or_else(|| {
        Problem::field("?shift", format!("there is no shift {word:?}"), "choose among online, offline, break")
    })
}

/// Read a driver: where he is and the order that he holds
#[utoipa::path(get, path = "/v1/drivers/{id}", tag = "drivers", params(("id" = String, Path, description = "Driver id")),
    responses((status = 200, body = DriverView)))]
async fn read(State(app): State<App>, caller: Caller<Fleet>, Path(id): Path<String>) -> Answer<Json<DriverView>> {
    let id = driver_id(&id)?;
    let driver = app.orders.get_driver(&caller.tenant(), id).await?;
    let filter = OrderFilter { driver: Some(id), open: true, ..OrderFilter::default() };
    let mut held = app.orders.list(&caller.tenant(), filter, None, usize::from(MOST_ORDERS)).await?.items;
    // The one that is further on is the one he serves.
    held.sort_by_key(|order| Reverse((order.state, Reverse(order.id))));
    let mut shown = seen(&app, &driver);
    let mut ids = held.iter().map(|order| order.id.to_string());
    (shown.order, shown.next_order) = (ids.next(), ids.next());
    Ok(Json(shown))
}

/// What is to be changed of a vehicle; what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeProfile {
    /// What the vehicle has.
    #[serde(default)]
    car: ChangeCar,
    /// The driver's own word on rides among women; it can be written and not read.
    women_rides: Option<WomenRides>,
}

/// What a vehicle has, as far as it changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeCar {
    /// Places for wheelchairs, with the ramp to get there.
    #[schema(maximum = 60)]
    wheelchairs: Option<u8>,
    /// Child seats.
    #[schema(maximum = 60)]
    child_seats: Option<u8>,
    /// Pieces of luggage that fit into the boot.
    #[schema(maximum = 60)]
    luggage: Option<u8>,
    /// Whether pets may ride.
    pets: Option<bool>,
}

/// Change what a driver's vehicle has
///
/// Not while he has an order: its rider counts on the car as it was.
#[utoipa::path(post, path = "/v1/drivers/{id}/profile", tag = "drivers", params(("id" = String, Path, description = "Driver id")),
    request_body = ChangeProfile, responses((status = 200, body = DriverView)))]
async fn profile(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    request: Write<ChangeProfile>,
) -> Answer<Written> {
    let id = driver_id(&id)?;
    let ChangeProfile { car: ChangeCar { wheelchairs, child_seats, luggage, pets }, women_rides } = request.body;
    let women_rides = women_rides.map(Into::into);
    let change = ProfileChange { wheelchairs, child_seats, luggage, pets, women_rides };
    let (parts, tenant) = (app.clone(), caller.tenant());
    let (written, changed) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let driver = parts.orders.set_profile_in(tx, &tenant, id, &change)?;
        Done::new(StatusCode::OK, &seen(&parts, &driver), driver)
    })
    .await?;
    if let Some(driver) = changed {
        app.city(&driver.city)?.driver_registered(&driver);
    }
    Ok(written)
}

/// What happened to a driver lately, newest first
#[utoipa::path(get, path = "/v1/drivers/{id}/story", tag = "drivers", params(("id" = String, Path, description = "Driver id")),
    responses((status = 200, body = Page<schema::StoryLine>)))]
async fn story(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
) -> Answer<Json<impl Serialize + use<>>> {
    let items = app.orders.driver_story(&caller.tenant(), driver_id(&id)?, STORY).await?;
    Ok(Json(Page { items, next_cursor: None }))
}
