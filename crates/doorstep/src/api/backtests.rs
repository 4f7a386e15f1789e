//! Backtests: a recorded period of the city under two policies, asked for, followed, compared.

use axum::{
    Json,
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use doorstep_city::backtest::Assumptions;
use doorstep_city::trials::{NewTrial, PolicySource, TrialFile, TrialInput, TrialRecord};
use doorstep_clock::Timestamp;
use doorstep_orders::{OrdersError, Recording, State as OrderState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Caller, Operating},
    extract::{Empty, Headers, LargeWrite, Query, Write},
    idempotency::{Done, Written, write},
    paging::{self, Page},
    problem::{Answer, Problem},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(start, list))
        .routes(routes!(read, forget))
        .routes(routes!(cancel))
        .routes(routes!(report))
        .routes(routes!(page))
        .routes(routes!(film))
        .routes(routes!(request))
        .routes(routes!(recording))
}

/// Seeds of a backtest that names no number.
const SEEDS: u32 = 5;

/// Two policies, and what they are tried on: a recorded period or tables.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StartBacktest {
    /// The policy to measure by: the text of a TOML file as `doorstep city backtest` reads it, or the same as a JSON
    /// object. An empty object is the usual policy.
    #[schema(value_type = Object, example = json!({"name": "now", "seats": 1}))]
    a: PolicySource,
    /// The policy to try.
    #[schema(value_type = Object, example = json!({"name": "shared", "seats": 4, "dispatch": {"kind": "pooled"}}))]
    b: PolicySource,
    /// A period that the live city recorded: orders and shifts of the caller's tenant.
    #[serde(default)]
    recorded: Option<RecordedPeriod>,
    /// Tables instead.
    #[serde(default)]
    tables: Option<RecordedTables>,
    /// Cars, drawn anew for each seed; all that were recorded without it.
    #[serde(default)]
    fleet: Option<usize>,
    /// Paired seeds, 2 to 30; 5 without it. More make intervals narrower and take longer.
    #[serde(default)]
    seeds: Option<u32>,
    /// The first of them; 1 without it.
    #[serde(default)]
    first_seed: Option<u64>,
    /// What is assumed about people: `value_of_time`, `elasticity`, `most_worth`, `driving_cost`,
    /// `reservation_wage`, each with its usual value where it is left out.
    #[serde(default)]
    #[schema(value_type = Option<Object>)]
    assumptions: Option<Assumptions>,
}

/// From when to when, city time, at most a day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedPeriod {
    /// The first moment, RFC 3339.
    #[schema(example = "2013-11-18T17:00:00Z")]
    from: String,
    /// The first moment after it.
    #[schema(example = "2013-11-18T18:00:00Z")]
    to: String,
}

/// Recorded requests and taxis as the text of CSV tables.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordedTables {
    /// With the columns `request_time`, `pu_lon`, `pu_lat`, `do_lon`, `do_lat`.
    requests: String,
    /// With the columns `lon`, `lat`, and `from`, `until` where taxis have shifts.
    taxis: String,
}

/// A backtest.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Backtest {
    /// Id.
    #[schema(example = "bkt_0193523c9d6a7b1e8f00112233445566")]
    pub id: String,
    /// City id.
    pub city: String,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// How much is done, from 0 to 1.
    pub progress: f64,
    /// Name of the policy to measure by.
    pub a: String,
    /// Name of the policy to try.
    pub b: String,
    /// The recorded period's first moment, city time; `null` for tables.
    pub from: Option<String>,
    /// The first moment after it.
    pub to: Option<String>,
    /// Recorded requests.
    pub requests: usize,
    /// Recorded cars, or shifts of drivers.
    pub cars: usize,
    /// Cars of each run; `null` for all.
    pub fleet: Option<usize>,
    /// Paired seeds.
    pub seeds: u32,
    /// When it was asked for, real time, RFC 3339.
    pub created_at: String,
    /// When it was begun.
    pub started_at: Option<String>,
    /// When it ended.
    pub ended_at: Option<String>,
    /// Why it failed.
    pub problem: Option<String>,
}

