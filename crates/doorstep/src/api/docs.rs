//! The API's description (OpenAPI 3.1) and the interactive page over it.

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::Path,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
    routing::get,
};
use sha2::{Digest as _, Sha256};
use utoipa::{
    Modify, OpenApi, ToSchema,
    openapi::{
        self, ContentBuilder, Ref, RefOr, Required, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
        security::{Http, HttpAuthScheme, SecurityRequirement, SecurityScheme},
    },
};
use utoipa_swagger_ui::{Config, serve};

use super::{
    console::{etag, known},
    problem::{Problem, ProblemBody},
    schema::Frame,
};

/// What the API says of itself, before the endpoints are added.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Doorstep API",
        description = "Rides: quotes, orders, drivers, positions, and what happens in a city as it happens.\n\n\
            Times are RFC 3339 in UTC with milliseconds, seconds end in `_s`, metres in `_m`, money is in minor units. \
            Errors are problem details (RFC 9457) with a stable `code`; unknown fields of a body are refused. \
            Every write takes an `Idempotency-Key`: the same key and body give the same answer, the same key with \
            another body is refused (409), and a duplicate waits for the first. Lists come in pages: `?limit=&cursor=`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    tags(
        (name = "cities", description = "What a city is and how it does"),
        (name = "orders", description = "Quotes and orders, for riders"),
        (name = "driving", description = "How drivers move an order on"),
        (name = "drivers", description = "Drivers and their shifts"),
        (name = "positions", description = "Where drivers are"),
        (name = "events", description = "Streams: server-sent events and WebSockets"),
        (name = "surge", description = "Prices that follow demand and free cars, and why"),
        (name = "reviews", description = "Reviews of both sides, reputations, blocks"),
        (name = "backtests", description = "Recorded periods under two policies, side by side"),
        (name = "billing", description = "Usage, bills, prices and caps"),
        (name = "roads", description = "Ways, travel times, map tiles"),
        (name = "objects", description = "Buckets and objects, as the console shows them; programs take the S3 port"),
        (name = "pictures", description = "What a bucket makes of its pictures: styles, protection, upload rules, signed paths"),
        (name = "sql", description = "Statements over tables of everything that happens"),
        (name = "keys", description = "Access keys"),
        (name = "health", description = "For whoever runs the process")
    ),
    components(schemas(ProblemBody, Frame)),
    modifiers(&WhatAllShare)
)]
pub(crate) struct Description;

/// The scheme's name in the description.
const KEY: &str = "key";

struct WhatAllShare;

impl Modify for WhatAllShare {
    fn modify(&self, api: &mut openapi::OpenApi) {
        api.components.get_or_insert_default().add_security_scheme(
            KEY,
            SecurityScheme::Http(
                Http::builder()
                    .scheme(HttpAuthScheme::Bearer)
                    .bearer_format("access:secret")
                    .description(Some(
                        "`Authorization: Bearer <access>:<secret>`, or HTTP Basic with the same two halves",
                    ))
                    .build(),
            ),
        );
    }
}

/// Adds to every operation what all of them share: problems, the key, `Idempotency-Key` on writes.
pub(crate) fn complete(api: &mut openapi::OpenApi) {
    for (path, item) in &mut api.paths.paths {
        let keyed = path.starts_with("/v1/") && !path.contains("/tiles/");
        // What is put is put: once more changes nothing, so it takes no key of its own.
        let reads = [&mut item.get, &mut item.put];
        for operation in reads.into_iter().flatten() {
            share(operation, keyed);
        }
        for operation in [&mut item.post, &mut item.put, &mut item.delete].into_iter().flatten() {
            share(operation, keyed);
            // Questions that come with a body change nothing.
            if !path.ends_with("/route") && !path.ends_with("/table") && !path.starts_with("/v1/sql") {
                operation.parameters.get_or_insert_default().push(RefOr::T(idempotency_key()));
            }
        }
    }
}

fn share(operation: &mut Operation, keyed: bool) {
    if keyed {
        operation.security = Some(vec![SecurityRequirement::new(KEY, Vec::<String>::new())]);
    }
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name(ProblemBody::name()))).build();
    let response = ResponseBuilder::new().description("A problem").content("application/problem+json", problem).build();
    operation.responses.responses.entry("default".to_owned()).or_insert(RefOr::T(response));
}

fn idempotency_key() -> openapi::path::Parameter {
    ParameterBuilder::new()
        .name("Idempotency-Key")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("A fresh UUID for each new request; the same one when it is sent again"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).max_length(Some(255)).build()))
        .build()
}

/// The description as it is served and as it is kept in `docs/openapi.json`.
pub(crate) fn text(api: &openapi::OpenApi) -> String {
    let mut text = api.to_pretty_json().expect("the description is plain JSON");
    text.push('\n');
    text
}

/// `/openapi.json` and the page at `/docs`.
pub(crate) fn routes<S: Clone + Send + Sync + 'static>(api: &openapi::OpenApi) -> Router<S> {
    let text = Bytes::from(text(api));
    let tag = etag(&Sha256::digest(&text));
    let config = Arc::new(
        Config::from("/openapi.json")
            .persist_authorization(true)
            .try_it_out_enabled(true)
            .display_request_duration(true)
            .validator_url("none"),
    );
    let page = move |path: String, headers: HeaderMap| {
        let config = Arc::clone(&config);
        async move { asset(&path, config, &headers) }
    };
    let index = page.clone();
    Router::new()
        .route(
            "/openapi.json",
            get(move |headers: HeaderMap| {
                let (text, tag) = (text.clone(), tag.clone());
                async move { described(text, tag, &headers) }
            }),
        )
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(move |headers: HeaderMap| index(String::new(), headers)))
        .route("/docs/{*path}", get(move |Path(path): Path<String>, headers: HeaderMap| page(path, headers)))
}

fn described(text: Bytes, tag: HeaderValue, asked: &HeaderMap) -> Response {
    let fresh = known(asked, &tag);
    let mut response = if fresh { StatusCode::NOT_MODIFIED.into_response() } else { text.into_response() };
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::ETAG, tag);
    response
}

/// What the API page may load: its own files, and answers of this server.
const CONTENT_SECURITY_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'none'; \
     frame-ancestors 'none'",
);

fn asset(path: &str, config: Arc<Config<'static>>, asked: &HeaderMap) -> Response {
    match serve(path, config) {
        Ok(Some(file)) => {
            let tag = etag(&Sha256::digest(&file.bytes));
            let fresh = known(asked, &tag);
            let mut response =
                if fresh { StatusCode::NOT_MODIFIED.into_response() } else { file.bytes.into_owned().into_response() };
            let headers = response.headers_mut();
            if let Ok(kind) = HeaderValue::from_str(&file.content_type) {
                headers.insert(header::CONTENT_TYPE, kind);
            }
            headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
            headers.insert(header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
            headers.insert(header::ETAG, tag);
            response
        }
        Ok(None) => Problem::not_found("page", path).into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}
