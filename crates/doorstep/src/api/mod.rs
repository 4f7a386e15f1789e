//! The public JSON API, version 1: one face for apps, the console and the demo. It holds no logic.
//!
//! To add an endpoint: a handler in the file of its resource with `#[utoipa::path]`, its line in that file's
//! `routes()`, a test in `tests/it`, and `UPDATE_GOLDEN=1 cargo test -p doorstep openapi` for the description.

pub(crate) mod app;
mod auth;
mod backtests;
mod billing;
mod body;
mod buckets;
mod cities;
mod console;
mod docs;
mod drivers;
mod events;
mod extract;
pub(crate) mod feed;
mod health;
mod idempotency;
mod json;
mod keys;
mod lines;
mod map;
mod objects;
mod order_commands;
mod order_stream;
mod orders;
mod paging;
mod picture_keys;
mod picture_settings;
mod picture_styles;
mod position_line;
mod positions;
mod prices;
pub mod problem;
mod quotes;
pub(crate) mod rate_limit;
mod refusals;
mod reputation;
mod request_id;
mod reviews;
mod roads;
mod routes;
pub mod schema;
mod shell;
mod shifts;
#[cfg(feature = "lake")]
mod sql;
mod suggestion;
mod surge;
pub(crate) mod tile_cache;

pub use backtests::{Backtest, BacktestRequest, RecordedSummary};
pub use buckets::BucketView;
pub use cities::City;
pub use drivers::DriverView;
pub use health::Health;
pub use keys::{KeyView, Me};
pub use lines::{LineAnswer, RejectedLine};
pub use objects::{Folder, ObjectView};
pub use paging::Page;
pub use picture_keys::PictureKeyView;
pub use picture_settings::{BucketPictures, PictureResult, PictureRule};
pub use picture_styles::StyleView;
pub use roads::{Route, Times};
pub use routes::{DriverRoute, OrderProgress, RouteStop};
pub use suggestion::{DriverSuggestion, Suggestion};
pub use surge::SurgeLogLine;

use axum::{
    Router,
    http::{HeaderName, HeaderValue, Method, header},
    middleware::{from_fn, from_fn_with_state},
    response::IntoResponse,
};
use tower_http::{
    compression::CompressionLayer,
    cors::{AllowOrigin, CorsLayer},
};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;

use self::{
    app::App,
    problem::{Code, Problem},
};

/// Every documented endpoint: with a key, and without.
fn endpoints() -> (OpenApiRouter<App>, OpenApiRouter<App>) {
    let keyed = OpenApiRouter::new()
        .merge(cities::routes())
        .merge(backtests::routes())
        .merge(roads::routes())
        .merge(quotes::routes())
        .merge(prices::routes())
        .merge(surge::routes())
        .merge(orders::routes())
        .merge(order_commands::routes())
        .merge(order_stream::routes())
        .merge(drivers::routes())
        .merge(shifts::routes())
        .merge(routes::routes())
        .merge(positions::routes())
        .merge(events::routes())
        .merge(map::routes())
        .merge(reviews::routes())
        .merge(reputation::routes())
        .merge(buckets::routes())
        .merge(objects::routes())
        .merge(picture_settings::routes())
        .merge(picture_styles::routes())
        .merge(picture_keys::routes())
        .merge(billing::routes())
        .merge(keys::routes());
    #[cfg(feature = "lake")]
    let keyed = keyed.merge(sql::routes());
    let open = OpenApiRouter::new().merge(health::routes()).merge(roads::public_routes());
    (keyed, open)
}

/// The API's description, as served at `/openapi.json`.
#[must_use]
pub fn description() -> String {
    let (keyed, open) = endpoints();
    docs::text(&described(keyed.into_openapi(), open.into_openapi()))
}

fn described(keyed: utoipa::openapi::OpenApi, open: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let mut api = docs::Description::openapi();
    api.merge(open);
    api.merge(keyed);
    docs::complete(&mut api);
    api
}

/// The whole face: API, description, console, and what surrounds every request.
pub(crate) fn router(app: App, cors_origins: &[String]) -> Router {
    let (keyed, open) = endpoints();
    let (keyed, keyed_api) = keyed.split_for_parts();
    let (open, open_api) = open.split_for_parts();
    let keyed = keyed.layer(from_fn_with_state(app.clone(), auth::authenticate));
    let docs = docs::routes(&described(keyed_api, open_api));
    Router::new()
        .merge(keyed)
        .merge(open)
        .merge(docs)
        .route("/v1", axum::routing::any(no_such_path))
        .route("/v1/{*path}", axum::routing::any(no_such_path))
        .fallback(console::serve)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state(app.clone(), shell::in_time))
        .layer(from_fn(shell::contain_panics))
        .layer(CompressionLayer::new().gzip(true))
        .layer(cors(cors_origins))
        .layer(from_fn(shell::harden))
        .layer(from_fn_with_state(app.clone(), shell::observe))
        .layer(from_fn(request_id::identify))
        .with_state(app)
}

async fn no_such_path(uri: axum::http::Uri) -> impl IntoResponse {
    Problem::new(Code::NotFound, format!("there is no endpoint {}; see /docs", uri.path()))
}

async fn no_such_method(method: Method, uri: axum::http::Uri) -> impl IntoResponse {
    Problem::new(Code::MethodNotAllowed, format!("{} takes no {method}; see /docs", uri.path()))
}

/// Who may call from a browser: nobody but the console, unless the configuration names origins.
fn cors(origins: &[String]) -> CorsLayer {
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let named = HeaderName::from_static;
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::DELETE])
        .allow_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            idempotency::HEADER,
            request_id::HEADER,
            named("last-event-id"),
        ])
        .expose_headers([
            header::LOCATION,
            header::RETRY_AFTER,
            request_id::HEADER,
            named("idempotency-replayed"),
            named("doorstep-query"),
            named("ratelimit-limit"),
            named("ratelimit-remaining"),
            named("ratelimit-reset"),
        ])
        .max_age(std::time::Duration::from_secs(3600))
}
