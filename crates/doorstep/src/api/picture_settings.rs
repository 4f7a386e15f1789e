//! What a bucket says of its pictures: protection, watermarks, upload rules.

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use doorstep_objects::ObjectsError;
use doorstep_pictures::{PictureSettings, Pictures, RuleResult, UploadRule};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    app::App,
    auth::{Caller, Operating, Shopkeeping},
    extract::Write,
    idempotency::{Done, Written, write},
    problem::{Answer, Problem},
};

pub(crate) fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(read, replace))
}

/// What a bucket says of its pictures.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct BucketPictures {
    /// Endings of keys whose originals are for those alone who sign: `jpg`; `*` for all. Others ask for a style.
    #[schema(example = json!(["jpg", "png"]))]
    pub protect: Vec<String>,
    /// A signed address is good for nothing but what was signed: `iopcmd` and its like cannot be added or changed.
    pub sealed: bool,
    /// Seconds that a result may be kept by whoever received it, where the object says nothing; 300 without.
    pub max_age_s: Option<u32>,
    /// Key of the picture that imgproxy's `watermark` option lays over.
    pub watermark: Option<String>,
    /// Hosts from which a watermark's picture may be fetched; without any it has to be in the bucket.
    #[schema(example = json!(["assets.example.com"]))]
    pub watermark_hosts: Vec<String>,
    /// What is made of uploads by itself.
    pub rules: Vec<PictureRule>,
}

/// What is made of uploads by itself.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PictureRule {
    /// Name: letters, digits, dots, dashes and underscores.
    #[schema(example = "sizes")]
    pub name: String,
    /// Only of keys that begin so.
    #[serde(default)]
    pub prefix: String,
    /// Only of objects whose `Content-Type` begins like one of these; without any, of all that say they are pictures.
    #[serde(default)]
    pub content_types: Vec<String>,
    /// What is made, 1 to 20 things.
    pub results: Vec<PictureResult>,
}

/// One thing that is made.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PictureResult {
    /// How: `iopcmd=…`, `image/…` or `style/NAME`.
    #[schema(example = "image/resize,w_320/format,webp")]
    pub process: String,
    /// Its key: `{dir}` the source's folder with its slash, `{stem}` its name without ending, `{ext}` the result's own
    /// ending, `{key}` the source's whole key.
    #[schema(example = "{dir}320/{stem}.{ext}")]
    pub key: String,
}

fn view(settings: PictureSettings) -> BucketPictures {
    let result = |one: RuleResult| PictureResult { process: one.process, key: one.key };
    let rule = |(name, rule): (String, UploadRule)| PictureRule {
        name,
        prefix: rule.prefix,
        content_types: rule.content_types,
        results: rule.results.into_iter().map(result).collect(),
    };
    BucketPictures {
        protect: settings.protect,
        sealed: settings.sealed,
        max_age_s: settings.max_age_s,
        watermark: settings.watermark,
        watermark_hosts: settings.watermark_hosts,
        rules: settings.rules.into_iter().map(rule).collect(),
    }
}

/// What a bucket says of its pictures
#[utoipa::path(get, path = "/v1/buckets/{bucket}/pictures", tag = "pictures",
    params(("bucket" = String, Path, description = "Bucket")), responses((status = 200, body = BucketPictures)))]
async fn read(
    State(app): State<App>,
    caller: Caller<Shopkeeping>,
    Path(bucket): Path<String>,
) -> Answer<Json<BucketPictures>> {
    Ok(Json(view(app.pictures()?.settings(&caller.tenant(), &bucket).await?)))
}

/// Say anew what a bucket does with its pictures
///
/// All of it is replaced; what is left out is as in a new bucket. Styles and keys have their own paths.
#[utoipa::path(put, path = "/v1/buckets/{bucket}/pictures", tag = "pictures", request_body = BucketPictures,
    params(("bucket" = String, Path, description = "Bucket")), responses((status = 200, body = BucketPictures)))]
async fn replace(
    State(app): State<App>,
    caller: Caller<Operating>,
    Path(bucket): Path<String>,
    request: Write<BucketPictures>,
) -> Answer<Written> {
    let pictures = app.pictures()?.clone();
    let wanted = request.body;
    for (ix, rule) in wanted.rules.iter().enumerate() {
        if wanted.rules[..ix].iter().any(|other| other.name == rule.name) {
            let field = format!("/rules/{ix}/name");
            return Err(Problem::field(field, "another rule has this name", "give each rule a name of its own"));
        }
    }
    let (tenant, name) = (caller.tenant(), bucket.clone());
    let (written, _) = write(&app.store, &caller, request.once, app.wall.now(), move |tx| {
        let settings = Pictures::configure_in(tx, &tenant, &name, |settings| replaced(settings, wanted.clone()))?;
        Done::new(StatusCode::OK, &view(settings), ())
    })
    .await?;
    pictures.changed(&bucket);
    Ok(written)
}

fn replaced(settings: &mut PictureSettings, wanted: BucketPictures) -> Result<(), ObjectsError> {
    let result = |one: PictureResult| RuleResult { process: one.process, key: one.key };
    let rule = |rule: PictureRule| {
        let results = rule.results.into_iter().map(result).collect();
        (rule.name, UploadRule { prefix: rule.prefix, content_types: rule.content_types, results })
    };
    settings.protect = wanted.protect;
    settings.sealed = wanted.sealed;
    settings.max_age_s = wanted.max_age_s;
    settings.watermark = wanted.watermark;
    settings.watermark_hosts = wanted.watermark_hosts;
    settings.rules = wanted.rules.into_iter().map(rule).collect();
    Ok(())
}
