//! The city's roads: ways, travel times, and the tiles that the map draws.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderValue, header},
    response::{IntoResponse, Response},
};
use doorstep_city::live::{CityMap, LiveCity};
use doorstep_roads::{NodeIx, tiles};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Anybody, Caller},
    console::{etag, known},
    extract::{Headers, Write},
    problem::{Answer, Code, Problem},
    refusals::outside,
    schema::LatLon,
};

/// Endpoints that want a key.
pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(route)).routes(routes!(table))
}

/// Endpoints that want none: roads are public.
pub(crate) fn public_routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(tile))
}

/// Most cells of a table.
const CELLS: usize = 1_000_000;
/// The finest tiles; a map stretches them beyond.
const FINEST: u8 = 16;

/// Two points.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskRoute {
    /// From here.
    from: LatLon,
    /// To there.
    to: LatLon,
}

/// The fastest way.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// Seconds.
    pub time_s: f64,
    /// Metres.
    pub distance_m: u32,
    /// The way as `[lon, lat]` pairs.
    pub geometry: Vec<[f64; 2]>,
}

/// The fastest way between two points
#[utoipa::path(post, path = "/v1/cities/{city}/route", tag = "roads", params(("city" = String, Path, description = "City id")),
    request_body = AskRoute, responses((status = 200, body = Route)))]
async fn route(
    State(app): State<App>,
    _caller: Caller<Anybody>,
    Path(id): Path<String>,
    request: Write<AskRoute>,
) -> Answer<Json<Route>> {
    let map = app.city(&id)?.map();
    let (from, to) = (corner(map, "/from", request.body.from)?, corner(map, "/to", request.body.to)?);
    let trip = map.trip(from, to)?;
    Ok(Json(Route {
        time_s: f64::from(trip.time_ms) / 1000.0,
        distance_m: trip.distance_m,
        geometry: trip.geometry.iter().map(|point| [point.lon(), point.lat()]).collect(),
    }))
}

/// The street corner nearest to a point of the body.
fn corner(map: &CityMap, field: &str, at: LatLon) -> Answer<NodeIx> {
    let point = at.point(field)?;
    map.roads
        .now()
        .roads()
        .snap(point, map.snap_m)
        .map(|snap| snap.node)
        .map_err(|error| outside(field, error.to_string()))
}

/// Points from which and to which.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskTable {
    /// From each of these.
    sources: Vec<LatLon>,
    /// To each of these; sources times targets at most 1,000,000.
    targets: Vec<LatLon>,
}

/// Travel times.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// A row for each source, a column for each target, in seconds; `null` where no road leads.
    pub times_s: Vec<Vec<Option<f64>>>,
}

/// Travel times from each source to each target
#[utoipa::path(post, path = "/v1/cities/{city}/table", tag = "roads", params(("city" = String, Path, description = "City id")),
    request_body = AskTable, responses((status = 200, body = Times)))]
async fn table(
    State(app): State<App>,
    _caller: Caller<Anybody>,
    Path(id): Path<String>,
    request: Write<AskTable>,
) -> Answer<Json<Times>> {
    let city = app.city(&id)?.clone();
    let AskTable { sources, targets } = request.body;
    if sources.len().saturating_mul(targets.len()) > CELLS {
        let reason = format!("{} sources times {} targets", sources.len(), targets.len());
        return Err(Problem::field("/targets", reason, format!("ask for at most {CELLS} times at once")));
    }
    let times = move || -> Answer<Times> {
        let corners = |field: &str, points: Vec<LatLon>| -> Answer<Vec<NodeIx>> {
            let corner = |(ix, point)| corner(city.map(), &format!("/{field}/{ix}"), point);
            points.into_iter().enumerate().map(corner).collect()
        };
        let (sources, targets) = (corners("sources", sources)?, corners("targets", targets)?);
        let table = city.map().roads.now().roads().table(&sources, &targets);
        let seconds = |ms: u32| (ms != doorstep_roads::UNREACHABLE).then(|| f64::from(ms) / 1000.0);
        let row = |source| table.row(source).iter().copied().map(seconds).collect();
        Ok(Times { times_s: (0..sources.len()).map(row).collect() })
    };
    // A large table takes a while: not on a thread that others wait for.
    match tokio::task::spawn_blocking(times).await {
        Ok(times) => times.map(Json),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// A map tile
///
/// Mapbox vector tile with the layer `roads`. Wants no key: roads are public.
#[utoipa::path(get, path = "/v1/cities/{city}/tiles/{z}/{x}/{y}", tag = "roads",
    params(("city" = String, Path, description = "City id"), ("z" = u8, Path, description = "Zoom, 0 to 16"),
        ("x" = u32, Path, description = "Column"), ("y" = String, Path, description = "Row, with or without `.mvt`")),
    responses((status = 200, body = Vec<u8>, content_type = "application/vnd.mapbox-vector-tile"),
        (status = 304, description = "As you have it")))]
async fn tile(
    State(app): State<App>,
    Path((id, z, x, y)): Path<(String, String, String, String)>,
    Headers(headers): Headers,
) -> Answer<Response> {
    let city: LiveCity = app.city(&id)?.clone();
    let name = || format!("{z}/{x}/{y}");
    let row = y.strip_suffix(".mvt").unwrap_or(&y);
    let (Ok(z), Ok(x), Ok(y)) = (z.parse::<u8>(), x.parse::<u32>(), row.parse::<u32>()) else {
        return Err(Problem::not_found("tile", &name()));
    };
    let across = 1_u32.checked_shl(u32::from(z)).filter(|across| z <= FINEST && x < *across && y < *across);
    if across.is_none() {
        return Err(Problem::new(Code::NotFound, format!("tiles go from zoom 0 to {FINEST}")));
    }
    let bytes = app
        .tiles
        .get_or_make(&id, (z, x, y), move || tiles::encode(city.map().roads.now().roads().graph(), z, x, y))
        .await;
    let tag = etag(&Sha256::digest(&bytes));
    let mut response = if known(&headers, &tag) {
        axum::http::StatusCode::NOT_MODIFIED.into_response()
    } else {
        bytes.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/vnd.mapbox-vector-tile"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"));
    headers.insert(header::ETAG, tag);
    Ok(response)
}
