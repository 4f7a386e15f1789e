//! SQL over HTTP: statements with their rows as JSON, JSON lines, CSV or an Arrow stream; jobs; tables; grants.

mod answer;
mod grants;
mod jobs;
mod refusals;
mod saved;
mod tables;

use std::time::Duration;

use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use doorstep_lake::{Engine as _, Limits, Session, Statement};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::answer::Shape;
use super::{
    app::App,
    auth::{Anybody, Caller},
    extract::{Headers, Write},
    idempotency::REPLAYED,
    problem::{Answer, Code, Problem},
    shell::OwnLimit,
};
use crate::roles::lake::Lake;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(run))
        .routes(routes!(plan))
        .merge(jobs::routes())
        .merge(tables::routes())
        .merge(grants::routes())
        .merge(saved::routes())
}

/// Rows of an answer in JSON without `max_rows`.
const ROWS: usize = 10_000;
/// Rows of an answer in JSON at most; streams have no such bound.
const MOST_ROWS: usize = 1_000_000;

/// A statement and how to run it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AskSql {
    /// One SQL statement.
    #[schema(example = "SELECT city, count(*) AS rides FROM rides GROUP BY city")]
    statement: String,
    /// The database in which bare names are looked up; `default` without it.
    #[serde(default)]
    database: Option<String>,
    /// The speed that it runs at and is charged for, such as `fast`; `standard` without it.
    #[serde(default)]
    speed: Option<String>,
    /// Bounds below the server's own.
    #[serde(default)]
    limits: AskLimits,
    /// Rows of a JSON answer, 1 to 1,000,000; 10,000 without it. Ignored by the streamed forms.
    #[serde(default)]
    max_rows: Option<usize>,
    /// Answer at once with the query's id; its rows are fetched later.
    #[serde(default)]
    r#async: bool,
    /// JSON lines: end with a line of what the query took.
    #[serde(default)]
    statistics: bool,
}

/// Bounds of one query.
#[derive(Clone, Copy, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct AskLimits {
    /// Seconds that it may run.
    time_s: Option<f64>,
    /// Memory in MiB; more is spilled to disk.
    memory_mib: Option<usize>,
    /// Bytes that it may read from files.
    scan_bytes: Option<u64>,
    /// Cores at once.
    cores: Option<usize>,
}

impl AskLimits {
    fn checked(self) -> Answer<Limits> {
        let time = match self.time_s {
            None => None,
            Some(s) if s.is_finite() && s > 0.0 && s <= 86_400.0 => Some(Duration::from_secs_f64(s)),
            Some(s) => return Err(Problem::field("/limits/time_s", format!("{s} is out of range"), "from 0 to 86400")),
        };
        if self.memory_mib == Some(0) || self.cores == Some(0) {
            return Err(Problem::field("/limits", "0 allows nothing", "send 1 or more, or leave it out"));
        }
        Ok(Limits {
            time,
            memory_bytes: self.memory_mib.map(|mib| mib.saturating_mul(1 << 20)),
            scan_bytes: self.scan_bytes,
            cores: self.cores,
            priority: None,
        })
    }
}

/// A column of an answer or of a table.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SqlColumn {
    /// Its name.
    name: String,
    /// Its type, such as `BIGINT`.
    r#type: String,
    /// Whether it may be null.
    nullable: bool,
    /// What it says, where that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<String>,
}

fn columns(schema: &doorstep_lake::Columns) -> Vec<SqlColumn> {
    let of = |c: doorstep_lake::encode::ColumnInfo| SqlColumn {
        name: c.name,
        r#type: c.r#type,
        nullable: c.nullable,
        about: None,
    };
    doorstep_lake::encode::columns(schema).into_iter().map(of).collect()
}

/// An answer in JSON.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SqlAnswer {
    /// The query's id.
    query: String,
    /// The columns.
    columns: Vec<SqlColumn>,
    /// A row an object.
    rows: Vec<serde_json::Map<String, serde_json::Value>>,
    /// Whether there were more rows than `max_rows`.
    truncated: bool,
    /// What it took: `wall_ms`, `cpu_ms`, `bytes_scanned`, `peak_memory`, `rows` and more.
    statistics: serde_json::Value,
}

/// The lake of this process.
fn lake(app: &App) -> Answer<&Lake> {
    app.lake.as_ref().ok_or_else(|| Problem::new(Code::Unavailable, "this process does not have the role lake"))
}

/// The caller's session in the database asked for.
async fn session(lake: &Lake, caller: &Caller<Anybody>, database: Option<&str>) -> Answer<Session> {
    let session = Session::new(caller.principal().clone());
    if let Some(database) = database {
        let used = lake.engine.use_database(&session, database).await;
        used.map_err(|error| refusals::problem(error, "/database"))?;
    }
    Ok(session)
}

