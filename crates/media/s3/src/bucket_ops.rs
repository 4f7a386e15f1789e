//! Buckets: made, listed, deleted, and their versioning.

use doorstep_objects::{NewBucket, Settings, Versioning};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::{bucket, caller};
use crate::acl_ops::owner;
use crate::convert;
use crate::error::{argument, denied, s3};
use crate::operations::Operations;
use crate::{acl_ops, guard_ops};

pub(crate) async fn list_buckets(
    face: &Operations,
    request: S3Request<ListBucketsInput>,
) -> S3Result<S3Response<ListBucketsOutput>> {
    let who = caller(&request)?.who.ok_or_else(|| denied("Buckets are listed with a key."))?;
    let input = request.input;
    let limit =
        usize::try_from(input.max_buckets.unwrap_or(10_000)).map_err(|_| argument("max-buckets is negative"))?;
    let (prefix, after) = (input.prefix.clone().unwrap_or_default(), input.continuation_token.unwrap_or_default());
    let mut found =
        face.objects.buckets(who.tenant.as_str(), &prefix, &after, limit.saturating_add(1)).await.map_err(s3)?;
    let more = found.len() > limit;
    found.truncate(limit);
    let continuation_token = if more { found.last().map(|b| b.name.clone()) } else { None };
    let buckets = found
        .into_iter()
        .map(|b| Bucket {
            bucket_region: Some(face.region.clone()),
            creation_date: Some(convert::time(b.created_at)),
            name: Some(b.name),
        })
        .collect();
    Ok(S3Response::new(ListBucketsOutput {
        buckets: Some(buckets),
        owner: Some(owner(who.tenant.as_str())),
        prefix: input.prefix,
        continuation_token,
    }))
}

pub(crate) async fn create_bucket(
    face: &Operations,
    request: S3Request<CreateBucketInput>,
) -> S3Result<S3Response<CreateBucketOutput>> {
    let who = caller(&request)?.who.ok_or_else(|| denied("Buckets are made with a key."))?;
    let input = request.input;
    let constraint = input.create_bucket_configuration.as_ref().and_then(|c| c.location_constraint.as_ref());
    if let Some(region) = constraint.map(BucketLocationConstraint::as_str)
        && region != face.region
    {
        let message = format!("this Doorstep is the region {}", face.region);
        return Err(S3Error::with_message(S3ErrorCode::IllegalLocationConstraintException, message));
    }
    let mut settings = Settings {
        lockable: input.object_lock_enabled_for_bucket.unwrap_or(false),
        ownership: input.object_ownership.as_ref().map(|word| guard_ops::ownership(word.as_str())).transpose()?,
        ..Settings::default()
    };
    let headers = acl_ops::headers_of([
        ("READ", input.grant_read.as_ref()),
        ("WRITE", input.grant_write.as_ref()),
        ("READ_ACP", input.grant_read_acp.as_ref()),
        ("WRITE_ACP", input.grant_write_acp.as_ref()),
        ("FULL_CONTROL", input.grant_full_control.as_ref()),
    ]);
    let canned = input.acl.as_ref().map(|word| word.as_str().to_owned());
    let list = acl_ops::of_new_bucket(face, who.tenant.as_str(), canned, headers).await?;
    if list.is_some() && !settings.heeds_acls() {
        let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
    }
    settings.set_acl(list.clone());
    let made = face.objects.create_bucket(who.tenant.as_str(), &input.bucket, NewBucket { settings }).await;
    match made {
        Ok(_) => {}
        // The first region has always answered a repetition so.
        Err(doorstep_objects::ObjectsError::BucketExists { yours: true, .. })
            if face.region == "us-east-1" && !input.object_lock_enabled_for_bucket.unwrap_or(false) =>
        {
            let there = face.objects.bucket(&input.bucket).await.map_err(s3)?;
            if there.settings.acl != list {
                let message = "The bucket is there already, with another ACL.";
                return Err(S3Error::with_message(S3ErrorCode::BucketAlreadyExists, message));
            }
        }
        Err(error) => return Err(s3(error)),
    }
    Ok(S3Response::new(CreateBucketOutput { location: Some(format!("/{}", input.bucket)) }))
}

pub(crate) async fn delete_bucket(
    face: &Operations,
    request: S3Request<DeleteBucketInput>,
) -> S3Result<S3Response<DeleteBucketOutput>> {
    face.objects.delete_bucket(&request.input.bucket).await.map_err(s3)?;
    Ok(S3Response::with_status(DeleteBucketOutput::default(), http::StatusCode::NO_CONTENT))
}

pub(crate) async fn head_bucket(
    face: &Operations,
    request: S3Request<HeadBucketInput>,
) -> S3Result<S3Response<HeadBucketOutput>> {
    let bucket = bucket(&request)?;
    let usage = face.objects.usage(&bucket).await.map_err(s3)?;
    let mut response =
        S3Response::new(HeadBucketOutput { bucket_region: Some(face.region.clone()), ..HeadBucketOutput::default() });
    // What Ceph tells here, and its tools read.
    response.headers.insert("x-rgw-object-count", usage.objects.into());
    response.headers.insert("x-rgw-bytes-used", usage.bytes.into());
    response.headers.insert("x-rgw-quota-max-buckets", face.objects.config().buckets.into());
    Ok(response)
}

pub(crate) async fn get_bucket_location(
    face: &Operations,
    _: S3Request<GetBucketLocationInput>,
) -> S3Result<S3Response<GetBucketLocationOutput>> {
    let region = (face.region != "us-east-1").then(|| BucketLocationConstraint::from(face.region.clone()));
    Ok(S3Response::new(GetBucketLocationOutput { location_constraint: region }))
}

pub(crate) async fn get_bucket_versioning(
    _: &Operations,
    request: S3Request<GetBucketVersioningInput>,
) -> S3Result<S3Response<GetBucketVersioningOutput>> {
    let word = match bucket(&request)?.settings.versioning {
        Versioning::Off => None,
        Versioning::Enabled => Some(BucketVersioningStatus::ENABLED),
        Versioning::Suspended => Some(BucketVersioningStatus::SUSPENDED),
    };
    let status = word.map(BucketVersioningStatus::from_static);
    Ok(S3Response::new(GetBucketVersioningOutput { status, mfa_delete: None }))
}

pub(crate) async fn put_bucket_versioning(
    face: &Operations,
    request: S3Request<PutBucketVersioningInput>,
) -> S3Result<S3Response<PutBucketVersioningOutput>> {
    let input = request.input;
    let versioning = match input.versioning_configuration.status.as_ref().map(BucketVersioningStatus::as_str) {
        Some(BucketVersioningStatus::ENABLED) => Versioning::Enabled,
        Some(BucketVersioningStatus::SUSPENDED) => Versioning::Suspended,
        _ => return Err(S3Error::with_message(S3ErrorCode::MalformedXML, "the status is Enabled or Suspended")),
    };
    let changed = face.objects.configure(&input.bucket, move |settings| {
        settings.versioning = versioning;
        Ok(())
    });
    changed.await.map_err(|error| match error {
        doorstep_objects::ObjectsError::InvalidState(why) => {
            S3Error::with_message(S3ErrorCode::InvalidBucketState, why)
        }
        error => s3(error),
    })?;
    Ok(S3Response::new(PutBucketVersioningOutput::default()))
}
