//! Keys with which a bucket's owner signs imgproxy paths.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use doorstep_pictures::{PathKey, Pictures};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Caller, Operating},
    extract::{Empty, Write},
    idempotency::{Done, Written, write},
    paging::Page,
    problem::{Answer, Problem},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list, add)).routes(routes!(remove))
}

/// A key to be added. Without anything, a fresh one is made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddPictureKey {
    /// The secret in hexadecimal, as imgproxy has it in `IMGPROXY_KEY`; together with `salt`.
    #[serde(default)]
    key: Option<String>,
    /// What is put before a path, in hexadecimal, as in `IMGPROXY_SALT`; together with `key`.
    #[serde(default)]
    salt: Option<String>,
}

/// A key for signed paths. Its secrets are told once, by the answer that adds it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PictureKey)]
pub struct PictureKeyView {
    /// Id.
    #[schema(example = "pik_0193523c9d6a7b1e")]
    pub id: String,
    /// The secret, in hexadecimal; only in the first answer to the request that added it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The salt, in hexadecimal; told as `key` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub salt: Option<String>,
    /// When it was added, RFC 3339.
    pub added_at: String,
}

fn view(kept: &PathKey) -> PictureKeyView {
    PictureKeyView { id: kept.id.clone(), key: None, salt: None, added_at: kept.added_at.to_string() }
}

/// List the keys of a bucket's paths, oldest first; never their secrets
#[utoipa::path(get, path = "/v1/buckets/{bucket}/picture-keys", tag = "pictures",
    params(("bucket" = String, Path, description = "Bucket")), responses((status = 200, body = Page<PictureKeyView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(bucket): Path<String>,
) -> Answer<Json<Page<PictureKeyView>>> {
    let settings = app.pictures()?.settings(&caller.tenant(), &bucket).await?;
    // A bucket has at most 200 of them.
    Ok(Json(Page { items: settings.keys.iter().map(view).collect(), next_cursor: None }))
}

/// Add a key for signed paths: your own, or a fresh one
///
/// Several may be good at a time, so that they can be changed. A repeated `Idempotency-Key` answers with the same key
/// but without its secrets: they are not kept in the clear, not even for that.
#[utoipa::path(post, path = "/v1/buckets/{bucket}/picture-keys", tag = "pictures", request_body = AddPictureKey,
    params(("bucket" = String, Path, description = "Bucket")), responses((status = 201, body = PictureKeyView)))]
async fn add(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(bucket): Path<String>,
    request: Write<AddPictureKey>,
) -> Answer<Response> {
    let pictures = app.pictures()?.clone();
    let given = match (request.body.key, request.body.salt) {
        (None, None) => None,
        (Some(key), Some(salt)) => Some((key, salt)),
        (key, _) => {
            let missing = if key.is_some() { "/salt" } else { "/key" };
            return Err(Problem::field(missing, "is missing", "send both, or neither for fresh ones"));
        }
    };
    let new = pictures.draft_path_key(&bucket, given)?;
    let (tenant, of, kept) = (caller.tenant(), bucket.clone(), new.kept.clone());
    let (written, made) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        Pictures::configure_in(tx, &tenant, &of, |settings| {
            settings.keys.push(kept.clone());
            Ok(())
        })?;
        Done::new(StatusCode::CREATED, &view(&kept), ())
    })
    .await?;
    pictures.changed(&bucket);
    let told = PictureKeyView { key: Some(new.key), salt: Some(new.salt), ..view(&new.kept) };
    let written = if made.is_some() { Written::unstored(StatusCode::CREATED, &told)? } else { written };
    Ok(written.into_response())
}

/// Remove a key: paths signed with it are no longer good
#[utoipa::path(delete, path = "/v1/buckets/{bucket}/picture-keys/{id}", tag = "pictures",
    params(("bucket" = String, Path, description = "Bucket"), ("id" = String, Path, description = "Key id")),
    responses((status = 200, body = PictureKeyView)))]
async fn remove(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((bucket, id)): Path<(String, String)>,
    request: Write<Empty>,
) -> Answer<Written> {
    let pictures = app.pictures()?.clone();
    let before = pictures.settings(&caller.tenant(), &bucket).await?;
    let key = before.keys.into_iter().find(|key| key.id == id).ok_or_else(|| Problem::not_found("picture key", &id))?;
    let (tenant, of) = (caller.tenant(), bucket.clone());
    let (written, _) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        Pictures::configure_in(tx, &tenant, &of, |settings| {
            settings.keys.retain(|other| other.id != key.id);
            Ok(())
        })?;
        Done::new(StatusCode::OK, &view(&key), ())
    })
    .await?;
    pictures.changed(&bucket);
    Ok(written)
}
