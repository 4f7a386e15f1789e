//! Which tables a key may see, and which part of them.

use axum::{extract::State, http::StatusCode};
use doorstep_lake::catalog::Grant;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{lake, refusals, session};
use crate::api::{
    app::App,
    auth::{Anybody, Caller},
    extract::Write,
    problem::Answer,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(grant))
}

/// What a key may see.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GrantTable {
    /// The key's id.
    key: String,
    /// The database; `default` without it.
    #[serde(default = "default_database")]
    database: String,
    /// The table or view, or `*` for all of the database.
    table: String,
    /// Only these columns.
    #[serde(default)]
    columns: Option<Vec<String>>,
    /// Only rows for which this SQL condition holds.
    #[serde(default)]
    #[schema(example = "city = 'porto'")]
    rows: Option<String>,
    /// May change it too.
    #[serde(default)]
    write: bool,
    /// Takes back what was granted.
    #[serde(default)]
    revoke: bool,
}

fn default_database() -> String {
    doorstep_lake::catalog::DEFAULT_DATABASE.to_owned()
}

/// Let a key see a table, or end that
///
/// Keys with the scope operator or admin see all tables of their tenant; others what is granted. Granting again
/// replaces what was granted before.
#[utoipa::path(post, path = "/v1/sql/grants", tag = "sql", request_body = GrantTable,
    responses((status = 204, description = "Done")))]
async fn grant(State(app): State<App>, caller: Caller<Anybody>, request: Write<GrantTable>) -> Answer<StatusCode> {
    let lake = lake(&app)?;
    let session = session(lake, &caller, None).await?;
    let GrantTable { key, database, table, columns, rows, write, revoke } = request.body;
    let grant = (!revoke).then_some(Grant { columns, rows, write });
    let done = lake.engine.grant(&session, &key, &database, &table, grant.as_ref()).await;
    done.map_err(|error| refusals::problem(error, "/table"))?;
    Ok(StatusCode::NO_CONTENT)
}