fn view(trial: &TrialRecord) -> Backtest {
    let period = trial.about.period;
    let told = |at: Option<Timestamp>| at.map(|at| at.to_string());
    Backtest {
        id: trial.id.clone(),
        city: trial.city.clone(),
        state: trial.state.as_str().to_owned(),
        progress: trial.progress,
        a: trial.about.a.clone(),
        b: trial.about.b.clone(),
        from: told(period.map(|[from, _]| from)),
        to: told(period.map(|[_, to]| to)),
        requests: trial.about.requests,
        cars: trial.about.cars,
        fleet: trial.about.fleet,
        seeds: trial.about.seeds,
        created_at: trial.created_at.to_string(),
        started_at: told(trial.started_at),
        ended_at: told(trial.ended_at),
        problem: trial.problem.clone(),
    }
}

fn moment(field: &str, text: &str) -> Answer<Timestamp> {
    Timestamp::parse(text)
        .map_err(|error| Problem::field(field, error.to_string(), "write it like 2013-11-18T17:00:00Z"))
}

/// What the store knows of a period; `field` is blamed for one that is too long.
async fn read_period(
    app: &App,
    caller: &Caller<Operating>,
    city: &str,
    [from, to]: [Timestamp; 2],
    field: &str,
) -> Answer<Recording> {
    app.orders.recording(&caller.tenant(), city, from, to).await.map_err(|error| match error {
        OrdersError::InvalidField { field: "/to", reason, fix } => Problem::field(field, reason, fix),
        other => other.into(),
    })
}

/// Try two policies on a recorded period
///
/// The answer comes at once; the work is done beside the city, one backtest at a time. Ask `GET` for its progress and,
/// when it is done, for its report and films. Every mistake of both policies is told at once.
#[utoipa::path(post, path = "/v1/cities/{city}/backtests", tag = "backtests", params(("city" = String, Path, description = "City id")),
    request_body = StartBacktest, responses((status = 201, body = Backtest)))]
async fn start(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(id): Path<String>,
    LargeWrite(request): LargeWrite<StartBacktest>,
) -> Answer<Written> {
    app.city(&id)?;
    let StartBacktest { a, b, recorded, tables, fleet, seeds, first_seed, assumptions } = request.body;
    let input = match (recorded, tables) {
        (Some(RecordedPeriod { from, to }), None) => {
            let (from, to) = (moment("/recorded/from", &from)?, moment("/recorded/to", &to)?);
            TrialInput::Recorded(read_period(&app, &caller, &id, [from, to], "/recorded/to").await?)
        }
        (None, Some(RecordedTables { requests, taxis })) => TrialInput::Tables { requests, taxis },
        _ => return Err(Problem::field("/recorded", "one of recorded and tables is wanted", "send one of them")),
    };
    let new = NewTrial {
        a,
        b,
        input,
        fleet,
        seeds: seeds.unwrap_or(SEEDS),
        first_seed: first_seed.unwrap_or(1),
        assumptions: assumptions.unwrap_or_default(),
    };
    let (trials, city) = (app.trials.clone(), id.clone());
    // Both policies are read and the period is put on the map: not on a thread that others wait for.
    let prepared = match tokio::task::spawn_blocking(move || trials.prepare(&city, &new)).await {
        Ok(prepared) => prepared?,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    };
    let (parts, tenant, now) = (app.clone(), caller.tenant(), app.wall.now());
    let (written, made) = write(&app.store, &caller, request.once, now, move |tx| {
        let trial = parts.trials.insert_in(tx, &tenant, &id, &prepared, now)?;
        Done::new(StatusCode::CREATED, &view(&trial), ())
    })
    .await?;
    if made.is_some() {
        app.trials.wake();
    }
    Ok(written)
}

/// Which backtests to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BacktestList {
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List backtests, the latest first
#[utoipa::path(get, path = "/v1/cities/{city}/backtests", tag = "backtests",
    params(("city" = String, Path, description = "City id"), BacktestList), responses((status = 200, body = Page<Backtest>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(id): Path<String>,
    Query(query): Query<BacktestList>,
) -> Answer<Json<Page<Backtest>>> {
    app.city(&id)?;
    let limit = paging::limit(query.limit)?;
    if query.cursor.as_deref().is_some_and(|cursor| !cursor.starts_with("bkt_")) {
        return Err(Problem::field("?cursor", "is no cursor of this list", "use next_cursor of the page before"));
    }
    let (trials, tenant) = (app.trials.clone(), caller.tenant());
    let (items, next_cursor) = app
        .store
        .read(move |tx| Ok::<_, Problem>(trials.list_in(tx, &tenant, &id, query.cursor.as_deref(), limit)?))
        .await?;
    Ok(Json(Page { items: items.iter().map(view).collect(), next_cursor }))
}

/// Read a backtest: its state and progress
#[utoipa::path(get, path = "/v1/cities/{city}/backtests/{id}", tag = "backtests",
    params(("city" = String, Path, description = "City id"), ("id" = String, Path, description = "Backtest id")),
    responses((status = 200, body = Backtest)))]
