//! Cities: what they are, how they do, and the demo's clock.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_city::live::LiveCity;
use doorstep_identity::MAIN_TENANT;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Anybody, Caller, Operating},
    extract::Write,
    idempotency::{Done, Written, write},
    paging::Page,
    problem::{Answer, Code, Problem},
    schema::{Clock, LatLon, Stats},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read)).routes(routes!(stats)).routes(routes!(set_clock))
}

/// A city.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct City {
    /// Id, as in paths.
    #[schema(example = "manhattan")]
    pub id: String,
    /// Name.
    pub name: String,
    /// ISO 4217 code of fares.
    #[schema(example = "USD")]
    pub currency: String,
    /// IANA time zone.
    #[schema(example = "America/New_York")]
    pub time_zone: String,
    /// The box around its roads.
    pub bbox: Bbox,
    /// The middle of that box.
    pub center: LatLon,
    /// Its road network.
    pub roads: RoadCount,
    /// Its time.
    pub clock: Clock,
    /// How it decides.
    pub policy: Policy,
}

/// A box on the map, in degrees.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Bbox {
    /// Least latitude.
    pub south: f64,
    /// Least longitude.
    pub west: f64,
    /// Greatest latitude.
    pub north: f64,
    /// Greatest longitude.
    pub east: f64,
}

/// How large a road network is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoadCount {
    /// Junctions.
    pub nodes: usize,
    /// Directed pieces of road between them.
    pub arcs: usize,
    /// Whether travel times change with the hour of the week.
    pub hourly: bool,
}

/// How a city decides, in seconds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// Between two decisions.
    pub batch_s: f64,
    /// After which a request that found no driver is given up.
    pub max_wait_s: f64,
    /// In which a driver must answer.
    pub offer_s: f64,
    /// How rides are shared, where cars take several riders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedPolicy>,
}

/// How rides are shared.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SharedPolicy {
    /// Seats of a car that riders share at most.
    pub seats: u8,
    /// How much later than by a direct trip at once a rider may arrive, seconds.
    pub max_delay_s: f64,
}

fn view(city: &LiveCity) -> City {
    let (map, config) = (city.map(), city.config());
    let (bbox, hour) = (&map.bbox, map.roads.now());
    let graph = hour.roads().graph();
    let shared = config.pooled.map(|pooled| SharedPolicy { seats: pooled.seats, max_delay_s: pooled.max_delay_s });
    City {
        id: map.id.clone(),
        name: map.name.clone(),
        currency: map.currency.code().to_owned(),
        time_zone: map.time_zone.clone(),
        bbox: Bbox { south: bbox.south, west: bbox.west, north: bbox.north, east: bbox.east },
        center: bbox.center().into(),
        roads: RoadCount { nodes: graph.node_count(), arcs: graph.arc_count(), hourly: map.roads.hourly() },
        clock: clock(city),
        policy: Policy { batch_s: config.batch_s, max_wait_s: config.max_wait_s, offer_s: config.offer_s, shared },
    }
}

fn clock(city: &LiveCity) -> Clock {
    let clock = city.clock();
    Clock {
        now: clock.now().to_string(),
        speed: clock.speed(),
        paused: clock.paused(),
        controllable: clock.controllable(),
    }
}

/// List the cities that run here
#[utoipa::path(get, path = "/v1/cities", tag = "cities", responses((status = 200, body = Page<City>)))]
async fn list(State(app): State<App>, _caller: Caller<Anybody>) -> Json<Page<City>> {
    Json(Page { items: app.cities.values().map(view).collect(), next_cursor: None })
}

/// Read a city
#[utoipa::path(get, path = "/v1/cities/{city}", tag = "cities", params(("city" = String, Path, description = "City id")),
    responses((status = 200, body = City)))]
async fn read(State(app): State<App>, _caller: Caller<Anybody>, Path(id): Path<String>) -> Answer<Json<City>> {
    Ok(Json(view(app.city(&id)?)))
}

/// How a city does, in the figures of the caller's tenant
#[utoipa::path(get, path = "/v1/cities/{city}/stats", tag = "cities", params(("city" = String, Path, description = "City id")),
    responses((status = 200, body = Stats)))]
async fn stats(
    State(app): State<App>,
    caller: Caller<Anybody>,
    Path(id): Path<String>,
) -> Answer<Json<impl Serialize + use<>>> {
    Ok(Json(app.city(&id)?.stats(&caller.tenant())))
}

/// How a demo's clock shall run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetClock {
    /// City seconds a real second, 1 to 60.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 60)]
    speed: Option<f64>,
    /// Whether it stands still.
    #[serde(default)]
    paused: Option<bool>,
}

/// Change the speed of a demo's clock, or pause it
///
/// The clock is everybody's: where there are several tenants, only the first one's operators set it.
#[utoipa::path(post, path = "/v1/cities/{city}/clock", tag = "cities", params(("city" = String, Path, description = "City id")),
    request_body = SetClock, responses((status = 200, body = Clock)))]
async fn set_clock(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(id): Path<String>,
    request: Write<SetClock>,
) -> Answer<Written> {
    if caller.tenant() != MAIN_TENANT {
        return Err(Problem::new(Code::Forbidden, format!("the clock is everybody's: only {MAIN_TENANT} may set it")));
    }
    let city = app.city(&id)?.clone();
    let SetClock { speed, paused } = request.body;
    if let Some(speed) = speed.filter(|speed| !(1.0..=60.0).contains(speed)) {
        return Err(Problem::field("/speed", format!("{speed} is out of range"), "choose from 1 to 60"));
    }
    let set = move || -> Answer<Clock> {
        city.clock().set(speed, paused)?;
        Ok(clock(&city))
    };
    let Some(once) = request.once else {
        return Written::unstored(StatusCode::OK, &set()?);
    };
    let (written, _) =
        write(&app.store, &caller, Some(once), app.wall.now(), move |_| Done::new(StatusCode::OK, &set()?, ())).await?;
    Ok(written)
}
