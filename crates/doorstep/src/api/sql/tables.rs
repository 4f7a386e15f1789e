//! What can be queried: databases, tables, views, their columns.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{SqlColumn, columns, lake, refusals, session};
use crate::api::{
    app::App,
    auth::{Anybody, Caller},
    problem::Answer,
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list))
}

/// A table or view.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct SqlTable {
    /// Its database.
    database: String,
    /// Its name.
    name: String,
    /// `managed`, `external` or `view`.
    kind: &'static str,
    /// What a row is.
    about: String,
    /// Its columns.
    columns: Vec<SqlColumn>,
    /// The columns in folder names.
    partition_by: Vec<String>,
    /// Rows in its files, if the lake keeps them.
    rows: Option<u64>,
    /// Bytes of its files, if the lake keeps them.
    bytes: Option<u64>,
}

/// List the tables and views that this key may read
#[utoipa::path(get, path = "/v1/sql/tables", tag = "sql", responses((status = 200, body = [SqlTable])))]
async fn list(State(app): State<App>, caller: Caller<Anybody>) -> Answer<Json<Vec<SqlTable>>> {
    let lake = lake(&app)?;
    let session = session(lake, &caller, None).await?;
    let listed = lake.engine.list(&session).await.map_err(|error| refusals::problem(error, ""))?;
    let view = |table: doorstep_lake::Listed| {
        let mut columns = columns(&table.schema);
        for column in &mut columns {
            column.about = table.columns.get(&column.name).cloned();
        }
        SqlTable {
            columns,
            database: table.database,
            name: table.name,
            kind: table.kind.as_str(),
            about: table.about,
            partition_by: table.partition_by,
            rows: table.size.map(|(rows, _)| rows),
            bytes: table.size.map(|(_, bytes)| bytes),
        }
    };
    Ok(Json(listed.into_iter().map(view).collect()))
}
