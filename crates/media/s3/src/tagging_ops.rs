//! Tags of objects and buckets.

use doorstep_objects::ObjectsError;
use s3s::dto::*;
use s3s::{S3Request, S3Response, S3Result};

use crate::access::bucket;
use crate::error::{argument, s3};
use crate::object_ops::version_id;
use crate::operations::Operations;

fn pairs(tags: TagSet) -> S3Result<Vec<(String, String)>> {
    let pair = |tag: Tag| match tag.key {
        Some(key) => Ok((key, tag.value.unwrap_or_default())),
        None => Err(argument("a tag has a key")),
    };
    tags.into_iter().map(pair).collect()
}

fn tag_set(pairs: Vec<(String, String)>) -> TagSet {
    pairs.into_iter().map(|(key, value)| Tag { key: Some(key), value: Some(value) }).collect()
}

pub(crate) async fn get_object_tagging(
    face: &Operations,
    request: S3Request<GetObjectTaggingInput>,
) -> S3Result<S3Response<GetObjectTaggingOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let object = face.objects.head(&bucket, &input.key, input.version_id.as_deref()).await.map_err(s3)?;
    let version_id = version_id(&object, false);
    let mut tags = object.meta.tags;
    tags.sort();
    Ok(S3Response::new(GetObjectTaggingOutput { tag_set: tag_set(tags), version_id }))
}

pub(crate) async fn put_object_tagging(
    face: &Operations,
    request: S3Request<PutObjectTaggingInput>,
) -> S3Result<S3Response<PutObjectTaggingOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let tags = pairs(input.tagging.tag_set)?;
    let changed = face.objects.change(&bucket, &input.key, input.version_id.as_deref(), move |meta| {
        meta.tags = tags.clone();
        Ok(())
    });
    let object = changed.await.map_err(s3)?;
    Ok(S3Response::new(PutObjectTaggingOutput { version_id: version_id(&object, false) }))
}

pub(crate) async fn delete_object_tagging(
    face: &Operations,
    request: S3Request<DeleteObjectTaggingInput>,
) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
    let bucket = bucket(&request)?;
    let input = request.input;
    let changed = face.objects.change(&bucket, &input.key, input.version_id.as_deref(), |meta| {
        meta.tags.clear();
        Ok(())
    });
    let object = changed.await.map_err(s3)?;
    let output = DeleteObjectTaggingOutput { version_id: version_id(&object, false) };
    Ok(S3Response::with_status(output, http::StatusCode::NO_CONTENT))
}

pub(crate) async fn get_bucket_tagging(
    _: &Operations,
    request: S3Request<GetBucketTaggingInput>,
) -> S3Result<S3Response<GetBucketTaggingOutput>> {
    let tags = bucket(&request)?.settings.tags.clone();
    if tags.is_empty() {
        return Err(s3(ObjectsError::NotConfigured("tags")));
    }
    Ok(S3Response::new(GetBucketTaggingOutput { tag_set: tag_set(tags) }))
}

pub(crate) async fn put_bucket_tagging(
    face: &Operations,
    request: S3Request<PutBucketTaggingInput>,
) -> S3Result<S3Response<PutBucketTaggingOutput>> {
    let input = request.input;
    let tags = pairs(input.tagging.tag_set)?;
    let changed = face.objects.configure(&input.bucket, move |settings| {
        settings.tags = tags.clone();
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::new(PutBucketTaggingOutput::default()))
}

pub(crate) async fn delete_bucket_tagging(
    face: &Operations,
    request: S3Request<DeleteBucketTaggingInput>,
) -> S3Result<S3Response<DeleteBucketTaggingOutput>> {
    let changed = face.objects.configure(&request.input.bucket, |settings| {
        settings.tags.clear();
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::with_status(DeleteBucketTaggingOutput::default(), http::StatusCode::NO_CONTENT))
}
