//! A bucket's website, as it is set.

use doorstep_objects::ObjectsError;
use doorstep_objects::website::{Redirect as To, Route, Website};
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};

use crate::access::bucket;
use crate::error::{argument, s3};
use crate::operations::Operations;

fn status(text: Option<&str>) -> S3Result<Option<u16>> {
    let number = |text: &str| text.parse().map_err(|_| argument("an HTTP status is a number"));
    text.map(number).transpose()
}

fn route(rule: RoutingRule) -> S3Result<Route> {
    let condition = rule.condition.unwrap_or_default();
    let to = rule.redirect;
    Ok(Route {
        prefix: condition.key_prefix_equals.unwrap_or_default(),
        error: status(condition.http_error_code_returned_equals.as_deref())?,
        to: To {
            host: to.host_name,
            protocol: to.protocol.as_ref().map(|protocol| protocol.as_str().to_owned()),
            status: status(to.http_redirect_code.as_deref())?,
            prefix: to.replace_key_prefix_with,
            key: to.replace_key_with,
        },
    })
}

fn written(route: &Route) -> RoutingRule {
    let condition = Condition {
        key_prefix_equals: (!route.prefix.is_empty()).then(|| route.prefix.clone()),
        http_error_code_returned_equals: route.error.map(|error| error.to_string()),
    };
    let any = condition.key_prefix_equals.is_some() || condition.http_error_code_returned_equals.is_some();
    RoutingRule {
        condition: any.then_some(condition),
        redirect: Redirect {
            host_name: route.to.host.clone(),
            protocol: route.to.protocol.clone().map(Protocol::from),
            http_redirect_code: route.to.status.map(|status| status.to_string()),
            replace_key_prefix_with: route.to.prefix.clone(),
            replace_key_with: route.to.key.clone(),
        },
    }
}

pub(crate) async fn get_bucket_website(
    _: &Operations,
    request: S3Request<GetBucketWebsiteInput>,
) -> S3Result<S3Response<GetBucketWebsiteOutput>> {
    let website = bucket(&request)?.settings.website.clone();
    let website = website.ok_or_else(|| s3(ObjectsError::NotConfigured("website")))?;
    let all = website.all.map(|all| RedirectAllRequestsTo {
        host_name: all.host.unwrap_or_default(),
        protocol: all.protocol.map(Protocol::from),
    });
    let routes: Vec<RoutingRule> = website.routes.iter().map(written).collect();
    Ok(S3Response::new(GetBucketWebsiteOutput {
        index_document: website.index.map(|suffix| IndexDocument { suffix }),
        error_document: website.error.map(|key| ErrorDocument { key }),
        redirect_all_requests_to: all,
        routing_rules: (!routes.is_empty()).then_some(routes),
    }))
}

pub(crate) async fn put_bucket_website(
    face: &Operations,
    request: S3Request<PutBucketWebsiteInput>,
) -> S3Result<S3Response<PutBucketWebsiteOutput>> {
    let input = request.input;
    let wanted = input.website_configuration;
    let all = wanted.redirect_all_requests_to.map(|all| To {
        host: Some(all.host_name),
        protocol: all.protocol.as_ref().map(|protocol| protocol.as_str().to_owned()),
        ..To::default()
    });
    let website = Website {
        index: wanted.index_document.map(|index| index.suffix),
        error: wanted.error_document.map(|error| error.key),
        all,
        routes: wanted.routing_rules.into_iter().flatten().map(route).collect::<S3Result<Vec<_>>>()?,
    };
    let changed = face.objects.configure(&input.bucket, move |settings| {
        settings.website = Some(website.clone());
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::new(PutBucketWebsiteOutput::default()))
}

pub(crate) async fn delete_bucket_website(
    face: &Operations,
    request: S3Request<DeleteBucketWebsiteInput>,
) -> S3Result<S3Response<DeleteBucketWebsiteOutput>> {
    let changed = face.objects.configure(&request.input.bucket, |settings| {
        settings.website = None;
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::with_status(DeleteBucketWebsiteOutput::default(), http::StatusCode::NO_CONTENT))
}
