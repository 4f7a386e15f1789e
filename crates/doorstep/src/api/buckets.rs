//! Buckets over the JSON API: what the console shows of them. Programs take the S3 port.

use std::sync::Arc;

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_identity::Principal;
use doorstep_objects::{Bucket, NewBucket, ObjectsError, Settings, Usage};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Caller, Operating, Shopkeeping},
    extract::{Query, Write},
    paging::{self, Page},
    problem::{Answer, Problem},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(read, set, remove))
}

/// A bucket and what it holds.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Bucket)]
pub struct BucketView {
    /// Its name.
    pub name: String,
    /// When it was made, RFC 3339.
    pub created_at: String,
    /// Whether objects can be read without a key.
    pub public_read: bool,
    /// Whether older versions of objects are kept.
    pub versioned: bool,
    /// Objects and versions in it.
    pub objects: u64,
    /// Their bytes, before equal ones are stored once.
    pub bytes: u64,
    /// The most bytes that it may hold, if there is a limit.
    pub quota_bytes: Option<u64>,
    /// The most objects and versions that it may hold, if there is a limit.
    pub quota_objects: Option<u64>,
    /// The port where S3 clients find it.
    pub s3_port: u16,
}

fn view(app: &App, bucket: &Bucket, usage: Usage) -> Answer<BucketView> {
    let settings = &bucket.settings;
    Ok(BucketView {
        name: bucket.name.clone(),
        created_at: bucket.created_at.to_string(),
        public_read: settings.public_read,
        versioned: settings.versioning == doorstep_objects::Versioning::Enabled,
        objects: usage.objects,
        bytes: usage.bytes,
        quota_bytes: settings.quota.and_then(|quota| quota.bytes),
        quota_objects: settings.quota.and_then(|quota| quota.objects),
        s3_port: app.buckets()?.at.port(),
    })
}

/// The bucket of this name if it is the caller's; another tenant's is not there for him.
pub(crate) async fn owned(app: &App, caller: &Principal, name: &str) -> Answer<Arc<Bucket>> {
    let bucket = app.buckets()?.engine.bucket(name).await?;
    if bucket.tenant == caller.tenant.as_str() { Ok(bucket) } else { Err(Problem::not_found("bucket", name)) }
}

/// Which buckets to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct BucketList {
    /// Entries of a page, 1 to 200; 50 without it.
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// List buckets by name
#[utoipa::path(get, path = "/v1/buckets", tag = "objects", params(BucketList),
    responses((status = 200, body = Page<BucketView>)))]
async fn list(
    State(app): State<App>,
    caller: Caller<Shopkeeping>,
    Query(query): Query<BucketList>,
) -> Answer<Json<Page<BucketView>>> {
    let limit = paging::limit(query.limit)?;
    let engine = &app.buckets()?.engine;
    let after = query.cursor.unwrap_or_default();
    let mut found = engine.buckets(&caller.tenant(), "", &after, limit + 1).await?;
    let more = found.len() > limit;
    found.truncate(limit);
    let mut items = Vec::with_capacity(found.len());
    for bucket in &found {
        items.push(view(&app, bucket, engine.usage(bucket).await?)?);
    }
    let next_cursor = items.last().filter(|_| more).map(|last: &BucketView| last.name.clone());
    Ok(Json(Page { items, next_cursor }))
}

/// Read a bucket
#[utoipa::path(get, path = "/v1/buckets/{bucket}", tag = "objects", params(("bucket" = String, Path, description = "Name")),
    responses((status = 200, body = BucketView)))]
async fn read(
    State(app): State<App>,
    caller: Caller<Shopkeeping>,
    Path(name): Path<String>,
) -> Answer<Json<BucketView>> {
    let bucket = owned(&app, &caller, &name).await?;
    let usage = app.buckets()?.engine.usage(&bucket).await?;
    Ok(Json(view(&app, &bucket, usage)?))
}

/// What a bucket is to be; what is left out stays as it is.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetBucket {
    /// Whether objects can be read without a key.
    #[serde(default)]
    public_read: Option<bool>,
    /// The most bytes that it may hold; 0 takes the limit away.
    #[serde(default)]
    quota_bytes: Option<u64>,
    /// The most objects and versions that it may hold; 0 takes the limit away.
    #[serde(default)]
    quota_objects: Option<u64>,
}

impl SetBucket {
    fn apply(&self, settings: &mut Settings) {
        if let Some(public) = self.public_read {
            settings.public_read = public;
        }
        let mut quota = settings.quota.unwrap_or_default();
        for (wish, limit) in [(self.quota_bytes, &mut quota.bytes), (self.quota_objects, &mut quota.objects)] {
            if let Some(most) = wish {
                *limit = Some(most).filter(|most| *most > 0);
            }
        }
        settings.quota = Some(quota).filter(|quota| quota.bytes.is_some() || quota.objects.is_some());
    }
}

/// Make a bucket, or change what it is
///
/// A name is taken once for all tenants: an address without a key leads to one bucket.
#[utoipa::path(put, path = "/v1/buckets/{bucket}", tag = "objects", params(("bucket" = String, Path, description = "Name")),
    request_body = SetBucket,
    responses((status = 200, body = BucketView, description = "Changed"), (status = 201, body = BucketView, description = "Made")))]
async fn set(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(name): Path<String>,
    request: Write<SetBucket>,
) -> Answer<(StatusCode, Json<BucketView>)> {
    let engine = &app.buckets()?.engine;
    let wish = request.body;
    let mut settings = Settings::default();
    wish.apply(&mut settings);
    let (status, bucket) = match engine.create_bucket(&caller.tenant(), &name, NewBucket { settings }).await {
        Ok(made) => (StatusCode::CREATED, made),
        Err(ObjectsError::BucketExists { yours: true, .. }) => {
            let changed = engine
                .configure(&name, move |settings| {
                    wish.apply(settings);
                    Ok(())
                })
                .await?;
            (StatusCode::OK, changed)
        }
        Err(refused) => return Err(refused.into()),
    };
    let usage = engine.usage(&bucket).await?;
    Ok((status, Json(view(&app, &bucket, usage)?)))
}

/// Delete an empty bucket
#[utoipa::path(delete, path = "/v1/buckets/{bucket}", tag = "objects", params(("bucket" = String, Path, description = "Name")),
    responses((status = 204, description = "Gone")))]
async fn remove(State(app): State<App>, caller: Caller<Operating>, Path(name): Path<String>) -> Answer<StatusCode> {
    owned(&app, &caller, &name).await?;
    app.buckets()?.engine.delete_bucket(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}
