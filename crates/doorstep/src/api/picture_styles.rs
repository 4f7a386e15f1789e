//! Styles: pipelines that a bucket knows by name, for `iopstyle=NAME` and `x-oss-process=style/NAME`.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_pictures::{Pictures, Style};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Caller, Operating, Shopkeeping},
    extract::{Empty, Query, Write},
    idempotency::{Done, Written, write},
    paging::{self, Page},
    problem::{Answer, Problem},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read, save, remove))
}

/// A style to be saved.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SaveStyle {
    /// What it does, in any of the grammars: `iopcmd=…`, `image/…`.
    #[schema(example = "iopcmd=thumbnail&type=8&width=300&height=300&gravity=smart|iopcmd=convert&dst=webp&Q=75")]
    process: String,
}

/// A style.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Style)]
pub struct StyleView {
    /// Its name.
    #[schema(example = "card")]
    pub name: String,
    /// What it does, as it was saved.
    pub process: String,
    /// When it was saved, RFC 3339.
    pub saved_at: String,
}

fn view(name: &str, style: &Style) -> StyleView {
    StyleView { name: name.to_owned(), process: style.process.clone(), saved_at: style.saved_at.to_string() }
}

/// Which styles to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StyleList {
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List a bucket's styles, by name
#[utoipa::path(get, path = "/v1/buckets/{bucket}/styles", tag = "pictures",
    params(("bucket" = String, Path, description = "Bucket"), StyleList),
    responses((status = 200, body = Page<StyleView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Shopkeeping>,
    Path(bucket): Path<String>,
    Query(query): Query<StyleList>,
) -> Answer<Json<Page<StyleView>>> {
    let limit = paging::limit(query.limit)?;
    let settings = app.pictures()?.settings(&caller.tenant(), &bucket).await?;
    let after = query.cursor.unwrap_or_default();
    let mut following = settings.styles.iter().filter(|(name, _)| **name > after);
    let items: Vec<StyleView> = following.by_ref().take(limit).map(|(name, style)| view(name, style)).collect();
    let next_cursor = following.next().and_then(|_| items.last().map(|last| last.name.clone()));
    Ok(Json(Page { items, next_cursor }))
}

/// A style
#[utoipa::path(get, path = "/v1/buckets/{bucket}/styles/{name}", tag = "pictures",
    params(("bucket" = String, Path, description = "Bucket"), ("name" = String, Path, description = "Style")),
    responses((status = 200, body = StyleView)))]
async fn read(
    State(app): State<App>,
    caller: Caller<Shopkeeping>,
    Path((bucket, name)): Path<(String, String)>,
) -> Answer<Json<StyleView>> {
    let settings = app.pictures()?.settings(&caller.tenant(), &bucket).await?;
    let style = settings.styles.get(&name).ok_or_else(|| Problem::not_found("style", &name))?;
    Ok(Json(view(&name, style)))
}

/// Save a style, under a new name or over an old one
///
/// It is checked as far as it can be without a picture: an unknown command or parameter is refused here already.
#[utoipa::path(put, path = "/v1/buckets/{bucket}/styles/{name}", tag = "pictures", request_body = SaveStyle,
    params(("bucket" = String, Path, description = "Bucket"), ("name" = String, Path, description = "Style")),
    responses((status = 200, body = StyleView)))]
async fn save(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((bucket, name)): Path<(String, String)>,
    request: Write<SaveStyle>,
) -> Answer<Written> {
    let pictures = app.pictures()?.clone();
    let style = Style { process: request.body.process, saved_at: pictures.now() };
    let (tenant, of) = (caller.tenant(), bucket.clone());
    let (written, _) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        Pictures::configure_in(tx, &tenant, &of, |settings| {
            settings.styles.insert(name.clone(), style.clone());
            Ok(())
        })?;
        Done::new(StatusCode::OK, &view(&name, &style), ())
    })
    .await?;
    pictures.changed(&bucket);
    Ok(written)
}

/// Delete a style that no upload rule names
#[utoipa::path(delete, path = "/v1/buckets/{bucket}/styles/{name}", tag = "pictures",
    params(("bucket" = String, Path, description = "Bucket"), ("name" = String, Path, description = "Style")),
    responses((status = 200, body = StyleView)))]
async fn remove(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path((bucket, name)): Path<(String, String)>,
    request: Write<Empty>,
) -> Answer<Written> {
    let pictures = app.pictures()?.clone();
    let before = pictures.settings(&caller.tenant(), &bucket).await?;
    let style = before.styles.get(&name).cloned().ok_or_else(|| Problem::not_found("style", &name))?;
    let (tenant, of) = (caller.tenant(), bucket.clone());
    let (written, _) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        Pictures::configure_in(tx, &tenant, &of, |settings| {
            settings.styles.remove(&name);
            Ok(())
        })?;
        Done::new(StatusCode::OK, &view(&name, &style), ())
    })
    .await?;
    pictures.changed(&bucket);
    Ok(written)
}
