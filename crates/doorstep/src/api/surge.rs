//! Surge: the map for operators, the heat map for drivers, the switch, and what was said before.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_city::live::{LiveCity, SurgeLine, SurgeState, SurgeSwitch};
use doorstep_geo::{BoundingBox, Cell, Point};
use doorstep_pricing::{Band, Basis, MODEL, MODEL_VERSION, Multiplier, Outlook};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Caller, Fleet, Operating},
    extract::{Query, Write},
    idempotency::{Done, Written, write},
    paging::{self, Page},
    problem::{Answer, Problem},
    schema,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(map)).routes(routes!(heat)).routes(routes!(switch)).routes(routes!(log))
}

/// The longest reason, characters.
const REASON: usize = 500;

/// Which cells to show, and how.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Whether each cell comes with its corners.
    #[serde(default)]
    boundaries: bool,
    /// Only cells whose middle lies in this box: west, south, east, north in degrees.
    #[param(example = "-74.02,40.70,-73.93,40.80")]
    bbox: Option<String>,
}

impl Which {
    fn within(&self) -> Answer<Option<BoundingBox>> {
        let Some(text) = &self.bbox else { return Ok(None) };
        let refused =
            || Problem::field("?bbox", format!("{text:?} is no box"), "write west,south,east,north in degrees");
        let numbers: Vec<f64> = text.split(',').filter_map(|n| n.trim().parse().ok()).collect();
        let [west, south, east, north] = numbers[..] else { return Err(refused()) };
        let corners = [(south, west), (north, east)].map(|(lat, lon)| Point::new(lat, lon).map_err(|_| refused()));
        let [low, high] = corners;
        if west > east || south > north {
            return Err(refused());
        }
        Ok(BoundingBox::of([low?, high?]))
    }

    fn boundary(&self, cell: Cell) -> Option<Vec<[f64; 2]>> {
        let short = |degrees: f64| (degrees * 1e5).round() / 1e5;
        self.boundaries.then(|| cell.0.boundary().iter().map(|at| [short(at.lng()), short(at.lat())]).collect())
    }
}

/// A tenant's surge with what riders are charged.
struct Charging<'a> {
    city: &'a LiveCity,
    tenant: String,
    state: SurgeState,
}

impl<'a> Charging<'a> {
    fn of(city: &'a LiveCity, tenant: String) -> Self {
        let state = city.surge(&tenant);
        Self { city, tenant, state }
    }

    fn charged(&self, asked: Multiplier, cell: Cell) -> f64 {
        self.city.charged(&self.tenant, asked, cell, self.city.clock().now()).get()
    }

    fn band(&self, band: Option<Band>, cell: Cell) -> Option<schema::Band> {
        let of = |multiplier| self.charged(multiplier, cell);
        band.map(|band| schema::Band { low: of(band.low), likely: of(band.likely), high: of(band.high) })
    }

    /// On what all multipliers rest.
    fn basis(&self) -> Basis {
        match &self.state.map {
            _ if !self.state.on => Basis::Off,
            None => Basis::WarmingUp,
            Some(map) => map.state_at(self.city.clock().now()),
        }
    }

    /// The outlooks of the cells in a box.
    fn shown(&self, within: Option<BoundingBox>) -> impl Iterator<Item = &Outlook> {
        self.state.outlook.iter().filter(move |o| within.is_none_or(|b| b.contains(o.cell.center())))
    }

    fn as_of(&self) -> Option<String> {
        self.state.map.as_ref().map(|map| map.as_of().to_string())
    }
}

fn told(switch: &SurgeSwitch) -> schema::SurgeSwitch {
    schema::SurgeSwitch {
        on: switch.on,
        by: switch.by.clone(),
        reason: switch.reason.clone(),
        at: switch.at.to_string(),
    }
}

/// Surge cell by cell: multiplier, demand, cars, and an outlook
///
/// Of the caller's tenant. While surge is off the counts go on and every multiplier is 1.
#[utoipa::path(get, path = "/v1/cities/{city}/surge", tag = "surge", params(("city" = String, Path, description = "City id"), Which),
    responses((status = 200, body = schema::SurgeMap)))]
