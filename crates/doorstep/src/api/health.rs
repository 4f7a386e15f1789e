//! Is the process alive, and is it able to serve.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    problem::{Answer, Code, Problem, ProblemBody},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(healthz)).routes(routes!(readyz))
}

/// How the process is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Health {
    /// `ok`.
    #[schema(example = "ok")]
    pub status: String,
    /// The version of the binary.
    pub version: String,
    /// The cities that run here.
    pub cities: Vec<String>,
}

impl Health {
    fn of(app: &App) -> Self {
        Self {
            status: "ok".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            cities: app.cities.keys().cloned().collect(),
        }
    }
}

/// The process answers
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, body = Health)))]
async fn healthz(State(app): State<App>) -> Json<Health> {
    Json(Health::of(&app))
}

/// The process can serve: its store answers and it is not going down
#[utoipa::path(get, path = "/readyz", tag = "health",
    responses((status = 200, body = Health), (status = 503, body = ProblemBody, content_type = "application/problem+json")))]
async fn readyz(State(app): State<App>) -> Answer<Json<Health>> {
    if app.shutdown.is_down() {
        return Err(Problem::new(Code::Unavailable, "this process is going down"));
    }
    app.store.ping().await.map_err(|error| Problem::new(Code::Unavailable, error.to_string()))?;
    Ok(Json(Health::of(&app)))
}
