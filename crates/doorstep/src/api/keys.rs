//! Access keys: made, listed, revoked; and who the caller is.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use doorstep_clock::Timestamp;
use doorstep_identity::{Key, NewKey, Scope, ScopeSet, keys};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Administering, Anybody, Caller},
    extract::{Empty, Query, Write},
    idempotency::{Done, Written, write},
    paging::{self, Page},
    problem::{Answer, Problem},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(me)).routes(routes!(create, list)).routes(routes!(revoke))
}

/// Who the caller is.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Me {
    /// The tenant that the key belongs to.
    pub tenant: String,
    /// The key.
    pub key: String,
    /// What the key is called.
    pub name: String,
    /// What it may do; `admin` may everything.
    pub scopes: Vec<String>,
}

/// Who am I
#[utoipa::path(get, path = "/v1/me", tag = "keys", responses((status = 200, body = Me)))]
async fn me(caller: Caller<Anybody>) -> Json<Me> {
    Json(Me {
        tenant: caller.tenant(),
        key: caller.key.to_string(),
        name: caller.name.clone(),
        scopes: words(caller.scopes),
    })
}

fn words(scopes: ScopeSet) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateKey {
    /// What it is called.
    #[schema(example = "rider app")]
    name: String,
    /// What it may do: `rider`, `driver`, `merchant`, `operator`, `partner`, `admin`.
    #[schema(example = json!(["rider"]))]
    scopes: Vec<String>,
    /// When it ends by itself, RFC 3339.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// A key. Its secret is told once, by the answer that makes it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Key)]
pub struct KeyView {
    /// Id; the same as `access`.
    pub id: String,
    /// The public half, for `Authorization: Bearer <access>:<secret>`.
    pub access: String,
    /// The secret half; only in the first answer to the request that made the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// What it is called.
    pub name: String,
    /// What it may do.
    pub scopes: Vec<String>,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// When it ends by itself.
    pub expires_at: Option<String>,
    /// When it was revoked.
    pub revoked_at: Option<String>,
}

fn view(key: &Key) -> KeyView {
    KeyView {
        id: key.id.to_string(),
        access: key.id.to_string(),
        secret: None,
        name: key.name.clone(),
        scopes: words(key.scopes),
        created_at: key.created_at.to_string(),
        expires_at: key.expires_at.map(|at| at.to_string()),
        revoked_at: key.revoked_at.map(|at| at.to_string()),
    }
}

/// Make a key
///
/// The secret is in this answer and nowhere else. A repeated `Idempotency-Key` answers with the same key but without
/// the secret: it is not kept, not even for that.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = CreateKey,
    responses((status = 201, body = KeyView, headers(("Location", description = "Path of the key")))))]
async fn create(State(app): State<App>, caller: Caller<Administering>, request: Write<CreateKey>) -> Answer<Response> {
    let CreateKey { name, scopes, expires_at } = request.body;
    let scopes = scopes.iter().enumerate().map(|(ix, word)| parse_scope(ix, word)).collect::<Answer<ScopeSet>>()?;
    let new = app.keys.draft(&caller.principal().tenant, &name, scopes, expires_at)?;
    let (written, made): (Written, Option<NewKey>) =
        write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
            keys::insert(tx, &new)?;
            Done::new(StatusCode::CREATED, &view(&new.key), new.clone())
        })
        .await?;
    let written = match made {
        None => written,
        Some(new) => Written::unstored(StatusCode::CREATED, &KeyView { secret: Some(new.secret), ..view(&new.key) })?,
    };
    Ok(written.made_in("/v1/keys").into_response())
}

fn parse_scope(ix: usize, word: &str) -> Answer<Scope> {
    word.parse().map_err(|error: doorstep_identity::UnknownScope| {
        let known = Scope::ALL.map(Scope::as_str).join(", ");
        Problem::field(format!("/scopes/{ix}"), error.to_string(), format!("choose among {known}"))
    })
}

/// Which keys to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyList {
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List keys, oldest first; never their secrets
#[utoipa::path(get, path = "/v1/keys", tag = "keys", params(KeyList), responses((status = 200, body = Page<KeyView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Administering>,
    Query(query): Query<KeyList>,
) -> Answer<Json<Page<KeyView>>> {
    let limit = paging::limit(query.limit)?;
    let keys = app.keys.list(&caller.principal().tenant, query.cursor.as_deref(), limit).await?;
    let next_cursor = if keys.len() == limit { keys.last().map(|key| key.id.to_string()) } else { None };
    Ok(Json(Page { items: keys.iter().map(view).collect(), next_cursor }))
}

/// Revoke a key: at once here, within five seconds in other processes
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys", params(("id" = String, Path, description = "Key id")),
    responses((status = 200, body = KeyView)))]
async fn revoke(
    State(app): State<App>,
    caller: Caller<Administering>,
    Path(id): Path<String>,
    request: Write<Empty>,
) -> Answer<Written> {
    let (tenant, key, now) = (caller.tenant(), id.clone(), app.wall.now());
    let (written, _) = write(&app.store, &caller, request.once, now, move |tx| {
        let revoked = keys::revoke_in(tx, &tenant, &key, now)?;
        Done::new(StatusCode::OK, &view(&revoked), ())
    })
    .await?;
    app.keys.forget(&id);
    Ok(written)
}
