//! Statements kept under a name: operators share theirs, other keys have their own.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_identity::Scope;
use doorstep_lake::catalog::{DEFAULT_DATABASE, Saved};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{lake, refusals};
use crate::api::{
    app::App,
    auth::{Anybody, Caller},
    extract::{Query, Write},
    paging::{self, Page},
    problem::{Answer, Problem},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(keep, remove))
}

/// A statement under a name.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SavedSql {
    /// Its name.
    name: String,
    /// The text.
    statement: String,
    /// The database in which it is run.
    database: String,
    /// When it was kept, RFC 3339.
    saved_at: String,
}

impl From<Saved> for SavedSql {
    fn from(of: Saved) -> Self {
        let saved_at = of.saved_at.to_string();
        Self { name: of.name, statement: of.statement, database: of.database, saved_at }
    }
}

/// Which statements to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SavedList {
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The shelf of a caller: operators share one.
fn shelf(caller: &Caller<Anybody>) -> String {
    let who = caller.principal();
    if who.allows(Scope::Operator) { String::new() } else { who.key.to_string() }
}

/// List kept statements by name
///
/// Keys with the scope operator or admin share theirs; others see what they kept themselves.
#[utoipa::path(get, path = "/v1/sql/saved", tag = "sql", params(SavedList),
    responses((status = 200, body = Page<SavedSql>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Anybody>,
    Query(query): Query<SavedList>,
) -> Answer<Json<Page<SavedSql>>> {
    let limit = paging::limit(query.limit)?;
    let catalog = lake(&app)?.engine.catalog();
    let (tenant, after) = (caller.tenant(), query.cursor.unwrap_or_default());
    let found = catalog.saved(tenant.as_str(), &shelf(&caller), &after, limit + 1).await;
    let mut found = found.map_err(|error| refusals::problem(error, "/name"))?;
    let more = found.len() > limit;
    found.truncate(limit);
    let items: Vec<SavedSql> = found.into_iter().map(SavedSql::from).collect();
    let next_cursor = items.last().filter(|_| more).map(|last| last.name.clone());
    Ok(Json(Page { items, next_cursor }))
}

/// A statement to be kept.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeepSql {
    /// The text; it need not be right yet.
    #[schema(example = "SELECT city, count(*) AS rides FROM rides GROUP BY city")]
    statement: String,
    /// The database in which it is run; `default` without it.
    #[serde(default)]
    database: Option<String>,
}

/// Keep a statement under a name
#[utoipa::path(put, path = "/v1/sql/saved/{name}", tag = "sql",
    params(("name" = String, Path, description = "Its name, at most 80 characters")), request_body = KeepSql,
    responses((status = 200, body = SavedSql)))]
async fn keep(
    State(app): State<App>,
    caller: Caller<Anybody>,
    Path(name): Path<String>,
    request: Write<KeepSql>,
) -> Answer<Json<SavedSql>> {
    let KeepSql { statement, database } = request.body;
    let database = database.unwrap_or_else(|| DEFAULT_DATABASE.to_owned());
    let saved = Saved { name, statement, database, saved_at: app.wall.now() };
    let catalog = lake(&app)?.engine.catalog();
    let kept = catalog.save(caller.tenant().as_str(), &shelf(&caller), &saved).await;
    kept.map_err(|error| refusals::problem(error, "/statement"))?;
    Ok(Json(saved.into()))
}

/// Forget a kept statement
#[utoipa::path(delete, path = "/v1/sql/saved/{name}", tag = "sql",
    params(("name" = String, Path, description = "Its name")), responses((status = 204, description = "Gone")))]
async fn remove(State(app): State<App>, caller: Caller<Anybody>, Path(name): Path<String>) -> Answer<StatusCode> {
    let catalog = lake(&app)?.engine.catalog();
    let gone = catalog.forget_saved(caller.tenant().as_str(), &shelf(&caller), &name).await;
    if gone.map_err(|error| refusals::problem(error, "/name"))? {
        return Ok(StatusCode::NO_CONTENT);
    }
    Err(Problem::not_found("statement", &name))
}
