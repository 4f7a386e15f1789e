//! Objects over the JSON API: listed by folders, uploaded, read, deleted.
//!
//! A key is one segment of the path, percent-encoded as a whole: `shop%2Fdoor.jpg`.

use std::sync::Arc;

use axum::{
    Extension, Json,
    body::Body,
    extract::{Path, Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use doorstep_meter::Resource;
use doorstep_objects::{Bucket, Delete, Get, Headers, List, Meta, Object, ObjectsError, Put};
use futures::TryStreamExt as _;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Caller, Shopkeeping},
    buckets::owned,
    extract::{Headers as RequestHeaders, Query},
    paging,
    problem::Answer,
    shell::OwnLimit,
};
use crate::node::counted::counted;

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read, put, remove)).routes(routes!(picture))
}

/// An object.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Object)]
pub struct ObjectView {
    /// Its key in the bucket.
    pub key: String,
    /// Bytes.
    pub size: u64,
    /// S3's ETag, without quotes.
    pub etag: String,
    /// When it was written, RFC 3339.
    pub modified_at: String,
    /// Its media type, as the upload named it.
    pub content_type: Option<String>,
}

fn view(object: &Object) -> ObjectView {
    ObjectView {
        key: object.key.clone(),
        size: object.size,
        etag: object.etag.clone(),
        modified_at: object.modified.to_string(),
        content_type: object.meta.headers.content_type.clone(),
    }
}

/// A page of a bucket: the objects of one folder, and the folders in it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Folder {
    /// Objects by key.
    pub items: Vec<ObjectView>,
    /// What the keys of further objects begin with, up to the next `/`.
    pub folders: Vec<String>,
    /// Ask again with `?cursor=` this; `null` at the end.
    pub next_cursor: Option<String>,
}

/// Which objects to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ObjectList {
    /// Only keys that begin so: `shop/`.
    prefix: Option<String>,
    /// `true` lists all keys below the prefix instead of one folder.
    deep: Option<bool>,
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List a folder
#[utoipa::path(get, path = "/v1/buckets/{bucket}/objects", tag = "objects",
    params(("bucket" = String, Path, description = "Name"), ObjectList), responses((status = 200, body = Folder)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Shopkeeping>,
    Path(bucket): Path<String>,
    Query(query): Query<ObjectList>,
) -> Answer<Json<Folder>> {
    let limit = paging::limit(query.limit)?;
    let bucket = owned(&app, &caller, &bucket).await?;
    let wanted = List {
        prefix: query.prefix.unwrap_or_default(),
        delimiter: (!query.deep.unwrap_or(false)).then(|| "/".to_owned()),
        after: query.cursor,
        limit,
    };
    let page = app.buckets()?.engine.list(&bucket, wanted).await?;
    let items = page.objects.iter().map(view).collect();
    Ok(Json(Folder { items, folders: page.prefixes, next_cursor: page.next }))
}

/// Put an object
///
/// The body is the object, streamed; it is whole and visible when the answer comes, and not before.
#[utoipa::path(put, path = "/v1/buckets/{bucket}/objects/{key}", tag = "objects",
    params(("bucket" = String, Path, description = "Name"), ("key" = String, Path, description = "Key, slashes encoded")),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, body = ObjectView)))]
async fn put(
    State(app): State<App>,
    caller: Caller<Shopkeeping>,
    Path((bucket, key)): Path<(String, String)>,
    Extension(own_limit): Extension<OwnLimit>,
    request: Request,
) -> Answer<Json<ObjectView>> {
    let bucket = owned(&app, &caller, &bucket).await?;
    let put = announced(request.headers());
    // An upload lasts as long as its bytes come.
    own_limit.begins();
    let body = request.into_body().into_data_stream().map_err(Into::into);
    let written = app.buckets()?.engine.put(&bucket, &key, body, put).await?;
    Ok(Json(view(&written.object)))
}

/// What the headers say of the object that comes.
fn announced(headers: &HeaderMap) -> Put {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse().ok());
    let headers = Headers { content_type: text(header::CONTENT_TYPE), ..Headers::default() };
    Put { meta: Meta { headers, ..Meta::default() }, length, ..Put::default() }
}

