//! Which tables a key may see, and which part of them.

use axum::{Json, extract::State, http::StatusCode};
use doorstep_lake::{
    Granted,
    catalog::{Grant, Right},
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{lake, refusals, session};
use crate::api::{
    app::App,
    auth::{Anybody, Caller},
    extract::{Query, Write},
    paging::{self, Page},
    problem::Answer,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, grant))
}

/// What a key may see and change of a table.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct TableGrant {
    /// The key's id.
    key: String,
    /// The database.
    database: String,
    /// The table or view, or `*` for all of the database that have no grant of their own.
    table: String,
    /// Only these columns; all when it is `null`.
    columns: Option<Vec<String>>,
    /// Only rows for which this SQL condition holds; all when it is `null`.
    rows: Option<String>,
    /// In which ways its rows may be changed: `insert`, `update`, `delete`.
    changes: Vec<String>,
}

impl From<Granted> for TableGrant {
    fn from(of: Granted) -> Self {
        let changes = Right::ALL.into_iter().filter(|right| of.grant.lets(*right));
        let changes = changes.map(|right| right.as_str().to_lowercase()).collect();
        let Granted { key, database, table, grant } = of;
        Self { key, database, table, columns: grant.columns, rows: grant.rows, changes }
    }
}

/// Which grants to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GrantList {
    /// Only those of this key.
    key: Option<String>,
    /// Only those in this database.
    database: Option<String>,
    /// Only those on tables of this name, and on all tables.
    table: Option<String>,
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List grants by database, table and key
///
/// Keys with the scope operator or admin see all of their tenant; others what was granted to them.
#[utoipa::path(get, path = "/v1/sql/grants", tag = "sql", params(GrantList),
    responses((status = 200, body = Page<TableGrant>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Anybody>,
    Query(query): Query<GrantList>,
) -> Answer<Json<Page<TableGrant>>> {
    let limit = paging::limit(query.limit)?;
    let lake = lake(&app)?;
    let session = session(lake, &caller, None).await?;
    let all = lake.engine.grants(&session).await.map_err(|error| refusals::problem(error, "/table"))?;
    let place = |of: &Granted| format!("{}/{}/{}", of.database, of.table, of.key);
    let is = |wanted: &Option<String>, value: &str| wanted.as_ref().is_none_or(|wanted| wanted == value);
    let mut found: Vec<Granted> = all
        .into_iter()
        .filter(|of| is(&query.key, &of.key) && is(&query.database, &of.database))
        .filter(|of| is(&query.table, &of.table) || of.table == "*")
        .collect();
    // The place is a text that can be compared whichever way names compare as parts.
    found.sort_by_key(place);
    let mut items = found.into_iter().filter(|of| query.cursor.as_ref().is_none_or(|cursor| place(of) > *cursor));
    let page: Vec<Granted> = items.by_ref().take(limit).collect();
    let next_cursor = items.next().and_then(|_| page.last().map(place));
    Ok(Json(Page { items: page.into_iter().map(TableGrant::from).collect(), next_cursor }))
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
    let grant = (!revoke).then_some(Grant { columns, rows, write, ..Grant::default() });
    let done = lake.engine.grant(&session, &key, &database, &table, grant.as_ref()).await;
    done.map_err(|error| refusals::problem(error, "/table"))?;
    Ok(StatusCode::NO_CONTENT)
}