async fn read(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((city, id)): Path<(String, String)>,
) -> Answer<Json<Backtest>> {
    let (trials, tenant) = (app.trials.clone(), caller.tenant());
    let trial = app.store.read(move |tx| Ok::<_, Problem>(trials.get_in(tx, &tenant, &city, &id)?)).await?;
    Ok(Json(view(&trial)))
}

/// Call a backtest off that waits or runs
#[utoipa::path(post, path = "/v1/cities/{city}/backtests/{id}/cancel", tag = "backtests",
    params(("city" = String, Path, description = "City id"), ("id" = String, Path, description = "Backtest id")),
    responses((status = 200, body = Backtest)))]
async fn cancel(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((city, id)): Path<(String, String)>,
    request: Write<Empty>,
) -> Answer<Written> {
    let (trials, tenant, now) = (app.trials.clone(), caller.tenant(), app.wall.now());
    let (written, _) = write(&app.store, &caller, request.once, now, move |tx| {
        let trial = trials.cancel_in(tx, &tenant, &city, &id, now)?;
        Done::new(StatusCode::OK, &view(&trial), ())
    })
    .await?;
    Ok(written)
}

/// Forget a backtest that has ended, its results with it
#[utoipa::path(delete, path = "/v1/cities/{city}/backtests/{id}", tag = "backtests",
    params(("city" = String, Path, description = "City id"), ("id" = String, Path, description = "Backtest id")),
    responses((status = 200, body = Backtest)))]
async fn forget(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((city, id)): Path<(String, String)>,
    request: Write<Empty>,
) -> Answer<Written> {
    let (trials, tenant) = (app.trials.clone(), caller.tenant());
    let (written, _) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let trial = trials.get_in(tx, &tenant, &city, &id)?;
        trials.delete_in(tx, &tenant, &city, &id)?;
        Done::new(StatusCode::OK, &view(&trial), ())
    })
    .await?;
    Ok(written)
}

/// What a backtest came to
///
/// Every figure of both policies with the paired difference and its 95 % intervals, percentiles for plots, squares of
/// the map: the same JSON as `doorstep city backtest --json`.
#[utoipa::path(get, path = "/v1/cities/{city}/backtests/{id}/report", tag = "backtests",
    params(("city" = String, Path, description = "City id"), ("id" = String, Path, description = "Backtest id")),
    responses((status = 200, body = Object)))]
async fn report(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((city, id)): Path<(String, String)>,
    Headers(headers): Headers,
) -> Answer<Response> {
    send(&app, &caller, (&city, &id), TrialFile::Report, "application/json", &headers).await
}

/// The report as one HTML page that needs nothing else
#[utoipa::path(get, path = "/v1/cities/{city}/backtests/{id}/report.html", tag = "backtests",
    params(("city" = String, Path, description = "City id"), ("id" = String, Path, description = "Backtest id")),
    responses((status = 200, body = String, content_type = "text/html")))]
async fn page(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((city, id)): Path<(String, String)>,
    Headers(headers): Headers,
) -> Answer<Response> {
    send(&app, &caller, (&city, &id), TrialFile::Page, "text/html; charset=utf-8", &headers).await
}

/// The first seed's run under one policy, to be played on a map
///
/// `corners` are `[lon, lat]` in millionths of a degree. A car's `path` is pairs of seconds since the pair before and a
/// corner, its `states` pairs of seconds and 0 free, 1 on the way to a rider, 2 with riders. Requests name when they
/// were made, promised, picked up, set down or lost, in seconds from the period's start.
#[utoipa::path(get, path = "/v1/cities/{city}/backtests/{id}/films/{side}", tag = "backtests",
    params(("city" = String, Path, description = "City id"), ("id" = String, Path, description = "Backtest id"),
        ("side" = String, Path, description = "`a` or `b`")),
    responses((status = 200, body = Object)))]