/// Run a statement
///
/// `Accept` chooses the form: `application/json` (one object, up to `max_rows` rows), `application/x-ndjson` (a row a
/// line), `text/csv`, or `application/vnd.apache.arrow.stream`; the last three are streamed without a bound. With
/// `async` the answer is 202 and the query's state; its rows are kept for an hour. A caller who goes away ends the
/// query. Mistakes name the line and column. With an `Idempotency-Key` an `INSERT`, `UPDATE`, `DELETE` or `MERGE` of a
/// table of your own, or an `INSERT` into one over a bucket, is done once, however often it is sent within a day. One
/// into a table over a folder is refused with a key; other statements run each time. An answer may take as long as
/// the operator's `lake.query_timeout_s`.
#[utoipa::path(post, path = "/v1/sql", tag = "sql", request_body = AskSql,
    responses((status = 200, body = SqlAnswer), (status = 202, body = jobs::SqlJob)))]
async fn run(
    State(app): State<App>,
    caller: Caller<Anybody>,
    Headers(headers): Headers,
    Extension(own_limit): Extension<OwnLimit>,
    request: Write<AskSql>,
) -> Answer<Response> {
    let ask = request.body;
    let lake = lake(&app)?;
    let session = session(lake, &caller, ask.database.as_deref()).await?;
    if let Some(speed) = &ask.speed {
        session.set(doorstep_lake::SPEED, speed);
    }
    if let Some(once) = request.once {
        session.only_once(once.for_rows(&caller));
    }
    let limits = ask.limits.checked()?;
    let max_rows = max_rows(ask.max_rows)?;
    let statement = Statement::Sql(ask.statement);
    let refused = |error| refusals::problem(error, "/statement");
    if ask.r#async {
        let job = lake.jobs.start(&session, statement, limits).await.map_err(refused)?;
        let place = format!("/v1/sql/queries/{}", job.query.id());
        let headers = [("Location", place)];
        return Ok((StatusCode::ACCEPTED, headers, axum::Json(jobs::SqlJob::of(&job))).into_response());
    }
    // A form that is not there is refused before the statement has done anything.
    let shape = shape(&headers)?;
    // The engine ends it after `lake.query_timeout_s`, which may be long.
    own_limit.begins();
    let running = lake.engine.execute(&session, statement, limits).await.map_err(refused)?;
    match shape {
        Shape::Json => {
            let mut response = answer::json(running, max_rows).await.map_err(refused)?;
            if session.repeated() {
                response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            }
            Ok(response)
        }
        Shape::Stream(form) => Ok(answer::stream(running, form, ask.statistics)),
    }
}

fn max_rows(asked: Option<usize>) -> Answer<usize> {
    match asked {
        None => Ok(ROWS),
        Some(n) if (1..=MOST_ROWS).contains(&n) => Ok(n),
        Some(n) => Err(Problem::field("/max_rows", format!("{n} is out of range"), "from 1 to 1000000")),
    }
}

/// The form that the caller accepts; JSON if all the same.
fn shape(headers: &HeaderMap) -> Answer<Shape> {
    let accept = headers.get("accept").and_then(|value| value.to_str().ok()).unwrap_or("*/*");
    for wanted in accept.split(',') {
        let kind = wanted.split(';').next().unwrap_or_default().trim();
        if let Some(shape) = Shape::of(kind) {
            return Ok(shape);
        }
    }
    let fix = "application/json, application/x-ndjson, text/csv or application/vnd.apache.arrow.stream";
    Err(Problem::field("Accept", format!("{accept:?} is no form of rows"), format!("send {fix}")))
}

/// How a statement would be run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SqlPlan {
    /// The columns of its answer.
    columns: Vec<SqlColumn>,
    /// The plan, as text.
    plan: String,
    /// At most so many bytes would be read from files.
    scan_bytes: u64,
    /// What it is likely to cost at that speed.
    #[serde(skip_serializing_if = "Option::is_none")]
    cost: Option<SqlCost>,
}

/// An amount of money.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SqlCost {
    /// As a plain decimal.
    amount: String,
    /// In which currency.
    currency: String,
}

/// Plan a statement without running it
#[utoipa::path(post, path = "/v1/sql/plan", tag = "sql", request_body = AskSql, responses((status = 200, body = SqlPlan)))]
async fn plan(State(app): State<App>, caller: Caller<Anybody>, request: Write<AskSql>) -> Answer<axum::Json<SqlPlan>> {
    let ask = request.body;
    let lake = lake(&app)?;
    let session = session(lake, &caller, ask.database.as_deref()).await?;
    if let Some(speed) = &ask.speed {
        session.set(doorstep_lake::SPEED, speed);
    }
    let plan = lake.engine.plan(&session, &Statement::Sql(ask.statement)).await;
    let plan = plan.map_err(|error| refusals::problem(error, "/statement"))?;
    let cost = plan.cost.map(|cost| SqlCost { amount: cost.amount, currency: cost.currency });
    Ok(axum::Json(SqlPlan { columns: columns(&plan.schema), plan: plan.text, scan_bytes: plan.scan_bytes, cost }))
}
