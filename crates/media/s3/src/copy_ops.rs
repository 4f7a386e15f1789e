//! Copies of objects and of parts.

use std::sync::Arc;

use doorstep_objects::{Bucket as Found, ByteRange, Copy, Directive, PartCopy, ReadConditions, Verdict, Versioning};
use s3s::dto::*;
use s3s::{S3Error, S3ErrorCode, S3Request, S3Response, S3Result};

use crate::access::{bucket, caller, may_read};
use crate::acl_ops;
use crate::convert::{self, set_sum};
use crate::encryption;
use crate::error::{argument, denied, s3};
use crate::object_ops::version_id;
use crate::operations::Operations;

struct Source {
    bucket: Arc<Found>,
    key: String,
    version: Option<String>,
}

/// The source of a copy, if the caller may read it.
async fn source<T>(face: &Operations, request: &S3Request<T>, source: &CopySource) -> S3Result<Source> {
    let CopySource::Bucket { bucket, key, version_id } = source else {
        return Err(argument("the source of a copy is bucket/key"));
    };
    let found = face.objects.bucket(bucket).await.map_err(s3)?;
    let who = caller(request)?.who;
    let (key, version) = (key.to_string(), version_id.as_ref().map(ToString::to_string));
    let verdict = found.judge(who.as_ref(), "s3:GetObject", &format!("{}/{key}", found.name), Vec::new());
    if verdict == Verdict::Deny {
        return Err(denied("The policy of the source's bucket forbids it."));
    }
    let own = who.as_ref().is_some_and(|who| who.tenant.as_str() == found.tenant);
    let allowed = verdict == Verdict::Allow && (own || !found.restricts_its_policy());
    if !allowed && !may_read(&face.objects, who.as_ref(), &found, &key, version.as_deref()).await? {
        return Err(denied("The key may not read the source of the copy."));
    }
    Ok(Source { bucket: found, key, version })
}

macro_rules! source_conditions {
    ($input:expr) => {
        ReadConditions {
            if_match: $input.copy_source_if_match.as_ref().map(convert::condition),
            if_none_match: $input.copy_source_if_none_match.as_ref().map(convert::condition),
            modified_since: $input.copy_source_if_modified_since.as_ref().map(convert::moment),
            unmodified_since: $input.copy_source_if_unmodified_since.as_ref().map(convert::moment),
        }
    };
}

pub(crate) async fn copy_object(
    face: &Operations,
    request: S3Request<CopyObjectInput>,
) -> S3Result<S3Response<CopyObjectOutput>> {
    let (to, caller) = (bucket(&request)?, caller(&request)?);
    let from = source(face, &request, &request.input.copy_source).await?;
    let input = request.input;
    let encrypt = encryption::asked_of!(input)?;
    let replace = |word: Option<&str>| match word {
        None | Some("COPY") => Ok(false),
        Some("REPLACE") => Ok(true),
        Some(_) => Err(argument("the directive is COPY or REPLACE")),
    };
    let replace_meta = replace(input.metadata_directive.as_ref().map(MetadataDirective::as_str))?;
    let replace_tags = replace(input.tagging_directive.as_ref().map(TaggingDirective::as_str))?;
    let given = convert::meta!(input)?;
    let class = convert::class(input.storage_class.as_ref().map(StorageClass::as_str))?;
    let itself = from.bucket.name == to.name && from.key == input.key && from.version.is_none();
    let encrypted = !matches!(encrypt, doorstep_objects::Encrypt::Default);
    if itself
        && !encrypted
        && !replace_meta
        && !replace_tags
        && class.is_none()
        && input.website_redirect_location.is_none()
    {
        let message = "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.";
        return Err(S3Error::with_message(S3ErrorCode::InvalidRequest, message));
    }
    let mut locked = doorstep_objects::Meta::default();
    acl_ops::apply(face, &caller, &to, &mut locked, &acl_ops::of_upload!(input)).await?;
    convert::asked_lock!(input, &mut locked, to.settings.lockable)?;
    let copy = Copy {
        version: from.version.clone(),
        meta: if replace_meta { Directive::Replace((given.headers, given.user)) } else { Directive::Keep },
        tags: if replace_tags { Directive::Replace(given.tags) } else { Directive::Keep },
        class,
        owner: locked.owner,
        acl: locked.acl,
        retention: locked.retention,
        legal_hold: locked.legal_hold,
        encrypt,
        source_key: encryption::source_customer!(input).key()?,
        source: source_conditions!(input),
        target: doorstep_objects::WriteConditions::default(),
    };
    let written = face.objects.copy(&from.bucket, &from.key, &to, &input.key, copy).await.map_err(s3)?;
    let object = written.object;
    let mut result = CopyObjectResult {
        e_tag: Some(convert::etag(&object)),
        last_modified: Some(convert::time(object.modified)),
        ..CopyObjectResult::default()
    };
    if let Some(checksum) = &object.meta.checksum {
        result.checksum_type = Some(convert::checksum_type(checksum));
        set_sum!(result, checksum.algorithm, checksum.value.clone());
    }
    let copy_source_version_id = match from.bucket.settings.versioning {
        Versioning::Off => None,
        Versioning::Enabled | Versioning::Suspended => from.version,
    };
    let mut output = CopyObjectOutput {
        copy_object_result: Some(result),
        version_id: version_id(&object, written.versioned),
        copy_source_version_id,
        ..CopyObjectOutput::default()
    };
    encryption::tell!(output, object.meta, input.sse_customer_key_md5);
    Ok(S3Response::new(output))
}

pub(crate) async fn upload_part_copy(
    face: &Operations,
    request: S3Request<UploadPartCopyInput>,
) -> S3Result<S3Response<UploadPartCopyOutput>> {
    let to = bucket(&request)?;
    let from = source(face, &request, &request.input.copy_source).await?;
    let input = request.input;
    let number = crate::multipart_ops::number(input.part_number)?;
    let range = match input.copy_source_range.as_deref() {
        None => None,
        Some(text) => match ByteRange::parse(text) {
            Some(range @ ByteRange::From { last: Some(_), .. }) => Some(range),
            _ => return Err(argument("x-amz-copy-source-range is bytes=first-last")),
        },
    };
    let copy = PartCopy {
        version: from.version.clone(),
        range,
        conditions: source_conditions!(input),
        source_key: encryption::source_customer!(input).key()?,
        key: encryption::customer!(input).key()?,
    };
    let plan = face.objects.upload(&to, &input.key, &input.upload_id).await.map_err(s3)?.plan;
    let part = face
        .objects
        .copy_part(&from.bucket, &from.key, &to, &input.key, &input.upload_id, number, copy)
        .await
        .map_err(s3)?;
    let result = CopyPartResult {
        e_tag: Some(ETag::Strong(part.etag)),
        last_modified: Some(convert::time(part.modified)),
        ..CopyPartResult::default()
    };
    Ok(S3Response::new(UploadPartCopyOutput {
        server_side_encryption: encryption::word(&plan.meta),
        ssekms_key_id: encryption::name(&plan.meta),
        sse_customer_algorithm: input.sse_customer_algorithm,
        sse_customer_key_md5: input.sse_customer_key_md5,
        copy_part_result: Some(result),
        copy_source_version_id: from.version,
        ..UploadPartCopyOutput::default()
    }))
}