async fn film(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((city, id, side)): Path<(String, String, String)>,
    Headers(headers): Headers,
) -> Answer<Response> {
    let file = match side.as_str() {
        "a" => TrialFile::FilmA,
        "b" => TrialFile::FilmB,
        _ => return Err(Problem::not_found("film", &side)),
    };
    send(&app, &caller, (&city, &id), file, "application/json", &headers).await
}

/// What was asked for
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BacktestRequest {
    /// The policy to measure by, as it was sent.
    #[schema(value_type = Object)]
    pub a: serde_json::Value,
    /// The policy to try, as it was sent.
    #[schema(value_type = Object)]
    pub b: serde_json::Value,
    /// What was assumed about people.
    #[schema(value_type = Object)]
    pub assumptions: serde_json::Value,
    /// The first seed.
    pub first_seed: u64,
}

/// What was asked for: both policies as they were sent, to be changed and tried again
#[utoipa::path(get, path = "/v1/cities/{city}/backtests/{id}/request", tag = "backtests",
    params(("city" = String, Path, description = "City id"), ("id" = String, Path, description = "Backtest id")),
    responses((status = 200, body = BacktestRequest)))]
async fn request(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((city, id)): Path<(String, String)>,
) -> Answer<Json<BacktestRequest>> {
    let text = app.trials.plain_file(&caller.tenant(), &city, &id, TrialFile::Request).await?;
    let new: NewTrial = serde_json::from_slice(&text).map_err(|error| Problem::internal(&error))?;
    let policy = |source| match source {
        PolicySource::Toml(text) => serde_json::Value::String(text),
        PolicySource::Json(policy) => serde_json::Value::Object(policy),
    };
    Ok(Json(BacktestRequest {
        a: policy(new.a),
        b: policy(new.b),
        assumptions: serde_json::to_value(new.assumptions).map_err(|error| Problem::internal(&error))?,
        first_seed: new.first_seed,
    }))
}

/// A result is kept packed and sent so to whoever can unpack it.
async fn send(
    app: &App,
    caller: &Caller<Operating>,
    (city, id): (&str, &str),
    file: TrialFile,
    kind: &'static str,
    headers: &HeaderMap,
) -> Answer<Response> {
    let packed_will_do = headers
        .get_all(header::ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|list| list.split(','))
        .any(|one| one.trim().split(';').next() == Some("gzip") && !one.contains("q=0"));
    let mut response = if packed_will_do {
        let packed = app.trials.file(&caller.tenant(), city, id, file).await?;
        let mut response = packed.into_response();
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        response
    } else {
        app.trials.plain_file(&caller.tenant(), city, id, file).await?.into_response()
    };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    // What is done changes no more.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=3600"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    Ok(response)
}

/// Which period.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PeriodQuery {
    /// The first moment, city time, RFC 3339.
    from: String,
    /// The first moment after it, at most a day later.
    to: String,
}

/// What the live city recorded in a period.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordedSummary {
    /// The first moment.
    pub from: String,
    /// The first moment after it.
    pub to: String,
    /// Orders that riders made.
    pub requests: usize,
    /// Of them, completed.
    pub completed: usize,
    /// Of them, given up because no driver was found.
    pub no_driver: usize,
    /// Shifts of drivers that touch the period.
    pub shifts: usize,
}

/// What there is to be tried on in a period
#[utoipa::path(get, path = "/v1/cities/{city}/recording", tag = "backtests",
    params(("city" = String, Path, description = "City id"), PeriodQuery), responses((status = 200, body = RecordedSummary)))]
async fn recording(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(id): Path<String>,
    Query(query): Query<PeriodQuery>,
) -> Answer<Json<RecordedSummary>> {
    app.city(&id)?;
    let (from, to) = (moment("?from", &query.from)?, moment("?to", &query.to)?);
    let Recording { from, to, requests, shifts, .. } = read_period(&app, &caller, &id, [from, to], "?to").await?;
    let count = |state: OrderState| requests.iter().filter(|r| r.state == state).count();
    Ok(Json(RecordedSummary {
        from: from.to_string(),
        to: to.to_string(),
        completed: count(OrderState::Completed),
        no_driver: count(OrderState::NoDriver),
        requests: requests.len(),
        shifts: shifts.len(),
    }))
}