/// Read an object
///
/// It comes as an attachment: what somebody uploaded must not run as a page of the console.
#[utoipa::path(get, path = "/v1/buckets/{bucket}/objects/{key}", tag = "objects",
    params(("bucket" = String, Path, description = "Name"), ("key" = String, Path, description = "Key, slashes encoded")),
    responses((status = 200, body = Vec<u8>, content_type = "application/octet-stream")))]
async fn read(
    State(app): State<App>,
    caller: Caller<Shopkeeping>,
    Path((bucket, key)): Path<(String, String)>,
) -> Answer<Response> {
    let bucket = owned(&app, &caller, &bucket).await?;
    let engine = &app.buckets()?.engine;
    let found = engine.get(&bucket, &key, Get::default()).await?;
    if !found.object.readable(engine.now()) {
        return Err(ObjectsError::InvalidState("the object is archived: restore it first".to_owned()).into());
    }
    let mut headers = HeaderMap::new();
    let kind = found.object.meta.headers.content_type.as_deref().unwrap_or("application/octet-stream");
    if let Ok(kind) = HeaderValue::from_str(kind) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert(header::CONTENT_LENGTH, HeaderValue::from(found.range.end - found.range.start));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", found.object.etag)) {
        headers.insert(header::ETAG, tag);
    }
    Ok((headers, sent(&app, &bucket, Body::from_stream(found.body))).into_response())
}

/// A body whose bytes the bucket's owner pays for as they are sent.
fn sent(app: &App, bucket: &Arc<Bucket>, body: Body) -> Body {
    let (meter, bucket) = (app.meter.clone(), Arc::clone(bucket));
    counted(body, move |sent| {
        if sent > 0 {
            meter.count(&bucket.tenant, &bucket.name, Resource::Egress, sent);
        }
    })
}

/// What is to be made of a picture.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Made {
    /// A pipeline in any grammar, percent-encoded: `iopcmd=thumbnail&type=4&width=512`, `image/resize,w_512`.
    pipeline: String,
}

/// See what a pipeline makes of a picture
///
/// For trying pipelines out; apps ask the S3 port, where the same pipelines stand in the address. Size and format come
/// as `Doorstep-Picture-Width`, `-Height` and the media type.
#[utoipa::path(get, path = "/v1/buckets/{bucket}/pictures/{key}", tag = "pictures",
    params(("bucket" = String, Path, description = "Name"), ("key" = String, Path, description = "Key, slashes encoded"), Made),
    responses((status = 200, body = Vec<u8>, content_type = "image/*")))]
async fn picture(
    State(app): State<App>,
    caller: Caller<Shopkeeping>,
    Path((bucket, key)): Path<(String, String)>,
    Query(made): Query<Made>,
    asked: RequestHeaders,
) -> Answer<Response> {
    let bucket = owned(&app, &caller, &bucket).await?;
    let accept = asked.0.get(header::ACCEPT).and_then(|accept| accept.to_str().ok()).unwrap_or_default();
    let picture = app.pictures()?.preview(&bucket, &key, &made.pipeline, accept).await?;
    let mut headers = HeaderMap::new();
    if let Ok(kind) = HeaderValue::from_str(&picture.about.media_type) {
        headers.insert(header::CONTENT_TYPE, kind);
    }
    headers.insert("doorstep-picture-width", HeaderValue::from(picture.about.width));
    headers.insert("doorstep-picture-height", HeaderValue::from(picture.about.height));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok((headers, sent(&app, &bucket, Body::from(picture.body))).into_response())
}

/// Delete an object
///
/// Where the bucket keeps versions the object is hidden by a marker; S3 clients can bring it back.
#[utoipa::path(delete, path = "/v1/buckets/{bucket}/objects/{key}", tag = "objects",
    params(("bucket" = String, Path, description = "Name"), ("key" = String, Path, description = "Key, slashes encoded")),
    responses((status = 204, description = "Gone, or was not there")))]
async fn remove(
    State(app): State<App>,
    caller: Caller<Shopkeeping>,
    Path((bucket, key)): Path<(String, String)>,
) -> Answer<StatusCode> {
    let bucket = owned(&app, &caller, &bucket).await?;
    app.buckets()?.engine.delete(&bucket, Delete { key, ..Delete::default() }).await?;
    Ok(StatusCode::NO_CONTENT)
}
