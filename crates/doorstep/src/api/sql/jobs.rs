//! Queries under way, and answers that are fetched later.

use std::time::Duration;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::Response,
};
use doorstep_lake::{Engine as _, Job, Query as LakeQuery, encode::Form};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{SqlColumn, answer, columns, lake, refusals, session, shape};
use crate::api::{
    app::App,
    auth::{Anybody, Caller},
    extract::{Headers, Query},
    problem::{Answer, Problem},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get, cancel)).routes(routes!(rows))
}

/// A query that runs or ran.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SqlJob {
    /// Its id.
    id: String,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    state: &'static str,
    /// What was asked.
    statement: String,
    /// When.
    asked_at: String,
    /// How much of what it has to read it has read, 0 to 1.
    progress: f64,
    /// Whether its rows can be fetched.
    ready: bool,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The columns of its answer, for jobs.
    columns: Vec<SqlColumn>,
    /// What it took until now.
    statistics: serde_json::Value,
}

impl SqlJob {
    pub(super) fn of(job: &Job) -> Self {
        let error = job.failure.clone();
        Self { ready: job.ready, error, columns: columns(&job.schema), ..Self::of_query(&job.query) }
    }

    fn of_query(query: &LakeQuery) -> Self {
        Self {
            id: query.id().to_owned(),
            state: query.state(),
            statement: query.text().to_owned(),
            asked_at: query.asked_at().to_string(),
            progress: query.progress(),
            ready: false,
            error: query.end().and_then(|(_, why)| why),
            columns: Vec::new(),
            statistics: serde_json::to_value(query.statistics()).unwrap_or_default(),
        }
    }
}

/// List the queries that run or wait: this key's own, or all of the tenant's for an operator
///
/// Those that ended are rows of the table `queries`.
#[utoipa::path(get, path = "/v1/sql/queries", tag = "sql", responses((status = 200, body = [SqlJob])))]
async fn list(State(app): State<App>, caller: Caller<Anybody>) -> Answer<Json<Vec<SqlJob>>> {
    let session = session(lake(&app)?, &caller, None).await?;
    let all = lake(&app)?.engine.queries();
    let mine = all.iter().filter(|query| {
        let owner = query.principal();
        owner.tenant == caller.tenant && (session.runs_the_place() || owner.key == caller.key)
    });
    Ok(Json(mine.map(|query| SqlJob::of_query(query)).collect()))
}

/// How long to wait for the end.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wait {
    /// Answer when the query has ended, or after so many seconds (up to 20).
    wait_s: Option<f64>,
}

/// Look at a query started with `async`
#[utoipa::path(get, path = "/v1/sql/queries/{id}", tag = "sql", params(("id" = String, Path, description = "Query id"), Wait),
    responses((status = 200, body = SqlJob)))]
async fn get(
    State(app): State<App>,
    caller: Caller<Anybody>,
    Path(id): Path<String>,
    Query(wait): Query<Wait>,
) -> Answer<Json<SqlJob>> {
    let lake = lake(&app)?;
    let session = session(lake, &caller, None).await?;
    let find = || lake.jobs.get(&session, &id).map_err(|error| refusals::problem(error, "/id"));
    let seconds = wait.wait_s.unwrap_or(0.0);
    if !(0.0..=20.0).contains(&seconds) {
        return Err(Problem::field("?wait_s", format!("{seconds} is out of range"), "from 0 to 20"));
    }
    let until = doorstep_clock::monotonic() + Duration::from_secs_f64(seconds);
    let mut job = find()?;
    while !job.ready && job.failure.is_none() && doorstep_clock::monotonic() < until {
        tokio::time::sleep(Duration::from_millis(20)).await;
        job = find()?;
    }
    Ok(Json(SqlJob::of(&job)))
}

/// Call a query off and forget its answer
#[utoipa::path(delete, path = "/v1/sql/queries/{id}", tag = "sql", params(("id" = String, Path, description = "Query id")),
    responses((status = 204, description = "It is gone")))]
async fn cancel(State(app): State<App>, caller: Caller<Anybody>, Path(id): Path<String>) -> Answer<StatusCode> {
    let lake = lake(&app)?;
    let session = session(lake, &caller, None).await?;
    if let Ok(job) = lake.jobs.get(&session, &id) {
        lake.jobs.remove(&job);
        return Ok(StatusCode::NO_CONTENT);
    }
    let running = lake.engine.queries().into_iter().find(|query| {
        let owner = query.principal();
        query.id() == id && owner.tenant == caller.tenant && (session.runs_the_place() || owner.key == caller.key)
    });
    let query = running.ok_or_else(|| Problem::not_found("query", &id))?;
    query.cancel();
    Ok(StatusCode::NO_CONTENT)
}

/// Fetch the rows of a query started with `async`
///
/// In the form that `Accept` names, as for `POST /v1/sql`; without one, JSON lines.
#[utoipa::path(get, path = "/v1/sql/queries/{id}/rows", tag = "sql", params(("id" = String, Path, description = "Query id")),
    responses((status = 200, description = "The rows", body = Vec<serde_json::Value>)))]
async fn rows(
    State(app): State<App>,
    caller: Caller<Anybody>,
    Path(id): Path<String>,
    Headers(headers): Headers,
) -> Answer<Response> {
    let lake = lake(&app)?;
    let session = session(lake, &caller, None).await?;
    let refused = |error| refusals::problem(error, "/id");
    let job = lake.jobs.get(&session, &id).map_err(refused)?;
    let rows = lake.jobs.rows(&job).map_err(refused)?;
    let form = match shape(&headers)? {
        answer::Shape::Json => Form::JsonLines,
        answer::Shape::Stream(form) => form,
    };
    Ok(answer::ready(rows, job.schema, form, &id))
}
