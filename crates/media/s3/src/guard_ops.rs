//! What a bucket's owner holds back: public access, and other tenants' ownership of what they write.

use doorstep_objects::acl::Canned;
use doorstep_objects::{ObjectsError, Ownership, PublicBlock};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::bucket;
use crate::error::s3;
use crate::operations::Operations;

const ENFORCED: &str = "BucketOwnerEnforced";
const PREFERRED: &str = "BucketOwnerPreferred";
const WRITER: &str = "ObjectWriter";

pub(crate) async fn get_public_access_block(
    _: &Operations,
    request: S3Request<GetPublicAccessBlockInput>,
) -> S3Result<S3Response<GetPublicAccessBlockOutput>> {
    let block = bucket(&request)?.settings.public_block;
    let block = block.ok_or_else(|| s3(ObjectsError::NotConfigured("public access block")))?;
    let configuration = PublicAccessBlockConfiguration {
        block_public_acls: Some(block.block_acls),
        block_public_policy: Some(block.block_policy),
        ignore_public_acls: Some(block.ignore_acls),
        restrict_public_buckets: Some(block.restrict),
    };
    Ok(S3Response::new(GetPublicAccessBlockOutput { public_access_block_configuration: Some(configuration) }))
}

pub(crate) async fn put_public_access_block(
    face: &Operations,
    request: S3Request<PutPublicAccessBlockInput>,
) -> S3Result<S3Response<PutPublicAccessBlockOutput>> {
    let input = request.input;
    let wanted = input.public_access_block_configuration;
    let block = PublicBlock {
        block_acls: wanted.block_public_acls.unwrap_or(false),
        ignore_acls: wanted.ignore_public_acls.unwrap_or(false),
        block_policy: wanted.block_public_policy.unwrap_or(false),
        restrict: wanted.restrict_public_buckets.unwrap_or(false),
    };
    let changed = face.objects.configure(&input.bucket, move |settings| {
        settings.public_block = Some(block);
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::new(PutPublicAccessBlockOutput::default()))
}

pub(crate) async fn delete_public_access_block(
    face: &Operations,
    request: S3Request<DeletePublicAccessBlockInput>,
) -> S3Result<S3Response<DeletePublicAccessBlockOutput>> {
    let changed = face.objects.configure(&request.input.bucket, |settings| {
        settings.public_block = None;
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::with_status(DeletePublicAccessBlockOutput::default(), http::StatusCode::NO_CONTENT))
}

pub(crate) fn ownership(word: &str) -> S3Result<Ownership> {
    match word {
        ENFORCED => Ok(Ownership::Enforced),
        PREFERRED => Ok(Ownership::Preferred),
        WRITER => Ok(Ownership::Writer),
        _ => Err(S3Error::with_message(S3ErrorCode::MalformedXML, "there is no such object ownership")),
    }
}

const fn word(ownership: Ownership) -> &'static str {
    match ownership {
        Ownership::Enforced => ENFORCED,
        Ownership::Preferred => PREFERRED,
        Ownership::Writer => WRITER,
    }
}

pub(crate) async fn get_bucket_ownership_controls(
    _: &Operations,
    request: S3Request<GetBucketOwnershipControlsInput>,
) -> S3Result<S3Response<GetBucketOwnershipControlsOutput>> {
    let set = bucket(&request)?.settings.ownership;
    let set = set.ok_or_else(|| s3(ObjectsError::NotConfigured("ownership controls")))?;
    let rule = OwnershipControlsRule { object_ownership: ObjectOwnership::from_static(word(set)) };
    let ownership_controls = Some(OwnershipControls { rules: vec![rule] });
    Ok(S3Response::new(GetBucketOwnershipControlsOutput { ownership_controls }))
}

pub(crate) async fn put_bucket_ownership_controls(
    face: &Operations,
    request: S3Request<PutBucketOwnershipControlsInput>,
) -> S3Result<S3Response<PutBucketOwnershipControlsOutput>> {
    let bucket = bucket(&request)?;
    let mut rules = request.input.ownership_controls.rules;
    let rule = rules.pop().filter(|_| rules.is_empty());
    let rule = rule.ok_or_else(|| S3Error::with_message(S3ErrorCode::MalformedXML, "write one rule"))?;
    let wanted = ownership(rule.object_ownership.as_str())?;
    let own = Canned::Private.grants(&bucket.tenant, &bucket.tenant);
    if wanted == Ownership::Enforced && bucket.grants() != own {
        let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
        let mut error =
            S3Error::with_message(S3ErrorCode::Custom("InvalidBucketAclWithObjectOwnership".into()), message);
        error.set_status_code(http::StatusCode::BAD_REQUEST);
        return Err(error);
    }
    let changed = face.objects.configure(&bucket.name, move |settings| {
        settings.ownership = Some(wanted);
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::new(PutBucketOwnershipControlsOutput::default()))
}

pub(crate) async fn delete_bucket_ownership_controls(
    face: &Operations,
    request: S3Request<DeleteBucketOwnershipControlsInput>,
) -> S3Result<S3Response<DeleteBucketOwnershipControlsOutput>> {
    let changed = face.objects.configure(&request.input.bucket, |settings| {
        settings.ownership = None;
        Ok(())
    });
    changed.await.map_err(s3)?;
    Ok(S3Response::with_status(DeleteBucketOwnershipControlsOutput::default(), http::StatusCode::NO_CONTENT))
}