async fn map(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Answer<Json<schema::SurgeMap>> {
    let (city, within) = (app.city(&id)?, which.within()?);
    let surge = Charging::of(city, caller.tenant());
    let map = surge.state.map.as_deref();
    let cell = |outlook: &Outlook| {
        let seen = map?.cell(outlook.cell)?;
        Some(schema::SurgeCell {
            cell: outlook.cell.to_string(),
            multiplier: surge.charged(outlook.now, outlook.cell),
            asked: outlook.now.get(),
            demand_per_min: f64::from(seen.demand_per_min),
            idle: f64::from(seen.idle),
            soon_free: f64::from(seen.soon_free),
            pickup_s: f64::from(seen.pickup_s),
            pickup_flat_s: f64::from(seen.pickup_flat_s),
            in_15_min: surge.band(outlook.in_15_min, outlook.cell),
            in_30_min: surge.band(outlook.in_30_min, outlook.cell),
            boundary: which.boundary(outlook.cell),
        })
    };
    let basis = surge.basis();
    Ok(Json(schema::SurgeMap {
        window_s: map.and_then(|map| map.window_s()).map(f64::from),
        on: surge.state.on,
        switch: surge.state.switch.as_ref().map(told),
        basis: basis.as_str().to_owned(),
        sentence: basis.sentence().to_owned(),
        as_of: surge.as_of(),
        model: MODEL.to_owned(),
        model_version: MODEL_VERSION,
        resolution: city.map().surge.resolution,
        target_pickup_s: city.map().surge.target_pickup_s,
        cells: surge.shown(within).filter_map(cell).collect(),
    }))
}

/// Where rides pay more, for drivers
///
/// With an outlook over 15 and 30 minutes that says what became of such cells before, and nothing while too few of
/// them were seen.
#[utoipa::path(get, path = "/v1/cities/{city}/heat", tag = "surge", params(("city" = String, Path, description = "City id"), Which),
    responses((status = 200, body = schema::HeatMap)))]
async fn heat(
    State(app): State<App>,
    caller: Caller<Fleet>,
    Path(id): Path<String>,
    Query(which): Query<Which>,
) -> Answer<Json<schema::HeatMap>> {
    let (city, within) = (app.city(&id)?, which.within()?);
    let surge = Charging::of(city, caller.tenant());
    let cell = |outlook: &Outlook| schema::HeatCell {
        cell: outlook.cell.to_string(),
        center: outlook.cell.center().into(),
        now: surge.charged(outlook.now, outlook.cell),
        in_15_min: surge.band(outlook.in_15_min, outlook.cell),
        in_30_min: surge.band(outlook.in_30_min, outlook.cell),
        boundary: which.boundary(outlook.cell),
    };
    Ok(Json(schema::HeatMap { as_of: surge.as_of(), cells: surge.shown(within).map(cell).collect() }))
}

/// Whether riders shall be charged surge.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SwitchSurge {
    /// Whether they shall.
    on: bool,
    /// Why; kept in the journal.
    #[schema(example = "the feed of positions is out of order")]
    reason: String,
}

/// Switch surge off or on
///
/// For the riders of the caller's tenant, at once, until it is switched again. Quotes that were given keep their
/// price. Who said it, when and why stays in the log.
#[utoipa::path(post, path = "/v1/cities/{city}/surge/switch", tag = "surge", params(("city" = String, Path, description = "City id")),
    request_body = SwitchSurge, responses((status = 200, body = schema::SurgeSwitch)))]
async fn switch(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(id): Path<String>,
    request: Write<SwitchSurge>,
) -> Answer<Written> {
    let city = app.city(&id)?.clone();
    city.require_owner()?;
    let SwitchSurge { on, reason } = request.body;
    if reason.trim().is_empty() || reason.chars().count() > REASON {
        return Err(Problem::field("/reason", "is empty or too long", format!("write 1 to {REASON} characters")));
    }
    let (tenant, by) = (caller.tenant(), caller.principal().key.to_string());
    let said = SurgeSwitch { on, by, reason, at: city.clock().now() };
    let (also_city, also_tenant) = (city.clone(), tenant.clone());
    let (written, switched) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        also_city.switch_surge_in(tx, &also_tenant, &said)?;
        Done::new(StatusCode::OK, &told(&said), said.clone())
    })
    .await?;
    if let Some(switch) = switched {
        city.surge_switched(&tenant, switch);
    }
    Ok(written)
}

/// Which lines to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LogList {
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A line of the log of surge.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct SurgeLogLine {
    /// Its place in the log.
    pub seq: u64,
    /// `surge_changed`: `changes` lists cells with the multipliers before and after and the counts behind them, with
    /// the versions of model and tariff; `surge_switched`: `on`, `by` and `reason`.
    pub kind: String,
    /// City time, RFC 3339.
    pub at: String,
}

/// What was said about surge, the newest first: every published change and every switch
#[utoipa::path(get, path = "/v1/cities/{city}/surge/log", tag = "surge", params(("city" = String, Path, description = "City id"), LogList),
    responses((status = 200, body = Page<SurgeLogLine>)))]
async fn log(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(id): Path<String>,
    Query(list): Query<LogList>,
) -> Answer<Json<Page<SurgeLine>>> {
    let city = app.city(&id)?;
    let limit = paging::limit(list.limit)?;
    let refused = || Problem::field("?cursor", "is no cursor of this list", "use next_cursor of the page before");
    let before = list.cursor.map(|cursor| cursor.parse().map_err(|_| refused())).transpose()?;
    let (items, next) = city.surge_log(&caller.tenant(), before, limit)?;
    Ok(Json(Page { items, next_cursor: next.map(|seq| seq.to_string()) }))
}
